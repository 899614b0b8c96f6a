package app

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
)

// measuring is a server that says of the databases what it was told to say.
type measuring struct {
	database.Server

	mu     sync.Mutex
	usages []database.Usage // with the id as mark
}

type measuringDialer struct {
	database.Dialer

	to *measuring
}

func (d measuringDialer) Server(database.Address) database.Server { return d.to }

// set makes up a size for about half of the databases, in any order.
func (m *measuring) set(ids []ident.DatabaseID, r *rand.Rand) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.usages = nil
	for _, i := range r.Perm(len(ids)) {
		if r.IntN(2) == 0 {
			m.usages = append(m.usages, database.Usage{Mark: ids[i].String(), SizeBytes: r.Int64N(1 << 40)})
		}
	}
}

func (m *measuring) Usages(_ context.Context, prefix string) ([]database.Usage, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := slices.Clone(m.usages)
	for i := range out {
		out[i].Mark = prefix + out[i].Mark
	}
	return out, nil
}

// Measurements, orders, failures and deletions at once leave the counters exact.
func TestSizeQuota_ExactUnderConcurrency(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	ctx := b.by(t)
	top := b.customer(t, nil, 1000)
	var customers []ident.CustomerID
	for range 2 {
		reseller := b.customer(t, &top, 1000)
		customers = append(customers, reseller, b.customer(t, &reseller, 1000), b.customer(t, &reseller, 1000))
	}
	elsewhere := &measuring{}
	measured := database.NewService(b.oracle, b.panel.stores.box, nil, measuringDialer{to: elsewhere}, uuid.New(), nil, slog.New(slog.DiscardHandler))
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	var mu sync.Mutex
	var ids []ident.DatabaseID
	for i := range 30 {
		out, err := b.create(ctx, b.staff, customers[i%len(customers)], fmt.Sprintf("d%d", i))
		require.NoError(t, err)
		ids = append(ids, out.Database.ID)
	}
	// Rows as if they were made: what is on a server plays no part here.
	_, err := b.oracle.ExecContext(ctx, "UPDATE databases SET state = 'ACTIVE'; UPDATE jobs SET state = 'SUCCEEDED', finished_at = now()")
	require.NoError(t, err)
	_, err = b.oracle.ExecContext(ctx, "UPDATE database_servers SET reachable = true")
	require.NoError(t, err)
	var wg sync.WaitGroup
	for w := range 8 {
		r := rand.New(rand.NewPCG(seed, uint64(w))) // #nosec G404 -- a test's
		wg.Go(func() {
			for range 25 {
				switch r.IntN(4) {
				case 0: // created, and given up again
					out, err := b.create(ctx, b.staff, customers[r.IntN(len(customers))], fmt.Sprintf("x%d_%d", w, r.IntN(1<<30)))
					if err == nil {
						mu.Lock()
						ids = append(ids, out.Database.ID)
						mu.Unlock()
					}
				case 1: // gone: its bytes are given back
					mu.Lock()
					id := ids[r.IntN(len(ids))]
					mu.Unlock()
					_, err := b.oracle.ExecContext(ctx, "UPDATE databases SET state = 'FAILED' WHERE id = ?", id)
					if err == nil {
						_, err = b.panel.databases.Delete(ctx, database.DeleteInput{ID: id})
					}
					if code := fault.CodeOf(err); err != nil && code != fault.NotFound && code != fault.Conflict {
						t.Error(err)
					}
				default:
					mu.Lock()
					elsewhere.set(ids, r)
					mu.Unlock()
					if err := measured.MeasureServers(ctx); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	b.countedExactly(t)
	require.Positive(t, b.bytes(t, top).Used)
}
