package app

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/jobs"
	"github.com/mpanel/mpanel/models"
)

// outlives ends the grace of the login before.
func (b *faultBench) outlives(t *testing.T, s scene) {
	t.Helper()
	_, err := b.oracle.ExecContext(t.Context(), "UPDATE databases SET previous_until = now() WHERE id = ?", s.database.ID)
	require.NoError(t, err)
	require.NoError(t, b.panel.databases.RetireLogins(t.Context()))
	var left []*models.Job
	require.NoError(t, b.oracle.NewSelect().Model(&left).Where("finished_at IS NULL").Scan(t.Context()))
	for _, j := range left {
		b.panel.engine.Run(t.Context(), j.ID)
	}
}

func TestRotateWithGrace_BothLoginsThroughEverything(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	ctx := b.by(t)
	s := b.tenant(t, b.customer(t, nil, 9), b.name)
	require.NoError(t, b.invite(ctx, &s, models.RightsReadOnly))
	t.Cleanup(func() { b.clear(t, s) })
	reader := s
	require.NoError(t, b.enters(ctx, s, s.password))
	before := login{s.database.ExtName, s.password}
	open, err := b.login(ctx, s.database.ExtName, before.name, before.password.Reveal())
	require.NoError(t, err)
	defer func() { _ = open.Close(ctx) }()

	out, err := b.panel.databases.Rotate(ctx, database.RotateInput{ID: s.database.ID, GraceSeconds: new(3600)})
	require.NoError(t, err)
	s.next, s.guest = out.Credentials.Secret, nil
	now := login{out.Credentials.Username, s.next}
	require.Equal(t, nextLogin(s), now.name)
	require.NoError(t, b.enters(ctx, s, s.password), "before the job the old one is the one")
	require.Equal(t, models.JobSucceeded, b.finished(t, out.Job.ID).State)
	require.Empty(t, b.loginsMustBe(ctx, s, &now, &before))
	row := b.row(t, s.database.ID)
	require.InDelta(t, 3600, row.PreviousUntil.Sub(row.UpdatedAt).Seconds(), 1)
	strings, err := b.panel.databases.ConnectionStrings(ctx, []*models.Database{row})
	require.NoError(t, err)
	require.Contains(t, strings[0][0].Value, now.name+"@", "what is told is true")
	_, err = open.Exec(ctx, "CREATE TABLE going_on (n int)")
	require.NoError(t, err, "sessions go on")

	// What any of them makes is the login's, and its reader reads it.
	old, err := b.login(ctx, s.database.ExtName, before.name, before.password.Reveal())
	require.NoError(t, err)
	for _, sql := range []string{"CREATE TABLE made_by_old (n int)", "SET ROLE NONE", "CREATE TABLE made_by_itself (n int)", "CREATE SCHEMA of_its_own"} {
		_, err = old.Exec(ctx, sql)
		require.NoError(t, err, sql)
	}
	require.NoError(t, b.asGuest(ctx, reader, "SELECT * FROM made_by_old", "SELECT * FROM going_on"))
	_, err = b.panel.databases.Rotate(ctx, database.RotateInput{ID: s.database.ID, GraceSeconds: new(60)})
	require.Equal(t, fault.Conflict, fault.CodeOf(err), "one grace at a time")

	// Everything else treats both.
	stop, err := b.panel.databases.Suspend(ctx, database.SuspendInput{ID: s.database.ID})
	require.NoError(t, err)
	require.Equal(t, models.JobSucceeded, b.finished(t, stop.Job.ID).State)
	for _, l := range []login{now, before} {
		_, err = b.login(ctx, s.database.ExtName, l.name, l.password.Reveal())
		require.Error(t, err, l.name)
	}
	_, err = b.panel.databases.KeepLogin(ctx, database.KeepLoginInput{ID: s.database.ID})
	require.Equal(t, fault.Conflict, fault.CodeOf(err))
	start, err := b.panel.databases.Resume(ctx, database.ResumeInput{ID: s.database.ID})
	require.NoError(t, err)
	require.Equal(t, models.JobSucceeded, b.finished(t, start.Job.ID).State)
	require.Empty(t, b.loginsMustBe(ctx, s, &now, &before))
	gone, err := b.panel.databases.Delete(ctx, database.DeleteInput{ID: s.database.ID})
	require.NoError(t, err)
	b.finished(t, gone.Job.ID)
	_, err = b.login(ctx, s.database.ExtName, before.name, before.password.Reveal())
	require.Error(t, err)
	_, err = b.panel.databases.Restore(ctx, database.RestoreInput{ID: s.database.ID})
	require.NoError(t, err)
	require.Equal(t, models.JobCanceled, b.finished(t, gone.Job.ID).State)
	require.Empty(t, b.loginsMustBe(ctx, s, &now, &before))
	only, err := b.panel.databases.Rotate(ctx, database.RotateInput{ID: s.database.ID})
	require.NoError(t, err)
	require.Equal(t, now.name, only.Credentials.Username)
	require.Equal(t, models.JobSucceeded, b.finished(t, only.Job.ID).State)
	s.next = only.Credentials.Secret
	now.password = s.next
	require.Empty(t, b.loginsMustBe(ctx, s, &now, &before), "the password alone, of the new one alone")

	// Whoever has the old login cannot stay by it.
	thief, err := b.login(ctx, s.database.ExtName, before.name, before.password.Reveal())
	require.NoError(t, err)
	_, err = thief.Exec(ctx, "ALTER ROLE CURRENT_USER PASSWORD 'stolen'")
	require.NoError(t, err, "acting as the new one it may")
	// While it is suspended the grace is over: resuming does not let the old one in.
	stop, err = b.panel.databases.Suspend(ctx, database.SuspendInput{ID: s.database.ID})
	require.NoError(t, err)
	b.finished(t, stop.Job.ID)
	b.outlives(t, s)
	start, err = b.panel.databases.Resume(ctx, database.ResumeInput{ID: s.database.ID})
	require.NoError(t, err)
	b.finished(t, start.Job.ID)
	_, err = b.login(ctx, s.database.ExtName, before.name, before.password.Reveal())
	require.Error(t, err)
	_, err = b.panel.databases.KeepLogin(ctx, database.KeepLoginInput{ID: s.database.ID})
	require.Equal(t, fault.Conflict, fault.CodeOf(err), "too late")
	b.outlives(t, s)
	require.Empty(t, b.loginsMustBe(ctx, s, &now, nil))
	_, err = thief.Exec(ctx, "SELECT 1")
	require.Error(t, err)
	_, err = b.login(ctx, s.database.ExtName, now.name, "stolen")
	require.Error(t, err)
	require.Nil(t, b.row(t, s.database.ID).PreviousUntil)
	conn, err := b.login(ctx, s.database.ExtName, now.name, now.password.Reveal())
	require.NoError(t, err)
	defer func() { _ = conn.Close(ctx) }()
	var foreign int
	require.NoError(t, conn.QueryRow(ctx, "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND pg_get_userbyid(c.relowner) <> $1", now.name).Scan(&foreign))
	require.Zero(t, foreign, "the new one owns everything")
	_, err = conn.Exec(ctx, "CREATE TABLE afterwards (n int)")
	require.NoError(t, err)
	require.NoError(t, b.asGuest(ctx, reader, "SELECT * FROM afterwards"))

	// Gone is gone, with whichever logins there are.
	third, err := b.panel.databases.Rotate(ctx, database.RotateInput{ID: s.database.ID, GraceSeconds: new(3600)})
	require.NoError(t, err)
	require.Equal(t, models.JobSucceeded, b.finished(t, third.Job.ID).State)
	gone, err = b.panel.databases.Delete(ctx, database.DeleteInput{ID: s.database.ID, GraceSeconds: new(0)})
	require.NoError(t, err)
	require.Equal(t, models.JobSucceeded, b.finished(t, gone.Job.ID).State)
	found, err := b.onServer(ctx, s)
	require.NoError(t, err)
	require.Equal(t, outside{}, found)
}

