package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/mpanel/mpanel/internal/store"
)

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

// Chores is River on the panel's database.
type Chores struct {
	client *river.Client[pgx.Tx]
	log    *slog.Logger
}

// NewChores returns chores that, once started, are done by whichever node River
// finds first.
func NewChores(db *store.DB, node string, chores []Chore, log *slog.Logger) (*Chores, error) {
	workers := river.NewWorkers()
	byName := map[string]Chore{}
	var periodic []*river.PeriodicJob
	for _, c := range chores {
		byName[c.Name] = c
		periodic = append(periodic, river.NewPeriodicJob(river.PeriodicInterval(c.Every), func() (river.JobArgs, *river.InsertOpts) {
			return choreArgs{Name: c.Name}, &river.InsertOpts{Queue: choreQueue, MaxAttempts: 1, UniqueOpts: river.UniqueOpts{ByArgs: true, ByPeriod: c.Every}}
		}, &river.PeriodicJobOpts{RunOnStart: true}))
	}
	river.AddWorker(workers, &choreWorker{chores: byName})
	client, err := river.NewClient(riverpgxv5.New(db.Pool), &river.Config{
		ID:           node,
		Logger:       slog.New(quiet{log.Handler()}),
		Workers:      workers,
		Queues:       map[string]river.QueueConfig{choreQueue: {MaxWorkers: max(1, len(chores))}},
		PeriodicJobs: periodic,
		// Only the owner of an index can build it anew, which the panel's role is not. The
		// table of chores has few rows.
		ReindexerIndexNames: []string{},
	})
	if err != nil {
		return nil, fmt.Errorf("set up river: %w", err)
	}
	return &Chores{client: client, log: log}, nil
}

// Start begins to work; it returns at once.
func (c *Chores) Start(ctx context.Context) error {
	if err := c.client.Start(ctx); err != nil {
		return fmt.Errorf("start river: %w", err)
	}
	return nil
}

// Stop ends the work; the chores' contexts end at once. What is not over when ctx
// ends, such as a statement to a database that was cut off, is left: whoever comes
// next begins it anew.
func (c *Chores) Stop(ctx context.Context) {
	if err := c.client.StopAndCancel(ctx); err != nil {
		c.log.WarnContext(ctx, "chores were broken off", "error", err)
	}
}

// quiet passes on only what an operator must know: River tells much about itself.
type quiet struct{ slog.Handler }

func (q quiet) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && q.Handler.Enabled(ctx, l)
}

func (q quiet) WithAttrs(a []slog.Attr) slog.Handler { return quiet{q.Handler.WithAttrs(a)} }

func (q quiet) WithGroup(name string) slog.Handler { return quiet{q.Handler.WithGroup(name)} }
