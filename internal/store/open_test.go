package store_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/internal/testkit"
)

func TestOpen_ErrorsTellNoPassword(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]string{
		"no URL":           "postgres://mpanel:canary-pw@host:port/x",
		"bad percent":      "postgres://mpanel:canary-pw%zz@127.0.0.1/x",
		"bad DSN":          "password=canary-pw port=many",
		"nobody there":     "postgres://mpanel:canary-pw@127.0.0.1:1/x?connect_timeout=2",
		"a bad setting":    "postgres://mpanel:canary-pw@127.0.0.1:1/x?pool_max_conns=canary-pw",
		"a bad TLS choice": "postgres://mpanel:canary-pw@127.0.0.1:1/x?sslmode=canary-pw",
	} {
		db, err := store.Open(t.Context(), secret.New(url))
		require.Error(t, err, name)
		require.Nil(t, db, name)
		require.NotContains(t, err.Error(), "canary-pw", name)
	}
}

func TestOpen_SizeOfThePool(t *testing.T) {
	t.Parallel()
	url := testkit.URL(t).Reveal()
	for name, tc := range map[string]struct {
		url  string
		want int32
	}{
		"not said": {url, store.DefaultConns},
		"more":     {with(url, "pool_max_conns", "30"), 30},
	} {
		db, err := store.Open(t.Context(), secret.New(tc.url))
		require.NoError(t, err, name)
		require.Equal(t, tc.want, db.Pool.Config().MaxConns, name)
		var zone, app string
		require.NoError(t, db.QueryRowContext(t.Context(), "SELECT current_setting('timezone'), current_setting('application_name')").Scan(&zone, &app))
		require.Equal(t, "UTC", zone)
		require.Equal(t, "mpanel", app)
		require.NoError(t, db.Close())
	}
}

// with adds a parameter to a URL or to a DSN.
func with(url, key, value string) string {
	switch {
	case !strings.Contains(url, "://"):
		return url + " " + key + "=" + value
	case strings.Contains(url, "?"):
		return url + "&" + key + "=" + value
	}
	return url + "?" + key + "=" + value
}

func TestMigrate_SeveralNodesAtOnceAndAgain(t *testing.T) {
	t.Parallel()
	ctx, base := t.Context(), testkit.DB(t)
	_, err := base.ExecContext(ctx, "CREATE DATABASE migrate_from_nothing TEMPLATE template0")
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := base.ExecContext(context.Background(), "DROP DATABASE IF EXISTS migrate_from_nothing WITH (FORCE)")
		require.NoError(t, err)
	})
	url := testkit.Panel().ConnString("migrate_from_nothing")
	var logs [3]bytes.Buffer
	var nodes sync.WaitGroup
	for i := range logs {
		nodes.Go(func() {
			db, err := store.Open(ctx, url)
			if err != nil {
				t.Errorf("open: %v", err)
				return
			}
			defer func() { _ = db.Close() }()
			if err := store.Migrate(ctx, db, slog.New(slog.NewTextHandler(&logs[i], nil))); err != nil {
				t.Errorf("node %d: %v", i, err)
			}
		})
	}
	nodes.Wait()
	migrated := 0
	for i := range logs {
		migrated += strings.Count(logs[i].String(), "tables migrated")
	}
	require.Equal(t, 1, migrated, "one node migrates, the others wait for it and find it done")

	db, err := store.Open(ctx, url)
	require.NoError(t, err)
	defer func() { _ = db.Close() }()
	var n int
	require.NoError(t, db.QueryRowContext(ctx, "SELECT count(*) FROM installation").Scan(&n))
	require.Equal(t, 1, n)
	require.NoError(t, db.QueryRowContext(ctx, "SELECT count(*) FROM river_job").Scan(&n))
	require.NoError(t, store.Migrate(ctx, db, slog.New(slog.DiscardHandler)), "again")
	require.NoError(t, db.QueryRowContext(ctx, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())").Scan(&n))
	require.Zero(t, n, "the lock is given back")

	ended, cancel := context.WithCancel(ctx)
	cancel()
	require.ErrorIs(t, store.Migrate(ended, db, slog.New(slog.DiscardHandler)), context.Canceled)
}

func TestInTx_Panic(t *testing.T) {
	t.Parallel()
	ctx, db := t.Context(), testkit.DB(t)
	_, err := db.ExecContext(ctx, "CREATE TABLE t (n int)")
	require.NoError(t, err)
	require.PanicsWithValue(t, "boom", func() {
		_ = store.InTx(ctx, db, func(ctx context.Context, tx store.Tx) error {
			_, err := tx.ExecContext(ctx, "INSERT INTO t VALUES (1)")
			require.NoError(t, err)
			panic("boom")
		})
	})
	require.Zero(t, count(t, db))
	require.Zero(t, db.Pool.Stat().AcquiredConns(), "the connection is back in the pool")
}

