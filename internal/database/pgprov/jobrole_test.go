package pgprov

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/secret"
)

// jobRole is a job's login into the wish's database.
func (x wish) jobRole(t *testing.T) (database.JobRole, secret.Text) {
	t.Helper()
	password := secret.NewPassword(24)
	verifier, err := database.ScramVerifier(password)
	require.NoError(t, err)
	login := x.login
	login.Name, login.Verifier, login.ConnectionLimit = x.space.WorkName+"_in", verifier, 2
	return database.JobRole{Login: login, Space: x.space, Until: time.Now().Add(time.Hour)}, password
}

func TestJobRole_HasTheTenantsRightsAndLeavesNothing(t *testing.T) {
	t.Parallel()
	eachAdmin(t, func(t *testing.T, w *world) {
		x := w.newHost(t)
		other := w.newHost(t)
		r, password := x.jobRole(t)
		name, err := w.GrantJobRole(t.Context(), r)
		require.NoError(t, err)
		require.Equal(t, x.space.Name, name)
		conn, err := connect(t, r.Login.Name, password, name)
		require.NoError(t, err)
		for _, sql := range []string{
			"CREATE TABLE in_its_own_name (n int)", "SET ROLE " + ident(x.login.Name), "CREATE TABLE in_the_tenants (n int)",
			"SELECT lo_from_bytea(0, 'x')", "CREATE SCHEMA made", "RESET ROLE", "GRANT SELECT ON in_its_own_name TO PUBLIC",
		} {
			_, err := conn.Exec(t.Context(), sql)
			require.NoError(t, err, sql)
		}
		for sql, state := range map[string]string{
			"ALTER SYSTEM SET work_mem = '1GB'": insufficientPrivilege, "CREATE ROLE evil": insufficientPrivilege,
			"SET ROLE " + rootUser: insufficientPrivilege, "SET ROLE " + ident(other.login.Name): insufficientPrivilege,
			"COPY (SELECT 1) TO PROGRAM 'true'": insufficientPrivilege, "CREATE DATABASE evil": insufficientPrivilege,
			"ALTER ROLE " + ident(other.login.Name) + " PASSWORD 'x'": insufficientPrivilege,
		} {
			_, err := conn.Exec(t.Context(), sql)
			require.Equal(t, state, stateOf(err), "%s: %v", sql, err)
		}
		_, err = connect(t, r.Login.Name, password, other.space.Name)
		require.Equal(t, insufficientPrivilege, stateOf(err), "another tenant's database")

		// Another run ends the sessions of the one before, and its password.
		next, nextPassword := x.jobRole(t)
		_, err = w.GrantJobRole(t.Context(), next)
		require.NoError(t, err)
		dead(t, conn)
		_, err = connect(t, r.Login.Name, password, name)
		require.Equal(t, invalidPassword, stateOf(err))
		conn, err = connect(t, r.Login.Name, nextPassword, name)
		require.NoError(t, err)

		require.NoError(t, w.DropJobRole(t.Context(), r))
		dead(t, conn)
		require.Equal(t, "0", ask(t, name, "SELECT count(*)::text FROM pg_roles WHERE rolname = $1", r.Login.Name))
		require.Equal(t, "in_its_own_name in_the_tenants", ask(t, name, "SELECT string_agg(tablename, ' ' ORDER BY tablename) FROM pg_tables WHERE tableowner = $1", x.login.Name))
		require.Equal(t, allMatch, w.states(t, x))
		require.NoError(t, w.DropJobRole(t.Context(), r), "again")
		dead(t, conn)
	})
}

func TestJobRole_ForeignAndMissing(t *testing.T) {
	t.Parallel()
	eachAdmin(t, func(t *testing.T, w *world) {
		x := w.newWish(t)
		r, _ := x.jobRole(t)
		_, err := w.GrantJobRole(t.Context(), r)
		require.ErrorContains(t, err, "does not exist")
		require.NoError(t, w.DropJobRole(t.Context(), r))
		w.create(t, x)
		sql(t, adminDatabase, "CREATE ROLE "+ident(r.Login.Name)+" LOGIN")
		t.Cleanup(func() {
			conn, err := pgx.Connect(context.Background(), cluster.ConnString(adminDatabase).Reveal())
			require.NoError(t, err)
			_, err = conn.Exec(context.Background(), "DROP ROLE IF EXISTS "+ident(r.Login.Name))
			require.NoError(t, err)
			require.NoError(t, conn.Close(context.Background()))
		})
		_, err = w.GrantJobRole(t.Context(), r)
		require.Equal(t, fault.Conflict, fault.CodeOf(err))
		require.True(t, fault.IsPermanent(err))
		require.NoError(t, w.DropJobRole(t.Context(), r))
		require.Equal(t, "1", ask(t, adminDatabase, "SELECT count(*)::text FROM pg_roles WHERE rolname = $1", r.Login.Name), "what is not ours stays")
		r.Login.Name = "Bad; name"
		_, err = w.GrantJobRole(t.Context(), r)
		require.Equal(t, fault.Invalid, fault.CodeOf(err))
	})
}

func TestCommitted_AsksTheServer(t *testing.T) {
	t.Parallel()
	eachAdmin(t, func(t *testing.T, w *world) {
		conn, err := connect(t, rootUser, adminPassword, adminDatabase)
		require.NoError(t, err)
		for end, want := range map[string]bool{"COMMIT": true, "ROLLBACK": false} {
			var xid string
			_, err = conn.Exec(t.Context(), "BEGIN")
			require.NoError(t, err)
			require.NoError(t, conn.QueryRow(t.Context(), "SELECT pg_current_xact_id()::text").Scan(&xid))
			_, err = w.Committed(t.Context(), xid)
			require.ErrorContains(t, err, "in progress")
			_, err = conn.Exec(t.Context(), end)
			require.NoError(t, err)
			got, err := w.Committed(t.Context(), xid)
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
		_, err = w.Committed(t.Context(), "99999999")
		require.Error(t, err, "one that never was is no answer")
	})
}
