package transport_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/models"
)

// notAudited are the mutations that write no entry, with the reason.
var notAudited = map[string]string{}

// ofNobody are the mutations of which the audit does not tell who it was: they are for
// whoever is not signed in, and somebody who only knows an address is not its owner.
var ofNobody = map[string]string{
	"signUp":               "there is no account before the link in the mail is used, and where there is one, another may have asked",
	"requestPasswordReset": "it must do the same whether the address has an account or not, and whoever asks may be anybody",
}

// entriesOf are how many entries a mutation writes that writes more than its one.
var entriesOf = map[string]int{
	"changeDatabases": 2, // its own, and one for each database
}

// S35: every mutation that succeeds has written one entry, in its own transaction: where
// the entry cannot be written, nothing is done.
func TestS35_EveryMutationWritesOneEntry(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	p.servers.answer.Store(true)
	for name := range notAudited {
		require.NotNil(t, p.schema.Mutation.Fields.ForName(name), "%s is excepted and is not there", name)
	}
	attempts := maps.Clone(attempts)
	for _, more := range []map[string]func(*panel, tenant) attempt{otherAttempts, accountAttempts, tokenAttempts} {
		for name, how := range more {
			require.Nil(t, attempts[name], "%s is entered twice", name)
			attempts[name] = how
		}
	}
	ways := map[string][]string{} // by mutation, of which some do several things
	for _, name := range slices.Sorted(maps.Keys(attempts)) {
		field, _, _ := strings.Cut(name, " ")
		require.NotNil(t, p.schema.Mutation.Fields.ForName(field), "%s is entered and is not there", name)
		ways[field] = append(ways[field], name)
	}
	for name := range ofNobody {
		require.NotNil(t, p.schema.Mutation.Fields.ForName(name).Directives.ForName("public"), name)
	}
	tried := 0
	for _, f := range p.schema.Mutation.Fields {
		if strings.HasPrefix(f.Name, "__") || notAudited[f.Name] != "" {
			continue
		}
		tried++
		if len(ways[f.Name]) == 0 {
			t.Errorf("enter how %s comes to be possible, so that its entry is proved", f.Name)
		}
		for i, way := range ways[f.Name] {
			t.Run(way, func(t *testing.T) {
				p, s := p, tenant{}
				if f.Name == "setUp" { // which is for a panel that nobody is at home in
					p = newPanel(t)
				} else {
					s = p.addTenant(fmt.Sprintf("tenant-%d-%d", tried, i), ident.CustomerID{}, p.addServer())
				}
				p.writesOneEntry(t, f, attempts[way](p, s))
			})
		}
	}
	require.Equal(t, len(p.schema.Mutation.Fields)-len(notAudited), tried)
}

// writesOneEntry tries the mutation when there can be no entry, and then as it is.
func (p *panel) writesOneEntry(t *testing.T, f *ast.FieldDefinition, a attempt) {
	t.Helper()
	query, values := fmt.Sprintf("mutation { %s%s }", f.Name, fieldWalk{p.schema}.selection(f.Type)), vars(nil)
	if arg := f.Arguments.ForName("input"); arg != nil {
		query = fmt.Sprintf("mutation($input: %s) { %s(input: $input)%s }", arg.Type, f.Name, fieldWalk{p.schema}.selection(f.Type))
		values = vars{"input": a.input}
	}

	p.exec("ALTER TABLE audit_entries ADD CONSTRAINT none_now CHECK (false) NOT VALID")
	before := p.tables()
	r := p.post(a.token, query, values, a.headers...)
	after := p.tables()
	p.exec("ALTER TABLE audit_entries DROP CONSTRAINT none_now")
	require.NotEmpty(t, r.Errors, "it succeeds without an entry")
	// Tries are counted before anything is done, so that they count whatever comes of it.
	delete(before, "public.tries")
	delete(after, "public.tries")
	require.Equal(t, before, after, "what is not in the audit is not done")

	last := p.count("SELECT coalesce(max(id), 0) FROM audit_entries")
	r = p.post(a.token, query, values, append(a.headers, "User-Agent", "audit-test")...)
	require.Empty(t, r.Errors, r.body)
	var rows []*models.AuditEntry
	require.NoError(t, p.db.NewSelect().Model(&rows).Where("a.id > ?", last).Order("a.id").Scan(t.Context()))
	require.Len(t, rows, max(entriesOf[f.Name], 1), "entries of its own")
	for _, e := range rows {
		require.True(t, e.Allowed)
		require.Regexp(t, `^[a-z_]+\.[a-z_]+$`, e.Action)
		require.Equal(t, r.header.Get("X-Request-Id"), e.RequestID)
		require.Equal(t, "127.0.0.1", e.IP)
		require.Equal(t, "audit-test", e.UserAgent)
		require.NotEmpty(t, e.ObjectKind)
		require.True(t, e.ObjectID != uuid.Nil || ofNobody[f.Name] != "", "of what")
		require.Equal(t, ofNobody[f.Name] != "", e.UserID.IsZero(), "who")
		kept := string(e.Before) + string(e.After)
		require.NotContains(t, kept, "canary-admin")
		for name, value := range a.input {
			if text, ok := value.(string); ok && secretInput.MatchString(name) {
				require.NotContains(t, kept, text, name)
			}
		}
	}
	require.Equal(t, 1, p.count("SELECT count(DISTINCT xid) FROM audit_entries WHERE id > ?", last), "in one transaction")
}

