package engine_test

import (
	"bytes"
	"context"
	"log/slog"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

func TestRun_Succeeds(t *testing.T) {
	t.Parallel()
	w := newWorld()
	r := newRig(t, w, nil, step{world: w, name: "a"}, step{world: w, name: "b", apply: func(ctx context.Context, e *engine.Env, _ int) error {
		return e.Progress(ctx, 50, "Half of b.")
	}})
	id := r.start(t)
	r.Run(t.Context(), id)
	require.Equal(t, []string{
		"job.created", "job.started", "step.started a", "step.done a", "step.started b", "step.progress b", "step.done b", "job.succeeded",
	}, r.events(t, id))
	j := r.job(t, id)
	require.Equal(t, models.JobSucceeded, j.State)
	require.InDelta(t, 100, j.Percent, 0)
	require.Nil(t, j.LeaseOwner)
	require.NotNil(t, j.FinishedAt)
	require.Equal(t, []models.JobState{models.JobSucceeded}, w.settled)
	var progress models.JobEvent
	require.NoError(t, r.db.NewSelect().Model(&progress).Where("job_id = ? AND kind = ?", id, engine.EventStepProgress).Scan(t.Context()))
	require.InDelta(t, 75, progress.Percent, 0, "half of the second of two steps")
	require.Equal(t, "Half of b.", *progress.Message)
}

func TestRun_PermanentFailureUndoesInReverseOrder(t *testing.T) {
	t.Parallel()
	w := newWorld()
	r := newRig(t, w, nil, step{world: w, name: "a"}, step{world: w, name: "b"}, step{world: w, name: "c", apply: func(context.Context, *engine.Env, int) error {
		return fault.Conflict.Permanent("name", "The name is taken.")
	}}, step{world: w, name: "d"})
	id := r.start(t)
	r.Run(t.Context(), id)
	require.Equal(t, []string{"c", "b", "a"}, w.undone, "the failed step too, the one never begun not")
	require.Empty(t, w.things)
	require.Equal(t, 1, w.count("c"), "permanent means once")
	j := r.job(t, id)
	require.Equal(t, models.JobFailed, j.State)
	require.Equal(t, fault.Conflict, *j.ErrorCode)
	require.Equal(t, "The name is taken.", *j.ErrorMessage)
	require.Equal(t, []models.JobState{models.JobFailed}, w.settled)
	r.events(t, id)
}

func TestRun_RetriesThenGivesUp(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		failures int
		want     models.JobState
		tries    int
	}{
		"fails as often as allowed": {2, models.JobSucceeded, 3},
		"fails once too often":      {3, models.JobFailed, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			r := newRig(t, w, nil, step{world: w, name: "a", policy: engine.Policy{Retries: 2, Backoff: time.Millisecond}, apply: func(_ context.Context, _ *engine.Env, n int) error {
				if n <= tc.failures {
					return errBroken
				}
				return nil
			}})
			id := r.start(t)
			r.Run(t.Context(), id)
			j := r.job(t, id)
			require.Equal(t, tc.want, j.State)
			require.Equal(t, tc.tries, w.count("a"))
			if tc.want == models.JobFailed {
				require.Equal(t, fault.Internal, *j.ErrorCode)
				require.NotContains(t, *j.ErrorMessage, "broken", "what is no fault stays in the log")
			}
			r.events(t, id)
		})
	}
}

func TestRun_PanicOfAStepCostsAnAttempt(t *testing.T) {
	t.Parallel()
	w := newWorld()
	r := newRig(t, w, nil, step{world: w, name: "a", policy: engine.Policy{Backoff: time.Millisecond}, apply: func(_ context.Context, _ *engine.Env, n int) error {
		if n == 1 {
			panic("a mistake")
		}
		return nil
	}})
	id := r.start(t)
	r.Run(t.Context(), id)
	require.Equal(t, models.JobSucceeded, r.job(t, id).State)
	require.Equal(t, 2, w.count("a"))
}

