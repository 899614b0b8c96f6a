package app

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/customer"
	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/jobs"
	"github.com/mpanel/mpanel/internal/page"
	"github.com/mpanel/mpanel/models"
)

// tenant is a database that is there, and who may do what with it.
func (b *faultBench) tenant(t *testing.T, id ident.CustomerID, name string) scene {
	t.Helper()
	out, err := b.create(t.Context(), b.staff, id, name)
	require.NoError(t, err)
	s := scene{job: out.Job.ID, database: out.Database, password: out.Credentials.Secret}
	require.Equal(t, models.JobSucceeded, b.finished(t, s.job).State)
	t.Cleanup(func() { b.clear(t, s) })
	return s
}

func (b *faultBench) row(t *testing.T, id ident.DatabaseID) *models.Database {
	t.Helper()
	row := new(models.Database)
	require.NoError(t, b.oracle.NewSelect().Model(row).Where("d.id = ?", id).Scan(t.Context()))
	return row
}

func (b *faultBench) by(t *testing.T) context.Context { return actor.With(t.Context(), b.staff) }

// serving runs the node until the test ends.
func (b *faultBench) serving(t *testing.T) {
	t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() { done <- b.panel.engine.Serve(ctx, func() { close(ready) }) }()
	<-ready
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-done)
	})
}

func (b *faultBench) awaited(t *testing.T, id ident.JobID) *models.Job {
	t.Helper()
	j := new(models.Job)
	require.Eventually(t, func() bool {
		return b.oracle.NewSelect().Model(j).Where("j.id = ?", id).Scan(t.Context()) == nil && j.State.Terminal()
	}, 30*time.Second, 20*time.Millisecond, "the job is over")
	return j
}

func TestCancelAndRetry_OfACreate(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	c := b.customer(t, nil, 1)
	out, err := b.create(t.Context(), b.staff, c, b.name)
	require.NoError(t, err)
	s := scene{job: out.Job.ID, database: out.Database, password: out.Credentials.Secret}
	defer b.clear(t, s)
	canceled, err := b.panel.jobs.Cancel(b.by(t), jobs.CancelInput{ID: s.job})
	require.NoError(t, err)
	require.NotNil(t, canceled.Job.CancelRequestedAt)
	require.Equal(t, models.JobCanceled, b.finished(t, s.job).State)
	require.Empty(t, b.mustBeGone(t.Context(), s, models.ResourceFailed))

	// Somebody else takes what was given back: then there is nothing to try with.
	other, err := b.create(t.Context(), b.staff, c, b.name+"x")
	require.NoError(t, err)
	_, err = b.panel.jobs.Retry(b.by(t), jobs.RetryInput{ID: s.job})
	require.Equal(t, fault.QuotaExceeded, fault.CodeOf(err))
	_, err = b.panel.jobs.Cancel(b.by(t), jobs.CancelInput{ID: other.Job.ID})
	require.NoError(t, err)
	require.Equal(t, models.JobCanceled, b.finished(t, other.Job.ID).State)

	again, err := b.panel.jobs.Retry(b.by(t), jobs.RetryInput{ID: s.job})
	require.NoError(t, err)
	require.NotEqual(t, s.job, again.Job.ID)
	require.Equal(t, models.ResourcePending, b.row(t, s.database.ID).State)
	require.Equal(t, models.JobSucceeded, b.finished(t, again.Job.ID).State)
	require.Empty(t, b.mustBeThere(t.Context(), s, models.ResourceActive, 1), "with the credentials that were shown")
}

