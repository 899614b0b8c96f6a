// Package budget bounds what each caller may have done for it in a while. What an
// operation costs is the transport's to know.
package budget

import (
	"context"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/mpanel/mpanel/internal/fault"
)

// Window is the time in which a whole budget comes back.
const Window = time.Minute

// Max is the largest budget that ends.
const Max = 1_000_000_000

// callers is how many callers are remembered; the one who was away longest is
// forgotten, which gives the whole budget back.
const callers = 20_000

// A Budget gives each caller a number of points in each Window, evenly: a point
// that was used comes back after Window divided by the points. Every node has its
// own. It is safe for concurrent use; nil never ends.
type Budget struct {
	points int
	now    func() time.Time

	mu   sync.Mutex
	full *lru.LRU[string, time.Time] // by caller: when everything is back
}

// New returns a budget of so many points; of 0 it never ends.
func New(points int) *Budget {
	full, _ := lru.NewLRU[string, time.Time](callers, nil) // which fails for sizes below 1 only
	return &Budget{points: points, now: time.Now, full: full}
}

// A State is what is left of a caller's budget after an operation.
type State struct {
	Cost      int       `json:"cost"`      // of the operation, in points
	Limit     int       `json:"limit"`     // the whole budget; 0 without one
	Remaining int       `json:"remaining"` // 0 to Limit
	ResetAt   time.Time `json:"resetAt"`   // when Remaining is Limit again, if nothing else is asked; a whole second
}

// Take takes the cost of an operation. When it is not there nothing is taken, and
// the error is fault.RateLimited with retryAfterSeconds; the state is told anyway.
func (b *Budget) Take(caller string, cost int) (State, error) {
	if b == nil || b.points <= 0 {
		return State{Cost: cost, ResetAt: time.Now()}, nil
	}
	now := b.now()
	s := State{Cost: cost, Limit: b.points}
	point := Window / time.Duration(b.points)
	b.mu.Lock()
	defer b.mu.Unlock()
	full, _ := b.full.Get(caller)
	if full.Before(now) {
		full = now
	}
	taken := full.Add(time.Duration(cost) * point)
	over := taken.Sub(now) - Window
	if over <= 0 {
		full = taken
		b.full.Add(caller, full)
	}
	s.ResetAt, s.Remaining = full.Add(time.Second-1).Truncate(time.Second), max(0, int((Window-full.Sub(now))/point))
	switch {
	case over <= 0:
		return s, nil
	case cost > b.points:
		return s, fault.TooComplex.New("", "The operation costs %d points, which is more than the %d of a whole minute.", cost, b.points)
	}
	f := fault.RateLimited.New("", "The operation costs %d points, and %d are left; try again in a while.", cost, s.Remaining)
	f.Details = map[string]any{"retryAfterSeconds": int((over + time.Second - 1) / time.Second)}
	return s, f
}

// Key is under which an operation's context has its *State.
type Key struct{}

// From returns the state of the operation that ctx is of, or that of one without a budget.
func From(ctx context.Context) State {
	if s, ok := ctx.Value(Key{}).(*State); ok {
		return *s
	}
	return State{ResetAt: time.Unix(0, 0).UTC()}
}
