package store_test

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
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
				return sp.Rollback(ctx)
			}))
			return end
		})
		require.ErrorIs(t, err, end, name)
		want := before
		if end == nil {
			want += 3
		}
		require.Equal(t, want, count(t, db), name)
	}
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
	require.NoError(t, store.Wrap(nil, "nothing"))
}