func TestRun_UnavailableServerIsWaitedFor(t *testing.T) {
	t.Parallel()
	w := newWorld()
	var mu sync.Mutex
	away := true
	r := newRig(t, w, nil, step{world: w, name: "a", policy: engine.Policy{Retries: 1, Backoff: time.Millisecond}, apply: func(context.Context, *engine.Env, int) error {
		mu.Lock()
		defer mu.Unlock()
		if away {
			return fault.Unavailable.New("", "The server is away.")
		}
		return nil
	}})
	id := r.start(t)
	r.Run(t.Context(), id)
	j := r.job(t, id)
	require.Equal(t, models.JobRunning, j.State)
	require.Equal(t, "The server is away.", *j.WaitingFor)
	require.NotNil(t, j.NextAttemptAt)
	require.Nil(t, j.LeaseOwner, "a job that waits keeps no runner")

	serve(t, r.Engine)
	until(t, "more tries than retries are allowed", func() bool { return w.count("a") > 5 })
	mu.Lock()
	away = false
	mu.Unlock()
	until(t, "the job goes on", func() bool { return r.job(t, id).State == models.JobSucceeded })
	require.Equal(t, []string{"job.created", "job.started", "step.started a", "job.waiting", "step.done a", "job.succeeded"}, r.events(t, id),
		"waiting on for the same is told once")
	require.Nil(t, r.job(t, id).WaitingFor)
}

func TestRun_WaitIsNoFailure(t *testing.T) {
	t.Parallel()
	w := newWorld()
	r := newRig(t, w, nil, step{world: w, name: "a", policy: engine.Policy{Retries: 1}, apply: func(_ context.Context, _ *engine.Env, n int) error {
		if n < 4 {
			return &engine.Wait{Until: time.Now().Add(20 * time.Millisecond), Reason: "A while."}
		}
		return nil
	}})
	id := r.start(t)
	serve(t, r.Engine)
	r.Run(t.Context(), id)
	until(t, "the job succeeds", func() bool { return r.job(t, id).State == models.JobSucceeded })
	require.Equal(t, 4, w.count("a"))
}

func TestRun_AfterThePivotOnlyForward(t *testing.T) {
	t.Parallel()
	w := newWorld()
	r := newRig(t, w, nil,
		step{world: w, name: "a"},
		step{world: w, name: "pivot", policy: engine.Policy{Pivot: true, Backoff: time.Millisecond}, apply: func(_ context.Context, _ *engine.Env, n int) error {
			if n < 3 {
				return fault.Conflict.Permanent("", "Not now.")
			}
			return nil
		}},
		step{world: w, name: "b", policy: engine.Policy{Retries: 1, Backoff: time.Millisecond}, apply: func(_ context.Context, _ *engine.Env, n int) error {
			if n < 2 {
				return errBroken
			}
			return nil
		}})
	id := r.start(t)
	r.Run(t.Context(), id)
	require.Equal(t, models.JobSucceeded, r.job(t, id).State)
	require.Empty(t, w.undone)
	require.Equal(t, 2, w.count("b"))
	r.events(t, id)
}

func TestRun_UndoThatKeepsFailingIsStuckAndTriedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld()
	undos := 0
	var log bytes.Buffer
	r := newRig(t, w, toldTo(&log),
		step{world: w, name: "a", policy: engine.Policy{Retries: 2, Backoff: time.Millisecond}, undos: &undos, undo: func(_ context.Context, n int) error {
			if n <= 3 {
				return errBroken
			}
			return nil
		}},
		step{world: w, name: "b", apply: func(context.Context, *engine.Env, int) error { return fault.Invalid.Permanent("", "No.") }})
	id := r.start(t)
	r.Run(t.Context(), id)
	j := r.job(t, id)
	require.Equal(t, models.JobStuck, j.State)
	require.Greater(t, time.Until(*j.NextAttemptAt), 50*time.Minute)
	require.True(t, w.has("a"))
	require.Contains(t, log.String(), `level=ERROR msg="job is stuck" job_id=`+id.Opaque())
	require.Contains(t, log.String(), "step=a way=back retry_in=1h0m0s")

	r.Run(t.Context(), id)
	require.Equal(t, models.JobStuck, r.job(t, id).State, "not before its time")
	_, err := r.db.ExecContext(t.Context(), "UPDATE jobs SET next_attempt_at = now() WHERE id = ?", id)
	require.NoError(t, err)
	r.Run(t.Context(), id)
	require.Equal(t, models.JobFailed, r.job(t, id).State)
	require.False(t, w.has("a"))
	require.Equal(t, fault.Invalid, *r.job(t, id).ErrorCode, "the first cause stays")
	r.events(t, id)
}

