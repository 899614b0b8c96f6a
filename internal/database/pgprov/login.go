package pgprov

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/secret"
)

// A role is what the server knows about a login.
type role struct {
	oid       uint32 // 0: there is none
	mark      string
	canLogin  bool
	limit     int
	escalated bool // may do more on the server than log in
	expires   bool
	settings  []string // of all databases, as name=value
	superuser bool     // the admin who looked is one
	verifier  secret.Text
	readable  bool // verifier was asked for and could be read
}

func (r role) exists() bool { return r.oid != 0 }

// dest is where the columns of selectRole go.
func (r *role) dest() []any {
	return []any{&r.oid, &r.mark, &r.canLogin, &r.limit, &r.escalated, &r.expires, &r.settings, &r.superuser}
}

// A role's verifier is readable for superusers only, and naming pg_authid is
// enough to be refused: hence two queries.
const (
	selectRole  = `SELECT r.oid, coalesce(shobj_description(r.oid, 'pg_authid'), '')` + roleColumns
	roleColumns = `, r.rolcanlogin, r.rolconnlimit,
       r.rolsuper OR r.rolcreatedb OR r.rolcreaterole OR r.rolreplication OR r.rolbypassrls,
       coalesce(r.rolvaliduntil <> 'infinity', false),
       coalesce((SELECT c.setconfig FROM pg_db_role_setting c WHERE c.setrole = r.oid AND c.setdatabase = 0), '{}'),
       current_setting('is_superuser') = 'on'`
	fromRoles    = ` FROM pg_roles r WHERE r.rolname = $1`
	withVerifier = `, (SELECT coalesce(a.rolpassword, '') FROM pg_authid a WHERE a.oid = r.oid)`
)

// lookRole never has the server compare verifiers: an argument of a query may be
// logged there.
func (s *server) lookRole(ctx context.Context, name string, verifier bool) (role, error) {
	pool, err := s.admin()
	if err != nil {
		return role{}, err
	}
	what := "look at role " + name
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return role{}, s.wrap(err, what)
	}
	defer conn.Release()

	var (
		r      role
		stored string
		sql    = selectRole
		dest   = r.dest()
	)
	r.readable = verifier && conn.Conn().PgConn().ParameterStatus("is_superuser") == "on"
	if r.readable {
		sql += withVerifier
		dest = append(dest, &stored)
	}
	switch err := conn.QueryRow(ctx, sql+fromRoles, name).Scan(dest...); {
	case errors.Is(err, pgx.ErrNoRows):
		return role{}, nil
	case err != nil:
		return role{}, s.wrap(err, what)
	}
	r.verifier = secret.New(stored)
	return r, nil
}

// ObserveLogin compares the role with l. The verifier is left out when the
// admin may not read it or l has none.
func (s *server) ObserveLogin(ctx context.Context, l database.Login) (engine.Observed, error) {
	if err := checkLogin(l); err != nil {
		return engine.Observed{}, err
	}
	r, err := s.lookRole(ctx, l.Name, !l.Verifier.IsZero())
	if err != nil {
		return engine.Observed{}, err
	}
	switch {
	case !r.exists():
		return engine.Observed{State: engine.Absent}, nil
	case r.mark != l.Mark:
		return engine.Observed{State: engine.Foreign, Detail: "The server has a role of that name that is not ours."}, nil
	}
	if d := r.differences(l); len(d) > 0 {
		return engine.Observed{State: engine.Differs, Detail: strings.Join(d, " ")}, nil
	}
	return engine.Observed{State: engine.Matches}, nil
}

// differences are sentences, and none of them tells a verifier.
func (r role) differences(l database.Login) []string {
	var d []string
	if !r.canLogin {
		d = append(d, "The role may not log in.")
	}
	if r.expires {
		d = append(d, "The role's password expires.")
	}
	if r.escalated {
		d = append(d, "The role may do more than log in.")
	}
	if r.limit != l.ConnectionLimit {
		d = append(d, fmt.Sprintf("The role's connection limit is %d instead of %d.", r.limit, l.ConnectionLimit))
	}
	if !slices.Contains(r.settings, fmt.Sprintf("temp_file_limit=%d", l.TempFileLimitKiB)) {
		d = append(d, fmt.Sprintf("The role's temp_file_limit is not %d KiB.", l.TempFileLimitKiB))
	}
	if r.readable && subtle.ConstantTimeCompare([]byte(r.verifier.Reveal()), []byte(l.Verifier.Reveal())) == 0 {
		d = append(d, "The role's password is another one.")
	}
	return d
}

