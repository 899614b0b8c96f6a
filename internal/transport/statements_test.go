package transport_test

import (
	"fmt"
	"net/http"
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

// addMany makes n customers, each with a parent, a child, two databases with
// two jobs each, and two members; and as many servers of both kinds.
func (p *panel) addMany(n int) {
	p.t.Helper()
	for _, q := range []string{
		`INSERT INTO database_servers (id, name, host, port, admin_user, admin_password_sealed, created_at)
			SELECT gen_random_uuid(), 's' || i, 'h' || i, 1, 'u', '', now() - i * interval '1 s' FROM generate_series(1, ?0) AS i`,
		`INSERT INTO servers (id, node, name, created_at) SELECT gen_random_uuid(), 'n' || i, 'n' || i, now() - i * interval '1 s' FROM generate_series(1, ?0) AS i`,
		`INSERT INTO users (id, email, name, password_hash) SELECT gen_random_uuid(), i || '@example.com', 'u' || i, 'x' FROM generate_series(1, 2 * ?0) AS i`,
		`INSERT INTO customers (id, name, email, created_at) SELECT gen_random_uuid(), 'parent' || i, 'a@b.c', now() + interval '1 d' FROM generate_series(1, ?0) AS i`,
		`INSERT INTO customers (id, parent_id, name, email, created_at)
			SELECT gen_random_uuid(), id, 'middle', 'a@b.c', now() - number * interval '1 s' FROM customers WHERE name LIKE 'parent%'`,
		`INSERT INTO customers (id, parent_id, name, email, created_at) SELECT gen_random_uuid(), id, 'child', 'a@b.c', now() + interval '2 d' FROM customers WHERE name = 'middle'`,
		`INSERT INTO customer_tree (ancestor_id, customer_id, depth)
			SELECT id, id, 0 FROM customers UNION ALL SELECT parent_id, id, 1 FROM customers WHERE parent_id IS NOT NULL
			UNION ALL SELECT p.parent_id, c.id, 2 FROM customers AS c JOIN customers AS p ON p.id = c.parent_id WHERE p.parent_id IS NOT NULL`,
		`INSERT INTO customer_quotas (customer_id, name) SELECT id, 'DATABASES' FROM customers`,
		`INSERT INTO memberships (user_id, customer_id, role) SELECT u.id, c.id, 'ADMIN' FROM customers AS c
			JOIN LATERAL (SELECT id FROM users WHERE email LIKE (1 + c.number % 7) || '%' ORDER BY id LIMIT 2) AS u ON true`,
		`INSERT INTO databases (id, customer_id, server_id, name, ext_name, username, verifier_sealed, connection_limit, state)
			SELECT gen_random_uuid(), c.id, s.id, 'd' || i, 'c' || c.number || '_d' || i, 'x', '', 1, 'ACTIVE'
			FROM (SELECT *, row_number() OVER () AS n FROM customers WHERE name = 'middle') AS c
			JOIN (SELECT *, row_number() OVER () AS n FROM database_servers) AS s ON s.n = c.n, generate_series(1, 2) AS i`,
		`INSERT INTO database_users (id, database_id, server_id, name, username, rights, verifier_sealed, connection_limit, state)
			SELECT gen_random_uuid(), d.id, d.server_id, 'u' || i, 'u' || substr(d.ext_name, 2) || '_u' || i, 'READ_ONLY', '', 1, 'ACTIVE'
			FROM databases AS d, generate_series(1, 2) AS i`,
		`INSERT INTO jobs (id, kind, plan_version, customer_id, resource_kind, resource_id, target_generation, actor_user_id, state, event_seq)
			SELECT gen_random_uuid(), 'database.create', 1, d.customer_id, 'database', d.id, 1, (SELECT user_id FROM memberships AS m WHERE m.customer_id = d.customer_id LIMIT 1), 'SUCCEEDED', 2
			FROM databases AS d, generate_series(1, 2)`,
		`INSERT INTO job_steps (job_id, idx, name, state) SELECT id, i, 's' || i, 'DONE' FROM jobs, generate_series(0, 3) AS i`,
		`INSERT INTO job_events (job_id, seq, kind, state, percent) SELECT id, i, 'job.created', 'PENDING', 0 FROM jobs, generate_series(1, 2) AS i`,
		`INSERT INTO drift_findings (id, server_id, database_id, customer_id, kind, object_kind, external_name, detail, confirmed, job_id)
			SELECT gen_random_uuid(), d.server_id, d.id, d.customer_id, 'DIFFERS', 'DATABASE', d.ext_name, 'It differs.', true, (SELECT id FROM jobs WHERE resource_id = d.id LIMIT 1)
			FROM databases AS d`,
		`INSERT INTO invitations (id, token_hash, email, name, customer_id, customer_role, invited_by, expires_at)
			SELECT gen_random_uuid(), sha256(c.id::text::bytea), 'guest@example.com', 'guest', c.id, 'READ_ONLY', (SELECT id FROM users ORDER BY id LIMIT 1), now() + interval '1 d'
			FROM customers AS c WHERE name = 'middle'`,
		`INSERT INTO audit_entries (user_id, impersonator_id, action, object_kind, object_id, customer_id, request_id, ip, user_agent, before, detail)
			SELECT j.actor_user_id, j.actor_user_id, 'database.create', 'database', j.resource_id, j.customer_id, 'r', '192.0.2.1', 'curl', '{}', '{"a": 1}' FROM jobs AS j`,
		`ANALYZE`,
	} {
		p.exec(q, n)
	}
}

// asked is how many statements an operation takes with n rows.
func (p *panel) asked(t *testing.T, token, query string, n int) []string {
	t.Helper()
	var r reply
	list := p.sql.During(func() { r = p.post(token, query, vars{"n": n}) })
	require.Equal(t, http.StatusOK, r.status, "%s\n%.500s", query, r.body)
	require.Empty(t, r.Errors, "%s\n%.500s", query, r.body)
	for _, list := range r.Data {
		rows, ok := at(list, "nodes").([]any)
		if !ok {
			rows, ok = at(list, "edges").([]any)
		}
		require.True(t, ok, query)
		require.Len(t, rows, n, query)
	}
	return list
}

// Each list, with each edge of its rows that the schema has: as many rows as
// you like, as many statements as for one.
func TestStatements_ConstantForEachListAndEdge(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	p.addMany(100)
	token, tried := p.staff(), 0
	for _, f := range rootFields(p.schema) {
		conn := p.schema.Types[f.Type.Name()]
		nodes := conn.Fields.ForName("nodes")
		if nodes == nil {
			continue
		}
		row := p.schema.Types[nodes.Type.Name()]
		queries := map[string]string{"alone": "id", "with its total": "id } totalCount pageInfo { hasNextPage"}
		var all []string
		for _, edge := range row.Fields {
			kind := p.schema.Types[edge.Type.Name()].Kind
			leaf := kind == ast.Scalar || kind == ast.Enum
			if strings.HasPrefix(edge.Name, "__") || leaf && edge.Directives.ForName("goField") == nil {
				continue // a column
			}
			selection := fieldWalk{p.schema}.brief(edge) + fieldWalk{p.schema}.selection(edge.Type)
			queries[edge.Name] = selection
			all = append(all, selection)
		}
		queries["with everything"] = strings.Join(all, " ")
		for name, selection := range queries {
			tried++
			query := fmt.Sprintf("query($n: Int) { %s(first: $n) { nodes { %s } } }", f.Name, selection)
			one := p.asked(t, token, query, 1)
			for _, n := range []int{10, 100} {
				require.Len(t, p.asked(t, token, query, n), len(one), "%s, %s, %d rows: %v", f.Name, name, n, one)
			}
			require.NotEmpty(t, one)
			if name == "alone" {
				require.Len(t, one, 1, f.Name)
			}
		}
	}
	require.Greater(t, tried, 20)
}

func TestStatements_ConstantForNodes(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	p.addMany(40)
	var ids []string
	for _, kind := range []struct{ name, sql string }{
		{ident.Customer, "SELECT id::text FROM customers WHERE name = 'middle' ORDER BY id LIMIT 25"},
		{ident.Database, "SELECT id::text FROM databases ORDER BY id LIMIT 25"},
		{ident.DatabaseUser, "SELECT id::text FROM database_users ORDER BY id LIMIT 25"},
	} {
		var rows []string
		require.NoError(t, p.db.NewRaw(kind.sql).Scan(t.Context(), &rows))
		require.Len(t, rows, 25)
		for _, id := range rows {
			ids = append(ids, ident.Opaque(kind.name, uuid.MustParse(id)))
		}
	}
	token := p.staff()
	query := `query($ids: [ID!]!) { nodes(ids: $ids) { id ... on Customer { quotas { used } databases(first: 1) { nodes { name } } } ... on Database { host customer { name } jobs(first: 1) { nodes { id } } } ... on DatabaseUser { username database { name } } } }`
	count := func(ids []string) int {
		return len(p.sql.During(func() { require.Len(t, at(p.must(token, query, vars{"ids": ids}), "nodes"), len(ids)) }))
	}
	require.Equal(t, count([]string{ids[0], ids[49], ids[74]}), count(ids), "one statement for each kind and each edge")
}

// Lists within lists, as deep as they go: one statement for each edge of a level,
// however many rows. gqlgen's own executor asks once for each list of siblings.
func TestStatements_ConstantInListsWithinLists(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	p.addMany(100)
	token := p.staff()
	for name, query := range map[string]string{
		"databases of customers": `query($n: Int) { customers(first: $n) { nodes { databases(first: 2) { nodes { host server { name } customer { name } jobs(first: 2) { nodes { id } } } } } } }`,
		"steps of jobs":          `query($n: Int) { databases(first: $n) { nodes { jobs(first: 2) { nodes { steps { name } actor { email } customer { name } } } } } }`,
		"users of databases":     `query($n: Int) { customers(first: $n) { nodes { databases(first: 2) { nodes { users(first: 2) { nodes { username database { name } } } } } } } }`,
		"users of memberships":   `query($n: Int) { customers(first: $n) { nodes { memberships(first: 2) { nodes { user { email } customer { name } } } } } }`,
		"children's quotas":      `query($n: Int) { customers(first: $n) { nodes { children(first: 2) { nodes { quotas { used } parent { name } } } } } }`,
		"through edges":          `query($n: Int) { customers(first: $n) { edges { node { databases(first: 2) { edges { node { host jobs(first: 2) { edges { node { steps { name } } } } } } } } } } }`,
		"with totals":            `query($n: Int) { customers(first: $n) { nodes { databases(first: 2) { totalCount nodes { jobs(first: 2) { totalCount nodes { id } } } } } } }`,
		"all of it": `query($n: Int) { customers(first: $n) { nodes { quotas { used } parent { name } children(first: 1) { nodes { id } } memberships(first: 2) { nodes { user { email } } }
			databases(first: 2) { nodes { host server { name } customer { name } users(first: 2) { nodes { name } } jobs(first: 2) { nodes { steps { name } } } } } } } }`,
	} {
		one, two, ten := len(p.asked(t, token, query, 1)), len(p.asked(t, token, query, 2)), len(p.asked(t, token, query, 10))
		hundred := len(p.asked(t, token, query, 100))
		t.Logf("%s: %d statements for 1 row, %d for 10, %d for 100", name, one, ten, hundred)
		if !stockExecutor() {
			require.Equal(t, []int{one, one, one}, []int{two, ten, hundred}, "%s: statements for 1, 2, 10, 100 rows", name)
			continue
		}
		each := two - one
		require.Positive(t, each, "%s: two levels down are in the query", name)
		require.LessOrEqual(t, ten, one+9*each, "%s: %d, %d, %d statements for 1, 2, 10 rows", name, one, two, ten)
		require.LessOrEqual(t, hundred, one+99*each, "%s: %d, %d, %d statements for 1, 2, 10 rows", name, one, two, ten)
	}
}

// What is read side by side goes to PostgreSQL in one round trip.
func TestStatements_OneRoundTripALevel(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	p.addMany(20)
	token := p.staff()
	for name, tc := range map[string]struct {
		query             string
		statements, trips int
	}{
		"three edges":           {`query($n: Int) { customers(first: $n) { nodes { quotas { used } parent { name } databases(first: 2) { nodes { name } } } } }`, 4, 2},
		"two levels":            {`query($n: Int) { customers(first: $n) { nodes { quotas { used } databases(first: 2) { nodes { server { name } users(first: 2) { nodes { name } } jobs(first: 2) { nodes { kind } } } } } } }`, 6, 3},
		"steps and events":      {`query($n: Int) { jobs(first: $n) { nodes { steps { name } events(first: 2) { kind } actor { email } customer { name } } } }`, 5, 2},
		"edges that count":      {`query($n: Int) { databases(first: $n) { nodes { overQuota host customer { name } users(first: 2) { nodes { name } } server { databaseCount } } } }`, 6, 3},
		"servers":               {`query($n: Int) { databaseServers(first: $n) { nodes { databaseCount } } }`, 2, 2},
		"users' memberships":    {`query($n: Int) { databases(first: $n) { nodes { customer { memberships(first: 2) { nodes { user { memberships { role } } } } quotas { used } } } } }`, 6, 5},
		"findings":              {`query($n: Int) { driftFindings(first: $n) { nodes { resource { id } server { name } job { kind } } } }`, 4, 2},
		"cousins":               {`query($n: Int) { customers(first: $n) { nodes { quotas { used } memberships(first: 2) { nodes { user { email } } } databases(first: 2) { nodes { host users(first: 2) { nodes { name } } jobs(first: 2) { nodes { id } } } } } } }`, 8, 3},
		"a page and its totals": {`query($n: Int) { databases(first: $n) { nodes { jobs(first: 2) { totalCount nodes { id } } users(first: 2) { totalCount nodes { id } } } } }`, 5, 2},
	} {
		for _, n := range []int{1, 20} {
			list := p.asked(t, token, tc.query, n)
			if stockExecutor() { // which knows of no levels; a total is beside its page
				require.GreaterOrEqual(t, len(list), p.sql.RoundTrips(), name)
				continue
			}
			require.Len(t, list, tc.statements, name)
			require.Equal(t, tc.trips, p.sql.RoundTrips(), "%s, %d rows", name, n)
		}
	}
}

// Whose rows are filtered pays no round trip for it, unless there is a page without rows.
func TestStatements_OneRoundTripALevelForTenants(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	p.addMany(20)
	who := &actor.Actor{}
	var parents []*models.Customer
	require.NoError(t, p.db.NewSelect().Model(&parents).Where("parent_id IS NULL").Scan(t.Context()))
	for _, c := range parents {
		who.Grants = append(who.Grants, actor.Grant{Customer: c.ID, Permissions: auth.CustomerPermissions(models.CustomerOwner)})
	}
	token := p.as(who)
	for name, tc := range map[string]struct {
		query             string
		statements, trips int
	}{
		"pages":         {`query($n: Int) { databases(first: $n) { nodes { jobs(first: 2) { nodes { id } } users(first: 2) { nodes { name } } overQuota } } }`, 4, 2},
		"users":         {`query($n: Int) { databases(first: $n) { nodes { jobs(first: 2) { nodes { actor { email memberships { role } } } } } } }`, 4, 4},
		"an empty page": {`query($n: Int) { databases(first: $n) { nodes { dumps(first: 1) { nodes { id } } } } }`, 3, 3},
	} {
		for _, n := range []int{1, 20} {
			list := p.asked(t, token, tc.query, n)
			if stockExecutor() {
				continue
			}
			require.Len(t, list, tc.statements, "%s, %d rows", name, n)
			require.Equal(t, tc.trips, p.sql.RoundTrips(), "%s, %d rows", name, n)
		}
	}
}

// A row asked for as edges { node } is one level below its list, as in nodes.
func TestStatements_EdgesCostWhatNodesCost(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	p.addMany(10)
	token := p.staff()
	for list, edge := range map[string]string{"customers": "quotas { used }", "databases": "host", "jobs": "steps { name }", "databaseServers": "databaseCount"} {
		nodes := p.asked(t, token, "query($n: Int) { "+list+"(first: $n) { nodes { "+edge+" } } }", 10)
		edges := p.asked(t, token, "query($n: Int) { "+list+"(first: $n) { edges { node { "+edge+" } } } }", 10)
		most := len(nodes)
		if stockExecutor() { // which batches only what is directly in a list
			most += 9
		}
		require.LessOrEqual(t, len(edges), most, "%s: %v", list, edges)
	}
}

// What is asked for twice under two names, with the same arguments, is read once.
func TestStatements_AliasesAreReadOnce(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	p.addMany(10)
	token := p.staff()
	once := p.asked(t, token, `query($n: Int) { customers(first: $n) { nodes { quotas { used } databases(first: 2) { totalCount nodes { host } } } } }`, 10)
	twice := p.asked(t, token, `query($n: Int) { customers(first: $n) { nodes { a: quotas { used } b: quotas { name }
		a2: databases(first: 2) { nodes { host } } b2: databases(first: 2) { totalCount nodes { host name } } quotas { used } } }
		again: customers(first: $n) { nodes { id databases(first: 2) { nodes { host } } } } }`, 10)
	if stockExecutor() { // which reads once for each name
		require.Greater(t, len(twice), len(once))
		return
	}
	require.Len(t, twice, len(once), "%v", twice)
}
