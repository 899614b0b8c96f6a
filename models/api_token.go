package models

import (
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/ident"
)

// An APIToken is what a program calls with. It lives until it expires or is revoked.
type APIToken struct {
	bun.BaseModel `bun:"table:api_tokens,alias:tok"`

	ID          ident.APITokenID `bun:"id,pk"`
	UserID      ident.UserID
	CustomerID  ident.CustomerID `bun:"customer_id,nullzero"` // only there and below; zero: wherever its user is
	Name        string
	Prefix      string
	Hash        []byte
	Permissions []string `bun:",array"`
	Pins        []string `bun:",array"`      // UUIDs of databases; none is all
	CIDRs       []string `bun:"cidrs,array"` // none is everywhere
	LastUsedIP  *string  `bun:"last_used_ip"`
	CreatedAt   time.Time
	ExpiresAt   *time.Time
	LastUsedAt  *time.Time // within a minute
	RevokedAt   *time.Time
}

// Granted are the permissions that it was narrowed to.
func (t *APIToken) Granted() []actor.Permission {
	out := make([]actor.Permission, len(t.Permissions))
	for i, p := range t.Permissions {
		out[i] = actor.Permission(p)
	}
	return out
}

// Objects are the global ids of what it is pinned to.
func (t *APIToken) Objects() []string {
	out := make([]string, 0, len(t.Pins))
	for _, pin := range t.Pins {
		if id, err := uuid.Parse(pin); err == nil {
			out = append(out, ident.DatabaseIDOf(id).Opaque())
		}
	}
	return out
}

// IsNode marks a Node.
func (*APIToken) IsNode() {}
