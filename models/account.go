package models

import (
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/ident"
)

// Language is a language of mails.
type Language string

// The languages.
const (
	English Language = "EN"
	German  Language = "DE"
)

// Languages are all of them.
func Languages() []Language { return []Language{English, German} }

// TokenPurpose is what a one-time link does.
type TokenPurpose string

// The purposes. A link of one never works for another.
const (
	TokenSignUp        TokenPurpose = "SIGN_UP"
	TokenVerifyEmail   TokenPurpose = "VERIFY_EMAIL"
	TokenChangeEmail   TokenPurpose = "CHANGE_EMAIL"
	TokenResetPassword TokenPurpose = "RESET_PASSWORD"
)

// An AccountToken is a one-time link that was sent by mail.
type AccountToken struct {
	bun.BaseModel `bun:"table:account_tokens,alias:at"`

	ID           uuid.UUID `bun:"id,pk"`
	Purpose      TokenPurpose
	TokenHash    []byte       // SHA-256
	UserID       ident.UserID `bun:"user_id,nullzero"`
	Email        string       `bun:",nullzero"`
	Name         string       `bun:",nullzero"`
	Company      string       `bun:",nullzero"`
	Language     Language     `bun:",nullzero"`
	PasswordHash PasswordHash `bun:",nullzero"`
	CreatedAt    time.Time    `bun:",nullzero,default:now()"`
	ExpiresAt    time.Time
}

// An Invitation asks somebody to take a role.
type Invitation struct {
	bun.BaseModel `bun:"table:invitations,alias:iv"`

	ID           ident.InvitationID `bun:"id,pk"`
	TokenHash    []byte             // SHA-256
	Email        string             // lower case
	Name         string
	ProviderRole *ProviderRole    // nil: within a customer
	CustomerID   ident.CustomerID `bun:"customer_id,nullzero"`
	CustomerRole *CustomerRole
	InvitedBy    ident.UserID `bun:"invited_by"`
	CreatedAt    time.Time    `bun:",nullzero,default:now()"`
	ExpiresAt    time.Time
}
