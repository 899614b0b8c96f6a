package engine_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/engine/faulttest"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// telling has an engine write down what it tells, in a table made for it.
func telling(change func(*engine.Config)) func(*engine.Config) {
	return func(c *engine.Config) {
		if change != nil {
			change(c)
		}
		c.Tell = func(tx store.Tx, job *models.Job) error {
			tx.Queue(tx.NewRaw("INSERT INTO told (job_id, state) VALUES (?, ?)", job.ID, job.State), func(err error) error { return store.Wrap(err, "tell") })
			return nil
		}
	}
}

// A saying is what was told of a job, and by the transaction of which event.
type saying struct {
	State string
	Event *string
}

func (r *rig) tellsInto(t *testing.T) {
	t.Helper()
	_, err := r.db.NewRaw("CREATE TABLE told (job_id uuid NOT NULL, state text NOT NULL, xid xid8 NOT NULL DEFAULT pg_current_xact_id())").Exec(t.Context())
	require.NoError(t, err)
}

func (r *rig) told(t *testing.T, id ident.JobID) (list []saying) {
	t.Helper()
	require.NoError(t, r.db.NewRaw(`SELECT t.state, (SELECT e.kind FROM job_events AS e WHERE e.job_id = t.job_id AND e.xid = t.xid AND e.kind = 'job.' || lower(t.state)) AS event
		FROM told AS t WHERE t.job_id = ? ORDER BY t.xid`, id).Scan(t.Context(), &list))
	return list
}

// Each end of a job is told once, in the transaction that journals it, also when the
// runner dies, fails, loses the answer of a commit or its session at any point.
func TestTell_OnceWhateverGoesWrong(t *testing.T) {
	t.Parallel()
	steps := func(w *world, doomed bool) []engine.Step {
		b := step{world: w, name: "b", policy: engine.Policy{Backoff: time.Millisecond}}
		if doomed {
			b.apply = func(context.Context, *engine.Env, int) error {
				return fault.Conflict.Permanent("name", "The name is taken.")
			}
		}
		return []engine.Step{step{world: w, name: "a", policy: engine.Policy{Backoff: time.Millisecond}}, b}
	}
	for outcome, doomed := range map[string]bool{"SUCCEEDED": false, "FAILED": true} {
		w := newWorld()
		seen := &faulttest.Trap{}
		r := newRig(t, w, telling(func(c *engine.Config) { c.Probe = seen.Probe }), steps(w, doomed)...)
		r.tellsInto(t)
		id := r.start(t)
		r.Run(t.Context(), id)
		want := []saying{{outcome, new(map[bool]string{false: engine.EventSucceeded, true: engine.EventFailed}[doomed])}}
		require.Equal(t, want, r.told(t, id))
		points := seen.Seen()
		require.Greater(t, len(points), 5)
		for _, point := range points {
			died := false
			w.mu.Lock()
			clear(w.things)
			clear(w.applied)
			w.mu.Unlock()
			ctx, die := context.WithCancel(t.Context())
			dying := r.node(t, "dying", telling(func(c *engine.Config) {
				c.Probe = func(_ context.Context, at string) error {
					if at == point && !died {
						died = true
						die()
						return context.Canceled
					}
					return nil
				}
			}))
			id := r.start(t)
			dying.Run(ctx, id)
			die()
			require.True(t, died, point)
			r.Run(t.Context(), id) // gives nothing when it is over already
			until(t, "the job is over", func() bool {
				r.Run(t.Context(), id)
				return r.job(t, id).State.Terminal()
			})
			require.Equal(t, want, r.told(t, id), "%s, %s", outcome, point)
		}
	}
}

// What cannot be told did not happen: the job is not over before it is told.
func TestTell_WhatCannotBeToldIsNotOver(t *testing.T) {
	t.Parallel()
	w := newWorld()
	r := newRig(t, w, telling(nil), step{world: w, name: "a"})
	id := r.start(t)
	ctx, stop := context.WithCancel(t.Context())
	over := make(chan struct{})
	go func() { defer close(over); r.Run(ctx, id) }() // there is no table yet
	until(t, "the step is done", func() bool { return w.has("a") })
	require.Equal(t, models.JobRunning, r.job(t, id).State)
	require.NotContains(t, r.events(t, id), "job.succeeded")
	r.tellsInto(t)
	until(t, "the job is over", func() bool { return r.job(t, id).State == models.JobSucceeded })
	stop()
	<-over
	require.Equal(t, []saying{{"SUCCEEDED", new(engine.EventSucceeded)}}, r.told(t, id))
	require.Equal(t, 1, w.count("a"))
}

func TestTell_CanceledAndStuck(t *testing.T) {
	t.Parallel()
	w := newWorld()
	undos := 0
	r := newRig(t, w, telling(nil), step{world: w, name: "a", undos: &undos, policy: engine.Policy{Retries: 1, Backoff: time.Millisecond}, undo: func(_ context.Context, n int) error {
		if n <= 2 {
			return errBroken
		}
		return nil
	}}, step{world: w, name: "b", apply: func(context.Context, *engine.Env, int) error { return fault.Conflict.Permanent("", "No.") }})
	r.tellsInto(t)
	id := r.start(t)
	require.NoError(t, r.cancel(t, id))
	r.Run(t.Context(), id)
	require.Equal(t, []saying{{"CANCELED", new(engine.EventCanceled)}}, r.told(t, id))

	id = r.start(t)
	r.Run(t.Context(), id)
	require.Equal(t, models.JobStuck, r.job(t, id).State)
	require.Equal(t, []saying{{"STUCK", new(engine.EventStuck)}}, r.told(t, id))
	_, err := r.retry(t, id)
	require.NoError(t, err)
	r.Run(t.Context(), id)
	var states []string
	for _, s := range r.told(t, id) {
		require.NotNil(t, s.Event, "in the transaction of the event")
		states = append(states, s.State)
	}
	require.Equal(t, []string{"STUCK", "FAILED"}, slices.Compact(states))
	require.Len(t, states, 2)
}

// A refusal is an error of another system that is no fault and has a sentence.
type refusal string

func (r refusal) Error() string { return "secret text of the server" }
func (r refusal) Told() string  { return string(r) }

// What a step's error tells is on the step and on the job; it is tried as often as any
// other error, and its own text is for the log.
func TestRun_ToldErrors(t *testing.T) {
	t.Parallel()
	const inside = "Something went wrong inside the panel; the provider's staff can see what in the log."
	for name, tc := range map[string]struct{ told, want string }{
		"a sentence": {"The server refused it (SQLSTATE 42501).", "The server refused it (SQLSTATE 42501)."},
		"none":       {"", inside},
	} {
		w := newWorld()
		r := newRig(t, w, nil, step{world: w, name: "a", policy: engine.Policy{Retries: 1, Backoff: time.Millisecond}, apply: func(context.Context, *engine.Env, int) error {
			return fmt.Errorf("make a: %w", refusal(tc.told))
		}})
		id := r.start(t)
		r.Run(t.Context(), id)
		job := r.job(t, id)
		require.Equal(t, models.JobFailed, job.State, name)
		require.Equal(t, string(fault.Internal), fmt.Sprint(*job.ErrorCode), name)
		require.Equal(t, tc.want, *job.ErrorMessage, name)
		require.Equal(t, 2, w.count("a"), name)
		var message string
		require.NoError(t, r.db.NewRaw("SELECT error_message FROM job_steps WHERE job_id = ?", id).Scan(t.Context(), &message))
		require.Equal(t, tc.want, message, name)
	}
}
