//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/testkit"
)

const jobFeed = `subscription ($customer: ID, $after: StreamPosition) {
	jobFeed(customerId: $customer, after: $after) { __typename ... on JobEvent { ` + eventFields + ` } ... on StreamGap { position } } }`

// feed reads events of a customer's jobs as server-sent events, until each says no.
func (c *client) feed(ctx context.Context, customer, after string, each func(event) (goOn bool)) error {
	v := vars{"customer": customer}
	if after != "" {
		v["after"] = after
	}
	return c.events(ctx, jobFeed, v, each)
}

// TestJobFeed_RandomDisconnects follows all jobs of a customer while databases are
// made and deleted, over connections that break all the time: each event comes once,
// those of one job in their order, and nothing of anybody else.
func TestJobFeed_RandomDisconnects(t *testing.T) {
	t.Parallel()
	r, _ := testkit.Seeded(t)
	s, admin := shared(t)
	customer := admin.createCustomer(t, "Feed", -1, "")
	other := admin.createCustomer(t, "Other feed", -1, "")
	member := s.member(t, "feed@example.com", customer, "DEVELOPER")
	const jobs, watchers = 6, 4
	ctx, stop := context.WithTimeout(t.Context(), 3*jobTime)
	defer stop()

	var mu sync.Mutex
	seen := make([][]event, watchers)
	done := func(list []event) bool { // as many jobs as there will be are over
		over := 0
		for _, ev := range list {
			if ev.State == "SUCCEEDED" || ev.State == "FAILED" {
				over++
			}
		}
		return over == jobs
	}
	began := make(chan struct{}, watchers)
	var wg sync.WaitGroup
	errs, breaks := make([]error, watchers), make([]int, watchers)
	for i := range watchers {
		dice := rand.New(rand.NewPCG(r.Uint64(), 0))
		who := []*client{admin, member}[i%2]
		wg.Go(func() {
			after, once := "", sync.Once{}
			for ctx.Err() == nil {
				cut, cancel := context.WithTimeout(ctx, time.Duration(1+dice.IntN(300))*time.Millisecond)
				if after == "" {
					cancel()
					cut, cancel = context.WithCancel(ctx) // from where else would it go on
				}
				left, all := 1+dice.IntN(4), false
				err := who.feed(cut, customer, after, func(ev event) bool {
					after = ev.Position
					if ev.Typename == "StreamGap" {
						once.Do(func() { began <- struct{}{} })
						return false
					}
					mu.Lock()
					defer mu.Unlock()
					seen[i] = append(seen[i], ev)
					all = done(seen[i])
					left--
					return left > 0 && !all
				})
				ended := cut.Err() != nil
				cancel()
				if all {
					return
				}
				if err != nil && !ended {
					errs[i] = err
					return
				}
				breaks[i]++
			}
			errs[i] = ctx.Err()
		})
	}
	for range watchers {
		select {
		case <-began:
		case <-ctx.Done():
			t.Fatalf("not all feeds have begun: %v", errs)
		}
	}
	var ids []string
	for i := range jobs / 2 {
		o := admin.createDatabase(t, customer, fmt.Sprintf("fed_%d", i))
		noise := admin.createDatabase(t, other, fmt.Sprintf("noise_%d", i))
		admin.awaitSuccess(t, o.Job.ID)
		d := admin.deleteDatabase(t, o.Database.ID, 0)
		ids = append(ids, o.Job.ID, d.Job.ID)
		admin.awaitSuccess(t, noise.Job.ID)
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
	for i, list := range seen {
		byJob, places := map[string][]event{}, map[string]bool{}
		for _, ev := range list {
			require.False(t, places[ev.Position], "watcher %d saw %v twice", i, ev)
			places[ev.Position] = true
			byJob[ev.JobID] = append(byJob[ev.JobID], ev)
		}
		require.Len(t, byJob, jobs, "watcher %d", i)
		for _, id := range ids {
			want, got := admin.job(t, id).Events, byJob[id]
			require.Len(t, got, len(want), "watcher %d, %s", i, id)
			for k := range want {
				require.Equal(t, want[k].Kind, got[k].Kind, "watcher %d, %s", i, id)
				require.Equal(t, want[k].At, got[k].At, "watcher %d, %s", i, id)
			}
		}
		t.Logf("watcher %d: %d events over %d connections", i, len(list), breaks[i]+1)
	}

	// Somebody else's customer is not there, and neither is one that never was.
	foreign := member.feed(ctx, other, "", func(event) bool { return true })
	missing := member.feed(ctx, nodeID("customer", "01920000-0000-7000-8000-000000000000"), "", func(event) bool { return true })
	require.ErrorContains(t, foreign, "NOT_FOUND")
	require.ErrorContains(t, missing, "NOT_FOUND")
}
