package transport_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/auth"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/models"
)

func TestRootFields_WithoutAToken(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	public := 0
	for _, f := range rootFields(p.schema) {
		for name, token := range map[string]string{"no token": "", "a bad token": "nonsense"} {
			r := p.post(token, fieldWalk{p.schema}.operation(f), nil)
			r.wellFormed(t)
			if f.isPublic() {
				public++
				continue
			}
			require.Equal(t, []string{"UNAUTHENTICATED"}, r.codes(), "%s with %s: %s", f, name, r.body)
			require.Equal(t, []any{f.Name}, r.Errors[0].Path)
			require.Equal(t, http.StatusOK, r.status)
		}
	}
	require.Equal(t, 2*9, public, "what signs in, signUp and whether it is open, and what the links in mails are for, with and without a token, are open to everybody; nothing else is")
	require.Zero(t, p.count("SELECT count(*) FROM audit_entries"), "nobody did anything")
	// What nobody was refused is counted, by what it was. What is open to everybody does
	// not refuse: here it gets tokens that there are not and addresses that are none. But
	// signing in does, and says no more than that something is wrong.
	p.refusals.Flush(t.Context())
	counted := 0
	for _, f := range rootFields(p.schema) {
		want := 2
		if f.isPublic() && f.Name != "signIn" && f.Name != "refreshSession" {
			want = 0
		} else {
			counted++
		}
		require.Equal(t, want, p.count("SELECT coalesce(sum(times), 0) FROM audit_entries WHERE action = ? AND NOT allowed AND user_id IS NULL AND ip = '127.0.0.1'", f.operation+"."+f.Name), f)
	}
	require.Equal(t, len(rootFields(p.schema))-7, counted)
	require.Equal(t, counted, p.count("SELECT count(*) FROM audit_entries"), "one entry for each kind and network")
}

func TestRootFields_WithoutThePermission(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	asked := 0
	for _, f := range rootFields(p.schema) {
		need, ok := requires(f.FieldDefinition)
		require.NotEqual(t, f.isPublic(), ok, "%s has either @auth or @public", f)
		if !ok {
			continue
		}
		operation := fieldWalk{p.schema}.operation(f)
		for _, missing := range need {
			asked++
			r := p.post(p.as(&actor.Actor{Provider: without(missing)}), operation, nil)
			require.Equal(t, []string{"FORBIDDEN"}, r.codes(), "%s without %s: %s", f, missing, r.body)
			require.Contains(t, r.Errors[0].Message, string(missing))
			r.wellFormed(t)
			// The same for members, however much else they hold.
			r = p.post(p.as(&actor.Actor{Grants: []actor.Grant{{Customer: ident.NewCustomerID(), Permissions: without(missing)}}}), operation, nil)
			require.Equal(t, []string{"FORBIDDEN"}, r.codes(), "%s without %s: %s", f, missing, r.body)
		}
		// What is asked for is enough.
		r := p.post(p.as(&actor.Actor{Provider: need}), operation, nil)
		require.NotContains(t, r.codes(), "FORBIDDEN", "%s with %v: %s", f, need, r.body)
		require.NotContains(t, r.codes(), "UNAUTHENTICATED", "%s with %v: %s", f, need, r.body)
		require.NotContains(t, r.codes(), "INTERNAL", "%s with %v: %s", f, need, r.body)
	}
	require.Greater(t, asked, 10)
	// Each refusal has its entry, of who it was and what.
	require.Equal(t, 2*asked, p.count("SELECT count(*) FROM audit_entries WHERE NOT allowed AND user_id IS NOT NULL AND request_id <> '' AND ip = '127.0.0.1' AND detail = '{\"code\": \"FORBIDDEN\"}'"))
	require.Equal(t, asked, p.count("SELECT count(*) FROM audit_entries WHERE NOT allowed AND customer_id IS NOT NULL"), "a customer sees its own members'")
	require.Equal(t, 2*asked, p.count("SELECT count(*) FROM audit_entries WHERE NOT allowed"))
	require.Positive(t, p.count("SELECT count(*) FROM audit_entries WHERE NOT allowed AND action = 'subscription.auditFeed'"))
}

