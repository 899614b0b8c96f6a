package app

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/models"
)

// What bears our mark and is known to nobody, such as after the panel came back
// from an older backup, is for a person to decide.
func TestDrift_OrphanThatNobodyKnows(t *testing.T) {
	t.Parallel()
	b := newDriftBench(t)
	s, err := b.made(t.Context())
	require.NoError(t, err)
	b.serve(t)
	// The backup is older than the database and its job.
	for _, sql := range []string{"DELETE FROM databases", "DELETE FROM jobs"} {
		_, err := b.oracle.ExecContext(t.Context(), sql)
		require.NoError(t, err)
	}
	role, data := "ORPHAN ROLE "+s.database.Username, "ORPHAN DATABASE "+s.database.ExtName
	require.Empty(t, b.survey(t))
	for range 2 {
		require.ElementsMatch(t, []string{role, data}, b.survey(t))
		b.untilRepaired(t)
	}
	require.NoError(t, b.enters(t.Context(), s, s.password), "the data is untouched")
	b.refuses(t, b.finding(t, data), database.DecideRepair, database.DecideRecreate, database.DecideAdopt)
	for _, what := range []string{data, role} {
		f := b.finding(t, what)
		support := &actor.Actor{User: b.staff.User, Provider: []actor.Permission{actor.JobsRead, actor.DatabasesWrite}}
		_, err := b.panel.databases.DecideFinding(actor.With(t.Context(), support), database.DecideFindingInput{ID: f.ID, Decision: database.DecideDelete})
		require.Equal(t, fault.Forbidden, fault.CodeOf(err), "it is not for everybody at the provider")
		out, err := b.decided(t, f, database.DecideDelete)
		require.NoError(t, err)
		require.Equal(t, models.JobSucceeded, b.until(t, out.Job.ID, "removal", over).State)
	}
	require.Empty(t, b.survey(t))
	left, err := b.onServer(t.Context(), s)
	require.NoError(t, err)
	require.Equal(t, outside{}, left)
}

// A mark that somebody wrote by hand on a thing of another makes it no orphan to
// be removed by itself.
func TestDrift_MarkWrittenByHand(t *testing.T) {
	t.Parallel()
	b := newDriftBench(t)
	s, err := b.made(t.Context())
	require.NoError(t, err)
	b.serve(t)
	mark := fmt.Sprintf("mpanel:%s:%s", b.installation(t.Context()), s.database.ID)
	for _, sql := range []string{
		"CREATE ROLE somebody", "COMMENT ON ROLE somebody IS '" + mark + "'",
		"CREATE ROLE nobody_knows", "COMMENT ON ROLE nobody_knows IS '" + mark[:len(mark)-4] + "dead'",
		"CREATE ROLE no_uuid", "COMMENT ON ROLE no_uuid IS '" + mark[:len(mark)-36] + "hello'",
		"CREATE ROLE other_installation", "COMMENT ON ROLE other_installation IS 'mpanel:00000000-0000-0000-0000-000000000000:" + s.database.ID.String() + "'",
	} {
		sqlOn(t, b.tenants, "postgres", sql)
	}
	b.survey(t)
	for range 2 {
		require.ElementsMatch(t, []string{"ORPHAN ROLE somebody", "ORPHAN ROLE nobody_knows", "ORPHAN ROLE no_uuid"}, b.survey(t))
		b.untilRepaired(t)
	}
	require.Equal(t, "4", b.ask(t, "SELECT count(*)::text FROM pg_roles WHERE rolname IN ('somebody', 'nobody_knows', 'no_uuid', 'other_installation')"))
	require.NoError(t, b.enters(t.Context(), s, s.password))
}
