package inbox

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/audit"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/idempotency"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/page"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// MarkReadInput is some of the caller's notifications, or all.
type MarkReadInput struct {
	IDs []ident.NotificationID
	All bool
}

// MarkReadPayload tells how many were not read before, and how many are still not.
type MarkReadPayload struct{ Marked, UnreadCount int }

// MarkRead notes that the caller has read some of their notifications, or all. What was
// read already stays as it was. Errors: fault.Invalid unless it is either, and for more
// than page.MaxSize ids; fault.NotFound for what is not the caller's or not there, and
// then none is marked; fault.Forbidden for who is not the user in person.
func (s *Service) MarkRead(ctx context.Context, in MarkReadInput) (*MarkReadPayload, error) {
	who, err := actor.From(ctx)
	switch {
	case err != nil:
		return nil, err
	case !who.InPerson():
		return nil, fault.Forbidden.New("", "Only the user can do this, signed in with the password.")
	case in.All == (len(in.IDs) > 0):
		return nil, fault.Invalid.New("ids", "Give the ids of notifications, or all: true.")
	case len(in.IDs) > page.MaxSize:
		return nil, fault.Invalid.New("ids", "At most %d ids at once.", page.MaxSize)
	}
	out := &MarkReadPayload{}
	err = idempotency.Once(ctx, s.db, "markNotificationsRead", in, func(ctx context.Context, tx store.Tx) (int, error) {
		if err := mustOwn(ctx, tx, who.User, in.IDs); err != nil {
			return 0, err
		}
		//allow:tenant the caller's own
		q := tx.NewUpdate().Model((*models.Notification)(nil)).Set("read_at = now()").Where("n.user_id = ?", who.User).Where("n.read_at IS NULL")
		if !in.All {
			q = q.Where("n.id IN (?)", bun.List(in.IDs))
		}
		res, err := q.Exec(ctx)
		if err != nil {
			return 0, store.Wrap(err, "mark notifications of user %s as read", who.User)
		}
		n, err := res.RowsAffected()
		if err != nil {
			return 0, fmt.Errorf("mark notifications as read: %w", err)
		}
		out.Marked = int(n)
		if out.UnreadCount, err = s.unread(ctx, tx, who.User); err != nil {
			return 0, err
		}
		return out.Marked, audit.Record(ctx, tx, audit.Entry{
			Action: "notification.mark_read", Kind: ident.User, Object: who.User.Bare(), Detail: map[string]any{"marked": out.Marked, "all": in.All},
		})
	}, func(ctx context.Context, tx store.Tx, marked int) (err error) {
		out.Marked = marked
		out.UnreadCount, err = s.unread(ctx, tx, who.User)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// mustOwn refuses ids that are not all of the user's notifications.
func mustOwn(ctx context.Context, tx store.Tx, user ident.UserID, ids []ident.NotificationID) error {
	if len(ids) == 0 {
		return nil
	}
	var rows []*models.Notification
	//allow:tenant the user's own
	err := tx.NewSelect().Model(&rows).Column("n.id").Where("n.user_id = ?", user).Where("n.id IN (?)", bun.List(ids)).Scan(ctx)
	if err != nil {
		return store.Wrap(err, "find notifications of user %s", user)
	}
	found := make(map[ident.NotificationID]bool, len(rows))
	for _, n := range rows {
		found[n.ID] = true
	}
	for i, id := range ids {
		if !found[id] {
			return store.NotFound(fmt.Sprintf("ids.%d", i))
		}
	}
	return nil
}
