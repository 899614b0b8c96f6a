package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/config"
	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/devstack"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/testkit"
	"github.com/mpanel/mpanel/models"
)

// from logs in from one of this machine's addresses.
func from(ctx context.Context, c *devstack.Cluster, ip, db, user, password string) error {
	cfg, err := pgx.ParseConfig(fmt.Sprintf("host=127.0.0.1 port=%d user=%s dbname=%s password=%s sslmode=disable", c.Port(), user, db, password))
	if err != nil {
		return err
	}
	cfg.DialFunc = (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(ip)}}).DialContext
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

// requireNotLetIn wants the refusal of pg_hba.conf, not one of the password's.
func requireNotLetIn(t *testing.T, err error, msg string) {
	t.Helper()
	pg, ok := errors.AsType[*pgconn.PgError](err)
	require.True(t, ok && pg.Code == "28000", "%s: %v", msg, err)
}

func TestDatabaseAccess_ListedNetworksGetInAndNoOthers(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	ctx := b.by(t)
	require.NoError(t, b.access.start(ctx))
	c := b.access.cluster
	execOn(t, c, "REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC")
	require.NoError(t, b.panel.databases.RegisterEmbedded(ctx, database.Address{
		Host: c.Host(), Port: c.Port(), User: testkit.Superuser, Password: testkit.Password(), SSLMode: "disable",
	}))
	caps := b.server(t, *b.embedded(t)).Capabilities
	require.Equal(t, &models.Capability{Name: "remote_access", Available: true}, caps[len(caps)-1])
	customer := b.customer(t, nil, 9)
	make1 := func(name string) scene {
		out, err := b.create(ctx, b.staff, customer, name)
		require.NoError(t, err)
		require.Equal(t, models.JobSucceeded, b.finished(t, out.Job.ID).State)
		return scene{database: out.Database, password: out.Credentials.Secret}
	}
	s, other := make1(b.name), make1(b.name+"y")
	enter := func(s scene, ip string) error {
		return from(t.Context(), c, ip, s.database.ExtName, s.database.Username, s.password.Reveal())
	}
	allow := func(everywhere bool, cidrs ...string) {
		out, err := b.panel.databases.SetAccess(ctx, database.SetAccessInput{ID: s.database.ID, Cidrs: cidrs, AllowEverywhere: everywhere})
		require.NoError(t, err)
		require.Equal(t, models.JobSucceeded, b.finished(t, out.Job.ID).State)
	}
	require.NoError(t, enter(s, "127.0.0.1"))
	requireNotLetIn(t, enter(s, "127.0.0.2"), "by default this machine alone")

	allow(false, "127.0.0.2/32", "2001:db8::/32")
	require.NoError(t, enter(s, "127.0.0.2"))
	require.NoError(t, enter(s, "127.0.0.1"))
	requireNotLetIn(t, enter(s, "127.0.0.3"), "not on the list")
	requireNotLetIn(t, enter(other, "127.0.0.2"), "another database has its own list")
	err := from(ctx, c, "127.0.0.2", s.database.ExtName, other.database.Username, other.password.Reveal())
	pg, _ := errors.AsType[*pgconn.PgError](err)
	require.Equal(t, "42501", pg.Code, "another's login gets no further than before")
	err = from(ctx, c, "127.0.0.2", s.database.ExtName, testkit.Superuser, testkit.Password().Reveal())
	require.NoError(t, err, "the superuser of this test's cluster has another name than the panel's")
	require.Error(t, from(ctx, c, "127.0.0.2", s.database.ExtName, superuser, "x"))

	// It holds after the cluster went down hard and came back, and after its files were touched.
	require.NoError(t, c.Restart(ctx, true))
	require.NoError(t, enter(s, "127.0.0.2"))
	requireNotLetIn(t, enter(s, "127.0.0.3"), "after a restart")
	require.NoError(t, b.access.list.Allow(ctx, nil))
	requireNotLetIn(t, enter(s, "127.0.0.2"), "somebody took it out")
	require.NoError(t, b.panel.databases.SyncAccess(ctx))
	require.NoError(t, enter(s, "127.0.0.2"), "and it is back")

	allow(false, "127.0.0.0/30")
	require.NoError(t, enter(s, "127.0.0.3"))
	requireNotLetIn(t, enter(s, "127.0.0.4"), "one past the network")
	allow(true, "0.0.0.0/0")
	require.NoError(t, enter(s, "127.9.9.9"))
	requireNotLetIn(t, from(ctx, c, "127.9.9.9", s.database.ExtName, superuser, "x"), "the panel's superuser from nowhere else")
	requireNotLetIn(t, from(ctx, c, "127.9.9.9", "postgres", s.database.Username, s.password.Reveal()), "that database alone")
	allow(false)
	requireNotLetIn(t, enter(s, "127.0.0.2"), "nobody is on the list")

	// What is gone is on no list.
	allow(false, "127.0.0.2/32")
	gone, err := b.panel.databases.Delete(ctx, database.DeleteInput{ID: s.database.ID, GraceSeconds: new(0)})
	require.NoError(t, err)
	b.serving(t) // the restart has broken a connection, which a job notices and waits for a moment
	require.Equal(t, models.JobSucceeded, b.awaited(t, gone.Job.ID).State)
	require.NoError(t, b.panel.databases.SyncAccess(ctx))
	have, err := b.access.Allowed(ctx)
	require.NoError(t, err)
	require.Empty(t, have)
}

