//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

// TestOutage_TenantsServerAway: orders are taken at once, their jobs wait and
// say so, and go on when the server is back.
func TestOutage_TenantsServerAway(t *testing.T) {
	t.Parallel()
	s, admin := fresh(t, launch{})
	customer := admin.createCustomer(t, "Waiting", -1, "")
	before := admin.makeDatabase(t, customer, "before")

	db := s.panelDB(t)
	var port int
	require.NoError(t, db.QueryRow(t.Context(), "SELECT port FROM database_servers").Scan(&port))
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	closedPort := l.Addr().(*net.TCPAddr).Port
	require.NoError(t, l.Close())
	_, err = db.Exec(t.Context(), "UPDATE database_servers SET port = $1", closedPort)
	require.NoError(t, err)

	ordered := time.Now()
	create := admin.createDatabase(t, customer, "during")
	del := admin.deleteDatabase(t, before.Database.ID, 0)
	require.Less(t, time.Since(ordered), 5*time.Second, "an order does not wait for the server")
	for _, id := range []string{create.Job.ID, del.Job.ID} {
		eventually(t, 10*time.Second, func() error {
			if j := admin.job(t, id); j.WaitingFor == nil {
				return fmt.Errorf("the job does not wait: %s %v", j.State, j.Events)
			}
			return nil
		})
		j := admin.job(t, id)
		if j.WaitingFor == nil {
			j = admin.job(t, id) // it was trying again at that moment
		}
		require.Equal(t, "RUNNING", j.State)
		require.Nil(t, j.Error)
		require.NotNil(t, j.NextAttemptAt)
		require.Regexp(t, `^[A-Z].*\.$`, *j.WaitingFor, "a sentence")
		require.Contains(t, *j.WaitingFor, fmt.Sprint(closedPort), "which server")
		t.Logf("%s waits for: %s", j.Kind, *j.WaitingFor)
	}

	_, err = db.Exec(t.Context(), "UPDATE database_servers SET port = $1", port)
	require.NoError(t, err)
	back := time.Now()
	for _, id := range []string{create.Job.ID, del.Job.ID} {
		j := admin.awaitSuccess(t, id)
		require.Less(t, j.FinishedAt.Sub(back), 20*time.Second)
	}
	require.Len(t, s.onServer(t), 1)
}

