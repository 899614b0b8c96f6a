package transport_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/auth"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/models"
)

// What an id that names nothing of the caller's gives.
type answer int

const (
	isNull      answer = iota // a lookup: null without an error
	isNotFound                // a mutation or a stream: NOT_FOUND with the field
	isEmpty                   // a filter: nothing is found
	isForbidden               // what no role in a customer may do: FORBIDDEN whatever the id is
)

// Each place of the schema that takes an id, and what it gives for one that is
// not the caller's. A new place fails the test until it is entered here.
var places = map[string]answer{
	"Query.customer(id)":                                isNull,
	"Query.database(id)":                                isNull,
	"Query.databases(filter.customerId)":                isEmpty,
	"Query.databases(filter.serverId)":                  isEmpty,
	"Query.auditEvents(filter.actorId)":                 isEmpty,
	"Query.auditEvents(filter.customerId)":              isEmpty,
	"Query.auditEvents(filter.objectId)":                isEmpty,
	"Query.job(id)":                                     isNull,
	"Query.jobs(filter.customerId)":                     isEmpty,
	"Query.jobs(filter.resourceId)":                     isEmpty,
	"Query.node(id)":                                    isNull,
	"Query.nodes(ids)":                                  isNull,
	"Mutation.revokeSession(input.id)":                  isNotFound,
	"Mutation.revokeApiToken(input.id)":                 isNotFound,
	"Mutation.createApiToken(input.customerId)":         isNotFound,
	"Mutation.createApiToken(input.objectIds)":          isNotFound,
	"Mutation.impersonate(input.userId)":                isForbidden,
	"Mutation.archiveCustomer(input.id)":                isNotFound,
	"Mutation.cancelJob(input.id)":                      isNotFound,
	"Mutation.changeDatabases(input.ids)":               isNotFound,
	"Mutation.changeDatabases(input.filter.customerId)": isNotFound,
	"Mutation.changeDatabases(input.filter.serverId)":   isNotFound,
	"Mutation.openDatabaseForCleanup(input.id)":         isNotFound,
	"Mutation.keepPreviousDatabaseLogin(input.id)":      isNotFound,
	"Mutation.setDatabaseAccess(input.id)":              isNotFound,
	"Mutation.restoreDatabase(input.id)":                isNotFound,
	"Mutation.resumeCustomer(input.id)":                 isNotFound,
	"Mutation.resumeDatabase(input.id)":                 isNotFound,
	"Mutation.retryJob(input.id)":                       isNotFound,
	"Mutation.rotateDatabasePassword(input.id)":         isNotFound,
	"Mutation.suspendCustomer(input.id)":                isNotFound,
	"Mutation.suspendDatabase(input.id)":                isNotFound,
	"Mutation.createCustomer(input.parentId)":           isNotFound,
	"Mutation.createDatabase(input.customerId)":         isNotFound,
	"Mutation.createDatabase(input.serverId)":           isNotFound,
	"Mutation.deleteDatabase(input.id)":                 isNotFound,
	"Mutation.updateCustomer(input.id)":                 isNotFound,
	"Subscription.jobFeed(customerId)":                  isNotFound,
	"Subscription.jobProgress(id)":                      isNotFound,
	"Viewer.permissions(customerId)":                    isEmpty,
	"Query.driftFindings(filter.databaseId)":            isEmpty,
	"Query.driftFindings(filter.serverId)":              isEmpty,
	"Mutation.decideDriftFinding(input.id)":             isNotFound,
	"Mutation.setDatabaseDriftPolicy(input.id)":         isNotFound,
	"Query.server(id)":                                  isForbidden,
	"Subscription.serverMetrics(serverId)":              isForbidden,
	"Mutation.releaseDriftBrake(input.id)":              isForbidden,
	"Mutation.surveyDatabaseServer(input.id)":           isForbidden,
	"Mutation.checkDatabaseServer(input.id)":            isForbidden,
	"Mutation.removeDatabaseServer(input.id)":           isForbidden,
	"Mutation.setDatabaseServerMaintenance(input.id)":   isForbidden,
	"Mutation.updateDatabaseServer(input.id)":           isForbidden,
	"Query.databaseUser(id)":                            isNull,
	"Mutation.createDatabaseUser(input.databaseId)":     isNotFound,
	"Mutation.deleteDatabaseUser(input.id)":             isNotFound,
	"Mutation.rotateDatabaseUserPassword(input.id)":     isNotFound,
	"Mutation.updateDatabaseUser(input.id)":             isNotFound,
	"Query.invitations(filter.customerId)":              isEmpty,
	"Query.users(filter.customerId)":                    isEmpty,
	"Mutation.changeMembership(input.customerId)":       isNotFound,
	"Mutation.changeMembership(input.userId)":           isNotFound,
	"Mutation.removeMember(input.customerId)":           isNotFound,
	"Mutation.removeMember(input.userId)":               isNotFound,
	"Mutation.inviteUser(input.customerId)":             isNotFound,
	"Mutation.revokeInvitation(input.id)":               isNotFound,
	"Mutation.setProviderRole(input.userId)":            isForbidden,
	"Mutation.disableUser(input.id)":                    isForbidden,
	"Mutation.enableUser(input.id)":                     isForbidden,
	"Query.databaseDump(id)":                            isNull,
	"Mutation.cloneDatabase(input.customerId)":          isNotFound,
	"Mutation.cloneDatabase(input.id)":                  isNotFound,
	"Mutation.createDatabaseDumpUrl(input.id)":          isNotFound,
	"Mutation.createDatabaseUpload(input.databaseId)":   isNotFound,
	"Mutation.deleteDatabaseDump(input.id)":             isNotFound,
	"Mutation.exportDatabase(input.id)":                 isNotFound,
	"Mutation.importDatabase(input.dumpId)":             isNotFound,
	"Mutation.importDatabase(input.id)":                 isNotFound,
}

