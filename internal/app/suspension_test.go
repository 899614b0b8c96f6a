package app

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/customer"
	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/engine/faulttest"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/jobs"
	"github.com/mpanel/mpanel/models"
)

const heldFromAbove = "Your provider has suspended this database; only they can resume it."

// A benchOfThree has a database, its customer's owner, and the owner of the
// reseller above.
type benchOfThree struct {
	*faultBench

	reseller, shop ident.CustomerID
	owner, above   *actor.Actor
	scene          scene
	id             ident.DatabaseID
}

func newBenchOfThree(t *testing.T) *benchOfThree {
	t.Helper()
	b := &benchOfThree{faultBench: newFaultBench(t)}
	b.reseller = b.customer(t, nil, 9)
	b.shop = b.customer(t, &b.reseller, 9)
	b.owner, b.above = b.member(t, b.shop, models.CustomerOwner), b.member(t, b.reseller, models.CustomerOwner)
	b.scene = b.tenant(t, b.shop, b.name)
	b.id = b.scene.database.ID
	return b
}

func (b *benchOfThree) as(t *testing.T, who *actor.Actor) context.Context {
	t.Helper()
	return actor.With(t.Context(), who)
}

func (b *benchOfThree) suspendedBy(t *testing.T, who *actor.Actor, reason string) *models.Job {
	t.Helper()
	out, err := b.panel.databases.Suspend(b.as(t, who), database.SuspendInput{ID: b.id, Reason: &reason})
	require.NoError(t, err)
	return out.Job
}

// mustBeHeld wants the owner to find no way to lift it.
func (b *benchOfThree) mustBeHeld(t *testing.T, reason string) {
	t.Helper()
	row := b.row(t, b.id)
	require.True(t, row.Suspended)
	require.True(t, row.SuspendedFromAbove)
	require.Equal(t, reason, *row.SuspendReason)
	require.Empty(t, b.mustBeShut(t.Context(), b.scene))
	for _, dry := range []bool{true, false} {
		_, err := b.panel.databases.Resume(b.as(t, b.owner), database.ResumeInput{ID: b.id, DryRun: dry})
		require.Equal(t, fault.Forbidden, fault.CodeOf(err))
		require.ErrorContains(t, err, heldFromAbove)
		_, err = b.panel.databases.ChangeAll(b.as(t, b.owner), database.BulkInput{Action: database.ActionResume, IDs: []ident.DatabaseID{b.id}, DryRun: dry})
		require.ErrorContains(t, err, "ids.0")
		require.ErrorContains(t, err, heldFromAbove)
		_, err = b.panel.databases.OpenForCleanup(b.as(t, b.owner), database.CleanupInput{ID: b.id, DryRun: dry})
		require.Equal(t, fault.Conflict, fault.CodeOf(err))
	}
}

func (b *benchOfThree) resumedBy(t *testing.T, who *actor.Actor) {
	t.Helper()
	out, err := b.panel.databases.Resume(b.as(t, who), database.ResumeInput{ID: b.id})
	require.NoError(t, err)
	require.Equal(t, models.JobSucceeded, b.finished(t, out.Job.ID).State)
	require.Empty(t, b.mustBeThere(t.Context(), b.scene, models.ResourceActive, 1))
	require.False(t, b.row(t, b.id).SuspendedFromAbove)
}