// secretInput are the names of what must not be in the audit.
var secretInput = regexp.MustCompile(`(?i)password|token|code`)

// What people type comes out of the audit as they typed it, and cannot end a string, a
// line or a header.
func TestAudit_HostileTextsComeOutAsTheyWere(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	for _, text := range []string{
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `javascript:/*--></title></style></textarea></script><svg/onload='+/"/+/onmouseover=1/+/[*/[]/+alert(1)//'>`,
		`{{constructor.constructor('alert(1)')()}}`, `'; DROP TABLE audit_entries; --`, `=HYPERLINK("http://evil.example","x")`, "日本 \U0001F600", `\u0000 \\ \" /`,
	} {
		agent := strings.Map(func(r rune) rune {
			if r > '~' { // header fields are ASCII
				return '?'
			}
			return r
		}, text)
		r := p.post(p.staff(), `mutation($in: CreateCustomerInput!) { createCustomer(input: $in) { customer { id } } }`,
			vars{"in": vars{"name": text, "email": "a@example.com"}}, "User-Agent", agent)
		require.Empty(t, r.Errors, "%s: %s", text, r.body)
		got := p.must(p.staff(), `{ auditEvents(first: 1, filter: {action: "customer.create"}) { nodes { userAgent after objectId object { id } } } }`, nil)
		require.Equal(t, agent, at(got, "auditEvents", "nodes", 0, "userAgent"))
		require.Contains(t, at(got, "auditEvents", "nodes", 0, "after"), "name")
		require.Equal(t, text, at(got, "auditEvents", "nodes", 0, "after", "name"))
		require.Equal(t, at(r.Data, "createCustomer", "customer", "id"), at(got, "auditEvents", "nodes", 0, "object", "id"))
	}
}

