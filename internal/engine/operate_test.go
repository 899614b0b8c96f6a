package engine_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

func (r *rig) cancel(t *testing.T, id ident.JobID) error {
	t.Helper()
	return store.InTx(context.WithoutCancel(t.Context()), r.db, func(ctx context.Context, tx store.Tx) error {
		_, err := r.starter.Cancel(ctx, tx, id)
		return err
	})
}

func (r *rig) retry(t *testing.T, id ident.JobID) (again *models.Job, err error) {
	t.Helper()
	err = store.InTx(t.Context(), r.db, func(ctx context.Context, tx store.Tx) (err error) {
		again, err = r.starter.Retry(ctx, tx, id, ident.UserID{})
		return err
	})
	return again, err
}

// requireCanceled wants everything taken back, and the job to say so.
func (r *rig) requireCanceled(t *testing.T, id ident.JobID) {
	t.Helper()
	until(t, "canceled", func() bool { return r.job(t, id).State.Terminal() })
	j := r.job(t, id)
	require.Equal(t, models.JobCanceled, j.State)
	require.Nil(t, j.ErrorCode)
	require.NotNil(t, j.FinishedAt)
	require.Empty(t, r.world.things)
	require.Equal(t, []models.JobState{models.JobCanceled}, r.world.settled)
	kinds := r.events(t, id)
	require.Equal(t, engine.EventCanceled, kinds[len(kinds)-1])
	require.Equal(t, fault.Conflict, fault.CodeOf(r.cancel(t, id)), "it is over")
}

// block is an Apply that ends with its context only, after telling that it is in.
func block(in chan<- struct{}) func(context.Context, *engine.Env, int) error {
	return func(ctx context.Context, _ *engine.Env, _ int) error {
		in <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	}
}

func TestCancel_EndsTheStepAndTakesBack(t *testing.T) {
	t.Parallel()
	for name, told := range map[string]bool{"the node is told": true, "the renewal finds out": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, in := newWorld(), make(chan struct{}, 1)
			r := newRig(t, w, nil, step{world: w, name: "a"}, step{world: w, name: "b", apply: block(in)}, step{world: w, name: "c"})
			if told {
				r.starter = engine.NewStarter(func() *engine.Registry { return r.reg }, r.Engine)
			}
			serve(t, r.Engine)
			id := r.start(t)
			r.Wake(id)
			<-in
			require.NoError(t, r.cancel(t, id))
			r.requireCanceled(t, id)
			require.Equal(t, []string{"b", "a"}, w.undone)
			require.Zero(t, w.count("c"))
		})
	}
}

func TestCancel_WhatWasNeverBegunTouchesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld()
	r := newRig(t, w, nil, step{world: w, name: "a"})
	id := r.start(t)
	require.NoError(t, r.cancel(t, id))
	require.NoError(t, r.cancel(t, id), "twice is once")
	r.Run(t.Context(), id)
	r.requireCanceled(t, id)
	require.Empty(t, w.undone)
	require.Equal(t, []string{engine.EventCreated, engine.EventStarted, engine.EventCanceled}, r.events(t, id))
}

func TestCancel_OfAJobThatWaits(t *testing.T) {
	t.Parallel()
	w := newWorld()
	r := newRig(t, w, nil, step{world: w, name: "a"}, step{world: w, name: "b", apply: func(context.Context, *engine.Env, int) error {
		return &engine.Wait{Until: time.Now().Add(time.Hour), Reason: "Later."}
	}})
	id := r.start(t)
	r.Run(t.Context(), id)
	require.NotNil(t, r.job(t, id).WaitingFor)
	require.NoError(t, r.cancel(t, id))
	r.Run(t.Context(), id)
	r.requireCanceled(t, id)
}

func TestCancel_JustBeforeSuccess(t *testing.T) {
	t.Parallel()
	w := newWorld()
	var r *rig
	var id ident.JobID
	r = newRig(t, w, nil, step{world: w, name: "a", apply: func(context.Context, *engine.Env, int) error { return r.cancel(t, id) }})
	id = r.start(t)
	r.Run(t.Context(), id)
	r.requireCanceled(t, id)
}

