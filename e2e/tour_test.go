//go:build e2e

package e2e

import (
	"context"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

// TestTour_FromSetUpLinkToGone is the way of a provider's first hour: from the
// set-up link to a database that somebody uses, and to its end.
func TestTour_FromSetUpLinkToGone(t *testing.T) {
	t.Parallel()
	s := install(t).start(t, launch{})
	admin := setUpThroughNode(t, s)

	customerA := admin.createCustomer(t, "A", 5, "")
	customerB := admin.createCustomer(t, "B", 5, "")
	a := created(t, admin.throughNode(t, createMutation, vars{"in": vars{"customerId": customerA, "name": "shop"}}))
	b := admin.createDatabase(t, customerB, "shop")
	require.Equal(t, "PENDING", a.Database.State)

	seen := all[sighting](t, admin.watch(t, watch{Name: "a", Job: a.Job.ID}, watch{Name: "b", Job: b.Job.ID}))
	for name, id := range map[string]string{"a": a.Job.ID, "b": b.Job.ID} {
		j := admin.job(t, id)
		require.Equal(t, "SUCCEEDED", j.State)
		require.InDelta(t, 100, j.Percent, 0)
		requireWholeStream(t, j, items(seen, name))
	}
	require.Equal(t, "ACTIVE", admin.database(t, a.Database.ID).State)
	require.Equal(t, "1", admin.quotaUsed(t, customerA))

	conn := useWithPgx(t, a.Credentials)
	useWithPsql(t, a.Credentials)
	requireRefused(t, a.Credentials, b.Credentials)
	requireGone(t, s, admin, conn, a.Database, customerA)
	require.Equal(t, "ACTIVE", admin.database(t, b.Database.ID).State)
	login(t, b.Credentials.in(t, "URI"))
}

func setUpThroughNode(t *testing.T, s *server) *client {
	t.Helper()
	out := data[struct {
		SetUp struct {
			AccessToken string
			Viewer      struct {
				User        struct{ Email, Role string }
				Permissions []string
			}
		}
	}](t, s.client("").throughNode(t, `mutation ($in: SetUpInput!) {
			setUp(input: $in) { accessToken viewer { user { email role } permissions } } }`,
		vars{"in": vars{"token": s.setupToken, "email": "Root@Example.com", "name": "Root", "password": adminPassword}}))
	require.Equal(t, adminEmail, out.SetUp.Viewer.User.Email)
	require.Equal(t, "OWNER", out.SetUp.Viewer.User.Role)
	require.Contains(t, out.SetUp.Viewer.Permissions, "DATABASES_WRITE")
	s.hasAdmin()

	again := s.client("").throughNode(t, setUpMutation,
		vars{"in": vars{"token": s.setupToken, "email": "second@example.com", "name": "Second", "password": adminPassword}})
	require.Equal(t, "NOT_FOUND", again.code(), "the link works once")
	return s.signIn(t, adminEmail)
}

// signIn signs a user in who has the administrator's password.
func (s *server) signIn(t *testing.T, email string) *client {
	t.Helper()
	out := data[struct{ SignIn struct{ AccessToken string } }](t, s.client("").throughNode(t,
		`mutation ($in: SignInInput!) { signIn(input: $in) { accessToken } }`, vars{"in": vars{"email": email, "password": adminPassword}}))
	return s.client(out.SignIn.AccessToken)
}

// login connects until the test is over.
func login(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// useWithPgx leaves a session with an open transaction behind.
func useWithPgx(t *testing.T, c *credentials) *pgx.Conn {
	t.Helper()
	conn := login(t, c.in(t, "URI"))
	var user, name string
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT current_user, current_database()").Scan(&user, &name))
	require.Equal(t, c.Username, user)
	require.Equal(t, c.Database, name)
	for _, sql := range []string{
		"CREATE TABLE goods (id int PRIMARY KEY, name text)",
		"INSERT INTO goods VALUES (1, 'tea')",
		"CREATE SCHEMA more",
		"BEGIN",
		"INSERT INTO goods VALUES (2, 'cake')",
	} {
		_, err := conn.Exec(t.Context(), sql)
		require.NoError(t, err, sql)
	}
	return conn
}

// useWithPsql logs in with each of the forms that are for psql.
func useWithPsql(t *testing.T, c *credentials) {
	t.Helper()
	line := strings.Fields(c.in(t, "PSQL"))
	password, isPassword := strings.CutPrefix(line[0], "PGPASSWORD=")
	require.True(t, isPassword, "the command line begins with the password's variable")
	require.Equal(t, "psql", line[1])
	var env []string
	for assignment := range strings.Lines(c.in(t, "ENV")) {
		env = append(env, strings.TrimSpace(assignment))
	}
	for name, cmd := range map[string]*exec.Cmd{
		"URI":  withEnv(exec.CommandContext(t.Context(), "psql", c.in(t, "URI"))),
		"PSQL": withEnv(exec.CommandContext(t.Context(), line[1], line[2:]...), "PGPASSWORD="+password),
		"ENV":  withEnv(exec.CommandContext(t.Context(), "psql"), env...),
	} {
		cmd.Args = append(cmd.Args, "--no-psqlrc", "--no-password", "-tAc", "SELECT name FROM goods")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s: %s", name, out)
		require.Equal(t, "tea\n", string(out), name)
	}
	jdbc := c.in(t, "JDBC")
	require.True(t, strings.HasPrefix(jdbc, "jdbc:postgresql://"+c.Host+":"+strconv.Itoa(c.Port)+"/"+c.Database+"?"), "a JDBC URL")
}

func withEnv(cmd *exec.Cmd, more ...string) *exec.Cmd {
	cmd.Env = environment(append([]string{"PGCONNECT_TIMEOUT=10"}, more...)...)
	return cmd
}

// requireRefused has tenant b knock at everything on the server that is not b's.
func requireRefused(t *testing.T, a, b *credentials) {
	t.Helper()
	const noPrivilege, wrongPassword = "42501", "28P01"
	config, err := pgx.ParseConfig(b.in(t, "URI"))
	require.NoError(t, err)
	for _, name := range []string{a.Database, "postgres", "template1"} {
		other := config.Copy()
		other.Database = name
		requireSQLState(t, noPrivilege, connectTo(t, other), "b at "+name)
	}
	asA := config.Copy()
	asA.Database, asA.User = a.Database, a.Username
	requireSQLState(t, wrongPassword, connectTo(t, asA), "a's login with b's password")

	inside := login(t, b.in(t, "URI"))
	for _, sql := range []string{
		"CREATE ROLE other", "CREATE DATABASE other", "ALTER ROLE " + b.Username + " SUPERUSER",
		"ALTER DATABASE " + b.Database + " CONNECTION LIMIT -1", "SET temp_file_limit = -1",
		"SELECT rolpassword FROM pg_authid", "SELECT pg_read_file('postgresql.conf')", "COPY (SELECT 1) TO PROGRAM 'true'",
	} {
		_, err := inside.Exec(t.Context(), sql)
		requireSQLState(t, noPrivilege, err, sql)
	}
}

func connectTo(t *testing.T, config *pgx.ConnConfig) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, config)
	if err == nil {
		_ = conn.Close(ctx)
	}
	return err
}

