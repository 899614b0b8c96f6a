package app

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/testkit"
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
				LEFT JOIN pg_roles g ON g.oid = a.grantee ORDER BY 1), ','),
			(SELECT 'public of ' || s.refobjid::regrole FROM pg_shdepend s WHERE s.dbid = d.oid AND s.classid = 'pg_namespace'::regclass AND s.objid = 2200 AND s.deptype = 'o'))
		FROM pg_database d WHERE d.datname NOT IN ('postgres', 'template0', 'template1')
		UNION ALL
		SELECT 'parameter ' || p.parname, array_to_string(ARRAY(SELECT a.grantee::regrole || '=' || a.privilege_type FROM aclexplode(p.paracl) a ORDER BY 1), ',') FROM pg_parameter_acl p`)
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

// state is a snapshot that has of our databases, too, which groups get nothing of
// what their login makes, if all three are there.
func (k *chaotic) state(t *testing.T) map[string]string {
	t.Helper()
	out := k.snapshot(t)
	for _, s := range k.scenes {
		name := "database " + s.database.ExtName
		if _, ok := out[name]; !ok {
			continue
		}
		out[name] += k.ask(t, fmt.Sprintf(`SELECT coalesce(string_agg(' and nothing for ' || g.rolname, '' ORDER BY g.rolname), '') FROM pg_roles g, pg_roles l, pg_database d
			WHERE g.rolname IN ('%[1]s_ro', '%[1]s_rw') AND l.rolname = '%[2]s' AND d.datname = '%[3]s'
			AND (SELECT count(*) FROM pg_roles r WHERE r.rolname IN ('%[1]s_ro', '%[1]s_rw', '%[2]s') AND shobj_description(r.oid, 'pg_authid') LIKE 'mpanel:%%') = 3
			AND NOT EXISTS (SELECT FROM pg_shdepend m JOIN pg_shdepend a USING (dbid, classid, objid) WHERE dbid = d.oid AND classid = 'pg_default_acl'::regclass
				AND m.deptype = 'o' AND m.refobjid = l.oid AND a.deptype = 'a' AND a.refobjid = g.oid)`, workName(s.database), s.database.Username, s.database.ExtName))
	}
	return out
}

// TestDrift_Chaos: afterwards the findings are exactly what differs from before,
// repairs and decisions bring everything back, and nothing foreign has changed.
// With SCALE=full each goes on for minutes.
func TestDrift_Chaos(t *testing.T) {
	t.Parallel()
	for name, independent := range map[string]bool{"of somebody who looks for what is ours": false, "of somebody who knows the server alone": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, seed := testkit.Seeded(t)
			b := newDriftBench(t)
			c := &chaos{rand: r, cluster: b.tenants, independent: independent}
			k := b.chaotic(t, c)
			rounds := 2
			for began := time.Now(); rounds > 0 || os.Getenv("SCALE") == "full" && time.Since(began) < 4*time.Minute; rounds-- {
				k.round(t)
			}
			testkit.Reportf(t, "chaos %s: seed %d, %d rounds, %d statements, 0 violations", name, seed, k.rounds, c.done)
		})
	}
}

// chaotic is a server before the chaos.
type chaotic struct {
	*faultBench
	chaos  *chaos
	scenes []scene
	before map[string]string
	rounds int
}

func (b *faultBench) chaotic(t *testing.T, c *chaos) *chaotic {
	t.Helper()
	k := &chaotic{faultBench: b, chaos: c}
	for i := range 8 {
		s, err := b.madeAs(t.Context(), fmt.Sprintf("chaos_%d", i))
		require.NoError(t, err)
		require.NoError(t, b.invite(t.Context(), &s, []models.DatabaseRights{models.RightsReadOnly, models.RightsReadWrite, models.RightsOwner}[i%3]))
		k.scenes = append(k.scenes, s)
		c.bases = append(c.bases, s.database.ExtName)
		c.roles = append(c.roles, s.database.Username, s.guest.row.Username, workName(s.database)+"_ro", workName(s.database)+"_rw")
	}
	b.serve(t)
	require.Empty(t, b.survey(t))
	k.before = k.state(t)
	return k
}

var (
	publicOf = regexp.MustCompile(` \| public of .*`)
	// renamedOurs is one of ours under another name, which it does not keep: what is
	// foreign may be owned by it.
	renamedOurs = regexp.MustCompile(`(mp_[0-9a-f]{32}_r[ow]|[cu]\d+_chaos_\d(?:_guest)?)(?:_\d+)+`)
)

// withoutRenames is a state in which ours have their names again.
func withoutRenames(state string) string {
	fields := strings.Split(renamedOurs.ReplaceAllString(state, "$1"), " | ")
	for i, list := range fields {
		names := strings.Split(list, ",")
		slices.Sort(names)
		fields[i] = strings.Join(names, ",")
	}
	return strings.Join(fields, " | ")
}

func (k *chaotic) round(t *testing.T) {
	t.Helper()
	k.rounds++
	k.chaos.rage(t, 40)
	harmed, owners := k.state(t), k.owners(t)
	var differs, found []string
	k.survey(t)
	foreign := map[string]bool{}
	for _, f := range k.findings(t) {
		require.NotEqual(t, models.DriftOrphan, f.Kind, "%s %s", f.ExternalName, f.Detail)
		found = append(found, strings.ToLower(string(f.ObjectKind))+" "+f.ExternalName)
		foreign["database "+f.ExternalName] = f.Kind == models.DriftForeign && f.ObjectKind == models.ObjectRole || foreign["database "+f.ExternalName]
		t.Logf("%s %s %s: %s", f.Kind, f.ObjectKind, f.ExternalName, f.Detail)
	}
	for name, was := range k.before {
		is := harmed[name]
		if foreign[name] { // whose schema public is to be is judged when its login is decided about
			was, is = publicOf.ReplaceAllString(was, ""), publicOf.ReplaceAllString(is, "")
		}
		if is != was {
			differs = append(differs, name)
		}
	}
	require.ElementsMatch(t, differs, found, "the findings are exactly what differs")

	k.bringBack(t)
	require.Empty(t, k.openFindings(t))
	after := k.state(t)
	for name, was := range k.before {
		require.Equal(t, was, after[name], name)
	}
	ours := func(name string) bool {
		_, ok := k.before[name]
		return ok || strings.Contains(name, "chaos_") || strings.Contains(name, " mp_")
	}
	for name, was := range harmed {
		if !ours(name) {
			require.Equal(t, withoutRenames(was), withoutRenames(after[name]), "%s is foreign", name)
		}
	}
	now := k.owners(t)
	for db, was := range owners {
		if is, ok := now[db]; ok && is != was && !k.handedOver(t, was, is) { // others were dropped and made anew
			require.Equal(t, was, is, "whose a table is concerns nobody but the tenant")
		}
	}
	for _, s := range k.scenes {
		// Which somebody may have given away, and no repair takes back.
		sqlOn(t, k.tenants, s.database.ExtName, "DROP TABLE IF EXISTS proof")
		require.NoError(t, k.enters(t.Context(), s, s.password), s.database.ExtName)
		require.Empty(t, k.guestMustBe(t.Context(), s, *s.guest), "%s: %s", s.database.ExtName, k.publicOf(t, s.database.ExtName))
	}
}

// publicOf is what there is to know of a database's schema public.
func (b *faultBench) publicOf(t *testing.T, db string) (state string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), b.tenants.ConnString(db).Reveal())
	require.NoError(t, err)
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT concat_ws(' ', 'public of', nspowner::regrole, nspacl) FROM pg_namespace WHERE nspname = 'public'`).Scan(&state))
	require.NoError(t, conn.Close(t.Context()))
	return state
}