// samples are values without which a mutation would stop before it looks at
// the id.
var samples = strings.NewReplacer(
	`email: "sample_text"`, `email: "sample@example.com"`,
	`enabled: true`, `enabled: false`, // which needs no reason
	`cidrs: ["sample_text"]`, `cidrs: ["203.0.113.0/24"]`,
)

// call is the operation that gives $id at the place.
func (d fieldWalk) call(t *testing.T, p place, own tenant) string {
	t.Helper()
	def := d.schema.Types[p.typeName]
	f := def.Fields.ForName(p.field)
	field := p.field + samples.Replace(d.arguments(f, p.path)) + d.selection(f.Type)
	switch p.String() { // what comes first is the caller's
	case "Mutation.createDatabase(input.serverId)":
		field = strings.Replace(field, `customerId: "bm90aGluZw"`, fmt.Sprintf("customerId: %q", own.customer.Opaque()), 1)
	case "Mutation.createApiToken(input.objectIds)": // with which only some permissions go
		field = strings.Replace(field, "CUSTOMERS_READ", "DATABASES_READ", 1)
	case "Mutation.changeMembership(input.userId)", "Mutation.removeMember(input.userId)":
		field = strings.Replace(field, `customerId: "bm90aGluZw"`, fmt.Sprintf("customerId: %q", own.customer.Opaque()), 1)
	case "Mutation.changeMembership(input.customerId)", "Mutation.removeMember(input.customerId)":
		field = strings.Replace(field, `userId: "bm90aGluZw"`, fmt.Sprintf("userId: %q", own.user.Opaque()), 1)
	case "Mutation.inviteUser(input.customerId)":
		field = strings.Replace(field, `customerId: $id`, `customerId: $id, customerRole: READ_ONLY`, 1)
	case "Mutation.importDatabase(input.dumpId)", "Mutation.cloneDatabase(input.customerId)":
		field = strings.Replace(field, `id: "bm90aGluZw"`, fmt.Sprintf("id: %q", own.database.Opaque()), 1)
	}
	switch def {
	case d.schema.Query:
		return "query($id: ID!) { " + field + " }"
	case d.schema.Mutation:
		return "mutation($id: ID!) { " + field + " }"
	case d.schema.Subscription:
		return "subscription($id: ID!) { " + field + " }"
	}
	require.Equal(t, "Viewer", p.typeName, "%s: this test does not know how to reach a %s", p, p.typeName)
	return "query($id: ID!) { viewer { " + field + " } }"
}