func TestCancel_IsRefusedFromThePivotOn(t *testing.T) {
	t.Parallel()
	w, in, out := newWorld(), make(chan struct{}), make(chan struct{})
	r := newRig(t, w, nil, step{world: w, name: "a"}, step{world: w, name: "b", policy: engine.Policy{Pivot: true}, apply: func(context.Context, *engine.Env, int) error {
		close(in)
		<-out
		return nil
	}}, step{world: w, name: "c"})
	id := r.start(t)
	done := make(chan struct{})
	go func() { defer close(done); r.Run(t.Context(), id) }()
	<-in
	require.Equal(t, fault.Conflict, fault.CodeOf(r.cancel(t, id)))
	close(out)
	<-done
	require.Equal(t, models.JobSucceeded, r.job(t, id).State)
	require.Equal(t, fault.NotFound, fault.CodeOf(r.cancel(t, ident.NewJobID())))
}

func TestCancel_BeforeThePivotIsBegun(t *testing.T) {
	t.Parallel()
	w := newWorld()
	var r *rig
	var id ident.JobID
	r = newRig(t, w, nil, step{world: w, name: "a", apply: func(context.Context, *engine.Env, int) error { return r.cancel(t, id) }},
		step{world: w, name: "b", policy: engine.Policy{Pivot: true}})
	id = r.start(t)
	r.Run(t.Context(), id)
	r.requireCanceled(t, id)
	require.Zero(t, w.count("b"))
}

// A failure has the last word: what a person asked for meanwhile comes to the same.
func TestCancel_IsRefusedWhileItIsTakenBack(t *testing.T) {
	t.Parallel()
	w := newWorld()
	var r *rig
	var id ident.JobID
	var refused error
	undos := 0
	r = newRig(t, w, nil, step{world: w, name: "a", undos: &undos, undo: func(context.Context, int) error {
		refused = r.cancel(t, id)
		return nil
	}}, step{world: w, name: "b", apply: func(context.Context, *engine.Env, int) error { return fault.Invalid.Permanent("", "No.") }})
	id = r.start(t)
	r.Run(t.Context(), id)
	require.Equal(t, fault.Conflict, fault.CodeOf(refused))
	require.Equal(t, models.JobFailed, r.job(t, id).State)
}

// Between the look at a job that waits and the wish to go on it may be taken up:
// then it tries once more at once, instead of refusing whoever wished it.
func TestRetry_WhileItTriesAgain(t *testing.T) {
	t.Parallel()
	w := newWorld()
	var r *rig
	var id ident.JobID
	var first, second error
	r = newRig(t, w, nil, step{world: w, name: "a", apply: func(_ context.Context, _ *engine.Env, n int) error {
		switch n {
		case 1:
			_, first = r.retry(t, id)
		case 2:
			_, second = r.retry(t, id)
		default:
			return nil
		}
		return &engine.Wait{Until: time.Now().Add(time.Hour), Reason: "Later."}
	}})
	id = r.start(t)
	r.Run(t.Context(), id)
	require.Equal(t, fault.Conflict, fault.CodeOf(first), "it has not waited yet")
	_, err := r.retry(t, id)
	require.NoError(t, err)
	r.Run(t.Context(), id)
	require.NoError(t, second)
	require.WithinDuration(t, time.Now(), *r.job(t, id).NextAttemptAt, time.Minute, "it waits no hour again")
	r.Run(t.Context(), id)
	require.Equal(t, models.JobSucceeded, r.job(t, id).State)
}

