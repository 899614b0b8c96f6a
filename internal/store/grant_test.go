package store_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/audit"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/internal/testkit"
)

// restricted opens a fresh database twice: as its owner, and as the panel's role.
func restricted(t *testing.T) (owner, panel *store.DB) {
	t.Helper()
	url := testkit.URL(t)
	owner = opened(t, url)
	return owner, opened(t, testkit.RestrictedURL(t, url))
}

func opened(t *testing.T, url secret.Text) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func roleOf(t *testing.T, db *store.DB) string {
	t.Helper()
	role, err := store.Role(t.Context(), db)
	require.NoError(t, err)
	return role
}

func TestGrant_EveryTableIsReachable(t *testing.T) {
	t.Parallel()
	owner, panel := restricted(t)
	_, err := owner.ExecContext(t.Context(), `CREATE TABLE "of a Later migration" (id bigint GENERATED ALWAYS AS IDENTITY, other serial)`)
	require.NoError(t, err)
	_, err = panel.ExecContext(t.Context(), `INSERT INTO "of a Later migration" DEFAULT VALUES`)
	require.Error(t, err, "nobody has granted it yet")
	require.NoError(t, store.Grant(t.Context(), owner, roleOf(t, panel)))
	_, err = panel.ExecContext(t.Context(), `INSERT INTO "of a Later migration" DEFAULT VALUES`)
	require.NoError(t, err)

	var tables []struct {
		Name string
		May  []string `bun:",array"`
	}
	require.NoError(t, panel.NewRaw(`SELECT c.relname AS name, ARRAY(SELECT p::text FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS p
		WHERE has_table_privilege(c.oid, p) OR p = 'INSERT' AND has_any_column_privilege(c.oid, p)) AS may
		FROM pg_class AS c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')`).Scan(t.Context(), &tables))
	require.Greater(t, len(tables), 20)
	seen := 0
	for _, table := range tables {
		want := []string{"SELECT", "INSERT", "UPDATE", "DELETE"}
		switch table.Name {
		case "audit_entries", "audit_seals":
			want = []string{"SELECT", "INSERT"}
			seen++
		case "bun_migrations", "bun_migration_locks", "river_migration", "job_counts":
			want = []string{"SELECT"}
			seen++
		}
		require.Equal(t, want, table.May, table.Name)
	}
	require.Equal(t, 6, seen)
	var sequences int
	require.NoError(t, panel.NewRaw(`SELECT count(*) FROM pg_class
		WHERE relnamespace = 'public'::regnamespace AND CASE WHEN relkind = 'S' THEN NOT has_sequence_privilege(oid, 'USAGE') ELSE FALSE END`).Scan(t.Context(), &sequences))
	require.Zero(t, sequences)
}

// Who may change jobs has them counted, also before anything is granted of the counts, as
// nodes of the version before are for a moment; nobody else changes a count.
func TestGrant_JobsAreCountedWithTheRightsOfTheOwner(t *testing.T) {
	t.Parallel()
	owner, panel := restricted(t)
	_, err := owner.ExecContext(t.Context(), "REVOKE ALL ON job_counts FROM PUBLIC, "+roleOf(t, panel))
	require.NoError(t, err)
	_, err = panel.ExecContext(t.Context(), `INSERT INTO jobs (id, kind, plan_version, resource_kind, resource_id, target_generation, state)
		VALUES (gen_random_uuid(), 'thing.create', 1, 'thing', gen_random_uuid(), 1, 'PENDING')`)
	require.NoError(t, err)
	_, err = panel.ExecContext(t.Context(), `UPDATE jobs SET state = 'RUNNING'`)
	require.NoError(t, err)
	var counted string
	require.NoError(t, owner.NewRaw("SELECT string_agg(state || n, ' ' ORDER BY state) FROM job_counts").Scan(t.Context(), &counted))
	require.Equal(t, "PENDING0 RUNNING1", counted)
	_, err = panel.ExecContext(t.Context(), `UPDATE job_counts SET n = 7`)
	require.ErrorContains(t, err, "permission denied")
}

