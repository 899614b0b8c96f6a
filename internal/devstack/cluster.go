package devstack

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/mpanel/mpanel/internal/secret"
)

// A Cluster is a running PostgreSQL that is started again when it dies, until
// Stop. It is safe for concurrent use. The zero value is not usable.
type Cluster struct {
	cfg       Config
	bin       Binaries
	folder    *folder
	port      int
	socketDir string
	version   atomic.Value // string
	access    *Access

	stopping  context.CancelFunc // ends the supervision
	hurry     context.CancelFunc // ends the patience with a fast stop
	restarts  chan restart
	done      chan struct{}
	stopError error // to be read after done
}

// ErrStopped is the answer of a cluster that has been stopped for good.
var ErrStopped = errors.New("the PostgreSQL cluster is stopped")

// Start makes the cluster if its folder is empty, starts it and returns when
// the superuser can log in. ctx bounds only the start, not the cluster.
//
// Its errors are written for the administrator: PostgreSQL is not installed,
// the folder cannot be used, or PostgreSQL said why it does not start.
func Start(ctx context.Context, cfg Config) (*Cluster, error) {
	cfg, err := cfg.validated()
	if err != nil {
		return nil, err
	}
	owner, err := clusterAccount()
	if err != nil {
		return nil, err
	}
	c := &Cluster{cfg: cfg, restarts: make(chan restart), done: make(chan struct{})}
	// First, so that a machine without PostgreSQL is left as it was.
	if c.bin, err = cfg.Search.Newest(); err != nil {
		return nil, err
	}
	if c.folder, err = openFolder(cfg.Dir, owner); err != nil {
		return nil, err
	}
	p, err := c.first(ctx)
	if err != nil {
		c.removeSocketDir()
		c.folder.close()
		return nil, err
	}
	running, stopping := context.WithCancel(context.Background())
	patient, hurry := context.WithCancel(context.Background())
	c.stopping, c.hurry = stopping, hurry
	go c.supervise(running, patient, p)
	return c, nil
}

// first prepares the folder and starts postgres for the first time.
func (c *Cluster) first(ctx context.Context) (*process, error) {
	f := c.folder
	var err error
	if c.bin, err = f.programs(c.cfg.Search); err != nil {
		return nil, err
	}
	if err := f.owner.reach(ctx, c.bin, f.dir, "MPANEL_DATA_DIR"); err != nil {
		return nil, err
	}
	// Before initdb, because an earlier one may still be at work.
	if err := f.sweep(ctx, f.path(runName), c.cfg.Log); err != nil {
		return nil, err
	}
	if err := f.initialize(ctx, c.bin, c.cfg); err != nil {
		return nil, err
	}
	preferred := c.cfg.Port
	for {
		if err := c.choosePort(ctx, preferred); err != nil {
			return nil, err
		}
		p, err := c.boot(ctx, true)
		if err == nil || c.cfg.Listen == "" || !errors.As(err, new(*endedError)) {
			return p, err
		}
		// Another process may have taken the port since it was found free.
		if _, busy := tryPort(ctx, c.cfg.Listen, c.port); busy == nil || c.port >= maxPort {
			return nil, err
		}
		preferred = c.port + 1
	}
}

// choosePort decides on port and socket folder, which then stay for the
// cluster's life.
func (c *Cluster) choosePort(ctx context.Context, preferred int) (err error) {
	c.port = preferred
	if c.cfg.Listen != "" {
		if c.port, err = freePort(ctx, c.cfg.Listen, preferred); err != nil {
			return err
		}
		if c.cfg.Port != 0 && c.port != c.cfg.Port {
			c.cfg.Log.WarnContext(ctx, "port is in use, taking another one", "listen", c.cfg.Listen, "wanted_port", c.cfg.Port, "port", c.port)
		}
	}
	dir, err := c.folder.socketDir(c.port)
	if err != nil {
		return err
	}
	if err := c.folder.makeSocketDir(dir); err != nil {
		return err
	}
	c.socketDir = dir // ours from here on, to be removed again
	c.access = &Access{folder: c.folder, hba: c.cfg.HBA, admin: c.ConnString("postgres")}
	return c.folder.owner.reach(ctx, c.bin, c.socketDir, "TMPDIR")
}

