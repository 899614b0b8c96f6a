package jobs

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/events"
	"github.com/mpanel/mpanel/internal/feed"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// LookEvery is how often a node asks the tables about the streams that are
// watched on it: a message that the bus lost costs at most this.
const LookEvery = time.Second

// A Feed follows jobs. Run must be running for events of other nodes to arrive.
type Feed struct {
	db   *store.DB
	bus  events.Bus
	log  *slog.Logger
	look time.Duration

	tail    *feed.Tail[*fed, StreamItem]
	horizon func(context.Context) (feed.Horizon, error) // readHorizon; tests have another server

	mu       sync.Mutex
	watchers map[ident.JobID]map[*watcher]struct{}
}

type watcher struct {
	poke chan struct{} // something may be in the table
	last int64         // guarded by Feed.mu: the newest event sent
}

// NewFeed returns a Feed that asks the tables every look, LookEvery if 0.
func NewFeed(db *store.DB, bus events.Bus, look time.Duration, log *slog.Logger) *Feed {
	if look == 0 {
		look = LookEvery
	}
	f := &Feed{db: db, bus: bus, look: look, log: log, watchers: map[ident.JobID]map[*watcher]struct{}{}}
	f.tail, f.horizon = newTail(f), f.readHorizon
	return f
}

// Run looks for events that the bus did not bring until ctx ends. It is one
// query for all the streams of the node, and none when nothing is watched.
func (f *Feed) Run(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	all.Go(func() { f.tail.Run(ctx) })
	tick := time.NewTicker(f.look)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := f.lookOnce(ctx); err != nil && ctx.Err() == nil {
			f.log.WarnContext(ctx, "look for job events failed", "error", err)
		}
	}
}

func (f *Feed) lookOnce(ctx context.Context) error {
	f.mu.Lock()
	ids := make([]ident.JobID, 0, len(f.watchers))
	for id := range f.watchers {
		ids = append(ids, id)
	}
	f.mu.Unlock()
	if len(ids) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, feed.ReadTime)
	defer cancel()
	var newest []struct {
		ID       ident.JobID
		EventSeq int64
	}
	err := f.db.NewSelect().Model((*models.Job)(nil)).Column("id", "event_seq").Where("id IN (?)", bun.List(ids)).Scan(ctx, &newest)
	if err != nil {
		return store.Wrap(err, "read newest events")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, n := range newest {
		for w := range f.watchers[n.ID] {
			if w.last < n.EventSeq {
				select {
				case w.poke <- struct{}{}:
				default:
				}
			}
		}
	}
	return nil
}

// A StreamItem is a *models.JobEvent or a *Gap.
type StreamItem interface{ IsJobStreamItem() }

// A Gap says that the events up to its position are gone.
type Gap = feed.Gap

// follow sends every event of a job after the given one, each once and in
// order, first from the table and then live, and closes the channel when the
// job ends or ctx does. Subscribing comes before reading, so no event falls in
// between; a reader that falls behind is served from the table again. With gap
// it begins by saying that what was before is gone; with ended it has nothing
// further to say.
func (f *Feed) follow(ctx context.Context, job ident.JobID, after int64, gap, ended bool) <-chan StreamItem {
	out := make(chan StreamItem)
	live, unsubscribe := f.bus.Subscribe(engine.Topic(job))
	w := &watcher{poke: make(chan struct{}, 1), last: after}
	f.mu.Lock()
	if f.watchers[job] == nil {
		f.watchers[job] = map[*watcher]struct{}{}
	}
	f.watchers[job][w] = struct{}{}
	f.mu.Unlock()
	go func() {
		defer close(out)
		defer func() {
			unsubscribe()
			f.mu.Lock()
			defer f.mu.Unlock()
			delete(f.watchers[job], w)
			if len(f.watchers[job]) == 0 {
				delete(f.watchers, job)
			}
		}()
		s := &stream{feed: f, w: w, job: job, last: after, out: out}
		if gap && s.gap(ctx, after) || ended {
			return
		}
		over := s.read(ctx)
		for !over {
			select {
			case <-ctx.Done():
				return
			case <-w.poke:
				over = s.read(ctx)
			case m := <-live:
				ev, ok := m.(*models.JobEvent)
				switch {
				case !ok || ev.Seq <= s.last:
				case ev.Seq == s.last+1:
					over = s.send(ctx, ev)
				default: // the bus lost some
					over = s.read(ctx)
				}
			}
		}
	}()
	return out
}

// A stream is one watcher's place.
type stream struct {
	feed *Feed
	w    *watcher
	job  ident.JobID
	last int64
	out  chan<- StreamItem
}

// read is catchUp on a stack of its own: the stream's stays for as long as somebody
// watches, and a query makes it several times as large.
func (s *stream) read(ctx context.Context) (over bool) {
	done := make(chan bool)
	go func() { done <- s.catchUp(ctx) }()
	return <-done
}

// next is what the table has behind the stream's place.
func (s *stream) next(ctx context.Context) (rows []*models.JobEvent, err error) {
	ctx, cancel := context.WithTimeout(ctx, feed.ReadTime)
	defer cancel()
	//allow:tenant of a job that was found with the filter; the stream of who loses it is closed within a second
	err = s.feed.db.NewSelect().Model(&rows).Where("job_id = ?", s.job).Where("seq > ?", s.last).
		Order("seq").Limit(feed.Batch).Scan(ctx)
	return rows, err
}

// catchUp sends what the table has. It tells whether the stream is over. When
// the table cannot be read, the next look tries again.
func (s *stream) catchUp(ctx context.Context) (over bool) {
	for {
		rows, err := s.next(ctx)
		if err != nil {
			if ctx.Err() == nil {
				s.feed.log.WarnContext(ctx, "read job events failed", "job_id", s.job.Opaque(), "error", err)
			}
			return ctx.Err() != nil
		}
		for _, ev := range rows {
			if ev.Seq != s.last+1 && s.gap(ctx, ev.Seq-1) {
				return true
			}
			if s.send(ctx, ev) {
				return true
			}
		}
		if len(rows) < feed.Batch {
			return false
		}
	}
}

func (s *stream) send(ctx context.Context, ev *models.JobEvent) (over bool) {
	select {
	case s.out <- ev:
	case <-ctx.Done():
		return true
	}
	s.at(ev.Seq)
	return ev.State.Terminal()
}

func (s *stream) gap(ctx context.Context, seq int64) (over bool) {
	select {
	case s.out <- &Gap{Position: models.Position{Job: s.job, Seq: seq}}:
	case <-ctx.Done():
		return true
	}
	s.at(seq)
	return false
}

func (s *stream) at(seq int64) {
	s.last = seq
	s.feed.mu.Lock()
	s.w.last = seq
	s.feed.mu.Unlock()
}
