//go:build e2e

package e2e

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/testkit"
)

// TestStop_WithStreamsAndJobs stops in time although clients watch and jobs are
// at work; the clients are told, and go on after the next start.
func TestStop_WithStreamsAndJobs(t *testing.T) {
	t.Parallel()
	s, admin := fresh(t, launch{})
	customer := admin.createCustomer(t, "Stopped", -1, "")
	waiting := admin.deleteDatabase(t, admin.makeDatabase(t, customer, "waiting").Database.ID, 5)
	jobs := []string{waiting.Job.ID}
	for i := range 6 {
		jobs = append(jobs, admin.createDatabase(t, customer, fmt.Sprintf("running_%d", i)).Job.ID)
	}
	var watches []watch
	for _, id := range jobs {
		watches = append(watches, watch{Name: id, Job: id})
	}
	script := admin.watch(t, watches...)
	var seen []sighting
	for begun := map[string]bool{}; len(begun) < len(jobs); {
		line, ok := next[sighting](t, script)
		require.True(t, ok)
		seen = append(seen, line)
		if line.Item != nil {
			begun[line.Name] = true
		}
	}
	s.stop(t)
	told := 0
	for _, line := range all[sighting](t, script) {
		seen = append(seen, line)
		require.Empty(t, line.Errors)
		if line.Closed != nil {
			told++
		}
	}
	require.Positive(t, told, "connections that the server closed")

	s = s.start(t, launch{})
	admin = s.signIn(t, adminEmail)
	for i, w := range watches {
		if got := items(seen, w.Name); len(got) > 0 {
			watches[i].After = got[len(got)-1].Position
		}
	}
	rest := all[sighting](t, admin.watch(t, watches...))
	for _, id := range jobs {
		j := admin.job(t, id)
		require.Equal(t, "SUCCEEDED", j.State)
		requireWholeStream(t, j, items(append(seen, rest...), id))
	}
	s.stop(t)
}

// TestStop_WhileStarting stops at any moment of the first start, and leaves
// nothing that keeps the next one from working.
func TestStop_WhileStarting(t *testing.T) {
	t.Parallel()
	r, _ := testkit.Seeded(t)
	in := install(t)
	for range 6 {
		s, ready := in.begin(t, launch{})
		select {
		case <-ready:
		case <-time.After(time.Duration(r.IntN(1200)) * time.Millisecond):
		}
		family := descendants(s.cmd.Process.Pid)
		s.signal(syscall.SIGTERM)
		code := s.wait(t, stopTime)
		eventually(t, 2*time.Second, func() error { // a grandchild that was killed may take a moment to be gone
			if left := alive(family); len(left) > 0 {
				return fmt.Errorf("still there: %v", left)
			}
			return nil
		})
		if code == -1 && s.out.String() == "" && len(family) == 0 {
			continue // it had not even begun to listen to signals
		}
		require.Zero(t, code, "it was asked to stop, and did: %s", withoutLog(s.out.String()))
	}
	in.setUp(t, in.start(t, launch{}))
}

// TestKill_ThenRestart loses nothing and leaves nothing running.
func TestKill_ThenRestart(t *testing.T) {
	t.Parallel()
	s, admin := fresh(t, launch{})
	o := admin.makeDatabase(t, admin.createCustomer(t, "Killed", -1, ""), "kept")
	_, err := login(t, o.Credentials.in(t, "URI")).Exec(t.Context(), "CREATE TABLE kept AS SELECT 42 AS answer")
	require.NoError(t, err)
	family := descendants(s.cmd.Process.Pid)
	require.NotEmpty(t, family)

	s.signal(syscall.SIGKILL)
	<-s.exited
	s = s.start(t, launch{}) // at once, while the clusters may still be ending
	require.Empty(t, alive(family), "of the killed server")
	require.Equal(t, adminEmail, s.signIn(t, adminEmail).email(t))
	requireKept(t, s.signIn(t, adminEmail), o)

	// The clusters' own processes killed, too: nobody tidied up, and the pid
	// files name a process that lives and is not PostgreSQL's.
	s.signal(syscall.SIGSTOP) // so that it cannot start them again
	family = descendants(s.cmd.Process.Pid)
	for _, p := range family {
		_ = syscall.Kill(p.pid, syscall.SIGKILL) // a session may have ended meanwhile
	}
	s.signal(syscall.SIGKILL)
	<-s.exited
	for _, cluster := range []string{"panel", "tenants"} {
		stalePidFile(t, filepath.Join(s.data(), cluster, "data", "postmaster.pid"))
	}
	s = s.start(t, launch{})
	requireKept(t, s.signIn(t, adminEmail), o)
	s.stop(t)
}

func requireKept(t *testing.T, c *client, o order) {
	t.Helper()
	// Other tests' servers may have taken the port meanwhile.
	conn := login(t, o.Credentials.at(t, c.database(t, o.Database.ID).Port))
	var answer int
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT answer FROM kept").Scan(&answer))
	require.Equal(t, 42, answer)
}

// stalePidFile puts the pid of this test into a left-over pid file.
func stalePidFile(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err, "the killed postmaster left its file")
	_, rest, _ := strings.Cut(string(b), "\n")
	require.NoError(t, os.WriteFile(path, []byte(strconv.Itoa(os.Getpid())+"\n"+rest), 0o600))
}