func TestEdges_NullWithoutThePermission(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	server := p.addServer()
	a := p.addTenant("edge-a", ident.CustomerID{}, server)
	objects := withID(a.ids(), "databaseServer", server.Opaque())
	asked := 0
	for _, def := range p.schema.Types {
		if def.Kind != ast.Object || def == p.schema.Query || def == p.schema.Mutation || def == p.schema.Subscription {
			continue
		}
		for _, f := range def.Fields {
			need, ok := requires(f)
			if !ok {
				continue
			}
			require.False(t, f.Type.NonNull, "%s.%s: an edge that may be refused is nullable", def.Name, f.Name)
			name := fmt.Sprintf("%s.%s", def.Name, f.Name)
			var query string
			switch id := objects[strings.ToLower(def.Name[:1])+def.Name[1:]]; {
			case id != "":
				query = fmt.Sprintf("{ object: node(id: %q) { ... on %s { id %s%s } } }", id, def.Name, f.Name, fieldWalk{p.schema}.selection(f.Type))
			case def.Name == "Viewer":
				query = fmt.Sprintf("{ object: viewer { user { id } %s%s } }", f.Name, fieldWalk{p.schema}.selection(f.Type))
			default:
				t.Fatalf("%s has @auth, and this test does not know how to reach a %s", name, def.Name)
			}
			all := p.must(p.staff(), query, nil)
			require.NotNil(t, at(all, "object", f.Name), "%s is there for staff", name)
			for _, missing := range need {
				asked++
				r := p.post(p.as(&actor.Actor{User: a.user, Provider: without(missing)}), query, nil)
				require.Empty(t, r.Errors, "%s without %s: %s", name, missing, r.body)
				if at(r.Data, "object") != nil { // the object itself may need the same permission
					require.Nil(t, at(r.Data, "object", f.Name), "%s without %s: %s", name, missing, r.body)
				}
			}
		}
	}
	require.GreaterOrEqual(t, asked, 6)

	// A role that has some of it: billing sees the customer and no more.
	billing := p.as(&actor.Actor{User: a.user, Grants: []actor.Grant{{Customer: a.customer, Permissions: auth.CustomerPermissions(models.CustomerBilling)}}})
	d := p.must(billing, `{ customers { nodes { name databases { nodes { id } } memberships { nodes { role } } children { nodes { id } } quotas { used } } } viewer { customers { nodes { id } } } }`, nil)
	require.Equal(t, map[string]any{
		"name": "Customer edge-a", "databases": nil, "memberships": nil, "children": map[string]any{"nodes": []any{}}, "quotas": []any{map[string]any{"used": "1"}},
	}, at(d, "customers", "nodes", 0))
	require.Equal(t, a.customer.Opaque(), at(d, "viewer", "customers", "nodes", 0, "id"))
}

// A list over several customers gives each only what is the caller's there.
func TestEdges_OfARoleInEachCustomer(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	server := p.addServer()
	own, billed := p.addTenant("own", ident.CustomerID{}, server), p.addTenant("billed", ident.CustomerID{}, server)
	token := p.as(&actor.Actor{User: own.user, Grants: []actor.Grant{
		{Customer: own.customer, Permissions: auth.CustomerPermissions(models.CustomerOwner)},
		{Customer: billed.customer, Permissions: auth.CustomerPermissions(models.CustomerBilling)},
	}})
	d := p.must(token, `{ customers(first: 5) { nodes { name databases { totalCount nodes { name server { id } jobs { nodes { id } } } } memberships { nodes { user { email } } } } } databases { nodes { name } } jobs { nodes { id } } }`, nil)
	require.Equal(t, []any{
		map[string]any{
			"name":        "Customer own",
			"databases":   map[string]any{"totalCount": 1.0, "nodes": []any{map[string]any{"name": "own", "server": nil, "jobs": map[string]any{"nodes": []any{map[string]any{"id": own.job.Opaque()}}}}}},
			"memberships": map[string]any{"nodes": []any{map[string]any{"user": map[string]any{"email": "own@example.com"}}}},
		},
		map[string]any{"name": "Customer billed", "databases": nil, "memberships": nil},
	}, at(d, "customers", "nodes"))
	require.Len(t, at(d, "databases", "nodes"), 1)
	require.Len(t, at(d, "jobs", "nodes"), 1)
}

