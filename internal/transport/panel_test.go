package transport_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/ident"
)

// The version is told to the provider's staff, and to nobody else.
func TestPanel_Version(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	const query = `{ panel { version } }`
	require.Equal(t, "v1.2.3", at(p.must(p.staff(), query, nil), "panel", "version"))
	tenant := p.addTenant("tenant", ident.CustomerID{}, p.addServer())
	for name, tc := range map[string]struct{ token, code string }{
		"nobody":                  {"", "UNAUTHENTICATED"},
		"a customer":              {tenant.token, "FORBIDDEN"},
		"staff without it":        {p.as(&actor.Actor{Provider: without(actor.ServersRead)}), "FORBIDDEN"},
		"a customer who holds it": {p.as(&actor.Actor{Grants: []actor.Grant{{Customer: tenant.customer, Permissions: []actor.Permission{actor.ServersRead}}}}), "FORBIDDEN"},
	} {
		r := p.post(tc.token, query, nil)
		require.Equal(t, []string{tc.code}, r.codes(), name)
		require.NotContains(t, r.body, "v1.2.3", name)
	}
}