func TestDatabaseAccess_Refused(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	ctx := b.by(t)
	s := b.tenant(t, b.customer(t, nil, 9), b.name)
	many := make([]string, database.MaxNetworks+1)
	for i := range many {
		many[i] = fmt.Sprintf("192.0.2.%d/32", i)
	}
	for name, tc := range map[string]struct {
		cidrs      []string
		everywhere bool
		code       fault.Code
	}{
		"no network":           {[]string{"192.0.2.1"}, false, fault.Invalid},
		"bits beyond":          {[]string{"192.0.2.1/24"}, false, fault.Invalid},
		"not as it is written": {[]string{"2001:DB8::/32"}, false, fault.Invalid},
		"IPv4 in IPv6":         {[]string{"::ffff:192.0.2.0/120"}, false, fault.Invalid},
		"a zone":               {[]string{"fe80::1%eth0/128"}, false, fault.Invalid},
		"a name":               {[]string{"all"}, false, fault.Invalid},
		"a line":               {[]string{"192.0.2.0/24 trust\nhost all all all trust"}, false, fault.Invalid},
		"everybody unsaid":     {[]string{"0.0.0.0/0"}, false, fault.Invalid},
		"everybody of IPv6":    {[]string{"::/0"}, false, fault.Invalid},
		"twice":                {[]string{"192.0.2.0/24", "192.0.2.0/24"}, false, fault.Invalid},
		"empty":                {[]string{""}, false, fault.Invalid},
		"one too many":         {many, false, fault.Invalid},
	} {
		_, err := b.panel.databases.SetAccess(ctx, database.SetAccessInput{ID: s.database.ID, Cidrs: tc.cidrs, AllowEverywhere: tc.everywhere})
		require.Equal(t, tc.code, fault.CodeOf(err), "%s: %v", name, err)
	}
	// A server whose pg_hba.conf is somebody else's, and a node that does not run the cluster.
	_, err := b.oracle.ExecContext(ctx, "UPDATE database_servers SET embedded = false")
	require.NoError(t, err)
	_, err = b.panel.databases.SetAccess(ctx, database.SetAccessInput{ID: s.database.ID, Cidrs: many[:50]})
	require.Equal(t, fault.Conflict, fault.CodeOf(err))
	require.ErrorContains(t, err, "pg_hba.conf")
	_, err = b.oracle.ExecContext(ctx, "UPDATE database_servers SET embedded = true")
	require.NoError(t, err)
	elsewhere, err := newPanel(ctx, &stores{db: b.panel.stores.db, box: b.panel.stores.box}, config.Options{}, fast("elsewhere", nil), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(elsewhere.close)
	_, err = elsewhere.databases.SetAccess(ctx, database.SetAccessInput{ID: s.database.ID, Cidrs: many[:50]})
	require.Equal(t, fault.Conflict, fault.CodeOf(err))
	require.NoError(t, elsewhere.databases.SyncAccess(ctx), "nothing to do there")
	require.NoError(t, elsewhere.databases.CheckServers(ctx))
	caps := b.server(t, *b.embedded(t)).Capabilities
	require.False(t, caps[len(caps)-1].Available)
	require.Contains(t, *caps[len(caps)-1].Hint, "MPANEL_TENANTS_LISTEN")
}

func TestTenantsHBA_WhoComesFromWhere(t *testing.T) {
	t.Parallel()
	for listen, tc := range map[string]struct {
		own    string
		remote bool
	}{
		"127.0.0.1":   {"", false},
		"::1":         {"", false},
		"0.0.0.0":     {"", true},
		"203.0.113.5": {`host all "mpanel" 203.0.113.5/32 scram-sha-256`, true},
		"2001:db8::5": {`host all "mpanel" 2001:db8::5/128 scram-sha-256`, true},
		"nonsense":    {"", false},
	} {
		lines := tenantsHBA(listen)
		require.Equal(t, tc.remote, listensRemotely(listen), listen)
		require.Equal(t, `host all "mpanel" all reject`, lines[len(lines)-1])
		if tc.own != "" {
			require.Equal(t, tc.own, lines[len(lines)-2], "before the refusal")
		} else {
			require.Len(t, lines, 4)
		}
	}
}

// The option reaches the cluster: it listens there, and its superuser comes from
// this machine alone.
func TestEmbedded_ListensWhereItIsTold(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "mpanel-test-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	require.NoError(t, os.Chmod(dir, 0o755)) // #nosec G302 -- the clusters' own user enters it
	s, err := openStores(t.Context(), config.Options{DataDir: dir, TenantsListen: "0.0.0.0"}, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.close(context.WithoutCancel(t.Context()))) })
	c, password := s.embedded.tenants, s.embedded.tenantPassword.Reveal()
	require.NotNil(t, s.access)
	require.Equal(t, "127.0.0.1", s.embedded.tenantsAddress().Host)
	require.NoError(t, from(t.Context(), c, "127.0.0.1", "postgres", superuser, password))
	requireNotLetIn(t, from(t.Context(), c, "127.0.0.2", "postgres", superuser, password), "the right password from elsewhere")
	networks := map[string][]netip.Prefix{"c1_shop": {netip.MustParsePrefix("127.0.0.2/32")}}
	require.NoError(t, s.access.Allow(t.Context(), networks))
	have, err := s.access.Allowed(t.Context())
	require.NoError(t, err)
	require.Equal(t, networks, have)
	require.Error(t, s.access.Allow(t.Context(), map[string][]netip.Prefix{"all": networks["c1_shop"]}), "a word that means something there")
	requireNotLetIn(t, from(t.Context(), c, "127.0.0.2", "c1_shop", superuser, password), "into no database")
}