// handedOver tells whether a role is a user's and the other the login of its
// database, to which what it owns goes when it is given its rights anew.
func (k *chaotic) handedOver(t *testing.T, was, is uint32) bool {
	t.Helper()
	names := k.ask(t, fmt.Sprintf("SELECT string_agg(rolname, ' ' ORDER BY oid <> %d) FROM pg_roles WHERE oid IN (%[1]d, %d)", was, is))
	return slices.ContainsFunc(k.scenes, func(s scene) bool { return names == s.guest.row.Username+" "+s.database.Username })
}

// owners are those of the tenants' table proof, by the oid of its database; a
// database that takes no connections is left out.
func (b *faultBench) owners(t *testing.T) map[uint32]uint32 {
	t.Helper()
	admin, err := pgx.Connect(t.Context(), b.tenants.ConnString("postgres").Reveal())
	require.NoError(t, err)
	defer func() { _ = admin.Close(t.Context()) }()
	rows, err := admin.Query(t.Context(), "SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate AND datname <> 'postgres'")
	require.NoError(t, err)
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	out := map[uint32]uint32{}
	for _, name := range names {
		conn, err := pgx.Connect(t.Context(), b.tenants.ConnString(name).Reveal())
		require.NoError(t, err)
		var db, owner uint32
		err = conn.QueryRow(t.Context(), `SELECT d.oid, c.relowner FROM pg_database d, pg_class c
			WHERE d.datname = current_database() AND c.relname = 'proof' AND c.relkind = 'r'`).Scan(&db, &owner)
		if !errors.Is(err, pgx.ErrNoRows) {
			require.NoError(t, err)
			out[db] = owner
		}
		require.NoError(t, conn.Close(t.Context()))
	}
	return out
}

// bringBack lets repairs go on and decides whatever waits for a person.
func (b *faultBench) bringBack(t *testing.T) {
	t.Helper()
	var found []string
	for range 24 {
		b.untilRepaired(t)
		if found = b.survey(t); len(found) == 0 {
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
			case f.Kind == models.DriftOrphan:
				decision = database.DecideDelete
				require.Equal(t, models.ObjectRole, f.ObjectKind, f.ExternalName)
				dropOwned(t, b.tenants, f.ExternalName) // as the job that failed said
			}
			_, err := b.decided(t, f, decision)
			t.Logf("%s %s: %s: %v", f.Kind, f.ExternalName, decision, err) // one job at a time for a database
			b.untilRepaired(t)
		}
	}
	left := append([]string{"it did not come back; seen at last:"}, found...)
	for _, f := range b.findings(t) {
		left = append(left, fmt.Sprintf("%s %s: %s", f.Kind, f.ExternalName, f.Detail))
	}
	var jobs []*models.Job
	require.NoError(t, b.oracle.NewSelect().Model(&jobs).Where("j.state = 'FAILED'").Order("j.created_at DESC").Limit(10).Scan(t.Context()))
	for _, j := range jobs {
		left = append(left, fmt.Sprintf("%s failed: %s", j.Kind, *j.ErrorMessage))
	}
	require.Fail(t, strings.Join(left, "\n"))
}

func (b *faultBench) servers(t *testing.T) (rows []*models.DatabaseServer) {
	t.Helper()
	require.NoError(t, b.oracle.NewSelect().Model(&rows).Scan(t.Context()))
	return rows
}
