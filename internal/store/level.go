package store

import (
	"context"
	"fmt"
	"reflect"
	"runtime/debug"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5"
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

	mu      sync.Mutex
	running int // calls that may still come with a read
	parked  []*read
}

// A read is a statement that waits for its batch.
type read struct {
	sql  string
	args []any
	take func(pgx.Rows) error // reads and closes the rows
	// rows is where take puts them, and adopt takes those of another read, unless
	// they are of another type; nil of reads that cannot share.
	rows  any
	adopt func(rows any) bool
	call  *call
	gone  bool          // the call waits for it no longer
	err   error         // there once done is closed
	done  chan struct{} // nil for one that runs alone
}

// A call is one of those of a level.
type call struct {
	level   *level
	pause   func(wait func()) // how it waits
	running bool              // it is counted
	over    bool
}

type callKey struct{}

// Level makes a level of n calls. Each of them is begun with what it gives: the
// context for the call, and what is called when the call is over. Pause calls wait,
// and may do something for others before and after it.
func (db *DB) Level(ctx context.Context, n int) (begin func(ctx context.Context, pause func(wait func())) (_ context.Context, over func())) {
	l := &level{db: db, ctx: ctx, running: n}
	return func(ctx context.Context, pause func(wait func())) (context.Context, func()) {
		c := &call{level: l, pause: pause, running: true}
		return context.WithValue(ctx, callKey{}, c), func() { c.leave(true) }
	}
}

// leave says that nothing is to be waited for: the call is over, or busy
// otherwise.
func (c *call) leave(over bool) {
	l := c.level
	l.mu.Lock()
	c.over = c.over || over
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
	if !c.running && !c.over {
		c.running = true
		c.level.running++
	}
}

// park lets a read wait for the others of its level; false when the call is not
// counted, since it reads several things at once.
func (c *call) park(r *read) bool {
	l := c.level
	l.mu.Lock()
	if !c.running {
		l.mu.Unlock()
		return false
	}
	c.running = false
	l.running--
	r.call, r.done = c, make(chan struct{})
	l.parked = append(l.parked, r)
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
func (c *call) abandon(r *read) {
	l := c.level
	l.mu.Lock()
	defer l.mu.Unlock()
	l.parked = slices.DeleteFunc(l.parked, func(p *read) bool { return p == r })
	if !c.running && !c.over {
		c.running, r.gone = true, true
		l.running++
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
		if !r.gone {
			r.call.running = true
			l.running++
		}
	}
	l.mu.Unlock()
	for _, r := range batch {
		close(r.done)
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
	if len(distinct) == 1 {
		distinct[0].err = l.db.one(l.ctx, distinct[0])
	} else {
		l.sendAll(distinct)
	}
	for r, first := range same {
		if first.err != nil || !r.adopt(first.rows) {
			r.err = l.db.one(l.ctx, r)
		}
	}
}

// sorted takes out the reads of which there is the same already: several fields
// that come from one row, such as a server's host and port, are read once.
func sorted(batch []*read) (distinct []*read, same map[*read]*read) {
	distinct = make([]*read, 0, len(batch))
	for _, r := range batch {
		i := slices.IndexFunc(distinct, func(first *read) bool {
			return r.adopt != nil && first.adopt != nil && r.sql == first.sql && reflect.DeepEqual(r.args, first.args)
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

// sendAll reads several statements in one round trip. An error ends what
// PostgreSQL does of them, so that this one and those after it are read again,
// each alone: only what fails by itself fails.
func (l *level) sendAll(batch []*read) {
	b := &pgx.Batch{}
	for _, r := range batch {
		b.Queue(r.sql, r.args...)
	}
	results := l.db.reads.SendBatch(l.ctx, b)
	good := 0
	for _, r := range batch {
		rows, err := results.Query()
		if err == nil {
			err = r.take(rows)
		}
		if err != nil {
			break
		}
		good++
	}
	_ = results.Close() // its error is the one that ended it
	for _, r := range batch[good:] {
		r.err = l.db.one(l.ctx, r)
	}
}

// read runs a statement of the pool for keyed reads, with others of its level if
// it is of one. After an error take's rows are not whole.
func (db *DB) read(ctx context.Context, sql string, args []any, take func(pgx.Rows) error) error {
	return db.share(ctx, &read{sql: sql, args: args, take: take})
}

// share is read for one that may have its rows from another one.
func (db *DB) share(ctx context.Context, r *read) error {
	c, _ := ctx.Value(callKey{}).(*call)
	if c == nil || c.level.db != db || !c.park(r) {
		return db.one(ctx, r)
	}
	var err error
	c.pause(func() {
		select {
		case <-r.done:
			err = r.err
		case <-ctx.Done():
			c.abandon(r)
			err = ctx.Err()
		}
	})
	return err
}

// one reads by itself. A connection that is found dead, such as after a restart of
// PostgreSQL, is no reason to fail: reading again is harmless.
func (db *DB) one(ctx context.Context, r *read) error {
	for again := 2; ; again-- {
		rows, err := db.reads.Query(ctx, r.sql, r.args...)
		if err == nil {
			err = r.take(rows)
		}
		if err == nil || again == 0 || ctx.Err() != nil || fault.CodeOf(Wrap(err, "read")) != fault.Unavailable {
			return err
		}
		db.reads.Reset() // the others are no better
	}
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
