package engine_test

import (
	"context"
	"slices"
	"sync"
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

// A node that serves begins at once with what it is told of, also while its
// slots are taken by others, and refuses nothing when it does not serve.
func TestWake_RunsWithoutASweep(t *testing.T) {
	t.Parallel()
	w := newWorld()
	hold := make(chan struct{})
	r := newRig(t, w, func(c *engine.Config) { c.Sweep, c.Slots = time.Hour, 1 }, step{world: w, name: "a", apply: func(ctx context.Context, _ *engine.Env, n int) error {
		if n == 1 {
			select {
			case <-hold:
			case <-ctx.Done():
			}
		}
		return ctx.Err()
	}})
	r.starter = engine.NewStarter(func() *engine.Registry { return r.reg }, r.Engine)
	stop := serve(t, r.Engine)
	jobs := []ident.JobID{r.start(t)}
	until(t, "the slot is taken", func() bool { return w.count("a") == 1 })
	for range 3 {
		jobs = append(jobs, r.start(t))
	}
	close(hold)
	for _, id := range jobs {
		until(t, "woken", func() bool { return r.job(t, id).State == models.JobSucceeded })
	}
	stop()
	late := r.start(t)
	require.Equal(t, models.JobPending, r.job(t, late).State)
}

func TestStart_OneActiveJobPerResource(t *testing.T) {
	t.Parallel()
	w := newWorld()
	r := newRig(t, w, nil, step{world: w, name: "a"})
	resource := uuid.New()
	start := func(what string) error {
		return store.InTx(t.Context(), r.db, func(_ context.Context, tx store.Tx) error {
			_, err := r.starter.Start(tx, engine.Order{Kind: what, Resource: resource, Generation: 1})
			return err
		})
	}
	require.NoError(t, start(kind))
	require.Equal(t, fault.Conflict, fault.CodeOf(start(kind)))
	require.Equal(t, fault.Internal, fault.CodeOf(start("no.such")))
}

// hearing is a node that notes what it is told.
type hearing struct {
	silent
	wake func(ident.JobID)
}

func (h hearing) Wake(id ident.JobID) { h.wake(id) }

func TestHurry_WhatMayGoOnNow(t *testing.T) {
	t.Parallel()
	w := newWorld()
	var mu sync.Mutex
	var woken []ident.JobID
	r := newRig(t, w, nil, step{world: w, name: "a"})
	r.starter = engine.NewStarter(func() *engine.Registry { return r.reg }, hearing{wake: func(id ident.JobID) {
		mu.Lock()
		defer mu.Unlock()
		woken = append(woken, id)
	}})
	jobs := map[string]ident.JobID{}
	for name, set := range map[string]string{
		"a server that is away":      "state = 'RUNNING', next_attempt_at = now() + interval '15 s'",
		"an undo that keeps failing": "state = 'STUCK', next_attempt_at = now() + interval '1 h'",
		"a grace period":             "state = 'RUNNING', next_attempt_at = now() + interval '1 h'",
		"at work":                    "state = 'RUNNING', lease_until = now() + interval '5 s'",
		"over":                       "state = 'SUCCEEDED', next_attempt_at = now() + interval '15 s'",
		"another resource's":         "state = 'RUNNING', next_attempt_at = now() + interval '15 s'",
	} {
		jobs[name] = r.start(t)
		_, err := r.db.NewUpdate().Model((*models.Job)(nil)).Set(set).Where("id = ?", jobs[name]).Exec(t.Context())
		require.NoError(t, err)
	}
	woken = nil
	require.NoError(t, store.InTx(t.Context(), r.db, func(ctx context.Context, tx store.Tx) error {
		return r.starter.Hurry(ctx, tx, tx.NewSelect().Model((*models.Job)(nil)).Column("resource_id").Where("j.id <> ?", jobs["another resource's"]))
	}))
	want := []ident.JobID{jobs["a server that is away"], jobs["an undo that keeps failing"]}
	require.ElementsMatch(t, want, woken)
	for name, id := range jobs {
		j := r.job(t, id)
		due := j.NextAttemptAt != nil && j.NextAttemptAt.Before(time.Now())
		require.Equal(t, slices.Contains(want, id), due, name)
	}
}
