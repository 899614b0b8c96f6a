package pgdump

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/fault"
)

// maxAnswer bounds what a server may answer to one statement, in bytes: a dump
// has its author's functions in it.
const maxAnswer = 16 << 20

// lockTimeout is how long a load waits for a lock of the tenant's own sessions.
const lockTimeout = "30s"

// A sink is where statements and rows go.
type sink interface {
	exec(ctx context.Context, st statement, may verdict) error
	rows(ctx context.Context, st statement, r *rows) error
}

// feed reads a plain dump to its end and gives it to the sink.
func feed(ctx context.Context, s *scanner, to sink, report *database.LoadReport) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		st, err := s.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		may, why := judge(st)
		switch may {
		case forbid:
			return fault.Invalid.Permanent("", "Line %d: %s.", st.line, why)
		case owner:
			report.Owners++
		case grant:
			report.Grants++
		case skip:
		case rowsIn:
			r, err := s.rows()
			if err != nil {
				return err
			}
			if err := to.rows(ctx, st, r); err != nil {
				return err
			}
			report.Statements++
		case run, tolerate:
			if err := to.exec(ctx, st, may); err != nil {
				return err
			}
			report.Statements++
		}
	}
	switch {
	case !s.begun:
		return fault.Invalid.Permanent("", "This is not a dump that pg_dump made.")
	case !s.complete:
		return fault.Invalid.Permanent("", "The dump is truncated: pg_dump's last line, %q, is missing.", markComplete)
	}
	return nil
}

// nowhere is the sink of an inspection.
type nowhere struct{}

func (nowhere) exec(context.Context, statement, verdict) error     { return nil }
func (nowhere) rows(_ context.Context, _ statement, r *rows) error { return r.drain() }

// A session runs a dump in one transaction, in the name of a tenant's role.
type session struct {
	conn   *pgconn.PgConn
	report *database.LoadReport
}

// open connects and begins the transaction.
func open(ctx context.Context, to database.Endpoint) (*session, error) {
	var dsn strings.Builder
	for _, kv := range [][2]string{
		{"host", to.Host}, {"port", strconv.Itoa(to.Port)}, {"user", to.User}, {"dbname", to.Database}, {"sslmode", sslMode(to)},
		{"target_session_attrs", "any"}, {"passfile", "/dev/null"},
	} {
		fmt.Fprintf(&dsn, "%s='%s' ", kv[0], strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(kv[1]))
	}
	cfg, err := pgconn.ParseConfig(dsn.String())
	if err != nil {
		return nil, fmt.Errorf("address of the load: %w", err) // holds no password yet
	}
	cfg.Password = to.Password.Reveal()
	cfg.ConnectTimeout = 10 * time.Second
	cfg.RuntimeParams = map[string]string{"application_name": to.Session, "search_path": "pg_catalog"}
	cfg.BuildFrontend = func(r io.Reader, w io.Writer) *pgproto3.Frontend {
		f := pgproto3.NewFrontend(r, w)
		f.SetMaxBodyLen(maxAnswer)
		return f
	}
	conn, err := pgconn.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, told(err, "")
	}
	s := &session{conn: conn, report: &database.LoadReport{}}
	for _, sql := range []string{
		"SET ROLE " + ident(to.Role), "BEGIN",
		"SET LOCAL lock_timeout = '" + lockTimeout + "'", "SET LOCAL idle_in_transaction_session_timeout = 0", "SET LOCAL statement_timeout = 0",
	} {
		if _, err := conn.Exec(ctx, sql).ReadAll(); err != nil {
			s.close()
			return nil, told(err, "")
		}
	}
	return s, nil
}

func (s *session) close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = s.conn.Close(ctx) // what counts is committed
}

// value is the one column of a query's one row.
func (s *session) value(ctx context.Context, sql string) (string, error) {
	r := s.conn.ExecParams(ctx, sql, nil, nil, nil, nil).Read()
	if r.Err != nil {
		return "", told(r.Err, "")
	}
	if len(r.Rows) != 1 || len(r.Rows[0]) != 1 {
		return "", fmt.Errorf("one value was expected of %q", sql)
	}
	return string(r.Rows[0][0]), nil
}

// exec runs exactly one statement: the server refuses a second one in it.
func (s *session) exec(ctx context.Context, st statement, may verdict) error {
	if st.words[0] == "CREATE" && len(st.words) == 3 && st.words[1] == "SCHEMA" && st.words[2] == "PUBLIC" {
		st.sql = "CREATE SCHEMA IF NOT EXISTS public" // each database of the panel's has one
	}
	if may == tolerate {
		if err := s.one(ctx, "SAVEPOINT setting"); err != nil {
			return told(err, "")
		}
		err := s.one(ctx, st.sql)
		if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == undefinedObject {
			s.report.Settings++
			err = s.one(ctx, "ROLLBACK TO SAVEPOINT setting")
		}
		if err == nil {
			err = s.one(ctx, "RELEASE SAVEPOINT setting")
		}
		return told(err, at(st))
	}
	return told(s.one(ctx, st.sql), at(st))
}

func (s *session) one(ctx context.Context, sql string) error {
	//allow:sql a tenant's own dump, which was looked at statement by statement and runs with that tenant's rights only
	r := s.conn.ExecParams(ctx, sql, nil, nil, nil, nil)
	for r.NextRow() { // nobody wants to see it
	}
	_, err := r.Close()
	return err
}