// The panel's role can add to the audit, and nothing else.
func TestGrant_TheAuditIsInsertOnly(t *testing.T) {
	t.Parallel()
	owner, panel := restricted(t)
	require.NoError(t, store.InTx(t.Context(), panel, func(ctx context.Context, tx store.Tx) error {
		return audit.Record(ctx, tx, audit.Entry{Action: "test.record", Detail: map[string]any{"a": 1}})
	}))
	_, err := panel.ExecContext(t.Context(), `INSERT INTO audit_seals (seq, version, epoch, floor, tx, last_id, ids, links, entries, hash) VALUES (1, 1, 1, 0, 1, 1, '{}', '', 0, sha256(''))`)
	require.NoError(t, err)
	for _, statement := range []string{
		"UPDATE audit_entries SET action = 'x'", "UPDATE audit_entries SET action = action WHERE false", "DELETE FROM audit_entries", "TRUNCATE audit_entries",
		"UPDATE audit_seals SET hash = sha256('x')", "DELETE FROM audit_seals", "TRUNCATE audit_seals", "TRUNCATE audit_entries, audit_seals CASCADE",
		"ALTER TABLE audit_entries ADD COLUMN x int", "ALTER TABLE audit_entries DISABLE TRIGGER ALL", "ALTER TABLE audit_entries RENAME TO x",
		"ALTER TABLE audit_entries OWNER TO CURRENT_USER", "DROP TABLE audit_entries", "DROP TABLE audit_seals", "CREATE TABLE mine (a int)",
		"CREATE TRIGGER t BEFORE INSERT ON audit_entries FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
		"CREATE RULE r AS ON INSERT TO audit_entries DO INSTEAD NOTHING", "CREATE INDEX i ON audit_entries (action)", "DROP INDEX audit_entries_feed",
		"INSERT INTO audit_entries (action, xid) VALUES ('x', '1')", "INSERT INTO audit_entries (action, at) VALUES ('x', now() - interval '1 year')",
		"INSERT INTO audit_entries (id, action) OVERRIDING SYSTEM VALUE VALUES (1, 'x')", "SELECT * FROM audit_entries FOR UPDATE",
		"INSERT INTO audit_seals (seq, version, epoch, floor, tx, last_id, ids, links, entries, hash) VALUES (1, 1, 1, 0, 1, 1, '{}', '', 0, sha256('')) ON CONFLICT (seq) DO UPDATE SET hash = sha256('x')",
		"MERGE INTO audit_entries AS a USING (SELECT 1) AS x ON true WHEN MATCHED THEN DELETE",
		"GRANT UPDATE ON audit_entries TO CURRENT_USER", "SET session_replication_role = replica", "SET ROLE " + testkit.Superuser,
		"SET SESSION AUTHORIZATION " + testkit.Superuser, "DELETE FROM bun_migrations",
		"COPY audit_entries FROM PROGRAM 'true'", "DROP OWNED BY " + testkit.Superuser, "REASSIGN OWNED BY " + testkit.Superuser + " TO CURRENT_USER",
		"SELECT setval('audit_entries_id_seq', 1)", "DROP SCHEMA public CASCADE", "DROP DATABASE postgres", "CREATE ROLE x SUPERUSER", "ALTER SYSTEM SET fsync = off",
	} {
		_, err := panel.ExecContext(t.Context(), statement)
		if strings.HasPrefix(statement, "GRANT") {
			continue // it warns, and grants nothing: see below
		}
		refused, ok := errors.AsType[*pgconn.PgError](err)
		require.True(t, ok, "%s: %v", statement, err)
		require.Contains(t, []string{"42501", "0LP01", "2BP01"}, refused.Code, "%s: %v", statement, err)
	}
	var n int
	require.NoError(t, owner.NewRaw("SELECT count(*) FROM audit_entries WHERE action = 'test.record'").Scan(t.Context(), &n))
	require.Equal(t, 1, n)
	for db, want := range map[*store.DB]bool{panel: true, owner: false} {
		got, err := store.AuditProtected(t.Context(), db)
		require.NoError(t, err)
		require.Equal(t, want, got)
		owns, err := store.Owns(t.Context(), db)
		require.NoError(t, err)
		require.Equal(t, !want, owns)
	}
	role, err := store.Role(t.Context(), panel)
	require.NoError(t, err)
	for _, loose := range []string{"GRANT UPDATE (action) ON audit_entries TO " + role, "GRANT TRUNCATE ON audit_seals TO " + role} {
		_, err := owner.ExecContext(t.Context(), loose)
		require.NoError(t, err)
		got, err := store.AuditProtected(t.Context(), panel)
		require.NoError(t, err)
		require.False(t, got, loose)
		require.NoError(t, store.Grant(t.Context(), owner, role))
		got, err = store.AuditProtected(t.Context(), panel)
		require.NoError(t, err)
		require.True(t, got, "granting anew takes it back")
	}
}

// A role that does not own the tables says so when they are of another version.
func TestUpToDate_ForARoleThatMayNotMigrate(t *testing.T) {
	t.Parallel()
	owner, panel := restricted(t)
	require.NoError(t, store.UpToDate(t.Context(), panel))
	require.Error(t, store.Migrate(t.Context(), panel, slog.New(slog.DiscardHandler)))
	_, err := owner.ExecContext(t.Context(), "DELETE FROM bun_migrations WHERE id = (SELECT max(id) FROM bun_migrations)")
	require.NoError(t, err)
	require.ErrorIs(t, store.UpToDate(t.Context(), panel), store.ErrNotMigrated)
}

// What is inserted only has columns that are there.
func TestAppendOnly_NamesColumns(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	for table, never := range store.AppendOnly {
		var columns []string
		require.NoError(t, db.NewRaw("SELECT attname::text FROM pg_attribute WHERE attrelid = ?::regclass AND attnum > 0", table).Scan(t.Context(), &columns))
		for _, c := range never {
			require.True(t, slices.Contains(columns, c), "%s.%s", table, c)
		}
	}
}
