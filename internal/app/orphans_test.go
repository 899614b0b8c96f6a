package app

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/config"
	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/models"
)

// TestDrift_Zombie pauses a runner between intent and effect of each step. Another
// takes its job over and takes it back; then the first wakes up and makes what
// nobody wishes any more. Two surveys later nothing of it is left.
func TestDrift_Zombie(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"create-login", "create-database"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			b := newDriftBench(t)
			s, err := b.order(t.Context())
			require.NoError(t, err)
			asleep, wake := make(chan struct{}), make(chan struct{})
			sleeps := func(_ context.Context, point string) error {
				if point == database.KindCreate+"/"+step+":after-intent" {
					close(asleep)
					<-wake
				}
				return nil
			}
			// The one that sleeps does not see that its lease is over: a whole process was stopped.
			deaf := engine.Config{Node: "zombie", Probe: sleeps, Lease: time.Hour, Renew: 20 * time.Minute, Sweep: time.Hour}
			zombie, err := newPanel(t.Context(), b.panel.stores, config.Options{}, deaf, slog.New(slog.DiscardHandler))
			require.NoError(t, err)
			t.Cleanup(zombie.close)
			done := make(chan struct{})
			go func() {
				defer close(done)
				zombie.engine.Run(context.WithoutCancel(t.Context()), s.job)
			}()
			<-asleep
			_, err = b.oracle.NewUpdate().Model((*models.Job)(nil)).Set("lease_until = now() - interval '1 second'").Where("id = ?", s.job).Exec(t.Context())
			require.NoError(t, err)
			fails := func(_ context.Context, point string) error {
				if point == database.KindCreate+"/"+step+":after-effect" {
					return fault.Invalid.Permanent("", "This job is meant to fail.")
				}
				return nil
			}
			b.probe.Store(&fails)
			b.serve(t)
			require.Equal(t, models.JobFailed, b.until(t, s.job, "compensation", over).State)
			b.probe.Store(nil)
			require.Empty(t, b.mustBeGone(t.Context(), s, models.ResourceFailed))

			close(wake)
			<-done
			left, err := b.onServer(t.Context(), s)
			require.NoError(t, err)
			require.NotEqual(t, outside{}, left, "the zombie did what it was about to do")
			require.Empty(t, b.survey(t), "seen once, which may be somebody at work")
			require.Len(t, b.survey(t), 1)
			b.untilRepaired(t)
			require.Empty(t, b.mustBeGone(t.Context(), s, models.ResourceFailed))
			require.Empty(t, b.survey(t))
		})
	}
}

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