func TestSignIn_AndGoOnAsThatUser(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	token, needed, err := p.auth.SetupToken(t.Context())
	require.NoError(t, err)
	require.True(t, needed)
	const password = "canary tin orbit valley"
	setUp := `mutation($in: SetUpInput!) { setUp(input: $in) { accessToken viewer { user { email role memberships { role } } permissions } } }`
	in := vars{"in": vars{"token": token.Reveal(), "email": "ada@example.com", "name": "Ada", "password": password}}
	d := p.must("", setUp, in)
	require.Equal(t, map[string]any{"email": "ada@example.com", "role": "OWNER", "memberships": []any{}}, at(d, "setUp", "viewer", "user"))
	require.Len(t, at(d, "setUp", "viewer", "permissions"), len(allPermissions()))
	r := p.post("", setUp, in)
	require.Equal(t, []string{"NOT_FOUND"}, r.codes(), "ever after")

	signIn := `mutation($p: String!) { signIn(input: {email: "ADA@example.com", password: $p}) { accessToken expiresAt viewer { user { id name } customers { totalCount } } } }`
	d = p.must("", signIn, vars{"p": password})
	require.Equal(t, "Ada", at(d, "signIn", "viewer", "user", "name"))
	require.Equal(t, 0.0, at(d, "signIn", "viewer", "customers", "totalCount"))
	access, _ := at(d, "signIn", "accessToken").(string)
	d = p.must(access, `{ viewer { user { email } permissions } customers { totalCount } }`, nil)
	require.Equal(t, "ada@example.com", at(d, "viewer", "user", "email"))
	for scheme, ok := range map[string]bool{"Bearer ": true, "bearer ": true, "BEARER   ": true, "Basic ": false, "": false} {
		r := p.post("", `{ viewer { user { id } } }`, nil, "Authorization", scheme+access)
		require.Equal(t, ok, len(r.Errors) == 0, "%q: %s", scheme, r.body)
	}
	require.Equal(t, []string{"UNAUTHENTICATED"}, p.post("", signIn, vars{"p": "wrong wrong wrong wrong"}).codes())
	p.exec("UPDATE users SET disabled_at = now()")
	require.Eventually(t, func() bool {
		return slices.Equal([]string{"UNAUTHENTICATED"}, p.post(access, `{ databases { totalCount } }`, nil).codes())
	}, soon, auth.MaxActorAge/10, "a disabled user is nobody in a moment")
	require.NotContains(t, p.log.String(), "canary")
	require.NotContains(t, p.log.String(), access)
	require.NotContains(t, p.log.String(), "ada@")
}

func TestAuthenticate_DatabaseAway(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	token := p.staff()
	p.mu.Lock()
	p.away = fault.Unavailable.New("", "Away.")
	p.mu.Unlock()
	r := p.post(token, `{ viewer { user { id } } }`, nil)
	require.Equal(t, http.StatusServiceUnavailable, r.status, r.body)
	require.Equal(t, []string{"UNAVAILABLE"}, r.codes(), "not knowing who calls is no reason to sign anybody out")
	r.wellFormed(t)
	require.Equal(t, http.StatusOK, p.post("", `{ __typename }`, nil).status)
}
