package transport_test

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/auth"
	"github.com/mpanel/mpanel/internal/budget"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/live"
	"github.com/mpanel/mpanel/internal/transport"
	"github.com/mpanel/mpanel/models"
)

const createToken = `mutation($in: CreateApiTokenInput!) { createApiToken(input: $in) { token apiToken { id name prefix permissions objectIds cidrs expiresAt lastUsedAt lastUsedIp customer { id } user { id } } } }`

// apiToken makes an API token of whose token it is, and gives it and its id.
func (p *panel) apiToken(by string, in vars) (token, id string) {
	p.t.Helper()
	if in["name"] == nil {
		in["name"] = "deploy"
	}
	d := p.must(by, createToken, vars{"in": in})
	token, _ = at(d, "createApiToken", "token").(string)
	id, _ = at(d, "createApiToken", "apiToken", "id").(string)
	require.Regexp(p.t, auth.APITokenForm, token)
	return token, id
}

// RevokeAPIToken implements auth.Revoker.
func (p *panel) RevokeAPIToken(id ident.APITokenID) {
	if !p.deaf.Load() {
		p.live.Revoke(live.Principal{APIToken: id})
	}
}

// RevokeImpersonation implements auth.Revoker.
func (p *panel) RevokeImpersonation(id ident.ImpersonationID) {
	if !p.deaf.Load() {
		p.live.Revoke(live.Principal{Impersonation: id})
	}
}

// beside makes one of everything for the same customer, as a tenant whose own customer
// is another's.
func (p *panel) beside(mark string, of tenant, server ident.DatabaseServerID) tenant {
	p.t.Helper()
	s := p.addTenant(mark, ident.CustomerID{}, server)
	p.exec("UPDATE databases SET customer_id = ? WHERE id = ?", of.customer, s.database)
	p.exec("UPDATE jobs SET customer_id = ? WHERE id = ?", of.customer, s.job)
	p.exec("UPDATE drift_findings SET customer_id = ? WHERE id = ?", of.customer, s.finding)
	p.exec("UPDATE api_tokens SET customer_id = ? WHERE id = ?", of.customer, s.apiToken)
	p.exec("UPDATE memberships SET customer_id = ? WHERE user_id = ?", of.customer, s.user)
	return s
}

