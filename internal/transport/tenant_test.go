package transport_test

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/ident"
)

// What an id that names nothing of the caller's gives.
type answer int

const (
	isNull      answer = iota // a lookup: null without an error
	isNotFound                // a mutation or a stream: NOT_FOUND with the field
	isEmpty                   // a filter: nothing is found
	isForbidden               // what no role in a customer may do: FORBIDDEN whatever the id is
)

// An idPlace is what a place that takes an id takes ids of, and what it gives for one that
// is not the caller's.
type idPlace struct {
	gives answer
	kind  string // "" is every kind
}

// Each place of the schema that takes an id. A new place fails the test until it is
// entered here.
var places = map[string]idPlace{
	"Query.customer(id)":                                {isNull, ident.Customer},
	"Query.database(id)":                                {isNull, ident.Database},
	"Query.databases(filter.customerId)":                {isEmpty, ident.Customer},
	"Query.databases(filter.serverId)":                  {isEmpty, ident.DatabaseServer},
	"Query.auditEvents(filter.actorId)":                 {isEmpty, ident.User},
	"Query.auditEvents(filter.customerId)":              {isEmpty, ident.Customer},
	"Query.auditEvents(filter.objectId)":                {isEmpty, ""},
	"Query.job(id)":                                     {isNull, ident.Job},
	"Query.jobs(filter.customerId)":                     {isEmpty, ident.Customer},
	"Query.jobs(filter.resourceId)":                     {isEmpty, ""},
	"Query.node(id)":                                    {isNull, ""},
	"Query.nodes(ids)":                                  {isNull, ""},
	"Mutation.revokeSession(input.id)":                  {isNotFound, ident.Session},
	"Mutation.markNotificationsRead(input.ids)":         {isNotFound, ident.Notification},
	"Mutation.revokeApiToken(input.id)":                 {isNotFound, ident.APIToken},
	"Mutation.createApiToken(input.customerId)":         {isNotFound, ident.Customer},
	"Mutation.createApiToken(input.objectIds)":          {isNotFound, ident.Database},
	"Mutation.impersonate(input.userId)":                {isForbidden, ident.User},
	"Mutation.archiveCustomer(input.id)":                {isNotFound, ident.Customer},
	"Mutation.cancelJob(input.id)":                      {isNotFound, ident.Job},
	"Mutation.changeDatabases(input.ids)":               {isNotFound, ident.Database},
	"Mutation.changeDatabases(input.filter.customerId)": {isNotFound, ident.Customer},
	"Mutation.changeDatabases(input.filter.serverId)":   {isNotFound, ident.DatabaseServer},
	"Mutation.openDatabaseForCleanup(input.id)":         {isNotFound, ident.Database},
	"Mutation.keepPreviousDatabaseLogin(input.id)":      {isNotFound, ident.Database},
	"Mutation.setDatabaseAccess(input.id)":              {isNotFound, ident.Database},
	"Mutation.restoreDatabase(input.id)":                {isNotFound, ident.Database},
	"Mutation.resumeCustomer(input.id)":                 {isNotFound, ident.Customer},
	"Mutation.resumeDatabase(input.id)":                 {isNotFound, ident.Database},
	"Mutation.retryJob(input.id)":                       {isNotFound, ident.Job},
	"Mutation.rotateDatabasePassword(input.id)":         {isNotFound, ident.Database},
	"Mutation.suspendCustomer(input.id)":                {isNotFound, ident.Customer},
	"Mutation.suspendDatabase(input.id)":                {isNotFound, ident.Database},
	"Mutation.createCustomer(input.parentId)":           {isNotFound, ident.Customer},
	"Mutation.createDatabase(input.customerId)":         {isNotFound, ident.Customer},
	"Mutation.createDatabase(input.serverId)":           {isNotFound, ident.DatabaseServer},
	"Mutation.deleteDatabase(input.id)":                 {isNotFound, ident.Database},
	"Mutation.updateCustomer(input.id)":                 {isNotFound, ident.Customer},
	"Subscription.jobFeed(customerId)":                  {isNotFound, ident.Customer},
	"Subscription.jobProgress(id)":                      {isNotFound, ident.Job},
	"Viewer.permissions(customerId)":                    {isEmpty, ident.Customer},
	"Query.driftFindings(filter.customerId)":            {isEmpty, ident.Customer},
	"Query.driftFindings(filter.databaseId)":            {isEmpty, ident.Database},
	"Query.driftFindings(filter.serverId)":              {isEmpty, ident.DatabaseServer},
	"Mutation.decideDriftFinding(input.id)":             {isNotFound, ident.DriftFinding},
	"Mutation.setDatabaseDriftPolicy(input.id)":         {isNotFound, ident.Database},
	"Query.server(id)":                                  {isForbidden, ident.Server},
	"Subscription.serverMetrics(serverId)":              {isForbidden, ident.Server},
	"Mutation.releaseDriftBrake(input.id)":              {isForbidden, ident.DatabaseServer},
	"Mutation.surveyDatabaseServer(input.id)":           {isForbidden, ident.DatabaseServer},
	"Mutation.checkDatabaseServer(input.id)":            {isForbidden, ident.DatabaseServer},
	"Mutation.removeDatabaseServer(input.id)":           {isForbidden, ident.DatabaseServer},
	"Mutation.setDatabaseServerMaintenance(input.id)":   {isForbidden, ident.DatabaseServer},
	"Mutation.updateDatabaseServer(input.id)":           {isForbidden, ident.DatabaseServer},
	"Query.databaseUser(id)":                            {isNull, ident.DatabaseUser},
	"Mutation.createDatabaseUser(input.databaseId)":     {isNotFound, ident.Database},
	"Mutation.deleteDatabaseUser(input.id)":             {isNotFound, ident.DatabaseUser},
	"Mutation.rotateDatabaseUserPassword(input.id)":     {isNotFound, ident.DatabaseUser},
	"Mutation.updateDatabaseUser(input.id)":             {isNotFound, ident.DatabaseUser},
	"Query.invitations(filter.customerId)":              {isEmpty, ident.Customer},
	"Query.users(filter.customerId)":                    {isEmpty, ident.Customer},
	"Mutation.changeMembership(input.customerId)":       {isNotFound, ident.Customer},
	"Mutation.changeMembership(input.userId)":           {isNotFound, ident.User},
	"Mutation.removeMember(input.customerId)":           {isNotFound, ident.Customer},
	"Mutation.removeMember(input.userId)":               {isNotFound, ident.User},
	"Mutation.inviteUser(input.customerId)":             {isNotFound, ident.Customer},
	"Mutation.revokeInvitation(input.id)":               {isNotFound, ident.Invitation},
	"Mutation.setProviderRole(input.userId)":            {isForbidden, ident.User},
	"Mutation.disableUser(input.id)":                    {isForbidden, ident.User},
	"Mutation.enableUser(input.id)":                     {isForbidden, ident.User},
	"Query.databaseDump(id)":                            {isNull, ident.DatabaseDump},
	"Mutation.cloneDatabase(input.customerId)":          {isNotFound, ident.Customer},
	"Mutation.cloneDatabase(input.id)":                  {isNotFound, ident.Database},
	"Mutation.createDatabaseDumpUrl(input.id)":          {isNotFound, ident.DatabaseDump},
	"Mutation.createDatabaseUpload(input.databaseId)":   {isNotFound, ident.Database},
	"Mutation.deleteDatabaseDump(input.id)":             {isNotFound, ident.DatabaseDump},
	"Mutation.exportDatabase(input.id)":                 {isNotFound, ident.Database},
	"Mutation.importDatabase(input.dumpId)":             {isNotFound, ident.DatabaseDump},
	"Mutation.importDatabase(input.id)":                 {isNotFound, ident.Database},
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
	operation, field := d.asks(t, p, own)
	return operation + "($id: ID!) { " + field + " }"
}