func TestSuspend_NobodyGetsInAndThePasswordStays(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	s := b.tenant(t, b.customer(t, nil, 1), b.name)
	conn, err := pgx.Connect(t.Context(), b.dsn(s, s.password))
	require.NoError(t, err)
	defer func() { _ = conn.Close(t.Context()) }()
	// What a tenant could think of before it is suspended.
	_, err = conn.Exec(t.Context(), "CREATE TABLE kept (n int); INSERT INTO kept VALUES (42)")
	require.NoError(t, err)

	why := "Unpaid."
	out, err := b.panel.databases.Suspend(b.by(t), database.SuspendInput{ID: s.database.ID, Reason: &why})
	require.NoError(t, err)
	require.Equal(t, models.ResourceActive, out.Database.State, "until the server has done it")
	_, err = b.panel.databases.Suspend(b.by(t), database.SuspendInput{ID: s.database.ID})
	require.Equal(t, fault.Conflict, fault.CodeOf(err))
	require.Equal(t, models.JobSucceeded, b.finished(t, out.Job.ID).State)
	require.Empty(t, b.mustBeShut(t.Context(), s))
	require.Error(t, conn.Ping(t.Context()), "the session is ended")
	require.Equal(t, why, *b.row(t, s.database.ID).SuspendReason)
	for what, refused := range map[string]error{
		"suspending again": second(b.panel.databases.Suspend(b.by(t), database.SuspendInput{ID: s.database.ID})),
		"rotating":         second(b.panel.databases.Rotate(b.by(t), database.RotateInput{ID: s.database.ID})),
		"restoring":        second(b.panel.databases.Restore(b.by(t), database.RestoreInput{ID: s.database.ID})),
	} {
		require.Equal(t, fault.Conflict, fault.CodeOf(refused), what)
	}

	// Deleted and restored, it is still suspended.
	gone, err := b.panel.databases.Delete(b.by(t), database.DeleteInput{ID: s.database.ID})
	require.NoError(t, err)
	require.Equal(t, models.JobRunning, b.finished(t, gone.Job.ID).State, "it waits for the end of the grace")
	back, err := b.panel.databases.Restore(b.by(t), database.RestoreInput{ID: s.database.ID})
	require.NoError(t, err)
	require.Equal(t, gone.Job.ID, back.Job.ID)
	require.Equal(t, models.JobCanceled, b.finished(t, gone.Job.ID).State)
	require.Empty(t, b.mustBeShut(t.Context(), s))

	out, err = b.panel.databases.Resume(b.by(t), database.ResumeInput{ID: s.database.ID})
	require.NoError(t, err)
	require.Equal(t, models.JobSucceeded, b.finished(t, out.Job.ID).State)
	require.Empty(t, b.mustBeThere(t.Context(), s, models.ResourceActive, 1))
	require.Nil(t, b.row(t, s.database.ID).SuspendReason)
	again, err := pgx.Connect(t.Context(), b.dsn(s, s.password))
	require.NoError(t, err)
	var n int
	require.NoError(t, again.QueryRow(t.Context(), "SELECT n FROM kept").Scan(&n))
	require.NoError(t, again.Close(t.Context()))
	require.Equal(t, 42, n)
}

func second[T any](_ T, err error) error { return err }

func TestRestore_WithinTheGraceOnly(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	s := b.tenant(t, b.customer(t, nil, 1), b.name)
	gone, err := b.panel.databases.Delete(b.by(t), database.DeleteInput{ID: s.database.ID})
	require.NoError(t, err)
	b.finished(t, gone.Job.ID)
	require.Error(t, b.enters(t.Context(), s, s.password), "closed at once")
	_, err = b.panel.databases.Restore(b.by(t), database.RestoreInput{ID: s.database.ID})
	require.NoError(t, err)
	require.Equal(t, models.JobCanceled, b.finished(t, gone.Job.ID).State)
	require.Empty(t, b.mustBeThere(t.Context(), s, models.ResourceActive, 1), "as it was, with its data")
	require.Nil(t, b.row(t, s.database.ID).DeleteAfter)

	// A deletion that was taken back can be ordered again by trying its job again.
	again, err := b.panel.jobs.Retry(b.by(t), jobs.RetryInput{ID: gone.Job.ID})
	require.NoError(t, err)
	b.finished(t, again.Job.ID)
	_, err = b.oracle.ExecContext(t.Context(), "UPDATE databases SET delete_after = now(); UPDATE jobs SET next_attempt_at = now() WHERE lease_until IS NULL AND finished_at IS NULL")
	require.NoError(t, err)
	require.Equal(t, models.JobSucceeded, b.finished(t, again.Job.ID).State)
	_, err = b.panel.databases.Restore(b.by(t), database.RestoreInput{ID: s.database.ID})
	require.Equal(t, fault.NotFound, fault.CodeOf(err), "it is gone")
}

