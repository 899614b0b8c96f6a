package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/config"
	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/engine/faulttest"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/internal/testkit"
	"github.com/mpanel/mpanel/models"
)

func TestMain(m *testing.M) {
	if job := os.Getenv("FAULTTEST_JOB"); job != "" {
		runChild(job)
		return
	}
	testkit.Main(m)
}

// fast is an engine that notices a dead runner soon.
func fast(node string, probe engine.Probe) engine.Config {
	return engine.Config{Node: node, Probe: probe, Lease: 2 * time.Second, Renew: 400 * time.Millisecond, Sweep: 100 * time.Millisecond}
}

// runChild runs one job in a process of its own, so that it can really be killed.
func runChild(job string) {
	ctx := context.Background()
	trap := &faulttest.Trap{Cell: faulttest.FromEnv()}
	err := func() error {
		db, err := store.Open(ctx, secret.New(os.Getenv("FAULTTEST_DATABASE")))
		if err != nil {
			return err
		}
		box, err := secret.NewBox(secret.New(os.Getenv("FAULTTEST_KEY")))
		if err != nil {
			return err
		}
		access, err := childAccess()
		if err != nil {
			return err
		}
		p, err := newPanel(ctx, &stores{db: db, box: box, access: access}, config.Options{DataDir: os.Getenv("FAULTTEST_DIR")}, fast("matrix", trap.Probe), slog.New(slog.DiscardHandler))
		if err != nil {
			return err
		}
		id := ident.ParseJobID(job)
		ctx, stop := context.WithTimeout(ctx, time.Minute)
		defer stop()
		go func() { // a job may end without having come by the point
			tick := time.NewTicker(20 * time.Millisecond)
			defer tick.Stop()
			for range tick.C {
				j := new(models.Job)
				if db.NewSelect().Model(j).Where("j.id = ?", id).Scan(ctx) == nil && j.State.Terminal() && p.engine.Busy() == 0 {
					stop()
					return
				}
			}
		}()
		return p.engine.Serve(ctx, func() { p.engine.Wake(id) })
	}()
	if err != nil {
		fmt.Fprintln(os.Stderr, "child:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// TestPlans_FaultMatrix is R2 of the reliability proofs: it lets everything go
// wrong at every point of every plan. The points are those that runs without a fault come by.
func TestPlans_FaultMatrix(t *testing.T) {
	benches := make(chan *faultBench, 6)
	for range cap(benches) {
		b := newFaultBench(t)
		b.ownAdmin(t)
		benches <- b
	}
	counts := &faulttest.Counts{}
	b := <-benches
	plans := b.panel.registry.Plans()
	benches <- b
	for _, plan := range plans {
		t.Run(plan.Kind, func(t *testing.T) {
			require.Contains(t, scenarios, plan.Kind, "a plan needs a scenario: how its resource comes to be, and what is to be there afterwards")
			cells := func() []faulttest.Cell {
				b := <-benches
				defer func() { benches <- b }()
				return matrix(t, b, plan)
			}()
			var wg sync.WaitGroup
			defer wg.Wait()
			for _, cell := range cells {
				bench := <-benches
				wg.Go(func() {
					defer func() { benches <- bench }()
					faults := bench.try(t, plan.Kind, cell)
					counts.Add(cell, len(faults))
					for _, f := range faults {
						t.Errorf("%s, %s: %v", plan.Kind, cell, f)
					}
				})
			}
		})
	}
	lost := 0
	for range cap(benches) {
		b := <-benches
		lost += b.acks.Lost()
	}
	testkit.Reportf(t, "R2, the fault matrix: %s; %d answers to commits were really lost", counts, lost)
	// After a job's last point there is no commit left to lose the answer of.
	require.GreaterOrEqual(t, lost, counts.LostAcks*3/4)
}

// matrix makes the cells of one plan: each point of a run that succeeds, and
// each point of the way back of runs that a permanent failure ends, in every
// mode; each point before that failure by a kill; and a permanent failure at
// every point before the pivot alone. With MPANEL_MATRIX=turns each point has a kill, and
// every second one of the other modes, in turns, which takes half of the time.
func matrix(t *testing.T, b *faultBench, plan *engine.Plan) (cells []faulttest.Cell) {
	t.Helper()
	turn := len(plan.Kind) // another one for plans that have steps in common
	modesOf := func() []faulttest.Mode {
		all := faulttest.Modes()
		if os.Getenv("MPANEL_MATRIX") != "turns" {
			return all
		}
		turn++
		if turn%2 == 0 {
			return all[:1]
		}
		return []faulttest.Mode{all[0], all[1+turn/2%(len(all)-1)]}
	}
	smooth := b.record(t, plan.Kind, "")
	require.NotEmpty(t, smooth)
	for _, point := range smooth {
		for _, mode := range modesOf() {
			cells = append(cells, faulttest.Cell{Point: point, Mode: mode})
		}
	}
	var last string // the last point at which the job may still be taken back
	for _, point := range smooth {
		if !beforePivot(plan, point) || strings.HasSuffix(point, ":before-intent") || strings.HasSuffix(point, ":after-done") {
			continue // a failure there is the panel's own, not a step's
		}
		cells = append(cells, faulttest.Cell{Doom: point})
		last = point
	}
	for _, point := range b.record(t, plan.Kind, last) {
		modes := modesOf()
		if slices.Contains(smooth, point) { // what comes before the failure was tried above
			modes = []faulttest.Mode{faulttest.Kill} // and goes together with it
		}
		for _, mode := range modes {
			cells = append(cells, faulttest.Cell{Point: point, Mode: mode, Doom: last})
		}
	}
	return cells
}

func beforePivot(plan *engine.Plan, point string) bool {
	for _, s := range plan.Steps {
		if s.Policy().Pivot {
			return false
		}
		if strings.HasPrefix(point, plan.Kind+"/"+s.Name()+":") {
			return true
		}
	}
	return false
}

// record runs a job without a fault, doomed or not, and lists the points.
func (b *faultBench) record(t *testing.T, kind, doom string) []string {
	t.Helper()
	var seen []string
	faults := b.tryWith(t, kind, faulttest.Cell{Doom: doom}, func(trap *faulttest.Trap) { seen = trap.Seen() })
	require.Empty(t, faults, "%s without any fault", kind)
	return seen
}

func (b *faultBench) try(t *testing.T, kind string, cell faulttest.Cell) []error {
	t.Helper()
	return b.tryWith(t, kind, cell, func(trap *faulttest.Trap) {
		if cell.Point != "" && cell.Mode != faulttest.Kill && !trap.Sprung() {
			t.Errorf("%s, %s: the point was never reached", kind, cell)
		}
	})
}

// tryWith sets the scene, runs the job with the fault, runs it again without
// one until it is over, and returns what is not as it has to be.
func (b *faultBench) tryWith(t *testing.T, kind string, cell faulttest.Cell, after func(*faulttest.Trap)) []error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	scene, err := b.set(ctx, kind)
	if err != nil {
		return []error{fmt.Errorf("set the scene: %w", err)}
	}
	defer b.clear(t, scene)
	trap := &faulttest.Trap{Cell: cell, LoseAck: b.acks.Arm, Terminate: b.terminate(scene)}
	if cell.Mode == faulttest.Kill {
		trap.Cell.Mode, trap.Cell.Point = "", "" // it is the child that dies
	}
	b.trap.Store(trap)
	if cell.Mode == faulttest.Kill {
		if err := b.killed(ctx, scene.job, cell); err != nil {
			return []error{err}
		}
	}
	if err := b.untilOver(ctx, scene.job, cell); err != nil {
		return []error{err}
	}
	if cell.Mode == faulttest.Terminate {
		b.renew()
	}
	after(trap)
	want := models.JobSucceeded
	if cell.Doom != "" {
		want = models.JobFailed
	}
	return b.check(ctx, kind, scene, want)
}

// killed runs the job in a child that must not survive.
func (b *faultBench) killed(ctx context.Context, job ident.JobID, cell faulttest.Cell) error {
	cmd := exec.CommandContext(ctx, os.Args[0]) // this test binary itself
	cmd.Env = append(append(os.Environ(), b.access.env()...), append(cell.Env(), "FAULTTEST_JOB="+job.Opaque(),
		"FAULTTEST_DATABASE="+b.url.Reveal(), "FAULTTEST_KEY="+testKey, "FAULTTEST_DIR="+b.dir)...)
	out, err := cmd.CombinedOutput()
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		return fmt.Errorf("the child was not killed: %w %s", err, out)
	}
	if ws, ok := exit.Sys().(syscall.WaitStatus); !ok || ws.Signal() != syscall.SIGKILL {
		return fmt.Errorf("the child was not killed: %w %s", err, out)
	}
	return nil
}

// untilOver is a node that starts: it takes up what a process of its name left
// behind, and goes on until the job is over.
func (b *faultBench) untilOver(ctx context.Context, job ident.JobID, cell faulttest.Cell) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan error, 1)
	go func() {
		done <- b.panel.engine.Serve(ctx, func() {
			if cell.Mode != faulttest.Kill {
				go b.panel.engine.Run(ctx, job)
			}
		})
	}()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		j := new(models.Job)
		err := b.oracle.NewSelect().Model(j).Where("j.id = ?", job).Scan(ctx) // may fail while sessions are terminated
		// The journal is the oracle's before the runner reads the answer to its last commit.
		if err == nil && j.State.Terminal() && b.panel.engine.Busy() == 0 {
			stop()
			return <-done
		}
		select {
		case err := <-done:
			return fmt.Errorf("the node stopped: %w", err)
		case <-ctx.Done():
			return fmt.Errorf("the job was not over in time, it is %s", j.State)
		case <-tick.C:
		}
	}
}
