package app

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/jobs"
	"github.com/mpanel/mpanel/models"
)

// programs counts pg_dump and pg_restore processes whose environment or
// arguments have the text, and sessions of the job.
func (b *faultBench) atWork(t *testing.T, job ident.JobID) (processes, sessions int) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	require.NoError(t, err)
	for _, f := range files {
		env, err := os.ReadFile(f)
		if err == nil && strings.Contains(string(env), "PGAPPNAME=mpanel job "+job.String()) {
			processes++
		}
	}
	conn, err := pgx.Connect(t.Context(), b.tenants.ConnString("postgres").Reveal())
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(context.Background())) }()
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1", "mpanel job "+job.String()).Scan(&sessions))
	return processes, sessions
}

// held is a lock of the tenant's own, at which a dump stands still.
func (b *faultBench) held(t *testing.T, s scene, sql string) (release func()) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), b.dsn(s, s.password))
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), "BEGIN; "+sql)
	require.NoError(t, err)
	return func() { require.NoError(t, conn.Close(context.Background())) }
}

func TestCancel_EndsProgramAndSession(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	srv := b.http(t)
	c := b.customer(t, nil, 10)
	s := b.tenant(t, c, b.name+"db")
	b.as(t, s, "CREATE TABLE content AS SELECT generate_series(1, 1000) AS n")
	before := b.pgDump(t, s)
	sent := b.upload(t, srv, s.database.ID, dumpOf("CREATE TABLE other (n int);\nDO $$ BEGIN PERFORM pg_sleep(600); END $$;"))
	for what, order := range map[string]struct {
		processes int
		lock      bool
	}{
		"export": {1, true},
		"import": {0, false},
		"clone":  {1, true},
	} {
		release := func() {}
		if order.lock {
			release = b.held(t, s, "LOCK TABLE content IN ACCESS EXCLUSIVE MODE")
		}
		ordered, err := b.carry(t, what, s, sent.ID)
		require.NoError(t, err, what)
		job := ordered.ID
		done := make(chan struct{})
		go func() { defer close(done); b.panel.engine.Run(t.Context(), job) }()
		require.Eventually(t, func() bool {
			processes, sessions := b.atWork(t, job)
			return processes == order.processes && sessions > 0
		}, 20*time.Second, 20*time.Millisecond, what)
		_, err = b.panel.jobs.Cancel(b.by(t), jobs.CancelInput{ID: job})
		require.NoError(t, err, what)
		select {
		case <-done:
		case <-time.After(20 * time.Second):
			require.FailNow(t, "the job did not end", what)
		}
		row := new(models.Job)
		require.NoError(t, b.oracle.NewSelect().Model(row).Where("j.id = ?", job).Scan(t.Context()))
		require.Equal(t, models.JobCanceled, row.State, "%s: %s", what, ptr(row.ErrorMessage))
		processes, sessions := b.atWork(t, job)
		require.Zero(t, processes, "%s: the program is gone with the job", what)
		require.Zero(t, sessions, "%s: and so is its session", what)
		release()
		require.Equal(t, before, b.pgDump(t, s), what)
		require.Len(t, b.filesLeft(t), 1, "%s: only what was uploaded is left", what)
		require.EqualValues(t, 1, b.used(t, c), what)
	}
	var ready int
	require.NoError(t, b.oracle.NewRaw("SELECT count(*) FROM database_dumps WHERE state = 'READY' AND origin = 'EXPORT'").Scan(t.Context(), &ready))
	require.Zero(t, ready)
}

// A program that dies in the middle leaves no dump that is called good.
func TestExport_ProgramThatDies(t *testing.T) {
	t.Parallel()
	b := newFaultBench(t)
	s := b.tenant(t, b.customer(t, nil, 10), b.name+"db")
	b.as(t, s, "CREATE TABLE content AS SELECT generate_series(1, 1000) AS n")
	release := b.held(t, s, "LOCK TABLE content IN ACCESS EXCLUSIVE MODE")
	out, err := b.panel.dumps.Export(b.by(t), database.ExportInput{ID: s.database.ID})
	require.NoError(t, err)
	done := make(chan struct{})
	go func() { defer close(done); b.panel.engine.Run(t.Context(), out.Job.ID) }()
	var pid string
	require.Eventually(t, func() bool {
		files, _ := filepath.Glob("/proc/[0-9]*/environ")
		for _, f := range files {
			if env, err := os.ReadFile(f); err == nil && strings.Contains(string(env), "PGAPPNAME=mpanel job "+out.Job.ID.String()) {
				pid = filepath.Base(filepath.Dir(f))
			}
		}
		return pid != ""
	}, 20*time.Second, 10*time.Millisecond)
	n, err := strconv.Atoi(pid)
	require.NoError(t, err)
	p, err := os.FindProcess(n)
	require.NoError(t, err)
	require.NoError(t, p.Kill())
	release()
	require.Eventually(t, func() bool { return b.dump(t, out.Dump.ID).State == models.DumpReady }, 20*time.Second, 20*time.Millisecond, "the step is tried again")
	<-done
	require.Len(t, b.filesLeft(t), 1)
	var retried int
	require.NoError(t, b.oracle.NewRaw("SELECT count(*) FROM job_events WHERE job_id = ? AND kind = 'step.retrying'", out.Job.ID).Scan(t.Context(), &retried))
	require.Equal(t, 1, retried)
}
