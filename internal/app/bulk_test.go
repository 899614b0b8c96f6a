package app

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/engine/faulttest"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/jobs"
	"github.com/mpanel/mpanel/models"
)

// bulkSuspension is of two databases of two customers. When the whole fails,
// each is as its own job has left it.
var bulkSuspension = scenario{
	begin: func(ctx context.Context, b *faultBench) (scene, error) {
		s, err := b.made(ctx)
		if err != nil {
			return s, err
		}
		sister, err := b.madeAs(ctx, b.name+"2")
		if err != nil {
			return s, err
		}
		s.sister = &sister
		out, err := b.panel.databases.ChangeAll(actor.With(ctx, b.staff), database.BulkInput{
			Action: database.ActionSuspend, IDs: []ident.DatabaseID{s.database.ID, sister.database.ID},
		})
		if err == nil {
			s.job = out.Job.ID
		}
		return s, err
	},
	check: func(ctx context.Context, b *faultBench, s scene, outcome models.JobState) (faults []error) {
		var children []*models.Job
		if err := b.oracle.NewSelect().Model(&children).Where("j.parent_id = ?", s.job).Scan(ctx); err != nil {
			return []error{err}
		}
		if len(children) != 2 {
			faults = append(faults, fmt.Errorf("%d children, want 2", len(children)))
		}
		for _, c := range children {
			one := s
			if c.ResourceID == s.sister.database.ID.UUID {
				one = *s.sister
			}
			one.sister = nil
			if outcome == models.JobSucceeded && c.State != models.JobSucceeded {
				faults = append(faults, fmt.Errorf("a child is %s", c.State))
			}
			faults = append(faults, b.checkJournal(ctx, c.ID, c.State)...)
			if !c.State.Terminal() {
				faults = append(faults, fmt.Errorf("a child is still %s", c.State))
			} else if c.State == models.JobSucceeded {
				faults = append(faults, b.mustBeShut(ctx, one)...)
			} else {
				faults = append(faults, b.mustBeThere(ctx, one, models.ResourceActive, 1)...)
			}
		}
		return faults
	},
}

// tenantsOf makes n databases of one customer.
func (b *faultBench) tenantsOf(t *testing.T, c ident.CustomerID, n int) (list []scene, ids []ident.DatabaseID) {
	t.Helper()
	for i := range n {
		s := b.tenant(t, c, b.name+"_"+strconv.Itoa(i))
		list, ids = append(list, s), append(ids, s.database.ID)
	}
	return list, ids
}

func (b *faultBench) children(t *testing.T, parent ident.JobID) (list []*models.Job) {
	t.Helper()
	require.NoError(t, b.oracle.NewSelect().Model(&list).Where("j.parent_id = ?", parent).Order("j.id").Scan(t.Context()))
	return list
}

func (b *faultBench) change(t *testing.T, action database.Action, ids []ident.DatabaseID) *models.Job {
	t.Helper()
	out, err := b.panel.databases.ChangeAll(b.by(t), database.BulkInput{Action: action, IDs: ids})
	require.NoError(t, err)
	return out.Job
}

// states counts the jobs by state.
func states(list []*models.Job) map[models.JobState]int {
	n := map[models.JobState]int{}
	for _, j := range list {
		n[j.State]++
	}
	return n
}