func TestRun_ManyRunnersRace(t *testing.T) {
	t.Parallel()
	w := newWorld()
	var running, most int
	var mu sync.Mutex
	r := newRig(t, w, nil, step{world: w, name: "a", apply: func(context.Context, *engine.Env, int) error {
		mu.Lock()
		running++
		most = max(most, running)
		mu.Unlock()
		runtime.Gosched()
		mu.Lock()
		running--
		mu.Unlock()
		return nil
	}}, step{world: w, name: "b"})
	two := r.node(t, "two", nil)
	for range 20 {
		w.mu.Lock()
		clear(w.things)
		clear(w.applied)
		w.mu.Unlock()
		id := r.start(t)
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				if i%2 == 0 {
					r.Run(t.Context(), id)
				} else {
					two.Run(t.Context(), id)
				}
			})
		}
		wg.Wait()
		require.Equal(t, models.JobSucceeded, r.job(t, id).State)
		require.Equal(t, 1, w.count("a"), "one runner only")
		r.events(t, id)
	}
	require.Equal(t, 1, most)
}

// A runner that sleeps through its lease must not write any more.
func TestRun_FencedRunnerStops(t *testing.T) {
	t.Parallel()
	w := newWorld()
	inside, wake := make(chan struct{}), make(chan struct{})
	r := newRig(t, w, func(c *engine.Config) {
		// It renews too late, as a process does that was stopped.
		c.Lease, c.Renew = 600*time.Millisecond, 300*time.Millisecond
	}, step{world: w, name: "a", apply: func(_ context.Context, _ *engine.Env, n int) error {
		if n == 1 {
			close(inside)
			<-wake // deaf to its context, as a stopped process is
		}
		return nil
	}}, step{world: w, name: "b"})
	id := r.start(t)
	done := make(chan struct{})
	go func() { defer close(done); r.Run(t.Context(), id) }()
	<-inside
	// Its lease is taken away, as if it had not renewed in time.
	_, err := r.db.ExecContext(t.Context(), "UPDATE jobs SET lease_until = now() - interval '1 second', fence = fence + 1 WHERE id = ?", id)
	require.NoError(t, err)
	two := r.node(t, "two", nil)
	two.Run(t.Context(), id)
	require.Equal(t, models.JobSucceeded, r.job(t, id).State)
	before := r.events(t, id)
	require.Contains(t, before, "job.resumed")
	close(wake)
	<-done
	require.Equal(t, before, r.events(t, id), "the late runner wrote nothing")
	require.Equal(t, []models.JobState{models.JobSucceeded}, w.settled)
}

func TestServe_TakesUpWhatItsDeadSelfLeft(t *testing.T) {
	t.Parallel()
	w := newWorld()
	r := newRig(t, w, func(c *engine.Config) { c.Lease, c.Renew = time.Hour, time.Minute }, step{world: w, name: "a"})
	mine, others := r.start(t), r.start(t)
	for id, owner := range map[string]string{mine.String(): "one", others.String(): "two"} {
		_, err := r.db.ExecContext(t.Context(),
			"UPDATE jobs SET state = 'RUNNING', started_at = now(), attempts = 1, fence = 1, lease_owner = ?, lease_until = now() + interval '1 hour' WHERE id = ?", owner, id)
		require.NoError(t, err)
	}
	serve(t, r.Engine)
	until(t, "its own job goes on at once", func() bool { return r.job(t, mine).State == models.JobSucceeded })
	require.Equal(t, models.JobRunning, r.job(t, others).State, "another node's lease is its own")
}

