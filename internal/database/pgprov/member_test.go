package pgprov

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/secret"
)

// A guest is a member and what its customer knows.
type guest struct {
	database.Member
	password secret.Text
}

// member is a further user of the wish's database that nobody has made.
func (x wish) member() database.Member {
	login := x.login
	login.Name, login.Mark = "u_"+login.Name, login.Mark+":member"
	return database.Member{Login: login, Space: x.space, Rights: database.ReadOnly}
}

// newGuest returns a member that no other test has, and removes it in the end.
func (w *world) newGuest(t *testing.T, x wish, rights database.Rights) guest {
	t.Helper()
	n := wishes.Add(1)
	password := secret.NewPassword(24)
	verifier, err := database.ScramVerifier(password)
	require.NoError(t, err)
	g := guest{database.Member{
		Login: database.Login{Name: fmt.Sprintf("u%d_shop_guest", n), Mark: fmt.Sprintf("mpanel:guest:%d", n), Verifier: verifier, ConnectionLimit: 2, TempFileLimitKiB: 1024},
		Space: x.space, Rights: rights,
	}, password}
	t.Cleanup(func() {
		ctx := context.Background()
		require.NoError(t, w.RevokeRights(ctx, g.Member))
		require.NoError(t, w.DropLogin(ctx, g.Login))
	})
	return g
}

// newHost is a database for members; its groups are removed in the end.
func (w *world) newHost(t *testing.T) wish {
	t.Helper()
	x := w.newWish(t)
	t.Cleanup(func() {
		require.NoError(t, w.DropSpace(context.Background(), x.space))
		require.NoError(t, w.DropGroups(context.Background(), x.space))
	})
	x.login.ConnectionLimit, x.space.ConnectionLimit = 10, 10
	w.create(t, x)
	return x
}

func (w *world) admit(t *testing.T, g guest) {
	t.Helper()
	require.NoError(t, w.EnsureLogin(t.Context(), g.Login))
	require.NoError(t, w.GrantRights(t.Context(), g.Member))
	require.Equal(t, engine.Observed{State: engine.Matches}, w.rights(t, g))
}

func (w *world) rights(t *testing.T, g guest) engine.Observed {
	t.Helper()
	o, err := w.ObserveRights(t.Context(), g.Member)
	require.NoError(t, err)
	return o
}

func (g guest) enter(t *testing.T) *pgx.Conn {
	t.Helper()
	conn, err := connect(t, g.Login.Name, g.password, g.Space.Name)
	require.NoError(t, err)
	return conn
}

// do runs statements that must work.
func do(t *testing.T, conn *pgx.Conn, stmts ...string) {
	t.Helper()
	for _, s := range stmts {
		_, err := conn.Exec(t.Context(), s)
		require.NoError(t, err, s)
	}
}

// deny runs statements that must all be refused.
func deny(t *testing.T, conn *pgx.Conn, stmts ...string) {
	t.Helper()
	for _, s := range stmts {
		_, err := conn.Exec(t.Context(), s)
		require.Equal(t, "42501", stateOf(err), "%s: %v", s, err)
	}
}

// writes are the ways to change a table.
func writes(table string) []string {
	return []string{
		"INSERT INTO " + table + " VALUES (9)", "UPDATE " + table + " SET n = 9", "DELETE FROM " + table, "TRUNCATE " + table,
		"COPY " + table + " FROM STDIN", "SELECT * FROM " + table + " FOR UPDATE", "DO $$ BEGIN LOCK " + table + " IN EXCLUSIVE MODE; END $$",
		"MERGE INTO " + table + " t USING (SELECT 1 AS n) s ON t.n = s.n WHEN NOT MATCHED THEN INSERT VALUES (1)",
		"CREATE INDEX ON " + table + " (n)", "ALTER TABLE " + table + " ADD COLUMN m int", "DROP TABLE " + table,
		"ALTER TABLE " + table + " OWNER TO CURRENT_USER",
		"CREATE RULE r AS ON INSERT TO " + table + " DO ALSO NOTHING",
		"CREATE TRIGGER t BEFORE INSERT ON " + table + " EXECUTE FUNCTION pg_catalog.suppress_redundant_updates_trigger()",
	}
}

