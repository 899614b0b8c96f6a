package database

import (
	"context"
	"time"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/idempotency"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// What is shown once, and again to a client that lost the answer.

// Names of what is shown; they are kept for ShowAgain and no longer.
const (
	shownUsername = "username"
	shownPassword = "password" // #nosec G101 -- a name
	shownURL      = "url"
	shownUntil    = "until"
)

// shown is what an idempotency key keeps of credentials, which may be nil.
func (s *Service) shown(c *Credentials) idempotency.Shown {
	if c == nil {
		return idempotency.Shown{}
	}
	return idempotency.Show(s.box, map[string]secret.Text{shownUsername: secret.New(c.Username), shownPassword: c.Secret})
}

func (s *Service) showing(r ref, c *Credentials) ref {
	r.Shown = s.shown(c)
	return r
}

// shownAgain are the credentials of a repeated mutation; nil when they are shown
// no more, or to somebody who may not see the database any more.
func (s *Service) shownAgain(ctx context.Context, tx store.Tx, kept idempotency.Shown, d *models.Database) (*Credentials, error) {
	again := kept.Again(s.box)
	if d == nil || again == nil {
		return nil, nil
	}
	return credentials(ctx, tx, d, again[shownUsername].Reveal(), again[shownPassword])
}

// userShownAgain is shownAgain for a further user.
func (s *Service) userShownAgain(ctx context.Context, tx store.Tx, kept idempotency.Shown, row *models.DatabaseUser) (*Credentials, error) {
	d := new(models.Database)
	//allow:tenant of a user of it that was found with the filter
	if err := tx.NewSelect().Model(d).Where("d.id = ?", row.DatabaseID).Scan(ctx); err != nil {
		return nil, store.Wrap(err, "read database %s", row.DatabaseID)
	}
	return s.shownAgain(ctx, tx, kept, d)
}

// showing is what an idempotency key keeps of a one-time URL.
func (d *DumpService) showing(row *models.DatabaseDump, out *DumpURLPayload) dumpRef {
	return dumpRef{Dump: row.ID, Shown: idempotency.Show(d.s.box, map[string]secret.Text{
		shownURL: secret.New(*out.URL), shownUntil: secret.New(out.ExpiresAt.Format(time.RFC3339)),
	})}
}

// replayLink answers a repeated mutation with the dump as it is now, and with the
// same URL, as long as the caller might still ask for one.
func (d *DumpService) replayLink(ctx context.Context, tx store.Tx, who *actor.Actor, r dumpRef, out *DumpURLPayload) error {
	var err error
	if out.Dump, err = d.FindDump(ctx, r.Dump); err != nil {
		return err
	}
	may, err := tx.NewSelect().Model((*models.DatabaseDump)(nil)).Apply(visibleDumps(who, actor.DatabasesWrite)).Where("dd.id = ?", r.Dump).Exists(ctx)
	if err != nil {
		return store.Wrap(err, "read dump %s", r.Dump)
	}
	again := r.Again(d.s.box)
	if !may || again == nil {
		return nil
	}
	until, err := time.Parse(time.RFC3339, again[shownUntil].Reveal())
	if err != nil {
		return nil //nolint:nilerr // it is not ours, so there is nothing to show
	}
	out.URL, out.ExpiresAt = new(again[shownURL].Reveal()), &until
	return nil
}
