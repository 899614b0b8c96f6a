package auth

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// A Viewer is the caller as the graph shows them.
type Viewer struct {
	User  *models.User
	actor *actor.Actor
}

// Format keeps the row with its password hash out of every verb of fmt.
func (v Viewer) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "[viewer %s]", v.User.ID) }

// Actor is what the viewer may do. The request that signs in has no actor in
// its context; fields below its viewer take this one.
func (v *Viewer) Actor() *actor.Actor { return v.actor }

// SecondFactorMissing tells whether the viewer may only set one up.
func (v *Viewer) SecondFactorMissing() bool { return v.actor.SecondFactorMissing }

// errGone is why a good token is refused.
var errGone = errors.New("the session is over, or its user is disabled or gone")

// actor reads what the user may do in a session. Error: fault.Unauthenticated for one
// that is over, and for a user who is disabled or not there.
func (s *Service) actor(ctx context.Context, user ident.UserID, session ident.SessionID) (*actor.Actor, error) {
	who := actor.Identity{User: user, Session: session}
	actors, err := s.actors(ctx, []ident.SessionID{session}, func(_ ident.SessionID, noted time.Time) { s.see(ctx, session, noted) })
	if err != nil {
		return nil, err
	}
	if actors[who] == nil {
		return nil, badToken(errGone)
	}
	return actors[who], nil
}

// actorOf reads what a token's user may do, in the session or by the impersonation that
// the token names. Error: fault.Unauthenticated for what is over.
func (s *Service) actorOf(ctx context.Context, k known) (*actor.Actor, error) {
	if k.impersonation.IsZero() {
		return s.actor(ctx, k.user, k.session)
	}
	found, err := s.impersonators(ctx, []ident.ImpersonationID{k.impersonation})
	if err != nil {
		return nil, err
	}
	who := found[k.impersonation]
	if who == nil || who.User != k.user {
		return nil, badToken(errGone)
	}
	return who, nil
}

// Actors reads what those who are known by sessions, API tokens and impersonations may
// do now, in one query for each of these kinds. Of what is over and of users who are
// disabled or gone there is nothing in the answer.
func (s *Service) Actors(ctx context.Context, who []actor.Identity) (map[actor.Identity]*actor.Actor, error) {
	var sessions []ident.SessionID
	var tokens []ident.APITokenID
	var impersonations []ident.ImpersonationID
	for _, w := range who {
		switch {
		case !w.Impersonation.IsZero():
			impersonations = append(impersonations, w.Impersonation)
		case !w.APIToken.IsZero():
			tokens = append(tokens, w.APIToken)
		case !w.Session.IsZero():
			sessions = append(sessions, w.Session)
		}
	}
	out := make(map[actor.Identity]*actor.Actor, len(who))
	if len(sessions) > 0 {
		found, err := s.actors(ctx, sessions, nil)
		if err != nil {
			return nil, err
		}
		maps.Copy(out, found)
	}
	if len(tokens) > 0 {
		found, err := s.apiTokens(ctx, nil, tokens)
		if err != nil {
			return nil, err
		}
		for _, t := range found {
			out[t.actor.Identity()] = t.actor
		}
	}
	if len(impersonations) > 0 {
		found, err := s.impersonators(ctx, impersonations)
		if err != nil {
			return nil, err
		}
		for _, a := range found {
			out[a.Identity()] = a
		}
	}
	return out, nil
}

