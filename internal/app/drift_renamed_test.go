package app

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/models"
)

// oid is that of a role or a database, which a new one of that name has not.
func (b *faultBench) oid(t *testing.T, name string) string {
	t.Helper()
	return b.ask(t, "SELECT coalesce((SELECT oid FROM pg_roles WHERE rolname = '"+name+"'), (SELECT oid FROM pg_database WHERE datname = '"+name+"'), 0)::text")
}

// Something of ours was renamed, and somebody else's took its name: ours is no
// orphan, since its row is there, and nobody may take its data for left over.
func TestDrift_RenamedAndItsNameIsTaken(t *testing.T) {
	t.Parallel()
	b := newDriftBench(t)
	s := b.withGuest(t)
	b.serve(t)
	for name, tc := range map[string]struct{ object, name, make, drop string }{
		"the login":    {"ROLE", s.database.Username, "CREATE ROLE %s NOLOGIN CONNECTION LIMIT 7", "DROP ROLE %s"},
		"the user":     {"ROLE", s.guest.row.Username, "CREATE ROLE %s NOLOGIN CONNECTION LIMIT 7", "DROP ROLE %s"},
		"a group":      {"ROLE", workName(s.database) + "_ro", "CREATE ROLE %s NOLOGIN CONNECTION LIMIT 7", "DROP ROLE %s"},
		"the database": {"DATABASE", s.database.ExtName, "CREATE DATABASE %s CONNECTION LIMIT 7", "DROP DATABASE %s"},
	} {
		t.Run(name, func(t *testing.T) {
			oid := b.oid(t, tc.name)
			if tc.object == "DATABASE" { // which has the name of its login
				oid = b.ask(t, "SELECT oid::text FROM pg_database WHERE datname = '"+tc.name+"'")
			}
			do := func(sql string) { sqlOn(t, b.tenants, "postgres", strings.ReplaceAll(sql, "%s", tc.name)) }
			do("ALTER " + tc.object + " %s RENAME TO ours_elsewhere")
			do(tc.make)
			foreign := "FOREIGN " + tc.object + " " + tc.name
			for range 3 { // a stray is shown once it was seen twice
				found := b.survey(t)
				require.Contains(t, found, foreign)
				for _, f := range found {
					require.NotContains(t, f, "ORPHAN")
				}
				b.untilRepaired(t)
			}
			require.Contains(t, b.finding(t, foreign).Detail, "Ours is called ours_elsewhere.")
			require.Equal(t, "7", b.ask(t, "SELECT coalesce((SELECT rolconnlimit FROM pg_roles WHERE rolname = '"+tc.name+"' AND '"+tc.object+"' = 'ROLE'), (SELECT datconnlimit FROM pg_database WHERE datname = '"+tc.name+"'))::text"))

			do(tc.drop) // as who reads that does
			b.survey(t)
			b.untilRepaired(t)
			require.Empty(t, b.survey(t))
			if tc.object == "DATABASE" {
				require.Equal(t, oid, b.ask(t, "SELECT oid::text FROM pg_database WHERE datname = '"+tc.name+"'"))
			} else {
				require.Equal(t, oid, b.oid(t, tc.name), "it is the same")
			}
			require.NoError(t, b.enters(t.Context(), s, s.password))
			require.Empty(t, b.guestMustBe(t.Context(), s, *s.guest))
		})
	}
}

// Whoever takes over the foreign one instead has two with one mark, and the other
// is what is left over.
func TestDrift_RenamedAndTheOtherIsAdopted(t *testing.T) {
	t.Parallel()
	b := newDriftBench(t)
	s, err := b.made(t.Context())
	require.NoError(t, err)
	b.serve(t)
	name := s.database.Username
	sqlOn(t, b.tenants, "postgres", "ALTER ROLE "+name+" RENAME TO before")
	sqlOn(t, b.tenants, "postgres", "CREATE ROLE "+name)
	b.survey(t)
	out, err := b.decided(t, b.finding(t, "FOREIGN ROLE "+name), database.DecideAdopt)
	require.NoError(t, err)
	require.Equal(t, models.JobSucceeded, b.until(t, out.Job.ID, "adoption", over).State)
	b.survey(t)
	require.Equal(t, []string{"ORPHAN ROLE before"}, b.survey(t))
	require.NoError(t, b.enters(t.Context(), s, s.password))
	dropOwned(t, b.tenants, "before")
	out, err = b.decided(t, b.finding(t, "ORPHAN ROLE before"), database.DecideDelete)
	require.NoError(t, err)
	require.Equal(t, models.JobSucceeded, b.until(t, out.Job.ID, "removal", over).State)
	require.Empty(t, b.survey(t))
}

