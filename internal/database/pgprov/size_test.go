package pgprov

import (
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/fault"
)

func (w *world) usages(t *testing.T, prefix string) map[string]database.Usage {
	t.Helper()
	list, err := w.Usages(t.Context(), prefix)
	require.NoError(t, err)
	found := map[string]database.Usage{}
	for _, u := range list {
		require.True(t, strings.HasPrefix(u.Mark, prefix), u.Mark)
		found[u.Mark] = u
	}
	require.Len(t, found, len(list), "each once")
	return found
}

func TestUsages_SizesAndConnections(t *testing.T) {
	eachAdmin(t, func(t *testing.T, w *world) {
		full, empty, foreign := w.newWish(t), w.newWish(t), w.newWish(t)
		prefix := `mpanel:it's "\ours:`
		for _, x := range []wish{full, empty, foreign} {
			w.create(t, x)
		}
		sql(t, "postgres", "COMMENT ON DATABASE "+ident(foreign.space.Name)+" IS 'another panel''s'")
		before := w.usages(t, prefix)
		require.NotContains(t, before, foreign.space.Mark)
		sql(t, "postgres", "COMMENT ON DATABASE "+ident(foreign.space.Name)+" IS "+literal(foreign.space.Mark))
		require.Positive(t, before[full.space.Mark].SizeBytes)
		require.Zero(t, before[full.space.Mark].Connections)

		conn := full.enter(t, full.space.Name)
		full.enter(t, full.space.Name)
		_, err := conn.Exec(t.Context(), "CREATE TABLE t AS SELECT g, repeat('x', 500) FROM generate_series(1, 20000) g")
		require.NoError(t, err)
		after := w.usages(t, prefix)
		require.Equal(t, 2, after[full.space.Mark].Connections)
		require.Greater(t, after[full.space.Mark].SizeBytes, before[full.space.Mark].SizeBytes+10_000_000)
		require.Equal(t, before[empty.space.Mark], after[empty.space.Mark])

		// Closed and withdrawn it still takes room.
		require.NoError(t, w.CloseSpace(t.Context(), full.space))
		require.NoError(t, w.WithdrawSpace(t.Context(), full.space))
		require.GreaterOrEqual(t, w.usages(t, prefix)[full.space.Mark].SizeBytes, after[full.space.Mark].SizeBytes)
		require.Zero(t, w.usages(t, prefix)[full.space.Mark].Connections)

		_, err = w.Usages(t.Context(), "")
		require.Equal(t, fault.Invalid, fault.CodeOf(err), "every comment begins with nothing")
		require.Empty(t, w.usages(t, "%"))
	})
}

// Databases come and go while they are measured.
func TestUsages_WhileDatabasesAreDropped(t *testing.T) {
	eachAdmin(t, func(t *testing.T, w *world) {
		gone := make(chan struct{})
		var wg sync.WaitGroup
		defer wg.Wait()
		wishes := []wish{w.newWish(t), w.newWish(t), w.newWish(t)}
		for _, x := range wishes {
			w.create(t, x)
		}
		wg.Go(func() {
			defer close(gone)
			for _, x := range wishes {
				if err := w.DropSpace(t.Context(), x.space); err != nil {
					t.Errorf("drop: %v", err)
				}
			}
		})
		for {
			_, err := w.Usages(t.Context(), "mpanel:")
			require.NoError(t, err)
			select {
			case <-gone:
				return
			default:
			}
		}
	})
}
