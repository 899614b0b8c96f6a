package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/mpanel/mpanel/internal/fault"
)

// SQLSTATE codes that mean something to a caller.
// https://www.postgresql.org/docs/current/errcodes-appendix.html
const (
	uniqueViolation     = "23505"
	foreignKeyViolation = "23503"
	checkViolation      = "23514"
	deadlockDetected    = "40P01"
	serialization       = "40001"
	tooManyConnections  = "53300"
	diskFull            = "53100"
	idleTransaction     = "25P03" // it rested for too long; see Open
	readOnly            = "25006" // a standby, during a failover
	classConnection     = "08"
	classData           = "22" // a value PostgreSQL cannot take, such as a NUL in a text
	classShutdown       = "57P"
)

// Wrap turns an error of the panel's PostgreSQL into a fault where a caller can
// make something of it, and adds what was attempted for the log. Nil stays nil.
func Wrap(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	err = fmt.Errorf(format+": %w", append(args, err)...)
	switch c := code(err); {
	case errors.Is(err, sql.ErrNoRows), errors.Is(err, pgx.ErrNoRows):
		return fault.NotFound.Wrap(err, "", NotFoundMessage)
	case c == uniqueViolation:
		return fault.Conflict.Wrap(err, "", "This exists already.")
	case c == foreignKeyViolation:
		return fault.Conflict.Wrap(err, "", "Something else still depends on this, or what it depends on is gone.")
	case c == checkViolation, strings.HasPrefix(c, classData):
		return fault.Invalid.Wrap(err, "", "A value is out of its range.")
	case c == deadlockDetected, c == serialization, c == tooManyConnections, c == diskFull, c == readOnly, c == idleTransaction,
		strings.HasPrefix(c, classConnection), strings.HasPrefix(c, classShutdown), isBroken(err):
		return fault.Unavailable.Wrap(err, "", "The panel's database is not available right now; try again in a moment.")
	}
	return err
}

// NotFoundMessage is the same for what does not exist and for what is not the caller's.
const NotFoundMessage = "There is no such object, or it is not yours."

// NotFound is the answer of mutations for a missing and for a foreign object alike.
func NotFound(field string) error { return fault.NotFound.New(field, NotFoundMessage) }

// CheckText refuses a text that PostgreSQL cannot take: it ends a statement at a
// NUL. What has rules of its own, such as a name, is checked by those.
func CheckText(field string, s *string) *fault.Error {
	if s != nil && strings.ContainsRune(*s, 0) {
		return fault.Invalid.New(field, "A text has no NUL character.")
	}
	return nil
}

// Violates tells whether err is the violation of the named constraint or index.
func Violates(err error, constraint string) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pg.ConstraintName == constraint
}

func code(err error) string {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code
	}
	return ""
}

// isBroken tells whether the connection, not the statement, is at fault.
func isBroken(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	_, isNet := errors.AsType[net.Error](err)
	_, isConnect := errors.AsType[*pgconn.ConnectError](err)
	return isNet || isConnect || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) || strings.Contains(err.Error(), "conn closed")
}
