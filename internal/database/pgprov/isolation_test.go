package pgprov

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/secret"
)

func TestCustomer_OwnDatabase(t *testing.T) {
	eachAdmin(t, func(t *testing.T, w *world) {
		x := w.newWish(t)
		w.create(t, x)
		conn := x.enter(t, x.space.Name)
		for _, stmt := range []string{
			"CREATE TABLE a (id int PRIMARY KEY)", "INSERT INTO a VALUES (1)",
			"CREATE SCHEMA extra", "CREATE TABLE extra.b AS SELECT * FROM a", "CREATE TEMP TABLE c (id int)",
			"CREATE EXTENSION pgcrypto", "SELECT gen_random_bytes(4)",
			"ALTER ROLE CURRENT_USER SET work_mem = '8MB'",
		} {
			_, err := conn.Exec(t.Context(), stmt)
			require.NoError(t, err, stmt)
		}
		require.Equal(t, allMatch, w.states(t, x), "none of it is drift")

		_, err := connect(t, x.login.Name, secret.New("wrong"), x.space.Name)
		require.Equal(t, "28P01", stateOf(err))
	})
}

func TestCustomer_OtherDatabasesAreShut(t *testing.T) {
	eachAdmin(t, func(t *testing.T, w *world) {
		a, b := w.newWish(t), w.newWish(t)
		w.create(t, a)
		w.create(t, b)
		for _, name := range []string{a.space.Name, "postgres", "template1"} {
			require.Equal(t, "42501", b.refused(t, name), name)
		}
		require.Equal(t, "55000", b.refused(t, "template0"))
		b.enter(t, b.space.Name)
	})
}

func TestCustomer_CannotWidenItsRights(t *testing.T) {
	const denied, warned = "42501", "" // GRANT without the right to grant is only a warning
	eachAdmin(t, func(t *testing.T, w *world) {
		x, other := w.newWish(t), w.newWish(t)
		w.create(t, x)
		w.create(t, other)
		conn := x.enter(t, x.space.Name)
		role, db := ident(x.login.Name), ident(x.space.Name)
		for stmt, want := range map[string]string{
			"ALTER ROLE " + role + " CONNECTION LIMIT 100":         denied,
			"ALTER ROLE " + role + " CREATEDB":                     denied,
			"ALTER ROLE " + role + " SUPERUSER":                    denied,
			"ALTER ROLE " + role + " SET temp_file_limit = '10GB'": denied,
			"ALTER ROLE " + role + " RESET temp_file_limit":        denied,
			"ALTER ROLE " + role + " RESET ALL":                    warned,
			"SET temp_file_limit = '10GB'":                         denied,
			"COMMENT ON ROLE " + role + " IS 'x'":                  denied,
			"COMMENT ON DATABASE " + db + " IS 'x'":                denied,
			"ALTER DATABASE " + db + " CONNECTION LIMIT 100":       denied,
			"ALTER DATABASE " + db + " RENAME TO stolen":           denied,
			"ALTER DATABASE " + db + " OWNER TO " + role:           denied,
			"ALTER DATABASE " + db + " SET search_path = public":   denied,
			"DROP DATABASE " + ident(other.space.Name):             denied,
			"GRANT CONNECT ON DATABASE " + db + " TO PUBLIC":       warned,
			"GRANT " + role + " TO " + ident(other.login.Name):     denied,
			"SET ROLE " + ident(w.addr.User):                       denied,
			"CREATE DATABASE stolen":                               denied,
			"CREATE ROLE stolen":                                   denied,
			"CREATE TABLE t (s text); COPY t FROM PROGRAM 'id'":    denied,
			"SELECT pg_read_file('/etc/passwd')":                   denied,
			"SELECT pg_database_size('" + other.space.Name + "')":  denied,
			"SELECT rolpassword FROM pg_authid":                    denied,
			"SELECT pg_advisory_lock(1)":                           warned,
			"CREATE EXTENSION dblink":                              denied,
			"CREATE EVENT TRIGGER e ON ddl_command_start EXECUTE FUNCTION pg_catalog.suppress_redundant_updates_trigger()": denied,
		} {
			_, err := conn.Exec(t.Context(), stmt)
			require.Equal(t, want, stateOf(err), "%s: %v", stmt, err)
		}
		require.Equal(t, allMatch, w.states(t, x))
		require.Equal(t, "42501", other.refused(t, x.space.Name))
	})
}