func requireSQLState(t *testing.T, want string, err error, what string) {
	t.Helper()
	pgErr := new(pgconn.PgError)
	require.ErrorAs(t, err, &pgErr, what)
	require.Equal(t, want, pgErr.Code, what)
}

// requireGone deletes the database under a session with an open transaction,
// and asks the server what is left.
func requireGone(t *testing.T, s *server, admin *client, session *pgx.Conn, d *database, customer string) {
	t.Helper()
	deletion := admin.deleteDatabase(t, d.ID, 0)
	require.Equal(t, "DELETING", deletion.Database.State)
	require.NotNil(t, deletion.Database.DeleteAfter)
	admin.awaitSuccess(t, deletion.Job.ID)

	_, err := session.Exec(t.Context(), "COMMIT")
	require.Error(t, err, "the session was ended")
	require.NotContains(t, s.onServer(t), d.ExternalName)
	require.Equal(t, "0", admin.quotaUsed(t, customer))
	require.Nil(t, admin.database(t, d.ID))
	require.Nil(t, data[struct{ Node *struct{ ID string } }](t,
		admin.do(t, `query ($id: ID!) { node(id: $id) { id } }`, vars{"id": d.ID})).Node)
}

// onServer lists the databases and roles of the tenants' cluster that are not
// PostgreSQL's own, as its catalogue has them, with their comments.
func (in *installation) onServer(t *testing.T) map[string][]string {
	t.Helper()
	rows, err := in.tenantsDB(t).Query(t.Context(), `
		SELECT datname, 'database ' || coalesce(shobj_description(oid, 'pg_database'), '') FROM pg_database
		WHERE datname NOT IN ('postgres', 'template0', 'template1')
		UNION ALL
		SELECT rolname, 'role ' || coalesce(shobj_description(oid, 'pg_authid'), '') FROM pg_roles
		WHERE rolname NOT LIKE 'pg\_%' AND rolname <> 'mpanel' ORDER BY 1, 2`)
	require.NoError(t, err)
	found := map[string][]string{}
	var name, what string
	_, err = pgx.ForEachRow(rows, []any{&name, &what}, func() error {
		found[name] = append(found[name], what)
		return nil
	})
	require.NoError(t, err)
	return found
}
