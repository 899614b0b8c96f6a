package trail_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/audit"
	"github.com/mpanel/mpanel/internal/audit/trail"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/page"
)

// What people do is found without what their pages do by themselves.
func TestList_ExceptActions(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx := actor.With(t.Context(), &actor.Actor{User: r.boss})
	for _, action := range []string{"session.refresh", "database.create", "session.refresh", "user.sign_in"} {
		require.NoError(t, r.record(ctx, audit.Entry{Action: action, Customer: r.below}))
	}
	for _, c := range []struct{ except, want []string }{
		{nil, []string{"user.sign_in", "session.refresh", "database.create", "session.refresh"}},
		{[]string{"session.refresh"}, []string{"user.sign_in", "database.create"}},
		{[]string{"session.refresh", "user.sign_in", "no.such"}, []string{"database.create"}},
		{[]string{"session.refresh' OR true --"}, []string{"user.sign_in", "session.refresh", "database.create", "session.refresh"}},
	} {
		rows, err := r.List(staff(t.Context()), page.Args{}, &trail.Filter{ExceptActions: c.except, CustomerID: &r.below})
		require.NoError(t, err)
		var actions []string
		for _, e := range rows.Nodes() {
			actions = append(actions, e.Action)
		}
		require.Equal(t, c.want, actions, c.except)
	}
	for name, except := range map[string][]string{"too many": slices.Repeat([]string{"a.b"}, 21), "not text": {"a\x00b"}} {
		_, err := r.List(staff(t.Context()), page.Args{}, &trail.Filter{ExceptActions: except})
		var f *fault.Error
		require.ErrorAs(t, err, &f, name)
		require.Equal(t, fault.Invalid, f.Code, name)
		require.Equal(t, "filter.exceptActions", f.Field, name)
	}
}