// F21, S10: of all fields, edges and ids of the schema, a token that is pinned to one
// database gives nothing of the one beside it, however much its user may do.
func TestS10_TokenPinnedToOneDatabase(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	server := p.addServer()
	b := p.addTenant("tenant-b", ident.CustomerID{}, server)
	other := p.beside("canary-beside", b, server)
	p.addTenant("canary-child", b.customer, server)
	foreign := p.addTenant("canary-a", ident.CustomerID{}, server)
	d := fieldWalk{p.schema}
	staff := p.person("canary-staff@example.com")
	theStaffs, _ := p.signIn(staff.Email)
	in := func() vars {
		return vars{"permissions": []string{"DATABASES_READ", "DATABASES_WRITE", "JOBS_READ", "JOBS_WRITE"}, "objectIds": []string{b.database.Opaque()}}
	}
	p.exec("UPDATE users SET name = 'Staff', email = 'staff@example.com' WHERE id = ?", staff.ID)
	for who, by := range map[string]string{"its owner": b.token, "the provider's owner": theStaffs} {
		t.Run(who, func(t *testing.T) {
			token, _ := p.apiToken(by, in())
			reached := map[string]bool{}
			for _, f := range rootFields(p.schema) {
				if f.operation != "query" || slices.ContainsFunc(f.Arguments, func(a *ast.ArgumentDefinition) bool { return a.Type.NonNull }) {
					continue
				}
				for _, query := range d.deepQueries(f) {
					r := p.post(token, query, nil)
					require.Equal(t, http.StatusOK, r.status, "%s: %s", query, r.body)
					for _, code := range r.codes() {
						require.Equal(t, "FORBIDDEN", code, "%s: %s", f, r.body)
					}
					require.NotContains(t, r.body, "canary", query)
					for kind, id := range other.ids() {
						require.NotContains(t, r.body, id, "%s's %s", query, kind)
					}
					for _, kind := range []string{"Database", "DatabaseUser", "DatabaseDump", "Job", "DriftFinding", "Customer", "Membership", "ApiToken", "Session"} {
						reached[kind] = reached[kind] || strings.Contains(r.body, `"__typename":"`+kind+`"`)
					}
				}
			}
			for _, kind := range []string{"Database", "DatabaseUser", "DatabaseDump", "Job", "DriftFinding", "Customer"} {
				require.True(t, reached[kind], kind)
			}
			for _, kind := range []string{"ApiToken", "Session"} {
				require.False(t, reached[kind], kind)
			}

			// Each place that takes an id: what is beside is as what is missing.
			before := p.tables()
			found := 0
			for _, place := range d.allPlaces() {
				query := d.call(t, place, b)
				missing := p.post(token, query, vars{"id": ident.NewDatabaseID().Opaque()})
				missing.wellFormed(t)
				for of, ids := range map[string]map[string]string{"beside": other.ids(), "of another": foreign.ids(), "of the provider": {"server": server.Opaque()}} {
					for kind, id := range ids {
						require.Equal(t, missing.same(), p.post(token, query, vars{"id": id}).same(), "%s: the %s %s", place, kind, of)
					}
				}
				if place.typeName != "Mutation" && place.String() != "Query.databases(filter.serverId)" {
					for _, id := range b.ids() {
						if p.post(token, query, vars{"id": id}).same() != missing.same() {
							found++
							break
						}
					}
				}
			}
			require.Greater(t, found, 8, "what it is pinned to is there in the same places")
			after := p.tables()
			for name := range before {
				if name != "api_tokens" && name != "tries" {
					require.Equal(t, before[name], after[name], "%s is as it was", name)
				}
			}

			// Nothing is made with it, and what it is pinned to is changed.
			for _, mutation := range []string{
				`mutation($id: ID!) { createDatabase(input: {customerId: $id, name: "more"}) { database { id } } }`,
				`mutation($id: ID!) { cloneDatabase(input: {id: "` + b.database.Opaque() + `", customerId: $id, name: "more"}) { database { id } } }`,
			} {
				r := p.post(token, mutation, vars{"id": b.customer.Opaque()})
				require.Equal(t, []string{"NOT_FOUND"}, r.codes(), r.body)
				require.Equal(t, p.post(token, mutation, vars{"id": ident.NewCustomerID().Opaque()}).same(), r.same())
			}
			r := p.post(token, `mutation { createCustomer(input: {name: "x", email: "x@example.com"}) { customer { id } } }`, nil)
			require.Equal(t, []string{"FORBIDDEN"}, r.codes())
			p.must(token, `mutation($id: ID!) { setDatabaseDriftPolicy(input: {id: $id, policy: REPORT}) { database { id } } }`, vars{"id": b.database.Opaque()})
			r = p.post(token, `mutation($ids: [ID!]!) { changeDatabases(input: {ids: $ids, action: SUSPEND, reason: "because"}) { job { id } } }`, vars{"ids": []string{b.database.Opaque(), other.database.Opaque()}})
			require.Equal(t, []string{"NOT_FOUND"}, r.codes(), r.body)
		})
	}
}