func TestSuspend_FromAboveIsLiftedFromAboveAlone(t *testing.T) {
	t.Parallel()
	b := newBenchOfThree(t)
	job := b.suspendedBy(t, b.staff, "Abuse.")
	require.Equal(t, b.reseller, job.CustomerID, "it is theirs who stand above")
	_, err := b.panel.jobs.Cancel(b.as(t, b.owner), jobs.CancelInput{ID: job.ID})
	require.Equal(t, fault.NotFound, fault.CodeOf(err))
	require.Equal(t, models.JobSucceeded, b.finished(t, job.ID).State)
	b.mustBeHeld(t, "Abuse.")

	// To delete it is the tenant's right, and no way around.
	gone, err := b.panel.databases.Delete(b.as(t, b.owner), database.DeleteInput{ID: b.id})
	require.NoError(t, err)
	b.finished(t, gone.Job.ID)
	_, err = b.panel.databases.Restore(b.as(t, b.owner), database.RestoreInput{ID: b.id})
	require.NoError(t, err)
	require.Equal(t, models.JobCanceled, b.finished(t, gone.Job.ID).State)
	b.mustBeHeld(t, "Abuse.")
	// Nor is a deletion that was taken back before it began.
	gone, err = b.panel.databases.Delete(b.as(t, b.owner), database.DeleteInput{ID: b.id})
	require.NoError(t, err)
	_, err = b.panel.jobs.Cancel(b.as(t, b.owner), jobs.CancelInput{ID: gone.Job.ID})
	require.NoError(t, err)
	require.Equal(t, models.JobCanceled, b.finished(t, gone.Job.ID).State)
	b.mustBeHeld(t, "Abuse.")

	// A resumption that fails leaves it held, and is not the tenant's to try again.
	probe := func(_ context.Context, point string) error {
		if point == "database.resume/enable-login:after-effect" {
			return faulttest.Doomed()
		}
		return nil
	}
	b.probe.Store(&probe)
	back, err := b.panel.databases.Resume(b.as(t, b.staff), database.ResumeInput{ID: b.id})
	require.NoError(t, err)
	require.Equal(t, models.JobFailed, b.finished(t, back.Job.ID).State)
	b.probe.Store(nil)
	b.mustBeHeld(t, "Abuse.")
	_, err = b.panel.jobs.Retry(b.as(t, b.owner), jobs.RetryInput{ID: back.Job.ID})
	require.Equal(t, fault.Forbidden, fault.CodeOf(err))
	again, err := b.panel.jobs.Retry(b.as(t, b.above), jobs.RetryInput{ID: back.Job.ID})
	require.NoError(t, err)
	require.Equal(t, models.JobSucceeded, b.finished(t, again.Job.ID).State)
	require.Empty(t, b.mustBeThere(t.Context(), b.scene, models.ResourceActive, 1))

	// What the owner suspends itself it lifts itself.
	own := b.suspendedBy(t, b.owner, "Holiday.")
	require.Equal(t, b.shop, own.CustomerID)
	require.Equal(t, models.JobSucceeded, b.finished(t, own.ID).State)
	require.False(t, b.row(t, b.id).SuspendedFromAbove)
	b.resumedBy(t, b.owner)
}

// What a customer has suspended itself can be held from above after that: else it
// would be the one to decide when it runs again.
func TestSuspend_FromAboveOverTheCustomersOwn(t *testing.T) {
	t.Parallel()
	b := newBenchOfThree(t)
	require.Equal(t, models.JobSucceeded, b.finished(t, b.suspendedBy(t, b.owner, "Holiday.").ID).State)
	_, err := b.panel.databases.Suspend(b.as(t, b.owner), database.SuspendInput{ID: b.id})
	require.Equal(t, fault.Conflict, fault.CodeOf(err))
	job := b.suspendedBy(t, b.above, "Abuse.")
	require.Equal(t, b.reseller, job.CustomerID)

	// Taken back it leaves what was; tried again it has its reason.
	_, err = b.panel.jobs.Cancel(b.as(t, b.above), jobs.CancelInput{ID: job.ID})
	require.NoError(t, err)
	require.Equal(t, models.JobCanceled, b.finished(t, job.ID).State)
	row := b.row(t, b.id)
	require.True(t, row.Suspended)
	require.False(t, row.SuspendedFromAbove)
	require.Equal(t, "Holiday.", *row.SuspendReason)
	require.Empty(t, b.mustBeShut(t.Context(), b.scene))
	again, err := b.panel.jobs.Retry(b.as(t, b.above), jobs.RetryInput{ID: job.ID})
	require.NoError(t, err)
	require.Equal(t, models.JobSucceeded, b.finished(t, again.Job.ID).State)
	b.mustBeHeld(t, "Abuse.")
	_, err = b.panel.databases.Suspend(b.as(t, b.staff), database.SuspendInput{ID: b.id})
	require.Equal(t, fault.Conflict, fault.CodeOf(err))
	b.resumedBy(t, b.staff)
}

