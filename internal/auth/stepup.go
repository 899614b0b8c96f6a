package auth

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/audit"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// StepUpWithin is how long a sign-in or a confirmation is good for what asks for one.
const StepUpWithin = 5 * time.Minute

// inSession is the caller, who has proved who they are in a session of their own. Error:
// fault.Forbidden for an API token, and for the staff who act as somebody else.
func (s *Service) inSession(ctx context.Context) (*actor.Actor, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	if who.Session.IsZero() || !who.APIToken.IsZero() || !who.Impersonator.IsZero() {
		return nil, fault.Forbidden.New("", "Only the user can do this, signed in with the password.")
	}
	return who, nil
}

// StepUp is for what whoever finds an unlocked screen must not do: nil within
// StepUpWithin of the sign-in or of ConfirmIdentity. Errors: fault.StepUpRequired;
// fault.Forbidden for an API token, which can never do it.
func (s *Service) StepUp(ctx context.Context) error {
	who, err := s.inSession(ctx)
	if err != nil {
		return err
	}
	// Read and not remembered: it is asked for seldom, and decides much.
	row := new(models.Session)
	err = s.db.NewSelect().Model(row).Column("se.confirmed_at").Where("se.id = ?", who.Session).Where("se.user_id = ?", who.User).
		ApplyQueryBuilder(s.living).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return badToken(errGone)
	}
	if err != nil {
		return store.Wrap(err, "read session %s", who.Session)
	}
	if s.now().Sub(row.ConfirmedAt) >= StepUpWithin {
		return fault.StepUpRequired.New("", "Confirm that it is you: this needs your password, and a code when you use an authenticator app.")
	}
	return nil
}

// ConfirmIdentityInput is what a person knows and has.
type ConfirmIdentityInput struct {
	Password secret.Text
	Code     *secret.Text
}

// ConfirmIdentityPayload tells for how long it is good.
type ConfirmIdentityPayload struct{ ConfirmedUntil time.Time }

// ConfirmIdentity proves once more that the caller is the session's user. Errors:
// fault.Invalid for a wrong password or code; fault.SecondFactorRequired without the
// code of a user who has one; fault.RateLimited after too many wrong ones, or as
// SignIn; fault.Forbidden for an API token.
func (s *Service) ConfirmIdentity(ctx context.Context, in ConfirmIdentityInput) (*ConfirmIdentityPayload, error) {
	who, err := s.inSession(ctx)
	if err != nil {
		return nil, err
	}
	user := new(models.User)
	if err := s.db.NewSelect().Model(user).Where("u.id = ?", who.User).Scan(ctx); err != nil {
		return nil, store.Wrap(err, "read user %s", who.User)
	}
	good, err := s.try(ctx, who.User)
	if err != nil {
		return nil, err
	}
	wrong := fault.Invalid.New("password", "The password is wrong.")
	if len(in.Password.Reveal()) > MaxPasswordBytes {
		return nil, wrong
	}
	reason, _, err := s.verify(ctx, user, in.Password)
	if err != nil {
		return nil, err
	}
	if reason != "" {
		s.log.WarnContext(ctx, "confirmation refused", "reason", reason, "user_id", who.User, "ip", actor.RequestFrom(ctx).IP)
		return nil, wrong
	}
	now := s.now()
	err = store.InTx(ctx, s.db, func(ctx context.Context, tx store.Tx) error {
		name, err := s.secondStep(ctx, tx, who.User, in.Code)
		if err != nil {
			return err
		}
		ok, err := updatesOne(ctx, tx.NewUpdate().Model((*models.Session)(nil)).Set("confirmed_at = ?", now).
			Where("se.id = ?", who.Session).Where("se.ended_at IS NULL"), "confirm a session")
		if err != nil {
			return err
		}
		if !ok {
			return badToken(errGone)
		}
		return audit.Record(ctx, tx, audit.Entry{
			Action: "session.confirm", Kind: ident.Session, Object: who.Session.Bare(), Detail: map[string]any{"secondFactor": name},
		})
	})
	if fault.CodeOf(err) == "" || fault.CodeOf(err) == fault.SecondFactorRequired {
		good() // the password was right, and no code was tried
	}
	if err != nil {
		return nil, err
	}
	return &ConfirmIdentityPayload{ConfirmedUntil: now.Add(StepUpWithin)}, nil
}

// secondStep takes the code of a user who has a second factor, in tx; name is the
// factor's, nil without one. Errors: fault.SecondFactorRequired without a code;
// fault.Invalid for a wrong one, or one that was used.
func (s *Service) secondStep(ctx context.Context, tx store.Tx, user ident.UserID, code *secret.Text) (name *string, err error) {
	has, err := s.enrolled(ctx, tx, user)
	if err != nil || !has {
		return nil, err
	}
	if code == nil {
		return nil, needCode()
	}
	used, err := s.useCode(ctx, tx, user, code.Reveal())
	if err != nil {
		return nil, err
	}
	if used == "" {
		return nil, wrongCode()
	}
	return &used, nil
}

// needsSecondFactor tells whether a role may do nothing without one.
func (s *Service) needsSecondFactor(role *models.ProviderRole) bool {
	return role != nil && slices.Contains(s.required, *role)
}