// With each permission alone, a token opens exactly the fields that need no other, and
// of mutations that need none not one: S2, F21.
func TestAPIToken_F21_EachPermissionAlone(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	p.person("grace@example.com")
	owner, _ := p.signIn("grace@example.com")
	d := fieldWalk{p.schema}
	asked := 0
	for _, held := range p.schema.Types["Permission"].EnumValues {
		if held.Name == string(actor.UsersImpersonate) || held.Name == string(actor.UsersWrite) {
			r := p.post(owner, createToken, vars{"in": vars{"name": "x", "permissions": []string{held.Name}}})
			require.Equal(t, []string{"INVALID"}, r.codes(), r.body)
			continue
		}
		token, _ := p.apiToken(owner, vars{"permissions": []string{held.Name}})
		for _, f := range rootFields(p.schema) {
			need, ok := requires(f.FieldDefinition)
			if !ok {
				continue
			}
			asked++
			r := p.post(token, d.operation(f), nil)
			r.wellFormed(t)
			missing := slices.ContainsFunc(need, func(n actor.Permission) bool { return string(n) != held.Name })
			if own := f.Directives.ForName("stepUp") != nil || f.operation == "mutation" && len(need) == 0; missing || own {
				require.Equal(t, []string{"FORBIDDEN"}, r.codes(), "%s with %s: %s", f, held.Name, r.body)
			} else {
				require.NotContains(t, r.codes(), "FORBIDDEN", "%s with %s: %s", f, held.Name, r.body)
				require.NotContains(t, r.codes(), "INTERNAL", "%s with %s: %s", f, held.Name, r.body)
			}
		}
		d := p.must(token, `{ viewer { permissions user { email } apiTokens { id } sessions { id } impersonatedBy { id } } }`, nil)
		require.Equal(t, []any{held.Name}, at(d, "viewer", "permissions"))
		require.Empty(t, at(d, "viewer", "apiTokens"), "one token does not tell of the others")
		require.Empty(t, at(d, "viewer", "sessions"))
	}
	require.Greater(t, asked, 300)
}

// S28: shown once, a hash kept, known by its prefix, over in time; its use is noted.
func TestS28_APITokenIsShownOnce(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	b := p.addTenant("tenant-b", ident.CustomerID{}, p.addServer())
	expires := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	in := vars{"in": vars{
		"name": "deploy", "permissions": []string{"DATABASES_READ", "DATABASES_READ"}, "customerId": b.customer.Opaque(), "cidrs": []string{"127.0.0.0/8", "::1/128"}, "expiresAt": expires,
	}}
	d := p.must(b.token, createToken, in, "Idempotency-Key", "k")
	token, _ := at(d, "createApiToken", "token").(string)
	require.Regexp(t, "^"+auth.APITokenForm.String()+"$", token)
	shown := at(d, "createApiToken", "apiToken").(map[string]any)
	require.Equal(t, map[string]any{
		"id": shown["id"], "name": "deploy", "prefix": token[:12], "permissions": []any{"DATABASES_READ"}, "objectIds": []any{}, "cidrs": []any{"127.0.0.0/8", "::1/128"},
		"expiresAt": expires.Format(time.RFC3339), "lastUsedAt": nil, "lastUsedIp": nil, "customer": map[string]any{"id": b.customer.Opaque()}, "user": map[string]any{"id": b.user.Opaque()},
	}, shown)
	again := p.must(b.token, createToken, in, "Idempotency-Key", "k")
	require.Equal(t, token, at(again, "createApiToken", "token"), "of an answer that was lost")
	p.exec("UPDATE idempotency_keys SET created_at = created_at - interval '15 minutes 1 second'")
	again = p.must(b.token, createToken, in, "Idempotency-Key", "k")
	require.Nil(t, at(again, "createApiToken", "token"))
	require.Equal(t, shown["id"], at(again, "createApiToken", "apiToken", "id"))
	require.Equal(t, 1, p.count("SELECT count(*) FROM api_tokens WHERE hash = sha256(?::bytea)", token))

	require.Equal(t, b.user.Opaque(), at(p.must(token, `{ viewer { user { id } } }`, nil), "viewer", "user", "id"))
	require.Equal(t, 1.0, at(p.must(token, `{ databases { totalCount } }`, nil), "databases", "totalCount"))
	list := p.must(b.token, `query($id: ID!) { viewer { apiTokens { name prefix } } customer(id: $id) { apiTokens { totalCount nodes { name } } } node(id: "`+shown["id"].(string)+`") { ... on ApiToken { name } } }`, vars{"id": b.customer.Opaque()})
	require.Equal(t, "deploy", at(list, "viewer", "apiTokens", 0, "name"))
	require.Equal(t, "deploy", at(list, "customer", "apiTokens", "nodes", 0, "name"))
	require.Equal(t, "deploy", at(list, "node", "name"))

	p.ahead.Store(int64(time.Hour + time.Second))
	require.Equal(t, []string{"UNAUTHENTICATED"}, p.post(token, `{ viewer { user { id } } }`, nil).codes(), "it has expired")
	require.NotContains(t, p.log.String(), token)
	require.NotContains(t, p.log.String(), token[20:40])
	for name, content := range p.tables() {
		require.NotContains(t, content, token[13:60], name)
	}
	require.Equal(t, 1, p.count("SELECT count(*) FROM audit_entries WHERE action = 'api_token.create'"))
}