// Neither the job that leads nor its children are the tenants' to take back.
func TestChangeDatabases_SuspensionFromAbove(t *testing.T) {
	t.Parallel()
	b := newBenchOfThree(t)
	ids := []ident.DatabaseID{b.id}
	for _, who := range []*actor.Actor{b.staff, b.above} {
		out, err := b.panel.databases.ChangeAll(b.as(t, who), database.BulkInput{Action: database.ActionSuspend, IDs: ids, Reason: new("Abuse.")})
		require.NoError(t, err)
		require.Equal(t, b.reseller, out.Job.CustomerID)
		child := b.children(t, out.Job.ID)[0]
		require.Equal(t, b.reseller, child.CustomerID)
		for _, id := range []ident.JobID{out.Job.ID, child.ID} {
			_, err = b.panel.jobs.Cancel(b.as(t, b.owner), jobs.CancelInput{ID: id})
			require.Equal(t, fault.NotFound, fault.CodeOf(err))
		}
		require.Equal(t, models.JobSucceeded, b.ran(t, out.Job.ID).State)
		b.mustBeHeld(t, "Abuse.")
		b.resumedBy(t, who)
	}
	// With a database of the reseller's own, it is the provider's alone.
	s := b.tenant(t, b.reseller, b.name+"r")
	ids = append(ids, s.database.ID)
	out, err := b.panel.databases.ChangeAll(b.as(t, b.staff), database.BulkInput{Action: database.ActionSuspend, IDs: ids})
	require.NoError(t, err)
	require.Zero(t, out.Job.CustomerID)
	_, err = b.panel.jobs.Cancel(b.as(t, b.above), jobs.CancelInput{ID: out.Job.ID})
	require.Equal(t, fault.NotFound, fault.CodeOf(err))
	require.Equal(t, models.JobSucceeded, b.ran(t, out.Job.ID).State)
	_, err = b.panel.databases.Resume(b.as(t, b.above), database.ResumeInput{ID: s.database.ID})
	require.Equal(t, fault.Forbidden, fault.CodeOf(err))
	b.resumedBy(t, b.above) // of the shop it stands above
}

// A suspension that is canceled before it began leaves nothing that its customer
// reads, and has its reason again when it is tried again.
func TestSuspend_TriedAgainKeepsItsReason(t *testing.T) {
	t.Parallel()
	b := newBenchOfThree(t)
	job := b.suspendedBy(t, b.owner, "Holiday.")
	_, err := b.panel.jobs.Cancel(b.as(t, b.owner), jobs.CancelInput{ID: job.ID})
	require.NoError(t, err)
	require.Equal(t, models.JobCanceled, b.finished(t, job.ID).State)
	require.Nil(t, b.row(t, b.id).SuspendReason)
	require.False(t, b.row(t, b.id).Suspended)
	again, err := b.panel.jobs.Retry(b.as(t, b.owner), jobs.RetryInput{ID: job.ID})
	require.NoError(t, err)
	require.Equal(t, models.JobSucceeded, b.finished(t, again.Job.ID).State)
	require.Equal(t, "Holiday.", *b.row(t, b.id).SuspendReason)
	require.Empty(t, b.mustBeShut(t.Context(), b.scene))
}