func TestMember_ReadOnlyReadsEverythingAndWritesNothing(t *testing.T) {
	eachAdmin(t, func(t *testing.T, w *world) {
		x := w.newHost(t)
		main := x.enter(t, x.space.Name)
		do(t, main, "CREATE TABLE old (n int)", "INSERT INTO old VALUES (1)", "CREATE VIEW seen AS SELECT n FROM old", "CREATE SEQUENCE counter",
			`CREATE SCHEMA "Odd ""one"`, `CREATE TABLE "Odd ""one"."a.b" AS SELECT 1 AS n`, "CREATE MATERIALIZED VIEW kept AS SELECT n FROM old",
			"CREATE TABLE parts (n int) PARTITION BY LIST (n)", "CREATE TABLE part1 PARTITION OF parts FOR VALUES IN (1)")
		reader, writer, owner := w.newGuest(t, x, database.ReadOnly), w.newGuest(t, x, database.ReadWrite), w.newGuest(t, x, database.Owner)
		w.admit(t, reader)
		r := reader.enter(t)
		// Those who make something come after the one who reads it.
		w.admit(t, writer)
		w.admit(t, owner)
		do(t, main, "CREATE TABLE newer AS SELECT 1 AS n", "CREATE SCHEMA later", "CREATE TABLE later.newest AS SELECT 1 AS n",
			"GRANT CREATE ON SCHEMA public TO "+ident(writer.Login.Name))
		do(t, writer.enter(t), "CREATE TABLE writers AS SELECT 1 AS n")
		o := owner.enter(t)
		do(t, o, "CREATE TABLE owners AS SELECT 1 AS n", "CREATE SCHEMA theirs", "CREATE TABLE theirs.t AS SELECT 1 AS n", "RESET ROLE", "SET ROLE NONE",
			"CREATE SCHEMA own", "CREATE TABLE own.t AS SELECT 1 AS n", "CREATE SEQUENCE own.s")
		tables := []string{
			"old", `"Odd ""one"."a.b"`, "parts", "part1", "newer", "later.newest", "writers", "owners", "theirs.t", "own.t",
		}
		for _, table := range tables {
			do(t, r, "SELECT * FROM "+table, "COPY (SELECT * FROM "+table+") TO STDOUT", "GRANT ALL ON "+table+" TO CURRENT_USER") // no more than a warning
			deny(t, r, writes(table)...)
		}
		do(t, r, "SELECT * FROM seen", "SELECT * FROM kept", "SELECT last_value FROM counter", "SELECT last_value FROM own.s")
		main2 := x.enter(t, x.space.Name)
		do(t, main2, "SELECT * FROM own.t", "INSERT INTO own.t VALUES (2)", "CREATE TABLE own.mains (n int)", "DROP TABLE owners", "DROP SCHEMA theirs CASCADE")
		deny(t, r,
			"SELECT nextval('counter')", "SELECT setval('counter', 5)", "REFRESH MATERIALIZED VIEW kept", "INSERT INTO seen VALUES (1)",
			"CREATE TABLE mine (n int)", "CREATE TABLE later.mine (n int)", "CREATE SCHEMA mine", "CREATE TEMP TABLE mine (n int)", "CREATE EXTENSION pgcrypto",
			"CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "CREATE TYPE public.e AS ENUM ('a')",
			"SET ROLE "+ident(x.login.Name), "SET ROLE "+ident(writers(x.space)), "SET ROLE "+ident(owner.Login.Name), "SET ROLE "+ident(w.addr.User),
			"SET SESSION AUTHORIZATION "+ident(x.login.Name), "GRANT "+ident(x.login.Name)+" TO CURRENT_USER",
			"ALTER DEFAULT PRIVILEGES FOR ROLE "+ident(x.login.Name)+" GRANT INSERT ON TABLES TO "+ident(reader.Login.Name),
			"ALTER SCHEMA public OWNER TO CURRENT_USER", "ALTER ROLE CURRENT_USER CONNECTION LIMIT 50", "ALTER ROLE CURRENT_USER SET temp_file_limit = -1",
			"REASSIGN OWNED BY "+ident(x.login.Name)+" TO CURRENT_USER", "SELECT rolpassword FROM pg_authid",
		)
		// What it may still become has no more than it, and is no way in.
		do(t, r, "SET ROLE "+ident(readers(x.space)), "ALTER ROLE "+ident(readers(x.space))+" PASSWORD 'x'")
		for _, table := range tables[:4] {
			deny(t, r, writes(table)...)
		}
		_, err := connect(t, readers(x.space), secret.New("x"), x.space.Name)
		require.Error(t, err, "a group has no login")
		require.Equal(t, allMatch, w.states(t, x), "members are no drift of their database")
		for _, g := range []guest{reader, writer, owner} {
			require.Equal(t, engine.Matches, w.rights(t, g).State)
		}
	})
}