// S28, case 31: whatever is not a whole living token is nobody; and a token opens
// nothing by another way than the header.
func TestAPIToken_Case31_WrongTokensAndPlaces(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	b := p.addTenant("tenant-b", ident.CustomerID{}, p.addServer())
	token, id := p.apiToken(b.token, vars{"permissions": []string{"DATABASES_READ"}})
	who := `{ viewer { user { id } } }`
	flip := func(i int) string {
		c := byte('A')
		if token[i] == c {
			c = 'B'
		}
		return token[:i] + string(c) + token[i+1:]
	}
	for name, wrong := range map[string]string{
		"cut": token[:len(token)-1], "longer": token + "0", "its prefix": token[:12], "only the mark": "mpt_", "a letter changed": flip(30), "the prefix changed": flip(6),
		"in small letters": strings.ToLower(token), "in capitals": strings.ToUpper(token), "with a space": token + " x", "its id": id, "a NUL": token[:20] + "\\u0000" + token[21:],
		"made up": made(), "SQL": "mpt_' OR true --", "long": "mpt_" + strings.Repeat("A", 5000), "a JWT's form": "mpt_" + token + ".e30.x",
	} {
		require.Equal(t, []string{"UNAUTHENTICATED"}, p.post(wrong, who, nil).codes(), name)
		conn := p.dial(t, nil)
		send(t, conn, frame{Type: "connection_init", Payload: initPayload(wrong)})
		require.Equal(t, 4403, closing(t, conn), name)
	}
	// In the URL, where logs and histories would have it, in a cookie, or as another scheme.
	for _, target := range []string{"access_token=", "bearer=", "authorization=Bearer%20", "api_key="} {
		r := p.do(http.MethodGet, "/graphql?query="+url.QueryEscape(who)+"&"+target+token, "", "", nil)
		require.Equal(t, []string{"UNAUTHENTICATED"}, r.codes(), target)
		require.NotContains(t, p.log.String(), token)
	}
	for _, header := range [][]string{{"Cookie", "mpanel_refresh=" + token}, {"Authorization", "Basic " + token}, {"Authorization", token}, {"X-Api-Key", token}} {
		require.Equal(t, []string{"UNAUTHENTICATED"}, p.post("", who, nil, header...).codes(), header[0])
	}
	// Nor is it a refresh token or a set-up token.
	require.Equal(t, []string{"UNAUTHENTICATED"}, p.post("", refresh, nil, "Cookie", "mpanel_refresh="+token).codes())
	require.Equal(t, []string{"NOT_FOUND"}, p.post("", `mutation($t: String!) { setUp(input: {token: $t, email: "x@example.com", name: "X", password: "four unrelated words here"}) { accessToken } }`, vars{"t": token}).codes())
	p.must(token, who, nil)
	require.Contains(t, p.log.String(), "API token refused")
}

// made is a token with a good checksum that the panel never made.
func made() string {
	body := "mpt_MADEUPXX_" + strings.Repeat("ABCD", 13)
	return fmt.Sprintf("%s%08x", body, crc32.ChecksumIEEE([]byte(body)))
}

