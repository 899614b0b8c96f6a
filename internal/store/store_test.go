package store_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

func TestInTx_CopyAndBunAreOneTransaction(t *testing.T) {
	t.Parallel()
	ctx, db := t.Context(), testkit.DB(t)
	_, err := db.ExecContext(ctx, "CREATE TABLE t (n int)")
	require.NoError(t, err)
	queue, err := river.NewClient(riverpgxv5.New(db.Pool), &river.Config{})
	require.NoError(t, err)
	boom := errors.New("boom")
	for name, end := range map[string]error{"committed": nil, "rolled back": boom} {
		before := count(t, db)
		err := store.InTx(ctx, db, func(ctx context.Context, tx store.Tx) error {
			_, err := tx.ExecContext(ctx, "INSERT INTO t VALUES (1)")
			require.NoError(t, err)
			require.NoError(t, tx.Pgx(ctx, func(ctx context.Context, ptx pgx.Tx) error {
				_, err := ptx.CopyFrom(ctx, pgx.Identifier{"t"}, []string{"n"}, pgx.CopyFromRows([][]any{{2}, {3}}))
				require.NoError(t, err)
				sp, err := ptx.Begin(ctx) // taken back alone
				require.NoError(t, err)
				_, err = sp.Exec(ctx, "INSERT INTO t VALUES (4)")
				require.NoError(t, err)
				require.Error(t, ptx.Commit(ctx), "the transaction is not pgx's to commit")
				require.NoError(t, sp.Rollback(ctx))
				_, err = queue.InsertTx(ctx, ptx, chore{}, nil)
				return err
			}))
			return end
		})
		require.ErrorIs(t, err, end, name)
		want, wantQueued := before, 0
		if end == nil {
			want, wantQueued = before+3, 1
		}
		require.Equal(t, want, count(t, db), name)
		queued, err := db.NewDelete().Table("river_job").Where("TRUE").Exec(ctx)
		require.NoError(t, err)
		n, err := queued.RowsAffected()
		require.NoError(t, err)
		require.EqualValues(t, wantQueued, n, name)
	}
}

type chore struct{}

func (chore) Kind() string { return "chore" }

func TestTx_QueuedStatementsAreSentTogetherBeforeTheCommit(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	sent := &testkit.Statements{}
	db, err := store.Open(ctx, testkit.URL(t), func(c *pgxpool.Config) { c.ConnConfig.Tracer = sent })
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	_, err = db.ExecContext(ctx, "CREATE TABLE t (n int UNIQUE)")
	require.NoError(t, err)
	insert := func(tx store.Tx, n int) {
		tx.Queue(tx.NewInsert().Model(&map[string]any{"n": n}).Table("t"), func(err error) error { return fmt.Errorf("%d: %w", n, err) })
	}
	committed := 0
	list := sent.During(func() {
		require.NoError(t, store.InTx(ctx, db, func(_ context.Context, tx store.Tx) error {
			insert(tx, 1)
			insert(tx, 2)
			tx.AfterCommit(func() { committed++ })
			require.Zero(t, committed)
			return nil
		}))
	})
	require.Len(t, list, 4, "begin, two inserts and commit: %q", list)
	require.Equal(t, 3, sent.RoundTrips())
	require.Equal(t, 2, count(t, db))
	require.Equal(t, 1, committed)

	err = store.InTx(ctx, db, func(_ context.Context, tx store.Tx) error {
		for _, n := range []int{3, 2, 4} {
			insert(tx, n)
		}
		tx.AfterCommit(func() { committed++ })
		return nil
	})
	require.ErrorContains(t, err, "2: ", "the statement that failed explains itself")
	require.True(t, store.Violates(err, "t_n_key"))
	require.Equal(t, 2, count(t, db), "nothing of it is left")
	require.Equal(t, 1, committed)
	require.Error(t, store.InTx(ctx, db, func(_ context.Context, tx store.Tx) error {
		tx.Queue(tx.NewInsert(), func(err error) error { return err })
		return nil
	}), "what bun cannot write is found out")
	require.NoError(t, store.InTx(ctx, db, func(context.Context, store.Tx) error { return nil }))
}

func count(t *testing.T, db *store.DB) (n int) {
	t.Helper()
	require.NoError(t, db.NewSelect().Table("t").ColumnExpr("count(*)").Scan(t.Context(), &n))
	return n
}

func TestWrap_MapsPostgreSQLToFaults(t *testing.T) {
	t.Parallel()
	ctx, db := t.Context(), testkit.DB(t)
	for name, tc := range map[string]struct {
		sql  string
		want fault.Code
	}{
		"taken":             {"INSERT INTO installation DEFAULT VALUES", fault.Conflict},
		"out of range":      {"UPDATE installation SET only_row = false", fault.Invalid},
		"NUL in a text":     {"SELECT convert_from('\\x00', 'UTF8')", fault.Invalid},
		"missing parent":    {"INSERT INTO customers (id, parent_id, name, email) VALUES (gen_random_uuid(), gen_random_uuid(), 'a', 'a@b')", fault.Conflict},
		"our own mistake":   {"SELECT nothing", fault.Internal},
		"session was ended": {"SELECT pg_terminate_backend(pg_backend_pid())", fault.Unavailable},
	} {
		_, err := db.ExecContext(ctx, tc.sql)
		require.Error(t, err, name)
		require.Equal(t, tc.want, fault.CodeOf(store.Wrap(err, "try %s", name)), name)
	}
	for _, broken := range []error{driver.ErrBadConn, sql.ErrConnDone, io.ErrUnexpectedEOF, net.ErrClosed} {
		require.Equal(t, fault.Unavailable, fault.CodeOf(store.Wrap(fmt.Errorf("use: %w", broken), "try")), "%v", broken)
	}
	require.NoError(t, store.Wrap(nil, "nothing"))
}
