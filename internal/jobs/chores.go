package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
)

// runArgs are all that River knows of a job of ours: which one to run.
type runArgs struct {
	JobID ident.JobID `json:"job_id"`
}

// Kind is River's name of the work; it is stored, so it stays.
func (runArgs) Kind() string { return "engine.run" }

type runWorker struct {
	river.WorkerDefaults[runArgs]
	run func(ctx context.Context, id ident.JobID)
}

// Work never fails: retries are the engine's.
func (w *runWorker) Work(ctx context.Context, job *river.Job[runArgs]) error {
	w.run(ctx, job.Args.JobID)
	return nil
}

// Timeout leaves a job's time to its steps.
func (*runWorker) Timeout(*river.Job[runArgs]) time.Duration { return -1 }

// A Chore is done by one node at a time, again and again.
type Chore struct {
	Name  string
	Every time.Duration
	Do    func(ctx context.Context) error
}

// choreQueue is River's queue of chores.
const choreQueue = "chores"

type choreArgs struct {
	Name string `json:"name" river:"unique"`
}

// Kind is River's name of the work; it is stored, so it stays.
func (choreArgs) Kind() string { return "chore" }

type choreWorker struct {
	river.WorkerDefaults[choreArgs]
	chores map[string]Chore
}

func (w *choreWorker) Work(ctx context.Context, job *river.Job[choreArgs]) error {
	c, ok := w.chores[job.Args.Name]
	if !ok {
		return nil // another version's
	}
	if err := c.Do(ctx); err != nil {
		return fmt.Errorf("chore %s: %w", c.Name, err)
	}
	return nil
}

// A Queue is River on the panel's database.
type Queue struct {
	client *river.Client[pgx.Tx]
}

func newClient(db *store.DB, cfg *river.Config) (*Queue, error) {
	c, err := river.NewClient(riverpgxv5.New(db.Pool), cfg)
	if err != nil {
		return nil, fmt.Errorf("set up river: %w", err)
	}
	return &Queue{client: c}, nil
}

// NewTrigger returns a queue that only triggers.
func NewTrigger(db *store.DB) (*Queue, error) {
	// River sends one notification per cooldown and drops the others: with the
	// default of 100 ms, an order in the shadow of another waits for a poll.
	return newClient(db, &river.Config{Logger: slog.New(slog.DiscardHandler), FetchCooldown: time.Millisecond})
}

// NewQueue returns a queue that, once started, calls run for each triggered job,
// slots of them at once, and does the chores.
func NewQueue(db *store.DB, node string, slots int, run func(context.Context, ident.JobID), chores []Chore, log *slog.Logger) (*Queue, error) {
	workers := river.NewWorkers()
	river.AddWorker(workers, &runWorker{run: run})
	byName := map[string]Chore{}
	var periodic []*river.PeriodicJob
	for _, c := range chores {
		byName[c.Name] = c
		periodic = append(periodic, river.NewPeriodicJob(river.PeriodicInterval(c.Every), func() (river.JobArgs, *river.InsertOpts) {
			return choreArgs{Name: c.Name}, &river.InsertOpts{Queue: choreQueue, MaxAttempts: 1, UniqueOpts: river.UniqueOpts{ByArgs: true, ByPeriod: c.Every}}
		}, &river.PeriodicJobOpts{RunOnStart: true}))
	}
	river.AddWorker(workers, &choreWorker{chores: byName})
	return newClient(db, &river.Config{
		ID:      node,
		Logger:  slog.New(quiet{log.Handler()}),
		Workers: workers,
		Queues: map[string]river.QueueConfig{
			river.QueueDefault: {MaxWorkers: slots},
			choreQueue:         {MaxWorkers: max(1, len(chores))}, // its own: jobs may fill the other for long
		},
		// The default of 100 ms is added to every order; 5 ms costs few notifications more.
		FetchCooldown: 5 * time.Millisecond,
		PeriodicJobs:  periodic,
	})
}

// Start begins to work; it returns at once.
func (q *Queue) Start(ctx context.Context) error {
	if err := q.client.Start(ctx); err != nil {
		return fmt.Errorf("start river: %w", err)
	}
	return nil
}

// Stop ends the work; the jobs' contexts end at once.
func (q *Queue) Stop(ctx context.Context) error {
	if err := q.client.StopAndCancel(ctx); err != nil {
		return fmt.Errorf("stop river: %w", err)
	}
	return nil
}

// Trigger implements engine.Trigger.
func (q *Queue) Trigger(ctx context.Context, tx store.Tx, job ident.JobID) error {
	return tx.Pgx(ctx, func(ctx context.Context, ptx pgx.Tx) error {
		// One attempt: a lost trigger is the sweeper's, not River's.
		_, err := q.client.InsertTx(ctx, ptx, runArgs{JobID: job}, &river.InsertOpts{MaxAttempts: 1})
		return err
	})
}

// quiet passes on only what an operator must know: River tells much about itself.
type quiet struct{ slog.Handler }

func (q quiet) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && q.Handler.Enabled(ctx, l)
}

func (q quiet) WithAttrs(a []slog.Attr) slog.Handler { return quiet{q.Handler.WithAttrs(a)} }

func (q quiet) WithGroup(name string) slog.Handler { return quiet{q.Handler.WithGroup(name)} }
