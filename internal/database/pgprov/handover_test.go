package pgprov

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/fault"
)

// ownWork is what a role can own or be granted in a database, as its owner
// makes it when it acts for itself.
var ownWork = []string{
	"SET ROLE NONE", `CREATE SCHEMA "own ""one"`, `SET search_path = "own ""one"`,
	"CREATE TABLE t (n serial, m int GENERATED ALWAYS AS IDENTITY, v text)", "CREATE TABLE parts (n int) PARTITION BY LIST (n)", "CREATE TABLE part PARTITION OF parts FOR VALUES IN (1)",
	"CREATE SEQUENCE free", "CREATE VIEW w AS SELECT n FROM t", "CREATE MATERIALIZED VIEW k AS SELECT n FROM t", "CREATE INDEX ON t (v)", "CREATE STATISTICS st ON n, v FROM t",
	"CREATE TYPE ty AS (a int)", "CREATE TYPE e AS ENUM ('a')", "CREATE DOMAIN d AS int", "CREATE TYPE ra AS RANGE (subtype = int)",
	"CREATE FUNCTION f(int, ty) RETURNS int LANGUAGE sql AS 'SELECT $1'", "CREATE FUNCTION g(int, int) RETURNS int LANGUAGE sql AS 'SELECT $1'",
	"CREATE PROCEDURE p(int) LANGUAGE sql AS ''", "CREATE AGGREGATE ag (int) (sfunc = g, stype = int)",
	"CREATE AGGREGATE ordered (int ORDER BY int) (sfunc = g, stype = int)",
	"CREATE OPERATOR &&&+& (function = g, leftarg = int, rightarg = int)", "CREATE COLLATION co FROM \"C\"", "CREATE CONVERSION cv FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8",
	"CREATE TEXT SEARCH DICTIONARY di (template = simple)", "CREATE TEXT SEARCH CONFIGURATION cf (parser = \"default\")",
	"SELECT lo_create(77)", "GRANT SELECT ON LARGE OBJECT 77 TO PUBLIC", "CREATE PUBLICATION pub FOR TABLE t",
	"ALTER TABLE t ENABLE ROW LEVEL SECURITY", "CREATE POLICY his ON t TO %g", "CREATE POLICY ours ON t TO %g, %r",
	"ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC", "ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC",
	"ALTER DEFAULT PRIVILEGES IN SCHEMA \"own \"\"one\" GRANT USAGE ON TYPES TO %r", "ALTER DEFAULT PRIVILEGES REVOKE ALL ON SEQUENCES FROM %g",
	"GRANT UPDATE ON t TO %r", "GRANT INSERT (v) ON t TO PUBLIC",
	"SET ROLE %r", "CREATE TABLE public.logins (n int, v text)", "GRANT ALL ON public.logins TO %g WITH GRANT OPTION", "GRANT UPDATE (v) ON public.logins TO %g",
	"CREATE SEQUENCE public.s", "GRANT ALL ON SEQUENCE public.s TO %g", "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "GRANT ALL ON FUNCTION public.f() TO %g",
	"CREATE TYPE public.ty AS ENUM ('a')", "GRANT ALL ON TYPE public.ty TO %g", "GRANT ALL ON SCHEMA public TO %g",
	"ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO %g", "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO %g",
	"SELECT lo_create(78)", "GRANT ALL ON LARGE OBJECT 78 TO %g",
}

// noTenants is what only a superuser can give, and take back.
var noTenants = []string{"GRANT USAGE ON FOREIGN DATA WRAPPER fdw TO %g"}

// fromRoot is what a superuser gave to the role in the database.
var fromRoot = []string{
	"CREATE FOREIGN DATA WRAPPER fdw", "CREATE SERVER se FOREIGN DATA WRAPPER fdw", "GRANT USAGE ON FOREIGN DATA WRAPPER fdw TO %r", "ALTER SERVER se OWNER TO %g",
	"CREATE SERVER other FOREIGN DATA WRAPPER fdw OPTIONS (a 'b')", "ALTER SERVER other OWNER TO %r", "GRANT USAGE ON FOREIGN SERVER other TO %g", "CREATE USER MAPPING FOR %g SERVER se",
	"CREATE OPERATOR FAMILY public.fa USING btree", "ALTER OPERATOR FAMILY public.fa USING btree OWNER TO %g",
	"CREATE OPERATOR CLASS public.cl FOR TYPE int USING btree AS STORAGE int", "ALTER OPERATOR CLASS public.cl USING btree OWNER TO %g",
	"CREATE TRUSTED LANGUAGE la HANDLER plpgsql_call_handler", "ALTER LANGUAGE la OWNER TO %r", "GRANT USAGE ON LANGUAGE la TO %g",
}

