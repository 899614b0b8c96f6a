package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/devstack"
	"github.com/mpanel/mpanel/internal/page"
	"github.com/mpanel/mpanel/models"
)

// newDriftBench is a bench whose server is its own, so that whatever is on it is the test's.
func newDriftBench(t *testing.T) *faultBench {
	t.Helper()
	b := newFaultBenchWith(t, startElsewhere(t))
	return b
}

// survey looks at every server now, and gives the findings that are open and shown.
func (b *faultBench) survey(t *testing.T) []string {
	t.Helper()
	_, err := b.oracle.NewUpdate().Model((*models.DatabaseServer)(nil)).Set("next_survey_at = now()").Where("TRUE").Exec(t.Context())
	require.NoError(t, err)
	_, err = b.oracle.NewUpdate().Model((*models.DatabaseServer)(nil)).Set("reachable = true").Where("TRUE").Exec(t.Context())
	require.NoError(t, err)
	require.NoError(t, b.panel.databases.SurveyServers(t.Context(), time.Minute))
	return b.openFindings(t)
}

func (b *faultBench) openFindings(t *testing.T) []string {
	t.Helper()
	var list []string
	for _, f := range b.findings(t) {
		list = append(list, fmt.Sprintf("%s %s %s", f.Kind, f.ObjectKind, f.ExternalName))
	}
	return list
}

func (b *faultBench) findings(t *testing.T) []*models.DriftFinding {
	t.Helper()
	no := false
	found, err := b.panel.databases.Findings(b.asStaff(t), first100(), &database.FindingFilter{Resolved: &no})
	require.NoError(t, err)
	return found.Nodes()
}

func first100() page.Args {
	n := 100
	return page.Args{First: &n}
}

// untilRepaired waits for the jobs that findings point to.
func (b *faultBench) untilRepaired(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool {
		busy, err := b.oracle.NewSelect().Model((*models.Job)(nil)).Where("j.state NOT IN ('SUCCEEDED', 'FAILED', 'CANCELED')").Exists(t.Context())
		return err == nil && !busy
	}, 30*time.Second, 10*time.Millisecond)
}

// withGuest makes a database with a further user.
func (b *faultBench) withGuest(t *testing.T) scene {
	t.Helper()
	s, err := b.made(t.Context())
	require.NoError(t, err)
	require.NoError(t, b.invite(t.Context(), &s, models.RightsReadOnly))
	return s
}

func sqlOn(t *testing.T, c *devstack.Cluster, db, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), c.ConnString(db).Reveal())
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), sql)
	require.NoError(t, errors.Join(err, conn.Close(t.Context())), sql)
}

