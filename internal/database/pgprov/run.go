package pgprov

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Everything below gives errors that went through server.wrap; what says what
// was attempted, such as "create role shop".

type execer interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

// A stmt is one statement and what it is for.
type stmt struct{ what, sql string }

// exec runs statements in one transaction and one round trip: all of them or
// none. One that cannot be part of a transaction, such as CREATE DATABASE, comes
// alone.
func (s *server) exec(ctx context.Context, db execer, stmts ...stmt) error {
	sql, what := make([]string, len(stmts)), make([]string, len(stmts))
	for i, st := range stmts {
		sql[i], what[i] = st.sql, st.what
	}
	// Without arguments pgx sends the text as it is; the server takes all of one
	// message as one transaction.
	_, err := db.Exec(ctx, strings.Join(sql, ";\n"))
	return s.wrap(err, strings.Join(what, ", "))
}

// change runs statements as admin, in one transaction.
func (s *server) change(ctx context.Context, stmts ...stmt) error {
	pool, err := s.admin()
	if err != nil {
		return err
	}
	return s.exec(ctx, pool, stmts...)
}

// exclusively gives do a connection on which nobody else makes or removes what
// is called name. A statement outlives its panel: one that was begun before a
// kill -9 may take effect after the next runner looked. Its session holds the
// lock until it is through, so whoever comes next waits for it here; but not for
// one that does nothing with the lock, since its panel is paused or cut off.
func (s *server) exclusively(ctx context.Context, name string, do func(conn *pgxpool.Conn) error) error {
	pool, err := s.admin()
	if err != nil {
		return err
	}
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return s.wrap(err, "connect")
	}
	defer conn.Release()
	if err := lockName(ctx, conn, name); err != nil {
		return s.wrap(err, "wait for an earlier attempt at "+name)
	}
	err = do(conn)
	if _, unlockErr := conn.Exec(ctx, "SELECT pg_advisory_unlock(hashtextextended($1, 0))", name); unlockErr != nil {
		// The session's end gives the lock back.
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Conn().Close(closing)
	}
	return err
}

// endIdle ends the session that holds a name's lock and has not used it for a while.
const (
	lockIdleSeconds = 10
	endIdle         = `
SELECT pg_terminate_backend(a.pid) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND (l.classid::bigint << 32 | l.objid::bigint) = hashtextextended($1, 0)
  AND a.usename = current_user AND a.state = 'idle' AND a.state_change < clock_timestamp() - $2 * interval '1 second'`
)

func lockName(ctx context.Context, conn *pgxpool.Conn, name string) error {
	tick := time.NewTicker(endEvery)
	defer tick.Stop()
	for {
		var held bool
		err := conn.QueryRow(ctx, "SELECT pg_try_advisory_lock(hashtextextended($1, 0))", name).Scan(&held)
		if err == nil && held {
			return nil
		}
		if err == nil {
			_, err = conn.Exec(ctx, endIdle, name, lockIdleSeconds)
		}
		if err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// queryRow scans the one row of a query of the admin; pgx.ErrNoRows stays what it is.
func (s *server) queryRow(ctx context.Context, what, sql string, args []any, dest ...any) error {
	pool, err := s.admin()
	if err != nil {
		return err
	}
	err = pool.QueryRow(ctx, sql, args...).Scan(dest...)
	if errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	return s.wrap(err, what)
}

// inside gives do a short-lived connection of the admin to a database.
func (s *server) inside(ctx context.Context, name string, do func(conn *pgx.Conn) error) error {
	if err := s.breaker.enter(ctx); err != nil {
		return s.wrap(err, "connect to database "+name)
	}
	conn, err := s.connect(ctx, name)
	if err != nil {
		return err
	}
	defer hangUp(ctx, conn)
	return do(conn)
}

// settle runs do again while someone else is at work on the same thing: what
// they made is found by the next look. Each failure means that somebody else got
// ahead, so a few attempts are enough.
func settle(do func() error) error {
	const attempts = 12
	var err error
	for range attempts {
		if err = do(); !raced(err) {
			return err
		}
	}
	return err
}