func TestServe_SweepsWhatOthersLeft(t *testing.T) {
	t.Parallel()
	w := newWorld()
	r := newRig(t, w, nil, step{world: w, name: "a"})
	expired, unheard := r.start(t), r.start(t)
	for sql, id := range map[string]string{
		"UPDATE jobs SET state = 'RUNNING', started_at = now(), lease_owner = 'dead', lease_until = now() - interval '1 second' WHERE id = ?": expired.String(),
		"UPDATE jobs SET created_at = now() - interval '1 minute' WHERE id = ?":                                                               unheard.String(),
	} {
		_, err := r.db.ExecContext(t.Context(), sql, id)
		require.NoError(t, err)
	}
	serve(t, r.Engine)
	until(t, "both are done", func() bool {
		return r.job(t, expired).State == models.JobSucceeded && r.job(t, unheard).State == models.JobSucceeded
	})
	require.Contains(t, r.events(t, expired), "job.resumed")
}

func TestServe_SecondProcessOfTheSameNodeIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld()
	r := newRig(t, w, nil, step{world: w, name: "a"})
	serve(t, r.Engine)
	err := r.node(t, "one", nil).Serve(t.Context(), func() { t.Error("it started") })
	require.ErrorContains(t, err, "MPANEL_NODE_ID")
}

func TestServe_GivesJobsBackWhenItStops(t *testing.T) {
	t.Parallel()
	w := newWorld()
	inside := make(chan struct{})
	r := newRig(t, w, nil, step{world: w, name: "a", apply: func(ctx context.Context, _ *engine.Env, n int) error {
		if n == 1 {
			close(inside)
			<-ctx.Done()
			return ctx.Err()
		}
		return nil
	}})
	id := r.start(t)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); r.Run(ctx, id) }()
	<-inside
	stop()
	<-done
	j := r.job(t, id)
	require.Equal(t, models.JobRunning, j.State)
	require.Nil(t, j.LeaseOwner, "another node may go on at once")
	r.node(t, "two", nil).Run(t.Context(), id)
	require.Equal(t, models.JobSucceeded, r.job(t, id).State)
	require.Empty(t, w.undone, "stopping is no failure")
}

func TestRun_UnknownPlanWaitsForAnotherNode(t *testing.T) {
	t.Parallel()
	w := newWorld()
	r := newRig(t, w, nil, step{world: w, name: "a"})
	id := r.start(t)
	_, err := r.db.ExecContext(t.Context(), "UPDATE jobs SET plan_version = 7 WHERE id = ?", id)
	require.NoError(t, err)
	r.Run(t.Context(), id)
	j := r.job(t, id)
	require.Equal(t, models.JobRunning, j.State)
	require.NotNil(t, j.WaitingFor)
	require.Zero(t, w.count("a"))
}

func TestRegistry_RefusesIncompletePlans(t *testing.T) {
	t.Parallel()
	w := newWorld()
	good := func() *engine.Plan {
		return &engine.Plan{
			Kind: "a.b", Version: 1, ResourceKind: "a", Needs: actor.DatabasesWrite, Steps: []engine.Step{step{world: w, name: "x"}},
			Load:   func(context.Context, uuid.UUID) (engine.Target, error) { return engine.Target{}, nil },
			Settle: func(context.Context, store.Tx, uuid.UUID, models.JobState) error { return nil },
		}
	}
	for name, change := range map[string]func(*engine.Plan){
		"no kind":           func(p *engine.Plan) { p.Kind = "" },
		"no version":        func(p *engine.Plan) { p.Version = 0 },
		"no steps":          func(p *engine.Plan) { p.Steps = nil },
		"no permission":     func(p *engine.Plan) { p.Needs = "" },
		"no settling":       func(p *engine.Plan) { p.Settle = nil },
		"two steps alike":   func(p *engine.Plan) { p.Steps = append(p.Steps, p.Steps[0]) },
		"step without name": func(p *engine.Plan) { p.Steps = []engine.Step{step{world: w}} },
	} {
		p := good()
		change(p)
		_, err := engine.NewRegistry(p)
		require.Error(t, err, name)
	}
	_, err := engine.NewRegistry(good(), good())
	require.Error(t, err, "two of one kind and version")
	newer := good()
	newer.Version = 2
	r, err := engine.NewRegistry(newer, good())
	require.NoError(t, err)
	require.Equal(t, []*engine.Plan{newer}, r.Plans())
}

