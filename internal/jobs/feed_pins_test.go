package jobs_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/events/membus"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/models"
)

// F21: who is pinned to an object is told of its jobs, live and from the table, and of no
// other of the same customer's.
func TestWatchAll_F21_PinnedToOneObject(t *testing.T) {
	t.Parallel()
	r := newRig(t, &membus.Bus{}, 50*time.Millisecond)
	c := customer(t, r.db)
	pinned, beside := r.job(t, c), r.job(t, c)
	who := func(pins ...uuid.UUID) *actor.Actor {
		return &actor.Actor{User: ident.NewUserID(), Pins: pins, Grants: []actor.Grant{{Customer: c, Permissions: []actor.Permission{actor.JobsRead}}}}
	}
	ctx := actor.With(t.Context(), who(pinned.ResourceID))
	live, err := r.WatchAll(ctx, nil, nil)
	require.NoError(t, err)
	start := began(t, live)
	all, err := r.WatchAll(actor.With(t.Context(), who()), nil, nil)
	require.NoError(t, err)
	began(t, all)
	want := func(j *models.Job, seq int) string { return fmt.Sprint(j.ID, " ", seq) }
	for seq := 1; seq <= 3; seq++ {
		r.commit(t, beside.ID)
		r.commit(t, pinned.ID)
		for _, j := range []*models.Job{beside, pinned} {
			got, _ := told(t, all)
			require.Equal(t, want(j, seq), got)
		}
		got, _ := told(t, live)
		require.Equal(t, want(pinned, seq), got)
	}
	again, err := r.WatchAll(ctx, nil, start)
	require.NoError(t, err)
	for seq := 1; seq <= 3; seq++ {
		got, _ := told(t, again)
		require.Equal(t, want(pinned, seq), got)
	}
	_, err = r.Watch(ctx, beside.ID, nil)
	require.Equal(t, fault.NotFound, fault.CodeOf(err))
	id := c.Opaque()
	_, err = r.WatchAll(ctx, &id, nil)
	require.Equal(t, fault.NotFound, fault.CodeOf(err), "a customer is more than its pinned object")
}