// A database that is made anew gets the login that it had.
func TestDrift_DataIsGoneAndItsLoginIsRenamed(t *testing.T) {
	t.Parallel()
	b := newDriftBench(t)
	s := b.withGuest(t)
	b.serve(t)
	name, guest := s.database.ExtName, s.guest.row.Username
	login, user := b.oid(t, name), b.oid(t, guest)
	for _, sql := range []string{"DROP DATABASE " + name, "ALTER ROLE " + name + " RENAME TO elsewhere", "ALTER ROLE " + guest + " RENAME TO elsewhere_guest"} {
		sqlOn(t, b.tenants, "postgres", sql)
	}
	gone := "MISSING DATABASE " + name
	require.ElementsMatch(t, []string{gone, "DIFFERS ROLE " + name, "DIFFERS ROLE " + guest}, b.survey(t))
	out, err := b.decided(t, b.finding(t, gone), database.DecideRecreate)
	require.NoError(t, err)
	require.Equal(t, models.JobSucceeded, b.until(t, out.Job.ID, "recreation", over).State)
	for range 2 {
		require.Empty(t, b.survey(t))
	}
	require.Equal(t, login, b.oid(t, name))
	require.Equal(t, user, b.oid(t, guest))
	require.NoError(t, b.enters(t.Context(), s, s.password))
	require.Empty(t, b.guestMustBe(t.Context(), s, *s.guest))
}

// What somebody brought back before the decision is not dropped when its job fails,
// and what was dropped by half is made anew.
func TestDrift_DataIsBackBeforeItIsMadeAnew(t *testing.T) {
	t.Parallel()
	b := newDriftBench(t)
	s, err := b.made(t.Context())
	require.NoError(t, err)
	b.serve(t)
	name := s.database.ExtName
	sqlOn(t, b.tenants, name, "CREATE TABLE precious ()")
	gone, limit := "MISSING DATABASE "+name, func(n string) {
		sqlOn(t, b.tenants, "postgres", "UPDATE pg_database SET datconnlimit = "+n+" WHERE datname = '"+name+"'")
	}
	limit("-2") // dropped by half
	require.Equal(t, []string{gone}, b.survey(t))
	f := b.finding(t, gone)
	limit("20")
	out, err := b.decided(t, f, database.DecideRecreate)
	require.NoError(t, err)
	job := b.until(t, out.Job.ID, "recreation", over)
	require.Equal(t, models.JobFailed, job.State)
	require.Contains(t, *job.ErrorMessage, "there again")
	sqlOn(t, b.tenants, name, "SELECT FROM precious")
	b.survey(t)
	b.untilRepaired(t)
	require.Empty(t, b.survey(t))

	limit("-2")
	require.Equal(t, []string{gone}, b.survey(t))
	out, err = b.decided(t, b.finding(t, gone), database.DecideRecreate)
	require.NoError(t, err)
	require.Equal(t, models.JobSucceeded, b.until(t, out.Job.ID, "recreation", over).State)
	require.Empty(t, b.survey(t))
	require.NoError(t, b.enters(t.Context(), s, s.password))
}

// Groups that were renamed are told apart inside their database, and one that is
// gone is made anew beside the other.
func TestDrift_GroupsAreRenamed(t *testing.T) {
	t.Parallel()
	for _, rights := range []models.DatabaseRights{models.RightsReadOnly, models.RightsReadWrite, models.RightsOwner} {
		t.Run(string(rights), func(t *testing.T) {
			t.Parallel()
			b := newDriftBench(t)
			s, err := b.made(t.Context())
			require.NoError(t, err)
			require.NoError(t, b.invite(t.Context(), &s, rights))
			b.serve(t)
			ro, rw := workName(s.database)+"_ro", workName(s.database)+"_rw"
			for _, sql := range []string{
				"ALTER ROLE %o RENAME TO x; ALTER ROLE %w RENAME TO y", "ALTER ROLE %o RENAME TO y; ALTER ROLE %w RENAME TO x",
				"ALTER ROLE %o RENAME TO x; DROP OWNED BY %w; DROP ROLE %w", "ALTER ROLE %w RENAME TO x; DROP OWNED BY %o; DROP ROLE %o",
			} {
				reader, writer := b.oid(t, ro), b.oid(t, rw)
				sqlOn(t, b.tenants, s.database.ExtName, strings.NewReplacer("%o", ro, "%w", rw).Replace(sql))
				found := b.survey(t)
				for _, group := range []string{ro, rw} {
					require.Contains(t, found, "DIFFERS ROLE "+group, sql)
				}
				b.untilRepaired(t)
				for range 2 {
					require.Empty(t, b.survey(t), sql)
				}
				for name, oid := range map[string]string{ro: reader, rw: writer} {
					if !strings.Contains(sql, "DROP ROLE %"+map[string]string{ro: "o", rw: "w"}[name]) {
						require.Equal(t, oid, b.oid(t, name), "%s: it is the same", sql)
					}
				}
				require.Empty(t, b.guestMustBe(t.Context(), s, *s.guest), sql)
			}
		})
	}
}