// F28, case 12: from where a token is used is the connection's address; what a client
// writes into a header changes nothing.
func TestAPIToken_F28_NetworksCannotBeSpoofed(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	b := p.addTenant("tenant-b", ident.CustomerID{}, p.addServer())
	who := `{ viewer { user { id } } }`
	elsewhere, _ := p.apiToken(b.token, vars{"permissions": []string{"DATABASES_READ"}, "cidrs": []string{"203.0.113.0/24", "2001:db8::/32"}})
	here, _ := p.apiToken(b.token, vars{"permissions": []string{"DATABASES_READ"}, "cidrs": []string{"127.0.0.1/32"}})
	for _, headers := range [][]string{
		{}, {"X-Forwarded-For", "203.0.113.5"}, {"X-Forwarded-For", "203.0.113.5, 127.0.0.1"}, {"X-Real-Ip", "203.0.113.5"}, {"Forwarded", "for=203.0.113.5"},
		{"CF-Connecting-IP", "203.0.113.5"}, {"True-Client-IP", "203.0.113.5"}, {"X-Forwarded-For", "2001:db8::1"},
	} {
		require.Equal(t, []string{"UNAUTHENTICATED"}, p.post(elsewhere, who, nil, headers...).codes(), headers)
		p.must(here, who, nil, headers...)
		conn := p.dial(t, http.Header(map[string][]string{}))
		send(t, conn, frame{Type: "connection_init", Payload: initPayload(elsewhere)})
		require.Equal(t, 4403, closing(t, conn))
	}
	for _, cidr := range []string{"", "203.0.113.5", "203.0.113.5/24", "2001:db8::1/32", "::ffff:203.0.113.0/120", "fe80::%eth0/64", "x/8", "203.0.113.0/33", "203.0.113.0/-1", "1/8", "127.0.0.0/8\u0000"} {
		r := p.post(b.token, createToken, vars{"in": vars{"name": "x", "permissions": []string{"DATABASES_READ"}, "cidrs": []string{cidr}}})
		require.Equal(t, []string{"INVALID"}, r.codes(), "%q: %s", cidr, r.body)
		require.Equal(t, "cidrs", r.Errors[0].Extensions["field"])
	}
}

// F22: what is taken from its user is taken from the token within a second, also on
// what is open; and what the token was not given, its user's promotion does not give it.
func TestAPIToken_F22_NeverMoreThanItsUser(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	b := p.addTenant("tenant-b", ident.CustomerID{}, p.addServer())
	p.running(b, 0, 0)
	token, _ := p.apiToken(b.token, vars{"permissions": []string{"DATABASES_READ", "DATABASES_WRITE", "JOBS_READ"}})
	policy := `mutation($id: ID!) { setDatabaseDriftPolicy(input: {id: $id, policy: REPORT}) { database { id } } }`
	p.must(token, policy, vars{"id": b.database.Opaque()})
	conn := p.open(t, token)
	follow(t, conn, "1", b.job)
	require.Equal(t, "next", receive(t, conn).Type)

	began := time.Now()
	p.exec("UPDATE memberships SET role = 'READ_ONLY' WHERE user_id = ?", b.user)
	require.Equal(t, 4403, closing(t, conn), "what is open is asked anew")
	require.Less(t, time.Since(began), 3*time.Second)
	p.ahead.Store(int64(auth.MaxActorAge))
	r := p.post(token, policy, vars{"id": b.database.Opaque()})
	require.Equal(t, []string{"FORBIDDEN"}, r.codes(), r.body)
	require.Equal(t, 1.0, at(p.must(token, `{ databases { totalCount } }`, nil), "databases", "totalCount"))

	p.exec("UPDATE users SET provider_role = 'OWNER' WHERE id = ?", b.user)
	p.ahead.Add(int64(auth.MaxActorAge))
	require.Equal(t, []string{"FORBIDDEN"}, p.post(token, `{ customers { totalCount } }`, nil).codes())
	p.exec("UPDATE users SET provider_role = NULL WHERE id = ?", b.user)
	p.exec("DELETE FROM memberships WHERE user_id = ?", b.user)
	p.ahead.Add(int64(auth.MaxActorAge))
	require.Equal(t, []string{"FORBIDDEN"}, p.post(token, `{ databases { totalCount } }`, nil).codes())
	p.exec("UPDATE users SET disabled_at = now() WHERE id = ?", b.user)
	p.ahead.Add(int64(auth.MaxActorAge))
	require.Equal(t, []string{"UNAUTHENTICATED"}, p.post(token, `{ viewer { user { id } } }`, nil).codes())
}