// A node has 16 slots. Of 10 children 8 are at work, and two have their turn
// when the others make room.
func TestChangeDatabases_AFewAtOnce(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	c := b.customer(t, nil, 10)
	list, ids := b.tenantsOf(t, c, 10)
	var inside, most atomic.Int64
	full, goOn := make(chan struct{}), make(chan struct{})
	probe := func(ctx context.Context, point string) error {
		switch point {
		case "database.suspend/disable-login:after-intent":
			if n := inside.Add(1); n == engine.ChildrenAtOnce {
				close(full)
			}
			most.Store(max(most.Load(), inside.Load()))
			select {
			case <-goOn:
			case <-ctx.Done():
			}
		case "database.suspend/close-database:after-done":
			inside.Add(-1)
		}
		return nil
	}
	b.probe.Store(&probe)
	b.serving(t)
	job := b.change(t, database.ActionSuspend, ids)
	require.Zero(t, job.CustomerID, "whom the databases have in common must not take it back")
	<-full
	held := 0
	for _, child := range b.children(t, job.ID) {
		if child.Held {
			held++
			require.Equal(t, "Its turn.", *child.WaitingFor)
			require.Nil(t, child.StartedAt)
		}
	}
	require.Equal(t, 10-engine.ChildrenAtOnce, held)
	close(goOn)
	require.Equal(t, models.JobSucceeded, b.awaited(t, job.ID).State)
	require.Equal(t, map[models.JobState]int{models.JobSucceeded: 10}, states(b.children(t, job.ID)))
	require.LessOrEqual(t, most.Load(), int64(engine.ChildrenAtOnce))
	for _, s := range list {
		require.Equal(t, models.ResourceSuspended, b.row(t, s.database.ID).State)
		require.Error(t, b.enters(t.Context(), s, s.password))
	}
	b.probe.Store(nil)

	// A deletion waits for its grace period. That keeps no other from its turn, and
	// canceling the whole takes all of them back.
	job = b.change(t, database.ActionResume, ids)
	require.Equal(t, c, job.CustomerID, "whom the databases have in common")
	require.Equal(t, models.JobSucceeded, b.awaited(t, job.ID).State)
	hour := 3600
	out, err := b.panel.databases.ChangeAll(b.by(t), database.BulkInput{Action: database.ActionDelete, IDs: ids, GraceSeconds: &hour})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		for _, child := range b.children(t, out.Job.ID) {
			if child.Held || child.NextAttemptAt == nil || time.Until(*child.NextAttemptAt) < time.Minute {
				return false
			}
		}
		return true
	}, 30*time.Second, 20*time.Millisecond, "all are closed and wait for the end of the grace period")
	for _, s := range list {
		require.Error(t, b.enters(t.Context(), s, s.password))
	}
	_, err = b.panel.jobs.Cancel(b.by(t), jobs.CancelInput{ID: out.Job.ID})
	require.NoError(t, err)
	require.Equal(t, models.JobCanceled, b.awaited(t, out.Job.ID).State)
	require.Equal(t, map[models.JobState]int{models.JobCanceled: 10}, states(b.children(t, out.Job.ID)))
	for _, s := range list {
		require.Equal(t, models.ResourceActive, b.row(t, s.database.ID).State)
		require.NoError(t, b.enters(t.Context(), s, s.password))
	}
}