func TestMember_ReadWriteChangesRowsAndOwnerEverything(t *testing.T) {
	eachAdmin(t, func(t *testing.T, w *world) {
		x := w.newHost(t)
		main := x.enter(t, x.space.Name)
		do(t, main, "CREATE TABLE old (n serial, v int)")
		writer, owner := w.newGuest(t, x, database.ReadWrite), w.newGuest(t, x, database.Owner)
		w.admit(t, writer)
		w.admit(t, owner)
		do(t, main, "CREATE SCHEMA later", "CREATE TABLE later.newer (n serial, v int)")
		wr := writer.enter(t)
		for _, table := range []string{"old", "later.newer"} {
			do(t, wr, "INSERT INTO "+table+" (v) VALUES (1)", "UPDATE "+table+" SET v = 2", "SELECT * FROM "+table+" FOR UPDATE", "DELETE FROM "+table)
			deny(t, wr, "TRUNCATE "+table, "ALTER TABLE "+table+" ADD COLUMN m int", "DROP TABLE "+table, "CREATE INDEX ON "+table+" (n)")
		}
		do(t, wr, "CREATE TEMP TABLE scratch (n int)")
		deny(t, wr, "CREATE TABLE mine (n int)", "CREATE SCHEMA mine", "SET ROLE "+ident(x.login.Name))

		o := owner.enter(t)
		do(t, o, "ALTER TABLE old ADD COLUMN m int", "CREATE INDEX ON later.newer (n)", "CREATE EXTENSION pgcrypto", "CREATE TABLE made (n int)",
			"TRUNCATE old", "DROP TABLE later.newer", "CREATE SCHEMA extra", "CREATE TABLE extra.t (n int)")
		do(t, main, "ALTER TABLE made ADD COLUMN m int", "DROP SCHEMA extra CASCADE")
		deny(t, o, "ALTER DATABASE "+ident(x.space.Name)+" CONNECTION LIMIT 100", "ALTER ROLE "+ident(x.login.Name)+" CONNECTION LIMIT 100",
			"ALTER ROLE "+ident(owner.Login.Name)+" CREATEDB", "GRANT "+ident(x.login.Name)+" TO "+ident(writer.Login.Name),
			"ALTER ROLE "+ident(owner.Login.Name)+" SET temp_file_limit = -1", "SET ROLE "+ident(w.addr.User))
		require.Equal(t, allMatch, w.states(t, x))
	})
}

