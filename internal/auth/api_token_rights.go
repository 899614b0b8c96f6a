package auth

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// Why an API token was refused, for the log only.
var (
	errTokenForm    = errors.New("API token: it is cut or mistyped")
	errTokenUnknown = errors.New("API token: there is none, it is revoked or has expired, or its user is disabled")
	errTokenNetwork = errors.New("API token: it is not for this address")
)

// rightsByHash reads living tokens of users who are not disabled, with what their
// users may do now where the token is for: $1 are hashes, $2 ids, $3 is now. Of a token
// without pins, the roles below its customer, or at it those from above; of one with
// pins, the roles at the customers of these. A row without a role is of somebody whose
// only role is with the provider. One statement, so that all is of the same moment.
const rightsByHash = `
SELECT tok.id, tok.user_id, tok.hash, tok.permissions, tok.pins, tok.cidrs, tok.last_used_at, u.provider_role, tok.customer_id IS NULL, g.customer_id, g.role,
	EXISTS (SELECT FROM user_totp AS ut WHERE ut.user_id = u.id AND ut.confirmed_at IS NOT NULL)
FROM api_tokens AS tok JOIN users AS u ON u.id = tok.user_id
LEFT JOIN LATERAL (
	SELECT CASE WHEN above.customer_id IS NULL THEN m.customer_id ELSE tok.customer_id END AS customer_id, m.role
	FROM memberships AS m
	LEFT JOIN customer_tree AS above ON above.customer_id = tok.customer_id AND above.ancestor_id = m.customer_id
	LEFT JOIN customer_tree AS below ON below.customer_id = m.customer_id AND below.ancestor_id = tok.customer_id
	WHERE m.user_id = u.id AND tok.pins = '{}' AND (tok.customer_id IS NULL OR above.customer_id IS NOT NULL OR below.customer_id IS NOT NULL)
	UNION ALL
	SELECT tok.customer_id, NULL WHERE tok.pins = '{}' AND tok.customer_id IS NOT NULL
	UNION ALL
	SELECT d.customer_id, m.role FROM databases AS d
	LEFT JOIN (memberships AS m JOIN customer_tree AS above ON above.ancestor_id = m.customer_id) ON m.user_id = u.id AND above.customer_id = d.customer_id
	WHERE d.id = ANY (tok.pins::uuid[])
		AND (tok.customer_id IS NULL OR EXISTS (SELECT FROM customer_tree AS t WHERE t.customer_id = d.customer_id AND t.ancestor_id = tok.customer_id))
) AS g ON true
WHERE (tok.hash = ANY ($1::bytea[]) OR tok.id = ANY ($2::uuid[])) AND tok.revoked_at IS NULL AND (tok.expires_at IS NULL OR tok.expires_at > $3)
	AND u.disabled_at IS NULL
ORDER BY tok.id, g.customer_id, g.role`

// A tokenRights is who an API token is at the moment.
type tokenRights struct {
	actor    *actor.Actor
	networks []netip.Prefix // none is everywhere
	lastUsed time.Time      // zero for never
}

// apiTokens reads what tokens may do, by their hashes or ids. Of those that are no good
// there is nothing in the answer.
func (s *Service) apiTokens(ctx context.Context, hashes [][]byte, ids []ident.APITokenID) ([]*tokenRights, error) {
	var plain []string
	for _, id := range ids {
		plain = append(plain, id.String())
	}
	rows, err := s.db.Pool.Query(ctx, rightsByHash, hashes, plain, s.now())
	if err != nil {
		return nil, store.Wrap(err, "read API tokens")
	}
	defer rows.Close()
	var out []*tokenRights
	for rows.Next() {
		var (
			id, user           uuid.UUID
			hash               []byte
			names, pins, cidrs []string
			used               *time.Time
			provider, role     *string
			everywhere         bool
			enrolled           bool
			at                 *uuid.UUID
		)
		if err := rows.Scan(&id, &user, &hash, &names, &pins, &cidrs, &used, &provider, &everywhere, &at, &role, &enrolled); err != nil {
			return nil, store.Wrap(err, "read API tokens")
		}
		var now *tokenRights
		if n := len(out); n > 0 && out[n-1].actor.APIToken.UUID == id {
			now = out[n-1]
		} else {
			now = &tokenRights{actor: &actor.Actor{User: ident.UserIDOf(user), APIToken: ident.APITokenIDOf(id)}}
			if used != nil {
				now.lastUsed = *used
			}
			if now.networks, err = parseStored(cidrs); err != nil {
				return nil, err
			}
			if now.actor.Pins, err = parsePins(pins); err != nil {
				return nil, err
			}
			out = append(out, now)
		}
		// Of somebody who may do nothing without a second factor a token does nothing, either.
		if provider != nil && s.needsSecondFactor(new(models.ProviderRole(*provider))) && !enrolled {
			now.actor.SecondFactorMissing = true
			continue
		}
		now.add(names, provider, everywhere && len(pins) == 0, at, role)
	}
	return out, store.Wrap(rows.Err(), "read API tokens")
}