// EnsureLogin makes the role, or changes ours to be as l says: it can log in.
// The role, its limits and its mark appear at once or not at all.
func (s *server) EnsureLogin(ctx context.Context, l database.Login) error {
	if err := checkWish(l); err != nil {
		return err
	}
	return settle(func() error {
		r, err := s.lookRole(ctx, l.Name, false)
		switch {
		case err != nil:
			return err
		case !r.exists():
			return s.change(ctx,
				waitForEarlier(l.Name),
				stmt{"create role " + l.Name, "CREATE ROLE " + ident(l.Name) + attributes(l, true)},
				tempFileLimit(l),
				stmt{"mark role " + l.Name, "COMMENT ON ROLE " + ident(l.Name) + " IS " + literal(l.Mark)})
		case r.mark != l.Mark:
			return roleTaken()
		}
		return s.change(ctx,
			stmt{"change role " + l.Name, "ALTER ROLE " + ident(l.Name) + attributes(l, r.superuser)},
			tempFileLimit(l))
	})
}

func roleTaken() error {
	return fault.Conflict.Permanent("name", "The server already has a role of that name.")
}

// attributes are the options of CREATE ROLE and ALTER ROLE. Up to PostgreSQL 15
// only a superuser may name the last three in ALTER, even to deny them; no one
// else can have given them to the role either.
func attributes(l database.Login, all bool) string {
	a := fmt.Sprintf(" LOGIN PASSWORD %s VALID UNTIL 'infinity' CONNECTION LIMIT %d NOCREATEDB NOCREATEROLE",
		literal(l.Verifier.Reveal()), l.ConnectionLimit)
	if all {
		a += " NOSUPERUSER NOREPLICATION NOBYPASSRLS"
	}
	return a
}

// tempFileLimit is the one limit of a session that the session cannot lift.
func tempFileLimit(l database.Login) stmt {
	return stmt{"limit temporary files of role " + l.Name,
		fmt.Sprintf("ALTER ROLE %s SET temp_file_limit = %d", ident(l.Name), l.TempFileLimitKiB)}
}

// DisableLogin stops the role from logging in and ends its sessions; a role that
// is missing or foreign is left alone.
func (s *server) DisableLogin(ctx context.Context, l database.Login) error {
	if err := checkLogin(l); err != nil {
		return err
	}
	return settle(func() error {
		r, err := s.lookRole(ctx, l.Name, false)
		if err != nil || !r.exists() || r.mark != l.Mark {
			return err
		}
		return s.disable(ctx, l, r)
	})
}

func (s *server) disable(ctx context.Context, l database.Login, r role) error {
	if r.canLogin {
		if err := s.change(ctx, stmt{"disable role " + l.Name, "ALTER ROLE " + ident(l.Name) + " NOLOGIN"}); err != nil {
			return err
		}
	}
	return s.end(ctx, sessions{column: "usesysid", oid: r.oid, of: "role " + l.Name})
}

// waitForEarlier makes a transaction wait for one that makes the same role and
// whose panel is gone; see exclusively.
func waitForEarlier(name string) stmt {
	return stmt{"wait for an earlier attempt at " + name, "SELECT pg_advisory_xact_lock(hashtextextended(" + literal(name) + ", 0))"}
}

// DropLogin removes the role if it is ours, ending its sessions first: one would
// outlive the role. When something on the server still depends on the role, the
// fault.Conflict names where, and the role stays disabled.
func (s *server) DropLogin(ctx context.Context, l database.Login) error {
	if err := checkLogin(l); err != nil {
		return err
	}
	return s.dropMarked(ctx, l)
}

func (s *server) dropMarked(ctx context.Context, l database.Login) error {
	if err := s.change(ctx, waitForEarlier(l.Name)); err != nil {
		return err
	}
	return settle(func() error {
		r, err := s.lookRole(ctx, l.Name, false)
		if err != nil || !r.exists() || r.mark != l.Mark {
			return err
		}
		if err := s.disable(ctx, l, r); err != nil {
			return err
		}
		return s.needed(ctx, r.oid, s.change(ctx, stmt{"drop role " + l.Name, "DROP ROLE IF EXISTS " + ident(l.Name)}))
	})
}

// needed makes a fault.Conflict of the error with which the server refuses to
// drop a role: it lists the databases in which the role owns something or has a
// right, and what it has of what they share.
func (s *server) needed(ctx context.Context, oid uint32, err error) error {
	if codeOf(err) != dependentObjects {
		return err
	}
	var places string
	lookErr := s.queryRow(ctx, "look what depends on a role", `
SELECT coalesce(string_agg(DISTINCT CASE s.dbid WHEN 0 THEN pg_describe_object(s.classid, s.objid, 0)
       ELSE 'database ' || (SELECT d.datname FROM pg_database d WHERE d.oid = s.dbid) END, ', '), 'objects of the server')
FROM pg_shdepend s WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = $1`, []any{oid}, &places)
	if lookErr != nil {
		return errors.Join(err, lookErr)
	}
	return fault.Conflict.Wrap(err, "name", "The role cannot be removed; something still depends on it in: %s.", places)
}
