package app

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/models"
)

// gauges are the values of a metric by its one label.
func gauges(t *testing.T, c prometheus.Collector, name string) map[string]float64 {
	t.Helper()
	r := prometheus.NewRegistry()
	r.MustRegister(c)
	families, err := r.Gather()
	require.NoError(t, err)
	values := map[string]float64{}
	for _, f := range families {
		if f.GetName() == name {
			for _, m := range f.GetMetric() {
				values[m.GetLabel()[0].GetValue()] = m.GetGauge().GetValue()
			}
		}
	}
	return values
}

// A job that can go neither on nor back is told by the log, the metrics and the
// doctor, and is tried again every hour: here a deletion whose role has come to
// own something that is not ours.
func TestStuck_SomebodyIsToldAndItIsTriedAgain(t *testing.T) {
	t.Parallel()
	b := newDriftBench(t)
	s, err := b.made(t.Context())
	require.NoError(t, err)
	b.serve(t)
	sqlOn(t, b.tenants, "postgres", "CREATE DATABASE of_somebody OWNER "+s.database.Username)
	require.Zero(t, gauges(t, jobStates{b.oracle}, "mpanel_jobs_active")["STUCK"])
	complaints, err := b.panel.complaints(t.Context())
	require.NoError(t, err)
	require.Empty(t, complaints)

	out, err := b.panel.databases.Delete(b.asStaff(t), database.DeleteInput{ID: s.database.ID, GraceSeconds: new(int)})
	require.NoError(t, err)
	hurry := func() {
		_, err := b.oracle.NewUpdate().Model((*models.Job)(nil)).Set("next_attempt_at = now()").Where("id = ?", out.Job.ID).
			Where("lease_until IS NULL").Where("state <> 'STUCK'").Exec(t.Context())
		require.NoError(t, err)
	}
	stuck := func() *models.Job {
		t.Helper()
		job := new(models.Job)
		require.Eventually(t, func() bool {
			hurry() // the pauses before that
			require.NoError(t, b.oracle.NewSelect().Model(job).Where("j.id = ?", out.Job.ID).Scan(t.Context()))
			return job.State == models.JobStuck && job.NextAttemptAt != nil && time.Until(*job.NextAttemptAt) > 50*time.Minute
		}, 60*time.Second, 10*time.Millisecond)
		return job
	}
	job := stuck()
	require.Contains(t, *job.WaitingFor, "database of_somebody")
	require.Less(t, time.Until(*job.NextAttemptAt), 61*time.Minute)

	require.EqualValues(t, 1, gauges(t, jobStates{b.oracle}, "mpanel_jobs_active")["STUCK"])
	complaints, err = b.panel.complaints(t.Context())
	require.NoError(t, err)
	require.Equal(t, []complaint{{"jobs", "STUCK database.delete " + job.ID.Opaque(), *job.WaitingFor}}, complaints)
	said := func() int {
		return strings.Count(b.errors.String(), `level=ERROR msg="job is stuck" job_id=`+job.ID.Opaque())
	}
	require.Equal(t, 1, said(), b.errors.String())
	require.Contains(t, b.errors.String(), "of_somebody")

	anHourLater := func() {
		_, err := b.oracle.NewUpdate().Model((*models.Job)(nil)).Set("next_attempt_at = now()").Where("id = ?", job.ID).Exec(t.Context())
		require.NoError(t, err)
	}
	anHourLater()
	require.Eventually(t, func() bool { hurry(); return said() == 2 }, 60*time.Second, 10*time.Millisecond, "it is tried, and told again")
	stuck()
	require.Equal(t, s.database.Username, b.ask(t, "SELECT pg_get_userbyid(datdba)::text FROM pg_database WHERE datname = 'of_somebody'"), "nothing foreign was touched")

	sqlOn(t, b.tenants, "postgres", "ALTER DATABASE of_somebody OWNER TO CURRENT_USER")
	anHourLater()
	require.Equal(t, models.JobSucceeded, b.until(t, job.ID, "deletion", over).State)
	require.Zero(t, gauges(t, jobStates{b.oracle}, "mpanel_jobs_active")["STUCK"])
	complaints, err = b.panel.complaints(t.Context())
	require.NoError(t, err)
	require.Empty(t, complaints)
	require.Equal(t, []string{"job.stuck", "job.succeeded"}, b.notified(t, job.ID), "once, however often it was tried")
}
