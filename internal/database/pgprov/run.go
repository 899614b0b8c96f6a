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
// lock until it is through, so whoever comes next waits for it here.
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
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock(hashtextextended($1, 0))", name); err != nil {
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