// TestDrift_FoundAndRepaired does one thing after the other to what is ours: each
// is found, repaired, and not found again, and the password stays.
func TestDrift_FoundAndRepaired(t *testing.T) {
	t.Parallel()
	b := newDriftBench(t)
	s := b.withGuest(t)
	b.serve(t)
	require.Empty(t, b.survey(t), "what was just made")
	fill := strings.NewReplacer("%d", s.database.ExtName, "%r", s.database.Username, "%g", s.guest.row.Username,
		"%o", workName(s.database)+"_ro", "%w", workName(s.database)+"_rw").Replace
	for name, tc := range map[string]struct {
		sql  string
		want []string
	}{
		"role may not log in":            {"ALTER ROLE %r NOLOGIN", []string{"DIFFERS ROLE %r"}},
		"role's limit":                   {"ALTER ROLE %r CONNECTION LIMIT 99", []string{"DIFFERS ROLE %r"}},
		"role's password":                {"ALTER ROLE %r PASSWORD 'other'", []string{"DIFFERS ROLE %r"}},
		"role is a superuser":            {"ALTER ROLE %r SUPERUSER", []string{"DIFFERS ROLE %r"}},
		"role may create roles":          {"ALTER ROLE %r CREATEROLE", []string{"DIFFERS ROLE %r"}},
		"role reads everything":          {"GRANT pg_read_all_data TO %r", []string{"DIFFERS ROLE %r"}},
		"role is renamed":                {"ALTER ROLE %r RENAME TO somebody", []string{"DIFFERS ROLE %r", "DIFFERS DATABASE %d"}},
		"user may not log in":            {"ALTER ROLE %g NOLOGIN", []string{"DIFFERS ROLE %g"}},
		"user is renamed":                {"ALTER ROLE %g RENAME TO someone", []string{"DIFFERS ROLE %g", "DIFFERS DATABASE %d"}},
		"user is out of its group":       {"REVOKE %o FROM %g", []string{"DIFFERS ROLE %g"}},
		"user is in another group":       {"GRANT %w TO %g", []string{"DIFFERS ROLE %g"}},
		"user may make temporary tables": {"GRANT TEMPORARY ON DATABASE %d TO %g", []string{"DIFFERS DATABASE %d"}},
		"user is gone":                   {"REVOKE ALL ON DATABASE %d FROM %g; DROP OWNED BY %g; DROP ROLE %g", []string{"MISSING ROLE %g", "DIFFERS DATABASE %d"}},
		"role is gone": {
			"DROP TABLE IF EXISTS proof; REASSIGN OWNED BY %r TO CURRENT_USER; DROP OWNED BY %r; DROP ROLE %r",
			[]string{"MISSING ROLE %r", "DIFFERS DATABASE %d"},
		},
		"group that its user is not in is gone": {"DROP OWNED BY %w; DROP ROLE %w", []string{"MISSING ROLE %w"}},
		"group of its user is gone":             {"DROP OWNED BY %o; DROP ROLE %o", []string{"MISSING ROLE %o", "DIFFERS ROLE %g"}},

		"user's timeout":                 {"ALTER ROLE %g SET statement_timeout = '1min'", []string{"DIFFERS ROLE %g"}},
		"user's timeout in the database": {"ALTER ROLE %g IN DATABASE %d SET statement_timeout = 1", []string{"DIFFERS ROLE %g"}},
		"user has no timeout":            {"ALTER ROLE %g RESET statement_timeout", []string{"DIFFERS ROLE %g"}},
		"group may log in":               {"ALTER ROLE %o LOGIN PASSWORD 'x'", []string{"DIFFERS ROLE %o"}},
		"group writes":                   {"GRANT %w TO %o", []string{"DIFFERS ROLE %o"}},
		"database is open to PUBLIC":     {"GRANT CONNECT ON DATABASE %d TO PUBLIC", []string{"DIFFERS DATABASE %d"}},
		"database takes no connections":  {"ALTER DATABASE %d ALLOW_CONNECTIONS false", []string{"DIFFERS DATABASE %d"}},
		"database's limit":               {"ALTER DATABASE %d CONNECTION LIMIT -1", []string{"DIFFERS DATABASE %d"}},
		"database is the role's":         {"ALTER DATABASE %d OWNER TO %r", []string{"DIFFERS DATABASE %d"}},
		"database's admin has no rights": {"REVOKE ALL ON DATABASE %d FROM CURRENT_USER", []string{"DIFFERS DATABASE %d"}},
		"owner of the database and its rights": {
			"ALTER DATABASE %d OWNER TO %g; REVOKE ALL ON DATABASE %d FROM %g", []string{"DIFFERS DATABASE %d"},
		},
		"database is renamed":       {"ALTER DATABASE %d RENAME TO elsewhere", []string{"DIFFERS DATABASE %d"}},
		"database lets somebody in": {"CREATE ROLE stranger; GRANT CONNECT ON DATABASE %d TO stranger", []string{"DIFFERS DATABASE %d"}},
		"schema is a group's":       {"ALTER SCHEMA public OWNER TO %o", []string{"DIFFERS DATABASE %d"}},
		"schema is a user's":        {"ALTER SCHEMA public OWNER TO %g", []string{"DIFFERS DATABASE %d"}},
		"schema is the admin's":     {"ALTER SCHEMA public OWNER TO CURRENT_USER", []string{"DIFFERS DATABASE %d"}},
		"schema is the owner's":     {"ALTER SCHEMA public OWNER TO pg_database_owner", []string{"DIFFERS DATABASE %d"}},
		"role may not connect":      {"REVOKE CONNECT ON DATABASE %d FROM %r", []string{"DIFFERS DATABASE %d"}},
	} {
		t.Run(name, func(t *testing.T) {
			from := "postgres"
			if strings.Contains(tc.sql, "DROP OWNED") || strings.Contains(tc.sql, "SCHEMA") { // which is about one database
				from = s.database.ExtName
			}
			sqlOn(t, b.tenants, from, fill(tc.sql))
			want := make([]string, len(tc.want))
			for i, w := range tc.want {
				want[i] = fill(w)
			}
			found := b.survey(t)
			for _, f := range b.findings(t) {
				t.Log(f.Detail)
			}
			require.ElementsMatch(t, want, found)
			b.untilRepaired(t)
			require.Empty(t, b.openFindings(t))
			require.Empty(t, b.survey(t), "a second survey after the repair")
			for _, f := range b.findings(t) {
				t.Log(f.Detail)
			}
			require.NoError(t, b.enters(t.Context(), s, s.password))
			require.Empty(t, b.guestMustBe(t.Context(), s, *s.guest))
			require.Empty(t, b.checkRow(t.Context(), s, models.ResourceActive, 1))
		})
	}
	require.Equal(t, "stranger", b.ask(t, "SELECT rolname FROM pg_roles WHERE rolname = 'stranger'"), "who was let in is not ours to remove")
}

func (b *faultBench) ask(t *testing.T, sql string) (answer string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), b.tenants.ConnString("postgres").Reveal())
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	require.NoError(t, conn.QueryRow(t.Context(), sql).Scan(&answer))
	return answer
}
