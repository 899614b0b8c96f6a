package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

func atOnce(wait func()) { wait() }

// side runs the calls side by side, as those of one level.
func side(ctx context.Context, db *store.DB, calls ...func(context.Context)) {
	begin := db.Level(ctx, len(calls))
	var wg sync.WaitGroup
	for _, call := range calls {
		ctx, over := begin(ctx, atOnce)
		wg.Go(func() {
			defer over()
			call(ctx)
		})
	}
	wg.Wait()
}

// number asks for a number, as a keyed read.
func number(ctx context.Context, db *store.DB, n int) error {
	rows, err := store.ReadAll[models.Quota](ctx, db, "SELECT $1::bigint AS used", n)
	if err != nil {
		return err
	}
	if len(rows) != 1 || rows[0].Used != int64(n) {
		return fmt.Errorf("asked for %d and got %v", n, rows)
	}
	return nil
}

func TestLevel_OneRoundTripForAll(t *testing.T) {
	t.Parallel()
	s := newTree(t)
	one := func(n int) func(context.Context) {
		return func(ctx context.Context) { require.NoError(t, number(ctx, s.DB, n)) }
	}
	again := func(n int) func(context.Context) {
		return func(ctx context.Context) { one(n)(ctx); one(-n)(ctx) }
	}
	asks := func(n int) func(context.Context) {
		return func(ctx context.Context) {
			var got int
			require.NoError(t, s.NewSelect().ColumnExpr("?", n).Scan(ctx, &got))
			require.Equal(t, n, got)
			one(n)(ctx)
		}
	}
	nothing := func(context.Context) {}
	for name, tc := range map[string]struct {
		calls             []func(context.Context)
		statements, trips int
	}{
		"one":                        {[]func(context.Context){one(1)}, 1, 1},
		"none":                       {[]func(context.Context){nothing, nothing}, 0, 0},
		"three":                      {[]func(context.Context){one(1), one(2), one(3)}, 3, 1},
		"some that ask nothing":      {[]func(context.Context){one(1), nothing, one(2), nothing}, 2, 1},
		"some that ask twice":        {[]func(context.Context){again(1), again(2), again(3)}, 6, 2},
		"one that asks twice":        {[]func(context.Context){one(1), again(2)}, 3, 2},
		"one that asks through bun":  {[]func(context.Context){asks(1)}, 2, 2},
		"more than there is room of": {[]func(context.Context){one(1), one(2), one(3), one(4), one(5), one(6), one(7), one(8), one(9), one(10), one(11), one(12)}, 12, 1},
	} {
		list := s.sql.During(func() { side(t.Context(), s.DB, tc.calls...) })
		require.Len(t, list, tc.statements, name)
		require.Equal(t, tc.trips, s.sql.RoundTrips(), name)
	}
	// Who asks through bun is not waited for, nor are those who are long over.
	holder, err := s.Conn(t.Context())
	require.NoError(t, err)
	_, err = holder.ExecContext(t.Context(), "SELECT pg_advisory_lock(1)")
	require.NoError(t, err)
	side(t.Context(), s.DB,
		func(ctx context.Context) {
			require.NoError(t, number(ctx, s.DB, 1))
			_, err := holder.ExecContext(t.Context(), "SELECT pg_advisory_unlock(1)") // and the other goes on
			require.NoError(t, errors.Join(err, holder.Close()))
		},
		func(ctx context.Context) {
			_, err := s.ExecContext(ctx, "SELECT pg_advisory_lock(1)")
			require.NoError(t, err)
		})
}

func TestLevel_ReadsOfTheSameAreOne(t *testing.T) {
	t.Parallel()
	s := newTree(t)
	one := func(n int) func(context.Context) {
		return func(ctx context.Context) { require.NoError(t, number(ctx, s.DB, n)) }
	}
	fails := func(ctx context.Context) {
		_, err := store.ReadAll[models.Quota](ctx, s.DB, "SELECT 1 / $1::bigint AS used", 0)
		require.ErrorContains(t, err, "division by zero")
	}
	another := func(ctx context.Context) { // the same text, of another model
		rows, err := store.ReadAll[models.JobStep](ctx, s.DB, "SELECT 'x' AS name")
		require.NoError(t, err)
		require.Equal(t, "x", rows[0].Name)
	}
	its := func(ctx context.Context) {
		rows, err := store.ReadAll[models.Customer](ctx, s.DB, "SELECT 'x' AS name")
		require.NoError(t, err)
		require.Equal(t, "x", rows[0].Name)
	}
	for name, tc := range map[string]struct {
		calls             []func(context.Context)
		statements, trips int
	}{
		"all the same":    {[]func(context.Context){one(1), one(1), one(1)}, 1, 1},
		"two and one":     {[]func(context.Context){one(1), one(2), one(1)}, 2, 1},
		"other models":    {[]func(context.Context){another, its}, 2, 2},
		"what fails does": {[]func(context.Context){fails, fails}, 2, 2},
	} {
		list := s.sql.During(func() { side(t.Context(), s.DB, tc.calls...) })
		require.Len(t, list, tc.statements, name)
		require.Equal(t, tc.trips, s.sql.RoundTrips(), name)
	}
}

