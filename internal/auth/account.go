package auth

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/notify"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// LinkLife is how long links to verify an address and to reset a password work.
const LinkLife = 30 * time.Minute

// InvitationLife is how long somebody may think about an invitation.
const InvitationLife = 72 * time.Hour

// linkTokenLen is in characters of 6 random bits: 258 bits.
const linkTokenLen = 43

// Mails to one address within so long, after which it gets no more: it has these.
const (
	maxRecentMails = 5
	recentMails    = 15 * time.Minute
)

// AccountConfig is what the flows of accounts need; everything may be left out.
type AccountConfig struct {
	Outbox *notify.Outbox // default: one of its own
	// OpenCustomer makes the first customer of somebody who signs up; nil is no
	// sign-up.
	OpenCustomer func(ctx context.Context, tx store.Tx, c NewCustomer) (ident.CustomerID, error)
	// Revoke ends the connections of a user whose rights changed; nil leaves it to
	// those who look at the tables.
	Revoke func(user ident.UserID)
}

// NewCustomer is the customer of somebody who signed up.
type NewCustomer struct {
	Name, Email string
	Company     *string
}

func (c AccountConfig) withDefaults(box *secret.Box) AccountConfig {
	if c.Outbox == nil {
		c.Outbox = notify.NewOutbox(box)
	}
	if c.Revoke == nil {
		c.Revoke = func(ident.UserID) {}
	}
	return c
}

// OKPayload says that what was asked is done, or will be, or that nobody is told.
type OKPayload struct{ OK bool }

// UserPayload is what a mutation of a user returns.
type UserPayload struct{ User *models.User }

// userRef is what an idempotency key keeps of a mutation of a user.
type userRef struct {
	User ident.UserID `json:"user"`
}

// errLink is the one answer to a link that does not work, whatever is the matter.
func errLink() *fault.Error {
	return fault.NotFound.New("token", "This link does not work: it was used, is too old, or is not complete. Ask for a new one.")
}

// newLink makes the token of a link, and what is kept of it.
func newLink() (token secret.Text, hash []byte) {
	token = secret.NewPassword(linkTokenLen)
	return token, hashOfLink(token)
}

func hashOfLink(token secret.Text) []byte {
	sum := sha256.Sum256([]byte(token.Reveal()))
	return sum[:]
}

// queueToken writes a token at the end of the transaction; a life of 0 makes one that
// never works.
func queueToken(tx store.Tx, row *models.AccountToken, life time.Duration) {
	row.ID = uuid.Must(uuid.NewV7())
	tx.Queue(tx.NewInsert().Model(row).Value("expires_at", "now() + ? * interval '1 second'", life.Seconds()), func(err error) error {
		return store.Wrap(err, "insert link to %s", row.Purpose)
	})
}

// findToken is the cheap look before any work; takeToken looks again. Error: errLink.
func (s *Service) findToken(ctx context.Context, token secret.Text, purposes ...models.TokenPurpose) (*models.AccountToken, error) {
	if len(token.Reveal()) != linkTokenLen {
		return nil, errLink()
	}
	row := new(models.AccountToken)
	err := s.db.NewSelect().Model(row).Where("token_hash = ?", hashOfLink(token)).Where("purpose IN (?)", bun.List(purposes)).
		Where("expires_at > now()").Scan(ctx)
	return row, linkError(err, "find link")
}

// takeToken uses a token up: of many at once one does, and the others wait for it.
// Error: errLink.
func takeToken(ctx context.Context, tx store.Tx, row *models.AccountToken) error {
	err := tx.NewDelete().Model(row).Where("id = ?", row.ID).Where("expires_at > now()").Returning("id").Scan(ctx)
	return linkError(err, "use link")
}

func linkError(err error, what string) error {
	err = store.Wrap(err, "%s", what)
	if fault.CodeOf(err) == fault.NotFound {
		return errLink()
	}
	return err
}

