package store

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// A queue sends reads over the connections of a pool, those of several operations in
// one round trip where they come together: what is small costs less than its round
// trip. Whoever finds a connection free lets all others that are ready to run come as
// far as their reads, which is no wait when there are none, and takes what they read
// with its own. When no connection is free, reads wait for one, and so more and more of
// them share a round trip as there is more to do. There is no timer.
type queue struct {
	pool  *pgxpool.Pool
	conns int

	mu        sync.Mutex
	busy      int // connections
	gathering bool
	waiting   []*waiter
}

// Bounds of a round trip for several operations.
const (
	// bigRead is from how many rows on a read is in nobody's way: it is sent alone.
	bigRead = 100
	// minTogether statements are sent together even while connections are idle.
	minTogether = 4
	// maxTogether bounds the statements: those at the end wait for all before them.
	maxTogether = 32
)

// A waiter is reads that wait for a connection.
type waiter struct {
	ctx   context.Context //nolint:containedctx // of who waits, and may cease to
	reads []*read
	big   bool
	done  chan struct{}
	left  []*read   // to be read again, each alone, by whoever waits; there once done is closed
	with  *together // nil while it is in the queue
}

// A together is waiters whose reads are sent at once.
type together struct {
	waiters []*waiter
	ctx     context.Context //nolint:containedctx // until one of them leaves
	cancel  context.CancelFunc
}

// send reads statements in one round trip. Each has its own error.
func (q *queue) send(ctx context.Context, reads []*read) {
	w := &waiter{ctx: ctx, reads: reads}
	for _, r := range reads {
		w.big = w.big || r.expected >= bigRead
	}
	q.mu.Lock()
	free := q.busy < q.conns
	switch {
	case free && w.big:
		q.busy++
		q.mu.Unlock()
		defer q.next()
		send(ctx, q.pool, reads)
	case free && !q.gathering:
		q.busy++
		q.gathering = true
		q.waiting = append(q.waiting, w)
		q.mu.Unlock()
		runtime.Gosched()
		q.mu.Lock()
		q.gathering = false
		t := q.take()
		q.mu.Unlock()
		q.lead(w, t)
	default:
		w.done = make(chan struct{})
		q.waiting = append(q.waiting, w)
		q.mu.Unlock()
		select {
		case <-w.done:
			again(ctx, q.pool, w.left)
		case <-ctx.Done():
			q.leave(w)
		}
	}
}

// lead sends what came together with w, which is the first of t.
func (q *queue) lead(w *waiter, t *together) {
	if len(t.waiters) == 1 {
		defer q.next()
		send(w.ctx, q.pool, w.reads)
		return
	}
	stay := context.AfterFunc(w.ctx, t.cancel)
	q.run(t)
	stay()
	again(w.ctx, q.pool, w.left)
}

// leave ends a wait. Reads that are on their way are given up: what whoever leaves has
// asked may be what takes so long, and the others read again, each alone.
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
	w.with.cancel()
	<-w.done
	for _, r := range w.left {
		r.err = w.ctx.Err()
	}
}

// next gives a connection that is free to those who wait.
func (q *queue) next() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == 0 || q.gathering { // by somebody who has another connection
		q.busy--
		return
	}
	go q.run(q.take())
}

// take takes the first of those who wait and what goes with it: a share, so that the
// other connections are not idle. The rest goes over these.
func (q *queue) take() *together {
	share := max(minTogether, (len(q.waiting)+q.conns-1)/q.conns)
	n, reads := 1, len(q.waiting[0].reads)
	for !q.waiting[0].big && n < len(q.waiting) && !q.waiting[n].big && n < share && reads+len(q.waiting[n].reads) <= maxTogether {
		reads += len(q.waiting[n].reads)
		n++
	}
	t := &together{waiters: slices.Clone(q.waiting[:n])}
	q.waiting = slices.Delete(q.waiting, 0, n)
	t.ctx, t.cancel = context.WithCancel(context.WithoutCancel(t.waiters[0].ctx))
	for _, w := range t.waiters {
		w.with = t
	}
	if len(q.waiting) > 0 && q.busy < q.conns {
		q.busy++
		go q.run(q.take())
	}
	return t
}

// run sends the reads of several waiters at once. Those that failed, and those behind
// them, are left to their waiters.
func (q *queue) run(t *together) {
	good, failed := 0, error(nil)
	defer q.next()
	defer t.cancel()
	defer func() {
		if p := recover(); p != nil { // a mistake of ours; who waits must not wait for ever
			failed, good = fmt.Errorf("read rows: panic: %v\n%s", p, debug.Stack()), 0
		}
		for _, w := range t.waiters {
			w.left = w.reads[min(max(good, 0), len(w.reads)):]
			if failed != nil {
				for _, r := range w.left {
					r.err = failed
				}
				w.left = nil
			}
			good -= len(w.reads)
			if w.done != nil {
				close(w.done)
			}
		}
	}()
	all := t.waiters[0].reads
	if len(t.waiters) > 1 {
		all = make([]*read, 0, maxTogether)
		for _, w := range t.waiters {
			all = append(all, w.reads...)
		}
	}
	good = sendAll(t.ctx, q.pool, all)
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
		//allow:sql the text of a keyed read or a list, which bun has made of what is written in the domains
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
	if r.into != nil {
		return r.into.take(rows)
	}
	return r.take(rows)
}
