package transport_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/testkit"
)

// addDatabases makes n databases, ten to a customer, one in ten of them FAILED.
func (p *panel) addDatabases(n int) {
	p.t.Helper()
	for _, q := range []string{
		`INSERT INTO customers (id, name, email) SELECT gen_random_uuid(), 'scale' || i, 'a@b.c' FROM generate_series(?0 / 100, ?0 / 10) AS i`,
		`INSERT INTO customer_tree (ancestor_id, customer_id, depth) SELECT id, id, 0 FROM customers ON CONFLICT DO NOTHING`,
		`INSERT INTO databases (id, customer_id, server_id, name, ext_name, username, verifier_sealed, connection_limit, state, created_at)
			SELECT gen_random_uuid(), c.id, (SELECT id FROM database_servers LIMIT 1), 'd' || i, 'c' || c.number || '_d' || i, 'x', '', 1,
				CASE WHEN (c.number * 10 + i) % 10 = 0 THEN 'FAILED' ELSE 'ACTIVE' END, now() - (c.number * 10 + i) * interval '1 minute'
			FROM (SELECT * FROM customers WHERE name LIKE 'scale%' AND NOT EXISTS (SELECT FROM databases AS d WHERE d.customer_id = customers.id)) AS c, generate_series(1, 10) AS i`,
		`VACUUM ANALYZE`,
	} {
		p.exec(q, n)
	}
}

// blocks is how much of the tables and indexes the statements of an operation touch.
func (p *panel) blocks(t *testing.T, token, query string, v vars) (n int) {
	t.Helper()
	var r reply
	p.sql.During(func() { r = p.post(token, query, v) })
	require.Equal(t, http.StatusOK, r.status)
	require.Empty(t, r.Errors, "%s", r.body)
	for _, sql := range p.sql.Written() {
		if !strings.HasPrefix(sql, "SELECT") {
			continue
		}
		var out string
		require.NoError(t, p.db.NewRaw("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) "+strings.ReplaceAll(sql, "?", `\?`)).Scan(t.Context(), &out))
		var plans []struct {
			Plan struct {
				Hit  int `json:"Shared Hit Blocks"`
				Read int `json:"Shared Read Blocks"`
			}
		}
		require.NoError(t, json.Unmarshal([]byte(out), &plans), out)
		n += plans[0].Plan.Hit + plans[0].Plan.Read
		if plans[0].Plan.Hit+plans[0].Plan.Read > 1000 {
			t.Log(sql, out) // it is going to fail, or to show that it can
		}
	}
	return n
}

// fastest is the time of an operation that nothing else got in the way of.
func (p *panel) fastest(token, query string) time.Duration {
	best := time.Hour
	for range 30 {
		began := time.Now()
		p.post(token, query, nil)
		best = min(best, time.Since(began))
	}
	return best
}

