package app

import (
	"maps"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

const changed = "database { id state suspendReason deleteAfter } job { id kind state } preview { steps }"

// The life of a database as a client lives it: over the graph, with a real
// server behind it. Before each step it is asked for by a dry run, which does nothing.
func TestGraph_TheLifeOfADatabase(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	boss := b.served(t)
	s := boss.shop(b, b.name, boss.customer(args{"name": "Shop", "email": "shop@example.com"}))
	require.NoError(t, boss.enters(s))
	id := args{"id": s.database}
	do := func(mutation, kind, outcome string, input args, steps ...any) answer {
		tried := args{"dryRun": true}
		maps.Copy(tried, input)
		before := boss.state(s)
		dry := boss.do(mutation, changed, tried).fine()
		require.Equal(t, steps, dry.at("it", "preview", "steps"), "%s", mutation)
		require.Nil(t, dry.at("it", "job"))
		require.Equal(t, before, boss.state(s))
		a := boss.do(mutation, changed, input).fine()
		require.Equal(t, kind, a.text("it", "job", "kind"))
		boss.over(a.text("it", "job", "id"), outcome)
		return a
	}

	a := do("suspendDatabase", "database.suspend", "SUCCEEDED", args{"id": s.database, "reason": "Unpaid."}, "disable-login", "close-database")
	require.Equal(t, "Unpaid.", a.text("it", "database", "suspendReason"))
	require.Equal(t, "SUSPENDED", boss.state(s))
	require.Error(t, boss.enters(s))
	boss.do("suspendDatabase", changed, id).refused("CONFLICT", "id")
	boss.do("suspendDatabase", changed, args{"id": s.database, "dryRun": true}).refused("CONFLICT", "id")
	boss.do("rotateDatabasePassword", changed, id).refused("CONFLICT", "id")
	boss.do("restoreDatabase", changed, id).refused("CONFLICT", "id")

	do("resumeDatabase", "database.resume", "SUCCEEDED", id, "open-database", "enable-login")
	require.Equal(t, "ACTIVE", boss.state(s))
	require.NoError(t, boss.enters(s), "with the password of before")
	boss.do("resumeDatabase", changed, id).refused("CONFLICT", "id")

	a = boss.do("rotateDatabasePassword", changed+" credentials { username password }", args{"id": s.database, "dryRun": true}).fine()
	require.Nil(t, a.at("it", "credentials"))
	require.Equal(t, []any{"set-password"}, a.at("it", "preview", "steps"))
	a = boss.do("rotateDatabasePassword", changed+" credentials { username password }", id).fine()
	boss.over(a.text("it", "job", "id"), "SUCCEEDED")
	old := s
	s.password = a.text("it", "credentials", "password")
	require.Error(t, boss.enters(old))
	require.NoError(t, boss.enters(s))

	a = boss.do("deleteDatabase", changed, args{"id": s.database, "graceSeconds": 3600}).fine()
	deletion := a.text("it", "job", "id")
	boss.until(deletion, "it is closed and waits", func(a answer) bool { return a.at("job", "waitingFor") != nil })
	require.Error(t, boss.enters(s))
	do("restoreDatabase", "database.delete", "CANCELED", id, "grace-period", "close")
	require.Equal(t, deletion, boss.ok("query($id: ID!) { database(id: $id) { jobs(first: 1) { nodes { id } } } }", id).text("database", "jobs", "nodes", 0, "id"))
	require.Equal(t, "ACTIVE", boss.state(s))
	require.NoError(t, boss.enters(s))
}

// Maintenance of one server: nothing is placed on it, jobs wait and say why,
// can be taken back and tried again, and go on with its end.
func TestGraph_MaintenanceCancelAndRetry(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	boss := b.served(t)
	customer := boss.customer(args{"name": "Shop", "email": "shop@example.com"})
	s := boss.shop(b, b.name, customer)
	server := boss.ok("{ databaseServers { nodes { id } } }", nil).text("databaseServers", "nodes", 0, "id")
	const fields = "databaseServer { maintenance { reason since } }"
	maintain := func(enabled bool) answer {
		return boss.do("setDatabaseServerMaintenance", fields, args{"id": server, "enabled": enabled, "reason": "New disks."})
	}
	boss.do("setDatabaseServerMaintenance", fields, args{"id": server, "enabled": true}).refused("INVALID", "reason")
	require.Equal(t, "New disks.", maintain(true).fine().text("it", "databaseServer", "maintenance", "reason"))
	boss.do("createDatabase", changed, args{"customerId": customer, "name": "other"}).refused("UNAVAILABLE", "serverId")

	waits := func(a answer) bool { return a.at("job", "waitingFor") != nil }
	job := boss.do("suspendDatabase", changed, args{"id": s.database}).fine().text("it", "job", "id")
	require.Contains(t, boss.until(job, "it waits", waits).text("job", "waitingFor"), "New disks.")
	require.NoError(t, boss.enters(s), "nothing was done yet")
	boss.do("resumeDatabase", changed, args{"id": s.database}).refused("CONFLICT", "id")

	a := boss.do("cancelJob", "job { id cancelRequestedAt }", args{"id": job}).fine()
	require.NotNil(t, a.at("it", "job", "cancelRequestedAt"))
	// The step was begun, so only the server can tell what there is to undo.
	boss.until(job, "it waits to be taken back", func(a answer) bool { return waits(a) && a.text("job", "state") == "RUNNING" })
	require.Nil(t, maintain(false).fine().at("it", "databaseServer", "maintenance"))
	boss.over(job, "CANCELED")
	boss.do("cancelJob", "job { id }", args{"id": job}).refused("CONFLICT", "id")
	require.Equal(t, "ACTIVE", boss.state(s))

	maintain(true).fine()
	again := boss.do("retryJob", "job { id state }", args{"id": job}).fine().text("it", "job", "id")
	require.NotEqual(t, job, again, "what was canceled is ordered again in a job of its own")
	boss.until(again, "it waits", waits)
	require.Equal(t, again, boss.do("retryJob", "job { id }", args{"id": again}).fine().text("it", "job", "id"), "what waits goes on at once")
	boss.until(again, "it waits again", waits)
	require.Nil(t, maintain(false).fine().at("it", "databaseServer", "maintenance"))
	boss.over(again, "SUCCEEDED")
	require.Equal(t, "SUSPENDED", boss.state(s))
	require.Error(t, boss.enters(s))
	boss.do("retryJob", "job { id }", args{"id": again}).refused("CONFLICT", "id")
}

// What FAILED is discarded: nothing of it was left, what was foreign is untouched,
// and its name and quota are free.
func TestGraph_DiscardWhatFailed(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	boss := b.served(t)
	customer := boss.customer(args{"name": "Shop", "email": "shop@example.com", "quotas": []args{{"name": "DATABASES", "max": "1"}}})
	// The bench's first customer has the number 1.
	foreign := "c1_" + b.name
	require.NoError(t, b.onServerExec(t.Context(), "CREATE ROLE "+foreign))
	order := func() answer {
		return boss.do("createDatabase", "database { id externalName } job { id } credentials { password }", args{"customerId": customer, "name": b.name}).fine()
	}
	a := order()
	require.Equal(t, foreign, a.text("it", "database", "externalName"))
	failed := boss.over(a.text("it", "job", "id"), "FAILED")
	require.Equal(t, "CONFLICT", failed.text("job", "error", "code"))
	id := a.text("it", "database", "id")
	require.Equal(t, "FAILED", boss.ok("query($id: ID!) { database(id: $id) { state } }", args{"id": id}).text("database", "state"))

	dry := boss.do("deleteDatabase", "job { id } preview { steps quotas { name used } }", args{"id": id, "dryRun": true}).fine()
	require.Equal(t, []any{}, dry.at("it", "preview", "steps"), "there is nothing on a server")
	a = boss.do("deleteDatabase", "database { id } job { id }", args{"id": id}).fine()
	require.Nil(t, a.at("it", "job"))
	require.Equal(t, id, a.text("it", "database", "id"))
	require.Nil(t, boss.ok("query($id: ID!) { database(id: $id) { state } }", args{"id": id}).at("database"))
	boss.do("deleteDatabase", "job { id }", args{"id": id}).refused("NOT_FOUND", "id")
	require.Equal(t, "1", b.ask(t, "SELECT count(*) FROM pg_roles WHERE rolname = '"+foreign+"'"), "what is foreign was not touched")

	require.NoError(t, b.onServerExec(t.Context(), "DROP ROLE "+foreign))
	s := boss.shop(b, b.name, customer)
	require.NoError(t, boss.enters(s), "name and quota were free")
}

// A customer's suspension reaches what is below, is seen by those above only,
// and ends where it began.
func TestGraph_SuspendCustomer(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	boss := b.served(t)
	reseller := boss.customer(args{"name": "Reseller", "email": "r@example.com"})
	customer := boss.customer(args{"name": "Shop", "email": "shop@example.com", "parentId": reseller})
	one, two := boss.shop(b, b.name+"a", customer), boss.shop(b, b.name+"b", customer)
	const fields = "customer { id state } job { id kind } preview { steps }"
	turn := func(mutation, kind string, input args, state string) {
		tried := args{"dryRun": true}
		maps.Copy(tried, input)
		dry := boss.do(mutation, fields, tried).fine()
		require.Len(t, dry.at("it", "preview", "steps"), 1)
		require.Nil(t, dry.at("it", "job"))
		a := boss.do(mutation, fields, input).fine()
		job := a.text("it", "job", "id")
		boss.over(job, "SUCCEEDED")
		children := boss.ok(`query($id: ID!) { job(id: $id) { customer { id } children { totalCount nodes { kind state parent { id } customer { id } } } } }`, args{"id": job})
		require.Equal(t, reseller, children.text("job", "customer", "id"), "it belongs to those above")
		require.InDelta(t, 2, children.at("job", "children", "totalCount"), 0)
		for i := range 2 {
			require.Equal(t, map[string]any{"kind": kind, "state": "SUCCEEDED", "parent": map[string]any{"id": job}, "customer": map[string]any{"id": customer}},
				children.at("job", "children", "nodes", i))
		}
		require.Equal(t, state, boss.ok("query($id: ID!) { customer(id: $id) { state } }", args{"id": customer}).text("customer", "state"))
		boss.do(mutation, fields, input).refused("CONFLICT", "id")
	}
	turn("suspendCustomer", "database.suspend", args{"id": customer, "reason": "Unpaid."}, "SUSPENDED")
	require.Error(t, boss.enters(one))
	require.Error(t, boss.enters(two))
	boss.do("resumeDatabase", changed, args{"id": one.database}).refused("CONFLICT", "id")
	turn("resumeCustomer", "database.resume", args{"id": customer}, "ACTIVE")
	require.NoError(t, boss.enters(one))
	require.NoError(t, boss.enters(two))
}

// Several databases at once: one job, a child each, all or none, and a repeated
// request does not do it again.
func TestGraph_ChangeDatabases(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	boss := b.served(t)
	customer := boss.customer(args{"name": "Shop", "email": "shop@example.com"})
	one, two, three := boss.shop(b, b.name+"a", customer), boss.shop(b, b.name+"b", customer), boss.shop(b, b.name+"c", customer)
	ids := []string{three.database, one.database, two.database}
	const fields = "databases { id state } job { id kind state resource { id } } preview { steps quotas { name } }"
	suspend := args{"action": "SUSPEND", "ids": ids, "reason": "Unpaid."}

	dry := boss.do("changeDatabases", fields, args{"action": "SUSPEND", "ids": ids, "dryRun": true}).fine()
	require.Equal(t, []any{"change-each"}, dry.at("it", "preview", "steps"))
	require.Nil(t, dry.at("it", "job"))
	boss.do("changeDatabases", fields, args{"action": "SUSPEND", "ids": slices.Concat(ids, []string{customer})}).refused("NOT_FOUND", "ids.3")

	key := []string{"Idempotency-Key", "all-of-shop"}
	a := boss.do("changeDatabases", fields, suspend, key...).fine()
	job := a.text("it", "job", "id")
	require.Equal(t, "database.bulk", a.text("it", "job", "kind"))
	require.Nil(t, a.at("it", "job", "resource"), "no one thing")
	require.Equal(t, job, boss.do("changeDatabases", fields, suspend, key...).fine().text("it", "job", "id"), "the same once more")
	boss.over(job, "SUCCEEDED")
	a = boss.do("changeDatabases", fields, suspend, key...).fine()
	require.Equal(t, job, a.text("it", "job", "id"))
	for i, id := range ids {
		require.Equal(t, map[string]any{"id": id, "state": "SUSPENDED"}, a.at("it", "databases", i), "in the order of the ids")
	}
	outcome := boss.ok(`query($id: ID!) { job(id: $id) { percent children(first: 100) { totalCount nodes { kind state error { message } resource { id } } } } }`, args{"id": job})
	require.InDelta(t, 3, outcome.at("job", "children", "totalCount"), 0)
	var seen []string
	for i := range 3 {
		require.Equal(t, "SUCCEEDED", outcome.text("job", "children", "nodes", i, "state"))
		seen = append(seen, outcome.text("job", "children", "nodes", i, "resource", "id"))
	}
	require.ElementsMatch(t, ids, seen)
	boss.do("changeDatabases", fields, suspend).errorsAt(t, "CONFLICT ids.0", "CONFLICT ids.1", "CONFLICT ids.2")

	a = boss.do("changeDatabases", fields, args{"action": "RESUME", "filter": args{"customerId": customer, "state": "SUSPENDED"}}).fine()
	boss.over(a.text("it", "job", "id"), "SUCCEEDED")
	for _, s := range []shop{one, two, three} {
		require.NoError(t, boss.enters(s))
	}
	a = boss.do("changeDatabases", fields, args{"action": "DELETE", "ids": ids, "graceSeconds": 0}).fine()
	boss.over(a.text("it", "job", "id"), "SUCCEEDED")
	for _, s := range []shop{one, two, three} {
		require.Nil(t, boss.ok("query($id: ID!) { database(id: $id) { state } }", args{"id": s.database}).at("database"))
		_, err := pgx.Connect(t.Context(), b.tenants.ConnString(s.name).Reveal())
		require.ErrorContains(t, err, "does not exist", "it is gone from the server")
	}
}

// errorsAt wants these errors, by code and field, in this order.
func (a answer) errorsAt(t *testing.T, want ...string) {
	t.Helper()
	var got []string
	for _, e := range a.errors {
		got = append(got, e.Extensions.Code+" "+e.Extensions.Field)
	}
	require.Equal(t, want, got, a.body)
}