func TestRetry(t *testing.T) {
	t.Parallel()
	w := newWorld()
	fails := true
	r := newRig(t, w, nil, step{world: w, name: "a", apply: func(_ context.Context, _ *engine.Env, n int) error {
		switch {
		case n == 1:
			return &engine.Wait{Until: time.Now().Add(time.Hour), Reason: "Later."}
		case fails:
			return fault.Invalid.Permanent("", "No.")
		}
		return nil
	}})
	id := r.start(t)
	r.Run(t.Context(), id)
	same, err := r.retry(t, id)
	require.NoError(t, err, "what waits is due at once")
	require.Equal(t, id, same.ID)
	r.Run(t.Context(), id)
	require.Equal(t, models.JobFailed, r.job(t, id).State)

	_, err = r.retry(t, id)
	require.Equal(t, fault.Conflict, fault.CodeOf(err), "its plan knows no other attempt")
	refused := errors.New("refused")
	plan := r.reg.Plans()[0]
	plan.Again = func(context.Context, store.Tx, uuid.UUID) (int64, error) { return 0, refused }
	_, err = r.retry(t, id)
	require.ErrorIs(t, err, refused)
	plan.Again = func(context.Context, store.Tx, uuid.UUID) (int64, error) { return 7, nil }
	fails = false
	again, err := r.retry(t, id)
	require.NoError(t, err)
	require.NotEqual(t, id, again.ID)
	require.Equal(t, r.job(t, id).ResourceID, again.ResourceID)
	require.EqualValues(t, 7, again.TargetGeneration)
	_, err = r.retry(t, id)
	require.Equal(t, fault.Conflict, fault.CodeOf(err), "a later job is at work")
	_, err = r.retry(t, again.ID)
	require.Equal(t, fault.Conflict, fault.CodeOf(err), "it waits for nothing")
	r.Run(t.Context(), again.ID)
	require.Equal(t, models.JobSucceeded, r.job(t, again.ID).State)
	_, err = r.retry(t, again.ID)
	require.Equal(t, fault.Conflict, fault.CodeOf(err), "it has succeeded")
	_, err = r.retry(t, ident.NewJobID())
	require.Equal(t, fault.NotFound, fault.CodeOf(err))
}

func TestRun_StuckAfterThePivotGoesForward(t *testing.T) {
	t.Parallel()
	w := newWorld()
	var log bytes.Buffer
	r := newRig(t, w, toldTo(&log), step{world: w, name: "a"}, step{world: w, name: "b", policy: engine.Policy{Pivot: true, Retries: 1, Backoff: time.Millisecond}, apply: func(_ context.Context, _ *engine.Env, n int) error {
		if n <= 2 {
			return fault.Conflict.Permanent("", "Something is in the way.")
		}
		return nil
	}})
	id := r.start(t)
	r.Run(t.Context(), id)
	j := r.job(t, id)
	require.Equal(t, models.JobStuck, j.State)
	require.Equal(t, "Something is in the way.", *j.WaitingFor)
	require.Greater(t, time.Until(*j.NextAttemptAt), 50*time.Minute)
	require.Empty(t, w.undone)
	require.Contains(t, log.String(), `level=ERROR msg="job is stuck" job_id=`+id.Opaque())
	require.Contains(t, log.String(), "step=b way=forward retry_in=1h0m0s")
	_, err := r.retry(t, id)
	require.NoError(t, err, "whoever removed it does not wait for the hour")
	r.Run(t.Context(), id)
	require.Equal(t, models.JobSucceeded, r.job(t, id).State)
	require.Contains(t, r.events(t, id), engine.EventStuck)
}

func TestRun_TheEndWakesTheParent(t *testing.T) {
	t.Parallel()
	w := newWorld()
	var r *rig
	var child ident.JobID
	r = newRig(t, w, func(c *engine.Config) { c.Sweep = time.Hour }, step{world: w, name: "a", apply: func(ctx context.Context, e *engine.Env, _ int) error {
		if !child.IsZero() {
			if e.Job != child && r.job(t, child).State != models.JobSucceeded {
				return &engine.Wait{Until: time.Now().Add(time.Hour), Reason: "The child."}
			}
			return nil
		}
		err := store.InTx(ctx, r.db, func(_ context.Context, tx store.Tx) error {
			job, err := r.starter.Start(tx, engine.Order{Kind: kind, Resource: uuid.New(), Generation: 1, Parent: e.Job})
			if err == nil {
				child = job.ID
			}
			return err
		})
		if err != nil {
			return err
		}
		return &engine.Wait{Until: time.Now().Add(time.Hour), Reason: "The child."}
	}})
	parent := r.start(t)
	r.Run(t.Context(), parent)
	require.NotNil(t, r.job(t, parent).WaitingFor)
	serve(t, r.Engine)
	r.Wake(child)
	until(t, "the parent goes on", func() bool { return r.job(t, parent).State == models.JobSucceeded })
	require.Equal(t, parent, r.job(t, child).ParentID)
}
