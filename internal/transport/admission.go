package transport

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"golang.org/x/sync/semaphore"

	"github.com/mpanel/mpanel/internal/fault"
)

// Bounds of what is executed at once.
const (
	// SmallQuery is the cost up to which a query is never kept waiting.
	SmallQuery = 500
	// PointsAtOnce are executed at once for each core that Go uses: enough that the
	// database and a core both are at work all the time. More takes memory only.
	PointsAtOnce = 10_000
	// admissionWait is how long a query waits for others at most.
	admissionWait = 10 * time.Second
	// maxAdmissionQueue is how many wait at most.
	maxAdmissionQueue = 1000
)

// An Admission bounds the memory of what is executed at once: queries that read many
// rows wait for each other, in the order in which they came, so that no more of them
// are at work than their points allow. Small queries, mutations and streams do not
// wait, and nobody waits for them.
type Admission struct {
	points  int64
	free    *semaphore.Weighted
	waiting atomic.Int64
	waited  atomic.Int64
	refused atomic.Int64
}

// NewAdmission returns an Admission of so many points of cost at once. An operation
// that costs more has all of them.
func NewAdmission(points int) *Admission {
	return &Admission{points: int64(points), free: semaphore.NewWeighted(int64(points))}
}

// Stats tell how many queries wait now, how many have waited, and how many were
// refused since they waited for too long or too many did.
func (a *Admission) Stats() (waiting, waited, refused int64) {
	return a.waiting.Load(), a.waited.Load(), a.refused.Load()
}

// enter waits until a query of that cost may be executed, and gives what ends it.
// Error: fault.Unavailable when that takes too long.
func (a *Admission) enter(ctx context.Context, cost int) (leave func(), err error) {
	n := min(int64(cost), a.points)
	leave = func() { a.free.Release(n) }
	if a.free.TryAcquire(n) {
		return leave, nil
	}
	defer a.waiting.Add(-1)
	if a.waiting.Add(1) > maxAdmissionQueue {
		a.refused.Add(1)
		return nil, fault.Unavailable.New("", "Too many large queries wait already; try again in a moment.")
	}
	a.waited.Add(1)
	brief, cancel := context.WithTimeout(ctx, admissionWait)
	defer cancel()
	if err := a.free.Acquire(brief, n); err != nil {
		if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
			a.refused.Add(1)
			err = fault.Unavailable.New("", "Other large queries took too long; try again in a moment, or ask for smaller pages.")
		}
		return nil, err
	}
	return leave, nil
}

// waits tells whether an operation may have to wait for others.
func (c *core) waits(op *graphql.OperationContext, own charge) bool {
	return c.Admission != nil && own.cost > SmallQuery && op.Operation.Operation == ast.Query
}

// admitted executes a query once it is its turn. What asks for more answers, as sockets
// do until there are none, has had it.
func (c *core) admitted(cost int, next graphql.ResponseHandler) graphql.ResponseHandler {
	asked, refused := false, false
	return func(ctx context.Context) *graphql.Response {
		switch {
		case refused:
			return nil
		case asked:
			return next(ctx)
		}
		asked = true
		leave, err := c.Admission.enter(ctx, cost)
		if err != nil {
			refused = true
			return c.DispatchError(ctx, gqlerror.List{gqlerror.WrapPath(nil, err)})
		}
		defer leave()
		return next(ctx)
	}
}
