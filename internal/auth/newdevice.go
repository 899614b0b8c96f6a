package auth

import (
	"context"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/notify"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// maxCompared is how many of a user's sessions a new one is compared with, those seen
// last.
const maxCompared = 200

// tellOfDevice queues a mail when the user signs in with a device, or from a network,
// that none of their sessions had; not for the first one ever.
func (s *Service) tellOfDevice(ctx context.Context, tx store.Tx, user *models.User, session *models.Session) error {
	var before []*models.Session
	err := tx.NewSelect().Model(&before).Column("se.device", "se.ip").Where("se.user_id = ?", user.ID).
		OrderExpr("se.last_seen_at DESC, se.id DESC").Limit(maxCompared).Scan(ctx)
	if err != nil {
		return store.Wrap(err, "read sessions of user %s", user.ID)
	}
	network := actor.Request{IP: session.IP}.Network()
	for _, b := range before {
		if b.Device == session.Device && (actor.Request{IP: b.IP}).Network() == network {
			return nil
		}
	}
	if len(before) == 0 {
		return nil
	}
	return s.tell(ctx, tx, user, models.MailNewDevice, notify.Facts{Device: session.Device})
}
