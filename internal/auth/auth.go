// Package auth turns people and their programs into actors: the first
// administrator, sign-in, access tokens, API tokens, staff who act as a user, and
// which permissions a role means. One file per flow.
//
// It does not decide who may touch which row; that is store.Visible with the
// actor made here. It never logs an e-mail address, a password or a token.
package auth

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// A Config is what a Service needs.
type Config struct {
	DB  *store.DB   // required
	Box *secret.Box // required; the key of access tokens is derived from it
	// Issuer is the panel's base URL, required: a token of another
	// installation is refused even when it shares the key.
	Issuer string
	Now    func() time.Time // default time.Now
	Log    *slog.Logger     // default slog.Default()
	// SessionIdle is how long a session lives without a sign of life, and
	// SessionLifetime whatever is done; by default DefaultSessionIdle and
	// DefaultSessionLifetime.
	SessionIdle, SessionLifetime time.Duration
	// BaseURL is under which people reach the panel: authenticator apps show its host.
	BaseURL string
	// RequireSecondFactor are the roles with the provider that may do nothing without.
	RequireSecondFactor []models.ProviderRole
	// Tries count wrong codes; by default in the panel's database, for all nodes.
	Tries Tries
	// Revoker closes what is open of sessions that end; nil is nobody.
	Revoker Revoker
	// HashConcurrency is how many passwords are hashed at the same time, 19 MiB
	// of memory each; default GOMAXPROCS.
	HashConcurrency int
	Accounts        AccountConfig
}

// A Service is safe for concurrent use. The zero value is not usable.
type Service struct {
	db     *store.DB
	hasher *Hasher
	issuer string
	key    []byte
	others [][]byte // whose tokens are taken as well while the secret key is changed
	parser *jwt.Parser
	now    func() time.Time
	log    *slog.Logger
	recent recent

	refreshKeys    [][]byte // the first is this node's own
	idle, lifetime time.Duration
	revoker        Revoker
	seen           *seen[ident.SessionID]
	used           *seen[ident.APITokenID]

	accounts AccountConfig
	box      *secret.Box
	base     string
	factors  []secondFactor
	required []models.ProviderRole
	tries    Tries
}

// NewService returns a Service. Error: a required field of c is missing.
func NewService(c Config) (*Service, error) {
	// An empty issuer would switch the check of the claim off.
	if c.DB == nil || c.Box == nil || c.Issuer == "" {
		return nil, errors.New("auth: DB, Box and Issuer are required")
	}
	if c.HashConcurrency < 0 {
		return nil, errors.New("auth: HashConcurrency is negative")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	c.SessionIdle, c.SessionLifetime = cmp.Or(c.SessionIdle, DefaultSessionIdle), cmp.Or(c.SessionLifetime, DefaultSessionLifetime)
	if c.SessionIdle < MinSessionIdle || c.SessionLifetime < c.SessionIdle || c.SessionLifetime > MaxSessionLifetime {
		return nil, fmt.Errorf("the session's idle time %v is not between %v and its lifetime %v, or that is more than %v",
			c.SessionIdle, MinSessionIdle, c.SessionLifetime, MaxSessionLifetime)
	}
	if c.Tries == nil {
		c.Tries = tableTries{c.DB, c.Box.Key("tries")}
	}
	for _, role := range c.RequireSecondFactor {
		if ProviderPermissions(role) == nil {
			return nil, fmt.Errorf("a second factor is required of the role %q, which does not exist", role)
		}
	}
	s := &Service{
		db:     c.DB,
		hasher: NewHasher(cmp.Or(c.HashConcurrency, runtime.GOMAXPROCS(0))),
		issuer: c.Issuer,
		key:    c.Box.Key("access tokens"),
		others: c.Box.Keys("access tokens")[1:],
		parser: newParser(c.Issuer, c.Now),
		now:    c.Now,
		log:    cmp.Or(c.Log, slog.Default()),
		recent: newRecent(),

		refreshKeys: c.Box.Keys("refresh tokens"),
		idle:        c.SessionIdle,
		lifetime:    c.SessionLifetime,
		revoker:     c.Revoker,
		seen:        newSeen[ident.SessionID](),
		used:        newSeen[ident.APITokenID](),

		box:      c.Box,
		base:     c.BaseURL,
		required: c.RequireSecondFactor,
		tries:    c.Tries,
		accounts: c.Accounts.withDefaults(c.Box),
	}
	s.factors = []secondFactor{totpFactor{s}, recoveryFactor{s}}
	return s, nil
}