// What one child fails at is its own: the others stay changed, the whole says
// how many failed, and trying it again orders those alone.
func TestChangeDatabases_SomeFailAndAreTriedAgain(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	list, ids := b.tenantsOf(t, b.customer(t, nil, 4), 4)
	var doomed atomic.Int64
	probe := func(_ context.Context, point string) error {
		if point == "database.suspend/close-database:after-effect" && doomed.Add(1) <= 2 {
			return faulttest.Doomed()
		}
		return nil
	}
	b.probe.Store(&probe)
	b.serving(t)
	job := b.awaited(t, b.change(t, database.ActionSuspend, ids).ID)
	require.Equal(t, models.JobFailed, job.State)
	require.Equal(t, "2 of 4 failed; see the jobs that this one ordered.", *job.ErrorMessage)
	require.Equal(t, []string{"job.failed"}, b.notified(t, job.ID))
	children := b.children(t, job.ID)
	require.Equal(t, map[models.JobState]int{models.JobSucceeded: 2, models.JobFailed: 2}, states(children))
	for _, child := range children {
		require.Empty(t, b.notified(t, child.ID), "their parent tells")
	}
	failed := map[ident.DatabaseID]bool{}
	for i, child := range children {
		require.Equal(t, ids[i].UUID, child.ResourceID)
		if child.State == models.JobFailed {
			failed[ids[i]] = true
			require.Equal(t, "This job is meant to fail.", *child.ErrorMessage)
			require.Empty(t, b.mustBeThere(t.Context(), list[i], models.ResourceActive, 4))
		} else {
			require.Empty(t, b.mustBeShutOf(t.Context(), list[i], 4))
		}
	}

	// Somebody is at work on one of them: that one is left to them.
	taken := children[0]
	for _, child := range children {
		if child.State == models.JobFailed {
			taken = child
		}
	}
	alone, err := b.panel.databases.Suspend(b.by(t), database.SuspendInput{ID: ident.DatabaseIDOf(taken.ResourceID)})
	require.NoError(t, err)
	require.Equal(t, models.JobSucceeded, b.awaited(t, alone.Job.ID).State)

	again, err := b.panel.jobs.Retry(b.by(t), jobs.RetryInput{ID: job.ID})
	require.NoError(t, err)
	require.Equal(t, models.JobSucceeded, b.awaited(t, again.Job.ID).State)
	anew := b.children(t, again.Job.ID)
	require.Len(t, anew, 1, "only what failed and is nobody else's")
	require.True(t, failed[ident.DatabaseIDOf(anew[0].ResourceID)])
	require.NotEqual(t, taken.ResourceID, anew[0].ResourceID)
	for _, s := range list {
		require.Empty(t, b.mustBeShutOf(t.Context(), s, 4))
	}
	_, err = b.panel.jobs.Retry(b.by(t), jobs.RetryInput{ID: job.ID})
	require.Equal(t, fault.Conflict, fault.CodeOf(err), "a later job has been at work")
}

// A job that is canceled before it began takes its children with it: none waits
// for a job that is over.
func TestChangeDatabases_CanceledBeforeItBegan(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	list, ids := b.tenantsOf(t, b.customer(t, nil, 3), 3)
	job := b.change(t, database.ActionSuspend, ids)
	_, err := b.panel.databases.Rotate(b.by(t), database.RotateInput{ID: ids[2]})
	require.Equal(t, fault.Conflict, fault.CodeOf(err), "it has a job, though that waits for its turn")
	// One child alone can be taken back, too.
	first := b.children(t, job.ID)[0]
	_, err = b.panel.jobs.Cancel(b.by(t), jobs.CancelInput{ID: first.ID})
	require.NoError(t, err)
	require.Equal(t, models.JobCanceled, b.finished(t, first.ID).State)

	_, err = b.panel.jobs.Cancel(b.by(t), jobs.CancelInput{ID: job.ID})
	require.NoError(t, err)
	require.Equal(t, models.JobCanceled, b.finished(t, job.ID).State)
	b.serving(t)
	for _, child := range b.children(t, job.ID) {
		require.Equal(t, models.JobCanceled, b.awaited(t, child.ID).State)
	}
	for i, s := range list {
		require.Empty(t, b.mustBeThere(t.Context(), s, models.ResourceActive, 3))
		require.False(t, b.row(t, ids[i]).Suspended, "nothing is wished any more")
	}
	again, err := b.panel.jobs.Retry(b.by(t), jobs.RetryInput{ID: job.ID})
	require.NoError(t, err)
	require.Equal(t, models.JobSucceeded, b.awaited(t, again.Job.ID).State)
	require.Len(t, b.children(t, again.Job.ID), 3)
}