func TestDryRun_WritesNothingAndRefusesTheSame(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	c := b.customer(t, nil, 2)
	s := b.tenant(t, c, b.name)
	tables := func() (n int64) {
		require.NoError(t, b.oracle.NewRaw(`SELECT (SELECT count(*) FROM jobs) + (SELECT count(*) FROM job_events) + (SELECT count(*) FROM databases)
			+ (SELECT count(*) FROM audit_entries) + (SELECT count(*) FROM idempotency_keys) + (SELECT sum(used) FROM customer_quotas)
			+ (SELECT sum(generation) FROM databases) + (SELECT count(*) FROM customers WHERE suspended)`).Scan(t.Context(), &n))
		return n
	}
	before := tables()
	made, err := b.panel.databases.Create(b.by(t), database.CreateInput{CustomerID: c, Name: b.name + "y", DryRun: true})
	require.NoError(t, err)
	require.Nil(t, made.Database)
	require.Nil(t, made.Job)
	require.Nil(t, made.Credentials)
	require.Equal(t, []string{"create-login", "create-database", "grant-access", "publish-name"}, made.Preview.Steps)
	require.EqualValues(t, 2, made.Preview.Quotas[0].Used, "as it would be")
	_, err = b.panel.databases.Create(b.by(t), database.CreateInput{CustomerID: c, Name: b.name, DryRun: true})
	require.Equal(t, fault.Conflict, fault.CodeOf(err))
	gone, err := b.panel.databases.Delete(b.by(t), database.DeleteInput{ID: s.database.ID, DryRun: true})
	require.NoError(t, err)
	require.Nil(t, gone.Database)
	require.Equal(t, []string{"close", "grace-period", "drop-database", "drop-login"}, gone.Preview.Steps)
	stopped, err := b.panel.customers.Suspend(b.by(t), customer.SuspendInput{ID: c, Reason: "Unpaid.", DryRun: true})
	require.NoError(t, err)
	require.Nil(t, stopped.Customer)
	require.Equal(t, []string{"suspend-services"}, stopped.Preview.Steps)
	require.Equal(t, before, tables())
}

// A reseller's suspension reaches everything below; each resumption leaves what
// something else holds.
func TestSuspendCustomer_ReachesDownAndResumesWhatNothingHolds(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	reseller := b.customer(t, nil, 9)
	shop, agency := b.customer(t, &reseller, 9), b.customer(t, &reseller, 9)
	one, two, own := b.tenant(t, shop, b.name+"a"), b.tenant(t, shop, b.name+"b"), b.tenant(t, agency, b.name+"c")
	b.serving(t)
	suspend := func(id ident.CustomerID) *models.Job {
		out, err := b.panel.customers.Suspend(b.by(t), customer.SuspendInput{ID: id, Reason: "Unpaid."})
		require.NoError(t, err)
		return b.awaited(t, out.Job.ID)
	}
	resume := func(id ident.CustomerID) *models.Job {
		out, err := b.panel.customers.Resume(b.by(t), customer.ResumeInput{ID: id})
		require.NoError(t, err)
		return b.awaited(t, out.Job.ID)
	}
	states := func() (list []models.ResourceState) {
		for _, s := range []scene{one, two, own} {
			list = append(list, b.row(t, s.database.ID).State)
		}
		return list
	}
	stopped, err := b.panel.databases.Suspend(b.by(t), database.SuspendInput{ID: two.database.ID})
	require.NoError(t, err)
	b.awaited(t, stopped.Job.ID)

	require.Equal(t, models.JobSucceeded, suspend(shop).State)
	job := suspend(reseller)
	require.Equal(t, models.JobSucceeded, job.State)
	require.Equal(t, []models.ResourceState{"SUSPENDED", "SUSPENDED", "SUSPENDED"}, states())
	children, err := b.panel.jobs.Children(b.by(t), []*models.Job{job}, page.Args{})
	require.NoError(t, err)
	require.Len(t, children[0].Nodes(), 1, "only what still ran: the agency's")
	require.Equal(t, database.KindSuspend, children[0].Nodes()[0].Kind)
	_, err = b.create(t.Context(), b.staff, agency, b.name+"d")
	require.Equal(t, fault.Conflict, fault.CodeOf(err), "below a suspended reseller nothing is made")
	_, err = b.panel.databases.Resume(b.by(t), database.ResumeInput{ID: own.database.ID})
	require.Equal(t, fault.Conflict, fault.CodeOf(err))

	require.Equal(t, models.JobSucceeded, resume(shop).State)
	require.Equal(t, []models.ResourceState{"SUSPENDED", "SUSPENDED", "SUSPENDED"}, states(), "the reseller holds them")
	require.Equal(t, models.JobSucceeded, resume(reseller).State)
	require.Equal(t, []models.ResourceState{"ACTIVE", "SUSPENDED", "ACTIVE"}, states(), "one is suspended for its own sake")
	require.NoError(t, b.enters(t.Context(), one, one.password))
	_, err = b.panel.customers.Resume(b.by(t), customer.ResumeInput{ID: reseller})
	require.Equal(t, fault.Conflict, fault.CodeOf(err))
}

