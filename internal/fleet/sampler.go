package fleet

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/mpanel/mpanel/internal/ident"
)

const (
	sampleEvery = time.Second
	// current is the age up to which a sample is what a host is doing now.
	current = 1500 * time.Millisecond
)

// A sampler measures this node's host once a second, for all who watch it, and not
// by itself while nobody does.
type sampler struct {
	source Source
	log    *slog.Logger
	asking chan struct{} // one sample at a time is taken for those who do not watch

	mu       sync.Mutex
	id       ident.ServerID // zero until it is registered
	watchers map[*watcher]struct{}
	stop     context.CancelFunc // nil while nobody watches
	latest   *Metrics
	taken    time.Time
	ticks    int
}

// A watcher gets the newest sample of every so many.
type watcher struct {
	every int
	due   int // the tick of the next one
	c     chan *Metrics
}

func (s *sampler) own(id ident.ServerID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.id = id
}

// host is the server that is this node's host; zero until it is registered.
func (s *sampler) host() ident.ServerID {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.id
}

func (s *sampler) is(id ident.ServerID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !id.IsZero() && s.id == id
}

// watch returns a channel of every so many samples, which is closed when ctx ends.
// What was not read when a newer one comes is replaced.
func (s *sampler) watch(ctx context.Context, every int) <-chan *Metrics {
	w := &watcher{every: every, c: make(chan *Metrics, 1)}
	s.mu.Lock()
	if len(s.watchers) == 0 {
		sampling, stop := context.WithCancel(context.Background())
		s.stop = stop
		go s.run(sampling, s.pause())
	}
	s.watchers[w] = struct{}{}
	if s.latest != nil && time.Since(s.taken) < current {
		w.offer(s.latest)
		w.due = s.ticks + every
	}
	s.mu.Unlock()
	context.AfterFunc(ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.watchers, w)
		close(w.c)
		if len(s.watchers) == 0 {
			s.stop()
			s.stop = nil
		}
	})
	return w.c
}

// offer is called with the lock held.
func (w *watcher) offer(m *Metrics) {
	select {
	case <-w.c:
	default:
	}
	w.c <- m
}

// pause is how long the newest sample is new enough. The lock is held.
func (s *sampler) pause() time.Duration {
	if s.latest == nil {
		return 0
	}
	return sampleEvery - time.Since(s.taken)
}

func (s *sampler) run(ctx context.Context, pause time.Duration) {
	if pause > 0 { // somebody watched just now
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
	}
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	failed := false
	for {
		m, err := s.source.Sample(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			if !failed {
				s.log.WarnContext(ctx, "measure the host failed", "error", err)
			}
			failed = true
		default:
			failed = false
			s.tell(ctx, m)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (s *sampler) tell(ctx context.Context, m *Metrics) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() != nil {
		return // the watchers are another run's
	}
	s.latest, s.taken = m, time.Now()
	s.ticks++
	for w := range s.watchers {
		if s.ticks >= w.due {
			w.offer(m)
			w.due = s.ticks + w.every
		}
	}
}

// now is what the host is doing, measured a second ago at most.
func (s *sampler) now(ctx context.Context) (*Metrics, error) {
	select {
	case s.asking <- struct{}{}:
		defer func() { <-s.asking }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	s.mu.Lock()
	latest, taken := s.latest, s.taken
	s.mu.Unlock()
	if latest != nil && time.Since(taken) < current {
		return latest, nil
	}
	m, err := s.source.Sample(ctx)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.latest, s.taken = m, time.Now()
	return m, nil
}
