package engine_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

func (r *rig) order(t *testing.T, o engine.Order) ident.JobID {
	t.Helper()
	o.Kind, o.Resource, o.Generation = kind, uuid.New(), 1
	var job *models.Job
	require.NoError(t, store.InTx(t.Context(), r.db, func(_ context.Context, tx store.Tx) (err error) {
		job, err = r.starter.Start(tx, o)
		return err
	}))
	return job.ID
}

func (r *rig) lead(t *testing.T, parent ident.JobID) (tally engine.Tally) {
	t.Helper()
	require.NoError(t, store.InTx(t.Context(), r.db, func(ctx context.Context, tx store.Tx) (err error) {
		tally, err = r.starter.Lead(ctx, tx, parent)
		return err
	}))
	return tally
}

// Nobody takes a held job up but its parent lets it go, in the order in which
// they were ordered; one that waits makes room for the next.
func TestLead_AFewAtOnceInTheirOrder(t *testing.T) {
	t.Parallel()
	w := newWorld()
	var waits ident.JobID
	r := newRig(t, w, nil, step{world: w, name: "a", apply: func(_ context.Context, e *engine.Env, _ int) error {
		if e.Job == waits {
			return &engine.Wait{Until: time.Now().Add(time.Hour), Reason: "An hour."}
		}
		return nil
	}})
	parent := r.start(t)
	var children []ident.JobID
	for range engine.ChildrenAtOnce + 2 {
		children = append(children, r.order(t, engine.Order{Parent: parent, Held: true}))
	}
	held := func() (n int) {
		for i, id := range children {
			if j := r.job(t, id); j.Held {
				n++
			} else {
				require.Zero(t, n, "%d was let go before one that was ordered earlier", i)
			}
		}
		return n
	}
	r.Run(t.Context(), children[0])
	require.Equal(t, models.JobPending, r.job(t, children[0]).State, "it is not its turn")
	require.Equal(t, engine.Tally{All: 10}, r.lead(t, parent))
	require.Equal(t, 2, held())
	r.lead(t, parent)
	require.Equal(t, 2, held(), "nothing has changed")

	waits = children[0]
	r.Run(t.Context(), children[0])
	require.Equal(t, "An hour.", *r.job(t, children[0]).WaitingFor)
	require.Equal(t, engine.Tally{All: 10}, r.lead(t, parent))
	require.Equal(t, 1, held())
	r.Run(t.Context(), children[1])
	require.Equal(t, models.JobSucceeded, r.job(t, children[1]).State)
	require.Equal(t, engine.Tally{All: 10, Over: 1}, r.lead(t, parent))
	require.Equal(t, 0, held())
}

// A held job that nobody lets go can be taken back.
func TestCancel_OfAHeldJob(t *testing.T) {
	t.Parallel()
	w := newWorld()
	r := newRig(t, w, nil, step{world: w, name: "a"})
	parent := r.start(t)
	child := r.order(t, engine.Order{Parent: parent, Held: true})
	serve(t, r.Engine)
	until(t, "the parent is over", func() bool { return r.job(t, parent).State == models.JobSucceeded })
	require.Equal(t, models.JobPending, r.job(t, child).State, "no sweep takes it up")
	require.NoError(t, store.InTx(t.Context(), r.db, func(ctx context.Context, tx store.Tx) error {
		left, err := r.starter.CancelChildren(ctx, tx, parent, "another.kind")
		require.Zero(t, left)
		if err == nil {
			left, err = r.starter.CancelChildren(ctx, tx, parent, "")
		}
		require.Equal(t, 1, left)
		return err
	}))
	until(t, "it is taken back", func() bool { return r.job(t, child).State == models.JobCanceled })
	require.Zero(t, w.count("a")-1, "only the parent's step was run")
}

// What ends while the parent is looking is not lost on it: it looks again at
// once, not when it would by itself.
func TestRun_AnEndIsHeardWhileTheParentLooks(t *testing.T) {
	t.Parallel()
	w := newWorld()
	var r *rig
	var other *engine.Engine
	var child ident.JobID
	r = newRig(t, w, func(c *engine.Config) { c.Sweep = time.Hour }, step{world: w, name: "a", apply: func(ctx context.Context, e *engine.Env, n int) error {
		if n > 1 {
			return nil // the child's, and the parent's second look
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
		other.Run(ctx, child) // it is over before this look is
		return &engine.Wait{Until: time.Now().Add(time.Hour), Reason: "The child."}
	}})
	other = r.node(t, "two", nil)
	parent := r.start(t)
	serve(t, r.Engine)
	r.Wake(parent)
	until(t, "the parent goes on", func() bool { return r.job(t, parent).State == models.JobSucceeded })
	require.Equal(t, models.JobSucceeded, r.job(t, child).State)
	require.Contains(t, r.events(t, parent), engine.EventWaiting)
}
