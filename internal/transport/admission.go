package transport

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mpanel/mpanel/internal/actor"
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
	// How many wait at most, of all and of one caller.
	maxAdmissionQueue, maxAdmissionLine = 1000, 100
)

// An Admission bounds the memory of what is executed at once: queries that read many
// rows wait for each other, so that no more of them are at work than their points allow.
// Callers take turns, and each one's queries are in the order in which they came: who
// asks for much at once waits for itself. Small queries, mutations and streams do not
// wait, and nobody waits for them.
type Admission struct {
	points  int64
	waiting atomic.Int64
	waited  atomic.Int64
	refused atomic.Int64

	mu    sync.Mutex
	taken int64
	turns []*line // of those who wait, next first
}

// A line is what one caller's queries wait in.
type line struct {
	caller string
	waits  []*waiter
}

type waiter struct {
	points int64
	turn   chan struct{} // closed when it has come
}

// NewAdmission returns an Admission of so many points of cost at once. An operation
// that costs more has all of them.
func NewAdmission(points int) *Admission {
	return &Admission{points: int64(points)}
}

// Stats tell how many queries wait now, how many have waited, and how many were
// refused since they waited for too long or too many did.
func (a *Admission) Stats() (waiting, waited, refused int64) {
	return a.waiting.Load(), a.waited.Load(), a.refused.Load()
}

// enter waits until a caller's query of that cost may be executed, and gives what ends
// it. Error: fault.Unavailable when that takes too long.
func (a *Admission) enter(ctx context.Context, caller string, cost int) (leave func(), err error) {
	w := &waiter{points: min(int64(cost), a.points), turn: make(chan struct{})}
	leave = func() { a.leave(w) }
	switch atOnce, refused := a.come(caller, w); {
	case refused:
		a.refused.Add(1)
		return nil, fault.Unavailable.New("", "Too many large queries wait already; try again in a moment.")
	case atOnce:
		return leave, nil
	}
	defer a.waiting.Add(-1)
	a.waited.Add(1)
	patience := time.NewTimer(admissionWait)
	defer patience.Stop()
	select {
	case <-w.turn:
		return leave, nil
	case <-ctx.Done():
		err = ctx.Err()
	case <-patience.C:
		err = fault.Unavailable.New("", "Other large queries took too long; try again in a moment, or ask for smaller pages.")
	}
	if !a.giveUp(caller, w) {
		return leave, nil // its turn came just now
	}
	if fault.CodeOf(err) == fault.Unavailable {
		a.refused.Add(1)
	}
	return nil, err
}

// come takes the points if nobody waits for them, and else joins the caller's line if
// that is not too long. Who joins is counted as waiting.
func (a *Admission) come(caller string, w *waiter) (atOnce, refused bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.turns) == 0 && a.taken+w.points <= a.points {
		a.taken += w.points
		return true, false
	}
	l := a.lineOf(caller)
	if a.waiting.Load() >= maxAdmissionQueue || l != nil && len(l.waits) >= maxAdmissionLine {
		return false, true
	}
	if l == nil {
		l = &line{caller: caller}
		a.turns = append(a.turns, l)
	}
	l.waits = append(l.waits, w)
	a.waiting.Add(1)
	return false, false
}

// lineOf is the caller's line; nil when none of its queries waits.
func (a *Admission) lineOf(caller string) *line {
	for _, l := range a.turns {
		if l.caller == caller {
			return l
		}
	}
	return nil
}

func (a *Admission) leave(w *waiter) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.taken -= w.points
	a.next()
}

// giveUp takes who waits out of the line; false when its turn has come.
func (a *Admission) giveUp(caller string, w *waiter) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	l := a.lineOf(caller)
	if l == nil {
		return false
	}
	i := slices.Index(l.waits, w)
	if i < 0 {
		return false
	}
	l.waits = slices.Delete(l.waits, i, i+1)
	if len(l.waits) == 0 {
		a.turns = slices.DeleteFunc(a.turns, func(one *line) bool { return one == l })
	}
	a.next() // it may have kept others waiting
	return true
}

// next lets those in whose turn it is and for whom there are points.
func (a *Admission) next() {
	for len(a.turns) > 0 {
		l := a.turns[0]
		w := l.waits[0]
		if a.taken+w.points > a.points {
			return
		}
		a.taken += w.points
		close(w.turn)
		l.waits = slices.Delete(l.waits, 0, 1)
		a.turns = slices.Delete(a.turns, 0, 1)
		if len(l.waits) > 0 {
			a.turns = append(a.turns, l)
		}
	}
}

// callerOf is whose queries are in one line: a user's with all API tokens, those of the
// staff who act as somebody else, and of nobody an address's.
func callerOf(ctx context.Context) string {
	who := actor.Caller(ctx)
	if who == nil {
		return actor.RequestFrom(ctx).Network()
	}
	user := who.User
	if !who.Impersonator.IsZero() {
		user = who.Impersonator
	}
	return string(user.UUID[:])
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
		leave, err := c.Admission.enter(ctx, callerOf(ctx), cost)
		if err != nil {
			refused = true
			return c.DispatchError(ctx, gqlerror.List{gqlerror.WrapPath(nil, err)})
		}
		defer leave()
		return next(ctx)
	}
}