// A customer is suspended while a job of before is about to open one of its
// databases: wherever that is, the row says what was done, and it ends shut.
func TestSuspendCustomer_WhileAJobOpens(t *testing.T) {
	t.Parallel()
	for _, point := range []string{
		"database.delete/close:before-undo", "database.delete/close:decided", "database.delete/close:after-undo-effect",
		"database.resume/open-database:before-intent", "database.resume/enable-login:after-effect", "database.resume/enable-login:after-done",
	} {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			b := newBenchOfThree(t)
			var opening *models.Job
			if point[:len("database.delete")] == database.KindDelete {
				gone, err := b.panel.databases.Delete(b.as(t, b.owner), database.DeleteInput{ID: b.id})
				require.NoError(t, err)
				b.finished(t, gone.Job.ID)
				back, err := b.panel.databases.Restore(b.as(t, b.owner), database.RestoreInput{ID: b.id})
				require.NoError(t, err)
				opening = back.Job
			} else {
				require.Equal(t, models.JobSucceeded, b.finished(t, b.suspendedBy(t, b.owner, "Holiday.").ID).State)
				back, err := b.panel.databases.Resume(b.as(t, b.owner), database.ResumeInput{ID: b.id})
				require.NoError(t, err)
				opening = back.Job
			}
			var stop atomic.Pointer[models.Job]
			probe := func(ctx context.Context, at string) error {
				if at != point || stop.Load() != nil {
					return nil
				}
				out, err := b.panel.customers.Suspend(actor.With(context.WithoutCancel(ctx), b.staff), customer.SuspendInput{ID: b.shop, Reason: "Unpaid."})
				if err != nil {
					return err
				}
				stop.Store(out.Job)
				b.panel.engine.Run(context.WithoutCancel(ctx), out.Job.ID) // it looks once
				return nil
			}
			b.probe.Store(&probe)
			require.True(t, b.finished(t, opening.ID).State.Terminal())
			require.NotNil(t, stop.Load(), "the point was reached")
			b.serving(t)
			_, err := b.oracle.ExecContext(t.Context(), "UPDATE jobs SET next_attempt_at = now() WHERE id = ? AND finished_at IS NULL", stop.Load().ID) // not to wait for its own look
			require.NoError(t, err)
			require.Equal(t, models.JobSucceeded, b.awaited(t, stop.Load().ID).State)
			require.Empty(t, b.mustBeShut(t.Context(), b.scene))

			out, err := b.panel.customers.Resume(b.as(t, b.staff), customer.ResumeInput{ID: b.shop})
			require.NoError(t, err)
			require.Equal(t, models.JobSucceeded, b.awaited(t, out.Job.ID).State)
			require.Empty(t, b.mustBeThere(t.Context(), b.scene, models.ResourceActive, 1))
		})
	}
}

// A deletion is taken back while the quota that closes the database is crossed:
// the row says that it is open, and the next look closes it.
func TestEnforce_ClosesWhatWasOpenedMeanwhile(t *testing.T) {
	t.Parallel()
	b := newBenchOfThree(t)
	gone, err := b.panel.databases.Delete(b.as(t, b.owner), database.DeleteInput{ID: b.id})
	require.NoError(t, err)
	b.finished(t, gone.Job.ID)
	_, err = b.panel.databases.Restore(b.as(t, b.owner), database.RestoreInput{ID: b.id})
	require.NoError(t, err)
	probe := func(ctx context.Context, point string) error {
		if point == "database.delete/close:decided" {
			_, err := b.oracle.ExecContext(ctx, "UPDATE customer_quotas SET used = 2, max = 1 WHERE name = 'DATABASE_BYTES' AND customer_id = ?", b.shop)
			return err
		}
		return nil
	}
	b.probe.Store(&probe)
	require.Equal(t, models.JobCanceled, b.finished(t, gone.Job.ID).State)
	b.probe.Store(nil)
	require.Empty(t, b.mustBeThere(t.Context(), b.scene, models.ResourceActive, 1), "as it was really done")
	b.enforcedUntilShut(t)

	// So it is with a suspended customer whose job has ended.
	_, err = b.oracle.ExecContext(t.Context(), "UPDATE customer_quotas SET used = 0, max = NULL WHERE name = 'DATABASE_BYTES' AND customer_id = ?", b.shop)
	require.NoError(t, err)
	require.NoError(t, b.panel.databases.EnforceSizeQuotas(t.Context()))
	b.finished(t, b.latest(t))
	require.Empty(t, b.mustBeThere(t.Context(), b.scene, models.ResourceActive, 1))
	_, err = b.oracle.ExecContext(t.Context(), "UPDATE customers SET suspended = true, state = 'SUSPENDED' WHERE id = ?", b.reseller)
	require.NoError(t, err)
	b.enforcedUntilShut(t)
}

func (b *benchOfThree) latest(t *testing.T) (id ident.JobID) {
	t.Helper()
	require.NoError(t, b.oracle.NewSelect().Model((*models.Job)(nil)).Column("j.id").Where("j.resource_id = ?", b.id).Order("j.id DESC").Limit(1).Scan(t.Context(), &id))
	return id
}

func (b *benchOfThree) enforcedUntilShut(t *testing.T) {
	t.Helper()
	require.NoError(t, b.panel.databases.EnforceSizeQuotas(t.Context()))
	job := b.finished(t, b.latest(t))
	require.Equal(t, database.KindClose, job.Kind)
	require.Equal(t, models.JobSucceeded, job.State)
	require.Empty(t, b.mustBeShut(t.Context(), b.scene))
}
