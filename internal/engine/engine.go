package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/mpanel/mpanel/internal/events"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// Config is what an Engine needs. Zero durations and numbers take the defaults.
type Config struct {
	DB       *store.DB
	Bus      events.Bus
	Registry *Registry
	Node     string // this node's id, which no other running node has
	Log      *slog.Logger

	Lease time.Duration // default 10 s: how long after kill -9 a job rests
	Renew time.Duration // default 3 s
	Sweep time.Duration // default 2 s
	Slots int           // jobs at once on this node; default 16
	Long  int           // of those that may be at work for hours, beside the others; default 4
	Probe Probe         // for fault injection; nil in production
	// Tell is told, in the transaction that journals it, that a job is over or got
	// stuck: its state says which. It queues what it writes; its error keeps the change
	// from being written. Nil tells nobody.
	Tell func(tx store.Tx, job *models.Job) error
}

// An Engine runs jobs. It is safe for concurrent use.
type Engine struct {
	db       *store.DB
	bus      events.Bus
	registry *Registry
	node     string
	process  string // tells this process's sessions from those of others under the same node id
	log      *slog.Logger
	lease    time.Duration
	renew    time.Duration
	sweep    time.Duration
	slots    chan struct{}
	long     int // at once
	probe    Probe
	tell     func(store.Tx, *models.Job) error
	running  sync.WaitGroup

	mu     sync.Mutex
	wake   func(ident.JobID) // nil unless the node serves
	leases map[ident.JobID]*run
	longOf map[ident.CustomerID]int // long jobs at work, and whose they are
}

// New returns an Engine that runs nothing until Run or Serve is called.
func New(c Config) (*Engine, error) {
	if c.DB == nil || c.Bus == nil || c.Registry == nil || c.Node == "" || c.Log == nil {
		return nil, errors.New("engine: DB, Bus, Registry, Node and Log are required")
	}
	e := &Engine{
		db: c.DB, bus: c.Bus, registry: c.Registry, node: c.Node, process: "mpanel node " + uuid.NewString(), log: c.Log, probe: c.Probe, tell: c.Tell,
		lease: cmp.Or(c.Lease, 10*time.Second), renew: cmp.Or(c.Renew, 3*time.Second), sweep: cmp.Or(c.Sweep, 2*time.Second),
		slots: make(chan struct{}, cmp.Or(c.Slots, 16)), long: cmp.Or(c.Long, 4),
		leases: map[ident.JobID]*run{}, longOf: map[ident.CustomerID]int{},
	}
	if e.renew*2 > e.lease {
		return nil, fmt.Errorf("engine: a lease of %v cannot be renewed every %v", e.lease, e.renew)
	}
	return e, nil
}

// interruptions is how often a run is taken up again at once, a quarter of a
// second apart. After that the lease ends by itself and a sweep goes on, so that
// what lasts does not keep a slot.
const interruptions = 12

// Wake runs a job in the background as soon as there is a slot, if this node
// serves. Nothing is lost when it does not: sweeps find what is due.
func (e *Engine) Wake(id ident.JobID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.wake != nil {
		e.wake(id)
	}
}

func (e *Engine) setWake(wake func(ident.JobID)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.wake = wake
}

// Cancel stops the step that a job is in, if it runs here, after the request to
// take it back is committed. Where it runs elsewhere, that node sees the request
// when it renews the lease.
func (e *Engine) Cancel(id ident.JobID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if r := e.leases[id]; r != nil {
		r.stopSteps(errCanceled)
	}
}

func (e *Engine) leased(r *run) (over func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.leases[r.job.ID] = r
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.leases[r.job.ID] == r {
			delete(e.leases, r.job.ID)
		}
	}
}

// Busy is how many jobs are at work on this node right now.
func (e *Engine) Busy() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.slots) + e.longAtWork()
}

// longAtWork is how many long jobs are; the caller holds mu.
func (e *Engine) longAtWork() (n int) {
	for _, of := range e.longOf {
		n += of
	}
	return n
}

// longPause is how often a long job looks whether it is its turn.
const longPause = 10 * time.Second

// moveToLong gives the slot of a long job to others; ok is false when it is not
// its turn. Half of what may run at once is kept for other customers.
func (e *Engine) moveToLong(r *run) (over func(), ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	customer := r.job.CustomerID
	if e.longAtWork() >= e.long || e.longOf[customer] >= (e.long+1)/2 {
		return nil, false
	}
	e.longOf[customer]++
	r.leaveSlot()
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.longOf[customer]--; e.longOf[customer] == 0 {
			delete(e.longOf, customer)
		}
	}, true
}

// Run takes the job up if it is due and nobody else has it, and goes on with
// it until it is over, has to wait, or ctx ends. Calling it for any job at any
// time is harmless.
func (e *Engine) Run(ctx context.Context, id ident.JobID) {
	select {
	case e.slots <- struct{}{}:
		e.runInSlot(ctx, id)
	case <-ctx.Done():
	}
}

func (e *Engine) runInSlot(ctx context.Context, id ident.JobID) {
	e.running.Add(1)
	defer e.running.Done()
	leaveSlot := sync.OnceFunc(func() { <-e.slots })
	defer leaveSlot()
	defer func() { // the last net: a mistake of ours must not take the node's other jobs with it
		if p := recover(); p != nil {
			e.log.ErrorContext(ctx, "job panicked", "job_id", id.Opaque(), "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		}
	}()
	var fence int64
	for range interruptions {
		r, err := e.take(ctx, id, fence)
		if err == nil && r == nil {
			return // another has it, it waits, or it is over
		}
		if r != nil {
			fence, r.leaveSlot = r.job.Fence, leaveSlot
		}
		if err == nil {
			err = r.do(ctx)
			if err == nil || errors.Is(err, errFenced) {
				return
			}
		}
		if ctx.Err() != nil {
			return
		}
		if errors.Is(err, errCanceled) {
			continue // what the journal has is taken back
		}
		// The journal could not be read or written, or a commit's answer was lost.
		// The lease may still be ours: read the journal again and go on from there.
		e.log.WarnContext(ctx, "job interrupted", "job_id", id.Opaque(), "error", err)
		if fence == 0 {
			return // nothing was taken; the sweeper will
		}
		if !pause(ctx, time.Second/4) {
			return
		}
	}
}

// pause waits; it tells whether ctx still lives.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
