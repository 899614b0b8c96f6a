package store

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/fault"
)

// A level sends the keyed reads of calls that run side by side, such as the
// resolvers of one level of an operation, as one batch: it goes out when each of
// the calls waits for a read, or is over, or asks something else. It counts and
// has no timer.
type level struct {
	db  *DB
	ctx context.Context //nolint:containedctx // of the operation, whose calls read for each other

	alone chan struct{} // has those that read by themselves

	mu      sync.Mutex
	running int // calls that may still come with a read
	parked  []*read
}

// mostAlone is how many lists one operation reads at the same time.
const mostAlone = 3

// A read is a statement that waits for its batch.
type read struct {
	sql  string
	args []any
	take func(pgx.Rows) error // reads and closes the rows; nil with into
	// expected is how many rows there are about; 0 when that is not known.
	expected int
	into     into          // nil of reads that cannot share
	call     *call         // that waits; nil of the further ones that it waits for
	gone     bool          // the call waits no longer
	err      error         // there once done is closed
	done     chan struct{} // nil for one that waits with another, or runs alone
}

// An into has the rows of a read, which another one of the same may have, too.
type into interface {
	take(rows pgx.Rows) error // reads and closes them
	// adopt takes those of another one, unless they are of another type.
	adopt(other into) bool
}

// A call is one of those of a level.
type call struct {
	level   *level
	pause   func(wait func()) // how it waits
	running bool              // it is counted
	away    int               // by how many it is not, since it does something else
	over    bool
}

type callKey struct{}

// Level makes a level of n calls; in the context of a call of a level, n more of that
// level, so that what is read below side by side is read together, too. Each of them is begun with what it gives: the
// context for the call, and what is called when the call is over. Pause calls wait,
// and may do something for others before and after it.
func (db *DB) Level(ctx context.Context, n int) (begin func(ctx context.Context, pause func(wait func())) (_ context.Context, over func())) {
	var l *level
	if c, ok := ctx.Value(callKey{}).(*call); ok && c.level.db == db {
		l = c.level
		l.mu.Lock()
		l.running += n
		l.mu.Unlock()
	} else {
		l = &level{db: db, ctx: ctx, running: n, alone: make(chan struct{}, mostAlone)}
	}
	return func(ctx context.Context, pause func(wait func())) (context.Context, func()) {
		c := &call{level: l, pause: pause, running: true}
		return context.WithValue(ctx, callKey{}, c), func() { c.leave(true) }
	}
}

// SideBySide calls functions each of which reads, at once and as calls of the level that
// the context is of, so that what they read is in its batch; without one, in turns. It
// gives the first error.
func SideBySide(ctx context.Context, read ...func(context.Context) error) error {
	c, ok := ctx.Value(callKey{}).(*call)
	if !ok || len(read) < 2 {
		for _, f := range read {
			if err := f(ctx); err != nil {
				return err
			}
		}
		return nil
	}
	begin := c.level.db.Level(ctx, len(read))
	c.leave(false)
	var left atomic.Int64
	left.Store(int64(len(read)))
	errs := make([]error, len(read))
	c.pause(func() {
		var wg sync.WaitGroup
		for i, f := range read {
			ctx, over := begin(ctx, func(wait func()) { wait() })
			wg.Go(func() {
				defer func() {
					if left.Add(-1) == 0 {
						c.enter() // before the level counts nobody, and others' reads go without it
					}
					over()
				}()
				defer func() {
					if p := recover(); p != nil {
						errs[i] = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
					}
				}()
				errs[i] = f(ctx)
			})
		}
		wg.Wait()
	})
	return cmp.Or(errs...)
}

// leave says that nothing is to be waited for: the call is over, or busy
// otherwise.
func (c *call) leave(over bool) {
	l := c.level
	l.mu.Lock()
	c.over = c.over || over
	if !over {
		c.away++
	}
	if c.running {
		c.running = false
		l.running--
	}
	batch := l.ready()
	l.mu.Unlock()
	if len(batch) > 0 {
		go l.send(batch) // others' reads are not to hold this call up
	}
}

// enter is the way back.
func (c *call) enter() {
	c.level.mu.Lock()
	defer c.level.mu.Unlock()
	if c.away--; c.away == 0 && !c.running && !c.over {
		c.running = true
		c.level.running++
	}
}

// park lets reads wait for the others of their level; false when the call is not
// counted, since it reads several things at once. All of them are in one batch, so
// that the first tells when they are there.
func (c *call) park(reads []*read) bool {
	l := c.level
	l.mu.Lock()
	if !c.running {
		l.mu.Unlock()
		return false
	}
	c.running = false
	l.running--
	reads[0].call, reads[0].done = c, make(chan struct{})
	l.parked = append(l.parked, reads...)
	batch := l.ready()
	l.mu.Unlock()
	l.send(batch)
	return true
}

// ready takes the batch when nobody is to be waited for.
func (l *level) ready() []*read {
	if l.running > 0 {
		return nil
	}
	batch := l.parked
	l.parked = nil
	return batch
}

