package pgprov

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/devstack"
	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/secret"
)

const (
	maxConnections = 40 // of the test cluster; 3 of them are for superusers
	rootUser       = "postgres"
	plainUser      = "panel"
)

var (
	cluster       *devstack.Cluster
	adminPassword = secret.NewPassword(24)
	serverLog     = new(buffer) // everything that PostgreSQL logs, statements included
)

func TestMain(m *testing.M) {
	code, err := runOnCluster(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "test cluster:", err)
		code = 1
	}
	os.Exit(code)
}

func runOnCluster(m *testing.M) (code int, err error) {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "pgprov")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := os.Chmod(dir, 0o711); err != nil { // PostgreSQL has another user when this is root
		return 0, err
	}
	cluster, err = devstack.Start(ctx, devstack.Config{
		Name: "pgprov", Dir: filepath.Join(dir, "pg"), Listen: "127.0.0.1",
		Superuser: rootUser, Password: adminPassword,
		Settings: map[string]string{"max_connections": fmt.Sprint(maxConnections), "log_statement": "all"},
		Log:      slog.New(slog.NewTextHandler(serverLog, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, cluster.Stop(ctx)) }()
	if err := bootstrap(ctx); err != nil {
		return 0, err
	}
	return m.Run(), nil
}

// startOther starts a second cluster, for a test that stops it or changes its settings.
func startOther(t *testing.T) *devstack.Cluster {
	t.Helper()
	dir, err := os.MkdirTemp("", "pgprov") // t.TempDir is closed to the user that PostgreSQL has when this is root
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o711))
	c, err := devstack.Start(t.Context(), devstack.Config{
		Name: "other", Dir: filepath.Join(dir, "pg"), Listen: "127.0.0.1", Superuser: rootUser, Password: adminPassword,
		Settings: map[string]string{"max_connections": "22"}, Log: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, c.Stop(context.Background()))
		require.NoError(t, os.RemoveAll(dir))
	})
	return c
}

// bootstrap does what an operator does once, as package comment says.
func bootstrap(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, cluster.ConnString(adminDatabase).Reveal())
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, sql := range []string{
		"CREATE ROLE panel LOGIN CREATEDB CREATEROLE PASSWORD " + literal(adminPassword.Reveal()),
		"GRANT pg_read_all_stats, pg_signal_backend TO panel",
		"GRANT SET ON PARAMETER temp_file_limit TO panel",
		"REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC",
		"GRANT CONNECT ON DATABASE postgres TO panel",
	} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// A world is the cluster as one kind of admin sees it.
type world struct {
	*server
	dialer *Dialer
	log    *buffer
	plain  bool // the admin is not a superuser
}