func TestInTx_DeadlockRunsAgain(t *testing.T) {
	t.Parallel()
	ctx, db := t.Context(), testkit.DB(t)
	_, err := db.ExecContext(ctx, "CREATE TABLE t (n int); INSERT INTO t VALUES (1), (2)")
	require.NoError(t, err)
	lock := func(ctx context.Context, tx store.Tx, n int) error {
		_, err := tx.ExecContext(ctx, "UPDATE t SET n = n WHERE n = ?", n)
		return store.Wrap(err, "lock %d", n)
	}
	// Both hold one row before they ask for the other's; one is chosen and runs
	// again, then in an order in which they cannot meet once more.
	var both, done sync.WaitGroup
	both.Add(2)
	var runs [2]int
	for i, order := range [][2]int{{1, 2}, {2, 1}} {
		done.Go(func() {
			err := store.InTx(ctx, db, func(ctx context.Context, tx store.Tx) error {
				if runs[i]++; runs[i] > 1 {
					order = [2]int{1, 2}
				}
				if err := lock(ctx, tx, order[0]); err != nil {
					return err
				}
				if runs[i] == 1 {
					both.Done()
					both.Wait()
				}
				return lock(ctx, tx, order[1])
			})
			if err != nil {
				t.Errorf("transaction %d: %v", i, err)
			}
		})
	}
	done.Wait()
	require.GreaterOrEqual(t, runs[0]+runs[1], 3, "one ran twice")
}

func TestInTx_DeadlockEveryTime(t *testing.T) {
	t.Parallel()
	runs := 0
	err := store.InTx(t.Context(), testkit.DB(t), func(context.Context, store.Tx) error {
		runs++
		return store.Wrap(&pgconn.PgError{Code: "40P01"}, "lock")
	})
	require.Equal(t, fault.Unavailable, fault.CodeOf(err))
	require.Equal(t, 3, runs)
}

func TestInTx_DatabaseAway(t *testing.T) {
	t.Parallel()
	ctx, db := t.Context(), testkit.DB(t)
	// The session ends within the transaction: neither work nor commit is answered.
	err := store.InTx(ctx, db, func(ctx context.Context, tx store.Tx) error {
		_, err := tx.ExecContext(ctx, "SELECT pg_terminate_backend(pg_backend_pid())")
		return store.Wrap(err, "end the session")
	})
	require.Equal(t, fault.Unavailable, fault.CodeOf(err), "%v", err)
	err = store.InTx(ctx, db, func(ctx context.Context, tx store.Tx) error {
		_, _ = tx.ExecContext(ctx, "SELECT pg_terminate_backend(pg_backend_pid())")
		return nil
	})
	require.Equal(t, fault.Unavailable, fault.CodeOf(err), "a commit that was not answered: %v", err)
	require.Equal(t, 1, one(t, db), "the pool goes on with a fresh session")

	ended, cancel := context.WithCancel(ctx)
	cancel()
	require.Error(t, store.InTx(ended, db, func(context.Context, store.Tx) error { return nil }))
	closed := testkit.DB(t)
	closed.Pool.Close()
	err = store.InTx(ctx, closed, func(context.Context, store.Tx) error { return nil })
	require.Error(t, err)
}

func one(t *testing.T, db *store.DB) (n int) {
	t.Helper()
	require.NoError(t, db.QueryRowContext(t.Context(), "SELECT 1").Scan(&n))
	return n
}

