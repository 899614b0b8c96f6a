package engine

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
)

// A Step moves one thing on one real system. Every method is idempotent and
// may run again after a crash at any point.
type Step interface {
	// Name is unique within a plan and stays the same for ever: the journal keeps it.
	Name() string
	// Observe reads the real system; it alone decides about drift and resumption.
	Observe(ctx context.Context, e *Env) (Observed, error)
	// Apply moves the real system to e.Spec. It never touches what is Foreign: then
	// it returns a permanent fault.Conflict.
	Apply(ctx context.Context, e *Env) (Handle, error)
	// Undo returns to what was before, which is absence for a create. It is also
	// called when Apply never returned, and never touches what is Foreign.
	Undo(ctx context.Context, e *Env, h Handle) error
	// Policy gives timeout, retries, backoff, and whether this is the pivot.
	Policy() Policy
}

// A Handle is what Undo needs beyond the spec. It is stored in the journal as
// JSON and holds references, never secrets. Nil is fine.
type Handle = json.RawMessage

// State is what a step found on the real system.
type State string

// The states of a thing outside.
const (
	Absent  State = "ABSENT"
	Matches State = "MATCHES"
	Differs State = "DIFFERS"
	Foreign State = "FOREIGN" // something of that name exists and does not bear our mark
)

// Observed is a state and, for Differs and Foreign, a sentence about it.
type Observed struct {
	State  State
	Detail string
}

// Policy is how a step is run. Zero fields take the defaults.
type Policy struct {
	Timeout time.Duration // of one Apply, Observe or Undo; default 60 s
	Retries int           // further attempts after a failure that is not permanent; default 5
	Backoff time.Duration // before the first retry, doubled each time up to MaxBackoff; default 500 ms
	// Pivot marks the step that cannot be undone: once it is begun, its plan only
	// goes forward, and failures are retried for ever.
	Pivot bool
}

// MaxBackoff bounds the pause between two attempts.
const MaxBackoff = time.Minute

func (p Policy) withDefaults() Policy {
	if p.Timeout == 0 {
		p.Timeout = time.Minute
	}
	if p.Retries == 0 {
		p.Retries = 5
	}
	if p.Backoff == 0 {
		p.Backoff = 500 * time.Millisecond
	}
	return p
}

// pause is the time to wait before the attempt that follows the n-th, n from 1.
func (p Policy) pause(n int) time.Duration {
	d := p.Backoff
	for ; n > 1 && d < MaxBackoff; n-- {
		d *= 2
	}
	return min(d, MaxBackoff)
}

// Env is what a step sees of its job.
type Env struct {
	Job      ident.JobID
	Resource uuid.UUID
	// Spec is what the plan's Load returned for this run: the wish, with the
	// secrets that live encrypted on the resource's row.
	Spec any
	// OwnerMark proves that an outside object is this resource's.
	OwnerMark string
	// Percent is how far the job was when this run took it up.
	Percent float64
	// Progress writes an event: percent of this step, 0 to 100, and a sentence
	// for the customer.
	Progress func(ctx context.Context, percent float64, message string) error
	// Note writes into the panel's tables in one transaction if the job is still
	// this runner's, and gives an error if it is not. It comes before an effect that
	// must not happen twice: a runner that was paused may come to it when another
	// has long been through.
	Note func(ctx context.Context, note func(ctx context.Context, tx store.Tx) error) error
}

// A Wait is returned by Apply or Undo to be called again later without counting
// as a failure, such as for a grace period.
type Wait struct {
	Until  time.Time // of this process's clock, so made with time.Now().Add
	Reason string    // a sentence: Job.waitingFor
}

func (w *Wait) Error() string { return w.Reason }

type pointKey struct{}

// A Probe is called at every point of a run at which a crash must be survived.
// The fault matrix uses it to record the points, to kill the process there, or
// to fail there by returning an error.
type Probe func(ctx context.Context, point string) error

// Point marks a place within a step between two effects on the outside, such as
// after a database is created and before it is marked. It returns what the
// probe of the run says; without a probe, as in production, nil.
func Point(ctx context.Context, name string) error {
	p, ok := ctx.Value(pointKey{}).(func(string) error)
	if !ok {
		return nil
	}
	return p(name)
}

// WithPoints makes Point call p; for the tests of drivers and for the runner.
func WithPoints(ctx context.Context, p func(name string) error) context.Context {
	return context.WithValue(ctx, pointKey{}, p)
}