func TestMember_NothingIsLeftOfHigherRights(t *testing.T) {
	eachAdmin(t, func(t *testing.T, w *world) {
		x := w.newHost(t)
		main := x.enter(t, x.space.Name)
		do(t, main, "CREATE TABLE old (n int)")
		g := w.newGuest(t, x, database.Owner)
		w.admit(t, g)
		// It makes all that it can for itself, under both names that it has.
		before := g.enter(t)
		do(t, before, "CREATE TABLE as_login (n int)", "GRANT ALL ON old TO "+ident(g.Login.Name), "GRANT ALL ON SCHEMA public TO "+ident(g.Login.Name),
			"ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO "+ident(g.Login.Name),
			"SET ROLE NONE", "CREATE SCHEMA own", "CREATE TABLE own.t (n int)", "CREATE TABLE public.mine (n int)", "SELECT lo_create(0)",
			"CREATE FUNCTION own.f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "CREATE TYPE own.e AS ENUM ('a')",
			"SET ROLE "+ident(x.login.Name))

		g.Rights = database.ReadOnly
		require.Equal(t, engine.Differs, w.rights(t, g).State)
		require.NoError(t, w.GrantRights(t.Context(), g.Member))
		dead(t, before)
		r := g.enter(t)
		do(t, main, "CREATE TABLE after (n int)")
		for _, table := range []string{"old", "as_login", "own.t", "mine", "after"} {
			do(t, r, "SELECT * FROM "+table)
			deny(t, r, writes(table)...)
			do(t, main, "ALTER TABLE "+table+" ADD COLUMN m int") // all of it is the login's now
		}
		deny(t, r, "SET ROLE "+ident(x.login.Name), "CREATE TABLE x (n int)", "CREATE TABLE own.x (n int)", "CREATE SCHEMA x", "CREATE TEMP TABLE x (n int)")
		require.Equal(t, "0", ask(t, x.space.Name, "SELECT count(*)::text FROM pg_shdepend s JOIN pg_roles r ON r.oid = s.refobjid WHERE r.rolname = $1 AND s.deptype = 'o' AND s.classid <> 'pg_default_acl'::regclass", g.Login.Name))

		// Up again, and down by one.
		g.Rights = database.ReadWrite
		w.admit(t, g)
		dead(t, r)
		wr := g.enter(t)
		do(t, wr, "INSERT INTO after VALUES (1)")
		deny(t, wr, "DROP TABLE after", "CREATE TABLE x (n int)")
		g.Rights = database.Owner
		w.admit(t, g)
		dead(t, wr)
		do(t, g.enter(t), "DROP TABLE after", "CREATE TABLE after (n int)")
	})
}

func TestMember_RemovalLeavesItsObjectsToTheLogin(t *testing.T) {
	eachAdmin(t, func(t *testing.T, w *world) {
		x := w.newHost(t)
		main := x.enter(t, x.space.Name)
		g, stays := w.newGuest(t, x, database.Owner), w.newGuest(t, x, database.ReadOnly)
		w.admit(t, g)
		w.admit(t, stays)
		conn := g.enter(t)
		do(t, conn, "SET ROLE NONE", "CREATE SCHEMA own", "CREATE TABLE own.t AS SELECT 1 AS n", "GRANT SELECT ON own.t TO PUBLIC")
		for range 2 {
			require.NoError(t, w.RevokeRights(t.Context(), g.Member))
			dead(t, conn)
			require.Equal(t, engine.Absent, w.rights(t, g).State)
		}
		for range 2 {
			require.NoError(t, w.DropLogin(t.Context(), g.Login))
			require.Equal(t, engine.Absent, w.rights(t, g).State)
		}
		do(t, main, "INSERT INTO own.t VALUES (2)", "ALTER TABLE own.t ADD COLUMN m int")
		do(t, stays.enter(t), "SELECT * FROM own.t")
		require.Error(t, w.GrantRights(t.Context(), g.Member), "there is no role to grant anything to")
		require.NoError(t, w.RevokeRights(t.Context(), g.Member))

		// The whole database goes, as the deletion of a database does it.
		require.NoError(t, w.DisableLogin(t.Context(), stays.Login))
		require.NoError(t, w.DropSpace(t.Context(), x.space))
		require.NoError(t, w.DropLogin(t.Context(), stays.Login))
		require.NoError(t, w.DropGroups(t.Context(), x.space))
		require.NoError(t, w.DropLogin(t.Context(), x.login))
		require.Equal(t, "0", ask(t, "postgres", "SELECT count(*)::text FROM pg_roles WHERE rolname = ANY ($1)",
			[]string{x.login.Name, g.Login.Name, stays.Login.Name, readers(x.space), writers(x.space)}))
	})
}

