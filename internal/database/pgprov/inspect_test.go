package pgprov

import (
	"context"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/database"
)

// inspect asks as one role of a cluster.
func inspect(t *testing.T, host string, port int, user string) database.Inspection {
	t.Helper()
	d := NewDialer(0, slog.New(slog.DiscardHandler))
	t.Cleanup(d.Close)
	in, err := d.Inspect(t.Context(), database.Address{Host: host, Port: port, User: user, Password: adminPassword})
	require.NoError(t, err)
	return in
}

func available(in database.Inspection) (list []string) {
	for _, c := range in.Capabilities {
		if c.Available {
			list = append(list, c.Name)
		}
	}
	return list
}

// Each problem comes with what helps; done, the problem is gone. So the advice is
// run, as it stands.
func TestServer_InspectAdviceHelps(t *testing.T) {
	c := startOther(t)
	conn, err := pgx.Connect(t.Context(), c.ConnString(adminDatabase).Reveal())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	run := func(sql string) {
		t.Helper()
		for stmt := range strings.SplitSeq(sql, ";") {
			if stmt = strings.TrimSpace(stmt); stmt != "" {
				_, err := conn.Exec(t.Context(), stmt)
				require.NoError(t, err, stmt)
			}
		}
	}
	run(`CREATE ROLE "it's me" LOGIN PASSWORD ` + literal(adminPassword.Reveal()))
	in := inspect(t, c.Host(), c.Port(), "it's me")
	require.True(t, in.Reachable)
	require.True(t, in.Blocked, "it may make nothing")
	require.Equal(t, c.Version(), in.Version)
	require.NotZero(t, in.Cluster)
	require.Empty(t, available(in))
	require.Len(t, in.Problems, 6, "%q", in.Problems)
	require.Equal(t, in, inspect(t, c.Host(), c.Port(), "it's me"), "looking changes nothing")
	ran := 0
	for _, problem := range in.Problems {
		about, advice, ok := strings.Cut(problem, " Run as a superuser: ")
		require.NotEmpty(t, about)
		if ok && !strings.Contains(advice, "and restart") {
			run(advice)
			ran++
		}
	}
	require.Equal(t, 5, ran)
	in = inspect(t, c.Host(), c.Port(), "it's me")
	require.False(t, in.Blocked)
	require.Equal(t, []string{"create_databases", "temp_file_limit", "read_statistics", "end_sessions", "isolated_from_public"}, available(in))
	require.Len(t, in.Problems, 2, "%q", in.Problems)
	require.Regexp(t, `^Before PostgreSQL 16 a role with CREATEROLE`, in.Problems[0])
	require.Regexp(t, `^Only \d+ of 22 connections are free; .*ALTER SYSTEM SET max_connections = 44; and restart`, in.Problems[1])
	for _, capability := range in.Capabilities {
		require.Equal(t, capability.Available, capability.Hint == nil, capability.Name)
	}

	run("ALTER SYSTEM SET default_transaction_read_only = on; SELECT pg_reload_conf()")
	require.Eventually(t, func() bool { // a session of before that still ends would be a problem, too
		in = inspect(t, c.Host(), c.Port(), rootUser)
		return in.Blocked && len(in.Problems) == 1
	}, 10*time.Second, 50*time.Millisecond)
	require.Contains(t, in.Problems[0], "default_transaction_read_only is on")
	_, advice, _ := strings.Cut(in.Problems[0], " Run as a superuser: ")
	run(advice)
	require.Eventually(t, func() bool { return !inspect(t, c.Host(), c.Port(), rootUser).Blocked }, 10*time.Second, 50*time.Millisecond)

	run(`REVOKE CONNECT ON DATABASE postgres FROM "it's me"`)
	in = inspect(t, c.Host(), c.Port(), "it's me")
	require.False(t, in.Reachable)
	require.Len(t, in.Problems, 1)
	_, advice, _ = strings.Cut(in.Problems[0], " Run as a superuser: ")
	run(advice)
	require.True(t, inspect(t, c.Host(), c.Port(), "it's me").Reachable)
}

func TestServer_InspectAdmins(t *testing.T) {
	root, plain := inspect(t, cluster.Host(), cluster.Port(), rootUser), inspect(t, cluster.Host(), cluster.Port(), plainUser)
	require.Equal(t, []string{"create_databases", "temp_file_limit", "read_statistics", "end_sessions", "isolated_from_public", "read_verifiers"}, available(root))
	require.Equal(t, []string{"create_databases", "temp_file_limit", "read_statistics", "end_sessions", "isolated_from_public"}, available(plain))
	for _, in := range []database.Inspection{root, plain} {
		require.False(t, in.Blocked)
		require.Equal(t, root.Cluster, in.Cluster)
	}
}

func TestDialer_RefusesThePanelsOwnCluster(t *testing.T) {
	identifier, err := strconv.ParseInt(ask(t, adminDatabase, "SELECT system_identifier::text FROM pg_control_system()"), 10, 64)
	require.NoError(t, err)
	d := NewDialer(identifier, slog.New(slog.DiscardHandler))
	t.Cleanup(d.Close)
	for name, host := range map[string]string{"address": cluster.Host(), "name": "localhost", "socket": cluster.SocketDir()} {
		for _, user := range []string{rootUser, plainUser} {
			t.Run(name+" as "+user, func(t *testing.T) {
				a := address(user)
				a.Host = host
				w := &world{server: d.Server(a).(*server)}
				x := goodWish(t)
				for _, c := range w.calls(x) {
					err := c.do(t.Context())
					require.ErrorIs(t, err, errPanel)
					if host[0] != '/' {
						requireUnavailable(t, err, "it is the panel's own")
					}
				}
				require.ErrorIs(t, w.inside(t.Context(), adminDatabase, func(*pgx.Conn) error { return nil }), errPanel)
				in, err := w.inspect(t.Context())
				require.NoError(t, err)
				require.True(t, in.Panel)
				require.True(t, in.Blocked)
				require.Len(t, in.Problems, 1)
			})
		}
	}
	other := startOther(t)
	_, err = d.Server(database.Address{Host: other.Host(), Port: other.Port(), User: rootUser, Password: adminPassword}).Version(t.Context())
	require.NoError(t, err)
}
