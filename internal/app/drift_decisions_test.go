package app

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/auth"
	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/testkit"
	"github.com/mpanel/mpanel/models"
)

// finding is the one open finding of that description.
func (b *faultBench) finding(t *testing.T, what string) *models.DriftFinding {
	t.Helper()
	for _, f := range b.findings(t) {
		if fmt.Sprintf("%s %s %s", f.Kind, f.ObjectKind, f.ExternalName) == what {
			return f
		}
	}
	require.Fail(t, "there is no such finding", what)
	return nil
}

func (b *faultBench) decided(t *testing.T, f *models.DriftFinding, d database.DriftDecision) (*database.FindingPayload, error) {
	t.Helper()
	return b.panel.databases.DecideFinding(b.asStaff(t), database.DecideFindingInput{ID: f.ID, Decision: d})
}

// refuses checks that a finding takes none of the decisions.
func (b *faultBench) refuses(t *testing.T, f *models.DriftFinding, decisions ...database.DriftDecision) {
	t.Helper()
	for _, d := range decisions {
		_, err := b.decided(t, f, d)
		require.Equal(t, fault.Conflict, fault.CodeOf(err), "%s of %s: %v", d, f.Kind, err)
	}
}

// A database that is gone with its data is never made anew by itself.
func TestDrift_DataIsGone(t *testing.T) {
	t.Parallel()
	b := newDriftBench(t)
	s := b.withGuest(t)
	b.serve(t)
	sqlOn(t, b.tenants, "postgres", "DROP DATABASE "+s.database.ExtName)
	gone := "MISSING DATABASE " + s.database.ExtName
	for range 2 {
		require.Equal(t, []string{gone}, b.survey(t))
		b.untilRepaired(t)
	}
	require.Empty(t, b.checkRow(t.Context(), s, models.ResourceDegraded, 1))
	f := b.finding(t, gone)
	require.Contains(t, f.Detail, "data is gone")
	require.True(t, f.JobID.IsZero(), "no job did anything about it")
	b.refuses(t, f, database.DecideRepair, database.DecideAdopt, database.DecideDelete)

	out, err := b.decided(t, f, database.DecideRecreate)
	require.NoError(t, err)
	b.until(t, out.Job.ID, "recreation", over)
	require.Empty(t, b.openFindings(t))
	require.Empty(t, b.survey(t))
	require.NoError(t, b.enters(t.Context(), s, s.password), "with the password of before")
	require.Empty(t, b.guestMustBe(t.Context(), s, *s.guest))
	require.Empty(t, b.checkRow(t.Context(), s, models.ResourceActive, 1))
	b.refuses(t, f, database.DecideRecreate, database.DecideIgnore)
}

// What is not ours has our name: it is reported, and never touched.
func TestDrift_Foreign(t *testing.T) {
	t.Parallel()
	b := newDriftBench(t)
	s, err := b.made(t.Context())
	require.NoError(t, err)
	b.serve(t)
	name := s.database.ExtName
	sqlOn(t, b.tenants, "postgres", "COMMENT ON ROLE "+name+" IS 'mine'")
	sqlOn(t, b.tenants, "postgres", "ALTER ROLE "+name+" NOLOGIN CONNECTION LIMIT 7")
	foreign := "FOREIGN ROLE " + name
	for range 2 {
		require.Equal(t, []string{foreign}, b.survey(t))
		b.untilRepaired(t)
	}
	require.Equal(t, "mine 7", b.ask(t, "SELECT shobj_description(oid, 'pg_authid') || ' ' || rolconnlimit FROM pg_roles WHERE rolname = '"+name+"'"))
	owner := b.memberOf(s.database.CustomerID, models.CustomerOwner)
	seen, err := b.panel.databases.Findings(actor.With(t.Context(), owner), first100(), nil)
	require.NoError(t, err)
	require.Empty(t, seen.Nodes(), "to a customer what is foreign is nothing")
	f := b.finding(t, foreign)
	_, err = b.panel.databases.DecideFinding(actor.With(t.Context(), owner), database.DecideFindingInput{ID: f.ID, Decision: database.DecideAdopt})
	require.Equal(t, fault.NotFound, fault.CodeOf(err))
	b.refuses(t, f, database.DecideRepair, database.DecideRecreate, database.DecideDelete)

	sqlOn(t, b.tenants, "postgres", "ALTER ROLE "+name+" SUPERUSER")
	out, err := b.decided(t, f, database.DecideAdopt)
	require.NoError(t, err)
	job := b.until(t, out.Job.ID, "adoption of a superuser", over)
	require.Equal(t, models.JobFailed, job.State, "a superuser is nobody's login")
	require.Contains(t, *job.ErrorMessage, "powers")

	sqlOn(t, b.tenants, "postgres", "ALTER ROLE "+name+" NOSUPERUSER")
	out, err = b.decided(t, f, database.DecideAdopt)
	require.NoError(t, err)
	require.Equal(t, models.JobSucceeded, b.until(t, out.Job.ID, "adoption", over).State)
	require.Empty(t, b.survey(t))
	require.NoError(t, b.enters(t.Context(), s, s.password))
	require.Empty(t, b.checkRow(t.Context(), s, models.ResourceActive, 1))
}