func TestCustomer_Limits(t *testing.T) {
	eachAdmin(t, func(t *testing.T, w *world) {
		x := w.newWish(t)
		w.create(t, x)
		conn := x.enter(t, x.space.Name)
		_, err := conn.Exec(t.Context(), "SET work_mem = '64kB'")
		require.NoError(t, err)
		_, err = conn.Exec(t.Context(), "SELECT count(*) FROM (SELECT g FROM generate_series(1, 300000) g ORDER BY md5(g::text)) s")
		require.Equal(t, "53400", stateOf(err), "temp_file_limit")

		x.enter(t, x.space.Name)
		x.enter(t, x.space.Name)
		require.Equal(t, "53300", x.refused(t, x.space.Name))

		// The admin gets along with a database whose connections are all taken.
		require.Equal(t, allMatch, w.states(t, x))
		w.create(t, x)
		require.Equal(t, allMatch, w.states(t, x))
		require.NoError(t, conn.Ping(t.Context()))

		x.login.ConnectionLimit, x.space.ConnectionLimit = 4, 4
		require.Equal(t, []engine.State{engine.Differs, engine.Matches, engine.Differs, engine.Matches}, w.states(t, x))
		w.create(t, x)
		require.Eventually(t, func() bool { // the session that was refused counts until it has ended
			return ask(t, adminDatabase, "SELECT count(*)::text FROM pg_stat_activity WHERE usename = $1", x.login.Name) == "3"
		}, 10*time.Second, 10*time.Millisecond)
		x.enter(t, x.space.Name)
		require.Equal(t, "53300", x.refused(t, x.space.Name))
	})
}

// What a customer does with its own schema must neither run as the admin nor
// stand in the way of the next OpenSpace.
func TestOpenSpace_CustomerPlaysWithSchemaPublic(t *testing.T) {
	eachAdmin(t, func(t *testing.T, w *world) {
		x := w.newWish(t)
		w.create(t, x)
		conn := x.enter(t, x.space.Name)
		_, err := conn.Exec(t.Context(), `
CREATE TABLE victim (who text);
CREATE FUNCTION public.pg_get_userbyid(integer) RETURNS name LANGUAGE plpgsql AS
  $$ BEGIN INSERT INTO public.victim VALUES (current_user); RETURN 'me'; END $$;
CREATE FUNCTION public.never(name, text) RETURNS boolean LANGUAGE plpgsql AS
  $$ BEGIN INSERT INTO public.victim VALUES (current_user); RETURN true; END $$;
CREATE OPERATOR public.= (LEFTARG = name, RIGHTARG = text, FUNCTION = public.never);
CREATE VIEW public.pg_namespace AS SELECT 'public'::name AS nspname, 10 AS nspowner;
GRANT ALL ON SCHEMA public TO PUBLIC`)
		require.NoError(t, err)
		require.NoError(t, w.OpenSpace(t.Context(), x.space))
		require.Equal(t, allMatch, w.states(t, x))
		var n int
		require.NoError(t, conn.QueryRow(t.Context(), "SELECT count(*) FROM victim").Scan(&n))
		require.Zero(t, n)

		_, err = conn.Exec(t.Context(), "DROP SCHEMA public CASCADE")
		require.NoError(t, err)
		require.Equal(t, allMatch, w.states(t, x))
		require.NoError(t, w.OpenSpace(t.Context(), x.space))
	})
}
