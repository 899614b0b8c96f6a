package engine_test

import (
	"context"
	"sync/atomic"
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

// Jobs that last for hours take nobody else's place, and one customer's not all of
// theirs.
func TestLong_BesideTheOthers(t *testing.T) {
	t.Parallel()
	w := newWorld()
	hold := make(chan struct{})
	r := newRig(t, w, func(c *engine.Config) { c.Sweep, c.Slots, c.Long = 20*time.Millisecond, 1, 2 }, step{world: w, name: "a", apply: func(ctx context.Context, _ *engine.Env, _ int) error {
		select {
		case <-hold:
		case <-ctx.Done():
		}
		return ctx.Err()
	}})
	r.reg.Plans()[0].Long = true
	customer := &models.Customer{ID: ident.NewCustomerID(), Name: "other", Email: "other@example.com", State: models.CustomerActive}
	_, err := r.db.NewInsert().Model(customer).Exec(t.Context())
	require.NoError(t, err)
	order := func(c ident.CustomerID) (id ident.JobID) {
		require.NoError(t, store.InTx(t.Context(), r.db, func(_ context.Context, tx store.Tx) error {
			job, err := r.starter.Start(tx, engine.Order{Kind: kind, Resource: uuid.New(), Customer: c, Generation: 1})
			id = job.ID
			return err
		}))
		return id
	}
	stop := serve(t, r.Engine)
	defer stop()
	first := order(ident.CustomerID{})
	until(t, "it is at work", func() bool { return w.count("a") == 1 })
	second := order(ident.CustomerID{})
	until(t, "the customer's second one waits", func() bool { return r.job(t, second).WaitingFor != nil })
	require.Contains(t, *r.job(t, second).WaitingFor, "Its turn")
	third := order(customer.ID)
	until(t, "another customer's is at work, beyond the one slot", func() bool { return w.count("a") == 2 })
	require.Equal(t, 2, r.Busy())
	fourth := order(customer.ID)
	until(t, "it waits, too", func() bool { return r.job(t, fourth).WaitingFor != nil })
	require.Equal(t, 2, w.count("a"))
	close(hold)
	for _, id := range []ident.JobID{first, third} {
		until(t, "over", func() bool { return r.job(t, id).State == models.JobSucceeded })
	}
	_, err = r.db.ExecContext(t.Context(), "UPDATE jobs SET next_attempt_at = now()")
	require.NoError(t, err)
	for _, id := range []ident.JobID{second, fourth} {
		until(t, "over", func() bool { return r.job(t, id).State == models.JobSucceeded })
	}
	until(t, "nothing is at work", func() bool { return r.Busy() == 0 })
}

// What is about to have an effect for good is not taken back, and what is to be
// taken back does not come to have one.
func TestFinal_CancelAndNoteOneAfterTheOther(t *testing.T) {
	t.Parallel()
	for name, cancelFirst := range map[string]bool{"canceled first": true, "noted first": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			begun, goOn, noted, finish := make(chan struct{}), make(chan struct{}), make(chan struct{}), make(chan struct{})
			var final atomic.Bool
			r := newRig(t, w, nil, step{world: w, name: "a", apply: func(ctx context.Context, e *engine.Env, _ int) error {
				close(begun)
				<-goOn
				err := e.Note(ctx, func(context.Context, store.Tx) error { final.Store(true); return nil })
				close(noted)
				<-finish
				return err
			}})
			r.reg.Plans()[0].Final = func(context.Context, store.Tx, uuid.UUID) (bool, error) { return final.Load(), nil }
			id := r.start(t)
			over := make(chan struct{})
			go func() { defer close(over); r.Run(t.Context(), id) }()
			cancel := func() error { // and the runner is not told
				return store.InTx(t.Context(), r.db, func(ctx context.Context, tx store.Tx) error {
					_, err := r.starter.Cancel(ctx, tx, id)
					return err
				})
			}
			<-begun
			if cancelFirst {
				require.NoError(t, cancel())
			}
			close(goOn)
			<-noted
			require.Equal(t, !cancelFirst, final.Load())
			if !cancelFirst {
				require.Equal(t, fault.Conflict, fault.CodeOf(cancel()))
			}
			close(finish)
			<-over
			want := models.JobSucceeded
			if cancelFirst {
				want = models.JobCanceled
			}
			require.Equal(t, want, r.job(t, id).State)
		})
	}
}