func (g guest) fill(stmts []string) []string {
	out := make([]string, len(stmts))
	for i, s := range stmts {
		out[i] = strings.NewReplacer("%g", ident(g.Login.Name), "%r", ident(g.Space.Login)).Replace(s)
	}
	return out
}

// schemaOf is what pg_dump says of a database, with its names left out.
func schemaOf(t *testing.T, g guest) string {
	t.Helper()
	cmd := exec.Command("pg_dump", "--schema-only", "--blobs", "-d", cluster.ConnString(g.Space.Name).Reveal())
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	require.NoError(t, err, said.String())
	text := strings.NewReplacer(g.Login.Name, "GUEST", g.Space.Login, "LOGIN", g.Space.WorkName, "WORK", g.Space.Name, "BASE").Replace(string(out))
	text = strings.ReplaceAll(text, "GUEST, LOGIN", "LOGIN, GUEST") // as pg_roles happens to have them
	return regexp.MustCompile(`(?m)^(--|\\).*\n`).ReplaceAllString(text, "")
}

// lend gives the role a database, a tablespace and rights that are a stranger's,
// and returns what tells whether they are as they were.
func lend(t *testing.T, g guest) func() string {
	t.Helper()
	stranger, role := "stranger_"+g.Login.Name, ident(g.Login.Name)
	sql(t, "postgres", "CREATE DATABASE "+stranger, "CREATE DATABASE "+stranger+"_2", "ALTER DATABASE "+stranger+" OWNER TO "+role,
		"GRANT CONNECT ON DATABASE "+stranger+"_2 TO "+role, "SET allow_in_place_tablespaces = on", "CREATE TABLESPACE "+stranger+" OWNER "+role+" LOCATION ''",
		"GRANT SET ON PARAMETER log_min_messages TO "+role)
	t.Cleanup(func() { takeBack(t, g) })
	return func() string {
		return ask(t, "postgres", `SELECT string_agg(x, ' ' ORDER BY x) FROM (
			SELECT d.datname || ' ' || pg_get_userbyid(d.datdba) || ' ' || coalesce(d.datacl::text, '') FROM pg_database d WHERE d.datname LIKE $1 || '%'
			UNION ALL SELECT s.spcname || ' ' || pg_get_userbyid(s.spcowner) FROM pg_tablespace s WHERE s.spcname = $1
			UNION ALL SELECT p.parname || ' ' || p.paracl::text FROM pg_parameter_acl p WHERE p.parname = 'log_min_messages') t(x)`, stranger)
	}
}