// All or none: whatever one is refused with, at its place, and nothing of the
// others is ordered.
func TestChangeDatabases_AllOrNone(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	reseller := b.customer(t, nil, 9)
	shop, other := b.customer(t, &reseller, 9), b.customer(t, nil, 9)
	mine, ids := b.tenantsOf(t, shop, 2)
	foreign := b.tenant(t, other, b.name+"_f")
	owner, reader := b.member(t, shop, models.CustomerOwner), b.member(t, shop, models.CustomerReadOnly)
	as := func(who *actor.Actor) context.Context { return actor.With(t.Context(), who) }
	b.suspend(t, mine[1])

	fields := func(err error) (list []string) {
		for _, e := range fault.All(err) {
			f, ok := errors.AsType[*fault.Error](e)
			require.True(t, ok, "%v", e)
			list = append(list, f.Field+" "+string(f.Code))
		}
		return list
	}
	count := func() (n int) {
		require.NoError(t, b.oracle.NewSelect().Model((*models.Job)(nil)).ColumnExpr("count(*)").Scan(t.Context(), &n))
		return n
	}
	before := count()
	missing := ident.NewDatabaseID()
	_, err := b.panel.databases.ChangeAll(as(owner), database.BulkInput{
		Action: database.ActionSuspend, IDs: []ident.DatabaseID{ids[0], missing, foreign.database.ID, {}, {}},
	})
	require.Equal(t, []string{"ids.1 NOT_FOUND", "ids.2 NOT_FOUND", "ids.3 NOT_FOUND", "ids.4 NOT_FOUND"}, fields(err), "missing and foreign are the same")
	_, err = b.panel.databases.ChangeAll(as(owner), database.BulkInput{Action: database.ActionSuspend, IDs: []ident.DatabaseID{ids[1], ids[0]}})
	require.Equal(t, []string{"ids.0 CONFLICT"}, fields(err), "it is suspended already")
	require.ErrorContains(t, err, "suspended already")
	_, err = b.panel.databases.ChangeAll(as(reader), database.BulkInput{Action: database.ActionSuspend, IDs: ids[:1]})
	require.Equal(t, []string{"ids.0 FORBIDDEN"}, fields(err), "who may see it is told so, as by suspendDatabase")
	_, err = b.panel.databases.ChangeAll(as(owner), database.BulkInput{Action: database.ActionResume, Filter: &database.Filter{CustomerID: &other}})
	require.Equal(t, []string{"filter NOT_FOUND"}, fields(err), "another's customer has nothing")
	for name, tc := range map[string]struct {
		in   database.BulkInput
		want []string
	}{
		"none at all":      {database.BulkInput{Action: database.ActionSuspend}, []string{"ids INVALID"}},
		"an empty list":    {database.BulkInput{Action: database.ActionSuspend, IDs: []ident.DatabaseID{}}, []string{"ids INVALID"}},
		"both ways":        {database.BulkInput{Action: database.ActionSuspend, IDs: ids, Filter: &database.Filter{}}, []string{"ids INVALID"}},
		"one more than is": {database.BulkInput{Action: database.ActionSuspend, IDs: make([]ident.DatabaseID, database.MaxBulk+1)}, []string{"ids INVALID"}},
		"twice the same":   {database.BulkInput{Action: database.ActionSuspend, IDs: []ident.DatabaseID{ids[0], ids[1], ids[0]}}, []string{"ids.2 INVALID"}},
		"a reason to go on": {database.BulkInput{Action: database.ActionResume, IDs: ids, Reason: new("x"), GraceSeconds: new(-1)},
			[]string{"reason INVALID", "graceSeconds INVALID"}},
		"a long grace": {database.BulkInput{Action: database.ActionDelete, IDs: ids, GraceSeconds: new(database.MaxGraceSeconds + 1)}, []string{"graceSeconds INVALID"}},
		"hostile text": {database.BulkInput{Action: database.ActionSuspend, IDs: ids, Reason: new("a\x00b")}, []string{"reason INVALID"}},
	} {
		_, err := b.panel.databases.ChangeAll(as(owner), tc.in)
		require.Equal(t, tc.want, fields(err), name)
	}
	require.Equal(t, before, count(), "nothing was ordered")
	require.False(t, b.row(t, ids[0]).Suspended)

	// Who works for two customers that have nothing in common could not see the job.
	both := &actor.Actor{User: owner.User, Grants: append(owner.Grants, b.member(t, other, models.CustomerOwner).Grants...)}
	pair := []ident.DatabaseID{ids[0], foreign.database.ID}
	_, err = b.panel.databases.ChangeAll(as(both), database.BulkInput{Action: database.ActionSuspend, IDs: pair})
	require.Equal(t, []string{"ids INVALID"}, fields(err))
	_, err = b.panel.databases.ChangeAll(as(both), database.BulkInput{Action: database.ActionSuspend, Filter: &database.Filter{}})
	require.Equal(t, []string{"filter INVALID"}, fields(err))
	tried, err := b.panel.databases.ChangeAll(b.by(t), database.BulkInput{Action: database.ActionSuspend, IDs: pair, DryRun: true})
	require.NoError(t, err)
	require.Equal(t, []string{"change-each"}, tried.Preview.Steps)
	require.Empty(t, tried.Preview.Quotas, "of nobody in particular")
	require.Len(t, tried.Databases, 2)
	require.False(t, tried.Databases[0].Suspended)
	require.Equal(t, before, count())

	// By a filter, and what failed to be made goes without a job.
	active := models.ResourceActive
	_, err = b.oracle.ExecContext(t.Context(), "UPDATE databases SET state = 'FAILED' WHERE id = ?", ids[1])
	require.NoError(t, err)
	out, err := b.panel.databases.ChangeAll(as(owner), database.BulkInput{Action: database.ActionSuspend, Filter: &database.Filter{State: &active}})
	require.NoError(t, err)
	require.Len(t, out.Databases, 1)
	require.Equal(t, models.JobSucceeded, b.ran(t, out.Job.ID).State)
	out, err = b.panel.databases.ChangeAll(as(owner), database.BulkInput{Action: database.ActionDelete, IDs: ids[1:]})
	require.NoError(t, err)
	require.Nil(t, out.Job)
	n, err := b.oracle.NewSelect().Model((*models.Database)(nil)).Where("d.id = ?", ids[1]).Count(t.Context())
	require.NoError(t, err)
	require.Zero(t, n)
}

