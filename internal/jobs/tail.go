package jobs

import (
	"context"
	"sync"
	"time"

	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/store"
)

const (
	// tailBuffer is how many looks a watcher may be behind before it reads the table.
	tailBuffer = 16
	// soonest is when a look for events is repeated that a transaction holds back;
	// each time it takes twice as long, up to the usual look.
	soonest = 5 * time.Millisecond
)

// A tail reads the events of all jobs as they are committed: once for all who watch
// on this node, however many, and not at all when nobody does.
type tail struct {
	feed *Feed
	wake chan struct{} // somebody watches now

	restored bool // run's own: events of another server's transactions are taken over

	mu       sync.Mutex
	watchers map[*tailWatcher]struct{}
	at       place // up to where all is told; meaningless without watchers, as is:
	epoch    uint64
}

// A tailWatcher gets what is committed after the place that it joined at. Its channel
// is closed when it is too far behind.
type tailWatcher struct {
	reach reach
	items chan []*fed // what one look has found
}

func newTail(f *Feed) *tail {
	return &tail{feed: f, wake: make(chan struct{}, 1), watchers: map[*tailWatcher]struct{}{}}
}

// join begins to watch. It gives the place after which all comes through w.items;
// false when now is of another server than what others here watch.
func (t *tail) join(w *tailWatcher, now horizon) (after place, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.watchers) == 0 {
		t.at, t.epoch = place{tx: now.Settled}, now.Epoch
		select {
		case t.wake <- struct{}{}:
		default:
		}
	}
	if t.epoch != now.Epoch { // the tail does not know yet, or knows better
		return place{}, false
	}
	w.items = make(chan []*fed, tailBuffer)
	t.watchers[w] = struct{}{}
	return t.at, true
}

// letGo has all watchers read the table from where they are.
func (t *tail) letGo() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for w := range t.watchers {
		close(w.items)
	}
	clear(t.watchers)
}

func (t *tail) leave(w *tailWatcher) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.watchers, w)
}

// place is where the tail is, and by whose count, if anybody watches.
func (t *tail) place() (at place, epoch uint64, watched bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.at, t.epoch, len(t.watchers) > 0
}

// run looks whenever something was committed on any node, and every look.
func (t *tail) run(ctx context.Context) {
	committed, unsubscribe := t.feed.bus.Subscribe(engine.CommittedTopic)
	defer unsubscribe()
	tick := time.NewTicker(t.feed.look)
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
			t.feed.log.WarnContext(ctx, "look for events of all jobs failed", "error", err)
		case held && pause < t.feed.look:
			again.Reset(pause)
			pause *= 2
		}
	}
}

// read tells all watchers what is new. held is whether there are events that a
// transaction holds back.
func (t *tail) read(ctx context.Context) (held bool, err error) {
	if !t.restored {
		if err := t.feed.takeOver(ctx); err != nil {
			return false, err
		}
		t.restored = true
	}
	for {
		at, epoch, watched := t.place()
		if !watched {
			return false, nil
		}
		now, err := t.feed.horizon(ctx)
		if err != nil {
			return false, err
		}
		if now.Epoch != epoch { // another server has taken over, or a dump of before was restored
			t.restored = false
			t.letGo()
			return false, nil
		}
		upTo := place{tx: now.Settled}
		if !at.before(upTo) {
			return now.Waits, nil
		}
		rows, err := t.feed.readAll(ctx, at, upTo, epoch, nothingMore)
		if err != nil {
			return false, err
		}
		if len(rows) == readBatch {
			upTo = rows[readBatch-1].place()
		}
		t.tell(rows, at, upTo)
		if len(rows) < readBatch {
			return now.Waits, nil
		}
	}
}

// tell hands events to all whom they reach, unless somebody else has moved the tail:
// all have left meanwhile, and others have come.
func (t *tail) tell(rows []*fed, from, to place) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.at != from {
		return
	}
	for w := range t.watchers {
		var some []*fed
		for _, e := range rows {
			if w.reach.covers(e) {
				some = append(some, e)
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

// followAll sends the events of all jobs within reach after a place, each once and
// in order, until ctx ends. With gap it begins by saying that nothing is told of
// what was before.
func (f *Feed) followAll(ctx context.Context, r reach, after place, gap bool, now horizon) <-chan StreamItem {
	out := make(chan StreamItem)
	go func() {
		defer close(out)
		s := &feedStream{feed: f, reach: r, last: after, epoch: now.Epoch, out: out}
		if gap && !s.send(ctx, &Gap{after.position(now.Epoch)}) {
			return
		}
		for s.follow(ctx) {
		}
	}()
	return out
}

// A feedStream is one watcher's place among the events of all jobs.
type feedStream struct {
	feed  *Feed
	reach reach
	last  place
	epoch uint64 // by whose count
	out   chan<- StreamItem
}

// follow joins the tail, reads what was before, and passes on what comes, until ctx
// ends (false) or it has fallen behind (true).
func (s *feedStream) follow(ctx context.Context) bool {
	w := &tailWatcher{reach: s.reach}
	joined := make(chan bool) // on a stack of its own: see stream.read
	go func() { joined <- s.join(ctx, w) }()
	ok := <-joined
	defer s.feed.tail.leave(w)
	if !ok {
		return s.pause(ctx)
	}
	for {
		select {
		case some, ok := <-w.items:
			if !ok {
				return true
			}
			for _, e := range some {
				if s.last.before(e.place()) && !s.pass(ctx, e) {
					return false
				}
			}
		case <-ctx.Done():
			return false
		}
	}
}

// join reads the table up to where w has joined the tail. It gives false when that
// is not possible now.
func (s *feedStream) join(ctx context.Context, w *tailWatcher) bool {
	now, err := s.feed.horizon(ctx)
	if err == nil && now.Epoch != s.epoch {
		// What was before was counted otherwise, and may have been taken back.
		s.epoch, s.last = now.Epoch, place{tx: now.Settled}
		if !s.send(ctx, &Gap{s.last.position(s.epoch)}) {
			return false
		}
	}
	if err == nil {
		upTo, ok := s.feed.tail.join(w, now)
		if !ok {
			return false
		}
		err = s.catchUp(ctx, upTo)
	}
	if err != nil && ctx.Err() == nil {
		s.feed.log.WarnContext(ctx, "read events of all jobs failed", "error", err)
	}
	return err == nil && ctx.Err() == nil
}

// catchUp reads the table window by window, so that it gets on also where hardly
// anything is the caller's to see.
func (s *feedStream) catchUp(ctx context.Context, upTo place) error {
	for s.last.before(upTo) {
		end, err := s.feed.window(ctx, s.last, upTo)
		if err != nil {
			return err
		}
		rows, err := s.feed.readAll(ctx, s.last, end, s.epoch, s.reach.narrow)
		if err != nil {
			return err
		}
		for _, e := range rows {
			if !s.pass(ctx, e) {
				return store.Wrap(ctx.Err(), "send events of all jobs")
			}
		}
		if len(rows) < readBatch {
			s.last = end
		}
	}
	return nil
}

func (s *feedStream) pass(ctx context.Context, e *fed) bool {
	s.last = e.place()
	return s.send(ctx, &e.JobEvent)
}

func (s *feedStream) send(ctx context.Context, item StreamItem) bool {
	select {
	case s.out <- item:
		return true
	case <-ctx.Done():
		return false
	}
}

// pause waits until it makes sense to try again.
func (s *feedStream) pause(ctx context.Context) bool {
	select {
	case <-time.After(s.feed.look):
		return true
	case <-ctx.Done():
		return false
	}
}