// TestStart_Refused: each is one sentence that says what to do, and exit code 1.
func TestStart_Refused(t *testing.T) {
	t.Parallel()
	s, admin := fresh(t, launch{env: []string{"MPANEL_NODE_ID=first"}})
	var lc net.ListenConfig
	busy, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = busy.Close() }()
	other := install(t)

	for name, tc := range map[string]struct {
		in   *installation
		env  []string
		says []string
	}{
		"data dir in use":  {s.installation, nil, []string{"already in use by process " + strconv.Itoa(s.cmd.Process.Pid)}},
		"HTTP port in use": {other, []string{"MPANEL_LISTEN=" + busy.Addr().String()}, []string{busy.Addr().String(), "MPANEL_LISTEN"}},
		"node id in use":   {s.installation, s.nodeEnv(t, "first"), []string{`"first"`, "MPANEL_NODE_ID"}},
		"URL without key":  {other, []string{"MPANEL_DATABASE_URL=postgresql://127.0.0.1:1/x"}, []string{"MPANEL_SECRET_KEY", "openssl rand -hex 32"}},
		"key too short":    {other, []string{"MPANEL_SECRET_KEY=short"}, []string{"32"}},
	} {
		t.Run(name, func(t *testing.T) {
			code, said := tc.in.refused(t, tc.env...)
			require.Equal(t, 1, code)
			require.Equal(t, 1, strings.Count(said, "\n"), "one line, not %q", said)
			for _, words := range tc.says {
				require.Contains(t, said, words)
			}
			require.NotContains(t, said, "goroutine")
		})
	}
	require.NoDirExists(t, filepath.Join(other.data(), "panel"), "what is refused makes nothing")
	require.Equal(t, adminEmail, admin.email(t), "the first one serves on")
	s.stop(t)

	t.Run("another key for the data", func(t *testing.T) {
		code, said := s.refused(t, "MPANEL_SECRET_KEY="+strings.Repeat("another key ", 4))
		require.Equal(t, 1, code)
		require.Contains(t, said, "MPANEL_SECRET_KEY")
	})
	s.start(t, launch{env: []string{"MPANEL_NODE_ID=first"}}).stop(t) // the node id is free again
}

// TestStart_TenantsPortInUse takes another port, says so to the customers, and
// keeps it: they have written it down. It does not run beside other tests, whose
// servers could take the port.
func TestStart_TenantsPortInUse(t *testing.T) {
	busy := takePort(t, 5433)
	taken := strconv.Itoa(busy.Addr().(*net.TCPAddr).Port)
	s, admin := fresh(t, launch{})
	o := admin.makeDatabase(t, admin.createCustomer(t, "Elsewhere", -1, ""), "elsewhere")
	require.NotEqual(t, taken, strconv.Itoa(o.Credentials.Port))
	require.Equal(t, o.Credentials.Port, o.Database.Port)
	for _, s := range append(o.Credentials.ConnectionStrings, o.Database.ConnectionStrings...) {
		require.Contains(t, s.Value, strconv.Itoa(o.Credentials.Port), s.Format)
		require.NotContains(t, s.Value, taken, s.Format)
	}
	login(t, o.Credentials.in(t, "URI"))
	servers := data[struct {
		DatabaseServers struct {
			Nodes []struct {
				Port      int
				Reachable bool
			}
		}
	}](t, admin.do(t, `{ databaseServers { nodes { port reachable } } }`, nil)).DatabaseServers.Nodes
	require.Len(t, servers, 1)
	require.Equal(t, o.Credentials.Port, servers[0].Port)
	require.True(t, servers[0].Reachable)

	s.stop(t)
	require.NoError(t, busy.Close())
	s.start(t, launch{})
	login(t, o.Credentials.in(t, "URI"))
}

// takePort listens on the first port that is free, from preferred upwards: the
// one that a server would have taken.
func takePort(t *testing.T, preferred int) net.Listener {
	t.Helper()
	var lc net.ListenConfig
	for port := preferred; ; port++ {
		l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:"+strconv.Itoa(port))
		if err == nil {
			t.Cleanup(func() { _ = l.Close() })
			return l
		}
		require.ErrorIs(t, err, syscall.EADDRINUSE)
	}
}

// TestStart_OrdinaryUser runs everything as a user without rights.
func TestStart_OrdinaryUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("the other tests run as an ordinary user already")
	}
	const nobody, nogroup = 65534, 65534
	in := install(t)
	require.NoError(t, os.Mkdir(in.data(), 0o700))
	require.NoError(t, os.Chown(in.data(), nobody, nogroup))
	s := in.start(t, launch{as: &syscall.Credential{Uid: nobody, Gid: nogroup}})
	admin := in.setUp(t, s)
	o := admin.makeDatabase(t, admin.createCustomer(t, "Ordinary", -1, ""), "ordinary")
	login(t, o.Credentials.in(t, "URI"))
	for _, p := range descendants(s.cmd.Process.Pid) {
		info, err := os.Stat(fmt.Sprintf("/proc/%d", p.pid))
		require.NoError(t, err)
		require.EqualValues(t, nobody, info.Sys().(*syscall.Stat_t).Uid, p.name)
	}
	s.stop(t)
}
