package app

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/customer"
	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/engine/faulttest"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/jobs"
	"github.com/mpanel/mpanel/models"
)

// notAgain are the kinds whose wish a failed job does not leave, as `retryJob` says.
var notAgain = []string{database.KindClose, database.KindOpen, database.KindRetire, database.KindGiveBack, database.KindRemoveOrphan}

// Whatever failed can be tried again: the same is wished, with the credentials
// that were shown, and what it leads to is what the first attempt would have.
func TestRetry_TakesUpWhatFailed(t *testing.T) {
	t.Parallel()
	plans := newFaultBench(t).panel.registry.Plans()
	for _, plan := range plans {
		if plan.Leads { // its children are
			continue
		}
		t.Run(plan.Kind, func(t *testing.T) {
			t.Parallel()
			b := newFaultBench(t)
			s, err := b.set(t.Context(), plan.Kind)
			require.NoError(t, err)
			defer func() { b.clear(t, s) }()
			if plan.Again == nil {
				require.Contains(t, notAgain, plan.Kind)
				_, err := b.oracle.ExecContext(t.Context(), "UPDATE jobs SET state = 'FAILED', finished_at = now() WHERE id = ?", s.job)
				require.NoError(t, err)
				_, err = b.panel.jobs.Retry(b.by(t), jobs.RetryInput{ID: s.job})
				require.Equal(t, fault.Conflict, fault.CodeOf(err))
				require.ErrorContains(t, err, "cannot be tried again")
				return
			}
			require.NotContains(t, notAgain, plan.Kind)
			var doomed atomic.Bool
			probe := func(_ context.Context, point string) error {
				if strings.HasPrefix(point, plan.Kind+"/") && strings.HasSuffix(point, ":after-effect") && doomed.CompareAndSwap(false, true) {
					return faulttest.Doomed()
				}
				return nil
			}
			b.probe.Store(&probe)
			require.NoError(t, b.untilOver(t.Context(), s.job, faulttest.Cell{}))
			b.probe.Store(nil)
			require.Empty(t, b.check(t.Context(), plan.Kind, s, models.JobFailed))
			first := s.job
			switch plan.Kind {
			case database.KindImport: // the check has left a table, and only what is empty is loaded into
				require.NoError(t, b.asLogin(t.Context(), s, "DROP TABLE IF EXISTS proof"))
			case database.KindAdopt: // the scene decides of all findings at once
				_, err := b.oracle.ExecContext(t.Context(), "UPDATE drift_findings SET job_id = ? WHERE kind = 'FOREIGN' AND database_id = ?", first, s.database.ID)
				require.NoError(t, err)
			}
			again, err := b.panel.jobs.Retry(b.by(t), jobs.RetryInput{ID: first})
			require.NoError(t, err)
			require.NotEqual(t, first, again.Job.ID)
			var noted int
			require.NoError(t, b.oracle.NewRaw(`SELECT (SELECT count(*) FROM drift_findings WHERE job_id = ?0 AND resolved_at IS NULL)
				+ (SELECT count(*) FROM database_dumps WHERE job_id = ?0)`, first).Scan(t.Context(), &noted))
			require.Zero(t, noted, "what noted the job notes the one that tries again")
			s.job = again.Job.ID
			_, err = b.oracle.ExecContext(t.Context(), "UPDATE databases SET delete_after = now() WHERE delete_after IS NOT NULL") // the server's own grace is long
			require.NoError(t, err)
			require.NoError(t, b.untilOver(t.Context(), s.job, faulttest.Cell{}))
			require.Empty(t, b.check(t.Context(), plan.Kind, s, models.JobSucceeded))
			_, err = b.panel.jobs.Retry(b.by(t), jobs.RetryInput{ID: first})
			require.Equal(t, fault.Conflict, fault.CodeOf(err), "a later job has been at work")
		})
	}
}

// For a suspended customer nothing is made, by trying again neither.
func TestRetry_MakesNothingForASuspendedCustomer(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	c := b.customer(t, nil, 1)
	out, err := b.create(t.Context(), b.staff, c, b.name)
	require.NoError(t, err)
	_, err = b.panel.jobs.Cancel(b.by(t), jobs.CancelInput{ID: out.Job.ID})
	require.NoError(t, err)
	require.Equal(t, models.JobCanceled, b.finished(t, out.Job.ID).State)
	stop, err := b.panel.customers.Suspend(b.by(t), customer.SuspendInput{ID: c, Reason: "Unpaid."})
	require.NoError(t, err)
	require.Equal(t, models.JobSucceeded, b.finished(t, stop.Job.ID).State)
	_, err = b.panel.jobs.Retry(b.by(t), jobs.RetryInput{ID: out.Job.ID})
	require.Equal(t, fault.Conflict, fault.CodeOf(err))
	require.ErrorContains(t, err, "is suspended")
	require.Equal(t, models.ResourceFailed, b.row(t, out.Database.ID).State)
}

// What fails is wished again only while it can still be: a finding that is gone,
// a dump or a user that was removed, leave nothing to be tried.
func TestRetry_OnlyWhatIsStillThere(t *testing.T) {
	t.Parallel()
	for kind, gone := range map[string]struct{ sql, says string }{
		database.KindRepair:     {"UPDATE drift_findings SET resolved_at = now()", "not found any more"},
		database.KindRecreate:   {"UPDATE drift_findings SET resolved_at = now()", "not found any more"},
		database.KindAdopt:      {"UPDATE drift_findings SET ignored = true", "not found any more"},
		database.KindExport:     {"DELETE FROM database_dumps", "The dump was removed"},
		database.KindCreateUser: {"DELETE FROM database_users", "The user is gone"},
		database.KindRotateUser: {"UPDATE databases SET state = 'SUSPENDED'", "while it is ACTIVE"},
		database.KindAccess:     {"UPDATE databases SET state = 'DELETING'", "being deleted"},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			b := newFaultBench(t)
			s, err := b.set(t.Context(), kind)
			require.NoError(t, err)
			defer func() { b.clear(t, s) }()
			_, err = b.panel.jobs.Cancel(b.by(t), jobs.CancelInput{ID: s.job})
			require.NoError(t, err)
			require.Equal(t, models.JobCanceled, b.finished(t, s.job).State)
			_, err = b.oracle.ExecContext(t.Context(), gone.sql)
			require.NoError(t, err)
			_, err = b.panel.jobs.Retry(b.by(t), jobs.RetryInput{ID: s.job})
			require.Equal(t, fault.Conflict, fault.CodeOf(err), "%v", err)
			require.ErrorContains(t, err, gone.says)
		})
	}
}