// takeBack is what the stranger does about lend; a second time it does nothing.
func takeBack(t *testing.T, g guest) {
	t.Helper()
	stranger := "stranger_" + g.Login.Name
	ctx := context.Background() // t.Context() is already over in a cleanup
	conn, err := pgx.Connect(ctx, cluster.ConnString("postgres").Reveal())
	require.NoError(t, err)
	defer func() { _ = conn.Close(ctx) }()
	for _, s := range []string{"DROP DATABASE IF EXISTS " + stranger, "DROP DATABASE IF EXISTS " + stranger + "_2", "DROP TABLESPACE IF EXISTS " + stranger} {
		_, err := conn.Exec(ctx, s)
		require.NoError(t, err, s)
	}
	var there bool
	require.NoError(t, conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", g.Login.Name).Scan(&there))
	if there {
		_, err = conn.Exec(ctx, "REVOKE ALL ON PARAMETER log_min_messages FROM "+ident(g.Login.Name))
		require.NoError(t, err)
	}
}

// What is shared with other databases and is not ours stays a role's when its
// rights change or go, and everything in its own database is handed over as
// PostgreSQL itself does it for a role that has nothing else.
func TestHandOver_WhatIsSharedStays(t *testing.T) {
	eachAdmin(t, func(t *testing.T, w *world) {
		plain, lent := w.newGuest(t, w.newHost(t), database.Owner), w.newGuest(t, w.newHost(t), database.Owner)
		for _, g := range []guest{plain, lent} {
			w.admit(t, g)
			do(t, g.enter(t), g.fill(ownWork)...)
			sql(t, g.Space.Name, g.fill(fromRoot)...)
			if !w.plain {
				sql(t, g.Space.Name, g.fill(noTenants)...)
			}
		}
		strangers := lend(t, lent)
		before := strangers()
		require.Contains(t, before, "stranger_"+lent.Login.Name+" "+lent.Login.Name)
		require.Equal(t, schemaOf(t, plain), schemaOf(t, lent))

		for _, g := range []guest{plain, lent} {
			g.Rights = database.ReadOnly
			require.NoError(t, w.GrantRights(t.Context(), g.Member))
			require.Equal(t, engine.Matches, w.rights(t, g).State)
			r := g.enter(t)
			deny(t, r, `INSERT INTO public.logins VALUES (1)`, `UPDATE public.logins SET v = ''`, `DROP TABLE "own ""one".t`, "SELECT nextval('public.s')", "SELECT lo_unlink(77)", "CREATE TABLE public.x (n int)")
		}
		require.Equal(t, schemaOf(t, plain), schemaOf(t, lent), "a change of rights")
		require.Equal(t, before, strangers())

		for _, g := range []guest{plain, lent} {
			require.NoError(t, w.RevokeRights(t.Context(), g.Member))
			require.Equal(t, engine.Absent, w.rights(t, g).State)
			require.Equal(t, "0", ask(t, g.Space.Name, `SELECT count(*)::text FROM pg_shdepend s, pg_database d WHERE d.datname = current_database()
				AND (s.dbid = d.oid OR s.classid = 'pg_database'::regclass AND s.objid = d.oid) AND s.refobjid = $1::regrole`, g.Login.Name))
		}
		require.Equal(t, schemaOf(t, plain), schemaOf(t, lent), "the end of all rights")
		require.NotContains(t, schemaOf(t, lent), "GUEST")
		require.Equal(t, before, strangers())

		require.NoError(t, w.DropLogin(t.Context(), plain.Login))
		stranger := "stranger_" + lent.Login.Name
		err := w.DropLogin(t.Context(), lent.Login)
		require.Equal(t, fault.Conflict, fault.CodeOf(err))
		for _, what := range []string{"database " + stranger + ",", "database " + stranger + "_2", "tablespace " + stranger, "parameter log_min_messages"} {
			require.ErrorContains(t, err, what)
		}
		require.Equal(t, before, strangers())
		takeBack(t, lent)
		require.NoError(t, w.DropLogin(t.Context(), lent.Login))
	})
}

// An extension can only be handed over with everything else that the role owns.
func TestHandOver_Extension(t *testing.T) {
	eachAdmin(t, func(t *testing.T, w *world) {
		g := w.newGuest(t, w.newHost(t), database.Owner)
		w.admit(t, g)
		do(t, g.enter(t), "SET ROLE NONE", "CREATE EXTENSION pgcrypto")
		strangers := lend(t, g)
		before := strangers()
		err := w.RevokeRights(t.Context(), g.Member)
		require.Equal(t, fault.Conflict, fault.CodeOf(err), "%v", err)
		require.ErrorContains(t, err, "extension pgcrypto")
		require.ErrorContains(t, err, "database stranger_"+g.Login.Name)
		require.Equal(t, before, strangers())
		_, err = connect(t, g.Login.Name, g.password, g.Space.Name)
		require.Error(t, err, "it is shut out all the same")

		takeBack(t, g)
		require.NoError(t, w.RevokeRights(t.Context(), g.Member))
		require.Equal(t, g.Space.Login, ask(t, g.Space.Name, "SELECT pg_get_userbyid(extowner)::text FROM pg_extension WHERE extname = 'pgcrypto'"))
		require.NoError(t, w.DropLogin(t.Context(), g.Login))
	})
}

// What is given to the role after it was looked at is not taken along either.
func TestHandOver_GivenMeanwhile(t *testing.T) {
	eachAdmin(t, func(t *testing.T, w *world) {
		g := w.newGuest(t, w.newHost(t), database.Owner)
		w.admit(t, g)
		do(t, g.enter(t), "SET ROLE NONE", "CREATE SCHEMA own", "CREATE TABLE own.t (n int)")
		var strangers func() string
		var before string
		looks := 0
		ctx := engine.WithPoints(t.Context(), func(name string) error {
			if name == "revoking" {
				if looks++; looks == 1 {
					strangers = lend(t, g)
					before = strangers()
				}
			}
			return nil
		})
		require.NoError(t, w.RevokeRights(ctx, g.Member))
		require.Equal(t, 2, looks)
		require.Equal(t, before, strangers())
		require.Equal(t, g.Space.Login, ask(t, g.Space.Name, "SELECT pg_get_userbyid(relowner)::text FROM pg_class WHERE oid = 'own.t'::regclass"))
	})
}

// Its own database goes back to the admin, and never to the tenant's login.
func TestHandOver_OwnDatabase(t *testing.T) {
	eachAdmin(t, func(t *testing.T, w *world) {
		for _, also := range []bool{false, true} {
			g := w.newGuest(t, w.newHost(t), database.ReadWrite)
			w.admit(t, g)
			sql(t, "postgres", "ALTER DATABASE "+ident(g.Space.Name)+" OWNER TO "+ident(g.Login.Name))
			if also {
				lend(t, g)
			}
			require.NoError(t, w.RevokeRights(t.Context(), g.Member))
			require.Equal(t, w.addr.User, ask(t, "postgres", "SELECT pg_get_userbyid(datdba)::text FROM pg_database WHERE datname = $1", g.Space.Name))
			takeBack(t, g)
			require.NoError(t, w.DropLogin(t.Context(), g.Login))
		}
	})
}

// What only a superuser may own is a superuser's again, if the admin is one.
func TestHandOver_WhatIsASuperusers(t *testing.T) {
	eachAdmin(t, func(t *testing.T, w *world) {
		for _, also := range []bool{false, true} {
			g := w.newGuest(t, w.newHost(t), database.Owner)
			w.admit(t, g)
			role := ident(g.Login.Name)
			sql(t, g.Space.Name, "ALTER ROLE "+role+" SUPERUSER",
				"CREATE FOREIGN DATA WRAPPER \"odd-w\"", "ALTER FOREIGN DATA WRAPPER \"odd-w\" OWNER TO "+role,
				"CREATE FUNCTION public.ev() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'",
				"CREATE EVENT TRIGGER ev ON ddl_command_end EXECUTE FUNCTION public.ev()", "ALTER EVENT TRIGGER ev OWNER TO "+role, "ALTER ROLE "+role+" NOSUPERUSER")
			if also {
				lend(t, g)
			}
			owners := func() string {
				return ask(t, g.Space.Name, `SELECT pg_get_userbyid(fdwowner) || ' ' || pg_get_userbyid(evtowner) FROM pg_foreign_data_wrapper, pg_event_trigger WHERE evtname = 'ev' AND fdwname = 'odd-w'`)
			}
			err := w.RevokeRights(t.Context(), g.Member)
			if w.plain {
				require.Equal(t, fault.Conflict, fault.CodeOf(err), "%v", err)
				require.ErrorContains(t, err, "event trigger ev")
				require.ErrorContains(t, err, `foreign-data wrapper "odd-w"`)
				require.Equal(t, g.Login.Name+" "+g.Login.Name, owners())
				sql(t, g.Space.Name, "DROP EVENT TRIGGER ev", `DROP FOREIGN DATA WRAPPER "odd-w"`)
				require.NoError(t, w.RevokeRights(t.Context(), g.Member))
			} else {
				require.NoError(t, err)
				require.Equal(t, rootUser+" "+rootUser, owners())
			}
			takeBack(t, g)
			require.NoError(t, w.DropLogin(t.Context(), g.Login))
		}
	})
}

// A job's role leaves nothing either, and what is not ours stays its own.
func TestHandOver_JobRole(t *testing.T) {
	eachAdmin(t, func(t *testing.T, w *world) {
		x := w.newHost(t)
		g := w.newGuest(t, x, database.Owner) // for its names and password alone
		r := database.JobRole{Login: g.Login, Space: x.space, Until: time.Now().Add(time.Hour)}
		_, err := w.GrantJobRole(t.Context(), r)
		require.NoError(t, err)
		do(t, g.enter(t), "SET ROLE NONE", fmt.Sprintf("SET ROLE %s", ident(x.login.Name)), "GRANT ALL ON SCHEMA public TO "+ident(g.Login.Name), "SET ROLE NONE", "CREATE TABLE public.made (n int)")
		strangers := lend(t, g)
		before := strangers()
		err = w.DropJobRole(t.Context(), r)
		require.Equal(t, fault.Conflict, fault.CodeOf(err), "%v", err)
		require.ErrorContains(t, err, "database stranger_"+g.Login.Name)
		require.Equal(t, before, strangers())
		require.Equal(t, x.login.Name, ask(t, x.space.Name, "SELECT pg_get_userbyid(relowner)::text FROM pg_class WHERE oid = 'public.made'::regclass"))
		takeBack(t, g)
		require.NoError(t, w.DropJobRole(t.Context(), r))
	})
}