// abandon takes a call back that does not wait any longer.
func (c *call) abandon(reads []*read) {
	l := c.level
	l.mu.Lock()
	defer l.mu.Unlock()
	l.parked = slices.DeleteFunc(l.parked, func(p *read) bool { return slices.Contains(reads, p) })
	if !c.running && !c.over {
		reads[0].gone = true
		if c.away == 0 {
			c.running = true
			l.running++
		}
	}
}

// send reads a batch.
func (l *level) send(batch []*read) {
	if len(batch) == 0 {
		return
	}
	l.read(batch)
	l.mu.Lock()
	for _, r := range batch {
		if r.call != nil && !r.gone && !r.call.running && !r.call.over && r.call.away == 0 {
			r.call.running = true
			l.running++
		}
	}
	l.mu.Unlock()
	for _, r := range batch {
		if r.done != nil {
			close(r.done)
		}
	}
}

// read answers each read of a batch, also when a reader of rows panics: others wait.
func (l *level) read(batch []*read) {
	defer func() {
		if p := recover(); p != nil {
			err := fmt.Errorf("read a level: panic: %v\n%s", p, debug.Stack())
			for _, r := range batch {
				r.err = err
			}
		}
	}()
	distinct, same := sorted(batch)
	l.db.reads.send(l.ctx, distinct)
	for r, first := range same {
		if first.err != nil || !r.into.adopt(first.into) {
			l.db.reads.send(l.ctx, []*read{r})
		}
	}
}

// sorted takes out the reads of which there is the same already: several fields
// that come from one row, such as a server's host and port, are read once.
func sorted(batch []*read) (distinct []*read, same map[*read]*read) {
	distinct = make([]*read, 0, len(batch))
	for _, r := range batch {
		i := slices.IndexFunc(distinct, func(first *read) bool {
			return r.into != nil && first.into != nil && r.sql == first.sql && reflect.DeepEqual(r.args, first.args)
		})
		if i < 0 {
			distinct = append(distinct, r)
			continue
		}
		if same == nil {
			same = map[*read]*read{}
		}
		same[r] = distinct[i]
	}
	return distinct, same
}

// read runs a statement of the pool for keyed reads, with others of its level if
// it is of one. After an error take's rows are not whole.
func (db *DB) read(ctx context.Context, sql string, args []any, take func(pgx.Rows) error) error {
	return db.share(ctx, &read{sql: sql, args: args, take: take})
}

// share reads one or more statements of a call in one round trip, and those that
// have their rows from another one not at all. It gives the first error.
func (db *DB) share(ctx context.Context, reads ...*read) error {
	c, _ := ctx.Value(callKey{}).(*call)
	if c == nil || c.level.db != db || !c.park(reads) {
		db.reads.send(ctx, reads)
		return firstError(reads)
	}
	var err error
	c.pause(func() {
		select {
		case <-reads[0].done:
			err = firstError(reads)
		case <-ctx.Done():
			c.abandon(reads)
			err = ctx.Err()
		}
	})
	return err
}

func firstError(reads []*read) error {
	for _, r := range reads {
		if r.err != nil {
			return r.err
		}
	}
	return nil
}

// one reads by itself. A connection that is found dead, such as after a restart of
// PostgreSQL, is no reason to fail: reading again is harmless.
func one(ctx context.Context, pool *pgxpool.Pool, r *read) error {
	for again := 2; ; again-- {
		//allow:sql the text of a keyed read or a list, which bun has made of what is written in the domains
		rows, err := pool.Query(ctx, r.sql, r.args...)
		if err == nil {
			err = r.taken(rows)
		}
		if err == nil || again == 0 || ctx.Err() != nil || fault.CodeOf(Wrap(err, "read")) != fault.Unavailable {
			return err
		}
		pool.Reset() // the others are no better
	}
}

// alone reads statements in one round trip of another pool than that for keyed reads.
// Its level goes on meanwhile.
func alone(ctx context.Context, pool *pgxpool.Pool, reads ...*read) error {
	if c, ok := ctx.Value(callKey{}).(*call); ok {
		c.leave(false)
		defer c.enter()
	}
	if l, ok := ctx.Value(callKey{}).(*call); ok { // one operation leaves connections to others
		select {
		case l.level.alone <- struct{}{}:
			defer func() { <-l.level.alone }()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	send(ctx, pool, reads)
	return firstError(reads)
}

// busy lets a level go on while one of its calls asks through bun.
type busy struct{}

// BeforeQuery implements bun.QueryHook.
func (busy) BeforeQuery(ctx context.Context, _ *bun.QueryEvent) context.Context {
	if c, ok := ctx.Value(callKey{}).(*call); ok {
		c.leave(false)
	}
	return ctx
}

// AfterQuery implements bun.QueryHook.
func (busy) AfterQuery(ctx context.Context, _ *bun.QueryEvent) {
	if c, ok := ctx.Value(callKey{}).(*call); ok {
		c.enter()
	}
}