// Case 28, S24: a token that is revoked closes what is open with it within a second, also
// where the message is lost; by its user, or by who writes users of its customer.
func TestAPIToken_Case28_RevocationClosesSocketsAndStreams(t *testing.T) {
	t.Parallel()
	for name, deaf := range map[string]bool{"by the message": false, "by the look at the tables": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPanel(t)
			b := p.addTenant("tenant-b", ident.CustomerID{}, p.addServer())
			p.running(b, 0, 0)
			colleague := p.as(&actor.Actor{Grants: []actor.Grant{{Customer: b.customer, Permissions: auth.CustomerPermissions(models.CustomerAdmin)}}})
			stranger := p.addTenant("stranger", ident.CustomerID{}, p.addServer())
			token, id := p.apiToken(b.token, vars{"permissions": []string{"JOBS_READ"}, "customerId": b.customer.Opaque()})
			own, ownID := p.apiToken(b.token, vars{"permissions": []string{"JOBS_READ"}})
			revoke := `mutation($id: ID!) { revokeApiToken(input: {id: $id}) { apiToken { name } } }`
			for _, by := range []string{stranger.token, p.as(&actor.Actor{Grants: []actor.Grant{{Customer: b.customer, Permissions: auth.CustomerPermissions(models.CustomerDeveloper)}}})} {
				require.Equal(t, p.post(by, revoke, vars{"id": ident.NewAPITokenID().Opaque()}).same(), p.post(by, revoke, vars{"id": id}).same())
			}
			require.Equal(t, []string{"NOT_FOUND"}, p.post(colleague, revoke, vars{"id": ownID}).codes(), "what is for no customer is its user's alone")
			require.Equal(t, []string{"FORBIDDEN"}, p.post(token, revoke, vars{"id": id}).codes())

			conn, beside := p.open(t, token), p.open(t, own)
			follow(t, conn, "1", b.job)
			require.Equal(t, "next", receive(t, conn).Type)
			streaming, ended := p.stream(t, token, followed, vars{"id": b.job.Opaque()})
			require.NotEmpty(t, <-streaming)
			p.deaf.Store(deaf)
			began := time.Now()
			p.must(colleague, revoke, vars{"id": id})
			require.Equal(t, 4403, closing(t, conn))
			require.NotContains(t, <-ended, "event: complete")
			require.Less(t, time.Since(began), 3*time.Second)
			require.Equal(t, []string{"UNAUTHENTICATED"}, p.post(token, `{ viewer { user { id } } }`, nil).codes())
			require.Equal(t, []string{"NOT_FOUND"}, p.post(colleague, revoke, vars{"id": id}).codes(), "it is over")
			send(t, beside, frame{Type: "subscribe", ID: "1", Payload: operation("{ viewer { user { id } } }", nil)})
			require.Equal(t, "next", receive(t, beside).Type, "the user's other tokens go on")
			p.must(b.token, revoke, vars{"id": ownID})
			require.Equal(t, 2, p.count("SELECT count(*) FROM audit_entries WHERE action = 'api_token.revoke'"))
		})
	}
}

// F25: a token has a budget of its own, and does not use up its user's.
func TestAPIToken_F25_ItsOwnBudget(t *testing.T) {
	t.Parallel()
	p := newPanelWith(t, transport.Config{Budget: budget.New(500)})
	b := p.addTenant("tenant-b", ident.CustomerID{}, p.addServer())
	one, _ := p.apiToken(b.token, vars{"permissions": []string{"DATABASES_READ"}})
	two, _ := p.apiToken(b.token, vars{"permissions": []string{"DATABASES_READ"}})
	left := func(token string) float64 {
		n, _ := at(p.must(token, `{ rateLimit { remaining } }`, nil), "rateLimit", "remaining").(float64)
		return n
	}
	before := left(two)
	for p.post(one, `{ databases(first: 100) { nodes { id } } }`, nil).codes() == nil {
	}
	r := p.post(one, `{ databases(first: 100) { nodes { id } } }`, nil)
	require.Equal(t, []string{"RATE_LIMITED"}, r.codes())
	require.NotEmpty(t, r.header.Get("Retry-After"))
	require.InDelta(t, before, left(two), 5)
	require.Greater(t, left(b.token), 400.0)
}