// What a suspended database is to be is another thing.
func TestDrift_Suspended(t *testing.T) {
	t.Parallel()
	b := newDriftBench(t)
	s := b.withGuest(t)
	b.serve(t)
	out, err := b.panel.databases.Suspend(b.asStaff(t), database.SuspendInput{ID: s.database.ID})
	require.NoError(t, err)
	b.until(t, out.Job.ID, "suspension", over)
	require.Empty(t, b.survey(t), "what was just suspended")
	for _, sql := range []string{
		"ALTER ROLE %s LOGIN", "ALTER DATABASE %s CONNECTION LIMIT 5", "GRANT CONNECT ON DATABASE %[1]s TO %[1]s",
		"ALTER ROLE " + s.guest.row.Username + " LOGIN /* %s */",
	} {
		sqlOn(t, b.tenants, "postgres", fmt.Sprintf(sql, s.database.ExtName))
	}
	require.Len(t, b.survey(t), 3)
	b.untilRepaired(t)
	require.Empty(t, b.survey(t))
	require.Error(t, b.enters(t.Context(), s, s.password))
	require.Empty(t, b.checkRow(t.Context(), s, models.ResourceSuspended, 1))
	back, err := b.panel.databases.Resume(b.asStaff(t), database.ResumeInput{ID: s.database.ID})
	require.NoError(t, err)
	b.until(t, back.Job.ID, "resumption", over)
	require.Empty(t, b.survey(t))
	require.NoError(t, b.enters(t.Context(), s, s.password))
}

// Policies and decisions say what happens by itself.
func TestDrift_PolicyAndIgnoring(t *testing.T) {
	t.Parallel()
	b := newDriftBench(t)
	s, err := b.made(t.Context())
	require.NoError(t, err)
	b.serve(t)
	name, ctx := s.database.ExtName, b.asStaff(t)
	policy := func(p models.DriftPolicy) {
		t.Helper()
		out, err := b.panel.databases.SetDriftPolicy(ctx, database.SetDriftPolicyInput{ID: s.database.ID, Policy: p})
		require.NoError(t, err)
		require.Equal(t, p, out.Database.DriftPolicy)
	}
	limit := func(n int) {
		sqlOn(t, b.tenants, "postgres", fmt.Sprintf("ALTER ROLE %s CONNECTION LIMIT %d", name, n))
	}
	differs := []string{"DIFFERS ROLE " + name}

	policy(models.DriftReport)
	limit(7)
	require.Equal(t, differs, b.survey(t))
	b.untilRepaired(t)
	require.Equal(t, differs, b.survey(t), "it is reported and left")
	require.Empty(t, b.checkRow(ctx, s, models.ResourceDegraded, 1))

	policy(models.DriftIgnore)
	require.Empty(t, b.survey(t))
	require.Empty(t, b.checkRow(ctx, s, models.ResourceActive, 1))

	policy(models.DriftRepair)
	policy(models.DriftReport)
	require.Equal(t, differs, b.survey(t))
	_, err = b.decided(t, b.finding(t, differs[0]), database.DecideIgnore)
	require.NoError(t, err)
	policy(models.DriftRepair)
	b.survey(t)
	b.untilRepaired(t)
	require.True(t, b.finding(t, differs[0]).Ignored, "ignored, whatever the policy")
	require.Empty(t, b.checkRow(ctx, s, models.ResourceActive, 1))
	limit(8)
	b.survey(t)
	b.untilRepaired(t)
	require.Empty(t, b.openFindings(t), "it changed, so that it is no longer what was ignored")

	policy(models.DriftReport)
	limit(9)
	require.Equal(t, differs, b.survey(t))
	b.refuses(t, b.finding(t, differs[0]), database.DecideRecreate, database.DecideAdopt, database.DecideDelete)
	out, err := b.decided(t, b.finding(t, differs[0]), database.DecideRepair)
	require.NoError(t, err)
	require.Equal(t, models.JobSucceeded, b.until(t, out.Job.ID, "repair by decision", over).State)
	require.Empty(t, b.survey(t))
}