// TestOutage_PanelsPostgresRestarted ends the panel's own PostgreSQL without a
// chance to write anything; the panel comes back with it.
func TestOutage_PanelsPostgresRestarted(t *testing.T) {
	t.Parallel()
	s, admin := fresh(t, launch{env: []string{"MPANEL_NODE_ID=only"}})
	customer := admin.createCustomer(t, "Restarted", -1, "")
	grace := admin.deleteDatabase(t, admin.makeDatabase(t, customer, "grace").Database.ID, 4)
	jobs := []string{grace.Job.ID}
	watching := admin.watch(t, watch{Name: "grace", Job: grace.Job.ID})
	seen := []sighting{first(t, watching)}
	for i := range 5 {
		jobs = append(jobs, admin.createDatabase(t, customer, fmt.Sprintf("restart_%d", i)).Job.ID)
	}
	was := processes()[s.postmaster(t, "panel")]
	require.NoError(t, syscall.Kill(was.pid, syscall.SIGQUIT))
	gone := time.Now()
	eventually(t, 30*time.Second, func() error {
		res, err := http.Get(s.url + "/livez")
		if err != nil {
			return err
		}
		_ = res.Body.Close()
		require.Equal(t, http.StatusOK, res.StatusCode, "the process lives, whatever its database does")
		if res, err = http.Get(s.url + "/readyz"); err != nil {
			return err
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusOK || alive([]process{was}) != nil {
			return fmt.Errorf("status %d", res.StatusCode)
		}
		return nil
	})
	t.Logf("ready again after %v", time.Since(gone).Round(time.Millisecond))
	require.NotEqual(t, was.pid, s.postmaster(t, "panel"))
	for _, id := range jobs {
		admin.awaitSuccess(t, id)
	}
	requireWholeStream(t, admin.job(t, grace.Job.ID), items(append(seen, all[sighting](t, watching)...), "grace"))
	s.requireGaplessEvents(t)
	require.Len(t, s.onServer(t), 5)

	code, said := s.refused(t, s.nodeEnv(t, "only")...)
	require.Equal(t, 1, code)
	require.Contains(t, said, "MPANEL_NODE_ID", "the node id is held again after the restart")
	s.stop(t)
}

// first waits for a watch's first event.
func first(t *testing.T, script *script) sighting {
	t.Helper()
	for {
		s, ok := next[sighting](t, script)
		require.True(t, ok)
		if s.Item != nil {
			return s
		}
	}
}

// TestOutage_TenantsServerRestarted does the same to the tenants' server.
func TestOutage_TenantsServerRestarted(t *testing.T) {
	t.Parallel()
	s, admin := fresh(t, launch{})
	customer := admin.createCustomer(t, "Restarted", -1, "")
	var jobs []string
	for i := range 5 {
		jobs = append(jobs, admin.createDatabase(t, customer, fmt.Sprintf("restart_%d", i)).Job.ID)
	}
	require.NoError(t, syscall.Kill(s.postmaster(t, "tenants"), syscall.SIGQUIT))
	for _, id := range jobs {
		admin.awaitSuccess(t, id)
	}
	found := s.onServer(t)
	require.Len(t, found, 5)
	for name, what := range found {
		require.Len(t, what, 2, name)
	}
	s.requireGaplessEvents(t)
}

// TestOutage_TenantsTakeEverySlot: the panel's reserve lets it work on.
func TestOutage_TenantsTakeEverySlot(t *testing.T) {
	t.Parallel()
	s, admin := fresh(t, launch{})
	customer := admin.createCustomer(t, "Greedy", -1, "")
	idle := admin.makeDatabase(t, customer, "idle")
	held := login(t, idle.Credentials.in(t, "URI"))
	for _, sql := range []string{"CREATE TABLE t (a int)", "BEGIN", "LOCK TABLE t"} {
		_, err := held.Exec(t.Context(), sql)
		require.NoError(t, err, sql)
	}

	takeEverySlot(t, s)
	for i := range 3 {
		admin.makeDatabase(t, customer, fmt.Sprintf("full_%d", i))
	}
	var jobs []string
	for i := range 8 {
		jobs = append(jobs, admin.createDatabase(t, customer, fmt.Sprintf("crowd_%d", i)).Job.ID)
	}
	for _, id := range jobs {
		admin.awaitSuccess(t, id)
	}
	gone := admin.deleteDatabase(t, idle.Database.ID, 0)
	admin.awaitSuccess(t, gone.Job.ID)
	_, err := held.Exec(t.Context(), "COMMIT")
	require.Error(t, err)
}

// takeEverySlot opens connections as an ordinary role until the server has no more.
func takeEverySlot(t *testing.T, s *server) {
	t.Helper()
	super := s.tenantsDB(t)
	for _, sql := range []string{"CREATE ROLE greedy LOGIN PASSWORD 'greedy'", "CREATE DATABASE greedy OWNER greedy"} {
		_, err := super.Exec(t.Context(), sql)
		require.NoError(t, err, sql)
	}
	config := super.Config().Copy()
	config.User, config.Password, config.Database = "greedy", "greedy", "greedy"
	const tooManyConnections = "53300"
	for n := 0; ; n++ {
		require.Less(t, n, 400)
		conn, err := pgx.ConnectConfig(t.Context(), config)
		if pgErr := new(pgconn.PgError); errors.As(err, &pgErr) && pgErr.Code == tooManyConnections {
			t.Logf("every slot is taken after %d connections", n)
			return
		}
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close(t.Context()) })
	}
}
