package auth

import (
	"context"

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

// RequestPasswordResetInput is the graph's RequestPasswordResetInput.
type RequestPasswordResetInput struct{ Email string }

// RequestPasswordReset sends a link to an address, with which ResetPassword sets a new
// password. The answer, and the work for it, is the same when nobody has the address,
// when the account is disabled, and when it has got many links lately. Errors:
// fault.Invalid for what is no address; fault.RateLimited.
func (s *Service) RequestPasswordReset(ctx context.Context, in RequestPasswordResetInput) (*OKPayload, error) {
	email, bad := normalEmail(in.Email)
	if bad != nil {
		return nil, bad
	}
	if _, err := s.limited(ctx, resetLimit, email); err != nil {
		return nil, err
	}
	token, hash := newLink()
	err := store.InTx(ctx, s.db, func(ctx context.Context, tx store.Tx) error {
		to, err := addresseeOf(ctx, tx, email)
		if err != nil {
			return err
		}
		row := &models.AccountToken{Purpose: models.TokenResetPassword, TokenHash: hash, Email: email}
		mail := notify.Mail{Kind: models.MailPasswordReset, To: email}
		entry := audit.Entry{Action: "user.request_password_reset", Kind: ident.User}
		if to.user != nil {
			mail, row.UserID = mailTo(to.user, models.MailPasswordReset), to.user.ID
			entry.Object = to.user.ID.Bare() // and not who asks, which may be anybody
		}
		life := LinkLife
		if to.user == nil || to.user.DisabledAt != nil || to.tired() {
			mail.Void, life = true, 0
		}
		mail.Token, mail.Life = token, LinkLife
		queueToken(tx, row, life)
		if err := s.accounts.Outbox.Queue(tx, mail); err != nil {
			return err
		}
		return audit.Record(ctx, tx, entry)
	})
	if err != nil {
		return nil, err
	}
	return &OKPayload{true}, nil
}

// ResetPasswordInput is the graph's ResetPasswordInput.
type ResetPasswordInput struct{ Token, Password secret.Text }

// ResetPassword sets the password of who has the link, and ends all that was signed in
// with the one before. It signs nobody in, so that a second factor stays what it is.
// Errors: fault.NotFound for a link that does not work; fault.Invalid for the
// password, which leaves the link as it is; fault.RateLimited.
func (s *Service) ResetPassword(ctx context.Context, in ResetPasswordInput) (*OKPayload, error) {
	well, err := s.limited(ctx, linkLimit, "")
	if err != nil {
		return nil, err
	}
	link, err := s.findToken(ctx, in.Token, models.TokenResetPassword)
	if err != nil {
		return nil, err
	}
	user := new(models.User)
	if err := s.db.NewSelect().Model(user).Where("u.id = ?", link.UserID).Scan(ctx); err != nil {
		return nil, linkError(err, "read the user of a link")
	}
	if bad := checkPassword(in.Password, user.Email, user.Name); bad != nil {
		return nil, bad
	}
	hash, err := s.hasher.Hash(ctx, in.Password)
	if err != nil {
		return nil, err
	}
	err = store.InTx(ctx, s.db, func(ctx context.Context, tx store.Tx) error {
		if err := takeToken(ctx, tx, link); err != nil {
			return err
		}
		user, err := lockUser(ctx, tx, link.UserID, "token")
		if err != nil {
			return err
		}
		if user.DisabledAt != nil || user.Email != link.Email {
			return errLink()
		}
		// Who reads the address's mails has shown that it is theirs.
		if err := s.setPassword(ctx, tx, user, ident.SessionID{}, hash, "email_verified_at = coalesce(email_verified_at, now())"); err != nil {
			return err
		}
		return audit.Record(as(ctx, user.ID), tx, audit.Entry{Action: "user.reset_password", Kind: ident.User, Object: user.ID.Bare()})
	})
	if err != nil {
		return nil, err
	}
	well()
	return &OKPayload{true}, nil
}

// setPassword writes the hash, ends the links of the user and the sessions but for one,
// which may be the zero id, and tells them.
func (s *Service) setPassword(ctx context.Context, tx store.Tx, user *models.User, except ident.SessionID, hash, also string) error {
	q := tx.NewUpdate().Model((*models.User)(nil)).Set("password_hash = ?, updated_at = now()", hash).Where("id = ?", user.ID)
	if also != "" {
		q.Set(also)
	}
	if _, err := q.Exec(ctx); err != nil {
		return store.Wrap(err, "set password of user %s", user.ID)
	}
	endTokens(tx, user.ID, models.TokenResetPassword, models.TokenChangeEmail)
	if _, err := s.endSessions(ctx, tx, user.ID, except, models.SessionPasswordChanged); err != nil {
		return err
	}
	return s.tell(ctx, tx, user, models.MailPasswordChanged, notify.Facts{})
}

// ChangePasswordInput is the graph's ChangePasswordInput.
type ChangePasswordInput struct{ CurrentPassword, Password secret.Text }

// ChangePassword sets the caller's password, who must know the one before, and ends
// their other sessions. Errors:
// fault.Invalid for each of the two; fault.RateLimited.
func (s *Service) ChangePassword(ctx context.Context, in ChangePasswordInput) (*OKPayload, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	viewer, err := s.Viewer(ctx)
	if err != nil {
		return nil, err
	}
	user := viewer.User
	if bad := checkPassword(in.Password, user.Email, user.Name); bad != nil {
		return nil, bad
	}
	well, err := s.limited(ctx, ownLimit, who.User.String())
	if err != nil {
		return nil, err
	}
	wrong, hash := fault.Invalid.New("currentPassword", "This is not your password."), ""
	if len(in.CurrentPassword.Reveal()) <= MaxPasswordBytes {
		reason, _, err := s.verify(ctx, user, in.CurrentPassword)
		if err != nil {
			return nil, err
		}
		if reason == "" {
			well()
			wrong = nil
			if hash, err = s.hasher.Hash(ctx, in.Password); err != nil {
				return nil, err
			}
		}
	}
	// Of a repeated call the current password is the one before.
	err = idempotency.Once(ctx, s.db, "changePassword", in, func(ctx context.Context, tx store.Tx) (userRef, error) {
		if wrong != nil {
			return userRef{}, wrong
		}
		now, err := lockUser(ctx, tx, who.User, "")
		if err != nil {
			return userRef{}, err
		}
		if now.PasswordHash != user.PasswordHash {
			return userRef{}, fault.Conflict.New("", "The password was changed at the same time.")
		}
		if err := s.setPassword(ctx, tx, now, who.Session, hash, ""); err != nil {
			return userRef{}, err
		}
		return userRef{now.ID}, audit.Record(ctx, tx, audit.Entry{Action: "user.change_password", Kind: ident.User, Object: now.ID.Bare()})
	}, nothingToReplay)
	if err != nil {
		return nil, err
	}
	return &OKPayload{true}, nil
}