func TestTenancy_ForeignMissingAndGarbageAreTheSame(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	server := p.addServer()
	a, b := p.addTenant("canary-a", ident.CustomerID{}, server), p.addTenant("tenant-b", ident.CustomerID{}, server)
	reseller := p.addTenant("canary-reseller", ident.CustomerID{}, server)
	p.exec("UPDATE customers SET parent_id = ? WHERE id = ?", reseller.customer, b.customer)
	p.exec("INSERT INTO customer_tree (ancestor_id, customer_id, depth) VALUES (?, ?, 1)", reseller.customer, b.customer)
	d := fieldWalk{p.schema}

	all := d.allPlaces()
	var found []string
	for _, at := range all {
		found = append(found, at.String())
	}
	var known []string
	for name := range places {
		known = append(known, name)
	}
	slices.Sort(found)
	slices.Sort(known)
	require.Equal(t, known, found, "every place that takes an id is entered in places")

	missing := ident.Opaque(ident.Customer, uuid.New())
	host := p.host()
	foreign := map[string]string{"the server": server.Opaque(), "the host": host.Opaque(), "b's reseller": reseller.customer.Opaque(), "b's reseller's database": reseller.database.Opaque(), "b's reseller's job": reseller.job.Opaque(), "b's reseller's database's user": reseller.login.Opaque(), "b's reseller's finding": reseller.finding.Opaque(), "b's reseller's session": reseller.session.Opaque(), "b's reseller's invitation": reseller.invitation.Opaque(), "b's reseller's user": reseller.user.Opaque(), "b's reseller's API token": reseller.apiToken.Opaque()}
	for kind, id := range a.ids() {
		foreign["a's "+kind] = id
	}
	for _, kind := range []string{ident.User, ident.Database, ident.DatabaseServer, ident.DatabaseUser, ident.DatabaseDump, ident.Job, ident.DriftFinding, ident.Server, ident.Session, ident.Invitation, ident.AuditEvent, ident.APIToken, ident.Impersonation, "invoice"} {
		foreign["a missing "+kind] = ident.Opaque(kind, uuid.New())
	}
	for name, id := range map[string]string{
		"empty": "", "spaces": "  ", "a plain UUID": a.customer.UUID.String(), "a number": "42", "SQL": "' OR true --",
		"unicode": "日本", "a megabyte's start": strings.Repeat("A", 10_000),
		"another spelling": ident.Opaque(ident.Customer, a.customer.UUID) + "==", "a line break": a.customer.Opaque() + "\n",
		"in capital letters": base64.RawURLEncoding.EncodeToString([]byte("customer:" + strings.ToUpper(a.customer.UUID.String()))),
		"the zero id":        ident.Opaque(ident.Customer, uuid.Nil), "the zero job": ident.Opaque(ident.Job, uuid.Nil),
	} {
		foreign["garbage: "+name] = id
	}

	before := p.count("SELECT (SELECT count(*) FROM audit_entries WHERE allowed) + (SELECT count(*) FROM jobs) + (SELECT count(*) FROM databases) + (SELECT count(*) FROM database_users) + (SELECT count(*) FROM database_dumps) + (SELECT count(*) FROM database_dump_links) + (SELECT count(*) FROM customers) + (SELECT count(*) FROM sessions WHERE ended_at IS NULL) + (SELECT count(*) FROM invitations) + (SELECT count(*) FROM memberships) + (SELECT count(*) FROM mails) + (SELECT count(*) FROM api_tokens WHERE revoked_at IS NULL) + (SELECT count(*) FROM impersonations)")
	for _, at := range all {
		p.exec("DELETE FROM audit_entries WHERE NOT allowed") // the caller's own, about any id
		t.Run(at.String(), func(t *testing.T) {
			p.sameForAll(t, at, d.call(t, at, b), b.token, missing, foreign)
		})
	}
	require.Equal(t, before, p.count("SELECT (SELECT count(*) FROM audit_entries WHERE allowed) + (SELECT count(*) FROM jobs) + (SELECT count(*) FROM databases) + (SELECT count(*) FROM database_users) + (SELECT count(*) FROM database_dumps) + (SELECT count(*) FROM database_dump_links) + (SELECT count(*) FROM customers) + (SELECT count(*) FROM sessions WHERE ended_at IS NULL) + (SELECT count(*) FROM invitations) + (SELECT count(*) FROM memberships) + (SELECT count(*) FROM mails) + (SELECT count(*) FROM api_tokens WHERE revoked_at IS NULL) + (SELECT count(*) FROM impersonations)"), "and nothing was done")

	// The other way round: with staff's rights the same calls do find something,
	// so what is above was no accident.
	staff := p.staff()
	for _, at := range all {
		p.exec("UPDATE customers SET state = 'ACTIVE', suspended = false")
		p.exec("UPDATE jobs SET state = 'FAILED' WHERE state = 'PENDING'")
		p.exec("UPDATE databases SET state = 'ACTIVE', suspended = false, suspended_from_above = false")
		p.exec("DELETE FROM database_dumps WHERE id <> ?", a.dump)
		p.addDump("again", a) // the call before may have changed that
		p.exec("UPDATE users SET disabled_at = NULL")
		p.exec("UPDATE sessions SET ended_at = NULL, end_reason = NULL WHERE id = ?", a.session)
		p.exec("DELETE FROM invitations WHERE id <> ?", a.invitation)
		p.addInvitation("again", a)
		query, token := d.call(t, at, a), staff
		if at.String() == "Mutation.revokeSession(input.id)" { // which is nobody else's, whatever they hold
			token = a.token
		}
		nothing := p.post(token, query, vars{"id": missing})
		ids := withID(withID(a.ids(), "server", server.Opaque()), "host", host.Opaque())
		differs := slices.ContainsFunc([]string{"apiToken", "auditEvent", "customer", "database", "databaseDump", "databaseUser", "driftFinding", "host", "invitation", "job", "server", "session", "user"}, func(kind string) bool {
			return p.post(token, query, vars{"id": ids[kind]}).same() != nothing.same()
		})
		require.True(t, differs, "%s finds nothing for staff either", at)
	}
}

