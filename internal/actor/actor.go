// Package actor says who calls: the user behind a request, what that user may
// do, and for which customers. It decides nothing by itself: the directive
// @auth and store.Visible ask it. How a user becomes an actor is package auth's.
package actor

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/google/uuid"

	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
)

// A Permission is RESOURCE_ACTION, a value of the schema's enum Permission.
type Permission string

// The permissions that fields ask for; roles are sets of them.
const (
	CustomersRead  Permission = "CUSTOMERS_READ"
	CustomersWrite Permission = "CUSTOMERS_WRITE"
	UsersRead      Permission = "USERS_READ"
	UsersWrite     Permission = "USERS_WRITE"
	DatabasesRead  Permission = "DATABASES_READ"
	DatabasesWrite Permission = "DATABASES_WRITE"
	ServersRead    Permission = "SERVERS_READ"
	ServersWrite   Permission = "SERVERS_WRITE"
	JobsRead       Permission = "JOBS_READ"
	JobsWrite      Permission = "JOBS_WRITE"
	AuditRead      Permission = "AUDIT_READ"

	UsersImpersonate Permission = "USERS_IMPERSONATE"
)

// A Grant is what an actor may do within one customer and everything below it.
type Grant struct {
	Customer    ident.CustomerID
	Permissions []Permission
}

// An Actor is the user behind a request. It is never changed once in a context.
type Actor struct {
	User         ident.UserID
	Session      ident.SessionID  // that the access token belongs to; zero of an API token
	APIToken     ident.APITokenID // that the request carries; zero of a session
	Impersonator ident.UserID     // of the staff, who acts as User; else zero
	Token        string           // the id of the access token; "" when there is none
	Provider     []Permission     // held with the provider, so for every customer
	Grants       []Grant
	// Pins are the objects that an API token is for: of what Grants give, only these and
	// what hangs on them. Empty is everything. Who has pins holds nothing with the provider.
	Pins []uuid.UUID
	// Impersonation is by which Impersonator acts as User; else zero.
	Impersonation ident.ImpersonationID

	// SecondFactorMissing tells that the user's role needs one. Provider and Grants are
	// empty then: all that is left is to set one up.
	SecondFactorMissing bool
}

// An Identity is who an actor is, without what they may do: the user, and by what they
// are known.
type Identity struct {
	User          ident.UserID
	Session       ident.SessionID
	APIToken      ident.APITokenID
	Impersonator  ident.UserID
	Impersonation ident.ImpersonationID
}

// Identity tells who the actor is.
func (a *Actor) Identity() Identity {
	return Identity{a.User, a.Session, a.APIToken, a.Impersonator, a.Impersonation}
}

// InPerson tells whether the actor is the user, who has signed in, and neither an API
// token nor somebody of the staff who acts as the user.
func (a *Actor) InPerson() bool {
	return a.APIToken.IsZero() && a.Impersonator.IsZero() && a.Impersonation.IsZero()
}

// SameRights tells whether both may do the same for the same customers.
func (a *Actor) SameRights(b *Actor) bool {
	return a.SecondFactorMissing == b.SecondFactorMissing && slices.Equal(a.Provider, b.Provider) && slices.Equal(a.Pins, b.Pins) && slices.EqualFunc(a.Grants, b.Grants, func(x, y Grant) bool {
		return x.Customer == y.Customer && slices.Equal(x.Permissions, y.Permissions)
	})
}

// Holds tells whether the actor holds p anywhere.
func (a *Actor) Holds(p Permission) bool {
	return a.HoldsWithProvider(p) || slices.ContainsFunc(a.Grants, func(g Grant) bool {
		return slices.Contains(g.Permissions, p)
	})
}

// HoldsWithProvider tells whether the actor holds p for every customer.
func (a *Actor) HoldsWithProvider(p Permission) bool { return slices.Contains(a.Provider, p) }

// IsStaff tells whether the actor belongs to the provider.
func (a *Actor) IsStaff() bool { return len(a.Provider) > 0 }

// Customers are the roots of the subtrees in which the actor holds p; all is
// true when it holds p with the provider.
func (a *Actor) Customers(p Permission) (roots []ident.CustomerID, all bool) {
	if a.HoldsWithProvider(p) {
		return nil, true
	}
	for _, g := range a.Grants {
		if slices.Contains(g.Permissions, p) {
			roots = append(roots, g.Customer)
		}
	}
	return roots, false
}

// Pinned are the only objects that the actor has anything to do with; none is all.
func (a *Actor) Pinned() []uuid.UUID { return a.Pins }

// CallerKey is under which a context has its *Actor.
type CallerKey struct{}

type signedInKey struct{}

// With puts the caller into a request's context.
func With(ctx context.Context, a *Actor) context.Context {
	return context.WithValue(ctx, CallerKey{}, a)
}

// From reads the caller. Error: fault.Unauthenticated without one.
func From(ctx context.Context) (*Actor, error) {
	if a := Caller(ctx); a != nil {
		return a, nil
	}
	return nil, fault.Unauthenticated.New("", "Sign in first: this needs an access token.")
}

// Caller reads the caller; nil is nobody.
func Caller(ctx context.Context) *Actor {
	if a, ok := ctx.Value(CallerKey{}).(*Actor); ok && a != nil {
		return a
	}
	if slot, ok := ctx.Value(signedInKey{}).(*atomic.Pointer[Actor]); ok {
		return slot.Load()
	}
	return nil
}

// WithSignIn prepares one operation for a sign-in within it, so that what it
// asks of its new viewer is answered, too.
func WithSignIn(ctx context.Context) context.Context {
	return context.WithValue(ctx, signedInKey{}, new(atomic.Pointer[Actor]))
}

// SignedIn makes a the caller for the rest of the operation, unless it had one.
func SignedIn(ctx context.Context, a *Actor) {
	if slot, ok := ctx.Value(signedInKey{}).(*atomic.Pointer[Actor]); ok {
		slot.Store(a)
	}
}

// Bearer is the access token of an Authorization header's value.
func Bearer(header string) (token string, ok bool) {
	scheme, token, ok := strings.Cut(header, " ")
	return strings.TrimSpace(token), ok && strings.EqualFold(scheme, "Bearer")
}

// A Request is where a call comes from, for the audit and the log.
type Request struct {
	ID        string // also in the X-Request-Id header and in every error
	IP        string
	UserAgent string
}

// Network is what limits of callers who are nobody hold for: the address, or, of
// version 6, the 64 bits that one line has and can make addresses of as it likes.
func (r Request) Network() string {
	a, err := netip.ParseAddr(r.IP)
	if err != nil || !a.Is6() || a.Is4In6() {
		return r.IP
	}
	return netip.PrefixFrom(a.WithZone(""), 64).Masked().String()
}

type requestKey struct{}

// WithRequest puts the request's origin into its context.
func WithRequest(ctx context.Context, r Request) context.Context {
	return context.WithValue(ctx, requestKey{}, r)
}

// RequestFrom reads the request's origin; it is empty outside of a request.
func RequestFrom(ctx context.Context) Request {
	r, _ := ctx.Value(requestKey{}).(Request)
	return r
}