// actors reads those of sessions. noted, unless it is nil, is told when each was noted
// as seen.
func (s *Service) actors(ctx context.Context, sessions []ident.SessionID, noted func(ident.SessionID, time.Time)) (map[actor.Identity]*actor.Actor, error) {
	var rows []struct {
		ID           ident.UserID
		SessionID    ident.SessionID
		LastSeenAt   time.Time
		ProviderRole *models.ProviderRole
		CustomerID   ident.CustomerID
		Role         *models.CustomerRole
		Enrolled     bool
	}
	// One statement, so that the session and all roles are of the same moment.
	q := s.db.NewSelect().Model((*models.Session)(nil)).
		ColumnExpr("u.id, u.provider_role, se.id AS session_id, se.last_seen_at, m.customer_id, m.role").
		Join("JOIN users AS u ON u.id = se.user_id").Join("LEFT JOIN memberships AS m ON m.user_id = u.id").
		Where("se.id IN (?)", bun.List(sessions)).ApplyQueryBuilder(s.living).Where("u.disabled_at IS NULL").
		OrderExpr("m.customer_id")
	if len(s.required) > 0 {
		q.ColumnExpr("ut.confirmed_at IS NOT NULL AS enrolled").Join("LEFT JOIN user_totp AS ut ON ut.user_id = u.id")
	}
	if err := q.Scan(ctx, &rows); err != nil {
		return nil, store.Wrap(err, "read roles of %d sessions", len(sessions))
	}
	out := make(map[actor.Identity]*actor.Actor, len(sessions))
	for _, row := range rows {
		who := actor.Identity{User: row.ID, Session: row.SessionID}
		a := out[who]
		if a == nil {
			a = &actor.Actor{User: row.ID, Session: row.SessionID}
			a.SecondFactorMissing = s.needsSecondFactor(row.ProviderRole) && !row.Enrolled
			if row.ProviderRole != nil && !a.SecondFactorMissing {
				a.Provider = ProviderPermissions(*row.ProviderRole)
			}
			out[who] = a
			if noted != nil {
				noted(row.SessionID, row.LastSeenAt)
			}
		}
		if row.Role != nil && !a.SecondFactorMissing {
			a.Grants = append(a.Grants, actor.Grant{Customer: row.CustomerID, Permissions: CustomerPermissions(*row.Role)})
		}
	}
	return out, nil
}

// Viewer is the actor in ctx. Error: fault.Unauthenticated without one, or when
// the user is gone by now.
func (s *Service) Viewer(ctx context.Context) (*Viewer, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	user := new(models.User)
	err = s.db.NewSelect().Model(user).Where("u.id = ?", who.User).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, badToken(errGone)
	}
	if err != nil {
		return nil, store.Wrap(err, "read user %s", who.User)
	}
	return &Viewer{User: user, actor: who}, nil
}

// Permissions are the viewer's, sorted. Without a customer: those with the
// provider and those held within any customer. With one: those
// that hold there, by a role with the provider, with the customer or with one
// above it; none for a customer that does not exist.
func (s *Service) Permissions(ctx context.Context, v *Viewer, customer *ident.CustomerID) ([]actor.Permission, error) {
	who := v.actor
	if customer == nil {
		return sorted(slices.Concat(who.Provider, granted(who, func(ident.CustomerID) bool { return true }))), nil
	}
	var rows []struct{ AncestorID ident.CustomerID } // itself too
	err := s.db.NewSelect().Table("customer_tree").Column("ancestor_id").Where("customer_id = ?", *customer).Scan(ctx, &rows)
	if err != nil {
		return nil, store.Wrap(err, "read the customers above %s", customer)
	}
	above := make(map[ident.CustomerID]bool, len(rows))
	for _, r := range rows {
		above[r.AncestorID] = true
	}
	held := granted(who, func(c ident.CustomerID) bool { return above[c] })
	if len(above) > 0 {
		held = append(held, who.Provider...)
	}
	return sorted(held), nil
}

// granted are the permissions of the grants at the customers that count.
func granted(who *actor.Actor, counts func(ident.CustomerID) bool) []actor.Permission {
	var held []actor.Permission
	for _, g := range who.Grants {
		if counts(g.Customer) {
			held = append(held, g.Permissions...)
		}
	}
	return held
}

// sorted gives each permission once and never nil, which the graph has no room for.
func sorted(held []actor.Permission) []actor.Permission {
	out := append([]actor.Permission{}, held...)
	slices.Sort(out)
	return slices.Compact(out)
}