// Nothing tells them apart in a database that was made anew, and each will do.
func TestDrift_GroupsAreRenamedAndTheDataIsGone(t *testing.T) {
	t.Parallel()
	b := newDriftBench(t)
	s := b.withGuest(t)
	b.serve(t)
	ro, rw := workName(s.database)+"_ro", workName(s.database)+"_rw"
	for _, sql := range []string{"ALTER ROLE " + ro + " RENAME TO y", "ALTER ROLE " + rw + " RENAME TO x", "DROP DATABASE " + s.database.ExtName} {
		sqlOn(t, b.tenants, "postgres", sql)
	}
	b.survey(t)
	out, err := b.decided(t, b.finding(t, "MISSING DATABASE "+s.database.ExtName), database.DecideRecreate)
	require.NoError(t, err)
	require.Equal(t, models.JobSucceeded, b.until(t, out.Job.ID, "recreation", over).State)
	for range 2 {
		require.Empty(t, b.survey(t))
	}
	require.Equal(t, "0", b.ask(t, "SELECT count(*)::text FROM pg_roles WHERE rolname IN ('x', 'y')"))
	require.NoError(t, b.enters(t.Context(), s, s.password))
	require.Empty(t, b.guestMustBe(t.Context(), s, *s.guest))
}

// While nobody is to be let in, a role that is gone lets nobody in: it is made when
// the database is opened, and what it may do is put right after that. What would
// let somebody in is put right at once.
func TestDrift_SuspendedAndGone(t *testing.T) {
	t.Parallel()
	b := newDriftBench(t)
	s := b.withGuest(t)
	b.serve(t)
	out, err := b.panel.databases.Suspend(b.asStaff(t), database.SuspendInput{ID: s.database.ID})
	require.NoError(t, err)
	b.until(t, out.Job.ID, "suspension", over)
	guest, ro := s.guest.row.Username, workName(s.database)+"_ro"
	for _, tc := range []struct {
		sql   string
		found int
	}{
		{"ALTER ROLE " + ro + " RENAME TO elsewhere", 2}, {"REVOKE " + ro + " FROM " + guest, 0}, {"REVOKE ALL ON DATABASE " + s.database.ExtName + " FROM " + guest, 0},
		{"GRANT TEMPORARY ON DATABASE " + s.database.ExtName + " TO " + guest, 1}, {"GRANT pg_read_all_data TO " + guest, 1},
		{"DROP ROLE " + ro, 0}, {"DROP ROLE " + guest, 0}, {"DROP ROLE " + s.database.Username, 0},
	} {
		if name, ok := strings.CutPrefix(tc.sql, "DROP ROLE "); ok {
			dropOwned(t, b.tenants, name)
		}
		sqlOn(t, b.tenants, "postgres", tc.sql)
		require.Len(t, b.survey(t), tc.found, tc.sql)
		b.untilRepaired(t)
		for range 2 {
			require.Empty(t, b.survey(t), tc.sql)
			b.untilRepaired(t)
		}
		require.Error(t, b.enters(t.Context(), s, s.password))
		_, err := b.login(t.Context(), s.database.ExtName, guest, s.guest.password.Reveal())
		require.Error(t, err)
	}
	back, err := b.panel.databases.Resume(b.asStaff(t), database.ResumeInput{ID: s.database.ID})
	require.NoError(t, err)
	require.Equal(t, models.JobSucceeded, b.until(t, back.Job.ID, "resumption", over).State)
	b.survey(t)
	b.untilRepaired(t)
	require.Empty(t, b.survey(t))
	sqlOn(t, b.tenants, s.database.ExtName, "DROP TABLE proof") // it is the superuser's since its owner was dropped
	require.NoError(t, b.enters(t.Context(), s, s.password))
	require.Empty(t, b.guestMustBe(t.Context(), s, *s.guest))
}