// A repair that failed is not ordered again by every survey.
func TestDrift_RepairThatFails(t *testing.T) {
	t.Parallel()
	b := newDriftBench(t)
	s, err := b.made(t.Context())
	require.NoError(t, err)
	probe := func(_ context.Context, point string) error {
		if point == database.KindRepair+"/repair-logins:after-intent" {
			return fault.Invalid.Permanent("", "This repair is meant to fail.")
		}
		return nil
	}
	b.probe.Store(&probe)
	b.serve(t)
	sqlOn(t, b.tenants, "postgres", "ALTER ROLE "+s.database.Username+" CONNECTION LIMIT 7")
	for range 3 {
		require.Len(t, b.survey(t), 1)
		b.untilRepaired(t)
	}
	repairs, err := b.oracle.NewSelect().Model((*models.Job)(nil)).Where("j.kind = ?", database.KindRepair).Count(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 1, repairs)
	b.probe.Store(nil)
	out, err := b.decided(t, b.findings(t)[0], database.DecideRepair)
	require.NoError(t, err)
	require.Equal(t, models.JobSucceeded, b.until(t, out.Job.ID, "repair by decision", over).State)
	require.Empty(t, b.survey(t))
}

// Nobody is let in to the server: it is away, and nothing of it is missing.
func TestDrift_AdminPasswordChangedBehindOurBack(t *testing.T) {
	t.Parallel()
	b := newDriftBench(t)
	s, err := b.made(t.Context())
	require.NoError(t, err)
	server := s.database.ServerID
	require.Empty(t, b.survey(t))
	admin, err := pgx.Connect(t.Context(), b.tenants.ConnString("postgres").Reveal()) // from before, to set it back
	require.NoError(t, err)
	set := func(password string) {
		_, err := admin.Exec(context.Background(), "ALTER ROLE "+testkit.Superuser+" PASSWORD '"+password+"'")
		require.NoError(t, err)
	}
	t.Cleanup(func() { set(testkit.Password().Reveal()); _ = admin.Close(context.Background()) })
	set("changed")
	_, err = admin.Exec(t.Context(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'mpanel'")
	require.NoError(t, err)
	_, err = b.oracle.NewUpdate().Model((*models.DatabaseServer)(nil)).Set("next_survey_at = now()").Where("TRUE").Exec(t.Context())
	require.NoError(t, err)
	err = b.panel.databases.SurveyServers(t.Context(), time.Minute)
	require.Equal(t, fault.Unavailable, fault.CodeOf(err), "%v", err)
	require.Empty(t, b.openFindings(t))
	_, err = b.panel.databases.SurveyServer(b.asStaff(t), database.SurveyServerInput{ID: server})
	require.Equal(t, fault.Unavailable, fault.CodeOf(err))
	require.Empty(t, b.openFindings(t))
	require.Empty(t, b.checkRow(t.Context(), s, models.ResourceActive, 1))
}

// memberOf is somebody with a role in one customer.
func (b *faultBench) memberOf(id ident.CustomerID, role models.CustomerRole) *actor.Actor {
	return &actor.Actor{User: b.staff.User, Grants: []actor.Grant{{Customer: id, Permissions: auth.CustomerPermissions(role)}}}
}

// The brake holds repairs when much differs at once, and a person lets them go.
func TestDrift_Brake(t *testing.T) {
	t.Parallel()
	b := newDriftBench(t)
	var scenes []scene
	for i := range 5 {
		s, err := b.madeAs(t.Context(), fmt.Sprintf("brake_%d", i))
		require.NoError(t, err)
		scenes = append(scenes, s)
	}
	b.serve(t)
	harm := func(n int) {
		for _, s := range scenes[:n] {
			sqlOn(t, b.tenants, "postgres", "ALTER ROLE "+s.database.Username+" NOLOGIN")
		}
	}
	harm(3)
	require.Len(t, b.survey(t), 3)
	b.untilRepaired(t)
	require.Empty(t, b.survey(t), "three at once are repaired")

	harm(4)
	server := scenes[0].database.ServerID
	for range 2 {
		require.Len(t, b.survey(t), 4)
		b.untilRepaired(t)
	}
	require.Equal(t, models.BrakeOn, b.server(t, server).DriftBrake)
	require.Len(t, b.openFindings(t), 4, "four are not")

	out, err := b.panel.databases.ReleaseBrake(b.asStaff(t), database.ReleaseBrakeInput{ID: server})
	require.NoError(t, err)
	require.Equal(t, models.BrakeReleased, out.DatabaseServer.DriftBrake)
	b.untilRepaired(t)
	require.Empty(t, b.survey(t))
	require.Equal(t, models.BrakeOff, b.server(t, server).DriftBrake)
	_, err = b.panel.databases.ReleaseBrake(b.asStaff(t), database.ReleaseBrakeInput{ID: server})
	require.Equal(t, fault.Conflict, fault.CodeOf(err))
	for _, s := range scenes {
		require.NoError(t, b.enters(t.Context(), s, s.password))
	}
}

// A whole server's resources are gone at once, which is for a restore and not for
// ten thousand repairs.
func TestDrift_TenThousandAreGone(t *testing.T) {
	t.Parallel()
	b := newDriftBench(t)
	s, err := b.made(t.Context())
	require.NoError(t, err)
	const n = 10_000
	// The rows alone: a verifier is sealed for its row, so these policies see no password.
	ids := make([]ident.DatabaseID, n)
	rows := make([]*models.Database, n)
	for i := range rows {
		ids[i] = ident.NewDatabaseID()
		rows[i] = &models.Database{
			ID: ids[i], CustomerID: s.database.CustomerID, ServerID: s.database.ServerID, Name: fmt.Sprintf("gone_%d", i),
			ExtName: fmt.Sprintf("c1_gone_%d", i), Username: fmt.Sprintf("c1_gone_%d", i), ConnectionLimit: 5, State: models.ResourceActive, Generation: 1,
			VerifierSealed: b.panel.stores.box.Seal(s.password, "databases.verifier/"+ids[i].String()),
		}
	}
	for i := 0; i < n; i += 1000 {
		part := rows[i : i+1000]
		_, err := b.oracle.NewInsert().Model(&part).Exec(t.Context())
		require.NoError(t, err)
	}
	began := time.Now()
	b.survey(t)
	t.Logf("the survey took %v", time.Since(began).Round(time.Millisecond))
	require.Equal(t, models.BrakeOn, b.server(t, s.database.ServerID).DriftBrake)
	open, err := b.oracle.NewSelect().Model((*models.DriftFinding)(nil)).Where("f.resolved_at IS NULL").Count(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 2*n, open, "a role and a database of each")
	jobs, err := b.oracle.NewSelect().Model((*models.Job)(nil)).Where("j.kind <> ?", database.KindCreate).Count(t.Context())
	require.NoError(t, err)
	require.Zero(t, jobs)
	b.survey(t) // again over all the findings that there are
	require.NoError(t, b.enters(t.Context(), s, s.password))
}

// Two things of a database that are not ours are two decisions, one after the other.
func TestDrift_ForeignTwice(t *testing.T) {
	t.Parallel()
	for _, first := range []string{"ROLE", "DATABASE"} {
		t.Run(first+" first", func(t *testing.T) {
			t.Parallel()
			b := newDriftBench(t)
			s, err := b.made(t.Context())
			require.NoError(t, err)
			b.serve(t)
			name := s.database.ExtName
			sqlOn(t, b.tenants, "postgres", "COMMENT ON ROLE "+name+" IS NULL")
			sqlOn(t, b.tenants, "postgres", "COMMENT ON DATABASE "+name+" IS NULL")
			sqlOn(t, b.tenants, "postgres", "ALTER ROLE "+name+" NOLOGIN")
			found := []string{"FOREIGN DATABASE " + name, "FOREIGN ROLE " + name}
			require.ElementsMatch(t, found, b.survey(t))
			if first == "ROLE" {
				found[0], found[1] = found[1], found[0]
			}
			for i, f := range found {
				out, err := b.decided(t, b.finding(t, f), database.DecideAdopt)
				require.NoError(t, err)
				job := b.until(t, out.Job.ID, "adoption", over)
				require.Equal(t, models.JobSucceeded, job.State, "%s: %v", f, job.ErrorMessage)
				require.ElementsMatch(t, found[i+1:], b.openFindings(t))
			}
			b.untilRepaired(t)
			require.Empty(t, b.survey(t))
			require.NoError(t, b.enters(t.Context(), s, s.password))
			require.Empty(t, b.checkRow(t.Context(), s, models.ResourceActive, 1))
		})
	}
}