func TestNew_RefusesALeaseThatCannotBeRenewed(t *testing.T) {
	t.Parallel()
	w := newWorld()
	r := newRig(t, w, nil, step{world: w, name: "a"})
	_, err := engine.New(engine.Config{DB: r.db, Bus: r.bus, Registry: r.reg, Node: "n", Log: nil})
	require.ErrorContains(t, err, "required")
	_, err = engine.New(engine.Config{
		DB: r.db, Bus: r.bus, Registry: r.reg, Node: "n", Log: slog.New(slog.DiscardHandler), Lease: time.Second, Renew: time.Second,
	})
	require.ErrorContains(t, err, "renewed")
}

func TestRun_LoadThatFailsWaitsAndKeepsNoSlot(t *testing.T) {
	t.Parallel()
	w := newWorld()
	r := newRig(t, w, nil, step{world: w, name: "a"})
	for name, load := range map[string]func() error{
		"an error": func() error { return errBroken },
		"a panic":  func() error { panic("a mistake") },
	} {
		plan := r.reg.Plans()[0]
		whole := plan.Load
		plan.Load = func(context.Context, uuid.UUID) (engine.Target, error) { return engine.Target{}, load() }
		id := r.start(t)
		r.Run(t.Context(), id)
		j := r.job(t, id)
		require.Equal(t, models.JobRunning, j.State, name)
		require.NotNil(t, j.WaitingFor, name)
		require.Nil(t, j.LeaseOwner, name)
		plan.Load = whole
		_, err := r.db.ExecContext(t.Context(), "UPDATE jobs SET next_attempt_at = now() WHERE id = ?", id)
		require.NoError(t, err)
		r.Run(t.Context(), id)
		require.Equal(t, models.JobSucceeded, r.job(t, id).State, name)
	}
}

// observing is a step whose Observe panics once.
type observing struct {
	step
	panics *int
}

func (s observing) Observe(ctx context.Context, e *engine.Env) (engine.Observed, error) {
	if *s.panics++; *s.panics == 1 {
		panic("a mistake")
	}
	return s.step.Observe(ctx, e)
}

func TestRun_PanicOfObserveCostsAnAttempt(t *testing.T) {
	t.Parallel()
	w := newWorld()
	panics := 0
	r := newRig(t, w, nil, observing{step{world: w, name: "a", policy: engine.Policy{Backoff: time.Millisecond}}, &panics})
	id := r.start(t)
	for _, begun := range []string{
		"UPDATE job_steps SET state = 'APPLYING', attempt = 1 WHERE job_id = ?", "UPDATE jobs SET state = 'RUNNING', started_at = now() WHERE id = ?",
	} {
		_, err := r.db.ExecContext(t.Context(), begun, id)
		require.NoError(t, err)
	}
	r.Run(t.Context(), id)
	require.Equal(t, models.JobSucceeded, r.job(t, id).State)
	require.Equal(t, 2, panics)
}

func TestRun_LeaseThatCannotBeRenewedEndsTheStep(t *testing.T) {
	t.Parallel()
	w := newWorld()
	ended := make(chan error, 1)
	r := newRig(t, w, func(c *engine.Config) { c.Lease, c.Renew = 400*time.Millisecond, 100*time.Millisecond }, step{world: w, name: "a", apply: func(ctx context.Context, _ *engine.Env, n int) error {
		if n == 1 {
			<-ctx.Done()
			ended <- ctx.Err()
			return ctx.Err()
		}
		return nil
	}})
	id := r.start(t)
	done := make(chan struct{})
	go func() { defer close(done); r.Run(t.Context(), id) }()
	until(t, "the step is begun", func() bool { return w.count("a") == 1 })
	_, err := r.db.ExecContext(t.Context(), "UPDATE jobs SET fence = fence + 1, lease_until = now() WHERE id = ?", id)
	require.NoError(t, err)
	require.ErrorIs(t, <-ended, context.Canceled)
	<-done
	r.node(t, "two", nil).Run(t.Context(), id)
	require.Equal(t, models.JobSucceeded, r.job(t, id).State)
	require.Empty(t, w.undone)
}
