package app

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/config"
	"github.com/mpanel/mpanel/internal/customer"
	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/jobs"
	"github.com/mpanel/mpanel/internal/testkit"
	"github.com/mpanel/mpanel/models"
)

// A deaf bus loses every message.
type deaf struct{}

func (deaf) Publish(string, any)                   {}
func (deaf) Subscribe(string) (<-chan any, func()) { return nil, func() {} }

// unheard is a panel that takes orders and one that runs them. No message gets
// from one to the other, nor within them: not of the bus, and not that there is
// something to run or to cancel. All that they have in common are the tables.
type unheard struct {
	*faultBench
	runner *panel

	mu    sync.Mutex
	worst time.Duration
}

func newUnheard(t *testing.T, probe func(context.Context, string) error) *unheard {
	t.Helper()
	return newNodes(t, probe, func(run *engine.Config, _ *config.Options) { run.Bus = deaf{} })
}

// newNodes is a panel that takes orders and one that runs them, each as change makes it.
func newNodes(t *testing.T, probe func(context.Context, string) error, change func(*engine.Config, *config.Options)) *unheard {
	t.Helper()
	b := newFaultBench(t)
	part := func(node string) *panel {
		run, o := fast(node, probe), config.Options{DataDir: b.dir}
		change(&run, &o)
		p, err := newPanel(t.Context(), b.panel.stores, o, run, slog.New(slog.DiscardHandler))
		require.NoError(t, err)
		t.Cleanup(p.close)
		return p
	}
	b.panel = part("runner")
	runner := b.panel
	b.serving(t)
	b.panel = part("orders")
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan struct{})
	go func() { defer close(done); b.panel.feed.Run(ctx) }()
	t.Cleanup(func() { stop(); <-done })
	return &unheard{faultBench: b, runner: runner}
}

// follow watches a job as jobProgress does. The function that it returns waits
// for its end, which must be that one.
func (u *unheard) follow(t *testing.T, id ident.JobID) (ends func(models.JobState)) {
	t.Helper()
	stream, err := u.panel.jobs.Watch(u.by(t), id, nil)
	require.NoError(t, err)
	began := time.Now()
	type result struct {
		events int64
		last   models.JobState
		err    error
	}
	told := make(chan result, 1)
	go func() {
		var r result
		for item := range stream {
			ev, ok := item.(*models.JobEvent)
			if !ok || ev.Seq != r.events+1 {
				r.err = fmt.Errorf("after event %d came %+v", r.events, item)
				break
			}
			r.events, r.last = ev.Seq, ev.State
			if ev.At.After(began) { // what was before is told at once
				u.mu.Lock()
				u.worst = max(u.worst, time.Since(ev.At))
				u.mu.Unlock()
			}
		}
		told <- r
	}()
	return func(want models.JobState) {
		t.Helper()
		select {
		case r := <-told:
			require.NoError(t, r.err)
			job := u.job(t, id)
			require.Equal(t, want, job.State, "%s: %s", job.Kind, ptr(job.ErrorMessage))
			require.Equal(t, want, r.last, "the last event is the end")
			require.Equal(t, job.EventSeq, r.events, "each event once")
		case <-time.After(time.Minute):
			require.Fail(t, "the stream did not end", "%+v", u.job(t, id))
		}
	}
}

// TestEveryMessageLost: with a bus that delivers nothing every order ends as it
// has to, and who watches is told of each event once, in order, by the look at
// the tables that the feed takes every second.
func TestEveryMessageLost(t *testing.T) {
	t.Parallel()
	hold := make(chan bool, 1) // the next creation stands still until it is canceled
	u := newUnheard(t, func(ctx context.Context, point string) error {
		if point == database.KindCreate+"/create-database:created" {
			select {
			case <-hold:
				<-ctx.Done()
			default:
			}
		}
		return nil
	})
	c := u.customer(t, nil, 10)
	ctx := u.by(t)
	var list []scene
	var ids []ident.DatabaseID
	for i := range 3 {
		out, err := u.create(t.Context(), u.staff, c, fmt.Sprintf("%s_%d", u.name, i))
		require.NoError(t, err)
		s := scene{job: out.Job.ID, database: out.Database, password: out.Credentials.Secret}
		defer u.clear(t, s)
		list, ids = append(list, s), append(ids, s.database.ID)
		u.follow(t, s.job)(models.JobSucceeded)
		require.Empty(t, u.mustBeThere(ctx, s, models.ResourceActive, int64(i+1)))
	}

	hold <- true
	out, err := u.create(t.Context(), u.staff, c, u.name+"_canceled")
	require.NoError(t, err)
	canceled := scene{job: out.Job.ID, database: out.Database, password: out.Credentials.Secret}
	defer u.clear(t, canceled)
	ends := u.follow(t, canceled.job)
	require.Eventually(t, func() bool { return len(hold) == 0 }, 30*time.Second, 10*time.Millisecond, "it stands still")
	_, err = u.panel.jobs.Cancel(ctx, jobs.CancelInput{ID: canceled.job})
	require.NoError(t, err)
	ends(models.JobCanceled)
	require.Empty(t, u.mustBeGoneBut(ctx, canceled, models.ResourceFailed, 3))

	all := func(state func(context.Context, scene, int64) []error) {
		t.Helper()
		for _, s := range list {
			require.Empty(t, state(ctx, s, 3))
		}
	}
	there := func(ctx context.Context, s scene, used int64) []error {
		return u.mustBeThere(ctx, s, models.ResourceActive, used)
	}
	suspended, err := u.panel.customers.Suspend(ctx, customer.SuspendInput{ID: c, Reason: "Unpaid."})
	require.NoError(t, err)
	u.follow(t, suspended.Job.ID)(models.JobSucceeded)
	for _, child := range u.children(t, suspended.Job.ID) {
		u.follow(t, child.ID)(models.JobSucceeded)
	}
	all(u.mustBeShutOf)
	resumed, err := u.panel.customers.Resume(ctx, customer.ResumeInput{ID: c})
	require.NoError(t, err)
	u.follow(t, resumed.Job.ID)(models.JobSucceeded)
	all(there)

	u.follow(t, u.change(t, database.ActionSuspend, ids).ID)(models.JobSucceeded)
	all(u.mustBeShutOf)
	u.follow(t, u.change(t, database.ActionResume, ids).ID)(models.JobSucceeded)
	all(there)

	gone, err := u.panel.databases.Delete(ctx, database.DeleteInput{ID: ids[0], GraceSeconds: new(3600)})
	require.NoError(t, err)
	ends = u.follow(t, gone.Job.ID)
	u.until(t, gone.Job.ID, "the grace period", waiting)
	_, err = u.panel.databases.Restore(ctx, database.RestoreInput{ID: ids[0]})
	require.NoError(t, err)
	ends(models.JobCanceled)
	all(there)
	gone, err = u.panel.databases.Delete(ctx, database.DeleteInput{ID: ids[0], GraceSeconds: new(0)})
	require.NoError(t, err)
	u.follow(t, gone.Job.ID)(models.JobSucceeded)
	require.Empty(t, u.mustBeGoneBut(ctx, list[0], "", 2))

	testkit.Reportf(t, "every message lost: an event is told %v after it at the latest", u.worst.Round(time.Millisecond))
	require.Less(t, u.worst, 5*jobs.LookEvery, "a look comes every second, and takes its time")
}
