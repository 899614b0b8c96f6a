package pgprov

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/mpanel/mpanel/internal/fault"
)

// SQLSTATEs that decide something.
const (
	tooManyConnections    = "53300"
	diskFull              = "53100"
	outOfMemory           = "53200"
	readOnly              = "25006"
	invalidLogin          = "28000"
	invalidPassword       = "28P01"
	insufficientPrivilege = "42501"
	adminShutdown         = "57P01"
	crashShutdown         = "57P02"
	cannotConnectNow      = "57P03"
	dependentObjects      = "2BP01"
	duplicateObject       = "42710"
	duplicateDatabase     = "42P04"
	uniqueViolation       = "23505"
	undefinedObject       = "42704"
	undefinedDatabase     = "3D000"
	undefinedSchema       = "3F000"
	undefinedTable        = "42P01"
	serializationFailed   = "40001"
	deadlockDetected      = "40P01"
	internalError         = "XX000"
	queryCanceled         = "57014"
	lockNotAvailable      = "55P03"
	objectInUse           = "55006"
	syntaxError           = "42601"
)

// A failure is what may be told of an error of pgx. The error itself is not
// kept: a ConnectError carries the admin's password, and a PgError may carry
// parts of statements and rows in its further fields.
type failure struct {
	what    string // what was attempted
	code    string // SQLSTATE, "" when the server did not say anything
	routine string // the server's function; unlike the text it is never translated
	text    string
	err     error // context.Canceled or DeadlineExceeded, or nil
}

func (f *failure) Error() string {
	if f.code == "" {
		return f.what + ": " + f.text
	}
	return fmt.Sprintf("%s: %s (SQLSTATE %s)", f.what, f.text, f.code)
}

func (f *failure) Unwrap() error { return f.err }

// Told is what customers may read, "" when the server did not say anything: the
// SQLSTATE and what it stands for in general. The server's own text names what
// others have, files of its host, or what a trigger of its owner says.
func (f *failure) Told() string {
	if f.code == "" {
		return ""
	}
	return "The database server refused it: " + coded(meaning(f.code), f.code) + "."
}

// coded is a reason with the SQLSTATE that it comes from.
func coded(reason, code string) string { return reason + " (SQLSTATE " + code + ")" }

// meaning is what a SQLSTATE or its class stands for.
// https://www.postgresql.org/docs/current/errcodes-appendix.html
func meaning(code string) string {
	switch {
	case code == insufficientPrivilege:
		return "the panel's own role there lacks a right"
	case code == queryCanceled:
		return "the statement was canceled"
	case code == lockNotAvailable:
		return "something else held it for too long"
	case code == objectInUse:
		return "something is in use"
	case strings.HasPrefix(code, "53"):
		return "it has not enough resources"
	case strings.HasPrefix(code, "54"):
		return "a limit of it is exceeded"
	case strings.HasPrefix(code, "55"):
		return "something there is not in the state for it"
	case strings.HasPrefix(code, "58"):
		return "its system gave an error"
	case strings.HasPrefix(code, "P0"):
		return "a function or a trigger there forbids it"
	case strings.HasPrefix(code, "XX"):
		return "something is wrong inside of it"
	}
	return "the statement gave an error"
}

// wrap says what was attempted, keeps of err only what may be told, and makes
// it fault.Unavailable when the server cannot be reached. What went through it
// before, and what is not an error, stays as it is.
func (s *server) wrap(err error, what string) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*failure](err); ok {
		return err
	}
	if told, ok := errors.AsType[*fault.Error](err); ok {
		if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
			return told
		}
		return err
	}
	f := &failure{what: what, text: err.Error()}
	for _, end := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, end) {
			f.err = end
		}
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		f.code, f.routine, f.text = pg.Code, pg.Routine, pg.Message
		if f.code == syntaxError {
			f.text = "syntax error" // its message cites the statement
		}
	}
	if reason := unreachable(err); reason != "" {
		if f.code != "" && reason != notLetIn { // the code tells whether it is the password
			reason = coded(reason, f.code)
		}
		return s.unavailable(f, reason)
	}
	return f
}

// unavailable is what callers read of a server that cannot be used for now.
func (s *server) unavailable(cause error, reason string) *fault.Error {
	return fault.Unavailable.Wrap(cause, "", "The database server at %s cannot be reached: %s.", s.where, reason)
}

// Reasons that are told in several places. Customers read them, too: that the
// admin's password is wrong is for the log and for checks.
const (
	noAnswer = "it does not answer in time"
	notLetIn = "it does not let the panel in"
)

// unreachable is why the server could not be asked, for the caller's eyes, or
// "" when it was asked or the caller gave up.
func unreachable(err error) string {
	var (
		dns    *net.DNSError
		cert   *tls.CertificateVerificationError
		conn   *pgconn.ConnectError
		neterr net.Error
	)
	if errors.Is(err, context.Canceled) {
		return ""
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch pg.Code {
		case tooManyConnections:
			return "it has no connection slot left"
		case diskFull:
			return "its disk is full"
		case outOfMemory:
			return "it is out of memory"
		case adminShutdown, crashShutdown, cannotConnectNow:
			return "it is starting or stopping"
		case readOnly:
			return "it accepts no changes"
		case invalidLogin, invalidPassword:
			return notLetIn
		case insufficientPrivilege: // on the admin's own database it is the server's door
			if errors.As(err, &conn) && conn.Config.Database == adminDatabase {
				return notLetIn
			}
		}
		if strings.HasPrefix(pg.Code, "08") {
			return "the connection broke"
		}
		return ""
	}
	switch {
	case errors.As(err, &dns):
		return "its name cannot be resolved"
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ENOENT):
		return "it refuses connections"
	case errors.Is(err, context.DeadlineExceeded), pgconn.Timeout(err):
		return noAnswer
	case errors.As(err, &cert):
		return "its certificate cannot be verified"
	case errors.As(err, &conn):
		return "no connection could be set up"
	case errors.As(err, &neterr), errors.Is(err, pgconn.ErrConnClosed), broken(err):
		return "the connection broke"
	}
	return ""
}

// broken tells whether the connection ended in the middle of something.
func broken(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// codeOf is the SQLSTATE that the server gave, or "".
func codeOf(err error) string {
	if f, ok := errors.AsType[*failure](err); ok {
		return f.code
	}
	return ""
}

// fullDatabase tells whether it is the database's own limit that kept a
// connection out, rather than the server's.
func fullDatabase(err error) bool {
	f, ok := errors.AsType[*failure](err)
	return ok && f.code == tooManyConnections && f.routine == "CheckMyDatabase"
}

// raced tells whether someone else made, changed or removed the same thing
// between a look and the act that followed.
func raced(err error) bool {
	f, ok := errors.AsType[*failure](err)
	if !ok {
		return false
	}
	if fullDatabase(err) { // another run of OpenSpace was quicker and set the limit for good
		return true
	}
	switch f.code {
	case uniqueViolation, duplicateObject, duplicateDatabase,
		undefinedObject, undefinedDatabase, undefinedSchema, undefinedTable, serializationFailed, deadlockDetected:
		return true
	case internalError: // internal messages, so they are never translated
		for _, text := range []string{"tuple concurrently ", "could not find tuple for ", "cache lookup failed for "} {
			if strings.HasPrefix(f.text, text) {
				return true
			}
		}
	}
	return false
}
