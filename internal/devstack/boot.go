package devstack

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// The ways to stop postgres.
// https://www.postgresql.org/docs/current/server-shutdown.html
const (
	fastStop      = syscall.SIGINT
	immediateStop = syscall.SIGQUIT
)

// An endedError says that postgres ended before anyone could log in.
type endedError struct {
	dir, reason string
	err         error
}

func (e *endedError) Error() string {
	if e.reason == "" {
		return fmt.Sprintf("postgres in %s did not start: %v", e.dir, e.err)
	}
	return fmt.Sprintf("postgres in %s did not start: %s", e.dir, e.reason)
}

func (e *endedError) Unwrap() error { return e.err }

// boot starts postgres and returns when it lets clients in. On an error, and
// when ctx ends, nothing of it is left running. With strict the superuser's
// login must work; without, any answer of a working server will do.
func (c *Cluster) boot(ctx context.Context, strict bool) (*process, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("start postgres in %s: %w", c.folder.dir, err)
	}
	if err := c.folder.sweep(ctx, c.socketDir, c.cfg.Log); err != nil {
		return nil, err
	}
	if err := c.access.prepare(); err != nil {
		return nil, err
	}
	began := time.Now()
	out := newOutput(c.cfg.Log)
	p, err := launch(c.program(), out.line)
	if err != nil {
		return nil, err
	}
	err = c.awaitLogin(ctx, p, strict)
	if err == nil {
		c.cfg.Log.InfoContext(ctx, "postgres is up", "version", c.Version(), "listen", c.cfg.Listen, "port", c.port,
			"socket_dir", c.socketDir, "pid", p.pid(), "took", time.Since(began))
		return p, nil
	}
	p.halt(ctx, true)
	if errors.Is(err, errEnded) {
		return nil, &endedError{dir: c.folder.dir, reason: out.reason(), err: p.err}
	}
	return nil, fmt.Errorf("start postgres in %s: %w", c.folder.dir, err)
}

// errEnded says that the process ended before a login.
var errEnded = errors.New("postgres ended")

// How often to try a login: a start takes some 50 ms, but the recovery after
// a crash may take minutes, and each try costs postgres a process.
const (
	loginPoll     = 5 * time.Millisecond
	loginSlowPoll = 100 * time.Millisecond
	loginSlowFrom = 2 * time.Second
	loginTimeout  = 10 * time.Second // of one try
)

// awaitLogin tries to log in until it works, p ends or ctx does. There is no
// event to wait on: postgres tells nobody when it is ready.
func (c *Cluster) awaitLogin(ctx context.Context, p *process, strict bool) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		select {
		case <-p.exited:
			cancel(errEnded)
		case <-ctx.Done():
		}
	}()
	defer func() { cancel(nil); <-watched }()

	poll := time.NewTicker(loginPoll)
	defer poll.Stop()
	began, slow := time.Now(), false
	for {
		switch err := c.login(ctx, strict); {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case !notYet(err):
			return err
		}
		if !slow && time.Since(began) > loginSlowFrom {
			slow = true
			poll.Reset(loginSlowPoll)
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// login connects once and notes the server's version.
func (c *Cluster) login(ctx context.Context, strict bool) error {
	ctx, cancel := context.WithTimeout(ctx, loginTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.ConnString("postgres").Reveal())
	if err == nil {
		version, _, _ := strings.Cut(conn.PgConn().ParameterStatus("server_version"), " ")
		c.version.Store(version)
		_ = conn.Close(ctx) // the login was all
		return nil
	}
	refusal, answered := errors.AsType[*pgconn.PgError](err)
	switch {
	case !answered || refusal.Code == cannotConnectNow:
		return err
	case !strict:
		// Somebody changed the password, or all connections are taken again:
		// no reason to take the server away from everyone.
		return nil
	case refusal.Code == invalidPassword && c.changePassword(ctx):
		return nil
	case refusal.Code == invalidPassword:
		return fmt.Errorf("the password of %s is not the one that the data was made with: set the earlier MPANEL_SECRET_KEY again, or choose an empty folder with MPANEL_DATA_DIR", c.cfg.Superuser)
	}
	return err
}

// changePassword gives the superuser its password in place of an earlier one, and
// tells whether it could.
func (c *Cluster) changePassword(ctx context.Context) bool {
	for _, earlier := range c.cfg.Earlier {
		conn, err := pgx.Connect(ctx, c.connString("postgres", earlier).Reveal())
		if err != nil {
			continue
		}
		_, err = conn.Exec(ctx, "ALTER ROLE "+pgx.Identifier{c.cfg.Superuser}.Sanitize()+" PASSWORD "+literal(c.cfg.Password.Reveal()))
		_ = conn.Close(ctx) // the statement was all
		if err == nil {
			c.cfg.Log.InfoContext(ctx, "the superuser's password was changed")
			return true
		}
	}
	return false
}

// literal quotes text for SQL, whatever standard_conforming_strings is.
func literal(s string) string {
	return "E'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

// SQLSTATE codes. https://www.postgresql.org/docs/current/errcodes-appendix.html
const (
	cannotConnectNow = "57P03" // still starting, or recovering
	invalidPassword  = "28P01"
)

// notYet tells whether another try may find a server: there is no socket yet,
// or postgres says so.
func notYet(err error) bool {
	if refusal, ok := errors.AsType[*pgconn.PgError](err); ok {
		return refusal.Code == cannotConnectNow
	}
	_, ok := errors.AsType[*pgconn.ConnectError](err)
	// A closed socket does not open by waiting.
	return ok && !errors.Is(err, fs.ErrPermission)
}