// What is being made when its customer is suspended is suspended once it is made.
func TestSuspendCustomer_WaitsForWhatIsBeingMade(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	c := b.customer(t, nil, 1)
	out, err := b.create(t.Context(), b.staff, c, b.name)
	require.NoError(t, err)
	s := scene{job: out.Job.ID, database: out.Database, password: out.Credentials.Secret}
	defer b.clear(t, s)
	stop, err := b.panel.customers.Suspend(b.by(t), customer.SuspendInput{ID: c, Reason: "Unpaid."})
	require.NoError(t, err)
	waiting := b.finished(t, stop.Job.ID)
	require.Equal(t, "1 services are still to follow.", *waiting.WaitingFor)
	b.serving(t)
	b.panel.engine.Wake(s.job)
	_, err = b.oracle.ExecContext(t.Context(), "UPDATE jobs SET next_attempt_at = now() WHERE id = ?", stop.Job.ID) // not to wait for its own look
	require.NoError(t, err)
	b.awaited(t, s.job)
	require.Equal(t, models.JobSucceeded, b.awaited(t, stop.Job.ID).State)
	require.Empty(t, b.mustBeShut(t.Context(), s))
	var state models.CustomerState
	require.NoError(t, b.oracle.NewSelect().Model((*models.Customer)(nil)).Column("state").Where("c.id = ?", c).Scan(t.Context(), &state))
	require.Equal(t, models.CustomerSuspended, state)
}

func TestOperate_NeedsWhatTheOrderNeeds(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	reseller := b.customer(t, nil, 9)
	shop := b.customer(t, &reseller, 9)
	s := b.tenant(t, shop, b.name)
	owner, reader, above := b.member(t, shop, models.CustomerOwner), b.member(t, shop, models.CustomerReadOnly), b.member(t, reseller, models.CustomerOwner)
	as := func(who *actor.Actor) context.Context { return actor.With(t.Context(), who) }

	gone, err := b.panel.databases.Delete(as(owner), database.DeleteInput{ID: s.database.ID})
	require.NoError(t, err)
	_, err = b.panel.jobs.Cancel(as(reader), jobs.CancelInput{ID: gone.Job.ID})
	require.Equal(t, fault.Forbidden, fault.CodeOf(err))
	clerk := &actor.Actor{User: owner.User, Grants: []actor.Grant{{Customer: shop, Permissions: []actor.Permission{actor.JobsRead, actor.JobsWrite}}}}
	_, err = b.panel.jobs.Cancel(as(clerk), jobs.CancelInput{ID: gone.Job.ID})
	require.Equal(t, fault.Forbidden, fault.CodeOf(err), "jobs alone are not enough: trying a deletion again is deleting")
	_, err = b.panel.jobs.Cancel(as(owner), jobs.CancelInput{ID: gone.Job.ID})
	require.NoError(t, err)
	require.Equal(t, models.JobCanceled, b.finished(t, gone.Job.ID).State)

	_, err = b.panel.customers.Suspend(as(owner), customer.SuspendInput{ID: shop, Reason: "Me."})
	require.Equal(t, fault.Forbidden, fault.CodeOf(err))
	stop, err := b.panel.customers.Suspend(as(above), customer.SuspendInput{ID: shop, Reason: "Unpaid."})
	require.NoError(t, err)
	b.finished(t, stop.Job.ID) // it has ordered its child and waits
	_, err = b.panel.jobs.Cancel(as(owner), jobs.CancelInput{ID: stop.Job.ID})
	require.Equal(t, fault.NotFound, fault.CodeOf(err), "it is the reseller's")
	var child models.Job
	require.NoError(t, b.oracle.NewSelect().Model(&child).Where("parent_id = ?", stop.Job.ID).Scan(t.Context()))
	require.Equal(t, shop, child.CustomerID)
	_, err = b.panel.jobs.Cancel(as(owner), jobs.CancelInput{ID: child.ID})
	require.Equal(t, fault.Forbidden, fault.CodeOf(err), "a part of what it may not take back")
	_, err = b.panel.jobs.Cancel(as(above), jobs.CancelInput{ID: stop.Job.ID})
	require.NoError(t, err)
	b.serving(t)
	require.Equal(t, models.JobCanceled, b.awaited(t, stop.Job.ID).State)
	require.Empty(t, b.mustBeThere(t.Context(), s, models.ResourceActive, 1), "everything runs as before")
	require.Contains(t, b.eventKinds(t, stop.Job.ID), engine.EventCanceled)
}

