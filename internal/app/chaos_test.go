package app

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/models"
)

// snapshot is everything on a server that an administrator can change by hand, as
// PostgreSQL itself tells it: by "role name" and "database name".
func (b *faultBench) snapshot(t *testing.T) map[string]string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), b.tenants.ConnString("postgres").Reveal())
	require.NoError(t, err)
	defer func() { _ = conn.Close(t.Context()) }()
	rows, err := conn.Query(t.Context(), `
		SELECT 'role ' || r.rolname, concat_ws(' | ', r.rolcanlogin, r.rolconnlimit, r.rolsuper, r.rolcreatedb, r.rolcreaterole, r.rolreplication, r.rolbypassrls,
			nullif(r.rolvaliduntil, 'infinity'), a.rolpassword, array_to_string(ARRAY(SELECT v FROM unnest(r.rolconfig) v ORDER BY v), ','), shobj_description(r.oid, 'pg_authid'),
			ARRAY(SELECT g.rolname FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid WHERE m.member = r.oid ORDER BY 1))
		FROM pg_roles r JOIN pg_authid a ON a.oid = r.oid WHERE r.rolname NOT LIKE 'pg\_%' AND r.rolname <> 'postgres'
		UNION ALL
		SELECT 'database ' || d.datname, concat_ws(' | ', pg_get_userbyid(d.datdba), d.datconnlimit, d.datallowconn, d.datistemplate, shobj_description(d.oid, 'pg_database'),
			array_to_string(ARRAY(SELECT coalesce(g.rolname, 'PUBLIC') || '=' || a.privilege_type FROM aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
				LEFT JOIN pg_roles g ON g.oid = a.grantee ORDER BY 1), ','))
		FROM pg_database d WHERE d.datname NOT IN ('postgres', 'template0', 'template1')`)
	require.NoError(t, err)
	out := map[string]string{}
	var name, state string
	_, err = pgx.ForEachRow(rows, []any{&name, &state}, func() error {
		out[name] = state
		return nil
	})
	require.NoError(t, err)
	return out
}

// chaos does things at random to what is ours and to what is not, as somebody
// with a superuser's psql might. It knows nothing of the panel.
type chaos struct {
	rand  *rand.Rand
	roles []string // ours
	bases []string
	n     int
}

func (c *chaos) next() string {
	role, base := c.roles[c.rand.IntN(len(c.roles))], c.bases[c.rand.IntN(len(c.bases))]
	c.n++
	stranger := "stranger_" + strconv.Itoa(c.rand.IntN(10))
	return strings.NewReplacer("%r", role, "%d", base, "%n", strconv.Itoa(c.n), "%s", stranger).Replace([]string{
		"ALTER ROLE %r NOLOGIN", "ALTER ROLE %r CONNECTION LIMIT 99", "ALTER ROLE %r RENAME TO %r_%n", "ALTER ROLE %r CREATEDB", "ALTER ROLE %r SUPERUSER",
		"GRANT pg_read_all_data TO %r", "COMMENT ON ROLE %r IS NULL", "COMMENT ON ROLE %r IS 'somebody''s'", "ALTER ROLE %r PASSWORD 'x'", "ALTER ROLE %r VALID UNTIL '2020-01-01'",
		"ALTER DATABASE %d RENAME TO %d_%n", "ALTER DATABASE %d CONNECTION LIMIT 3", "ALTER DATABASE %d ALLOW_CONNECTIONS false", "GRANT CONNECT ON DATABASE %d TO PUBLIC",
		"ALTER DATABASE %d OWNER TO %s", "ALTER DATABASE %d OWNER TO %r", "COMMENT ON DATABASE %d IS NULL", "DROP DATABASE %d WITH (FORCE)", "GRANT CREATE ON DATABASE %d TO %s",
		"REVOKE ALL ON DATABASE %d FROM %r",
		"CREATE ROLE %s", "CREATE ROLE %s LOGIN", "DROP ROLE %s", "CREATE DATABASE %s OWNER %s", "DROP DATABASE %s", "ALTER ROLE %s CONNECTION LIMIT %n", "GRANT %s TO %r",
	}[c.rand.IntN(27)])
}

