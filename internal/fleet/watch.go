package fleet

import (
	"context"
	"sync"
	"time"

	"github.com/mpanel/mpanel/internal/events"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// Watch sends what a server is doing, every so many seconds and at once when it is
// known, and closes the channel when ctx ends. What was not read when a newer one
// comes is replaced. Errors: fault.NotFound; fault.Invalid for an interval that is
// not 1 to 60 seconds.
func (s *Service) Watch(ctx context.Context, id ident.ServerID, intervalSeconds *int) (<-chan *Metrics, error) {
	every := 1
	if intervalSeconds != nil {
		every = *intervalSeconds
	}
	if every < 1 || every > 60 {
		return nil, fault.Invalid.New("intervalSeconds", "The interval is 1 to 60 seconds.")
	}
	row, err := s.Find(ctx, id)
	if err != nil {
		return nil, err
	}
	if row == nil {
		return nil, store.NotFound("serverId")
	}
	if s.sampler.is(id) {
		return s.sampler.watch(ctx, every), nil
	}
	return s.others.watch(ctx, id, every), nil
}

// LatestMetrics returns what each of the servers is doing; nil where it is not known.
func (s *Service) LatestMetrics(ctx context.Context, servers []*models.Server) ([]*Metrics, error) {
	out := make([]*Metrics, len(servers))
	for i, r := range servers {
		if !s.sampler.is(r.ID) {
			out[i] = s.others.known(r.ID)
			continue
		}
		m, err := s.sampler.now(ctx)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			s.log.WarnContext(ctx, "measure the host failed", "error", err)
		default:
			out[i] = m
		}
	}
	return out, nil
}

// WantedTopic is where nodes say, each as a Wanted, which hosts of others are watched
// on them; they say it again every second.
const WantedTopic = "metrics_wanted"

// Wanted says that a server's metrics are watched on some node.
type Wanted struct{ Server ident.ServerID }

// MetricsTopic is where a node publishes its host's Metrics while another wants them.
func MetricsTopic(id ident.ServerID) string { return "metrics." + id.String() }

const (
	wantEvery = time.Second
	wantLasts = 3 * wantEvery // after which nobody wants it any more
	// knownFor is the age up to which what came of another node is told.
	knownFor = 5 * time.Second
)

// others is what this node knows of other nodes' hosts.
type others struct {
	bus events.Bus

	mu      sync.Mutex
	latest  map[ident.ServerID]*Metrics
	came    map[ident.ServerID]time.Time
	watched map[ident.ServerID]int
}

// watch follows the host of another node, wherever that is.
func (o *others) watch(ctx context.Context, id ident.ServerID, every int) <-chan *Metrics {
	news, end := o.bus.Subscribe(MetricsTopic(id))
	out := make(chan *Metrics, 1)
	o.count(id, 1)
	go func() {
		defer close(out)
		defer o.count(id, -1)
		defer end()
		again := time.NewTicker(wantEvery)
		defer again.Stop()
		skip := 0
		o.bus.Publish(WantedTopic, Wanted{id})
		for {
			select {
			case <-again.C:
				o.bus.Publish(WantedTopic, Wanted{id})
			case m := <-news:
				sample, ok := m.(*Metrics)
				if !ok {
					continue
				}
				o.note(id, sample)
				if skip--; skip > 0 {
					continue
				}
				skip = every
				select {
				case <-out: // nobody read it
				default:
				}
				out <- sample
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

func (o *others) count(id ident.ServerID, n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.watched[id] += n; o.watched[id] == 0 {
		delete(o.watched, id)
		delete(o.latest, id)
		delete(o.came, id)
	}
}

func (o *others) note(id ident.ServerID, m *Metrics) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.latest[id], o.came[id] = m, time.Now()
}

func (o *others) known(id ident.ServerID) *Metrics {
	o.mu.Lock()
	defer o.mu.Unlock()
	if m := o.latest[id]; m != nil && time.Since(o.came[id]) < knownFor {
		return m
	}
	return nil
}

// Run publishes what this host is doing while other nodes want it, until ctx ends.
func (s *Service) Run(ctx context.Context) {
	wanted, end := s.bus.Subscribe(WantedTopic)
	defer end()
	var samples <-chan *Metrics // nil while nobody wants them
	stop := context.CancelFunc(func() {})
	defer func() { stop() }()
	enough := time.NewTimer(wantLasts)
	defer enough.Stop()
	for {
		select {
		case m := <-wanted:
			w, ok := m.(Wanted)
			if !ok || !s.sampler.is(w.Server) {
				continue
			}
			enough.Reset(wantLasts)
			if samples == nil {
				samples, stop = s.samples(ctx)
			}
		case m := <-samples:
			if m != nil {
				s.publish(m)
			}
		case <-enough.C:
			stop()
			samples = nil
		case <-ctx.Done():
			return
		}
	}
}

// samples is each sample of this host, until stop is called.
func (s *Service) samples(ctx context.Context) (samples <-chan *Metrics, stop context.CancelFunc) {
	ctx, stop = context.WithCancel(ctx)
	return s.sampler.watch(ctx, 1), stop
}

func (s *Service) publish(m *Metrics) {
	s.bus.Publish(MetricsTopic(s.sampler.host()), m)
}