// auditEvents: each sees their own tree, the newest first, and pages through it.
func TestAuditEvents_WhoSeesWhat(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	server := p.addServer()
	reseller := p.addTenant("reseller", ident.CustomerID{}, server)
	shop := p.addTenant("shop", reseller.customer, server)
	other := p.addTenant("other", ident.CustomerID{}, server)
	list := func(token, args string) (ids []string) {
		t.Helper()
		d := p.must(token, `{ auditEvents`+args+` { nodes { id } totalCount } }`, nil)
		nodes, _ := at(d, "auditEvents", "nodes").([]any)
		for _, n := range nodes {
			ids = append(ids, fmt.Sprint(at(n, "id")))
		}
		return ids
	}
	all := []string{other.event.Opaque(), shop.event.Opaque(), reseller.event.Opaque()}
	require.Equal(t, all, list(p.staff(), ""))
	require.Equal(t, all[1:], list(reseller.token, ""))
	require.Equal(t, all[1:2], list(shop.token, ""))
	require.Equal(t, all[:1], list(other.token, ""))
	require.Equal(t, all[1:2], list(p.staff(), fmt.Sprintf("(filter: {customerId: %q})", shop.customer.Opaque())))
	require.Equal(t, all[1:2], list(reseller.token, fmt.Sprintf("(filter: {objectId: %q, action: \"customer.create\", allowed: true})", shop.customer.Opaque())))
	require.Empty(t, list(p.staff(), `(filter: {allowed: false})`))
	require.Empty(t, list(p.staff(), `(filter: {to: "2020-01-01T00:00:00Z"})`))
	require.Equal(t, all, list(p.staff(), `(filter: {from: "2020-01-01T00:00:00Z"})`))
	require.Nil(t, at(p.must(other.token, `query($id: ID!) { node(id: $id) { id } }`, vars{"id": shop.event.Opaque()}), "node"))
	require.NotNil(t, at(p.must(shop.token, `query($id: ID!) { node(id: $id) { id ... on AuditEvent { after before ip } } }`, vars{"id": shop.event.Opaque()}), "node"))

	// Page by page in both directions, while entries come in.
	p.exec("INSERT INTO audit_entries (action, customer_id) SELECT 'test.page', ? FROM generate_series(1, 250)", shop.customer)
	var seen []string
	cursor := ""
	for {
		after := ""
		if cursor != "" {
			after = fmt.Sprintf(", after: %q", cursor)
		}
		d := p.must(shop.token, `{ auditEvents(first: 100`+after+`) { nodes { id } pageInfo { endCursor hasNextPage } } }`, nil)
		nodes, _ := at(d, "auditEvents", "nodes").([]any)
		for _, n := range nodes {
			seen = append(seen, fmt.Sprint(at(n, "id")))
		}
		p.exec("INSERT INTO audit_entries (action, customer_id) VALUES ('test.later', ?)", shop.customer)
		cursor = fmt.Sprint(at(d, "auditEvents", "pageInfo", "endCursor"))
		if at(d, "auditEvents", "pageInfo", "hasNextPage") != true {
			break
		}
	}
	require.Len(t, seen, 251)
	slices.Sort(seen)
	require.Len(t, slices.Compact(seen), 251)
}

// Refusals of nobody are counted by the minute, and those of somebody who never stops
// as well: nobody fills the table by asking.
func TestAudit_RefusalsAreBounded(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	token := p.as(&actor.Actor{Grants: []actor.Grant{{Customer: ident.NewCustomerID(), Permissions: []actor.Permission{actor.CustomersRead}}}})
	var fields strings.Builder
	for i := range 25 {
		fmt.Fprintf(&fields, "a%d: auditEvents(first: 1) { nodes { id } } ", i)
	}
	for range 8 {
		r := p.post(token, "{ "+fields.String()+" }", nil)
		require.Equal(t, http.StatusOK, r.status)
		r = p.post("", "{ "+fields.String()+" }", nil)
		require.Contains(t, r.codes(), "UNAUTHENTICATED")
	}
	require.Equal(t, 60, p.count("SELECT count(*) FROM audit_entries"))
	p.refusals.Flush(t.Context())
	require.Equal(t, 62, p.count("SELECT count(*) FROM audit_entries"))
	require.Equal(t, 60+2, p.count("SELECT count(*) FROM audit_entries WHERE NOT allowed AND action = 'query.auditEvents'"))
	require.GreaterOrEqual(t, p.count("SELECT sum(times) FROM audit_entries WHERE user_id IS NOT NULL"), 8)
	p.refusals.Flush(t.Context())
	require.Equal(t, 62, p.count("SELECT count(*) FROM audit_entries"), "nothing is written twice")
}

// A wrong sign-in is counted, without the address or the password.
func TestAudit_WrongSignIns(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	for range 3 {
		p.post("", `mutation { signIn(input: {email: "canary@example.com", password: "canary-password"}) { accessToken } }`, nil)
	}
	p.refusals.Flush(t.Context())
	var rows []*models.AuditEntry
	require.NoError(t, p.db.NewSelect().Model(&rows).Scan(t.Context()))
	require.Len(t, rows, 1)
	require.Equal(t, "mutation.signIn", rows[0].Action)
	require.EqualValues(t, 3, rows[0].Times)
	require.False(t, rows[0].Allowed)
	b, err := json.Marshal(rows[0])
	require.NoError(t, err)
	require.NotContains(t, string(b), "canary")
}

