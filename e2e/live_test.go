//go:build e2e

package e2e

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/testkit"
)

// randomCuts breaks a connection n times: at once, after a few events, or after
// up to maxMs.
func randomCuts(r *rand.Rand, n, maxMs int) []cut {
	cuts := make([]cut, n)
	for i := range cuts {
		ms := r.IntN(maxMs)
		cuts[i].Ms = &ms
		if r.IntN(2) == 0 {
			events := 1 + r.IntN(2)
			cuts[i].Events = &events
		}
	}
	return cuts
}

// TestJobProgress_RandomDisconnects breaks each of several connections twenty
// times over one job's stream; going on with after, none misses or repeats an
// event. The grace period of a delete makes a stream long.
func TestJobProgress_RandomDisconnects(t *testing.T) {
	t.Parallel()
	r, _ := testkit.Seeded(t)
	_, admin := shared(t)
	customer := admin.createCustomer(t, "Disconnected", -1, "")
	var watches []watch
	for i := range 3 {
		o := admin.createDatabase(t, customer, fmt.Sprintf("cut_%d", i))
		watches = append(watches, watch{Name: "create " + strconv.Itoa(i), Job: o.Job.ID, Cuts: randomCuts(r, 20, 60)})
		if i == 0 {
			admin.awaitSuccess(t, o.Job.ID)
			d := admin.deleteDatabase(t, o.Database.ID, 6)
			for j := range 3 { // several viewers of one job
				watches = append(watches, watch{Name: "delete " + strconv.Itoa(j), Job: d.Job.ID, Cuts: randomCuts(r, 20, 200)})
			}
		}
	}
	seen := all[sighting](t, admin.watch(t, watches...))
	for _, w := range watches {
		cuts, completed := 0, false
		for _, s := range seen {
			if s.Name != w.Name {
				continue
			}
			require.Empty(t, s.Errors, w.Name)
			require.Nil(t, s.Closed, w.Name)
			if s.Cut != nil {
				cuts++
			}
			completed = completed || s.Complete
		}
		j := admin.job(t, w.Job)
		require.Equal(t, "SUCCEEDED", j.State, w.Name)
		requireWholeStream(t, j, items(seen, w.Name))
		require.True(t, completed, "%s: the stream was completed", w.Name)
		if j.Kind == "database.delete" {
			require.GreaterOrEqual(t, cuts, 10, "%s: this must break live streams, too", w.Name)
		}
		t.Logf("%s: %d events over %d connections", w.Name, len(j.Events), cuts+1)
	}
}

// TestJobProgress_AfterEachPosition gives the rest of a job's stream, whichever
// event the client saw last.
func TestJobProgress_AfterEachPosition(t *testing.T) {
	t.Parallel()
	_, admin := shared(t)
	o := admin.makeDatabase(t, admin.createCustomer(t, "Positions", -1, ""), "positions")
	var watches []watch
	for i, ev := range o.Job.Events {
		watches = append(watches, watch{Name: strconv.Itoa(i), Job: o.Job.ID, After: ev.Position})
	}
	seen := all[sighting](t, admin.watch(t, watches...))
	for i := range o.Job.Events {
		require.Equal(t, positions(o.Job.Events[i+1:]), positions(items(seen, strconv.Itoa(i))), "after event %d", i)
	}
}

// TestJobProgress_LongerThanTheServersTimeouts keeps a stream of server-sent
// events for longer than a request may take to be read.
func TestJobProgress_LongerThanTheServersTimeouts(t *testing.T) {
	t.Parallel()
	_, admin := shared(t)
	o := admin.makeDatabase(t, admin.createCustomer(t, "Long", -1, ""), "long")
	const readTimeout = 30
	d := admin.deleteDatabase(t, o.Database.ID, readTimeout+3)
	sockets := admin.watch(t, watch{Name: "socket", Job: d.Job.ID})
	events, err := admin.follow(t.Context(), d.Job.ID, "")
	require.NoError(t, err, "server-sent events: %v", events)
	j := admin.job(t, d.Job.ID)
	requireWholeStream(t, j, events)
	requireWholeStream(t, j, items(all[sighting](t, sockets), "socket"))
}

// TestJobProgress_NotTheCallers: a job of somebody else's, a missing one and
// what is no id at all are answered with the same words.
func TestJobProgress_NotTheCallers(t *testing.T) {
	t.Parallel()
	s, admin := shared(t)
	own := admin.createCustomer(t, "Own", -1, "")
	mine := admin.makeDatabase(t, own, "mine")
	foreign := admin.makeDatabase(t, admin.createCustomer(t, "Foreign", -1, ""), "theirs")
	member := s.member(t, "member@example.com", own, "DEVELOPER")

	ids := map[string]string{
		"foreign":            foreign.Job.ID,
		"missing":            nodeID("job", "01920000-0000-7000-8000-000000000000"),
		"malformed":          "malformed",
		"of another kind":    mine.Database.ID,
		"empty":              "",
		"with more after it": mine.Job.ID + "AA",
	}
	var watches []watch
	for name, id := range ids {
		watches = append(watches, watch{Name: name, Job: id})
	}
	watches = append(watches, watch{Name: "own", Job: mine.Job.ID})
	seen := all[sighting](t, member.watch(t, watches...))
	require.Equal(t, positions(mine.Job.Events), positions(items(seen, "own")))
	said := map[string][]string{}
	for _, line := range seen {
		for _, e := range line.Errors {
			require.Equal(t, "NOT_FOUND", e.Extensions.Code, line.Name)
			said[e.String()] = append(said[e.String()], line.Name)
		}
	}
	require.Len(t, said, 1, "one sentence for all of %v", said)
	for sentence, names := range said {
		require.Len(t, names, len(ids), sentence)
	}

	wrong := all[sighting](t, admin.watch(t,
		watch{Name: "another job's", Job: mine.Job.ID, After: foreign.Job.Events[1].Position},
		watch{Name: "no position", Job: mine.Job.ID, After: "malformed"}))
	refused := 0
	for _, line := range wrong {
		for _, e := range line.Errors {
			refused++
			require.Equal(t, "INVALID", e.Extensions.Code, line.Name)
			require.Equal(t, "after", e.Extensions.Field, line.Name)
		}
	}
	require.Equal(t, 2, refused)
}