func TestMember_OtherDatabasesAreShut(t *testing.T) {
	eachAdmin(t, func(t *testing.T, w *world) {
		a, b := w.newHost(t), w.newHost(t)
		for _, rights := range []database.Rights{database.ReadOnly, database.ReadWrite, database.Owner} {
			g := w.newGuest(t, a, rights)
			w.admit(t, g)
			for name, want := range map[string]string{b.space.Name: "42501", "postgres": "42501", "template1": "42501", "template0": "55000"} {
				_, err := connect(t, g.Login.Name, g.password, name)
				require.Equal(t, want, stateOf(err), "%s into %s", rights, name)
			}
			_, err := connect(t, b.login.Name, b.password, a.space.Name)
			require.Equal(t, "42501", stateOf(err))
		}
	})
}

func TestMember_LimitsAndTimeout(t *testing.T) {
	eachAdmin(t, func(t *testing.T, w *world) {
		x := w.newHost(t)
		g := w.newGuest(t, x, database.ReadOnly)
		g.StatementTimeoutSeconds = 1
		w.admit(t, g)
		conn := g.enter(t)
		_, err := conn.Exec(t.Context(), "SELECT pg_sleep(30)")
		require.Equal(t, "57014", stateOf(err))
		g.enter(t)
		_, err = connect(t, g.Login.Name, g.password, x.space.Name)
		require.Equal(t, "53300", stateOf(err), "its own limit is 2")

		g.StatementTimeoutSeconds = 0
		require.Equal(t, engine.Differs, w.rights(t, g).State)
		require.NoError(t, w.GrantRights(t.Context(), g.Member))
		require.Equal(t, engine.Matches, w.rights(t, g).State)
		require.NoError(t, conn.Ping(t.Context()), "sessions do not end for that")

		// All connections of the database are taken; rights can be changed all the same.
		for range 8 {
			x.enter(t, x.space.Name)
		}
		require.Equal(t, "53300", x.refused(t, x.space.Name))
		other := w.newGuest(t, x, database.Owner)
		w.admit(t, other)
		require.Equal(t, "10", ask(t, "postgres", "SELECT datconnlimit::text FROM pg_database WHERE datname = $1", x.space.Name))
		require.NoError(t, w.RevokeRights(t.Context(), other.Member))
		require.Equal(t, "10", ask(t, "postgres", "SELECT datconnlimit::text FROM pg_database WHERE datname = $1", x.space.Name))

		// What a killed panel left open is closed by the next run.
		sql(t, "postgres", fmt.Sprintf("ALTER DATABASE %s CONNECTION LIMIT 30", ident(x.space.Name)))
		require.Equal(t, engine.Differs, w.rights(t, g).State)
		require.NoError(t, w.GrantRights(t.Context(), g.Member))
		require.Equal(t, engine.Matches, w.rights(t, g).State)
	})
}

