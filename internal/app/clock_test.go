package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/devstack"
	"github.com/mpanel/mpanel/internal/engine/faulttest"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/internal/testkit"
	"github.com/mpanel/mpanel/models"
)

// TestClock_OfTheNodeIsWrong sets the clock of a node an hour ahead of and an
// hour behind PostgreSQL's, which is the one that counts: no job rests for an
// hour, and no data is dropped before its time.
func TestClock_OfTheNodeIsWrong(t *testing.T) {
	t.Parallel()
	for name, offset := range map[string]time.Duration{"behind": time.Hour, "ahead": -time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cluster := startAtAnotherTime(t, offset)
			execOn(t, cluster, "CREATE DATABASE clock_"+name)
			url := cluster.ConnString("clock_" + name)
			db, err := store.Open(t.Context(), url)
			require.NoError(t, err)
			var off float64
			require.NoError(t, db.NewSelect().ColumnExpr("EXTRACT(epoch FROM now() - ?)::float8", time.Now()).Scan(t.Context(), &off))
			require.InDelta(t, offset.Seconds(), off, 60, "PostgreSQL's clock is not what this test needs")
			require.NoError(t, errors.Join(store.Migrate(t.Context(), db, slog.New(slog.DiscardHandler)), db.Close()))

			b := newFaultBenchOn(t, url, url, cluster, testkit.Tenants(t))
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			forgotten, err := b.order(ctx) // nobody runs it: whoever was told of it is dead
			require.NoError(t, err)
			require.NoError(t, b.untilOver(ctx, forgotten.job, faulttest.Cell{Mode: faulttest.Kill}))
			require.Empty(t, b.mustBeThere(ctx, forgotten, models.ResourceActive, 1))

			sent := b.upload(t, b.http(t), forgotten.database.ID, dumpOf("SELECT 1;"))
			require.Equal(t, models.DumpReady, b.dump(t, sent.ID).State, "a URL is as good as it says")

			grace := 2
			out, err := b.panel.databases.Delete(actor.With(ctx, b.staff), database.DeleteInput{ID: forgotten.database.ID, GraceSeconds: &grace})
			require.NoError(t, err)
			require.NoError(t, b.untilOver(ctx, out.Job.ID, faulttest.Cell{}))
			job := new(models.Job)
			require.NoError(t, b.oracle.NewSelect().Model(job).Where("j.id = ?", out.Job.ID).Scan(ctx))
			require.Equal(t, models.JobSucceeded, job.State)
			require.GreaterOrEqual(t, job.FinishedAt.Sub(*out.Database.DeleteAfter), time.Duration(0), "the data was dropped before its time")
			require.Empty(t, b.mustBeGone(ctx, forgotten, ""))
		})
	}
}

// startAtAnotherTime starts a cluster whose clock is off.
func startAtAnotherTime(t *testing.T, offset time.Duration) *devstack.Cluster {
	t.Helper()
	libraries, err := filepath.Glob("/usr/lib/*/faketime/libfaketime.so.1")
	require.NoError(t, err)
	require.NotEmpty(t, libraries, "the package libfaketime is missing: make deps")
	machine, err := devstack.FindBinaries()
	require.NoError(t, err)
	dir, err := os.MkdirTemp("", "mpanel-test-")
	require.NoError(t, err)
	bin := filepath.Join(dir, "pg", strconv.Itoa(machine.Major), "bin")
	require.NoError(t, os.MkdirAll(bin, 0o755))
	require.NoError(t, os.Chmod(dir, 0o755)) // #nosec G302 -- the cluster's own user enters it
	for program, env := range map[string]string{
		"initdb":   "",
		"postgres": fmt.Sprintf("env LD_PRELOAD=%s FAKETIME=%+d FAKETIME_DONT_FAKE_MONOTONIC=1 ", libraries[0], int(offset.Seconds())),
	} {
		script := "#!/bin/sh\nexec " + env + filepath.Join(machine.Dir, program) + ` "$@"` + "\n"
		require.NoError(t, os.WriteFile(filepath.Join(bin, program), []byte(script), 0o755)) // #nosec G306 -- as above
	}
	c, err := devstack.Start(t.Context(), devstack.Config{
		Name: "clock", Dir: filepath.Join(dir, "clock"), Superuser: testkit.Superuser, Password: testkit.Password(),
		Search: devstack.Search{Root: filepath.Join(dir, "pg")}, Log: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, errors.Join(c.Stop(context.WithoutCancel(t.Context())), os.RemoveAll(dir)))
	})
	return c
}