// asks is the root field that gives $id at the place, and the operation that has it.
func (d fieldWalk) asks(t *testing.T, p place, own tenant) (operation, field string) {
	t.Helper()
	def := d.schema.Types[p.typeName]
	f := def.Fields.ForName(p.field)
	field = p.field + samples.Replace(d.arguments(f, p.path)) + d.selection(f.Type)
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
		return "query", field
	case d.schema.Mutation:
		return "mutation", field
	case d.schema.Subscription:
		return "subscription", field
	}
	require.Equal(t, "Viewer", p.typeName, "%s: this test does not know how to reach a %s", p, p.typeName)
	return "query", "viewer { " + field + " }"
}

// S14: of everything that takes an id, what is another's, what does not exist and what is
// no id at all give the same answer, byte for byte.
func TestS14_ForeignMissingAndGarbageAreTheSame(t *testing.T) {
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
	for _, kind := range []string{ident.User, ident.Database, ident.DatabaseServer, ident.DatabaseUser, ident.DatabaseDump, ident.Job, ident.DriftFinding, ident.Server, ident.Session, ident.Invitation, ident.AuditEvent, ident.APIToken, ident.Impersonation, ident.Notification, "invoice"} {
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

	before := p.count("SELECT (SELECT count(*) FROM audit_entries WHERE allowed) + (SELECT count(*) FROM jobs) + (SELECT count(*) FROM databases) + (SELECT count(*) FROM database_users) + (SELECT count(*) FROM database_dumps) + (SELECT count(*) FROM database_dump_links) + (SELECT count(*) FROM customers) + (SELECT count(*) FROM sessions WHERE ended_at IS NULL) + (SELECT count(*) FROM invitations) + (SELECT count(*) FROM memberships) + (SELECT count(*) FROM mails) + (SELECT count(*) FROM api_tokens WHERE revoked_at IS NULL) + (SELECT count(*) FROM impersonations) + (SELECT count(*) FROM notifications WHERE read_at IS NULL)")
	for _, at := range all {
		p.exec("DELETE FROM audit_entries WHERE NOT allowed") // the caller's own, about any id
		t.Run(at.String(), func(t *testing.T) {
			p.sameForAll(t, at, d.call(t, at, b), b.token, missing, foreign)
		})
	}
	require.Equal(t, before, p.count("SELECT (SELECT count(*) FROM audit_entries WHERE allowed) + (SELECT count(*) FROM jobs) + (SELECT count(*) FROM databases) + (SELECT count(*) FROM database_users) + (SELECT count(*) FROM database_dumps) + (SELECT count(*) FROM database_dump_links) + (SELECT count(*) FROM customers) + (SELECT count(*) FROM sessions WHERE ended_at IS NULL) + (SELECT count(*) FROM invitations) + (SELECT count(*) FROM memberships) + (SELECT count(*) FROM mails) + (SELECT count(*) FROM api_tokens WHERE revoked_at IS NULL) + (SELECT count(*) FROM impersonations) + (SELECT count(*) FROM notifications WHERE read_at IS NULL)"), "and nothing was done")

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
		p.exec("UPDATE notifications SET read_at = NULL")
		p.exec("UPDATE sessions SET ended_at = NULL, end_reason = NULL WHERE id = ?", a.session)
		p.exec("DELETE FROM invitations WHERE id <> ?", a.invitation)
		p.addInvitation("again", a)
		query, token := d.call(t, at, a), staff
		if at.String() == "Mutation.revokeSession(input.id)" || at.String() == "Mutation.markNotificationsRead(input.ids)" { // which is nobody else's, whatever they hold
			token = a.token
		}
		nothing := p.post(token, query, vars{"id": missing})
		ids := withID(withID(a.ids(), "server", server.Opaque()), "host", host.Opaque())
		differs := slices.ContainsFunc([]string{"apiToken", "auditEvent", "customer", "database", "databaseDump", "databaseUser", "driftFinding", "host", "invitation", "job", "notification", "server", "session", "user"}, func(kind string) bool {
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
	kind := places[at.String()].gives
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
		if at.field == "inviteUser" { // of which 50 are the most
			p.exec("DELETE FROM tries")
		}
		require.Equal(t, want.same(), p.post(token, query, vars{"id": id}).same(), "%s is not as missing", what)
	}
	if at.typeName == "Subscription" {
		want := p.overSocket(t, token, query, missing)
		for what, id := range foreign {
			require.Equal(t, want, p.overSocket(t, token, query, id), "%s over a socket is not as missing", what)
		}
	}
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
