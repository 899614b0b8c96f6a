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
	Code     *secret.Text // of those who have a second factor
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
	reasonCode     = "wrong code"
)

// SignIn gives an access token for an e-mail address, in any case, and a
// password. Errors: fault.Unauthenticated, the same and after the same work for
// an unknown user, a wrong password and a disabled user, and with the field code for a
// wrong code; fault.SecondFactorRequired for a right password that needs one;
// fault.RateLimited when there was no time for the hash within five seconds, and after
// too many tries from where the request comes from, or too many wrong codes.
func (s *Service) SignIn(ctx context.Context, in SignInInput) (*SignInPayload, error) {
	email, bad := normalEmail(in.Email)
	if bad != nil || len(in.Password.Reveal()) > MaxPasswordBytes {
		return nil, s.refuse(ctx, reasonInput, ident.UserID{}) // no user has these; it costs nothing
	}
	well, err := s.trySignIn(ctx, email)
	if err != nil {
		return nil, err
	}
	for range signInTries {
		out, err := s.signIn(ctx, email, in, well)
		if !errors.Is(err, errChanged) {
			return out, err
		}
	}
	return nil, fault.Conflict.New("", "The account is being changed; try again.")
}

// signInTries is how often a sign-in begins anew when another changes the account
// meanwhile: hashes it again, mostly.
const signInTries = 3

var errChanged = errors.New("the user was changed during the sign-in")

// signIn is SignIn with an address that is well formed. It calls well for the right
// password. Error: errChanged when the password that was looked at is not the user's any
// more, or the user was disabled.
func (s *Service) signIn(ctx context.Context, email string, in SignInInput, well func()) (*SignInPayload, error) {
	user := new(models.User)
	err := s.db.NewSelect().Model(user).Where("u.email = ?", email).Scan(ctx)
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
	has, err := s.enrolled(ctx, s.db, user.ID) // nobody learns of it without the password
	if err != nil {
		return nil, err
	}
	good := func() {}
	if has {
		if in.Code == nil {
			return nil, needCode()
		}
		if good, err = s.try(ctx, user.ID); err != nil {
			return nil, err
		}
	}
	session := s.newSession(ctx, user.ID)
	err = s.recordSignIn(ctx, user, session, fresh, in.Code)
	if err == nil || errors.Is(err, errChanged) { // no code was wrong
		good()
	}
	if err != nil {
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

// refuseCode is refuse for a right password with a wrong code.
func (s *Service) refuseCode(ctx context.Context, user ident.UserID) error {
	_ = s.refuse(ctx, reasonCode, user)
	return fault.Unauthenticated.New("code", "The code is wrong or was used already.")
}

// recordSignIn uses the code of a user who has a second factor, and writes the session,
// the audit entry and, unless it is "", the fresh hash.
func (s *Service) recordSignIn(ctx context.Context, user *models.User, session *models.Session, fresh string, code *secret.Text) error {
	return store.InTx(ctx, s.db, func(ctx context.Context, tx store.Tx) error {
		// Whoever changes the password or disables the user ends the sessions that there
		// are: this one must not come after that.
		err := tx.NewSelect().Model((*models.User)(nil)).ColumnExpr("1").Where("u.id = ?", user.ID).
			Where("u.password_hash = ?", string(user.PasswordHash)).Where("u.disabled_at IS NULL").For("NO KEY UPDATE").Scan(ctx, new(int))
		if errors.Is(err, sql.ErrNoRows) {
			return errChanged
		}
		if err != nil {
			return store.Wrap(err, "lock user %s", user.ID)
		}
		if fresh != "" {
			if _, err := tx.NewUpdate().Model(user).Set("password_hash = ?", fresh).WherePK().Exec(ctx); err != nil {
				return store.Wrap(err, "store fresh hash of user %s", user.ID)
			}
		}
		// The one who signs in, even when the request carries an older token.
		who := &actor.Actor{User: user.ID, Session: session.ID}
		entry := audit.Entry{Action: "user.sign_in", Kind: ident.User, Object: user.ID.Bare()}
		name, err := s.secondStep(ctx, tx, user.ID, code)
		if fault.CodeOf(err) == fault.Invalid {
			return s.refuseCode(ctx, user.ID)
		}
		if err != nil {
			return err
		}
		if name != nil {
			entry.Detail = map[string]any{"secondFactor": *name}
		}
		if err := s.tellOfDevice(ctx, tx, user, session); err != nil {
			return err
		}
		s.beginSession(tx, session)
		return audit.Record(actor.With(ctx, who), tx, entry)
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