// Bad input, and fifty at the same moment.
func TestAPIToken_HostileInput(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	b := p.addTenant("tenant-b", ident.CustomerID{}, p.addServer())
	reseller := p.addTenant("reseller", ident.CustomerID{}, p.addServer())
	for name, tc := range map[string]struct {
		in    vars
		field string
	}{
		"no permission":            {vars{"permissions": []string{}}, "permissions"},
		"not held":                 {vars{"permissions": []string{"SERVERS_READ"}}, "permissions"},
		"the provider's own":       {vars{"permissions": []string{"SERVERS_WRITE"}, "customerId": b.customer.Opaque()}, "permissions"},
		"of everything, and a pin": {vars{"permissions": []string{"CUSTOMERS_READ"}, "objectIds": []string{b.database.Opaque()}}, "permissions"},
		"an empty name":            {vars{"name": ""}, "name"},
		"a long name":              {vars{"name": strings.Repeat("é", 101)}, "name"},
		"a line break":             {vars{"name": "a\r\nSet-Cookie: x=1"}, "name"},
		"a change of direction":    {vars{"name": "a\u202eb"}, "name"},
		"the past":                 {vars{"expiresAt": time.Now().Add(-time.Second).Format(time.RFC3339)}, "expiresAt"},
		"a century":                {vars{"expiresAt": time.Now().AddDate(100, 0, 0).Format(time.RFC3339)}, "expiresAt"},
		"too many networks":        {vars{"cidrs": slices.Repeat([]string{"203.0.113.0/24"}, 51)}, "cidrs"},
		"too many objects":         {vars{"objectIds": slices.Repeat([]string{b.database.Opaque()}, 51)}, "objectIds"},
	} {
		in := vars{"name": "x", "permissions": []string{"DATABASES_READ"}}
		maps.Copy(in, tc.in)
		r := p.post(b.token, createToken, vars{"in": in})
		require.Equal(t, []string{"INVALID"}, r.codes(), "%s: %s", name, r.body)
		require.Equal(t, tc.field, r.Errors[0].Extensions["field"], name)
	}
	for _, in := range []vars{{"userId": reseller.user.Opaque()}, {"role": "OWNER"}, {"prefix": "mpt_AAAAAAAA"}} {
		in["name"], in["permissions"] = "x", []string{"DATABASES_READ"}
		require.Equal(t, []string{"INVALID"}, p.post(b.token, createToken, vars{"in": in}).codes(), "no such field")
	}
	hostile, _ := p.apiToken(b.token, vars{"name": `<script>alert(1)</script>'; DROP TABLE api_tokens; -- ${env}`, "permissions": []string{"DATABASES_READ"}})
	p.must(hostile, `{ databases { totalCount } }`, nil)

	there := p.count("SELECT count(*) FROM api_tokens WHERE user_id = ?", b.user)
	codes := make(chan string, 150)
	for range 150 {
		go func() {
			codes <- fmt.Sprint(p.post(b.token, createToken, vars{"in": vars{"name": "many", "permissions": []string{"DATABASES_READ"}}}).codes())
		}()
	}
	conflicts := 0
	for range 150 {
		if <-codes == "[CONFLICT]" {
			conflicts++
		}
	}
	require.Equal(t, 150-(auth.MaxAPITokens-there), conflicts)
	require.Equal(t, auth.MaxAPITokens, p.count("SELECT count(*) FROM api_tokens WHERE user_id = ?", b.user))

	// One token fifty times at once is fifty answers.
	answers := make(chan string, 50)
	for range 50 {
		go func() { answers <- p.post(hostile, `{ databases { nodes { name } } }`, nil).body }()
	}
	for range 50 {
		require.Contains(t, <-answers, "tenant_b")
	}
	var last struct{ Data json.RawMessage }
	require.NoError(t, json.Unmarshal([]byte(p.post(hostile, `{ databases { totalCount } }`, nil).body), &last))
}
