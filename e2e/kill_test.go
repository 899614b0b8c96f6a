//go:build e2e

package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// TestKill_InTheMiddleOfACreate kills the panel at chosen points of its work and
// has the next start finish it. The fault matrix of the engine's own tests has
// all points; here it is the real process that dies.
func TestKill_InTheMiddleOfACreate(t *testing.T) {
	t.Parallel()
	in := install(t)
	s := in.start(t, launch{})
	customer := in.setUp(t, s).createCustomer(t, "Killed", -1, "")

	want := 0
	for _, point := range []string{
		"create-login:before-intent",
		"create-login:after-effect",
		"create-database:created", // without its mark
		"create-database:marked",
		"grant-access:schema",
		"publish-name:after-effect",
	} {
		s.stop(t)
		s = in.start(t, launch{binary: built.fault, env: []string{"MPANEL_FAULT_POINT=1@database.create/" + point}})
		order := vars{"in": vars{"customerId": customer, "name": name(point)}}
		a, err := s.signIn(t, adminEmail).send(t.Context(), key(point), createMutation, order)
		require.Equal(t, -1, s.wait(t, startTime), "%s: killed", point)

		restarted := time.Now()
		s = in.start(t, launch{})
		admin := s.signIn(t, adminEmail)
		if err != nil { // it died before it could answer: what the key is for
			a = admin.with(t, key(point), createMutation, order)
		}
		o := created(t, a)
		j := admin.awaitSuccess(t, o.Job.ID)
		require.Less(t, j.FinishedAt.Sub(restarted), 15*time.Second, point)
		require.Equal(t, 2, j.Attempts, point)
		want++
		found := in.onServer(t)
		require.Len(t, found, want, "%s: %v", point, found)
		require.Len(t, found[o.Database.ExternalName], 2, "%s: a database and a role", point)
		in.requireGaplessEvents(t)

		if o.Credentials == nil {
			t.Logf("%s: the answer with the password was lost", point)
			continue
		}
		login(t, o.Credentials.at(t, admin.database(t, o.Database.ID).Port)) // what was handed out before works
	}
}

// name makes a database's name of a point.
func name(point string) string { return strings.NewReplacer(":", "_", "-", "_").Replace(point) }

func (in *installation) requireGaplessEvents(t *testing.T) {
	t.Helper()
	require.Empty(t, in.gaps(t))
}

// gaps asks the journal itself for jobs whose events are not numbered from 1 to
// the job's counter, or do not end with the job.
func (in *installation) gaps(t *testing.T) []string {
	t.Helper()
	db := in.panelDB(t)
	defer func() { _ = db.Close(t.Context()) }()
	rows, err := db.Query(t.Context(), `
		SELECT 'the events of job ' || j.id || ' have gaps' FROM jobs j LEFT JOIN job_events e ON e.job_id = j.id
		GROUP BY j.id HAVING count(e.seq) <> j.event_seq OR min(e.seq) <> 1 OR max(e.seq) <> j.event_seq
		   OR (j.state IN ('SUCCEEDED', 'FAILED', 'CANCELED'))
		      <> ((array_agg(e.state ORDER BY e.seq DESC))[1] IN ('SUCCEEDED', 'FAILED', 'CANCELED'))
		   OR count(*) FILTER (WHERE e.state IN ('SUCCEEDED', 'FAILED', 'CANCELED')
		                         AND e.kind LIKE 'job.%') > 1`)
	require.NoError(t, err)
	broken, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return broken
}
