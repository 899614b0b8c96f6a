package transport_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/auth"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/models"
)

// F29: of every field of the schema, each role has exactly those whose permissions
// docs/permissions.md gives it.
func TestRoles_F29_EachFieldForEachRole(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	b := p.addTenant("tenant-b", ident.CustomerID{}, p.addServer())
	roles := map[string]*actor.Actor{}
	for _, r := range []models.ProviderRole{models.ProviderOwner, models.ProviderAdmin, models.ProviderSupport, models.ProviderBilling} {
		roles["provider "+string(r)] = &actor.Actor{Provider: auth.ProviderPermissions(r)}
	}
	for _, r := range []models.CustomerRole{models.CustomerOwner, models.CustomerAdmin, models.CustomerDeveloper, models.CustomerBilling, models.CustomerReadOnly} {
		roles["customer "+string(r)] = &actor.Actor{Grants: []actor.Grant{{Customer: b.customer, Permissions: auth.CustomerPermissions(r)}}}
	}
	asked, refused := 0, 0
	for name, who := range roles {
		token := p.as(who)
		for _, f := range rootFields(p.schema) {
			need, ok := requires(f.FieldDefinition)
			if !ok || len(need) == 0 {
				continue
			}
			asked++
			r := p.post(token, fieldWalk{p.schema}.operation(f), nil)
			r.wellFormed(t)
			byRole := slices.ContainsFunc(r.Errors, func(e replyError) bool { return strings.HasPrefix(e.Message, "This needs the permission ") })
			missing := slices.ContainsFunc(need, func(n actor.Permission) bool { return !who.Holds(n) })
			require.Equal(t, missing, byRole, "%s as %s: %s", f, name, r.body)
			if missing {
				refused++
			}
		}
	}
	t.Logf("%d fields and roles, %d refused", asked, refused)
	require.Greater(t, asked, 9*30)
	require.Greater(t, refused, 100)
}
