package pgprov

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/dial"
	"github.com/mpanel/mpanel/internal/fault"
)

const (
	connectTimeout = 5 * time.Second
	pingTimeout    = 2 * time.Second // of a connection that was idle
	maxConns       = 20              // per server: one for each job of a node, and some for those that need two
	maxIdle        = time.Minute
	adminDatabase  = "postgres"
)

var errClosed = errors.New("the dialer is closed")

// A Dialer keeps one small pool of connections per address. It is safe for
// concurrent use.
type Dialer struct {
	log   *slog.Logger
	panel int64 // the panel's own cluster

	mu       sync.Mutex
	closed   bool
	servers  map[database.Address]*server
	retiring sync.WaitGroup
}

var _ database.Dialer = (*Dialer)(nil)

// NewDialer returns a Dialer without any connection. Close it when done. It
// connects to no server of the cluster panel, however that is addressed: the
// system identifier of the panel's own, 0 for none.
func NewDialer(panel int64, log *slog.Logger) *Dialer {
	return &Dialer{log: log, panel: panel, servers: make(map[database.Address]*server)}
}

// Server returns the server at a, the same one for the same address; it
// connects when it is first used. An address that makes no sense is an error of
// that first use. A pool that is not used any more, such as after another node
// was told of a new password, holds no connection after a minute.
func (d *Dialer) Server(a database.Address) database.Server {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s, ok := d.servers[a]; ok {
		return s
	}
	s := d.newServer(a)
	d.servers[a] = s
	return s
}

func (d *Dialer) newServer(a database.Address) *server {
	where := net.JoinHostPort(a.Host, strconv.Itoa(a.Port))
	s := &server{addr: a, where: where, panel: d.panel, log: d.log.With("server", where)}
	s.breaker.slow = s.unavailable(nil, noAnswer)
	if d.closed {
		s.closed = errClosed
	}
	return s
}

// Inspect looks at the server at a, which need not be one in use. Those who use
// it profit: they are let in at once when it is found to be back.
func (d *Dialer) Inspect(ctx context.Context, a database.Address) (database.Inspection, error) {
	d.mu.Lock()
	s := d.servers[a]
	if s == nil {
		s = d.newServer(a)
	}
	d.mu.Unlock()
	return s.inspect(ctx)
}

// Forget closes the connections to a as soon as they are given back. Whoever
// still uses that server is told that it is unavailable.
func (d *Dialer) Forget(a database.Address) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.servers[a]
	if s == nil || d.closed {
		return
	}
	delete(d.servers, a)
	d.retiring.Go(func() { s.close(s.unavailable(nil, "its address was changed")) })
}

// Close waits for what is under way and closes every connection. Servers cannot
// be used afterwards.
func (d *Dialer) Close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	for _, s := range d.servers {
		s.close(errClosed)
	}
	d.retiring.Wait()
}

// A server is one PostgreSQL server as its admin sees it.
type server struct {
	addr    database.Address
	where   string // host:port, for people
	panel   int64  // the cluster that this must not be
	log     *slog.Logger
	breaker breaker

	mu     sync.Mutex
	closed error         // nil until it is
	pool   *pgxpool.Pool // nil before the first use

	schemas schemas // what surveys saw inside databases
}

var _ database.Server = (*server)(nil)

func (s *server) close(why error) {
	s.mu.Lock()
	s.closed = why
	pool := s.pool
	s.mu.Unlock()
	if pool != nil {
		pool.Close()
	}
}

// admin returns the pool of connections to the admin's database.
func (s *server) admin() (*pgxpool.Pool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed != nil:
		return nil, s.closed
	case s.pool != nil:
		return s.pool, nil
	}
	cfg, err := s.config()
	if err != nil {
		return nil, err
	}
	s.pool, err = pgxpool.NewWithConfig(context.Background(), cfg)
	if err != nil {
		return nil, fmt.Errorf("make pool for %s: %w", s.where, err)
	}
	return s.pool, nil
}