// errorField is what an error says of the place: of several ids, which.
func (p place) errorField() string {
	field := p.path[strings.LastIndex(p.path, ".")+1:]
	switch {
	case strings.HasPrefix(p.path, "input.filter."):
		return "filter"
	case field == "ids", field == "objectIds":
		return field + ".0"
	}
	return field
}

// sameForAll checks that the call answers each of the ids as it does a missing one.
func (p *panel) sameForAll(t *testing.T, at place, query, token, missing string, foreign map[string]string) {
	t.Helper()
	want := p.post(token, query, vars{"id": missing})
	want.wellFormed(t)
	kind := places[at.String()]
	switch kind {
	case isNotFound:
		require.Equal(t, []string{"NOT_FOUND"}, want.codes(), want.body)
		require.Equal(t, at.errorField(), want.Errors[0].Extensions["field"], want.body)
	case isForbidden:
		require.Equal(t, []string{"FORBIDDEN"}, want.codes(), want.body)
	case isNull, isEmpty:
		require.Empty(t, want.Errors, want.body)
	}
	if kind == isEmpty && strings.Contains(query, "totalCount") {
		require.Contains(t, want.body, `{"totalCount":0,"nodes":[]}`)
	}
	for what, id := range foreign {
		require.Equal(t, want.same(), p.post(token, query, vars{"id": id}).same(), "%s is not as missing", what)
	}
	if at.typeName == "Subscription" {
		want := p.overSocket(t, token, query, missing)
		for what, id := range foreign {
			require.Equal(t, want, p.overSocket(t, token, query, id), "%s over a socket is not as missing", what)
		}
	}
}

