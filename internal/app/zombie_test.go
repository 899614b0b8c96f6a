package app

import (
	"cmp"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/config"
	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/models"
)

// zombie has a runner take a job and sleep when it comes to a point for the nth
// time, 0 for the first, so that another may take the job over. wake lets it go on and returns when it has stopped.
func (b *faultBench) zombie(t *testing.T, job ident.JobID, at string, nth int) (wake func()) {
	t.Helper()
	asleep, awake, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	var came atomic.Int64
	sleeps := func(_ context.Context, point string) error {
		if point == at && came.Add(1) == int64(max(1, nth)) {
			close(asleep)
			<-awake
		}
		return nil
	}
	// It does not see that its lease is over: a whole process was stopped.
	deaf := engine.Config{Node: "matrix", Probe: sleeps, Lease: time.Hour, Renew: 20 * time.Minute, Sweep: time.Hour}
	zombie, err := newPanel(t.Context(), b.panel.stores, config.Options{DataDir: b.dir}, deaf, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(zombie.close)
	go func() {
		defer close(done)
		zombie.engine.Run(context.WithoutCancel(t.Context()), job)
	}()
	<-asleep
	_, err = b.oracle.NewUpdate().Model((*models.Job)(nil)).Set("lease_until = now() - interval '1 second'").Where("id = ?", job).Exec(t.Context())
	require.NoError(t, err)
	return func() {
		close(awake)
		<-done
	}
}

// A zombieCase is a runner paused between intent and effect of a step.
type zombieCase struct {
	kind, step string
	at         string // instead of between intent and effect
	nth        int    // time that it comes there; 0 is the first
	// seen is what surveys say of what it did when it woke, with %r for the database's
	// login, %g for its user's, %x for that of the job that reads a dump or a clone's
	// source, and %w for the database's working name. What is an orphan is seen twice
	// before it is told.
	seen []string
	// later are those of seen that the first survey does not tell.
	later bool
}

// TestDrift_Zombie pauses a runner between intent and effect of each step. Another
// takes its job over and takes it back; then the first wakes up and makes what
// nobody wishes any more. Two surveys later nothing of it is left.
func TestDrift_Zombie(t *testing.T) {
	t.Parallel()
	for _, z := range []zombieCase{
		{kind: database.KindCreate, step: "create-login", seen: []string{"ORPHAN ROLE %r"}, later: true},
		{kind: database.KindCreate, step: "create-database", seen: []string{"ORPHAN DATABASE %w"}, later: true},
		{kind: database.KindClone, step: "create-database", seen: []string{"ORPHAN DATABASE %w"}, later: true},
		{kind: database.KindClone, step: "copy-content", seen: []string{"ORPHAN ROLE %r"}, later: true},
		{kind: database.KindClone, step: "copy-content", at: "letting-in", nth: 2, seen: []string{"ORPHAN ROLE %x"}, later: true},
		{kind: database.KindCreateUser, step: "create-login", seen: []string{"ORPHAN ROLE %g"}, later: true},
		{kind: database.KindExport, step: "write-dump", at: "letting-in", seen: []string{"ORPHAN ROLE %x"}, later: true},
		{kind: database.KindTakeOver, step: "take-over", seen: []string{"DIFFERS ROLE %r", "DIFFERS ROLE %g", "DIFFERS DATABASE %r"}},
	} {
		z.at = cmp.Or(z.at, "after-intent")
		t.Run(z.kind+"/"+z.step+"/"+z.at, func(t *testing.T) {
			t.Parallel()
			b := newDriftBench(t)
			scenario := scenarios[z.kind]
			s, err := scenario.begin(t.Context(), b)
			require.NoError(t, err)
			before := b.snapshot(t)
			wake := b.zombie(t, s.job, z.kind+"/"+z.step+":"+z.at, z.nth)
			fails := func(_ context.Context, point string) error {
				if point == z.kind+"/"+z.step+":after-effect" {
					return fault.Invalid.Permanent("", "This job is meant to fail.")
				}
				return nil
			}
			b.probe.Store(&fails)
			b.serve(t)
			require.Equal(t, models.JobFailed, b.until(t, s.job, "compensation", over).State)
			b.probe.Store(nil)
			require.Empty(t, scenario.check(t.Context(), b, s, models.JobFailed))

			wake()
			require.NotEqual(t, before, b.snapshot(t), "the zombie did what it was about to do")
			fill := strings.NewReplacer("%r", s.database.ExtName, "%w", workName(s.database), "%x", workName(s.database)+"_out")
			names := make([]string, len(z.seen))
			for i, name := range z.seen {
				if s.guest != nil {
					name = strings.ReplaceAll(name, "%g", s.guest.row.Username)
				}
				names[i] = fill.Replace(name)
			}
			if z.later {
				require.Empty(t, b.survey(t), "seen once, which may be somebody at work")
			}
			told := b.survey(t)
			for range 3 { // what changes while a survey looks is the next one's
				if len(told) == len(names) {
					break
				}
				told = b.survey(t)
			}
			require.ElementsMatch(t, names, told)
			b.untilRepaired(t)
			b.sweepDumps(t)
			require.Empty(t, scenario.check(t.Context(), b, s, models.JobFailed))
			require.Empty(t, b.survey(t))
			require.Empty(t, b.survey(t), "nothing of it is an orphan")
		})
	}
}

// sweepDumps is what the node does about files that no row knows, when they are old.
func (b *faultBench) sweepDumps(t *testing.T) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dumpFolder(b.dir, "matrix"), "*"))
	require.NoError(t, err)
	old := time.Now().Add(-30 * 24 * time.Hour)
	for _, f := range files {
		require.NoError(t, os.Chtimes(f, old, old))
	}
	require.NoError(t, b.panel.dumps.Tidy(t.Context()))
}
