package auth

import (
	"context"
	"fmt"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/audit"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/idempotency"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/notify"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// VerifyEmailInput is the graph's VerifyEmailInput.
type VerifyEmailInput struct{ Token secret.Text }

// VerifyEmail does what the link in a mail was sent for: it makes the account of who
// signed up, says that an address is the user's own, or makes it the new one. Errors:
// fault.NotFound for a link that does not work; fault.Conflict for an address that
// has got an account meanwhile; fault.RateLimited.
func (s *Service) VerifyEmail(ctx context.Context, in VerifyEmailInput) (*OKPayload, error) {
	well, err := s.limited(ctx, linkLimit, "")
	if err != nil {
		return nil, err
	}
	link, err := s.findToken(ctx, in.Token, models.TokenSignUp, models.TokenVerifyEmail, models.TokenChangeEmail)
	if err != nil {
		return nil, err
	}
	err = store.InTx(ctx, s.db, func(ctx context.Context, tx store.Tx) error {
		if err := takeToken(ctx, tx, link); err != nil {
			return err
		}
		switch link.Purpose {
		case models.TokenSignUp:
			return s.signUp(ctx, tx, link)
		case models.TokenVerifyEmail:
			return s.verifyAddress(ctx, tx, link)
		case models.TokenChangeEmail:
			return s.moveAddress(ctx, tx, link)
		case models.TokenResetPassword: // it was not asked for
		}
		return errLink()
	})
	if err != nil {
		return nil, err
	}
	well()
	return &OKPayload{true}, nil
}

// verifyAddress notes that the address, if the user still has it, is their own.
func (s *Service) verifyAddress(ctx context.Context, tx store.Tx, link *models.AccountToken) error {
	res, err := tx.NewUpdate().Model((*models.User)(nil)).Set("email_verified_at = now(), updated_at = now()").
		Where("id = ?", link.UserID).Where("email = ?", link.Email).Where("disabled_at IS NULL").Exec(ctx)
	if err != nil {
		return store.Wrap(err, "verify address of user %s", link.UserID)
	}
	if n, err := res.RowsAffected(); err != nil {
		return fmt.Errorf("verify address of user %s: %w", link.UserID, err)
	} else if n == 0 {
		return errLink()
	}
	return audit.Record(as(ctx, link.UserID), tx, audit.Entry{Action: "user.verify_email", Kind: ident.User, Object: link.UserID.Bare()})
}

// moveAddress makes the address the user's, and tells the one before. Links that went
// there end.
func (s *Service) moveAddress(ctx context.Context, tx store.Tx, link *models.AccountToken) error {
	user, err := lockUser(ctx, tx, link.UserID, "token")
	if err != nil {
		return err
	}
	if user.DisabledAt != nil {
		return errLink()
	}
	_, err = tx.NewUpdate().Model((*models.User)(nil)).Set("email = ?, email_verified_at = now(), updated_at = now()", link.Email).Where("id = ?", user.ID).Exec(ctx)
	if store.Violates(err, "users_email_in_use") {
		return fault.Conflict.Wrap(err, "token", "Another account has this e-mail address by now.")
	}
	if err != nil {
		return store.Wrap(err, "change address of user %s", user.ID)
	}
	endTokens(tx, user.ID, models.TokenVerifyEmail, models.TokenChangeEmail, models.TokenResetPassword)
	if err := s.tell(ctx, tx, user, models.MailEmailChanged, notify.Facts{NewEmail: link.Email}); err != nil { // to the address before
		return err
	}
	return audit.Record(as(ctx, user.ID), tx, audit.Entry{Action: "user.change_email", Kind: ident.User, Object: user.ID.Bare()})
}

// RequestEmailVerification sends the caller a link to show that their address is
// their own. Errors: fault.RateLimited.
func (s *Service) RequestEmailVerification(ctx context.Context) (*OKPayload, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := s.limited(ctx, mailLimit, who.User.String()); err != nil {
		return nil, err
	}
	err = idempotency.Once(ctx, s.db, "requestEmailVerification", nil, func(ctx context.Context, tx store.Tx) (userRef, error) {
		user, err := lockUser(ctx, tx, who.User, "")
		if err != nil {
			return userRef{}, err
		}
		mail := mailTo(user, models.MailVerifyEmail)
		return userRef{user.ID}, s.sendLink(ctx, tx, mail, &models.AccountToken{Purpose: models.TokenVerifyEmail, UserID: user.ID, Email: user.Email}, "user.request_email_verification")
	}, nothingToReplay)
	if err != nil {
		return nil, err
	}
	return &OKPayload{true}, nil
}

// ChangeEmailInput is the graph's ChangeEmailInput.
type ChangeEmailInput struct{ Email string }

// ChangeEmail sends a link to a new address, with which VerifyEmail makes it the
// caller's. The answer is the same when somebody has the address already. Errors:
// fault.Invalid; fault.RateLimited.
func (s *Service) ChangeEmail(ctx context.Context, in ChangeEmailInput) (*OKPayload, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	email, bad := normalEmail(in.Email)
	if bad != nil {
		return nil, bad
	}
	if _, err := s.limited(ctx, mailLimit, who.User.String()); err != nil {
		return nil, err
	}
	err = idempotency.Once(ctx, s.db, "changeEmail", in, func(ctx context.Context, tx store.Tx) (userRef, error) {
		user, err := lockUser(ctx, tx, who.User, "")
		if err != nil {
			return userRef{}, err
		}
		mail := mailTo(user, models.MailVerifyEmail)
		mail.To = email
		return userRef{user.ID}, s.sendLink(ctx, tx, mail, &models.AccountToken{Purpose: models.TokenChangeEmail, UserID: user.ID, Email: email}, "user.request_change_email")
	}, nothingToReplay)
	if err != nil {
		return nil, err
	}
	return &OKPayload{true}, nil
}

// sendLink queues a mail with a link of the caller's, unless the address belongs to
// another account or has got many.
func (s *Service) sendLink(ctx context.Context, tx store.Tx, mail notify.Mail, row *models.AccountToken, action string) error {
	to, err := addresseeOf(ctx, tx, row.Email)
	if err != nil {
		return err
	}
	life := LinkLife
	mail.Void = to.tired() || to.user != nil && to.user.ID != row.UserID
	if mail.Void {
		life = 0
	}
	mail.Token, row.TokenHash = newLink()
	mail.Life = LinkLife
	queueToken(tx, row, life)
	if err := s.accounts.Outbox.Queue(tx, mail); err != nil {
		return err
	}
	return audit.Record(ctx, tx, audit.Entry{Action: action, Kind: ident.User, Object: row.UserID.Bare()})
}

func nothingToReplay(context.Context, store.Tx, userRef) error { return nil }
