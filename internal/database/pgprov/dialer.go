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
)

const (
	connectTimeout = 5 * time.Second
	maxConns       = 20 // per server: one for each job of a node, and some for those that need two
	maxIdle        = time.Minute
	adminDatabase  = "postgres"
)

var errClosed = errors.New("the dialer is closed")

// A Dialer keeps one small pool of connections per address. It is safe for
// concurrent use.
type Dialer struct {
	log *slog.Logger

	mu      sync.Mutex
	closed  bool
	servers map[database.Address]*server
}

var _ database.Dialer = (*Dialer)(nil)

// NewDialer returns a Dialer without any connection. Close it when done.
func NewDialer(log *slog.Logger) *Dialer {
	return &Dialer{log: log, servers: make(map[database.Address]*server)}
}

// Server returns the server at a, the same one for the same address; it
// connects when it is first used. An address that makes no sense is an error of
// that first use. A pool that is not used any more, such as after the admin's
// password was changed, holds no connection after a minute.
func (d *Dialer) Server(a database.Address) database.Server {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s, ok := d.servers[a]; ok {
		return s
	}
	where := net.JoinHostPort(a.Host, strconv.Itoa(a.Port))
	s := &server{addr: a, where: where, log: d.log.With("server", where), closed: d.closed}
	d.servers[a] = s
	return s
}

// Close waits for what is under way and closes every connection. Servers cannot
// be used afterwards.
func (d *Dialer) Close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	for _, s := range d.servers {
		s.close()
	}
}

// A server is one PostgreSQL server as its admin sees it.
type server struct {
	addr  database.Address
	where string // host:port, for people
	log   *slog.Logger

	mu     sync.Mutex
	closed bool
	pool   *pgxpool.Pool // nil before the first use
}

var _ database.Server = (*server)(nil)

func (s *server) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.pool != nil {
		s.pool.Close()
	}
}

// admin returns the pool of connections to the admin's database.
func (s *server) admin() (*pgxpool.Pool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return nil, errClosed
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
	cfg.PingTimeout = connectTimeout

	c := cfg.ConnConfig
	c.Password = s.addr.Password.Reveal()
	c.ConnectTimeout = connectTimeout
	// The looks are few and take longer to plan than to run; what changes
	// something has no arguments and is never prepared.
	c.DefaultQueryExecMode = pgx.QueryExecModeCacheStatement
	c.RuntimeParams = map[string]string{
		"application_name": "mpanel",
		// A tenant may put functions into its schema public; nothing of it must
		// ever be called by the admin.
		"search_path": "pg_catalog",
	}
	c.OnNotice = s.notice
	return cfg, nil
}

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