func TestInTx_PgxSide(t *testing.T) {
	t.Parallel()
	ctx, db := t.Context(), testkit.DB(t)
	_, err := db.ExecContext(ctx, "CREATE TABLE t (n int)")
	require.NoError(t, err)
	require.NoError(t, store.InTx(ctx, db, func(ctx context.Context, tx store.Tx) error {
		return tx.Pgx(ctx, func(ctx context.Context, ptx pgx.Tx) error {
			require.Error(t, ptx.Rollback(ctx), "the outcome is not pgx's")
			outer, err := ptx.Begin(ctx)
			require.NoError(t, err)
			_, err = outer.Exec(ctx, "INSERT INTO t VALUES ($1)", 1)
			require.NoError(t, err)
			inner, err := outer.Begin(ctx)
			require.NoError(t, err)
			_, err = inner.Exec(ctx, "INSERT INTO t VALUES (2)")
			require.NoError(t, err)
			_, err = inner.Exec(ctx, "SELECT nothing")
			require.Error(t, err)
			require.NoError(t, inner.Rollback(ctx), "a failed statement is taken back with its savepoint")
			require.ErrorIs(t, inner.Rollback(ctx), pgx.ErrTxClosed)
			require.ErrorIs(t, inner.Commit(ctx), pgx.ErrTxClosed)
			require.NoError(t, outer.Commit(ctx))

			b := &pgx.Batch{}
			b.Queue("INSERT INTO t VALUES (3)")
			b.Queue("INSERT INTO t VALUES (4)")
			require.NoError(t, ptx.SendBatch(ctx, b).Close())
			_, err = ptx.Prepare(ctx, "insert_t", "INSERT INTO t VALUES ($1)")
			require.NoError(t, err)
			_, err = ptx.Conn().Exec(ctx, "insert_t", 5)
			require.NoError(t, err)
			var n int
			require.NoError(t, ptx.QueryRow(ctx, "SELECT count(*) FROM t").Scan(&n))
			require.Equal(t, 4, n)
			rows, err := ptx.Query(ctx, "SELECT n FROM t ORDER BY n")
			require.NoError(t, err)
			got, err := pgx.CollectRows(rows, pgx.RowTo[int])
			require.NoError(t, err)
			require.Equal(t, []int{1, 3, 4, 5}, got)
			require.Panics(t, func() { ptx.LargeObjects() })
			return nil
		})
	}))
	require.Equal(t, 4, count(t, db))
	err = store.InTx(ctx, db, func(ctx context.Context, tx store.Tx) error {
		return tx.Pgx(ctx, func(ctx context.Context, ptx pgx.Tx) error {
			_, err := ptx.Exec(ctx, "SELECT nothing")
			require.Error(t, err)
			_, err = ptx.Begin(ctx)
			require.Error(t, err, "no savepoint in a transaction that failed")
			return err
		})
	})
	require.Error(t, err)
}

func TestWrap_WhatIsNotPostgreSQLs(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		in   error
		want fault.Code
	}{
		"no row":                   {sql.ErrNoRows, fault.NotFound},
		"no row of pgx":            {pgx.ErrNoRows, fault.NotFound},
		"a fault stays what it is": {fault.Conflict.New("name", "Taken."), fault.Conflict},
		"cut off":                  {io.ErrUnexpectedEOF, fault.Unavailable},
		"closed":                   {net.ErrClosed, fault.Unavailable},
		"nobody there":             {&net.OpError{Op: "dial", Err: errors.New("refused")}, fault.Unavailable},
		"session is over":          {errors.New("failed to deallocate: conn closed"), fault.Unavailable},
		"standby":                  {&pgconn.PgError{Code: "25006"}, fault.Unavailable},
		"disk full":                {&pgconn.PgError{Code: "53100"}, fault.Unavailable},
		"rested in a transaction":  {&pgconn.PgError{Code: "25P03"}, fault.Unavailable},
		"no slot":                  {&pgconn.PgError{Code: "53300"}, fault.Unavailable},
		"serialization":            {&pgconn.PgError{Code: "40001"}, fault.Unavailable},
		"starting up":              {&pgconn.PgError{Code: "57P03"}, fault.Unavailable},
		"connection failure":       {&pgconn.PgError{Code: "08006"}, fault.Unavailable},
		"the caller went away":     {context.Canceled, fault.Internal},
		"too slow":                 {context.DeadlineExceeded, fault.Internal},
		"canceled by timeout":      {&pgconn.PgError{Code: "57014"}, fault.Internal},
		"any other":                {errors.New("odd"), fault.Internal},
	} {
		err := store.Wrap(tc.in, "try %s", name)
		require.Equal(t, tc.want, fault.CodeOf(err), name)
		require.ErrorIs(t, err, tc.in, name)
		if _, isFault := tc.in.(*fault.Error); !isFault { //nolint:errorlint // it is not wrapped
			require.ErrorContains(t, err, "try "+name, "the log says what was attempted")
		}
	}
	require.True(t, store.Violates(store.Wrap(&pgconn.PgError{Code: "23505", ConstraintName: "x"}, "insert"), "x"))
	require.False(t, store.Violates(store.Wrap(&pgconn.PgError{Code: "23505", ConstraintName: "y"}, "insert"), "x"))
	require.False(t, store.Violates(errors.New("x"), "x"))
}

// Each connection would have room for 512 descriptions, for a mode that is not used.
func TestOpen_ConnectionsKeepNoDescriptions(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	require.Zero(t, db.Pool.Config().ConnConfig.DescriptionCacheCapacity)
	require.NotEqual(t, pgx.QueryExecModeCacheDescribe, db.Pool.Config().ConnConfig.DefaultQueryExecMode)
}
