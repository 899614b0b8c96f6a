package auth

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/audit"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// SignInInput is what a person knows.
type SignInInput struct {
	Email    string
	Password secret.Text
}

// SignInPayload is an access token and whose it is.
type SignInPayload struct {
	AccessToken string `json:"-"`
	ExpiresAt   time.Time
	Viewer      *Viewer
}

// Format hides the token from every verb of fmt, as secret.Text does.
func (SignInPayload) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[sign-in payload]") }

// Why a sign-in was refused, for the log only.
const (
	reasonInput    = "input out of bounds"
	reasonUnknown  = "unknown user"
	reasonPassword = "wrong password"
	reasonDisabled = "disabled user"
	reasonHash     = "stored hash out of bounds"
	reasonChanged  = "password or account changed meanwhile"
)

// SignIn gives an access token for an e-mail address, in any case, and a
// password. Errors: fault.Unauthenticated, the same and after the same work for
// an unknown user, a wrong password and a disabled user; fault.RateLimited when
// there was no time for the hash within five seconds, or after too many tries from
// where the request comes from.
func (s *Service) SignIn(ctx context.Context, in SignInInput) (*SignInPayload, error) {
	email, bad := normalEmail(in.Email)
	if bad != nil || len(in.Password.Reveal()) > MaxPasswordBytes {
		return nil, s.refuse(ctx, reasonInput, ident.UserID{}) // no user has these; it costs nothing
	}
	well, err := s.trySignIn(ctx, email)
	if err != nil {
		return nil, err
	}
	user := new(models.User)
	err = s.db.NewSelect().Model(user).Where("u.email = ?", email).Scan(ctx)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		user = nil
	case err != nil:
		return nil, store.Wrap(err, "read user by e-mail address")
	}
	reason, outdated, err := s.verify(ctx, user, in.Password)
	if err != nil {
		well() // nothing was found out
		return nil, err
	}
	if reason != "" {
		var id ident.UserID
		if user != nil {
			id = user.ID
		}
		return nil, s.refuse(ctx, reason, id)
	}
	well()
	fresh := ""
	if outdated {
		// The old hash is still good, so the person need not wait for a slot.
		if fresh, err = s.hasher.Hash(ctx, in.Password); err != nil {
			s.log.WarnContext(ctx, "password not hashed again", "user_id", user.ID, "error", err)
		}
	}
	session := s.newSession(ctx, user.ID)
	if err := s.recordSignIn(ctx, user, session, fresh); err != nil {
		return nil, err
	}
	return s.signedIn(ctx, user, session)
}

// verify hashes once, whatever it is told. reason is "" for the right password
// of a user who may sign in.
func (s *Service) verify(ctx context.Context, user *models.User, password secret.Text) (reason string, outdated bool, err error) {
	stored, reason := s.hasher.dummy(), reasonUnknown
	if user != nil {
		stored, reason = string(user.PasswordHash), ""
	}
	ok, outdated, err := s.hasher.Verify(ctx, stored, password)
	if errors.Is(err, ErrHash) {
		reason = reasonHash
		ok, outdated, err = s.hasher.Verify(ctx, s.hasher.dummy(), password)
	}
	switch {
	case err != nil:
		return "", false, err
	case reason != "":
		return reason, false, nil
	case !ok:
		return reasonPassword, false, nil
	case user.DisabledAt != nil:
		return reasonDisabled, false, nil
	}
	return "", outdated, nil
}

// refuse logs why and answers without saying it.
func (s *Service) refuse(ctx context.Context, reason string, user ident.UserID) error {
	attrs := []any{"reason", reason, "ip", actor.RequestFrom(ctx).IP}
	if !user.IsZero() {
		attrs = append(attrs, "user_id", user)
	}
	s.log.WarnContext(ctx, "sign-in refused", attrs...)
	return fault.Unauthenticated.New("", "The e-mail address or the password is wrong.")
}

// recordSignIn writes the session, the audit entry and, unless it is "", the fresh hash.
func (s *Service) recordSignIn(ctx context.Context, user *models.User, session *models.Session, fresh string) error {
	return store.InTx(ctx, s.db, func(ctx context.Context, tx store.Tx) error {
		if err := s.stillGood(ctx, tx, user); err != nil {
			return err
		}
		if fresh != "" {
			// Not over a password that was changed in the meantime.
			_, err := tx.NewUpdate().Model(user).Set("password_hash = ?", fresh).WherePK().
				Where("password_hash = ?", string(user.PasswordHash)).Exec(ctx)
			if err != nil {
				return store.Wrap(err, "store fresh hash of user %s", user.ID)
			}
		}
		// The one who signs in, even when the request carries an older token.
		who := &actor.Actor{User: user.ID, Session: session.ID}
		if err := s.tellOfDevice(ctx, tx, user, session); err != nil {
			return err
		}
		s.beginSession(tx, session)
		return audit.Record(actor.With(ctx, who), tx, audit.Entry{Action: "user.sign_in", Kind: ident.User, Object: user.ID.Bare()})
	})
}

// signedIn is the payload of every flow that ends with a signed-in user. The client
// gets the session's refresh token beside it.
func (s *Service) signedIn(ctx context.Context, user *models.User, session *models.Session) (*SignInPayload, error) {
	who, err := s.actor(ctx, user.ID, session.ID)
	if err != nil {
		return nil, err
	}
	token, expires, err := s.issue(user.ID, session.ID, session.ExpiresAt)
	if err != nil {
		return nil, err
	}
	s.keep(ctx, session)
	actor.SignedIn(ctx, who)
	return &SignInPayload{AccessToken: token, ExpiresAt: expires, Viewer: &Viewer{User: user, actor: who}}, nil
}
