package engine_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/internal/testkit"
	"github.com/mpanel/mpanel/models"
)

// TestServe_NetworkSwallowsEverything cuts a node off so that neither side is
// told. PostgreSQL still believes in the session that holds the node's id, and
// yet the node goes on with its jobs when it is let through again, and others
// are refused the id.
func TestServe_NetworkSwallowsEverything(t *testing.T) {
	t.Parallel()
	w := newWorld()
	r := newRig(t, w, nil, step{world: w, name: "only"})
	relay, db := testkit.OverRelay(t, secret.New(r.db.Pool.Config().ConnString()))
	node := r.node(t, "cut", func(c *engine.Config) { c.DB = db })
	serve(t, node)

	relay.Cut()
	id := r.start(t)
	other := r.node(t, "cut", nil)
	require.ErrorContains(t, other.Serve(t.Context(), func() {}), "MPANEL_NODE_ID", "the id is still held")
	require.Equal(t, models.JobPending, r.job(t, id).State)

	relay.Mend()
	require.Eventually(t, func() bool { return r.job(t, id).State == models.JobSucceeded }, 40*time.Second, 50*time.Millisecond)
	require.ErrorContains(t, other.Serve(t.Context(), func() {}), "MPANEL_NODE_ID", "the id is held again")
}

// TestRun_NetworkForgetsAConnection: what is read or written over a connection that
// nobody answers on is given up, also while the lease is renewed over another one.
func TestRun_NetworkForgetsAConnection(t *testing.T) {
	t.Parallel()
	for _, where := range []string{"load", "note", "progress", "commit"} {
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			r := newRig(t, w, nil, step{world: w, name: "never run"})
			relay, far := testkit.OverRelay(t, secret.New(r.db.Pool.Config().ConnString()))
			// forget has whoever comes next take a connection that hangs, and those after
			// it new ones.
			forget := sync.OnceFunc(func() {
				idle := far.Pool.AcquireAllIdle(context.WithoutCancel(t.Context()))
				t.Cleanup(func() {
					for _, c := range idle[1:] {
						c.Release()
					}
				})
				relay.Cut()
				relay.Mend()
				idle[0].Release()
			})
			reg, err := engine.NewRegistry(&engine.Plan{
				Kind: kind, Version: 1, ResourceKind: ident.Database, Needs: actor.DatabasesWrite,
				Load: func(ctx context.Context, _ uuid.UUID) (engine.Target, error) {
					if where == "load" {
						forget()
					}
					return engine.Target{}, far.PingContext(ctx)
				},
				Steps: []engine.Step{step{world: w, name: "only", policy: engine.Policy{Timeout: time.Hour}, apply: func(ctx context.Context, e *engine.Env, _ int) error {
					if where == "load" {
						return nil
					}
					forget()
					switch where {
					case "note":
						return e.Note(ctx, func(context.Context, store.Tx) error { return nil })
					case "progress":
						return e.Progress(ctx, 50, "Half of it.")
					}
					return nil
				}}},
				Settle: func(context.Context, store.Tx, uuid.UUID, models.JobState) error { return nil },
			})
			require.NoError(t, err)
			serve(t, r.node(t, "far", func(c *engine.Config) { c.DB, c.Registry = far, reg }))
			id := r.start(t)
			until(t, "the job is over", func() bool { return r.job(t, id).State.Terminal() })
			require.Equal(t, models.JobSucceeded, r.job(t, id).State)
		})
	}
}
