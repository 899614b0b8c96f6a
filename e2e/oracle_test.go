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
	rows, found, want := k.rows(t), k.onServer(t), map[string][]string{}
	for id, l := range k.live {
		row, ok := rows[uuidOf(t, id)]
		switch {
		case !ok:
			say("lost: %s was acknowledged and has no row", l.externalName)
		case row.state != l.state() || row.externalName != l.externalName || row.username != l.username:
			say("half made: the row of %s is %+v, not %s with login %s", l.externalName, row, l.state(), l.username)
		case row.late:
			say("late: the grace of %s is over for long, and it is there", row.previous)
		}
		if ok && row.previous == "" && l.previous != nil && l.previous.ends {
			k.requireRetired(t, l)
		}
		delete(rows, uuidOf(t, id))
		k.addExpected(t, want, found, l)
	}
	for id, row := range rows {
		say("orphan: row %s of nobody: %+v", id, row)
	}
	for name, marks := range want {
		if !slices.Equal(found[name], marks) {
			say("lost or half made: the server has %q of %s instead of %q", found[name], name, marks)
		}
		delete(found, name)
	}
	for name, what := range found {
		say("orphan: the server has %q as %s", name, what)
	}
	return slices.Concat(bad, k.judgeQuotas(t), k.judgeBytes(t), k.gaps(t), k.judgeContents(t), k.judgeDumps(t), k.judgeAccess(t), k.judgeTraces(t), k.judgeCounts(t))
}

// check notes what is wrong, and says it at once: a long run may be broken off.
func (k *torture) check(t *testing.T) {
	t.Helper()
	for _, v := range k.judge(t) {
		k.violations = append(k.violations, v)
		t.Logf("after %d orders: %s", k.done, v)
	}
	k.requireLogins(t)
}

// addExpected enters what the server must have of a database, with its marks.
// The groups of users come with the first user, and with a repair of the rights
// of a login that was taken over from, which needs them no less than a user's.
func (k *torture) addExpected(t *testing.T, want, found map[string][]string, l *live) {
	t.Helper()
	mark := k.installationMark(t)
	add := func(kind, name, of string) { want[name] = append(want[name], kind+" "+mark+of) }
	id := uuidOf(t, l.id)
	add("database", l.externalName, id) // in the order in which the server tells of it
	add("role", l.username, id)
	if l.previous != nil {
		add("role", l.previous.username, id)
	}
	work := "mp_" + strings.ReplaceAll(id, "-", "")
	if l.grouped || l.tookOver && len(found[work+"_ro"])+len(found[work+"_rw"]) > 0 {
		add("role", work+"_ro", id)
		add("role", work+"_rw", id)
	}
	if l.user != nil {
		add("role", l.user.username, uuidOf(t, l.user.id))
	}
}

// installationMark is what every mark of this installation begins with.
func (k *torture) installationMark(t *testing.T) string {
	t.Helper()
	id, err := k.tell(t.Context(), "SELECT id::text FROM installation")
	require.NoError(t, err)
	return "mpanel:" + id + ":"
}

// state is the one that the database must have.
func (l *live) state() string {
	if l.suspended || l.shut {
		return "SUSPENDED"
	}
	return "ACTIVE"
}

type databaseRow struct {
	externalName, state, username, previous string

	late bool // the login before should have gone by now
}

func (k *torture) rows(t *testing.T) map[string]databaseRow {
	t.Helper()
	found := map[string]databaseRow{}
	require.NoError(t, k.ask(t.Context(), "panel", "mpanel", func(db *pgx.Conn) error {
		rows, err := db.Query(t.Context(), `SELECT id::text, ext_name, state, username, coalesce(previous_username, ''),
			coalesce(previous_until < now() - interval '30 seconds' AND state <> 'SUSPENDED', false) FROM databases`)
		if err != nil {
			return err
		}
		var id string
		var r databaseRow
		_, err = pgx.ForEachRow(rows, []any{&id, &r.externalName, &r.state, &r.username, &r.previous, &r.late}, func() error {
			found[id] = r
			return nil
		})
		return err
	}))
	return found
}

func (k *torture) row(t *testing.T, id string) databaseRow {
	t.Helper()
	return k.rows(t)[uuidOf(t, id)]
}

// requireRetired: the old login is refused once its grace is over.
func (k *torture) requireRetired(t *testing.T, l *live) {
	t.Helper()
	if c := l.previous.credentials; c != nil {
		conn, err := pgx.Connect(t.Context(), c.at(t, k.admin.database(t, l.id).Port))
		if err == nil {
			_ = conn.Close(t.Context())
			k.violatef("late: %s still lets %s in", l.externalName, c.Username)
		}
	}
	l.previous = nil
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

// judgeCounts compares the counts of jobs, which totals are read from, with the jobs.
func (k *torture) judgeCounts(t *testing.T) (bad []string) {
	t.Helper()
	require.NoError(t, k.ask(t.Context(), "panel", "mpanel", func(db *pgx.Conn) error {
		rows, err := db.Query(t.Context(), `SELECT format('counts: %s jobs %s of customer %s, counted as %s', coalesce(j.n, 0), state, customer, coalesce(c.n, 0)) FROM
			(SELECT coalesce(customer_id::text, 'none') AS customer, state, count(*) AS n FROM jobs GROUP BY 1, 2) AS j
			FULL JOIN (SELECT coalesce(customer_id::text, 'none') AS customer, state, sum(n) AS n FROM job_counts GROUP BY 1, 2) AS c USING (customer, state)
			WHERE coalesce(j.n, 0) <> coalesce(c.n, 0)`)
		if err != nil {
			return err
		}
		bad, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	}))
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
		all := []*credentials{l.credentials}
		if l.previous != nil && !l.previous.ends && l.previous.credentials != nil {
			all = append(all, l.previous.credentials)
		}
		for _, c := range all {
			conn, err := pgx.Connect(t.Context(), c.at(t, k.admin.database(t, id).Port))
			if l.state() == "SUSPENDED" {
				require.Error(t, err, "%s is suspended", l.externalName)
				continue
			}
			require.NoError(t, err, "%s as %s", l.externalName, c.Username)
			_ = conn.Close(t.Context())
		}
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