func TestRotateWithGrace_Refused(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	ctx := b.by(t)
	s := b.tenant(t, b.customer(t, nil, 9), b.name)
	for seconds, code := range map[int]fault.Code{-1: fault.Invalid, database.MaxLoginGraceSeconds + 1: fault.Invalid} {
		_, err := b.panel.databases.Rotate(ctx, database.RotateInput{ID: s.database.ID, GraceSeconds: &seconds})
		require.Equal(t, code, fault.CodeOf(err), "%d", seconds)
	}
	_, err := b.panel.databases.KeepLogin(ctx, database.KeepLoginInput{ID: s.database.ID})
	require.Equal(t, fault.Conflict, fault.CodeOf(err), "there is none before")

	// Somebody else's role has the name: nothing is changed, and what was shown can
	// be made true by another attempt once the name is free.
	b.exec(t, "CREATE ROLE "+nextLogin(s))
	out, err := b.panel.databases.Rotate(ctx, database.RotateInput{ID: s.database.ID, GraceSeconds: new(60)})
	require.NoError(t, err)
	require.Equal(t, models.JobFailed, b.finished(t, out.Job.ID).State)
	require.Empty(t, b.mustBeThere(ctx, s, models.ResourceActive, 1))
	b.exec(t, "DROP ROLE "+nextLogin(s))
	again, err := b.panel.jobs.Retry(ctx, jobs.RetryInput{ID: out.Job.ID})
	require.NoError(t, err)
	require.Equal(t, models.JobSucceeded, b.finished(t, again.Job.ID).State)
	s.next = out.Credentials.Secret
	require.Empty(t, b.loginsMustBe(ctx, s, &login{nextLogin(s), s.next}, &login{s.database.ExtName, s.password}))
	_, err = b.panel.jobs.Retry(ctx, jobs.RetryInput{ID: out.Job.ID})
	require.Equal(t, fault.Conflict, fault.CodeOf(err))

	// Taken back, and once more: the next login has another name.
	back, err := b.panel.databases.KeepLogin(ctx, database.KeepLoginInput{ID: s.database.ID})
	require.NoError(t, err)
	require.Equal(t, models.JobSucceeded, b.finished(t, back.Job.ID).State)
	require.Empty(t, b.mustBeThere(ctx, s, models.ResourceActive, 1))
	out, err = b.panel.databases.Rotate(ctx, database.RotateInput{ID: s.database.ID, GraceSeconds: new(60)})
	require.NoError(t, err)
	require.Equal(t, "l"+s.database.ExtName[1:]+"_3", out.Credentials.Username)
	_, err = b.panel.jobs.Cancel(ctx, jobs.CancelInput{ID: out.Job.ID})
	require.NoError(t, err)
	require.Equal(t, models.JobCanceled, b.finished(t, out.Job.ID).State)
	require.Empty(t, b.mustBeThere(ctx, s, models.ResourceActive, 1))
}
