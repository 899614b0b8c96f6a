package quota_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/quota"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

func TestRoom_RefusesWhatWouldUseMoreOfWhatIsUsedUp(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	set := func(id ident.CustomerID, used int64, limit *int64) {
		_, err := l.db.ExecContext(t.Context(), "UPDATE customer_quotas SET used = ?, max = ? WHERE customer_id = ?", used, limit, id)
		require.NoError(t, err)
	}
	room := func(who *actor.Actor, id ident.CustomerID) error {
		return store.InTx(t.Context(), l.db, func(ctx context.Context, tx store.Tx) error {
			return quota.Room(ctx, tx, who, id, models.QuotaDatabases, 0)
		})
	}
	require.NoError(t, room(staff, l.branch), "without a limit")
	for _, step := range []struct {
		name  string
		used  int64
		max   *int64
		holds bool
	}{
		{"one below", 99, new(int64(100)), false},
		{"all of it", 100, new(int64(100)), true},
		{"more", 101, new(int64(100)), true},
		{"not under 90 % again", 90, new(int64(100)), true},
		{"under 90 %", 89, new(int64(100)), false},
		{"nothing allowed", 0, new(int64(0)), true},
		{"the limit is lifted", 200, nil, false},
	} {
		set(l.shop, step.used, step.max)
		for _, id := range []ident.CustomerID{l.shop, l.branch} {
			err := room(staff, id)
			require.Equal(t, step.holds, fault.CodeOf(err) == fault.QuotaExceeded, "%s: %v", step.name, err)
			if f, ok := errors.AsType[*fault.Error](err); ok {
				require.Equal(t, map[string]any{"used": step.used, "max": *step.max}, f.Details, step.name)
			}
		}
		require.NoError(t, room(staff, l.reseller), "the one above is not held by it")
		require.NoError(t, room(staff, l.foreign))
	}
	set(l.reseller, 5, new(int64(5)))
	f, ok := errors.AsType[*fault.Error](room(member(l.branch, actor.CustomersRead), l.branch))
	require.True(t, ok)
	require.Nil(t, f.Details, "how much a reseller has is not the branch's to know")
}
