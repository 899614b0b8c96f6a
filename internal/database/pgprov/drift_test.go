package pgprov

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/secret"
)

// Someone changes what is ours: it is seen, told, and put right by the same methods.
func TestServer_Drift(t *testing.T) {
	const login, space, open = 0, 1, 2
	cases := map[string]struct {
		stmt  string // with %r and %d for role and database
		where int
		want  string
		// superuser: only such an admin sees or repairs it
		superuser bool
	}{
		"role may not log in":     {"ALTER ROLE %r NOLOGIN", login, "The role may not log in.", false},
		"role's limit":            {"ALTER ROLE %r CONNECTION LIMIT 99", login, "The role's connection limit is 99 instead of 3.", false},
		"role's limit is gone":    {"ALTER ROLE %r CONNECTION LIMIT -1", login, "The role's connection limit is -1 instead of 3.", false},
		"temporary files":         {"ALTER ROLE %r SET temp_file_limit = '1TB'", login, "The role's temp_file_limit is not 1024 KiB.", false},
		"temporary files reset":   {"ALTER ROLE %r RESET ALL", login, "The role's temp_file_limit is not 1024 KiB.", false},
		"expiry":                  {"ALTER ROLE %r VALID UNTIL '2020-01-01'", login, "The role's password expires.", false},
		"may create databases":    {"ALTER ROLE %r CREATEDB", login, "The role may do more than log in.", false},
		"may create roles":        {"ALTER ROLE %r CREATEROLE", login, "The role may do more than log in.", false},
		"superuser":               {"ALTER ROLE %r SUPERUSER", login, "The role may do more than log in.", true},
		"password":                {"ALTER ROLE %r PASSWORD 'other'", login, "The role's password is another one.", true},
		"no password":             {"ALTER ROLE %r PASSWORD NULL", login, "The role's password is another one.", true},
		"two things":              {"ALTER ROLE %r NOLOGIN CONNECTION LIMIT 1", login, "The role may not log in. The role's connection limit is 1 instead of 3.", false},
		"open to PUBLIC":          {"GRANT CONNECT ON DATABASE %d TO PUBLIC", space, "Every role has rights on the database.", false},
		"no connections":          {"ALTER DATABASE %d ALLOW_CONNECTIONS false", space, "The database does not accept connections.", false},
		"database's limit":        {"ALTER DATABASE %d CONNECTION LIMIT 99", open, "The database's connection limit is 99 instead of 3.", false},
		"limit of 0":              {"ALTER DATABASE %d CONNECTION LIMIT 0", open, "The database's connection limit is 0 instead of 3.", false},
		"CONNECT is gone":         {"REVOKE CONNECT ON DATABASE %d FROM %r", open, "The role's rights on the database are not CONNECT, CREATE, TEMPORARY.", false},
		"CREATE is gone":          {"REVOKE CREATE ON DATABASE %d FROM %r", open, "The role's rights on the database are not CONNECT, CREATE, TEMPORARY.", false},
		"schema of someone else":  {"ALTER SCHEMA public OWNER TO postgres", open, "The role does not own schema public.", true},
		"schema of the plain one": {"ALTER SCHEMA public OWNER TO panel", open, "The role does not own schema public.", false},
	}
	eachAdmin(t, func(t *testing.T, w *world) {
		x := w.newWish(t)
		w.create(t, x)
		for name, tc := range cases {
			t.Run(name, func(t *testing.T) {
				if tc.superuser && w.plain {
					t.Skip("a plain admin can do nothing about it")
				}
				from := adminDatabase
				if strings.Contains(tc.stmt, "SCHEMA") {
					from = x.space.Name
				}
				sql(t, from, x.fill(tc.stmt))
				require.Equal(t, engine.Observed{State: engine.Differs, Detail: tc.want}, w.observe(t, x)[tc.where])
				w.create(t, x)
				require.Equal(t, allMatch, w.states(t, x))
			})
		}
	})
}

// A plain admin cannot compare verifiers, but it can set them.
func TestEnsureLogin_NewPassword(t *testing.T) {
	eachAdmin(t, func(t *testing.T, w *world) {
		x := w.newWish(t)
		w.create(t, x)
		old := x
		x.password = secret.NewPassword(24)
		var err error
		x.login.Verifier, err = database.ScramVerifier(x.password)
		require.NoError(t, err)
		o, err := w.ObserveLogin(t.Context(), x.login)
		require.NoError(t, err)
		require.Equal(t, w.plain, o.State == engine.Matches)

		require.NoError(t, w.EnsureLogin(t.Context(), x.login))
		require.Equal(t, "28P01", old.refused(t, x.space.Name))
		x.enter(t, x.space.Name)

		x.login.Verifier = secret.Text{}
		require.Equal(t, allMatch, w.states(t, x), "without a verifier there is nothing to compare")
	})
}

// An owner's own rights can be taken from it, and a plain admin cannot get into
// the database without them.
func TestReclaim_RightsOfTheAdmin(t *testing.T) {
	eachAdmin(t, func(t *testing.T, w *world) {
		x := w.newWish(t)
		w.create(t, x)
		e := database.Expected{Login: x.login, Space: x.space}
		db, login, admin := ident(x.space.Name), ident(x.login.Name), ident(w.addr.User)
		for _, tc := range []struct{ detail, sql string }{
			{"The panel's admin has not all rights on the database.", "REVOKE ALL ON DATABASE " + db + " FROM " + admin},
			{"The panel's admin has not all rights on the database.", "REVOKE CREATE ON DATABASE " + db + " FROM " + admin},
			{"The database belongs to another role.", "ALTER DATABASE " + db + " OWNER TO " + login + "; REVOKE ALL ON DATABASE " + db + " FROM " + login},
		} {
			if strings.Contains(tc.sql, "OWNER") && w.plain { // it can only take back what is a role's of which it is a member
				require.NoError(t, w.joinFor(t.Context(), finding{version: 150000}, x.login.Name))
			}
			sql(t, adminDatabase, strings.Split(tc.sql, "; ")...)
			seen, err := w.Survey(t.Context(), x.space.Mark, []database.Expected{e})
			require.NoError(t, err)
			require.Len(t, seen.Deviations[0], 1, tc.sql)
			require.Contains(t, seen.Deviations[0][0].Detail, tc.detail)
			require.NoError(t, w.Reclaim(t.Context(), e))
			require.NoError(t, w.OpenSpace(t.Context(), x.space))
			seen, err = w.Survey(t.Context(), x.space.Mark, []database.Expected{e})
			require.NoError(t, err)
			require.Empty(t, seen.Deviations[0], tc.sql)
			require.NoError(t, w.inside(t.Context(), x.space.Name, func(*pgx.Conn) error { return nil }))
		}
	})
}