// add gives the actor what a role is worth in the token, at a customer or, of a role
// with the provider and a token that is for everything, everywhere.
func (r *tokenRights) add(names []string, provider *string, everywhere bool, at *uuid.UUID, role *string) {
	may := func(all []actor.Permission) (held []actor.Permission) {
		for _, p := range all {
			if slices.Contains(names, string(p)) && !slices.Contains(forPeople(), p) && (len(r.actor.Pins) == 0 || slices.Contains(ofObjects(), p)) {
				held = append(held, p)
			}
		}
		return held
	}
	var staff []actor.Permission
	if provider != nil {
		staff = ProviderPermissions(models.ProviderRole(*provider))
	}
	if everywhere {
		r.actor.Provider = may(staff)
		staff = nil
	}
	if at == nil {
		return
	}
	// What is the provider's own is nobody's within a customer.
	held := slices.DeleteFunc(staff, func(p actor.Permission) bool { return !slices.Contains(CustomerPermissions(models.CustomerOwner), p) })
	if role != nil {
		held = slices.Concat(held, CustomerPermissions(models.CustomerRole(*role)))
	}
	if held = sorted(may(held)); len(held) == 0 {
		return
	}
	customer := ident.CustomerIDOf(*at)
	if n := len(r.actor.Grants); n > 0 && r.actor.Grants[n-1].Customer == customer { // another role at the same place
		last := &r.actor.Grants[n-1]
		last.Permissions = sorted(slices.Concat(last.Permissions, held))
		return
	}
	r.actor.Grants = append(r.actor.Grants, actor.Grant{Customer: customer, Permissions: held})
}

// ofObjects are the permissions that say something of a single object.
func ofObjects() []actor.Permission {
	return []actor.Permission{actor.DatabasesRead, actor.DatabasesWrite, actor.JobsRead, actor.JobsWrite}
}

// forPeople are the permissions that no program has: with each of them it could make
// itself somebody who may do more.
func forPeople() []actor.Permission {
	return []actor.Permission{actor.UsersWrite, actor.UsersImpersonate}
}

func parseStored(cidrs []string) (list []netip.Prefix, err error) {
	for _, text := range cidrs {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, store.Wrap(err, "read the networks of an API token")
		}
		list = append(list, p)
	}
	return list, nil
}

func parsePins(pins []string) (list []uuid.UUID, err error) {
	for _, text := range pins {
		id, err := uuid.Parse(text)
		if err != nil {
			return nil, store.Wrap(err, "read the pins of an API token")
		}
		list = append(list, id)
	}
	return list, nil
}

// isFrom tells whether an address is in one of the networks; of none, every one is.
func isFrom(ip string, networks []netip.Prefix) bool {
	if len(networks) == 0 {
		return true
	}
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return false
	}
	addr = addr.Unmap().WithZone("")
	return slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(addr) })
}

// never is when what does not end is over.
const never = 100 * 365 * 24 * time.Hour

// authenticateAPIToken is Authenticate for an API token. From where it comes is looked
// at each time; what it may do is read again after MaxActorAge.
func (s *Service) authenticateAPIToken(ctx context.Context, token string) (*actor.Actor, error) {
	now := s.now()
	k, ok := s.recent.token(token, now)
	if !ok || !k.fresh(now) {
		if !isWhole(token) {
			return nil, s.refuseAPIToken(ctx, errTokenForm, ident.APITokenID{})
		}
		found, err := s.apiTokens(ctx, [][]byte{hashOfAPIToken(token)}, nil)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, s.refuseAPIToken(ctx, errTokenUnknown, ident.APITokenID{})
		}
		k = known{
			user: found[0].actor.User, apiToken: found[0].actor.APIToken, networks: found[0].networks, used: found[0].lastUsed,
			expires: now.Add(never), actor: found[0].actor, read: now,
		}
		s.recent.keep(token, k)
	}
	if !isFrom(actor.RequestFrom(ctx).IP, k.networks) {
		return nil, s.refuseAPIToken(ctx, errTokenNetwork, k.apiToken)
	}
	if now.Sub(k.used) >= seenEvery {
		s.used.add(k.apiToken, sight{now, actor.RequestFrom(ctx).IP})
	}
	return k.actor, nil
}

// refuseAPIToken logs why, and answers without saying it.
func (s *Service) refuseAPIToken(ctx context.Context, why error, id ident.APITokenID) error {
	attrs := []any{"reason", why.Error(), "ip", actor.RequestFrom(ctx).IP}
	if !id.IsZero() {
		attrs = append(attrs, "api_token_id", id)
	}
	s.log.WarnContext(ctx, "API token refused", attrs...)
	return badToken(why)
}
