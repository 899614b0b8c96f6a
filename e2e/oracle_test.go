//go:build e2e

package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// orderIn reads an answer to a mutation of a database.
func orderIn(a answer) (order, error) {
	var out map[string]*order
	if len(a.Errors) > 0 {
		return order{}, fmt.Errorf("%v", a.Errors)
	}
	if err := json.Unmarshal(a.Data, &out); err != nil {
		return order{}, err
	}
	for _, o := range out {
		return *o, nil
	}
	return order{}, errors.New("an answer without data")
}

func jobIn(a answer) (*job, error) {
	var out struct{ Job *job }
	if len(a.Errors) > 0 {
		return nil, fmt.Errorf("%v", a.Errors)
	}
	if err := json.Unmarshal(a.Data, &out); err != nil || out.Job == nil {
		return nil, fmt.Errorf("no job: %w", err)
	}
	return out.Job, nil
}

// judge compares three things when no job is at work: what the clients were
// told, the panel's rows, and what is really on the tenants' server. The server
// decides.
func (k *torture) judge(t *testing.T) []string {
	t.Helper()
	var bad []string
	say := func(format string, args ...any) { bad = append(bad, fmt.Sprintf(format, args...)) }
	db := k.panelDB(t)
	defer func() { _ = db.Close(t.Context()) }()
	var installation string
	require.NoError(t, db.QueryRow(t.Context(), "SELECT id::text FROM installation").Scan(&installation))

	found, rows := k.onServer(t), k.rows(t, db)
	for id, l := range k.live {
		row, ok := rows[uuidOf(t, id)]
		switch {
		case !ok:
			say("lost: %s was acknowledged and has no row", l.externalName)
		case row.state != l.state || row.externalName != l.externalName:
			say("half made: the row of %s is %v", l.externalName, row)
		}
		delete(rows, uuidOf(t, id))
		mark := "mpanel:" + installation + ":" + uuidOf(t, id)
		if want := []string{"database " + mark, "role " + mark}; !slices.Equal(found[l.externalName], want) {
			say("lost or half made: the server has %q of %s instead of %q", found[l.externalName], l.externalName, want)
		}
		delete(found, l.externalName)
		bad = append(bad, judgeRoles(found, installation, uuidOf(t, id), l, t)...)
	}
	for id, row := range rows {
		say("orphan: row %s of nobody: %v", id, row)
	}
	for name, what := range found {
		say("orphan: the server has %q as %s", name, what)
	}
	return slices.Concat(bad, k.judgeQuotas(t), k.gaps(t))
}

// judgeRoles takes the roles beside a database's own login off what was found.
func judgeRoles(found map[string][]string, installation, id string, l live, t *testing.T) (bad []string) {
	t.Helper()
	want := map[string]string{} // the row whose mark it bears, by role
	if work := "mp_" + strings.ReplaceAll(id, "-", ""); l.grouped {
		want[work+"_ro"], want[work+"_rw"] = id, id
	}
	if l.user != nil {
		want[l.user.username] = uuidOf(t, l.user.id)
	}
	for role, of := range want {
		if what := []string{"role mpanel:" + installation + ":" + of}; !slices.Equal(found[role], what) {
			bad = append(bad, fmt.Sprintf("lost or half made: the server has %q of role %s of %s", found[role], role, l.externalName))
		}
		delete(found, role)
	}
	return bad
}

type databaseRow struct{ externalName, state string }

func (*torture) rows(t *testing.T, db *pgx.Conn) map[string]databaseRow {
	t.Helper()
	rows, err := db.Query(t.Context(), "SELECT id::text, ext_name, state FROM databases")
	require.NoError(t, err)
	found := map[string]databaseRow{}
	var id string
	var r databaseRow
	_, err = pgx.ForEachRow(rows, []any{&id, &r.externalName, &r.state}, func() error {
		found[id] = r
		return nil
	})
	require.NoError(t, err)
	return found
}

// judgeQuotas counts for each customer what it and those below it have.
func (k *torture) judgeQuotas(t *testing.T) []string {
	t.Helper()
	want := make([]int, len(k.customers))
	for _, l := range k.live {
		want[l.customer]++
		if l.customer == 1 {
			want[0]++ // below the first
		}
	}
	var bad []string
	for i, id := range k.customers {
		if used := k.admin.quotaUsed(t, id); used != strconv.Itoa(want[i]) {
			bad = append(bad, fmt.Sprintf("quota: customer %d uses %s and has %d", i, used, want[i]))
		}
	}
	return bad
}

// requireLogins logs in to a few of the databases with what was handed out.
func (k *torture) requireLogins(t *testing.T) {
	t.Helper()
	tried := 0
	for _, id := range slices.Sorted(maps.Keys(k.live)) {
		l := k.live[id]
		if l.credentials == nil || tried == 5 {
			continue
		}
		tried++
		conn, err := pgx.Connect(t.Context(), l.credentials.at(t, k.admin.database(t, id).Port))
		if l.state == "SUSPENDED" {
			require.Error(t, err, "%s is suspended", l.externalName)
			continue
		}
		require.NoError(t, err, l.externalName)
		_ = conn.Close(t.Context())
	}
}

// noJobsOf tells whether jobs of the customers are not over.
func (in *installation) noJobsOf(t *testing.T, customers ...string) error {
	t.Helper()
	db := in.panelDB(t)
	defer func() { _ = db.Close(t.Context()) }()
	ids := make([]string, len(customers))
	for i, id := range customers {
		ids[i] = uuidOf(t, id)
	}
	var n int
	require.NoError(t, db.QueryRow(t.Context(), `SELECT count(*) FROM jobs
		WHERE customer_id = ANY ($1::uuid[]) AND state NOT IN ('SUCCEEDED', 'FAILED', 'CANCELED')`, ids).Scan(&n))
	if n > 0 {
		return fmt.Errorf("%d jobs are not over", n)
	}
	return nil
}

// TestOracle_SeesDamage does by hand what a bad panel would, since a judge that
// never finds anything proves nothing.
func TestOracle_SeesDamage(t *testing.T) {
	t.Parallel()
	r, _ := seeded(t)
	k := newTorture(t, r)
	k.server.kill(t)
	k.restart(t, false)
	for len(k.live) < 2 {
		k.round(t, k.orders(1))
	}
	require.Empty(t, k.judge(t))
	names := make([]string, 0, len(k.live))
	for _, l := range k.live {
		names = append(names, l.externalName)
	}
	panel, tenants := k.panelDB(t), k.tenantsDB(t)
	for _, damage := range []struct {
		db         *pgx.Conn
		sql, found string
	}{
		{panel, "UPDATE customer_quotas SET used = used + 1", "quota: "},
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
