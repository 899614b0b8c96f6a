package engine_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/events/membus"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/internal/testkit"
	"github.com/mpanel/mpanel/models"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// A world is what steps move: names of things, and what happened to them.
type world struct {
	mu      sync.Mutex
	things  map[string]bool
	applied map[string]int
	undone  []string
	settled []models.JobState
}

func newWorld() *world { return &world{things: map[string]bool{}, applied: map[string]int{}} }

func (w *world) has(name string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.things[name]
}

func (w *world) count(name string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.applied[name]
}

// A step makes a thing; hooks change how.
type step struct {
	world  *world
	name   string
	policy engine.Policy
	apply  func(ctx context.Context, e *engine.Env, n int) error // n counts the calls, from 1
	undo   func(ctx context.Context, n int) error
	undos  *int
}

func (s step) Name() string          { return s.name }
func (s step) Policy() engine.Policy { return s.policy }

func (s step) Observe(context.Context, *engine.Env) (engine.Observed, error) {
	if s.world.has(s.name) {
		return engine.Observed{State: engine.Matches}, nil
	}
	return engine.Observed{State: engine.Absent}, nil
}

func (s step) Apply(ctx context.Context, e *engine.Env) (engine.Handle, error) {
	s.world.mu.Lock()
	s.world.applied[s.name]++
	n := s.world.applied[s.name]
	s.world.mu.Unlock()
	if s.apply != nil {
		if err := s.apply(ctx, e, n); err != nil {
			return nil, err
		}
	}
	s.world.mu.Lock()
	defer s.world.mu.Unlock()
	s.world.things[s.name] = true
	return engine.Handle(`{"thing":"` + s.name + `"}`), nil
}

func (s step) Undo(ctx context.Context, _ *engine.Env, _ engine.Handle) error {
	if s.undo != nil {
		*s.undos++
		if err := s.undo(ctx, *s.undos); err != nil {
			return err
		}
	}
	s.world.mu.Lock()
	defer s.world.mu.Unlock()
	delete(s.world.things, s.name)
	s.world.undone = append(s.world.undone, s.name)
	return nil
}

const kind = "thing.create"

// silent is a node that nobody tells anything.
type silent struct{}

func (silent) Wake(ident.JobID)   {}
func (silent) Cancel(ident.JobID) {}

// A rig is an engine on a database of its own.
type rig struct {
	*engine.Engine
	db      *store.DB
	bus     *membus.Bus
	world   *world
	starter *engine.Starter
	reg     *engine.Registry
}

func newRig(t *testing.T, w *world, change func(*engine.Config), steps ...engine.Step) *rig {
	t.Helper()
	r := &rig{db: testkit.DB(t), bus: &membus.Bus{}, world: w}
	var err error
	r.reg, err = engine.NewRegistry(&engine.Plan{
		Kind: kind, Version: 1, ResourceKind: ident.Database, Needs: actor.DatabasesWrite, Steps: steps,
		Load: func(context.Context, uuid.UUID) (engine.Target, error) { return engine.Target{OwnerMark: "mark"}, nil },
		Settle: func(_ context.Context, _ store.Tx, _ uuid.UUID, outcome models.JobState) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.settled = append(w.settled, outcome)
			return nil
		},
	})
	require.NoError(t, err)
	r.starter = engine.NewStarter(func() *engine.Registry { return r.reg }, silent{})
	r.Engine = r.node(t, "one", change)
	return r
}

// toldTo has an engine write its errors to w.
func toldTo(w io.Writer) func(*engine.Config) {
	return func(c *engine.Config) {
		c.Log = slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelError}))
	}
}

// node is a further engine on the same database.
func (r *rig) node(t *testing.T, name string, change func(*engine.Config)) *engine.Engine {
	t.Helper()
	cfg := engine.Config{
		DB: r.db, Bus: r.bus, Registry: r.reg, Node: name, Log: slog.New(slog.DiscardHandler),
		Lease: 2 * time.Second, Renew: 200 * time.Millisecond, Sweep: 50 * time.Millisecond,
	}
	if change != nil {
		change(&cfg)
	}
	e, err := engine.New(cfg)
	require.NoError(t, err)
	return e
}

func (r *rig) start(t *testing.T) ident.JobID {
	t.Helper()
	var job *models.Job
	require.NoError(t, store.InTx(t.Context(), r.db, func(_ context.Context, tx store.Tx) (err error) {
		job, err = r.starter.Start(tx, engine.Order{Kind: kind, Resource: uuid.New(), Generation: 1})
		return err
	}))
	return job.ID
}

func (r *rig) job(t *testing.T, id ident.JobID) *models.Job {
	t.Helper()
	j := new(models.Job)
	require.NoError(t, r.db.NewSelect().Model(j).Where("j.id = ?", id).Scan(t.Context()))
	return j
}

// events are the kinds of the job's events, after checking that none is missing.
func (r *rig) events(t *testing.T, id ident.JobID) (kinds []string) {
	t.Helper()
	var rows []*models.JobEvent
	require.NoError(t, r.db.NewSelect().Model(&rows).Where("job_id = ?", id).Order("seq").Scan(t.Context()))
	for i, e := range rows {
		require.EqualValues(t, i+1, e.Seq, "gapless")
		k := e.Kind
		if e.Step != nil {
			k += " " + *e.Step
		}
		kinds = append(kinds, k)
	}
	require.EqualValues(t, len(rows), r.job(t, id).EventSeq)
	return kinds
}

// serve runs the node until the test ends or stop is called.
func serve(t *testing.T, e *engine.Engine) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() { done <- e.Serve(ctx, func() { close(ready) }) }()
	select {
	case <-ready:
	case err := <-done:
		t.Fatalf("the node did not start: %v", err)
	}
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			require.NoError(t, <-done)
		})
	}
	t.Cleanup(stop)
	return stop
}

// until waits for a condition of the database or the world.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	require.Eventually(t, ok, 15*time.Second, 10*time.Millisecond, what)
}

var errBroken = errors.New("broken")