// TestDrift_Chaos: afterwards the findings are exactly what differs from before,
// repairs and decisions bring everything back, and nothing foreign has changed.
func TestDrift_Chaos(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("SEED"); s != "" {
		var err error
		seed, err = strconv.ParseUint(s, 10, 64)
		require.NoError(t, err)
	}
	t.Logf("seed %d; again with: SEED=%d", seed, seed)
	b := newDriftBench(t)
	c := &chaos{rand: rand.New(rand.NewPCG(seed, 0))}
	var scenes []scene
	for i := range 8 {
		s, err := b.madeAs(t.Context(), fmt.Sprintf("chaos_%d", i))
		require.NoError(t, err)
		require.NoError(t, b.invite(t.Context(), &s, []models.DatabaseRights{models.RightsReadOnly, models.RightsReadWrite, models.RightsOwner}[i%3]))
		scenes = append(scenes, s)
		c.bases = append(c.bases, s.database.ExtName)
		c.roles = append(c.roles, s.database.Username, s.guest.row.Username, workName(s.database)+"_ro", workName(s.database)+"_rw")
	}
	b.serve(t)
	require.Empty(t, b.survey(t))
	before := b.snapshot(t)
	for range 3 {
		done := 0
		for range 40 {
			sql := c.next()
			if b.onServerExec(t.Context(), sql) == nil { // much of it cannot be done
				done++
				t.Log(sql)
			}
		}
		require.Positive(t, done)
		harmed := b.snapshot(t)
		var differs []string
		for name, was := range before {
			if harmed[name] != was {
				differs = append(differs, name)
			}
		}
		var found []string
		b.survey(t)
		for _, f := range b.findings(t) {
			require.NotEqual(t, models.DriftOrphan, f.Kind, "%s %s", f.ExternalName, f.Detail)
			found = append(found, strings.ToLower(string(f.ObjectKind))+" "+f.ExternalName)
			t.Logf("%s %s %s: %s", f.Kind, f.ObjectKind, f.ExternalName, f.Detail)
		}
		require.ElementsMatch(t, differs, found, "the findings are exactly what differs")

		b.bringBack(t)
		require.Empty(t, b.openFindings(t))
		after := b.snapshot(t)
		for name, was := range before {
			require.Equal(t, was, after[name], name)
		}
		ours := func(name string) bool {
			_, ok := before[name]
			return ok || strings.Contains(name, "chaos_") || strings.Contains(name, " mp_")
		}
		for name, was := range harmed {
			if !ours(name) {
				require.Equal(t, was, after[name], "%s is foreign", name)
			}
		}
		for _, s := range scenes {
			require.NoError(t, b.enters(t.Context(), s, s.password), s.database.ExtName)
			require.Empty(t, b.guestMustBe(t.Context(), s, *s.guest))
		}
	}
}

// bringBack lets repairs go on and decides whatever waits for a person.
func (b *faultBench) bringBack(t *testing.T) {
	t.Helper()
	for range 12 {
		b.untilRepaired(t)
		if len(b.survey(t)) == 0 {
			return
		}
		for _, server := range b.servers(t) {
			if server.DriftBrake == models.BrakeOn {
				_, err := b.panel.databases.ReleaseBrake(b.asStaff(t), database.ReleaseBrakeInput{ID: server.ID})
				require.NoError(t, err)
			}
		}
		b.untilRepaired(t)
		for _, f := range b.findings(t) {
			decision := database.DecideRepair
			switch {
			case f.Kind == models.DriftForeign:
				decision = database.DecideAdopt
				if f.ObjectKind == models.ObjectRole { // which is refused for one that has powers
					sqlOn(t, b.tenants, "postgres", "ALTER ROLE "+f.ExternalName+" NOSUPERUSER NOCREATEDB NOCREATEROLE")
				}
			case f.Kind == models.DriftMissing && f.ObjectKind == models.ObjectDatabase:
				decision = database.DecideRecreate
			}
			_, err := b.decided(t, f, decision)
			t.Logf("%s %s: %s: %v", f.Kind, f.ExternalName, decision, err) // one job at a time for a database
			b.untilRepaired(t)
		}
	}
	var left []string
	for _, f := range b.findings(t) {
		left = append(left, fmt.Sprintf("%s %s: %s", f.Kind, f.ExternalName, f.Detail))
	}
	var jobs []*models.Job
	require.NoError(t, b.oracle.NewSelect().Model(&jobs).Where("j.state = 'FAILED'").Order("j.created_at DESC").Limit(10).Scan(t.Context()))
	for _, j := range jobs {
		left = append(left, fmt.Sprintf("%s failed: %s", j.Kind, *j.ErrorMessage))
	}
	slices.Sort(left)
	require.Empty(t, left, "it did not come back")
}

func (b *faultBench) servers(t *testing.T) (rows []*models.DatabaseServer) {
	t.Helper()
	require.NoError(t, b.oracle.NewSelect().Model(&rows).Scan(t.Context()))
	return rows
}
