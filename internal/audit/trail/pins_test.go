package trail_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/audit"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/page"
)

// F21: who is pinned to an object is told of what was done to it, live, later and in the
// list, and of nothing else of the same customer's.
func TestWatch_F21_PinnedToOneObject(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	pinned, beside := uuid.New(), uuid.New()
	ctx := actor.With(t.Context(), &actor.Actor{
		User: ident.NewUserID(), Pins: []uuid.UUID{pinned}, Grants: []actor.Grant{{Customer: r.above, Permissions: []actor.Permission{actor.AuditRead}}},
	})
	live, err := r.Watch(ctx, nil)
	require.NoError(t, err)
	start := began(t, live)
	for _, id := range []uuid.UUID{beside, {}, pinned, beside, pinned} {
		require.NoError(t, r.record(member(t.Context(), r.above), audit.Entry{Action: "x.y", Kind: ident.Database, Object: id, Customer: r.below}))
	}
	later, err := r.Watch(ctx, start)
	require.NoError(t, err)
	for range 2 {
		require.Equal(t, pinned, told(t, live).Event.ObjectID)
		require.Equal(t, pinned, told(t, later).Event.ObjectID)
	}
	rows, err := r.List(ctx, page.Args{WithTotal: true}, nil)
	require.NoError(t, err)
	total, err := rows.TotalCount(ctx)
	require.NoError(t, err)
	require.Equal(t, 2, total)
	for _, e := range rows.Nodes() {
		require.Equal(t, pinned, e.ObjectID)
	}
}