func (b *faultBench) eventKinds(t *testing.T, id ident.JobID) (kinds []string) {
	t.Helper()
	require.NoError(t, b.oracle.NewSelect().Model((*models.JobEvent)(nil)).Column("kind").Where("job_id = ?", id).Order("seq").Scan(t.Context(), &kinds))
	return kinds
}

// A suspension reaches further users twice, by NOLOGIN and by the database's
// limit of 0 connections: they are kept out, whichever rights they have, and come
// back with what they had.
func TestSuspend_FurtherUsersAreKeptOutAndComeBack(t *testing.T) {
	t.Parallel()
	for _, rights := range []models.DatabaseRights{models.RightsReadOnly, models.RightsOwner} {
		t.Run(string(rights), func(t *testing.T) {
			t.Parallel()
			b := newFaultBench(t)
			s, err := b.made(t.Context())
			require.NoError(t, err)
			defer func() { b.clear(t, s) }()
			require.NoError(t, b.invite(t.Context(), &s, rights))
			session, err := b.login(t.Context(), s.database.ExtName, s.guest.row.Username, s.guest.password.Reveal())
			require.NoError(t, err)
			defer func() { _ = session.Close(t.Context()) }()

			b.suspend(t, s)
			require.Error(t, session.Ping(t.Context()), "its session is ended")
			require.Empty(t, b.mustBeShut(t.Context(), s), "neither the login nor its user gets in")
			_, err = b.addUser(t.Context(), b.staff, s.database.ID, "another")
			require.Equal(t, fault.Conflict, fault.CodeOf(err))
			for what, undone := range map[string]string{
				"the limit alone": "ALTER DATABASE " + s.database.ExtName + " CONNECTION LIMIT 9",
				"NOLOGIN alone":   "ALTER DATABASE " + s.database.ExtName + " CONNECTION LIMIT 0; ALTER ROLE " + s.guest.row.Username + " LOGIN",
			} {
				require.NoError(t, b.onServerExec(t.Context(), undone))
				require.Error(t, b.asGuest(t.Context(), s), "either keeps it out, without %s", what)
				require.NoError(t, b.onServerExec(t.Context(), "ALTER DATABASE "+s.database.ExtName+" CONNECTION LIMIT 0; ALTER ROLE "+s.guest.row.Username+" NOLOGIN"))
			}

			out, err := b.panel.databases.Resume(b.by(t), database.ResumeInput{ID: s.database.ID})
			require.NoError(t, err)
			require.Equal(t, models.JobSucceeded, b.finished(t, out.Job.ID).State)
			require.Empty(t, b.mustBeThere(t.Context(), s, models.ResourceActive, 1))
			require.Empty(t, b.guestMustBe(t.Context(), s, *s.guest))
		})
	}
}