// What one call reads side by side is in the batch of its level.
func TestSideBySide(t *testing.T) {
	t.Parallel()
	s := newTree(t)
	read := func(n int) func(context.Context) error {
		return func(ctx context.Context) error { return number(ctx, s.DB, n) }
	}
	both := func(n int) func(context.Context) {
		return func(ctx context.Context) {
			require.NoError(t, store.SideBySide(ctx, read(n), read(n+1)))
			require.NoError(t, number(ctx, s.DB, n+2), "it is one of the level's again")
		}
	}
	list := s.sql.During(func() {
		side(t.Context(), s.DB, both(10), both(20), func(ctx context.Context) { require.NoError(t, read(30)(ctx)) })
	})
	require.Len(t, list, 7)
	require.Equal(t, 2, s.sql.RoundTrips())

	bad := errors.New("bad")
	fails := func(context.Context) error { return bad }
	side(t.Context(), s.DB, func(ctx context.Context) {
		require.ErrorIs(t, store.SideBySide(ctx, read(1), fails), bad)
		require.ErrorContains(t, store.SideBySide(ctx, read(1), func(context.Context) error { panic("a mistake") }), "a mistake")
		require.NoError(t, store.SideBySide(ctx))
	})
	list = s.sql.During(func() { require.ErrorIs(t, store.SideBySide(t.Context(), read(1), read(2), fails, read(3)), bad) })
	require.Len(t, list, 2, "without a level one after the other")
}

func TestLevel_OnlyWhatFailsByItselfFails(t *testing.T) {
	t.Parallel()
	s := newTree(t)
	errs := make([]error, 5)
	read := func(i int, sql string) func(context.Context) {
		return func(ctx context.Context) { _, errs[i] = store.ReadAll[models.Quota](ctx, s.DB, sql) }
	}
	for range 5 {
		side(t.Context(), s.DB, read(0, "SELECT 1::bigint AS used"), read(1, "SELECT 1 / 0 AS used"), read(2, "SELECT 2::bigint AS used"),
			read(3, "SELECT true AS used"), read(4, "SELECT * FROM nosuch"))
		require.NoError(t, errs[0])
		require.ErrorContains(t, errs[1], "division by zero")
		require.NoError(t, errs[2])
		require.ErrorContains(t, errs[3], "is no integer")
		require.ErrorContains(t, errs[4], "does not exist")
	}
}

// A call that is cut off leaves the others alone, before its read is sent and while
// it is read.
func TestLevel_CallsThatAreCutOff(t *testing.T) {
	t.Parallel()
	s := newTree(t)
	cut, cancel := context.WithCancel(t.Context())
	begin := s.Level(t.Context(), 3)
	first, firstOver := begin(cut, atOnce)
	second, secondOver := begin(t.Context(), atOnce)
	third, thirdOver := begin(t.Context(), atOnce)
	done := make(chan error)
	go func() { done <- number(first, s.DB, 1) }()
	go func() { done <- number(second, s.DB, 2) }()
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
	firstOver()
	require.NoError(t, number(third, s.DB, 3))
	require.NoError(t, <-done)
	thirdOver()
	require.NoError(t, number(second, s.DB, 4), "nobody else is waited for")
	secondOver()

	// All of it is cut off, by whoever asked.
	all, cancelAll := context.WithCancel(t.Context())
	side(all, s.DB,
		func(ctx context.Context) {
			_, err := store.ReadAll[models.Quota](ctx, s.DB, "SELECT 1::bigint AS used FROM pg_sleep(3600)")
			require.Error(t, err)
		},
		func(ctx context.Context) { require.Error(t, number(ctx, s.DB, 1)) },
		func(context.Context) { cancelAll() })
	require.NoError(t, number(t.Context(), s.DB, 1))
}

// Whatever the calls do, each gets its own answer and none waits for ever.
func TestLevel_ManyAtOnce(t *testing.T) {
	t.Parallel()
	s := newTree(t)
	var wg sync.WaitGroup
	for level := range 20 {
		wg.Go(func() {
			var calls []func(context.Context)
			for i := range 1 + level%7 {
				calls = append(calls, func(ctx context.Context) {
					for k := range (level + i) % 4 {
						n := level*1000 + i*10 + k
						switch n % 5 {
						case 0:
							var got int
							if err := s.NewSelect().ColumnExpr("?", n).Scan(ctx, &got); err != nil || got != n {
								t.Errorf("%d: %d, %v", n, got, err)
							}
						case 1:
							_, err := store.ReadAll[models.Quota](ctx, s.DB, "SELECT 1 / 0")
							if e, ok := errors.AsType[*pgconn.PgError](err); !ok || e.Code != "22012" {
								t.Errorf("%d: %v", n, err)
							}
						default:
							if err := number(ctx, s.DB, n); err != nil {
								t.Error(err)
							}
						}
					}
				})
			}
			side(t.Context(), s.DB, calls...)
		})
	}
	wg.Wait()
}

// A restart of PostgreSQL, or whoever ends sessions, is not the readers' concern.
func TestLevel_ConnectionsThatDied(t *testing.T) {
	t.Parallel()
	s := newTree(t)
	many := make([]func(context.Context), 5)
	for i := range many {
		many[i] = func(ctx context.Context) { require.NoError(t, number(ctx, s.DB, i)) }
	}
	die := func() {
		_, err := s.ExecContext(t.Context(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
		require.NoError(t, err)
	}
	for range 3 {
		side(t.Context(), s.DB, many...)
		die()
		require.NoError(t, number(t.Context(), s.DB, 9), "one by itself has no other try")
		die()
	}
	side(t.Context(), s.DB, many...)
}
