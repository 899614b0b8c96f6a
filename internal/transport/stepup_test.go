package transport_test

import (
	"fmt"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/ident"
)

// S37: what asks for a fresh sign-in asks everybody for it, whatever they hold, and no
// API token gets by.
func TestS37_EveryFieldThatHasIt(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	var found []string
	for _, f := range rootFields(p.schema) {
		if f.Directives.ForName("stepUp") == nil {
			continue
		}
		found = append(found, f.Name)
		operation := fieldWalk{p.schema}.operation(f)
		r := p.post("", operation, nil)
		require.Equal(t, []string{"UNAUTHENTICATED"}, r.codes(), "%s: %s", f, r.body)
		fresh := p.staff()
		require.NotContains(t, p.post(fresh, operation, nil).codes(), "STEP_UP_REQUIRED", "%s", f)
		stale := &actor.Actor{Provider: allPermissions()}
		token := p.as(stale)
		p.exec("UPDATE sessions SET confirmed_at = now() - interval '5 minutes' WHERE id = ?", stale.Session)
		entries := p.count("SELECT count(*) FROM audit_entries WHERE allowed")
		r = p.post(token, operation, nil)
		r.wellFormed(t)
		require.Equal(t, []string{"STEP_UP_REQUIRED"}, r.codes(), "%s: %s", f, r.body)
		r = p.post(p.as(&actor.Actor{User: stale.User, Provider: allPermissions(), APIToken: ident.NewAPITokenID()}), operation, nil)
		require.Equal(t, []string{"FORBIDDEN"}, r.codes(), "%s with an API token: %s", f, r.body)
		require.Equal(t, entries, p.count("SELECT count(*) FROM audit_entries WHERE allowed"))
		require.Equal(t, []string{"STEP_UP_REQUIRED"}, p.overSocketCodes(t, token, operation), "%s over a socket", f)
	}
	slices.Sort(found)
	require.Equal(t, []string{"archiveCustomer", "beginTotp", "changeEmail", "changePassword", "confirmTotp", "createApiToken", "disableTotp", "impersonate", "newRecoveryCodes"}, found)
}

// overSocketCodes are the codes of an operation over a socket.
func (p *panel) overSocketCodes(t *testing.T, token, query string) []string {
	t.Helper()
	conn := p.open(t, token)
	send(t, conn, frame{Type: "subscribe", ID: "1", Payload: operation(query, nil)})
	f := receive(t, conn)
	var codes []string
	for _, m := range errorCodes.FindAllStringSubmatch(string(f.Payload), -1) {
		codes = append(codes, m[1])
	}
	return codes
}

var errorCodes = regexp.MustCompile(`"code":"([A-Z_]+)"`)

// A role that needs a second factor can do nothing before there is one but set it up,
// in every root field and on every wire.
func TestSecondFactor_RequiredOfEveryRootField(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	token := p.as(&actor.Actor{SecondFactorMissing: true})
	var open []string
	for _, f := range rootFields(p.schema) {
		if f.isPublic() {
			continue
		}
		operation := fieldWalk{p.schema}.operation(f)
		r := p.post(token, operation, nil)
		r.wellFormed(t)
		if !slices.Contains(r.codes(), "SECOND_FACTOR_REQUIRED") {
			open = append(open, f.Name)
			continue
		}
		require.Equal(t, []string{"SECOND_FACTOR_REQUIRED"}, r.codes(), "%s: %s", f, r.body)
		require.Equal(t, []string{"SECOND_FACTOR_REQUIRED"}, p.overSocketCodes(t, token, operation), "%s over a socket", f)
	}
	slices.Sort(open)
	require.Equal(t, []string{"beginTotp", "confirmIdentity", "confirmTotp", "rateLimit", "revokeSession", "signOut", "viewer"}, open)
	d := p.must(p.as(&actor.Actor{SecondFactorMissing: true}), `{ viewer { secondFactorMissing user { email totpEnabled } permissions customers { nodes { id } } sessions { current } } }`, nil)
	require.Equal(t, true, at(d, "viewer", "secondFactorMissing"))
	require.Equal(t, []any{}, at(d, "viewer", "permissions"))
	require.Nil(t, at(d, "viewer", "customers"))
	require.Contains(t, fmt.Sprint(at(d, "viewer", "sessions")), "true")
}