func newWorld(t *testing.T, user string) *world {
	t.Helper()
	log := new(buffer)
	d := NewDialer(0, slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	t.Cleanup(d.Close)
	return &world{d.Server(address(user)).(*server), d, log, user == plainUser}
}

func address(user string) database.Address {
	return database.Address{Host: cluster.Host(), Port: cluster.Port(), User: user, Password: adminPassword}
}

// eachAdmin runs a test once as superuser and once as the plain role.
func eachAdmin(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	for name, user := range map[string]string{"superuser": rootUser, "plain role": plainUser} {
		t.Run(name, func(t *testing.T) { test(t, newWorld(t, user)) })
	}
}

// A wish is one database with its role, and what its customer knows.
type wish struct {
	login    database.Login
	space    database.Space
	password secret.Text
}

var wishes atomic.Int64

// newWish returns a wish that no other test has, and removes it in the end.
func (w *world) newWish(t *testing.T) wish {
	t.Helper()
	n := wishes.Add(1)
	name, mark := fmt.Sprintf("c%d_shop", n), fmt.Sprintf(`mpanel:it's "\ours:%d`, n)
	password := secret.NewPassword(24)
	verifier, err := database.ScramVerifier(password)
	require.NoError(t, err)
	x := wish{
		login:    database.Login{Name: name, Mark: mark, Verifier: verifier, ConnectionLimit: 3, TempFileLimitKiB: 1024},
		space:    database.Space{Name: name, WorkName: fmt.Sprintf("mp_%032x", n), Mark: mark, Login: name, ConnectionLimit: 3},
		password: password,
	}
	t.Cleanup(func() {
		ctx := context.Background()
		require.NoError(t, w.DropSpace(ctx, x.space))
		require.NoError(t, w.DropLogin(ctx, x.login))
	})
	return x
}

// steps are the create path in its order.
func (w *world) steps(x wish) []func(context.Context) error {
	return []func(context.Context) error{
		func(ctx context.Context) error { return w.EnsureLogin(ctx, x.login) },
		func(ctx context.Context) error { return w.EnsureSpace(ctx, x.space) },
		func(ctx context.Context) error { return w.OpenSpace(ctx, x.space) },
		func(ctx context.Context) error { return w.PublishSpace(ctx, x.space) },
	}
}

func (w *world) create(t *testing.T, x wish) {
	t.Helper()
	for i, step := range w.steps(x) {
		require.NoError(t, step(t.Context()), "step %d", i)
	}
}

// states are what the four things look like, in the order of steps.
func (w *world) states(t *testing.T, x wish) []engine.State {
	t.Helper()
	var states []engine.State
	for _, o := range w.observe(t, x) {
		states = append(states, o.State)
	}
	return states
}

func (w *world) observe(t *testing.T, x wish) []engine.Observed {
	t.Helper()
	ctx := t.Context()
	login, err := w.ObserveLogin(ctx, x.login)
	require.NoError(t, err)
	all := []engine.Observed{login}
	for _, look := range []func(context.Context, database.Space) (engine.Observed, error){
		w.ObserveSpace, w.ObserveOpen, w.ObservePublished,
	} {
		o, err := look(ctx, x.space)
		require.NoError(t, err)
		all = append(all, o)
	}
	return all
}

var (
	allAbsent  = []engine.State{engine.Absent, engine.Absent, engine.Absent, engine.Absent}
	allMatch   = []engine.State{engine.Matches, engine.Matches, engine.Matches, engine.Matches}
	allForeign = []engine.State{engine.Foreign, engine.Foreign, engine.Foreign, engine.Foreign}
)

// connect connects over TCP, as a customer does.
func connect(t *testing.T, user string, password secret.Text, dbname string) (*pgx.Conn, error) {
	t.Helper()
	cfg, err := pgx.ParseConfig("sslmode=disable")
	require.NoError(t, err)
	cfg.Host, cfg.Port, cfg.Database = cluster.Host(), uint16(cluster.Port()), dbname
	cfg.User, cfg.Password = user, password.Reveal()
	conn, err := pgx.ConnectConfig(t.Context(), cfg)
	if err == nil {
		t.Cleanup(func() { _ = conn.Close(context.Background()) })
	}
	return conn, err
}

// enter connects as the wish's customer, and must be let in.
func (x wish) enter(t *testing.T, dbname string) *pgx.Conn {
	t.Helper()
	conn, err := connect(t, x.login.Name, x.password, dbname)
	require.NoError(t, err)
	return conn
}

// refused tries to connect as the wish's customer and returns the SQLSTATE.
func (x wish) refused(t *testing.T, dbname string) string {
	t.Helper()
	_, err := connect(t, x.login.Name, x.password, dbname)
	require.Error(t, err)
	return stateOf(err)
}

func stateOf(err error) string {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code
	}
	return ""
}

// sql runs statements as the bootstrap superuser.
func sql(t *testing.T, dbname string, stmts ...string) {
	t.Helper()
	conn, err := connect(t, rootUser, adminPassword, dbname)
	require.NoError(t, err)
	for _, s := range stmts {
		_, err := conn.Exec(t.Context(), s)
		require.NoError(t, err, s)
	}
	require.NoError(t, conn.Close(t.Context()))
}

// ask returns the one text of a query of the bootstrap superuser.
func ask(t *testing.T, dbname, query string, args ...any) string {
	t.Helper()
	conn, err := connect(t, rootUser, adminPassword, dbname)
	require.NoError(t, err)
	var v string
	require.NoError(t, conn.QueryRow(t.Context(), query, args...).Scan(&v), query)
	require.NoError(t, conn.Close(t.Context()))
	return v
}

// dead waits until the server has ended the session behind conn.
func dead(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	_, err := conn.Exec(ctx, "SELECT 1")
	require.Error(t, err)
	require.NoError(t, ctx.Err(), "the session must have been ended")
}

// A buffer may be written to and read at the same time.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// fill puts the wish's names into a statement.
func (x wish) fill(stmt string) string {
	return strings.NewReplacer("%r", ident(x.login.Name), "%d", ident(x.space.Name)).Replace(stmt)
}