// ran runs a job with its children, on a node that serves nothing else.
func (b *faultBench) ran(t *testing.T, id ident.JobID) *models.Job {
	t.Helper()
	require.NoError(t, b.untilOver(t.Context(), id, faulttest.Cell{}))
	return b.awaited(t, id)
}

func (b *faultBench) suspend(t *testing.T, s scene) {
	t.Helper()
	out, err := b.panel.databases.Suspend(b.by(t), database.SuspendInput{ID: s.database.ID})
	require.NoError(t, err)
	require.Equal(t, models.JobSucceeded, b.finished(t, out.Job.ID).State)
}

// The most that is ordered at once is one transaction.
func TestChangeDatabases_AHundred(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	c := b.customer(t, nil, 100)
	var server ident.DatabaseServerID
	require.NoError(t, b.oracle.NewSelect().Model((*models.DatabaseServer)(nil)).Column("id").Limit(1).Scan(t.Context(), &server))
	rows := make([]*models.Database, database.MaxBulk)
	for i := range rows {
		name := "many_" + strconv.Itoa(i)
		rows[i] = &models.Database{
			ID: ident.NewDatabaseID(), CustomerID: c, ServerID: server, Name: name, ExtName: strings.ToLower(b.name) + name, Username: name,
			VerifierSealed: []byte{1}, ConnectionLimit: 5, State: models.ResourceActive, Generation: 1,
		}
	}
	_, err := b.oracle.NewInsert().Model(&rows).Exec(t.Context())
	require.NoError(t, err)
	out, err := b.panel.databases.ChangeAll(b.by(t), database.BulkInput{Action: database.ActionSuspend, Filter: &database.Filter{CustomerID: &c}})
	require.NoError(t, err)
	require.Len(t, out.Databases, 100)
	children := b.children(t, out.Job.ID)
	require.Len(t, children, 100)
	for _, child := range children {
		require.True(t, child.Held)
	}
	_, err = b.panel.jobs.Cancel(b.by(t), jobs.CancelInput{ID: out.Job.ID})
	require.NoError(t, err)
	b.serving(t)
	require.Equal(t, models.JobCanceled, b.awaited(t, out.Job.ID).State)
	for _, child := range children {
		require.Equal(t, models.JobCanceled, b.awaited(t, child.ID).State)
	}
}