// config spells every setting out, so that neither PGxxx variables nor a
// password file of the panel's own account leak into a customer's server.
func (s *server) config() (*pgxpool.Config, error) {
	if s.addr.Host == "" || s.addr.User == "" || strings.ContainsAny(s.addr.Host, ",\x00") {
		return nil, fmt.Errorf("address of server %s is incomplete", s.where)
	}
	var dsn strings.Builder
	for _, kv := range [][2]string{
		{"host", s.addr.Host},
		{"port", strconv.Itoa(s.addr.Port)},
		{"user", s.addr.User},
		{"dbname", adminDatabase},
		{"sslmode", sslMode(s.addr)},
		{"target_session_attrs", "any"},
		{"passfile", "/dev/null"},
	} {
		fmt.Fprintf(&dsn, "%s='%s' ", kv[0], strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(kv[1]))
	}
	cfg, err := pgxpool.ParseConfig(dsn.String())
	if err != nil {
		return nil, fmt.Errorf("address of server %s: %w", s.where, err) // holds no password yet
	}
	cfg.MaxConns, cfg.MinConns = maxConns, 0
	cfg.MaxConnIdleTime, cfg.HealthCheckPeriod = maxIdle, maxIdle/4
	cfg.PingTimeout = pingTimeout
	cfg.BeforeConnect = func(ctx context.Context, _ *pgx.ConnConfig) error { return s.breaker.enter(ctx) }

	c := cfg.ConnConfig
	c.Password = s.addr.Password.Reveal()
	c.ConnectTimeout = connectTimeout
	// The looks are few and take longer to plan than to run; what changes
	// something has no arguments and is never prepared.
	c.DefaultQueryExecMode = pgx.QueryExecModeCacheStatement
	c.DescriptionCacheCapacity = 0 // for a mode that nothing asks for
	c.RuntimeParams = map[string]string{
		"application_name": "mpanel",
		// A tenant may put functions into its schema public; nothing of it must
		// ever be called by the admin.
		"search_path": "pg_catalog",
		// What a panel that is cut off has locked must not stay locked for hours.
		"tcp_keepalives_idle": "5", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "2",
	}
	c.OnNotice = s.notice
	c.Tracer = outcomes{s}
	c.ValidateConnect = s.refusePanel
	// A statement on a machine that is gone must not wait for its own timeout.
	c.DialFunc = dial.Database
	return cfg, nil
}

// connect makes a connection of its own to a database; close it with hangUp.
func (s *server) connect(ctx context.Context, name string) (*pgx.Conn, error) {
	cfg, err := s.config()
	if err != nil {
		return nil, err
	}
	cfg.ConnConfig.Database = name
	conn, err := pgx.ConnectConfig(ctx, cfg.ConnConfig)
	return conn, s.wrap(err, "connect to database "+name)
}

func hangUp(ctx context.Context, conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = conn.Close(ctx) // everything that counts is committed
}

// refusePanel asks a server who it is before anything else is asked of it.
func (s *server) refusePanel(ctx context.Context, conn *pgconn.PgConn) error {
	if s.panel == 0 {
		return nil
	}
	results, err := conn.Exec(ctx, "SELECT system_identifier FROM pg_control_system()").ReadAll()
	if err != nil {
		return err
	}
	if string(results[0].Rows[0][0]) == strconv.FormatInt(s.panel, 10) {
		return s.unavailable(errPanel, "it is the panel's own")
	}
	return nil
}

// errPanel is in the tree of the error with which the panel's own cluster is refused.
var errPanel = errors.New("the panel's own cluster is never used for tenants")

// outcomes tells the breaker how each attempt to connect ended, also when
// whoever wanted the connection did not wait for it.
type outcomes struct{ *server }

func (outcomes) TraceConnectStart(ctx context.Context, _ pgx.TraceConnectStartData) context.Context {
	return ctx
}

func (o outcomes) TraceConnectEnd(ctx context.Context, data pgx.TraceConnectEndData) {
	err := o.wrap(data.Err, "connect")
	// A server without a free slot answers, and so does one that has no such database.
	answered := err != nil && (fault.CodeOf(err) != fault.Unavailable || codeOf(err) == tooManyConnections)
	switch news := o.breaker.leave(err, answered || ctx.Err() != nil); {
	case news && err == nil:
		o.log.InfoContext(ctx, "database server lets the panel in again")
	case news:
		o.log.WarnContext(ctx, "database server lets nobody in", "error", err)
	}
}

func (outcomes) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}

func (outcomes) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func sslMode(a database.Address) string {
	if a.SSLMode == "" {
		return "prefer"
	}
	return a.SSLMode
}

// notice logs the two warnings with which PostgreSQL says that a GRANT or a
// REVOKE did less than it was asked for.
func (s *server) notice(_ *pgconn.PgConn, n *pgconn.Notice) {
	const notGranted, notRevoked = "01007", "01006"
	if n.Code == notGranted || n.Code == notRevoked {
		s.log.Warn("database server did not change all privileges", "sqlstate", n.Code)
	}
}

// Version is the server's version, such as "15.18".
func (s *server) Version(ctx context.Context) (string, error) {
	var v string
	if err := s.queryRow(ctx, "ask for the version", "SHOW server_version", nil, &v); err != nil {
		return "", err
	}
	v, _, _ = strings.Cut(v, " ") // "15.18 (Debian 15.18-0+deb12u1)"
	return v, nil
}
