package store

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// A queue sends reads over the connections of a pool: at once while one is free, and
// otherwise, once one is, together with others that wait, in one round trip. So nobody
// waits longer than for a connection, and the more there is to do, the less each
// takes.
type queue struct {
	pool  *pgxpool.Pool
	conns int

	mu      sync.Mutex
	busy    int // connections
	waiting []*waiter
}

// maxTogether bounds the statements of one round trip for several operations: those at
// its end wait for all before them.
const maxTogether = 32

// A waiter is reads that wait for a connection.
type waiter struct {
	ctx   context.Context //nolint:containedctx // of who waits, and may cease to
	reads []*read
	done  chan struct{}
	with  *together // nil while it is in the queue
}

// A together is waiters whose reads are sent at once.
type together struct {
	waiters []*waiter
	left    atomic.Int32 // of them; nobody needs an answer when it is 0
	cancel  context.CancelFunc
}

// send reads statements in one round trip. Each has its own error.
func (q *queue) send(ctx context.Context, reads []*read) {
	q.mu.Lock()
	if q.busy < q.conns {
		q.busy++
		q.mu.Unlock()
		defer q.next()
		send(ctx, q.pool, reads)
		return
	}
	w := &waiter{ctx: ctx, reads: reads, done: make(chan struct{})}
	q.waiting = append(q.waiting, w)
	q.mu.Unlock()
	select {
	case <-w.done:
	case <-ctx.Done():
		q.leave(w)
	}
}

// leave ends a wait. Reads that are on their way are waited for, unless all who sent
// some with them have left: then they are given up.
func (q *queue) leave(w *waiter) {
	q.mu.Lock()
	if w.with == nil {
		q.waiting = slices.DeleteFunc(q.waiting, func(o *waiter) bool { return o == w })
		q.mu.Unlock()
		for _, r := range w.reads {
			r.err = w.ctx.Err()
		}
		return
	}
	q.mu.Unlock()
	if w.with.left.Add(-1) == 0 {
		w.with.cancel()
	}
	<-w.done
}

// next gives a connection that is free to those who wait.
func (q *queue) next() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == 0 {
		q.busy--
		return
	}
	// A share of them: the other connections are not to be idle.
	n, reads := 0, 0
	for n < (len(q.waiting)+q.conns-1)/q.conns && (n == 0 || reads+len(q.waiting[n].reads) <= maxTogether) {
		reads += len(q.waiting[n].reads)
		n++
	}
	t := &together{waiters: slices.Clone(q.waiting[:n])}
	q.waiting = slices.Delete(q.waiting, 0, n)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.waiters[0].ctx))
	t.cancel = cancel
	t.left.Store(int32(n)) //nolint:gosec // at most maxTogether
	for _, w := range t.waiters {
		w.with = t
	}
	go q.run(ctx, t)
}

func (q *queue) run(ctx context.Context, t *together) {
	defer q.next()
	defer t.cancel()
	all := t.waiters[0].reads
	if len(t.waiters) > 1 {
		all = make([]*read, 0, maxTogether)
		for _, w := range t.waiters {
			all = append(all, w.reads...)
		}
	}
	good := sendAll(ctx, q.pool, all)
	for _, w := range t.waiters {
		if good < len(w.reads) {
			again(w.ctx, q.pool, w.reads[max(good, 0):])
		}
		good -= len(w.reads)
		close(w.done)
	}
}

// send reads several statements in one round trip. An error ends what PostgreSQL does
// of them, so that this one and those after it are read again, each alone: only what
// fails by itself fails.
func send(ctx context.Context, pool *pgxpool.Pool, batch []*read) {
	good := 0
	if len(batch) > 1 {
		good = sendAll(ctx, pool, batch)
	}
	again(ctx, pool, batch[good:])
}

// sendAll tells how many of the statements, from the first, were read.
func sendAll(ctx context.Context, pool *pgxpool.Pool, batch []*read) (good int) {
	b := &pgx.Batch{QueuedQueries: make([]*pgx.QueuedQuery, 0, len(batch))}
	for _, r := range batch {
		b.Queue(r.sql, r.args...)
	}
	results := pool.SendBatch(ctx, b)
	for _, r := range batch {
		rows, err := results.Query()
		if err == nil {
			err = r.taken(rows)
		}
		if err != nil {
			break
		}
		good++
	}
	_ = results.Close() // its error is the one that ended it
	return good
}

func again(ctx context.Context, pool *pgxpool.Pool, batch []*read) {
	for _, r := range batch {
		r.err = one(ctx, pool, r)
	}
}

// taken is take; a reader that panics must not take others with it.
func (r *read) taken(rows pgx.Rows) (err error) {
	defer func() {
		if p := recover(); p != nil {
			rows.Close()
			err = fmt.Errorf("read rows: panic: %v\n%s", p, debug.Stack())
		}
	}()
	return r.take(rows)
}
