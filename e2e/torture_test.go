//go:build e2e

package e2e

import (
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/testkit"
)

// full tells whether the torture has the size that is for patient people:
// SCALE=full. Otherwise it has the one that is for every day.
func full() bool { return os.Getenv("SCALE") == "full" }

func sized(small, large int) int {
	if full() {
		return large
	}
	return small
}

// TestTorture_R1 kills the panel at random places of its work, again and again,
// until every order is carried out, and then asks the servers: nothing may be
// lost, left over or half made.
func TestTorture_R1(t *testing.T) {
	t.Parallel()
	r, seed := testkit.Seeded(t)
	runs := sized(40, 1000)
	k := newTorture(t, r)
	for k.done < runs {
		k.round(t, k.orders(t, min(1+r.IntN(8), runs-k.done)))
		k.check(t)
		if k.done > (k.squeezed+1)*40 || k.done == runs && k.squeezed == 0 {
			k.squeeze(t)
		}
	}
	k.requireNoStrays(t)
	k.server.stop(t)
	slices.Sort(k.recovery)
	testkit.Reportf(t, "%-8s %20s %6s %6s %10s %9s %9s %8s", "scenario", "seed", "runs", "kills", "violations", "p50", "p99", "peakRSS")
	testkit.Reportf(t, "%-8s %20d %6d %6d %10d %9v %9v %5d MB", "R1", seed, k.done, k.kills, len(k.violations),
		quantile(k.recovery, 0.5), quantile(k.recovery, 0.99), k.peakRSS()>>20)
	t.Log("p50 and p99: from the beginning of a restart that found a job to the end of that job")
	t.Logf("orders: %s; %d squeezed", k.mixed(), k.squeezed)
	require.Empty(t, k.violations)
	require.Positive(t, k.kills)
	if len(k.recovery) > 0 {
		require.Less(t, k.recovery[len(k.recovery)-1], 15*time.Second, "the slowest recovery")
	}
}

// quantile of sorted durations; 0 without any.
func quantile(d []time.Duration, q float64) time.Duration {
	if len(d) == 0 {
		return 0
	}
	return d[min(len(d)-1, int(q*float64(len(d))))].Round(time.Millisecond)
}

// TestTorture_R11 has fifty orders at once for the last place of a quota, again
// and again: exactly one gets it, also when the quota is a reseller's two levels
// up.
func TestTorture_R11(t *testing.T) {
	t.Parallel()
	s, admin := shared(t)
	plain := admin.createCustomer(t, "R11", 0, "")
	reseller := admin.createCustomer(t, "R11 reseller", 0, "")
	below := admin.createCustomer(t, "R11 below", -1, reseller)
	leaves := []string{admin.createCustomer(t, "R11 leaf", -1, below), admin.createCustomer(t, "R11 leaf", 1000, below)}
	rounds := sized(10, 100)
	violations := 0
	var took []time.Duration
	for i := range rounds {
		for name, tc := range map[string]struct {
			limited string   // whose quota it is
			orderer []string // who order
		}{
			"own": {plain, []string{plain}}, "reseller": {reseller, leaves},
		} {
			admin.setQuota(t, tc.limited, i+1)
			began := time.Now()
			won := race(t, admin, tc.orderer, "r11_"+strconv.Itoa(i), i+1)
			took = append(took, time.Since(began))
			if used := admin.quotaUsed(t, tc.limited); won != 1 || used != strconv.Itoa(i+1) {
				violations++
				t.Errorf("round %d, quota %s: %d of 50 orders succeeded, %s used of %d", i, name, won, used, i+1)
			}
		}
	}
	slices.Sort(took)
	testkit.Reportf(t, "%-8s %6s %10s %9s %9s", "scenario", "runs", "violations", "p50", "p99")
	testkit.Reportf(t, "%-8s %6d %10d %9v %9v", "R11", 2*rounds, violations, quantile(took, 0.5), quantile(took, 0.99))
	t.Log("p50 and p99: of fifty orders at once")
	eventually(t, jobTime, func() error { return s.noJobsOf(t, append(leaves, plain)...) })
	require.Equal(t, strconv.Itoa(rounds), admin.quotaUsed(t, below))
}

// race sends fifty orders at once, and counts those that succeed.
func race(t *testing.T, c *client, customers []string, name string, limit int) (won int) {
	t.Helper()
	answers := make([]answer, 50)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() {
			answers[i], _ = c.send(t.Context(), nil, createMutation, vars{"in": vars{
				"customerId": customers[i%len(customers)], "name": name + "_" + strconv.Itoa(i)}})
		})
	}
	wg.Wait()
	for _, a := range answers {
		switch a.code() {
		case "":
			created(t, a)
			won++
		default:
			require.Equal(t, "QUOTA_EXCEEDED", a.code(), "%s", a.Body)
			ext := a.Errors[0].Extensions
			require.NotNil(t, ext.Used, "%s", a.Body)
			require.NotNil(t, ext.Max, "%s", a.Body)
			require.EqualValues(t, limit, *ext.Used)
			require.EqualValues(t, limit, *ext.Max)
		}
	}
	return won
}

func (c *client) setQuota(t *testing.T, customer string, limit int) {
	t.Helper()
	data[struct {
		UpdateCustomer struct{ Customer struct{ ID string } }
	}](t, c.do(t,
		`mutation ($in: UpdateCustomerInput!) { updateCustomer(input: $in) { customer { id } } }`,
		vars{"in": vars{"id": customer, "quotas": []vars{{"name": "DATABASES", "max": limit}}}}))
}
