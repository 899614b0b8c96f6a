//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/testkit"
)

// A fate is what happens to the second node in a round.
type fate string

const (
	killed fate = "killed"  // with SIGKILL, at a random place of its work
	paused fate = "paused"  // at such a place, until the first has done the work
	cutOff fate = "cut off" // from the panel's database, without being told
)

// TestTorture_TwoNodes orders from two nodes on one database, one of which is
// killed, paused or cut off, and asks the servers afterwards, as R1 does.
func TestTorture_TwoNodes(t *testing.T) {
	t.Parallel()
	r, seed := testkit.Seeded(t)
	runs := sized(18, 600)
	k := newNodes(t, r)
	fates := map[fate]int{}
	for round := 0; k.done < runs; round++ {
		f := []fate{killed, cutOff, paused}[round%3]
		k.round(t, f, k.orders(t, min(4+r.IntN(5), runs-k.done)))
		fates[f]++
		k.check(t)
		if k.done > (k.squeezed+1)*60 || k.done == runs && k.squeezed == 0 {
			k.squeezeBoth(t)
		}
	}
	k.requireNoStrays(t)
	k.server.stop(t)
	slices.Sort(k.recovery)
	testkit.Reportf(t, "%-8s %20s %6s %30s %10s %9s %9s", "scenario", "seed", "runs", "second node", "violations", "p50", "p99")
	testkit.Reportf(t, "%-8s %20d %6d %30s %10d %9v %9v", "R1 x 2", seed, k.done,
		fmt.Sprintf("%d killed %d paused %d cut off", fates[killed], fates[paused], fates[cutOff]),
		len(k.violations), quantile(k.recovery, 0.5), quantile(k.recovery, 0.99))
	t.Logf("orders: %s; %d squeezed", k.mixed(), k.squeezed)
	t.Log("p50 and p99: from what happened to the node that had the job to the end of the job on the other")
	require.Empty(t, k.violations)
	if len(k.recovery) > 0 {
		require.LessOrEqual(t, quantile(k.recovery, 0.99), 15*time.Second, "until a job is taken over, and its work")
	}
}

// nodes is a torture with a second node; the first is never harmed.
type nodes struct{ *torture }

func newNodes(t *testing.T, r *rand.Rand) nodes {
	t.Helper()
	k := begun(t, r)
	// Where it listens, the second fetches dumps from.
	address := freeAddress(t)
	k.env = append(k.env, "MPANEL_NODE_ID=first", "MPANEL_LISTEN="+address, "MPANEL_ADVERTISE_URL=http://"+address)
	k.server = k.start(t, launch{env: k.env})
	k.admin, k.signedIn = k.setUp(t, k.server), time.Now()
	k.customers = k.makeCustomers(t, k.admin)
	k.mix = basics()[:1] // something for the second to begin with
	orders := k.orders(t, 4)
	require.NoError(t, k.push(t, orders))
	for _, p := range orders {
		k.settle(t, p)
	}
	k.mix = mix()
	return nodes{k}
}

// squeezeBoth has whichever node it is order and do what a size quota demands;
// the second may be killed in the middle of it.
func (k nodes) squeezeBoth(t *testing.T) {
	t.Helper()
	k.named++
	second, _ := k.cutOffNode(t, "second_"+strconv.Itoa(k.named), launch{
		binary: built.fault, env: []string{"MPANEL_FAULT_POINT=" + strconv.Itoa(1+k.rand.IntN(30)) + "@*"},
	})
	k.squeeze(t)
	second.stop(t)
}

// round carries out orders that are sent to the second node until its fate
// comes, and to the first from then on.
func (k nodes) round(t *testing.T, f fate, orders []*provision) {
	t.Helper()
	if time.Since(k.signedIn) > tokenTime {
		k.admin, k.signedIn = k.server.signIn(t, adminEmail), time.Now()
	}
	l := launch{binary: built.fault}
	address := freeAddress(t)
	l.env = []string{"MPANEL_LISTEN=" + address, "MPANEL_ADVERTISE_URL=http://" + address}
	if f != cutOff {
		l.env = append(l.env, "MPANEL_FAULT_POINT="+strconv.Itoa(1+k.rand.IntN(8*len(orders)))+"@*")
	}
	if f == paused {
		l.env = append(l.env, "MPANEL_FAULT_SIGNAL=STOP")
	}
	// A relay keeps the session that holds the id of a node that was cut off, as
	// no network does for ever.
	k.named++
	second, relay := k.cutOffNode(t, "second_"+strconv.Itoa(k.named), l)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	alive, struck := context.WithCancel(ctx)
	defer struck()
	var at atomic.Pointer[time.Time]
	strike := func() {
		now := time.Now()
		at.CompareAndSwap(nil, &now)
		struck()
	}
	go second.awaitFate(alive, f, strike)

	cutAfter, answered := int64(1+k.rand.IntN(len(orders))), atomic.Int64{}
	var wg sync.WaitGroup
	for _, p := range orders {
		wg.Go(func() {
			p.refused = p.order(alive, k.torture, k.admin.at(second))
			if f == cutOff && p.answered.Job != nil && answered.Add(1) == cutAfter {
				relay.Cut()
				strike()
			}
			p.push(alive, k.torture, k.admin.at(second)) // follows it
			p.interrupted = p.over == nil && p.answered.Job != nil
			for p.over == nil && ctx.Err() == nil {
				p.push(ctx, k.torture, k.admin)
			}
		})
	}
	wg.Wait()
	for _, p := range orders {
		if p.over == nil {
			require.FailNow(t, "not carried out though the first node lives", "%s: %s %v, refused %v, %s", f, p.action.name, p.input, p.refused, k.standstill(t.Context()))
		}
		if since := at.Load(); since != nil {
			k.restarted = *since
		}
	}

	// What was harmed comes back, finds its jobs done by another, and stops as it should.
	relay.Mend()
	second.signal(syscall.SIGCONT)
	k.fetchThrough(t, second, orders)
	second.stop(t)
	relay.To(testkit.Closed) // in the end a network ends what it cut off, too
	kills := 0
	through(t, k.torture, &kills, func() error { return k.calm(t.Context()) }, func() {})
	for _, p := range orders {
		k.settle(t, p)
	}
	k.leaveBehind(t)
	k.done += len(orders)
}

// leaveBehind notes the dumps on nodes that do not come back.
func (k nodes) leaveBehind(t *testing.T) {
	t.Helper()
	gone := map[string]bool{}
	for _, r := range k.dumpRows(t) {
		gone[r.id] = r.node != "first"
	}
	for id := range k.dumps {
		k.away[id] = gone[uuidOf(t, id)]
	}
}

// fetchThrough has the first node hand out what the second has written, as long
// as that lives.
func (k nodes) fetchThrough(t *testing.T, second *server, orders []*provision) {
	t.Helper()
	for _, p := range orders {
		if p.over.State == "SUCCEEDED" && p.answered.Dump != nil && second.runs() {
			eventually(t, 15*time.Second, func() error { // it may just wake
				_, err := k.download(t, p.answered.Dump.ID)
				if err != nil && !second.runs() {
					return nil
				}
				return err
			})
		}
	}
}

// freeAddress is one that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// awaitFate calls strike when the process is killed or paused.
func (s *server) awaitFate(ctx context.Context, f fate, strike func()) {
	if f == cutOff {
		return
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-s.exited:
			strike()
			return
		case <-ctx.Done():
			return
		case <-tick.C:
			if f == paused && s.paused() == nil {
				strike()
				return
			}
		}
	}
}
