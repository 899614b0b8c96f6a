//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/testkit"
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

// TestTwoNodes_OneIsPaused: a node that stops in the middle of a step, and wakes
// up when the other has long finished its job, changes nothing and works on.
func TestTwoNodes_OneIsPaused(t *testing.T) {
	t.Parallel()
	a, admin := fresh(t, launch{env: []string{"MPANEL_NODE_ID=a"}})
	b := a.start(t, launch{binary: built.fault, env: append(a.nodeEnv(t, "b"),
		"MPANEL_FAULT_POINT=1@database.create/create-database:after-effect", "MPANEL_FAULT_SIGNAL=STOP")})
	customer := admin.createCustomer(t, "Paused", -1, "")
	o := admin.at(b).createDatabase(t, customer, "paused")
	eventually(t, jobTime, b.paused)
	j := admin.awaitSuccess(t, o.Job.ID)
	require.Greater(t, j.Attempts, 1, "it was taken over")
	b.signal(syscall.SIGCONT)

	login(t, o.Credentials.in(t, "URI"))
	again := admin.at(b).makeDatabase(t, customer, "again")
	login(t, again.Credentials.in(t, "URI"))
	require.Len(t, a.onServer(t), 2)
	require.Equal(t, j, admin.job(t, o.Job.ID), "what is over stays as it was")
	a.requireGaplessEvents(t)
	b.stop(t)
}

// paused is an error unless the process is stopped by a signal.
func (s *server) paused() error {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		return err
	}
	if state := strings.Fields(string(stat)[strings.LastIndexByte(string(stat), ')')+1:])[0]; state != "T" {
		return fmt.Errorf("the process is in state %s", state)
	}
	return nil
}

// cutOffNode starts a further node whose network to the panel's database can be cut.
func (in *installation) cutOffNode(t *testing.T, name string, l launch) (*server, *testkit.Relay) {
	t.Helper()
	direct, err := in.dsn("panel", "mpanel")
	require.NoError(t, err)
	cfg, err := pgx.ParseConfig(direct)
	require.NoError(t, err)
	dir, err := os.MkdirTemp(built.dir, "relay-")
	require.NoError(t, err)
	socket := fmt.Sprintf(".s.PGSQL.%d", cfg.Port)
	relay, _ := testkit.NewRelay(t, "unix", filepath.Join(dir, socket), filepath.Join(cfg.Host, socket))
	l.env = append(in.nodeEnv(t, name), l.env...)
	l.env = append(l.env, "MPANEL_DATABASE_URL="+strings.Replace(direct, cfg.Host, dir, 1))
	return in.start(t, l), relay
}

// TestTwoNodes_OneIsCutOff from the panel's database, without being told: the
// other finishes its jobs, and when the network is mended it works on.
func TestTwoNodes_OneIsCutOff(t *testing.T) {
	t.Parallel()
	a, admin := fresh(t, launch{env: []string{"MPANEL_NODE_ID=a"}})
	b, relay := a.cutOffNode(t, "b", launch{})
	customer := admin.createCustomer(t, "Cut off", -1, "")
	var orders []order
	for i := range 4 {
		orders = append(orders, admin.at(b).createDatabase(t, customer, fmt.Sprintf("cut_%d", i)))
	}
	relay.Cut()
	cut := time.Now()
	for _, o := range orders {
		j := admin.awaitSuccess(t, o.Job.ID)
		require.Less(t, j.FinishedAt.Sub(cut), 20*time.Second, "15 s for the leases to end, and the work")
	}
	relay.Mend()
	eventually(t, time.Minute, func() error { // its old connections are dead, and it has to find out
		a, err := admin.at(b).send(t.Context(), nil, createMutation, vars{"in": vars{"customerId": customer, "name": "after"}})
		if err == nil && len(a.Errors) > 0 {
			err = fmt.Errorf("%v", a.Errors)
		}
		return err
	})
	eventually(t, jobTime, func() error { return a.noJobsOf(t, customer) })
	require.Len(t, a.onServer(t), 5)
	a.requireGaplessEvents(t)
	b.stop(t)
}
