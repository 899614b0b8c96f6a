package store_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// locked gives a number once nobody holds the lock.
const locked = "SELECT $1::bigint AS used FROM (SELECT pg_advisory_xact_lock_shared($2)) AS l"

// hold takes a lock until what it gives is called.
func hold(t *testing.T, s tree, lock int) (release func()) {
	t.Helper()
	conn, err := pgx.ConnectConfig(t.Context(), s.Pool.Config().ConnConfig)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), "SELECT pg_advisory_lock($1)", lock)
	require.NoError(t, err)
	return sync.OnceFunc(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
}

// blocked waits until so many sessions wait for the lock.
func blocked(t *testing.T, s tree, lock, n int) {
	t.Helper()
	for waiting := -1; waiting != n; {
		require.NoError(t, s.Pool.QueryRow(t.Context(), `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid::bigint = $1
			AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`, lock).Scan(&waiting))
	}
}

// occupy keeps all connections for keyed reads busy until what it gives is called,
// which waits for the reads.
func occupy(t *testing.T, s tree) (release func()) {
	t.Helper()
	free := hold(t, s, 1)
	t.Cleanup(free)
	var wg sync.WaitGroup
	for i := range store.ReadConns {
		wg.Go(func() {
			if rows, err := store.ReadBig[models.Quota](t.Context(), s.DB, locked, i, 1); err != nil || rows[0].Used != int64(i) {
				t.Errorf("%v, %v", rows, err)
			}
		})
	}
	blocked(t, s, 1, store.ReadConns)
	return func() { free(); wg.Wait() }
}

func waitFor(s tree, n int) {
	for store.Waiting(s.DB) != n {
		runtime.Gosched()
	}
}

// Reads that find no connection share one: with their own answers, their own errors,
// and none for who has left.
func TestQueue_ManyShareARoundTrip(t *testing.T) {
	t.Parallel()
	s := newTree(t)
	const many = 60
	release := occupy(t, s)
	var wg sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error, 1)
	s.sql.During(func() {
		for i := range many {
			wg.Go(func() {
				if err := number(t.Context(), s.DB, i); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Go(func() {
			_, err := store.ReadAll[models.Quota](t.Context(), s.DB, "SELECT 1 / $1::bigint AS used", 0)
			if e, ok := errors.AsType[*pgconn.PgError](err); !ok || e.Code != "22012" {
				t.Errorf("a division by zero gave %v", err)
			}
		})
		go func() { left <- number(ctx, s.DB, 0) }()
		waitFor(s, many+2)
		cancel()
		require.ErrorIs(t, <-left, context.Canceled)
		waitFor(s, many+1)
		release()
		wg.Wait()
	})
	t.Logf("%d reads took %d round trips", many+1, s.sql.RoundTrips())
	require.Less(t, s.sql.RoundTrips(), many/2)
	require.Zero(t, store.Waiting(s.DB))
}

// What was sent for several is given up when the last of them has left, and the
// connection is there for others.
func TestQueue_AllHaveLeft(t *testing.T) {
	t.Parallel()
	s := newTree(t)
	free := hold(t, s, 2)
	t.Cleanup(free)
	release := occupy(t, s)
	var cancels []context.CancelFunc
	ended := make(chan error, 3)
	for i := range 3 {
		ctx, cancel := context.WithCancel(t.Context())
		cancels = append(cancels, cancel)
		go func() {
			_, err := store.ReadAll[models.Quota](ctx, s.DB, locked, i, 2)
			ended <- err
		}()
	}
	waitFor(s, 3)
	release()
	blocked(t, s, 2, 1) // the first of them; the others come after it
	for _, cancel := range cancels {
		cancel()
	}
	for range 3 {
		require.ErrorIs(t, <-ended, context.Canceled)
	}
	for i := range 2 * store.ReadConns {
		require.NoError(t, number(t.Context(), s.DB, i))
	}
}

// A reader of rows that panics takes nobody with it.
func TestQueue_ReaderThatPanics(t *testing.T) {
	t.Parallel()
	s := newTree(t)
	release := occupy(t, s)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			if i == 3 {
				_, err := store.ReadAll[panicking](t.Context(), s.DB, "SELECT 1::bigint AS n")
				if err == nil || !strings.Contains(err.Error(), "a reader's mistake") {
					t.Error("no error of a panic")
				}
				return
			}
			if err := number(t.Context(), s.DB, i); err != nil {
				t.Error(err)
			}
		})
	}
	waitFor(s, 8)
	release()
	wg.Wait()
}

type panicking struct{ N int64 }

var _ = store.Learn(map[string]func(*panicking) any{"n": func(*panicking) any { panic("a reader's mistake") }})
