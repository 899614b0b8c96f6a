package transport_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/models"
)

// notAudited are the mutations that write no entry, with the reason.
var notAudited = map[string]string{}

// entriesOf are how many entries a mutation writes that writes more than its one.
var entriesOf = map[string]int{
	"changeDatabases": 2, // its own, and one for each database
}

// otherAttempts has the mutations that attempts does not have.
var otherAttempts = map[string]func(p *panel, s tenant) attempt{
	"setUp": func(p *panel, _ tenant) attempt {
		token, needed, err := p.auth.SetupToken(p.t.Context())
		require.NoError(p.t, err)
		require.True(p.t, needed)
		return attempt{input: vars{"token": token.Reveal(), "email": "first@example.com", "name": "First", "password": "copper lantern ninety fields"}}
	},
	"signIn": func(p *panel, _ tenant) attempt {
		_, err := p.auth.CreateAdmin(p.t.Context(), "audited@example.com", "Audited", secret.New("copper lantern ninety fields"))
		require.NoError(p.t, err)
		return attempt{input: vars{"email": "audited@example.com", "password": "copper lantern ninety fields"}}
	},
	"refreshSession": func(p *panel, _ tenant) attempt {
		p.person("refreshing@example.com")
		_, c := p.signIn("refreshing@example.com")
		return attempt{headers: []string{"Cookie", c.Name + "=" + c.Value}}
	},
	"signOut": func(p *panel, _ tenant) attempt {
		p.person("leaving@example.com")
		token, _ := p.signIn("leaving@example.com")
		return attempt{token: token}
	},
	"revokeSession": func(_ *panel, s tenant) attempt {
		return attempt{token: s.token, input: vars{"id": s.session.Opaque()}}
	},
	"createApiToken": func(_ *panel, s tenant) attempt {
		return attempt{token: s.token, input: vars{"name": "deploy", "permissions": []string{"DATABASES_READ"}}}
	},
	"revokeApiToken": func(_ *panel, s tenant) attempt {
		return attempt{token: s.token, input: vars{"id": s.apiToken.Opaque()}}
	},
	"impersonate": func(p *panel, s tenant) attempt {
		return attempt{token: p.staff(), input: vars{"userId": s.user.Opaque(), "reason": "ticket 4711: no backups", "minutes": 5}}
	},
	"endImpersonation": func(p *panel, s tenant) attempt {
		return attempt{token: p.acting(p.staff(), s.user, 5)}
	},
	"createCustomer": func(p *panel, _ tenant) attempt {
		return attempt{token: p.staff(), input: vars{"name": "Fresh", "email": "fresh@example.com"}}
	},
	"updateCustomer": func(_ *panel, s tenant) attempt {
		return attempt{token: s.token, input: vars{"id": s.customer.Opaque(), "name": "Renamed"}}
	},
	"archiveCustomer": func(p *panel, s tenant) attempt {
		p.exec("DELETE FROM drift_findings WHERE customer_id = ?", s.customer)
		p.exec("DELETE FROM database_dumps WHERE database_id = ?", s.database)
		p.exec("DELETE FROM database_users WHERE database_id = ?", s.database)
		p.exec("DELETE FROM databases WHERE id = ?", s.database)
		p.exec("UPDATE customer_quotas SET used = 0 WHERE customer_id = ?", s.customer)
		return attempt{token: p.staff(), input: vars{"id": s.customer.Opaque()}}
	},
	"cancelJob": func(p *panel, s tenant) attempt {
		p.exec("UPDATE jobs SET state = 'PENDING' WHERE id = ?", s.job)
		p.exec("UPDATE job_steps SET state = 'PENDING' WHERE job_id = ?", s.job)
		return attempt{token: s.token, input: vars{"id": s.job.Opaque()}}
	},
	"retryJob": func(p *panel, s tenant) attempt {
		p.exec("UPDATE jobs SET state = 'RUNNING', waiting_for = 'The server does not answer.', next_attempt_at = now() + interval '1 hour' WHERE id = ?", s.job)
		return attempt{token: s.token, input: vars{"id": s.job.Opaque()}}
	},
	"createDatabaseDumpUrl": func(_ *panel, s tenant) attempt {
		return attempt{token: s.token, input: vars{"id": s.dump.Opaque()}}
	},
	"createDatabaseUpload": func(_ *panel, s tenant) attempt {
		return attempt{token: s.token, input: vars{"databaseId": s.database.Opaque()}}
	},
	"deleteDatabaseDump": func(_ *panel, s tenant) attempt {
		return attempt{token: s.token, input: vars{"id": s.dump.Opaque()}}
	},
	"setDatabaseDriftPolicy": ofDatabase(vars{"policy": "REPORT"}),
	"registerDatabaseServer": func(p *panel, _ tenant) attempt {
		return attempt{token: p.staff(), input: vars{"name": "fresh", "host": "fresh.example.com", "port": 5432, "adminUser": "admin", "adminPassword": "canary-admin", "sslMode": "prefer"}}
	},
	"updateDatabaseServer": ofServer(vars{"adminPassword": "canary-admin", "name": "renamed"}),
	"checkDatabaseServer":  ofServer(nil),
	"removeDatabaseServer": ofServer(nil),
	"surveyDatabaseServer": ofServer(nil),
	"releaseDriftBrake": func(p *panel, s tenant) attempt {
		a := ofServer(nil)(p, s)
		p.exec("UPDATE database_servers SET drift_brake = 'ON'")
		return a
	},
	"setDatabaseServerMaintenance": ofServer(vars{"enabled": true, "reason": "Cables."}),
}