func (s *session) rows(ctx context.Context, st statement, r *rows) error {
	//allow:sql a tenant's own dump, which was looked at statement by statement and runs with that tenant's rights only
	_, err := s.conn.CopyFrom(ctx, r, st.sql)
	if r.err != nil && !errors.Is(r.err, io.EOF) {
		return r.err // the dump's fault, and not the server's
	}
	if err == nil && r.err == nil {
		return fmt.Errorf("line %d: the server took no rows", st.line)
	}
	return told(err, at(st))
}

func at(st statement) string { return fmt.Sprintf("Line %d: ", st.line) }

// commit ends the transaction well, or says why it cannot.
func (s *session) commit(ctx context.Context, note func(ctx context.Context, xid string) error) error {
	if s.conn.TxStatus() != 'T' {
		return fault.Invalid.Permanent("", "The dump ended its transaction by itself.")
	}
	// Nothing of the tenant's may stand between the id and the commit, such as a
	// function of that name.
	xid, err := s.value(ctx, "SELECT pg_catalog.pg_current_xact_id()::pg_catalog.text")
	if err != nil {
		return err
	}
	// What is only checked at the end must not fail after the id is noted.
	if err := s.one(ctx, "SET CONSTRAINTS ALL IMMEDIATE"); err != nil {
		return told(err, "At the end: ")
	}
	if err := engine.Point(ctx, "loaded"); err != nil {
		return err
	}
	if err := note(ctx, xid); err != nil {
		return err
	}
	if err := engine.Point(ctx, "noted"); err != nil {
		return err
	}
	r := s.conn.ExecParams(ctx, "COMMIT", nil, nil, nil, nil).Read()
	if r.Err != nil {
		return told(r.Err, "At the end: ")
	}
	if tag := r.CommandTag.String(); tag != "COMMIT" {
		return fmt.Errorf("the server answered %s to COMMIT", tag)
	}
	return engine.Point(ctx, "committed")
}

// load runs what the stream has.
func load(ctx context.Context, from *stream, l database.Loading) (database.LoadReport, error) {
	s, err := open(ctx, l.To)
	if err != nil {
		return database.LoadReport{}, err
	}
	defer s.close()
	if l.Replace {
		if err := s.clean(ctx); err != nil {
			return *s.report, err
		}
	}
	if err := s.mustBeEmpty(ctx, l.Replace); err != nil {
		return *s.report, err
	}
	// From here the dump decides where it looks for things; until here only the panel did.
	if err := s.one(ctx, `SET LOCAL search_path = "$user", public`); err != nil {
		return *s.report, told(err, "")
	}
	if err := feed(ctx, newScanner(from), s, s.report); err != nil {
		return *s.report, from.explain(err)
	}
	if err := from.finish(); err != nil {
		return *s.report, err
	}
	return *s.report, s.commit(ctx, l.Commit)
}

// inspect reads what the stream has.
func inspect(ctx context.Context, from *stream) (version string, err error) {
	s := newScanner(from)
	if err := feed(ctx, s, nowhere{}, &database.LoadReport{}); err != nil {
		return "", from.explain(err)
	}
	return s.version, from.finish()
}

// SQLSTATEs and classes that decide something.
const (
	undefinedObject = "42704"
	syntaxError     = "42601"
)

// told makes of an error of the server what the customer may read. The server's
// sentence is kept where it names objects; where it may cite rows, only the code is.
func told(err error, where string) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*fault.Error](err); ok || errors.Is(err, context.Canceled) {
		return err
	}
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		if big, ok := errors.AsType[*pgproto3.ExceededMaxBodyLenErr](err); ok {
			return fault.Invalid.Permanent("", "%sThe answer to a statement has %d bytes; that is no dump.", where, big.ActualBodyLen)
		}
		return fault.Unavailable.Wrap(errors.New("the connection broke"), "", "The connection to the database server broke.")
	}
	cause := fmt.Errorf("SQLSTATE %s in %s", pg.Code, pg.Routine)
	switch class := pg.Code[:2]; {
	case class == "08" || class == "53" || class == "57" || class == "55" || class == "40":
		return fault.Unavailable.Wrap(cause, "", "%sThe database server stopped the work: %s (SQLSTATE %s).", where, sentence(pg.Message), pg.Code)
	case (class == "42" || class == "0A" || class == "3F" || class == "58") && pg.Code != syntaxError:
		return permanent(cause, "%s%s (SQLSTATE %s).", where, sentence(pg.Message), pg.Code)
	}
	var what strings.Builder
	for _, n := range [][2]string{{"table", pg.TableName}, {"constraint", pg.ConstraintName}, {"column", pg.ColumnName}} {
		if n[1] != "" {
			what.WriteString(" " + n[0] + " " + n[1])
		}
	}
	return permanent(cause, "%sThe server refused it:%s SQLSTATE %s.", where, what.String(), pg.Code)
}

func permanent(cause error, format string, args ...any) error {
	f := fault.Invalid.Permanent("", format, args...)
	f.Err = cause
	return f
}

func sentence(s string) string {
	const longest = 300
	if len(s) > longest {
		s = strings.ToValidUTF8(s[:longest], "") + "..."
	}
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func ident(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func sslMode(e database.Endpoint) string {
	if e.SSLMode == "" {
		return "prefer"
	}
	return e.SSLMode
}
