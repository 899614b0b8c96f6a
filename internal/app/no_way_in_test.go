package app

import (
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/jobs"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/models"
)

// A tenant that expects to be suspended prepares what it can think of, with every
// login that it has, and tries all of it afterwards. PostgreSQL may refuse a
// preparation; none may be of use.
func TestSuspend_NoWayInThatATenantPrepared(t *testing.T) {
	t.Parallel()
	b := newBenchOfThree(t)
	sister := b.tenant(t, b.shop, b.name+"s")
	require.NoError(t, b.invite(t.Context(), &b.scene, models.RightsOwner))
	hour := 3600
	rotated, err := b.panel.databases.Rotate(b.as(t, b.owner), database.RotateInput{ID: b.id, GraceSeconds: &hour})
	require.NoError(t, err)
	require.Equal(t, models.JobSucceeded, b.finished(t, rotated.Job.ID).State)
	main, before, host := rotated.Credentials.Username, b.scene.database.Username, b.scene.database.ExtName
	guest := b.scene.guest.row.Username
	logins := map[string]secret.Text{main: rotated.Credentials.Secret, before: b.scene.password, guest: b.scene.guest.password}

	prepare := []string{
		"CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (42)",
		"CREATE FUNCTION peek() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT n FROM kept'",
		"GRANT USAGE ON SCHEMA public TO PUBLIC", "GRANT ALL ON ALL TABLES IN SCHEMA public TO PUBLIC",
	}
	for _, other := range []string{"PUBLIC", sister.database.Username} {
		prepare = append(prepare, fmt.Sprintf("GRANT CONNECT ON DATABASE %s TO %s", host, other), fmt.Sprintf("GRANT ALL ON DATABASE %s TO %s", host, other))
	}
	for _, role := range []string{main, before, guest} {
		for _, other := range []string{main, before, guest, sister.database.Username} {
			prepare = append(prepare, fmt.Sprintf("GRANT %s TO %s WITH ADMIN OPTION", role, other), fmt.Sprintf("GRANT %s TO %s", role, other))
		}
		prepare = append(prepare, "ALTER ROLE "+role+" CONNECTION LIMIT -1", "ALTER ROLE "+role+" SUPERUSER", "ALTER ROLE "+role+" CREATEROLE", "ALTER ROLE "+role+" REPLICATION")
	}
	prepare = append(prepare,
		fmt.Sprintf("ALTER DATABASE %s CONNECTION LIMIT -1", host), fmt.Sprintf("ALTER DATABASE %s OWNER TO %s", host, sister.database.Username),
		"ALTER DATABASE "+host+" IS_TEMPLATE true", "CREATE ROLE backdoor LOGIN PASSWORD 'open'", "CREATE EXTENSION dblink", "CREATE EXTENSION postgres_fdw",
		"CREATE FUNCTION again() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'", "CREATE EVENT TRIGGER always ON ddl_command_end EXECUTE FUNCTION again()",
		"SELECT pg_create_physical_replication_slot('backdoor')", "CREATE PUBLICATION everything FOR ALL TABLES",
	)
	var sessions []*pgx.Conn
	for user, password := range logins {
		conn, err := b.login(t.Context(), host, user, password.Reveal())
		require.NoError(t, err, user)
		defer func() { _ = conn.Close(t.Context()) }()
		for _, sql := range prepare {
			_, _ = conn.Exec(t.Context(), sql) // what is refused is no way in
		}
		sessions = append(sessions, conn)
	}
	outside, err := b.login(t.Context(), sister.database.ExtName, sister.database.Username, sister.password.Reveal())
	require.NoError(t, err)
	defer func() { _ = outside.Close(t.Context()) }()
	foreign := func(sql string) { _, _ = outside.Exec(t.Context(), sql) }
	for _, extension := range []string{"dblink", "postgres_fdw"} {
		foreign("CREATE EXTENSION " + extension)
	}
	foreign(fmt.Sprintf("CREATE SERVER home FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '%s', port '%d', dbname '%s')", b.tenants.Host(), b.tenants.Port(), host))

	require.Equal(t, models.JobSucceeded, b.finished(t, b.suspendedBy(t, b.staff, "Abuse.").ID).State)

	for i, conn := range sessions {
		require.Error(t, conn.Ping(t.Context()), "session %d of before is ended", i)
	}
	tries := map[string]string{sister.database.Username: sister.password.Reveal(), "backdoor": "open"}
	for user, password := range logins {
		tries[user] = password.Reveal()
	}
	for user, password := range tries {
		for _, parameters := range []string{"", " replication=database", " options='-c role=" + main + "'"} {
			conn, err := pgx.Connect(t.Context(), fmt.Sprintf("host=%s port=%d user=%s dbname=%s password=%s sslmode=disable%s", b.tenants.Host(), b.tenants.Port(), user, host, password, parameters))
			if err == nil {
				_ = conn.Close(t.Context())
			}
			require.Error(t, err, "%s%s gets in", user, parameters)
		}
		if user == sister.database.Username {
			continue
		}
		// Its roles reach no other database either.
		for _, name := range []string{sister.database.ExtName, "postgres", "template1"} {
			conn, err := b.login(t.Context(), name, user, password)
			if err == nil {
				_ = conn.Close(t.Context())
			}
			require.Error(t, err, "%s gets into %s", user, name)
		}
	}
	// The sister goes on, and is no way to what is suspended.
	require.NoError(t, b.enters(t.Context(), sister, sister.password))
	for _, sql := range []string{
		"SET SESSION AUTHORIZATION " + main, "SET SESSION AUTHORIZATION " + before, "ALTER ROLE " + main + " LOGIN", "ALTER ROLE " + guest + " LOGIN",
		"ALTER DATABASE " + host + " CONNECTION LIMIT 5", "GRANT CONNECT ON DATABASE " + host + " TO PUBLIC", "ALTER DATABASE " + host + " RENAME TO elsewhere",
		"CREATE DATABASE copy TEMPLATE " + host, "SELECT * FROM dblink('dbname=" + host + "', 'SELECT n FROM kept') AS t(n int)",
		"SELECT pg_read_file('PG_VERSION')", "COPY kept FROM PROGRAM 'true'",
	} {
		for _, role := range []string{"NONE", main, before, guest} {
			if _, err := outside.Exec(t.Context(), "SET ROLE "+role); err != nil {
				continue // which is as well
			}
			_, err := outside.Exec(t.Context(), sql)
			if err == nil {
				// PostgreSQL answers a GRANT of what one does not have with a warning.
				require.Contains(t, sql, "GRANT ", "as %s", role)
			}
		}
	}
	require.Equal(t, "0 false f", b.ask(t, `SELECT datconnlimit || ' ' || (SELECT coalesce(bool_or(rolcanlogin), false) FROM pg_roles WHERE rolname IN ('`+main+`', '`+before+`', '`+guest+`'))
		|| ' ' || left(has_database_privilege('`+sister.database.Username+`', datname, 'CONNECT')::text, 1) FROM pg_database WHERE datname = '`+host+`'`))
	require.Equal(t, models.ResourceSuspended, b.row(t, b.id).State)
}