// ofServer is of a server that nothing is on.
func ofServer(more vars) func(*panel, tenant) attempt {
	return func(p *panel, _ tenant) attempt {
		return attempt{token: p.staff(), input: with(more, "id", p.addServer().Opaque())}
	}
}

// Every mutation that succeeds has written one entry, in its own transaction: where
// the entry cannot be written, nothing is done.
func TestAudit_EveryMutationWritesOneEntry(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	p.servers.answer.Store(true)
	for name := range notAudited {
		require.NotNil(t, p.schema.Mutation.Fields.ForName(name), "%s is excepted and is not there", name)
	}
	tried := 0
	for i, f := range p.schema.Mutation.Fields {
		if strings.HasPrefix(f.Name, "__") || notAudited[f.Name] != "" {
			continue
		}
		t.Run(f.Name, func(t *testing.T) {
			tried++
			possible := attempts[f.Name]
			if possible == nil {
				possible = otherAttempts[f.Name]
			}
			require.NotNil(t, possible, "enter how it comes to be possible, so that its entry is proved")
			p, s := p, tenant{}
			if f.Name == "setUp" { // which is for a panel that nobody is at home in
				p = newPanel(t)
			} else {
				s = p.addTenant(fmt.Sprintf("tenant-%d", i), ident.CustomerID{}, p.addServer())
			}
			a := possible(p, s)
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
				require.False(t, e.UserID.IsZero(), "who")
				require.NotContains(t, string(e.Before)+string(e.After), "canary-admin")
				require.NotContains(t, string(e.Before)+string(e.After), "copper lantern")
			}
			require.Equal(t, 1, p.count("SELECT count(DISTINCT xid) FROM audit_entries WHERE id > ?", last), "in one transaction")
		})
	}
	require.Equal(t, len(p.schema.Mutation.Fields)-len(notAudited), tried)
	for name := range otherAttempts {
		require.NotNil(t, p.schema.Mutation.Fields.ForName(name), "%s is entered and is not there", name)
		require.Nil(t, attempts[name], "%s is entered twice", name)
	}
}

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
		fmt.Fprintf(&fields, "a%d: auditEvents { totalCount } ", i)
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
	server := ofServer(nil)(p, s)
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
		{"suspendCustomer", p.staff(), vars{"id": s.customer.Opaque(), "reason": "Unpaid."}, ``, `{"reason": "Unpaid."}`},
	} {
		p.exec("UPDATE database_servers SET embedded = (host = 'db.example.com' AND id = (SELECT server_id FROM databases WHERE id = ?))", s.database)
		p.exec("UPDATE jobs SET state = 'SUCCEEDED'")
		input := p.schema.Types[p.schema.Mutation.Fields.ForName(tc.mutation).Arguments.ForName("input").Type.Name()]
		r := p.post(tc.token, fmt.Sprintf("mutation($input: %s!) { %s(input: $input) { __typename } }", input.Name, tc.mutation), vars{"input": tc.input})
		require.Empty(t, r.Errors, r.body)
		d := p.must(p.staff(), `{ auditEvents(first: 1) { nodes { before after } } }`, nil)
		require.Equal(t, tc.before == "", at(d, "auditEvents", "nodes", 0, "before") == nil, tc.mutation)
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
