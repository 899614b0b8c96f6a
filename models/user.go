package models

import (
	"fmt"
	"io"
	"time"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/ident"
)

// ProviderRole is a role with the provider, for all customers.
type ProviderRole string

// The roles of the provider's staff.
const (
	ProviderOwner   ProviderRole = "OWNER"
	ProviderAdmin   ProviderRole = "ADMIN"
	ProviderSupport ProviderRole = "SUPPORT"
	ProviderBilling ProviderRole = "BILLING"
)

// CustomerRole is a role within one customer and everything below it.
type CustomerRole string

// The roles within a customer.
const (
	CustomerOwner     CustomerRole = "OWNER"
	CustomerAdmin     CustomerRole = "ADMIN"
	CustomerDeveloper CustomerRole = "DEVELOPER"
	CustomerBilling   CustomerRole = "BILLING"
	CustomerReadOnly  CustomerRole = "READ_ONLY"
)

// A User signs in.
type User struct {
	bun.BaseModel `bun:"table:users,alias:u"`

	ID           ident.UserID `bun:"id,pk"`
	Email        string       // lower case
	Name         string
	PasswordHash PasswordHash
	ProviderRole *ProviderRole // nil: only belongs to customers
	DisabledAt   *time.Time
	Language     *Language // of mails; nil: the installation's
	CreatedAt    time.Time `bun:",nullzero,default:now()"`
	UpdatedAt    time.Time `bun:",nullzero,default:now()"`

	EmailVerifiedAt *time.Time // nil: the address was never proved
}

// A Membership is a user's role within a customer.
type Membership struct {
	bun.BaseModel `bun:"table:memberships,alias:m"`

	UserID     ident.UserID     `bun:"user_id,pk"`
	CustomerID ident.CustomerID `bun:"customer_id,pk"`
	Role       CustomerRole
	CreatedAt  time.Time `bun:",nullzero,default:now()"`
}

// A PasswordHash is argon2id in PHC form. It prints as nothing that can be
// attacked offline.
type PasswordHash string

// Format hides the hash from every verb of fmt, also within a User.
func (PasswordHash) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[password hash]") }

// MarshalJSON hides the hash from JSON and so from the log.
func (PasswordHash) MarshalJSON() ([]byte, error) { return []byte(`"[password hash]"`), nil }