// Whatever hangs on what a caller sees, nothing of another tenant's is in it.
func TestTenancy_NothingForeignHangsOnAnything(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	server := p.addServer()
	reseller := p.addTenant("canary-reseller", ident.CustomerID{}, server)
	b := p.addTenant("tenant-b", reseller.customer, server)
	sister := p.addTenant("canary-sister", reseller.customer, server)
	a := p.addTenant("canary-a", ident.CustomerID{}, server)
	p.addTenant("child-of-b", b.customer, server)
	// Somebody works for both, and staff asked for one of b's jobs.
	p.insert(&models.Membership{UserID: a.user, CustomerID: b.customer, Role: models.CustomerDeveloper})
	p.exec("UPDATE users SET email = 'shared@example.com', name = 'Shared' WHERE id = ?", a.user)
	boss := ident.NewUserID()
	p.insert(&models.User{ID: boss, Email: "canary-staff@example.com", Name: "canary-staff", PasswordHash: "x", ProviderRole: new(models.ProviderAdmin)})
	p.exec("UPDATE jobs SET actor_user_id = ? WHERE id = ?", boss, b.job)
	p.exec("UPDATE audit_entries SET user_id = ?, ip = 'canary-staff', user_agent = 'canary-staff' WHERE customer_id = ?", boss, b.customer)
	p.exec("INSERT INTO audit_entries (user_id, impersonator_id, action, customer_id, ip, user_agent) VALUES (?, ?, 'x.y', ?, 'canary-staff', 'canary-staff')", b.user, boss, b.customer)

	for _, role := range []models.CustomerRole{models.CustomerOwner, models.CustomerAdmin, models.CustomerDeveloper, models.CustomerBilling, models.CustomerReadOnly} {
		token := p.as(&actor.Actor{User: b.user, Grants: []actor.Grant{{Customer: b.customer, Permissions: auth.CustomerPermissions(role)}}})
		reached := map[string]bool{}
		for _, f := range rootFields(p.schema) {
			if f.operation != "query" || slices.ContainsFunc(f.Arguments, func(a *ast.ArgumentDefinition) bool { return a.Type.NonNull }) {
				continue
			}
			for _, query := range (fieldWalk{p.schema}).deepQueries(f) {
				r := p.post(token, query, nil)
				require.Equal(t, http.StatusOK, r.status, "%s: %s", query, r.body)
				for _, code := range r.codes() {
					require.Equal(t, "FORBIDDEN", code, "%s as %s: %s", f, role, r.body)
				}
				require.NotContains(t, r.body, "canary", "%s as %s", query, role)
				for _, id := range []string{a.customer.Opaque(), a.database.Opaque(), a.job.Opaque(), reseller.customer.Opaque(), reseller.user.Opaque(), sister.customer.Opaque(), sister.database.Opaque(), sister.login.Opaque(), sister.invitation.Opaque(), a.invitation.Opaque(), a.login.Opaque(), reseller.login.Opaque(), a.apiToken.Opaque(), reseller.apiToken.Opaque(), boss.Opaque(), server.Opaque()} {
					require.NotContains(t, r.body, id, "%s as %s", query, role)
				}
				for _, kind := range []string{"ApiToken", "Customer", "Database", "DatabaseUser", "DatabaseDump", "Invitation", "Job", "Membership", "User", "AuditEvent"} {
					reached[kind] = reached[kind] || strings.Contains(r.body, `"__typename":"`+kind+`"`)
				}
			}
		}
		if role == models.CustomerOwner {
			require.Equal(t, map[string]bool{"ApiToken": true, "Customer": true, "Database": true, "DatabaseUser": true, "DatabaseDump": true, "Invitation": true, "Job": true, "Membership": true, "User": true, "AuditEvent": true}, reached)
		}
	}
	// With the provider's rights the same operations do come upon it.
	r := p.post(p.staff(), "{ customers"+fieldWalk{p.schema}.everything(p.schema.Query.Fields.ForName("customers").Type, 2)+" }", nil)
	require.Contains(t, r.body, "canary", r.body)
}

func TestNodes_OrderDuplicatesAndLimits(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	server := p.addServer()
	a, b := p.addTenant("tenant-a", ident.CustomerID{}, server), p.addTenant("tenant-b", ident.CustomerID{}, server)
	query := `query($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on Customer { name databases { totalCount nodes { name } } children { nodes { id } } } ... on Database { name jobs { totalCount nodes { id } } } } }`
	ids := []string{b.database.Opaque(), a.customer.Opaque(), "garbage", b.customer.Opaque(), b.user.Opaque(), b.customer.Opaque(), server.Opaque(), b.job.Opaque(), b.database.Opaque()}
	d := p.must(b.token, query, vars{"ids": ids})
	customer := map[string]any{"__typename": "Customer", "id": b.customer.Opaque(), "name": "Customer tenant-b", "databases": map[string]any{"totalCount": 1.0, "nodes": []any{map[string]any{"name": "tenant_b"}}}, "children": map[string]any{"nodes": []any{}}}
	db := map[string]any{"__typename": "Database", "id": b.database.Opaque(), "name": "tenant_b", "jobs": map[string]any{"totalCount": 1.0, "nodes": []any{map[string]any{"id": b.job.Opaque()}}}}
	require.Equal(t, []any{
		db, nil, nil, customer, map[string]any{"__typename": "User", "id": b.user.Opaque()}, customer, nil,
		map[string]any{"__typename": "Job", "id": b.job.Opaque()}, db,
	}, at(d, "nodes"), "in the order of the ids; the same object twice is twice the same")
	require.Equal(t, []any{}, at(p.must(b.token, query, vars{"ids": []string{}}), "nodes"))
	many := make([]string, 100)
	for i := range many {
		many[i] = b.customer.Opaque()
	}
	small := `query($ids: [ID!]!) { nodes(ids: $ids) { id } }`
	require.Len(t, at(p.must(b.token, small, vars{"ids": many}), "nodes"), 100)
	r := p.post(b.token, small, vars{"ids": slices.Concat(many, []string{"x"})})
	require.Equal(t, []string{"INVALID"}, r.codes())
	require.Equal(t, "ids", r.Errors[0].Extensions["field"])
}
