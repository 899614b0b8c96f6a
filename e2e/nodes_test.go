//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// nodeEnv is what a further node on the installation's database needs.
func (in *installation) nodeEnv(t *testing.T, name string) []string {
	t.Helper()
	dsn, err := in.dsn("panel", "mpanel")
	require.NoError(t, err)
	return []string{
		"MPANEL_DATABASE_URL=" + dsn, "MPANEL_SECRET_KEY=" + in.secretKey(t),
		"MPANEL_NODE_ID=" + name, "MPANEL_DATA_DIR=" + filepath.Join(in.dir, "unused-by-"+name),
	}
}

// secretKey is the one that the first start made.
func (in *installation) secretKey(t *testing.T) string {
	t.Helper()
	key, err := os.ReadFile(filepath.Join(in.data(), "secret.key"))
	require.NoError(t, err)
	return strings.TrimSpace(string(key))
}

// TestTwoNodes_OneDatabase follows jobs on the node that does not run them, or
// does: each event arrives once, and the last one soon, though no message goes
// from node to node.
func TestTwoNodes_OneDatabase(t *testing.T) {
	t.Parallel()
	a, admin := fresh(t, launch{env: []string{"MPANEL_NODE_ID=a"}})
	b := a.start(t, launch{env: a.nodeEnv(t, "b")})
	require.NoDirExists(t, filepath.Join(a.dir, "unused-by-b"))
	customer := admin.createCustomer(t, "Two nodes", -1, "")

	at := map[string]*client{"a": admin, "b": admin.at(b)}
	jobs := map[string]string{}
	watches := map[string][]watch{}
	for i := range 6 {
		for ordered, c := range at {
			name := fmt.Sprintf("%s_%d", ordered, i)
			jobs[name] = c.createDatabase(t, customer, name).Job.ID
			for node := range at {
				watches[node] = append(watches[node], watch{Name: name, Job: jobs[name]})
			}
		}
	}
	scripts := map[string]*script{"a": at["a"].watch(t, watches["a"]...), "b": at["b"].watch(t, watches["b"]...)}
	for node, script := range scripts {
		seen := all[sighting](t, script)
		for name, id := range jobs {
			j := admin.job(t, id)
			require.Equal(t, "SUCCEEDED", j.State)
			requireWholeStream(t, j, items(seen, name))
		}
		t.Logf("node %s: %d lines", node, len(seen))
	}

	requireLastEventSoon(t, a, at)
	b.stop(t)
}

// requireLastEventSoon has a delete end at a known time, and both nodes'
// watchers told of it within about two seconds, wherever it runs.
func requireLastEventSoon(t *testing.T, s *server, at map[string]*client) {
	t.Helper()
	customer := at["a"].createCustomer(t, "Soon", -1, "")
	d := at["a"].deleteDatabase(t, at["a"].makeDatabase(t, customer, "soon").Database.ID, 3)
	type last struct {
		node string
		at   time.Time
	}
	told := make(chan last, 2)
	for name, c := range at {
		script := c.watch(t, watch{Name: name, Job: d.Job.ID})
		go func() {
			for range script.lines { // to the end of the stream
			}
			told <- last{name, time.Now()}
		}()
	}
	for range at {
		l := <-told
		j := at["a"].job(t, d.Job.ID)
		require.Equal(t, "SUCCEEDED", j.State)
		delay := l.at.Sub(*j.FinishedAt)
		t.Logf("node %s: told %v after the end", l.node, delay.Round(time.Millisecond))
		require.Less(t, delay, 3*time.Second, "node %s", l.node)
	}
	require.NotContains(t, fmt.Sprint(s.onServer(t)), "soon")
}

// TestTwoNodes_OneDies has the other go on with its jobs.
func TestTwoNodes_OneDies(t *testing.T) {
	t.Parallel()
	a, admin := fresh(t, launch{env: []string{"MPANEL_NODE_ID=a"}})
	// b dies in its first create; a, without a fault, takes over.
	b := a.start(t, launch{binary: built.fault, env: append(a.nodeEnv(t, "b"), "MPANEL_FAULT_POINT=1@database.create/create-database:created")})
	customer := admin.createCustomer(t, "Takeover", -1, "")
	o := admin.at(b).createDatabase(t, customer, "takeover")
	select {
	case <-b.exited:
	case <-time.After(10 * time.Second):
		t.Fatal("b did not begin the job that it was asked for")
	}
	died := time.Now()
	j := admin.awaitSuccess(t, o.Job.ID)
	require.Less(t, j.FinishedAt.Sub(died), 15*time.Second)
	require.Greater(t, j.Attempts, 1, "it was taken over")
	require.Len(t, a.onServer(t), 1)
}