// endTokens removes the user's other links of some purposes.
func endTokens(tx store.Tx, user ident.UserID, purposes ...models.TokenPurpose) {
	tx.Queue(tx.NewDelete().Model((*models.AccountToken)(nil)).Where("user_id = ?", user).Where("purpose IN (?)", bun.List(purposes)),
		func(err error) error { return store.Wrap(err, "end links of user %s", user) })
}

// tell queues a mail about an account to the person it belongs to.
func (s *Service) tell(ctx context.Context, tx store.Tx, user *models.User, kind models.MailKind, facts notify.Facts) error {
	facts.IP, facts.At = actor.RequestFrom(ctx).IP, s.now()
	m := mailTo(user, kind)
	m.Facts = facts
	return s.accounts.Outbox.Queue(tx, m)
}

// changeEnds has the user's connections ended after the commit.
func (s *Service) changeEnds(tx store.Tx, user ident.UserID) {
	tx.AfterCommit(func() { s.accounts.Revoke(user) })
}

// as is ctx with the user as the caller, for the audit, whatever token the request has.
func as(ctx context.Context, user ident.UserID) context.Context {
	return actor.With(ctx, &actor.Actor{User: user})
}

// addressee is who is written to at an address, and how often that was lately.
type addressee struct {
	user   *models.User // nil: nobody has the address
	recent int
}

func (a addressee) tired() bool { return a.recent >= maxRecentMails }

// addresseeOf reads both in one statement, whether there is anybody or not.
func addresseeOf(ctx context.Context, db bun.IDB, email string) (addressee, error) {
	var row struct {
		Recent     int
		ID         ident.UserID
		Name       *string
		Language   *models.Language
		DisabledAt *time.Time
	}
	err := db.NewSelect().TableExpr("(SELECT count(*) AS recent FROM account_tokens WHERE email = ?0 AND created_at > now() - ?1 * interval '1 second') AS mails", email, recentMails.Seconds()).
		Join("LEFT JOIN users AS u ON u.email = ?", email).
		ColumnExpr("mails.recent, u.id, u.name, u.language, u.disabled_at").Scan(ctx, &row)
	if err != nil {
		return addressee{}, store.Wrap(err, "look who has an address")
	}
	out := addressee{recent: row.Recent}
	if row.Name != nil {
		out.user = &models.User{ID: row.ID, Email: email, Name: *row.Name, Language: row.Language, DisabledAt: row.DisabledAt}
	}
	return out, nil
}

// mailTo is a mail to a user, in their language.
func mailTo(user *models.User, kind models.MailKind) notify.Mail {
	m := notify.Mail{Kind: kind, User: user.ID, To: user.Email, Name: user.Name}
	if user.Language != nil {
		m.Language = *user.Language
	}
	return m
}

// lockUser reads a user's row for a change. Error: fault.NotFound with the field.
func lockUser(ctx context.Context, tx store.Tx, id ident.UserID, field string) (*models.User, error) {
	row := new(models.User)
	err := store.Wrap(tx.NewSelect().Model(row).Where("u.id = ?", id).For("UPDATE").Scan(ctx), "lock user %s", id)
	if fault.CodeOf(err) == fault.NotFound {
		return nil, store.NotFound(field)
	}
	return row, err
}

// replayUser answers a repeated mutation with the user as they are now.
func replayUser(out *UserPayload) func(context.Context, store.Tx, userRef) error {
	return func(ctx context.Context, tx store.Tx, r userRef) error {
		out.User = new(models.User)
		return store.Wrap(tx.NewSelect().Model(out.User).Where("u.id = ?", r.User).Scan(ctx), "read user %s", r.User)
	}
}

// PurgeLinks removes links and invitations that have ended.
func PurgeLinks(ctx context.Context, db *store.DB) error {
	// Of links those stay that count for how many mails an address got.
	_, err := db.NewDelete().Model((*models.AccountToken)(nil)).Where("expires_at < now()").
		Where("created_at < now() - ? * interval '1 second'", recentMails.Seconds()).Exec(ctx)
	if err != nil {
		return store.Wrap(err, "purge links")
	}
	_, err = db.NewDelete().Model((*models.Invitation)(nil)).Where("expires_at < now()").Exec(ctx)
	return store.Wrap(err, "purge invitations")
}