// removeSocketDir removes a socket folder that is outside of the cluster's.
func (c *Cluster) removeSocketDir() {
	if c.socketDir != "" && c.socketDir != c.folder.path(runName) {
		_ = os.Remove(c.socketDir) // not empty: somebody else's business
	}
}

// ConnString returns a key=value DSN of the superuser for one database, over
// the unix socket and with the password in it.
func (c *Cluster) ConnString(database string) secret.Text {
	return c.connString(database, c.cfg.Password)
}

func (c *Cluster) connString(database string, password secret.Text) secret.Text {
	var b strings.Builder
	for _, kv := range [][2]string{
		{"host", c.socketDir},
		{"port", strconv.Itoa(c.port)},
		{"user", c.cfg.Superuser},
		{"password", password.Reveal()},
		{"dbname", database},
		{"sslmode", "disable"},
	} {
		b.WriteString(kv[0] + "='" + dsnQuote.Replace(kv[1]) + "' ")
	}
	return secret.New(strings.TrimSuffix(b.String(), " "))
}

// dsnQuote escapes what is special between single quotes of a DSN.
// https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING
var dsnQuote = strings.NewReplacer(`\`, `\\`, `'`, `\'`)

// Host is where clients on this machine connect: an IP address with Listen,
// otherwise the folder of the socket.
func (c *Cluster) Host() string {
	if c.cfg.Listen == "" {
		return c.socketDir
	}
	ip, err := netip.ParseAddr(c.cfg.Listen)
	switch {
	case err != nil || !ip.IsUnspecified():
		return c.cfg.Listen
	case ip.Is4():
		return "127.0.0.1"
	default:
		return "::1"
	}
}

// Port is the port taken, which may be another one than Config's. It never
// changes, whatever happens to postgres.
func (c *Cluster) Port() int { return c.port }

// SocketDir is the folder of the unix socket.
func (c *Cluster) SocketDir() string { return c.socketDir }

// DataDir is the data folder. It belongs to the cluster's user.
func (c *Cluster) DataDir() string { return c.folder.path(dataName) }

// Superuser is the name of the bootstrap superuser.
func (c *Cluster) Superuser() string { return c.cfg.Superuser }

// Version is the server's version as of its last start, such as "15.18".
func (c *Cluster) Version() string {
	v, _ := c.version.Load().(string)
	return v
}

// BinDir is the folder of the programs that fit this cluster, such as pg_dump.
func (c *Cluster) BinDir() string { return c.bin.Dir }

// Done is closed once the cluster is stopped for good.
func (c *Cluster) Done() <-chan struct{} { return c.done }

// Stop ends the sessions, stops postgres and returns when it is gone. After
// ctx's end, or 8 seconds, it no longer waits for the last data to be written,
// which the next start then recovers from the WAL; 2 seconds later it kills.
// Stopping twice is success. Errors: a process that does not go away even so.
func (c *Cluster) Stop(ctx context.Context) error {
	c.stopping()
	select {
	case <-c.done:
	case <-ctx.Done():
		c.hurry()
		<-c.done
	}
	return c.stopError
}

// Restart stops postgres, in the hard way if immediate, starts it again on the
// same port and returns when a login works. When that fails, or ctx ends, the
// cluster keeps trying on its own. Errors: ErrStopped, or why it did not start.
func (c *Cluster) Restart(ctx context.Context, immediate bool) error {
	r := restart{ctx: ctx, immediate: immediate, answer: make(chan error, 1)}
	select {
	case c.restarts <- r:
	case <-c.done:
		return ErrStopped
	case <-ctx.Done():
		return fmt.Errorf("restart cluster %s: %w", c.cfg.Name, ctx.Err())
	}
	return <-r.answer
}

// program describes the postgres of this cluster.
func (c *Cluster) program() program {
	data := c.folder.path(dataName)
	return program{
		path: filepath.Join(c.bin.Dir, "postgres"), args: c.cfg.args(data, c.socketDir, c.port),
		dir: data, env: environment(c.bin), account: c.folder.owner, deathSignal: fastStop,
	}
}
