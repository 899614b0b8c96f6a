//go:build e2e

package e2e

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/testkit"
)

// TestOracle_SeesDamage does by hand what a bad panel would, since a judge that
// never finds anything proves nothing.
func TestOracle_SeesDamage(t *testing.T) {
	t.Parallel()
	r, _ := testkit.Seeded(t)
	k := newTorture(t, r)
	k.mix = basics()[:1]
	k.server.kill(t)
	k.restart(t, false)
	for len(k.live) < 2 {
		k.round(t, k.orders(t, 1))
	}
	names := make([]string, 0, len(k.live))
	for _, l := range k.live {
		names = append(names, l.externalName)
	}
	k.mix = slices.DeleteFunc(dumpActions(), func(a *action) bool { return a.name != "export" })
	for len(k.dumps) == 0 {
		k.round(t, k.orders(t, 1))
	}
	require.Empty(t, k.judge(t))
	rows := k.dumpRows(t) // an export that was canceled has no file
	file := k.fileOf(rows[slices.IndexFunc(rows, func(r dumpRow) bool { return r.state == "READY" })])
	whole, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.Truncate(file, int64(len(whole)/2)))
	require.Contains(t, strings.Join(k.judge(t), "\n"), "is not what its row says")
	require.NoError(t, os.WriteFile(file, whole, 0o600))
	for sql, found := range map[string]string{
		"INSERT INTO content (v) VALUES ('by nobody')": "content: ", "ALTER VIEW recent OWNER TO mpanel": "instead of",
	} {
		k.violations = nil
		for _, l := range k.live {
			l.looked = false
			k.onTenants(t, l.externalName, sql)
		}
		require.Contains(t, strings.Join(append(k.judge(t), k.violations...), "\n"), found, sql)
		for _, l := range k.live {
			k.onTenants(t, l.externalName, "ALTER VIEW recent OWNER TO "+pgx.Identifier{l.username}.Sanitize())
			l.content = []string{k.fingerprint(t, l)}
		}
	}
	l := k.live[slices.Sorted(maps.Keys(k.live))[0]]
	l.cidrs = []string{"192.0.2.0/24"}
	require.Contains(t, strings.Join(k.judge(t), "\n"), "access: pg_hba.conf has")
	l.cidrs = nil
	require.NoError(t, k.ask(t.Context(), "tenants", l.externalName, func(conn *pgx.Conn) error {
		_, err := conn.Exec(t.Context(), "SET application_name = 'mpanel job 1'")
		require.Contains(t, strings.Join(k.judgeTraces(t), "\n"), "sessions of nobody")
		return err
	}))
	require.Empty(t, k.judge(t))
	panel, tenants := k.panelDB(t), k.tenantsDB(t)
	for _, damage := range []struct {
		db         *pgx.Conn
		sql, found string
	}{
		{panel, "UPDATE customer_quotas SET used = used + 1", "quota: "},
		{panel, "UPDATE customer_quotas SET used = used + 1", "bytes: "},
		{panel, "UPDATE database_dumps SET state = 'PENDING'", "dump: "},
		{panel, "DELETE FROM job_events WHERE seq = 2", "have gaps"},
		{panel, "UPDATE databases SET state = 'PENDING' WHERE ext_name = '" + names[0] + "'", "half made: "},
		{tenants, "CREATE DATABASE mp_0123", `orphan: the server has "mp_0123"`},
		{tenants, "CREATE ROLE left_over", `orphan: the server has "left_over"`},
		{tenants, "COMMENT ON ROLE " + names[0] + " IS NULL", "half made: the server has"},
		{tenants, "DROP DATABASE " + names[1], "lost or half made: "},
		{panel, "DELETE FROM databases WHERE ext_name = '" + names[0] + "'", "lost: "},
	} {
		_, err := damage.db.Exec(t.Context(), damage.sql)
		require.NoError(t, err, damage.sql)
		require.Contains(t, strings.Join(k.judge(t), "\n"), damage.found, damage.sql)
	}
}
