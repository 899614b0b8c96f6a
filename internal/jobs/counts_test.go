package jobs_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"
	"golang.org/x/sync/errgroup"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/events/membus"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/jobs"
	"github.com/mpanel/mpanel/internal/page"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// miscounted is how many customers and states have another count than jobs.
const miscounted = `SELECT count(*) FROM
	(SELECT coalesce(customer_id::text, 'none') AS customer, state, count(*) AS n FROM jobs GROUP BY 1, 2) AS j
	FULL JOIN (SELECT coalesce(customer_id::text, 'none') AS customer, state, sum(n) AS n FROM job_counts GROUP BY 1, 2) AS c USING (customer, state)
	WHERE coalesce(j.n, 0) <> coalesce(c.n, 0)`

const addJobs = `INSERT INTO jobs (id, kind, plan_version, customer_id, resource_kind, resource_id, target_generation, state)
	SELECT gen_random_uuid(), 'thing.create', 1, ?, 'thing', gen_random_uuid(), 1, ? FROM generate_series(1, ?)`

var errUndone = errors.New("undone")

// changeJobs is a transaction with a few changes, a third of which are undone.
func changeJobs(ctx context.Context, db *store.DB, random *rand.Rand, customers []uuid.UUID) error {
	states := []models.JobState{models.JobPending, models.JobRunning, models.JobSucceeded, models.JobFailed}
	err := db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) (err error) {
		for range 1 + random.IntN(3) {
			customer, state := customers[random.IntN(len(customers))], states[random.IntN(len(states))]
			switch random.IntN(5) { // no job that is another's, so that only for counts could be waited
			case 0, 1:
				_, err = tx.NewRaw(addJobs, customer, state, 1+random.IntN(5)).Exec(ctx)
			case 2, 3:
				_, err = tx.NewRaw("UPDATE jobs SET state = ?, percent = 7 WHERE id IN (SELECT id FROM jobs WHERE customer_id = ? LIMIT 3 FOR UPDATE SKIP LOCKED)", state, customer).Exec(ctx)
			default:
				_, err = tx.NewRaw("DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE customer_id = ? LIMIT 2 FOR UPDATE SKIP LOCKED)", customer).Exec(ctx)
			}
			if err != nil {
				return err
			}
		}
		if random.IntN(3) == 0 {
			return errUndone
		}
		return nil
	})
	if errors.Is(err, errUndone) {
		return nil
	}
	return err
}

// Jobs come, change, lose their customer and go, in transactions beside each other:
// the counts are right, and totals are read from them.
func TestCounts_AreThoseOfTheJobs(t *testing.T) {
	t.Parallel()
	r := newRig(t, &membus.Bus{}, time.Hour)
	exec := func(sql string, values ...any) {
		_, err := r.db.NewRaw(sql, values...).Exec(t.Context())
		require.NoError(t, err)
	}
	count := func(sql string) (n int) {
		require.NoError(t, r.db.NewRaw(sql).Scan(t.Context(), &n))
		return n
	}
	customers := []uuid.UUID{uuid.New(), uuid.New(), uuid.New()}
	for _, id := range customers {
		exec("INSERT INTO customers (id, name, email) VALUES (?, 'counted', 'a@example.com')", id)
		exec("INSERT INTO customer_tree (ancestor_id, customer_id, depth) VALUES (?0, ?0, 0)", id)
	}
	const workers = 8
	group, ctx := errgroup.WithContext(t.Context())
	for worker := range workers {
		group.Go(func() error {
			random := rand.New(rand.NewPCG(3, uint64(worker)))
			for range 60 {
				if err := changeJobs(ctx, r.db, random, customers); err != nil {
					return err
				}
			}
			return nil
		})
	}
	require.NoError(t, group.Wait())
	require.Zero(t, count(miscounted))
	require.NotZero(t, count("SELECT count(*) FROM jobs"))
	require.LessOrEqual(t, count("SELECT max(n) FROM (SELECT count(*) AS n FROM job_counts GROUP BY customer_id, state) AS r"), workers)

	exec("DELETE FROM customers WHERE id = ?", customers[0])
	require.Zero(t, count(miscounted))
	require.NotZero(t, count("SELECT sum(n) FROM job_counts WHERE customer_id IS NULL"))

	// A wrong count shows that totals are of them, and those by kind of the jobs.
	exec("UPDATE job_counts SET n = 0")
	exec("INSERT INTO job_counts (customer_id, state, n) VALUES (?0, 'FAILED', 70), (?0, 'FAILED', 7), (?0, 'PENDING', 100), (?1, 'FAILED', 1000), (NULL, 'FAILED', 5)", customers[1], customers[2])
	own, none, failed, kind := ident.CustomerIDOf(customers[1]), ident.CustomerID{}, models.JobFailed, "thing.create"
	everybody := staff(t.Context())
	tenant := func(pins ...uuid.UUID) context.Context {
		return actor.With(t.Context(), &actor.Actor{User: ident.NewUserID(), Grants: []actor.Grant{{Customer: own, Permissions: []actor.Permission{actor.JobsRead}}}, Pins: pins})
	}
	var resource uuid.UUID
	require.NoError(t, r.db.NewRaw("SELECT resource_id FROM jobs WHERE customer_id = ? LIMIT 1", customers[1]).Scan(t.Context(), &resource))
	opaque := ident.DatabaseIDOf(resource).Opaque()
	exec("UPDATE jobs SET resource_kind = 'database' WHERE resource_id = ?", resource)
	// Two of two customers, a second apart and after all others.
	newest := time.Now().Add(time.Hour).Truncate(time.Microsecond)
	exec("UPDATE jobs SET created_at = ? WHERE id = (SELECT id FROM jobs WHERE customer_id = ? AND resource_id <> ? LIMIT 1)", newest, customers[1], resource)
	exec("UPDATE jobs SET created_at = ? WHERE id = (SELECT id FROM jobs WHERE customer_id = ? LIMIT 1)", newest.Add(-time.Second), customers[2])
	for _, c := range []struct {
		who    context.Context
		filter *jobs.Filter
		total  int
	}{
		{everybody, nil, 1182},
		{everybody, &jobs.Filter{State: &failed}, 1082},
		{everybody, &jobs.Filter{CustomerID: &own}, 177},
		{everybody, &jobs.Filter{CustomerID: &own, State: &failed}, 77},
		{everybody, &jobs.Filter{CustomerID: &none}, 0},
		{everybody, &jobs.Filter{Kind: &kind}, count("SELECT count(*) FROM jobs")},
		{everybody, &jobs.Filter{ResourceID: &opaque}, 1},
		{tenant(), nil, 177},
		{tenant(), &jobs.Filter{State: &failed}, 77},
		{tenant(), &jobs.Filter{Kind: &kind}, count("SELECT count(*) FROM jobs WHERE customer_id = '" + customers[1].String() + "'")},
		{tenant(resource), nil, 1},
		{everybody, &jobs.Filter{Since: new(newest.Add(-time.Second))}, 2},
		{everybody, &jobs.Filter{Since: &newest}, 1},
		{everybody, &jobs.Filter{Since: new(newest.Add(time.Microsecond))}, 0},
		{tenant(), &jobs.Filter{Since: new(newest.Add(-time.Second))}, 1},
	} {
		got, err := r.List(c.who, page.Args{WithTotal: true}, c.filter)
		require.NoError(t, err)
		total, err := got.TotalCount(t.Context())
		require.NoError(t, err)
		require.Equal(t, c.total, total, "%+v", c.filter)
	}
}