// What changes is there as it was and as it is.
func TestAudit_BeforeAndAfter(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	s := p.addTenant("changing", ident.CustomerID{}, p.addServer())
	p.exec("UPDATE database_servers SET embedded = true")
	server, member := ofServer(nil)(p, s), p.member(s)
	for _, tc := range []struct {
		mutation, token string
		input           vars
		before, after   string
	}{
		{"updateCustomer", s.token, vars{"id": s.customer.Opaque(), "name": "Renamed", "company": ""}, `{"name": "Customer changing", "company": "Company changing"}`, `{"name": "Renamed", "company": null}`},
		{"setDatabaseDriftPolicy", s.token, vars{"id": s.database.Opaque(), "policy": "IGNORE"}, `{"policy": "REPAIR"}`, `{"policy": "IGNORE"}`},
		{"updateDatabaseUser", s.token, vars{"id": s.login.Opaque(), "rights": "READ_WRITE"}, `{"rights": "READ_ONLY"}`, `{"rights": "READ_WRITE"}`},
		{"setDatabaseAccess", s.token, vars{"id": s.database.Opaque(), "cidrs": []string{"192.0.2.0/24"}}, `{"access_cidrs": []}`, `{"access_cidrs": ["192.0.2.0/24"]}`},
		{"updateDatabaseServer", server.token, vars{"id": server.input["id"], "host": "other.example.com", "adminPassword": "canary"}, `{"host": "db.example.com"}`, `{"host": "other.example.com", "password_changed": true}`},
		{"setDatabaseServerMaintenance", server.token, vars{"id": server.input["id"], "enabled": true, "reason": "Cables."}, `{"maintenance": null}`, `{"reason": "Cables."}`},
		{"changeMembership", s.token, vars{"customerId": s.customer.Opaque(), "userId": member.Opaque(), "role": "READ_ONLY"}, `{"role": "DEVELOPER"}`, `{"role": "READ_ONLY"}`},
		{"removeMember", s.token, vars{"customerId": s.customer.Opaque(), "userId": member.Opaque()}, `{"role": "READ_ONLY"}`, ``},
		{"setProviderRole", p.staff(), vars{"userId": member.Opaque(), "role": "SUPPORT"}, ``, `{"role": "SUPPORT"}`},
		{"setProviderRole", p.staff(), vars{"userId": member.Opaque(), "role": nil}, `{"role": "SUPPORT"}`, ``},
		{"updateProfile", s.token, vars{"name": "Ada King", "language": "DE"}, `{"name": "User changing", "language": null}`, `{"name": "Ada King", "language": "DE"}`},
		{"suspendCustomer", p.staff(), vars{"id": s.customer.Opaque(), "reason": "Unpaid."}, ``, `{"reason": "Unpaid."}`},
	} {
		p.exec("UPDATE database_servers SET embedded = (host = 'db.example.com' AND id = (SELECT server_id FROM databases WHERE id = ?))", s.database)
		p.exec("UPDATE jobs SET state = 'SUCCEEDED'")
		input := p.schema.Types[p.schema.Mutation.Fields.ForName(tc.mutation).Arguments.ForName("input").Type.Name()]
		r := p.post(tc.token, fmt.Sprintf("mutation($input: %s!) { %s(input: $input) { __typename } }", input.Name, tc.mutation), vars{"input": tc.input})
		require.Empty(t, r.Errors, r.body)
		d := p.must(p.staff(), `{ auditEvents(first: 1) { nodes { before after } } }`, nil)
		require.Equal(t, tc.before == "", at(d, "auditEvents", "nodes", 0, "before") == nil, tc.mutation)
		require.Equal(t, tc.after == "", at(d, "auditEvents", "nodes", 0, "after") == nil, tc.mutation)
		for side, want := range map[string]string{"before": tc.before, "after": tc.after} {
			if want == "" {
				continue
			}
			var values map[string]any
			require.NoError(t, json.Unmarshal([]byte(want), &values))
			for name, v := range values {
				require.Equal(t, v, at(d, "auditEvents", "nodes", 0, side, name), "%s %s %s: %v", tc.mutation, side, name, d)
			}
		}
	}
}
