package pgprov

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/fault"
)

// Versions that decide something, as server_version_num has them.
const (
	oldestVersion      = 130000 // DROP DATABASE WITH (FORCE)
	parameterGrants    = 150000 // GRANT SET ON PARAMETER
	boundedCreateRole  = 160000 // CREATEROLE no longer reaches every role
	fewFreeConnections = maxConns
)

// traits are what one look at a server finds.
type traits struct {
	cluster                             int64
	version                             string
	number                              int
	superuser, createDB, createRole     bool
	readStats, endSessions, canTempFile bool
	standby, readOnly                   bool
	openToPublic                        []string
	free, most                          int
}

// The numbers of backends are everybody's to see, unlike the rows of
// pg_stat_activity. Only from PostgreSQL 15 on is there a right to a parameter,
// and only from 16 on are there connections reserved for others.
const (
	selectTraits = `
SELECT (SELECT system_identifier FROM pg_control_system()), split_part(current_setting('server_version'), ' ', 1),
       current_setting('server_version_num')::int, r.rolsuper, r.rolsuper OR r.rolcreatedb, r.rolsuper OR r.rolcreaterole,
       pg_has_role('pg_read_all_stats', 'USAGE'), pg_has_role('pg_signal_backend', 'USAGE'),
       pg_is_in_recovery(), current_setting('transaction_read_only')::bool,
       ARRAY(SELECT d.datname::text FROM pg_database d WHERE d.datname IN ('postgres', 'template1')
             AND d.datallowconn AND has_database_privilege('public', d.oid, 'CONNECT') ORDER BY 1),
       current_setting('max_connections')::int
         - CASE WHEN r.rolsuper THEN 0 ELSE current_setting('superuser_reserved_connections')::int
             + coalesce(current_setting('reserved_connections', true), '0')::int END
         - (SELECT sum(numbackends) FROM pg_stat_database)::int,
       current_setting('max_connections')::int
FROM pg_roles r WHERE r.rolname = current_user`
	maySetTempFileLimit = `SELECT has_parameter_privilege('temp_file_limit', 'SET')`
)

// inspect asks over a connection of its own, so that it finds what a new one
// finds, and whether or not the breaker lets others connect.
func (s *server) inspect(ctx context.Context) (database.Inspection, error) {
	var t traits
	conn, err := s.connect(ctx, adminDatabase)
	connected := err == nil
	if connected {
		t, err = s.look(ctx, conn)
		hangUp(ctx, conn)
	}
	switch {
	case errors.Is(err, context.Canceled):
		return database.Inspection{}, err
	case errors.Is(err, errPanel):
		return database.Inspection{Reachable: true, Panel: true, Blocked: true, Problems: []string{
			"This is the PostgreSQL cluster of the panel itself: tenants there would reach the panel. Register another cluster.",
		}}, nil
	case err != nil && connected && fault.CodeOf(err) != fault.Unavailable:
		return database.Inspection{Reachable: true, Blocked: true, Problems: []string{
			fmt.Sprintf("The server could not be looked at: %v. See what the role %s may do.", err, s.addr.User),
		}}, nil
	case err != nil:
		return database.Inspection{Problems: []string{s.whyAway(err)}}, nil
	}
	return s.judge(t), nil
}

func (s *server) look(ctx context.Context, conn *pgx.Conn) (t traits, err error) {
	err = conn.QueryRow(ctx, selectTraits).Scan(&t.cluster, &t.version, &t.number, &t.superuser, &t.createDB, &t.createRole,
		&t.readStats, &t.endSessions, &t.standby, &t.readOnly, &t.openToPublic, &t.free, &t.most)
	if err != nil {
		return t, s.wrap(err, "look at the server")
	}
	t.canTempFile = t.superuser
	if !t.superuser && t.number >= parameterGrants {
		err = conn.QueryRow(ctx, maySetTempFileLimit).Scan(&t.canTempFile)
	}
	return t, s.wrap(err, "look at the server")
}

// whyAway is for staff: unlike the fault, it says what the server said.
func (s *server) whyAway(err error) string {
	admin := ident(s.addr.User)
	switch codeOf(err) {
	case invalidPassword, invalidLogin:
		f, _ := errors.AsType[*failure](err)
		return fmt.Sprintf("The server refuses the role %s: %s. Give its password with updateDatabaseServer, or run as a superuser: "+
			"ALTER ROLE %s LOGIN PASSWORD '...'; and see pg_hba.conf.", s.addr.User, f.text, admin)
	case insufficientPrivilege:
		return fmt.Sprintf("The role %s may not connect. Run as a superuser: GRANT CONNECT ON DATABASE %s TO %s;", s.addr.User, adminDatabase, admin)
	case tooManyConnections:
		return "The server has no free connection. Close some, or run as a superuser: ALTER SYSTEM SET max_connections = 200; and restart it."
	}
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f.Message + " Check host, port, TLS mode, firewall, and that it runs."
	}
	return fmt.Sprintf("The server cannot be reached: %v.", err)
}

