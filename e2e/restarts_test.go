//go:build e2e

package e2e

import (
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/testkit"
)

// TestTorture_R3 ends the panel's PostgreSQL at once, again and again, while
// clients send mutations with idempotency keys until each is answered: what was
// acknowledged is there, once.
func TestTorture_R3(t *testing.T) {
	t.Parallel()
	mutations, restarts := sized(1000, 10_000), sized(3, 20)
	s, admin := fresh(t, launch{})
	top := admin.createCustomer(t, "R3", -1, "")
	var sent, resent, done atomic.Int64
	var mu sync.Mutex
	jobs := map[string]string{} // by name of the database
	refused := map[string]int{}
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for {
				n := sent.Add(1)
				if n > int64(mutations) {
					return
				}
				query, in := `mutation ($in: CreateCustomerInput!) { createCustomer(input: $in) { customer { id } } }`,
					vars{"parentId": top, "name": fmt.Sprintf("r3 %d", n), "email": "r3@example.com"}
				if n%20 == 0 {
					query, in = createMutation, vars{"customerId": top, "name": fmt.Sprintf("r3_%d", n)}
				}
				deadline := time.Now().Add(30 * time.Second)
				for {
					a, err := admin.send(t.Context(), key(fmt.Sprintf("r3 %d", n)), query, vars{"in": in})
					if err == nil && a.code() == "" {
						if o, orderErr := orderIn(a); n%20 == 0 && orderErr == nil {
							mu.Lock()
							jobs[fmt.Sprintf("r3_%d", n)] = o.Job.ID
							mu.Unlock()
						}
						break
					}
					if err == nil {
						mu.Lock()
						for _, e := range a.Errors { // an edge may fail on its own
							refused[e.Extensions.Code]++
						}
						mu.Unlock()
					}
					if time.Now().After(deadline) {
						t.Errorf("worker %d: mutation %d is not answered: %v %s", worker, n, err, a.Body)
						return
					}
					resent.Add(1)
					select { // a client's pause before it sends again
					case <-t.Context().Done():
						return
					case <-time.After(20 * time.Millisecond):
					}
				}
				done.Add(1)
			}
		})
	}
	var back []time.Duration
	for i := range restarts {
		at := int64((i + 1) * mutations / (restarts + 1))
		eventually(t, 2*time.Minute, func() error {
			if n := done.Load(); n < at {
				return fmt.Errorf("%d of %d mutations are done", n, at)
			}
			return nil
		})
		was := processes()[s.postmaster(t, "panel")]
		require.NoError(t, syscall.Kill(was.pid, syscall.SIGQUIT))
		gone, before := time.Now(), done.Load()
		eventually(t, 30*time.Second, func() error {
			if alive([]process{was}) != nil || done.Load() < before+16 { // more than were on their way
				return fmt.Errorf("no write since the restart")
			}
			return nil
		})
		back = append(back, time.Since(gone))
	}
	wg.Wait()
	require.EqualValues(t, mutations, done.Load())

	db := s.panelDB(t)
	var customers, names, orders int
	require.NoError(t, db.QueryRow(t.Context(), "SELECT count(*), count(DISTINCT name) FROM customers WHERE name LIKE 'r3 %'").Scan(&customers, &names))
	require.NoError(t, db.QueryRow(t.Context(), "SELECT count(*) FROM databases WHERE name LIKE 'r3\\_%'").Scan(&orders))
	require.Equal(t, mutations-mutations/20, customers, "every customer that was acknowledged, once")
	require.Equal(t, customers, names)
	require.Equal(t, mutations/20, orders)
	require.Len(t, jobs, orders)
	for name, id := range jobs {
		require.Equal(t, "SUCCEEDED", admin.awaitSuccess(t, id).State, name)
	}
	require.Len(t, s.onServer(t), orders)
	s.requireGaplessEvents(t)
	for code := range refused {
		require.Contains(t, []string{"UNAVAILABLE"}, code, "what a client is told meanwhile is worth another try: %v", refused)
	}
	require.NotContains(t, s.out.String(), "panic")
	testkit.Reportf(t, "%-8s %10s %9s %8s %12s", "scenario", "mutations", "restarts", "resent", "slowest back")
	testkit.Reportf(t, "%-8s %10d %9d %8d %12v", "R3", mutations, restarts, resent.Load(), slowest(back).Round(time.Millisecond))
}

func slowest(d []time.Duration) (most time.Duration) {
	for _, d := range d {
		most = max(most, d)
	}
	return most
}