func TestMember_ForeignIsLeftAlone(t *testing.T) {
	eachAdmin(t, func(t *testing.T, w *world) {
		x := w.newHost(t)
		g := w.newGuest(t, x, database.Owner)
		sql(t, "postgres", "CREATE ROLE "+ident(g.Login.Name)+" LOGIN CONNECTION LIMIT 7")
		require.Equal(t, engine.Foreign, w.rights(t, g).State)
		requireTaken(t, w.GrantRights(t.Context(), g.Member))
		require.NoError(t, w.RevokeRights(t.Context(), g.Member))
		require.NoError(t, w.DropLogin(t.Context(), g.Login))
		require.Equal(t, "true 7", ask(t, "postgres", "SELECT rolcanlogin::text || ' ' || rolconnlimit FROM pg_roles WHERE rolname = $1", g.Login.Name))
		sql(t, "postgres", "DROP ROLE "+ident(g.Login.Name))

		sql(t, "postgres", "CREATE ROLE "+ident(readers(x.space)))
		require.NoError(t, w.EnsureLogin(t.Context(), g.Login))
		requireTaken(t, w.GrantRights(t.Context(), g.Member))
		require.Equal(t, engine.Foreign, w.rights(t, g).State)
		require.NoError(t, w.DropGroups(t.Context(), x.space))
		require.Equal(t, "1", ask(t, "postgres", "SELECT count(*)::text FROM pg_roles WHERE rolname = $1", readers(x.space)))
		sql(t, "postgres", "DROP ROLE "+ident(readers(x.space)))
		w.admit(t, g)
	})
}

func TestMember_ManyAtOnce(t *testing.T) {
	eachAdmin(t, func(t *testing.T, w *world) {
		x := w.newHost(t)
		do(t, x.enter(t, x.space.Name), "CREATE TABLE old (n int)")
		guests := make([]guest, 6)
		for i := range guests {
			guests[i] = w.newGuest(t, x, []database.Rights{database.ReadOnly, database.ReadWrite, database.Owner}[i%3])
		}
		var wg sync.WaitGroup
		for _, g := range guests {
			wg.Go(func() {
				if err := w.EnsureLogin(t.Context(), g.Login); err != nil {
					t.Errorf("%s: %v", g.Login.Name, err)
				}
				if err := w.GrantRights(t.Context(), g.Member); err != nil {
					t.Errorf("%s: %v", g.Login.Name, err)
				}
			})
		}
		wg.Wait()
		for _, g := range guests {
			require.Equal(t, engine.Matches, w.rights(t, g).State)
		}
		do(t, guests[5].enter(t), "CREATE TABLE made (n int)")
		do(t, guests[0].enter(t), "SELECT * FROM made", "SELECT * FROM old")
	})
}

func TestMember_Refused(t *testing.T) {
	w := newWorld(t, rootUser)
	x := w.newHost(t)
	good := w.newGuest(t, x, database.ReadOnly).Member
	for name, change := range map[string]func(*database.Member){
		"no rights":         func(m *database.Member) { m.Rights = "" },
		"unknown rights":    func(m *database.Member) { m.Rights = "SUPERUSER" },
		"the login itself":  func(m *database.Member) { m.Login.Name = m.Space.Login },
		"negative timeout":  func(m *database.Member) { m.StatementTimeoutSeconds = -1 },
		"endless timeout":   func(m *database.Member) { m.StatementTimeoutSeconds = 1 << 40 },
		"SQL in the name":   func(m *database.Member) { m.Login.Name = `x"; DROP ROLE y; --` },
		"64 bytes":          func(m *database.Member) { m.Login.Name = strings.Repeat("a", 64) },
		"no mark":           func(m *database.Member) { m.Login.Mark = "" },
		"a bad database":    func(m *database.Member) { m.Space.Name = "Ü" },
		"no database there": func(m *database.Member) { m.Space.Name, m.Space.WorkName = "none_such", "mp_none" },
	} {
		m := good
		change(&m)
		require.Error(t, w.GrantRights(t.Context(), m), name)
		if name != "no database there" {
			require.Error(t, w.RevokeRights(t.Context(), m), name)
			_, err := w.ObserveRights(t.Context(), m)
			require.Error(t, err, name)
		}
	}
}