// A page costs what it costs, however many databases there are. Blocks are
// asserted, since they are the same on every machine; of times the ratio is told.
func TestScale_APageOfDatabasesCostsTheSame(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	server := p.addServer()
	tenant := p.addTenant("small", ident.CustomerID{}, server)
	staff := p.staff()
	type page struct{ token, args string }
	full := []string{"newest", "by name", "of a state", "of a state, by name", "of a server", "of a server, by name", "a search for many"}
	pages := map[string]page{
		"newest":                  {staff, ``},
		"by name":                 {staff, `order: {field: NAME}`},
		"of a state":              {staff, `filter: {state: FAILED}`},
		"of a state, by name":     {staff, `filter: {state: FAILED}, order: {field: NAME}`},
		"of a state that is rare": {staff, `filter: {state: SUSPENDED}`},
		"of a customer":           {staff, `filter: {customerId: "` + tenant.customer.Opaque() + `"}`},
		"of a server":             {staff, `filter: {serverId: "` + server.Opaque() + `"}`},
		"of a server, by name":    {staff, `filter: {serverId: "` + server.Opaque() + `"}, order: {field: NAME}`},
		"a search for one":        {staff, `filter: {search: "c55_d7"}`},
		"a search for many":       {staff, `filter: {search: "_d7"}`},
		"a search for none":       {staff, `filter: {search: "nothing"}`},
		"of a tenant":             {tenant.token, ``},
	}
	cost := func() (map[string]int, map[string]time.Duration) {
		blocks, times := map[string]int{}, map[string]time.Duration{}
		for name, pg := range pages {
			query := `{ databases(first: 50` + strings.TrimSuffix(", "+pg.args, ", ") + `) { nodes { id name state } pageInfo { hasNextPage } } }`
			p.blocks(t, pg.token, query, nil) // what is read only once
			blocks[name] = p.blocks(t, pg.token, query, nil)
			times[name] = p.fastest(pg.token, query)
		}
		return blocks, times
	}
	p.addDatabases(1000)
	few, fewTimes := cost()
	p.addDatabases(100_000)
	many, manyTimes := cost()
	// A quarter more at most; but each of 51 rows may be in a block of its own, which
	// they are not in a table of few blocks, and an index may be deeper.
	limit := func(name string) int { return max(few[name]*5/4, 51+16) }
	most := 0
	var ratios, ratiosOfFull []float64
	for name := range pages {
		ratio := float64(manyTimes[name]) / float64(fewTimes[name])
		ratios = append(ratios, ratio)
		if slices.Contains(full, name) {
			ratiosOfFull = append(ratiosOfFull, ratio)
		}
		t.Logf("%-24s %4d and %4d blocks, %5.2f and %5.2f ms", name, few[name], many[name],
			fewTimes[name].Seconds()*1000, manyTimes[name].Seconds()*1000)
		most = max(most, many[name])
	}
	for name := range pages {
		require.LessOrEqual(t, many[name], limit(name), "%s: of a table of about 2000 blocks", name)
	}
	slices.Sort(ratios)
	// A search reads the rows that each three letters of it are in; here all names
	// have some of them, which costs half a millisecond among 100,000.
	one := "a search for one"
	testkit.Reportf(t, "times of a page among 100,000 databases over those among 1,000, fastest of 30: full pages at most %.2f, all at most %.2f, median %.2f; %s %.2f ms over %.2f ms",
		slices.Max(ratiosOfFull), ratios[len(ratios)-1], ratios[len(ratios)/2], one, manyTimes[one].Seconds()*1000, fewTimes[one].Seconds()*1000)
	testkit.Reportf(t, "a page of 50 of 100,000 databases, %d filters and orders: at most %d blocks; the newest %d, of 1,000 databases %d",
		len(pages), most, many["newest"], few["newest"])

	// Without what makes it so, it is not so.
	p.exec("DROP INDEX databases_newest")
	require.Greater(t, p.blocks(t, staff, `{ databases(first: 50) { nodes { id } } }`, nil), limit("newest"))
}

// The total of jobs in a state is counted before anybody asks.
func TestScale_TheTotalOfJobsInAStateReadsNoJobs(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	server := p.addServer()
	tenant := p.addTenant("reseller", ident.CustomerID{}, server)
	const jobs = 20_000
	for _, q := range []string{
		`INSERT INTO customers (id, parent_id, name, email) SELECT gen_random_uuid(), ?1, 'below' || i, 'a@b.c' FROM generate_series(1, 200) AS i`,
		`INSERT INTO customer_tree (ancestor_id, customer_id, depth) SELECT id, id, 0 FROM customers WHERE parent_id = ?1 UNION ALL SELECT parent_id, id, 1 FROM customers WHERE parent_id = ?1`,
		`INSERT INTO jobs (id, kind, plan_version, customer_id, resource_kind, resource_id, target_generation, state, created_at)
			SELECT gen_random_uuid(), 'database.create', 1, c.id, 'database', gen_random_uuid(), 1, CASE WHEN i % 2 = 0 THEN 'FAILED' ELSE 'SUCCEEDED' END, now() - (c.number * 1000 + i) * interval '1 s'
			FROM customers AS c, generate_series(1, ?0 / 200) AS i WHERE c.parent_id = ?1`,
		`VACUUM ANALYZE jobs, job_counts, customer_tree`,
	} {
		p.exec(q, jobs, tenant.customer.UUID)
	}
	table := p.count(`SELECT relpages FROM pg_class WHERE relname = 'jobs'`)
	for name, token := range map[string]string{"staff": p.staff(), "tenant": tenant.token} {
		total := func(filter string) (n, blocks int) {
			query := `{ jobs(first: 1, filter: ` + filter + `) { totalCount } }`
			got, _ := p.must(token, query, nil)["jobs"].(map[string]any)
			count, _ := got["totalCount"].(float64)
			return int(count), p.blocks(t, token, query, nil)
		}
		n, blocks := total(`{state: FAILED}`)
		require.Equal(t, jobs/2, n, name)
		require.Less(t, blocks, 50, name)
		testkit.Reportf(t, "the total of 10,000 of 20,000 jobs, asked by %s: %d blocks, of a table of %d", name, blocks, table)
		n, blocks = total(`{state: FAILED, kind: "database.create"}`)
		require.Equal(t, jobs/2, n, name)
		require.Greater(t, blocks, table/2, "%s: kinds are not counted", name)
		n, _ = total(`{}`)
		require.Equal(t, jobs+1, n, "%s: with the tenant's own", name)
	}
}