// Nor does the panel open a door for the suspended tenant.
func TestSuspend_NoWayInThroughThePanel(t *testing.T) {
	t.Parallel()
	b := newBenchOfThree(t)
	require.NoError(t, b.invite(t.Context(), &b.scene, models.RightsOwner))
	ctx := b.as(t, b.owner)
	early, err := b.panel.databases.Rotate(ctx, database.RotateInput{ID: b.id})
	require.NoError(t, err)
	_, err = b.panel.jobs.Cancel(ctx, jobs.CancelInput{ID: early.Job.ID})
	require.NoError(t, err)
	require.Equal(t, models.JobCanceled, b.finished(t, early.Job.ID).State)
	require.Equal(t, models.JobSucceeded, b.finished(t, b.suspendedBy(t, b.staff, "Abuse.").ID).State)

	hour := 3600
	for what, refused := range map[string]error{
		"rotating":                 second(b.panel.databases.Rotate(ctx, database.RotateInput{ID: b.id})),
		"rotating with a grace":    second(b.panel.databases.Rotate(ctx, database.RotateInput{ID: b.id, GraceSeconds: &hour})),
		"keeping a login":          second(b.panel.databases.KeepLogin(ctx, database.KeepLoginInput{ID: b.id})),
		"another user":             second(b.addUser(t.Context(), b.owner, b.id, "another")),
		"a user's password":        second(b.panel.databases.RotateUserPassword(ctx, database.RotateUserPasswordInput{ID: b.scene.guest.row.ID})),
		"a user's rights":          second(b.panel.databases.UpdateUser(ctx, database.UpdateUserInput{ID: b.scene.guest.row.ID})),
		"cleaning up":              second(b.panel.databases.OpenForCleanup(ctx, database.CleanupInput{ID: b.id})),
		"other networks":           second(b.panel.databases.SetAccess(ctx, database.SetAccessInput{ID: b.id})),
		"an export":                second(b.panel.dumps.Export(ctx, database.ExportInput{ID: b.id})),
		"a clone":                  second(b.panel.dumps.Clone(ctx, database.CloneInput{ID: b.id, Name: "copy"})),
		"restoring":                second(b.panel.databases.Restore(ctx, database.RestoreInput{ID: b.id})),
		"trying again what was so": second(b.panel.jobs.Retry(ctx, jobs.RetryInput{ID: early.Job.ID})),
	} {
		require.Equal(t, fault.Conflict, fault.CodeOf(refused), what)
	}
	// What differs on the server is repaired to be shut.
	require.NoError(t, b.onServerExec(t.Context(), "ALTER ROLE "+b.scene.database.Username+" LOGIN CONNECTION LIMIT 99; ALTER DATABASE "+b.scene.database.ExtName+" CONNECTION LIMIT 7"))
	_, err = b.panel.databases.SurveyServer(b.by(t), database.SurveyServerInput{ID: b.scene.database.ServerID})
	require.NoError(t, err)
	var repair models.Job
	if err := b.oracle.NewSelect().Model(&repair).Where("j.resource_id = ?", b.id).Where("j.kind = ?", database.KindRepair).Scan(t.Context()); err == nil {
		b.finished(t, repair.ID)
	}
	require.Empty(t, b.mustBeShut(actor.With(t.Context(), b.staff), b.scene))
	b.mustBeHeld(t, "Abuse.")
}
