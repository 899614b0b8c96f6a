package feed

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/events"
)

const (
	// tailBuffer is how many looks a watcher may be behind before it reads the table.
	tailBuffer = 16
	// soonest is when a look for rows is repeated that a transaction holds back;
	// each time it takes twice as long, up to the usual look.
	soonest = 5 * time.Millisecond
)

// A Row stands at a place.
type Row interface{ FeedPlace() Place }

// A Reach is which rows somebody is told.
type Reach[R Row] interface {
	// Narrow adds it to a query for rows.
	Narrow(q *bun.SelectQuery) *bun.SelectQuery
	// Covers is Narrow for one row.
	Covers(r R) bool
}

// Everything reads all rows.
func Everything(q *bun.SelectQuery) *bun.SelectQuery { return q }

// A Source is a table whose rows R are told as items I. Everything but Restored is
// required.
type Source[R Row, I any] struct {
	Name  string // in the log: what the rows are
	Topic string // of the bus, on which is said that something was committed
	Bus   events.Bus
	Look  time.Duration // how often the table is asked anyway
	Log   *slog.Logger

	Horizon func(context.Context) (Horizon, error)
	// Window gives the place of the Window-th row after one place, or upTo if there
	// are not so many before it.
	Window func(ctx context.Context, after, upTo Place) (Place, error)
	// Read gives up to Batch rows after one place and up to another, in their order,
	// with their places by the count of epoch.
	Read func(ctx context.Context, after, upTo Place, epoch uint64, narrow func(*bun.SelectQuery) *bun.SelectQuery) ([]R, error)
	// Restored is called before the first look at a server's table: rows may be there
	// that another server's transactions have written.
	Restored func(context.Context) error
	// Item is how a row is told, and Gap that nothing is told of what was before.
	Item func(R) I
	Gap  func(at Place, epoch uint64) I
}

// A Tail reads the rows as they are committed: once for all who watch on this node,
// however many, and not at all when nobody does.
type Tail[R Row, I any] struct {
	Source[R, I]

	wake     chan struct{} // somebody watches now
	restored bool          // Run's own: rows of another server's transactions are taken over

	mu       sync.Mutex
	watchers map[*watcher[R]]struct{}
	at       Place // up to where all is told; meaningless without watchers, as is:
	epoch    uint64
}

// A watcher gets what is committed after the place that it joined at. Its channel
// is closed when it is too far behind.
type watcher[R Row] struct {
	reach Reach[R]
	items chan []R // what one look has found
}

// NewTail returns a Tail. Run must be running for anything to be told.
func NewTail[R Row, I any](s Source[R, I]) *Tail[R, I] {
	return &Tail[R, I]{Source: s, wake: make(chan struct{}, 1), watchers: map[*watcher[R]]struct{}{}}
}

// join begins to watch. It gives the place after which all comes through w.items;
// false when now is of another server than what others here watch.
func (t *Tail[R, I]) join(w *watcher[R], now Horizon) (after Place, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.watchers) == 0 {
		t.at, t.epoch = Place{Tx: now.Settled}, now.Epoch
		select {
		case t.wake <- struct{}{}:
		default:
		}
	}
	if t.epoch != now.Epoch { // the tail does not know yet, or knows better
		return Place{}, false
	}
	w.items = make(chan []R, tailBuffer)
	t.watchers[w] = struct{}{}
	return t.at, true
}

// letGo has all watchers read the table from where they are.
func (t *Tail[R, I]) letGo() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for w := range t.watchers {
		close(w.items)
	}
	clear(t.watchers)
}

func (t *Tail[R, I]) leave(w *watcher[R]) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.watchers, w)
}

// place is where the tail is, and by whose count, if anybody watches.
func (t *Tail[R, I]) place() (at Place, epoch uint64, watched bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.at, t.epoch, len(t.watchers) > 0
}

// Run looks whenever something was committed on any node, and every look, until ctx
// ends.
func (t *Tail[R, I]) Run(ctx context.Context) {
	committed, unsubscribe := t.Bus.Subscribe(t.Topic)
	defer unsubscribe()
	tick := time.NewTicker(t.Look)
	defer tick.Stop()
	again := time.NewTimer(time.Hour)
	defer again.Stop()
	pause := soonest
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-committed:
			pause = soonest
		case <-t.wake:
		case <-again.C:
		}
		held, err := t.read(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			t.Log.WarnContext(ctx, "look for what was committed failed", "feed", t.Name, "error", err)
		case held && pause < t.Look:
			again.Reset(pause)
			pause *= 2
		}
	}
}

// read tells all watchers what is new. held is whether there are rows that a
// transaction holds back.
func (t *Tail[R, I]) read(ctx context.Context) (held bool, err error) {
	if !t.restored && t.Restored != nil {
		if err := t.Restored(ctx); err != nil {
			return false, err
		}
		t.restored = true
	}
	for {
		at, epoch, watched := t.place()
		if !watched {
			return false, nil
		}
		now, err := t.Horizon(ctx)
		if err != nil {
			return false, err
		}
		if now.Epoch != epoch { // another server has taken over, or a dump of before was restored
			t.restored = false
			t.letGo()
			return false, nil
		}
		upTo := Place{Tx: now.Settled}
		if !at.Before(upTo) {
			return now.Waits, nil
		}
		rows, err := t.Read(ctx, at, upTo, epoch, Everything)
		if err != nil {
			return false, err
		}
		if len(rows) == Batch {
			upTo = rows[Batch-1].FeedPlace()
		}
		t.tell(rows, at, upTo)
		if len(rows) < Batch {
			return now.Waits, nil
		}
	}
}

// tell hands rows to all whom they reach, unless somebody else has moved the tail:
// all have left meanwhile, and others have come.
func (t *Tail[R, I]) tell(rows []R, from, to Place) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.at != from {
		return
	}
	for w := range t.watchers {
		var some []R
		for _, r := range rows {
			if w.reach.Covers(r) {
				some = append(some, r)
			}
		}
		if len(some) == 0 {
			continue
		}
		select {
		case w.items <- some:
		default: // it reads the table when it gets there
			delete(t.watchers, w)
			close(w.items)
		}
	}
	t.at = to
}
