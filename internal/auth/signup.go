package auth

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/mpanel/mpanel/internal/audit"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/notify"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// SignUpInput is the graph's SignUpInput.
type SignUpInput struct {
	Email, Name string
	Password    secret.Text
	Company     *string
	Language    *models.Language
}

// SignUpOpen tells whether anybody can sign up here.
func (s *Service) SignUpOpen() bool { return s.accounts.OpenCustomer != nil }

// SignUp sends a link to an address, with which VerifyEmail makes the account: until
// then there is none, so that nobody can take an address in advance. Somebody who has
// an account is told so by mail; the answer, and the work for it, is the same. Errors:
// fault.Forbidden when sign-up is off; fault.Invalid for each field at fault;
// fault.RateLimited.
func (s *Service) SignUp(ctx context.Context, in SignUpInput) (*OKPayload, error) {
	if !s.SignUpOpen() {
		return nil, fault.Forbidden.New("", "Nobody can sign up here; ask the provider for an invitation.")
	}
	person, err := checkUser(in.Email, in.Name, in.Password)
	if err := joined(err, checkCompany(in.Company)); err != nil {
		return nil, err
	}
	if _, err := s.limited(ctx, signUpLimit, person.email); err != nil {
		return nil, err
	}
	hash, err := s.hasher.Hash(ctx, in.Password)
	if err != nil {
		return nil, err
	}
	token, tokenHash := newLink()
	row := models.AccountToken{
		Purpose: models.TokenSignUp, TokenHash: tokenHash, Email: person.email, Name: person.name, PasswordHash: models.PasswordHash(hash),
	}
	mail := notify.Mail{Kind: models.MailVerifyEmail, To: person.email, Name: person.name, Token: token, Life: LinkLife}
	if in.Company != nil {
		row.Company = *in.Company
	}
	if in.Language != nil {
		row.Language, mail.Language = *in.Language, *in.Language
	}
	err = store.InTx(ctx, s.db, func(ctx context.Context, tx store.Tx) error {
		to, err := addresseeOf(ctx, tx, person.email)
		if err != nil {
			return err
		}
		row, mail, life := row, mail, LinkLife
		if to.user != nil {
			mail, life = mailTo(to.user, models.MailAccountExists), 0
		}
		mail.Void = to.tired()
		queueToken(tx, &row, life)
		if err := s.accounts.Outbox.Queue(tx, mail); err != nil {
			return err
		}
		// Of nobody, also where the address has an account: who asks may be anybody.
		return audit.Record(ctx, tx, audit.Entry{Action: "user.sign_up", Kind: ident.User})
	})
	if err != nil {
		return nil, err
	}
	return &OKPayload{true}, nil
}

// signUp makes the account and its first customer.
func (s *Service) signUp(ctx context.Context, tx store.Tx, link *models.AccountToken) error {
	if s.accounts.OpenCustomer == nil { // it was switched off meanwhile
		return errLink()
	}
	user := &models.User{ID: ident.NewUserID(), Email: link.Email, Name: link.Name, PasswordHash: link.PasswordHash, EmailVerifiedAt: new(s.now())}
	if link.Language != "" {
		user.Language = &link.Language
	}
	if err := insertUser(ctx, tx, user); err != nil {
		return err
	}
	c := NewCustomer{Name: link.Name, Email: link.Email}
	if link.Company != "" {
		c.Name, c.Company = link.Company, &link.Company
	}
	customer, err := s.accounts.OpenCustomer(ctx, tx, c)
	if err != nil {
		return fmt.Errorf("open the customer of user %s: %w", user.ID, err)
	}
	if err := insertMembership(ctx, tx, &models.Membership{UserID: user.ID, CustomerID: customer, Role: models.CustomerOwner}); err != nil {
		return err
	}
	_, err = tx.NewDelete().Model((*models.AccountToken)(nil)).Where("purpose = ?", models.TokenSignUp).Where("email = ?", link.Email).Exec(ctx)
	if err != nil {
		return store.Wrap(err, "end other sign-ups of user %s", user.ID)
	}
	return audit.Record(as(ctx, user.ID), tx, audit.Entry{Action: "user.verify_email", Kind: ident.User, Object: user.ID.Bare(), Customer: customer, Detail: opened{customer}})
}

// opened is what the audit keeps of a sign-up beside whose it is.
type opened struct {
	Customer ident.CustomerID `json:"customer"` // made with the account
}

func insertMembership(ctx context.Context, tx store.Tx, row *models.Membership) error {
	_, err := tx.NewInsert().Model(row).Returning("*").Exec(ctx)
	return store.Wrap(err, "insert membership of user %s", row.UserID)
}

func checkCompany(s *string) *fault.Error {
	if s == nil || *s == "" {
		return nil
	}
	if len(*s) > 4*MaxNameLen || utf8.RuneCountInString(*s) > MaxNameLen || !clean(*s) || *s != strings.TrimSpace(*s) {
		return fault.Invalid.New("company", "A company has at most %d characters, no control characters and no spaces around it.", MaxNameLen)
	}
	return nil
}

// joined adds a fault to those that fault.Join brought together.
func joined(err error, more *fault.Error) error {
	var all []*fault.Error
	for _, e := range fault.All(err) {
		f, ok := e.(*fault.Error) //nolint:errorlint // the list's own elements
		if !ok {
			return err
		}
		all = append(all, f)
	}
	return fault.Join(append(all, more)...)
}