// A need is what the panel would have of a server: what to tell when it is not
// met, and the command that helps.
type need struct {
	name    string // of the capability; "" for a problem that takes none away
	met     bool
	blocks  bool // nothing can be made without it
	silent  bool // a server may well be without it
	problem string
	fix     string
}

func (s *server) judge(t traits) database.Inspection {
	user, admin := s.addr.User, ident(s.addr.User)
	in := database.Inspection{Reachable: true, Cluster: t.cluster, Version: t.version}
	noLimit := "Run as a superuser: GRANT SET ON PARAMETER temp_file_limit TO " + admin + ";"
	if t.number < parameterGrants {
		noLimit = "Upgrade to PostgreSQL 15 or later, or run as a superuser: ALTER ROLE " + admin + " SUPERUSER;"
	}
	var create []string
	if !t.createDB {
		create = append(create, "CREATEDB")
	}
	if !t.createRole {
		create = append(create, "CREATEROLE")
	}
	for _, n := range []need{
		{
			name: "create_databases", met: len(create) == 0, blocks: true,
			problem: fmt.Sprintf("The role %s may not create databases with their logins.", user),
			fix:     "Run as a superuser: ALTER ROLE " + admin + " " + strings.Join(create, " ") + ";",
		},
		{
			name: "temp_file_limit", met: t.canTempFile, blocks: true,
			problem: fmt.Sprintf("The role %s may not bound the temporary files of a login.", user), fix: noLimit,
		},
		{
			name: "read_statistics", met: t.readStats,
			problem: fmt.Sprintf("The role %s may not read sizes and sessions of databases.", user),
			fix:     "Run as a superuser: GRANT pg_read_all_stats TO " + admin + ";",
		},
		{
			name: "end_sessions", met: t.endSessions, blocks: true,
			problem: fmt.Sprintf("The role %s may not end the sessions of tenants.", user),
			fix:     "Run as a superuser: GRANT pg_signal_backend TO " + admin + ";",
		},
		{
			name: "isolated_from_public", met: len(t.openToPublic) == 0,
			problem: fmt.Sprintf("PUBLIC may connect to %s, so every tenant can.", strings.Join(t.openToPublic, " and ")),
			fix: "Run as a superuser: GRANT CONNECT ON DATABASE " + adminDatabase + " TO " + admin + "; REVOKE CONNECT ON DATABASE " +
				strings.Join(t.openToPublic, ", ") + " FROM PUBLIC;",
		},
		{
			met: t.number >= oldestVersion, blocks: true,
			problem: "PostgreSQL " + t.version + " is too old.", fix: "Upgrade to PostgreSQL 16 or later.",
		},
		{
			met:     t.superuser || !t.createRole || t.number >= boundedCreateRole,
			problem: fmt.Sprintf("Before PostgreSQL 16 a role with CREATEROLE can become as powerful as a superuser: guard the password of %s like one.", user),
			fix:     "Upgrade to PostgreSQL 16 or later.",
		},
		{
			met: !t.standby, blocks: true,
			problem: "The server is a standby, which accepts no changes.", fix: "Give the address of the primary, or run as a superuser: SELECT pg_promote();",
		},
		{
			met: t.standby || !t.readOnly, blocks: true,
			problem: "The server accepts no changes: default_transaction_read_only is on.",
			fix:     "Run as a superuser: ALTER SYSTEM RESET default_transaction_read_only; SELECT pg_reload_conf();",
		},
		{
			met:     t.free >= fewFreeConnections,
			problem: fmt.Sprintf("Only %d of %d connections are free; the panel takes up to %d.", max(0, t.free), t.most, maxConns),
			fix:     fmt.Sprintf("Run as a superuser: ALTER SYSTEM SET max_connections = %d; and restart the server.", min(2*t.most, math.MaxInt16)),
		},
		{
			name: "read_verifiers", met: t.superuser, silent: true,
			problem: "Only a superuser can compare passwords.", fix: "Run as a superuser: ALTER ROLE " + admin + " SUPERUSER;",
		},
	} {
		if n.name != "" {
			c := &database.Capability{Name: n.name, Available: n.met}
			if !n.met {
				hint := n.problem + " " + n.fix
				c.Hint = &hint
			}
			in.Capabilities = append(in.Capabilities, c)
		}
		if !n.met && !n.silent {
			in.Problems = append(in.Problems, n.problem+" "+n.fix)
			in.Blocked = in.Blocked || n.blocks
		}
	}
	return in
}
