package live

import (
	"context"
	"runtime"
	"slices"
	"sync"

	"github.com/99designs/gqlgen/graphql"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/executor"
)

// A source is a stream that groups with different selections have in common: whatever
// is made of an event, one goroutine waits for it.
type source struct {
	executor.Source

	key    string
	ctx    context.Context //nolint:containedctx // it is the stream's: it ends with it
	cancel context.CancelFunc
	begun  int // groups that may need it, by the lock of groups

	opened chan struct{} // closed when it is known whether it is shared
	shared bool          // from then on

	mu      sync.Mutex
	readers []*group
	last    any // event
	told    int // events
	over    bool
}

// sourceKey is the same for operations whose events are the same, whatever they select
// of them; "" for what is not shared.
func sourceKey(oc *graphql.OperationContext, who *actor.Actor) string {
	k := keyWriter{vars: oc.Variables, doc: oc.Doc}
	k.rights(who)
	field := streamed(oc)
	k.b = append(append(k.b, field.Name...), '(')
	k.value(k.arguments(field))
	if k.failed || len(k.b) > maxKey {
		return ""
	}
	return string(k.b)
}

// source gives the one of a key, and whether the caller is to open it. It is to be
// released. The lock is held, as below.
func (g *groups) source(key string, begin func() (context.Context, context.CancelFunc)) (s *source, opens bool) {
	s = g.sources[key]
	if opens = s == nil || key == ""; opens {
		s = &source{key: key, opened: make(chan struct{})}
		s.ctx, s.cancel = begin()
		if key != "" {
			g.sources[key] = s
		}
	}
	s.begun++
	return s, opens
}

// release is for a group that needs its source no more; for the last one it ends.
func (g *groups) release(s *source) {
	if s.begun--; s.begun == 0 {
		g.forget(s)
		s.cancel()
	}
}

// forget has nobody else begin with it.
func (g *groups) forget(s *source) {
	if g.sources[s.key] == s {
		delete(g.sources, s.key)
	}
}

// add makes a group a reader, which has answered the last event; false when nothing more
// comes, or it is over itself.
func (s *source) add(g *group) bool {
	for seen := 0; ; {
		s.mu.Lock()
		if s.over || g.gone {
			s.mu.Unlock()
			return false
		}
		if seen == s.told {
			g.at = len(s.readers)
			s.readers = append(s.readers, g)
			s.mu.Unlock()
			return true
		}
		event := s.last
		seen = s.told
		s.mu.Unlock()
		g.hub.writers.all(g.read(event, nil)) // what its members' own executions had may be older
	}
}

func (s *source) remove(g *group) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g.gone = true
	last := len(s.readers) - 1
	if g.at > last || s.readers[g.at] != g { // it did not read
		return
	}
	s.readers[g.at] = s.readers[last]
	s.readers[g.at].at = g.at
	s.readers[last] = nil
	s.readers = s.readers[:last]
}

// run gives each event to all readers, some of them at a time on each processor. None
// of them can wait for anything.
func (s *source) run() {
	var now []*group
	for event, ok := s.Next(s.ctx); ok; event, ok = s.Next(s.ctx) {
		s.mu.Lock()
		s.last = event
		s.told++
		now = append(now[:0], s.readers...)
		s.mu.Unlock()
		s.tell(now, event)
		clear(now)
	}
}

// end takes no readers any more, and gives those that there are.
func (s *source) end() (left []*group) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	left, s.readers = s.readers, nil
	return left
}

func (s *source) tell(readers []*group, event any) {
	n := min(runtime.GOMAXPROCS(0), len(readers)/enough+1)
	if n == 1 {
		give(readers, event)
		return
	}
	var wg sync.WaitGroup
	for some := range slices.Chunk(readers, (len(readers)+n-1)/n) {
		wg.Go(func() { give(some, event) })
	}
	wg.Wait()
}

// give has some groups answer before anything of that is written: a processor that does the
// same for several of them has it at hand.
func give(readers []*group, event any) {
	var ready []*Conn
	for some := range slices.Chunk(readers, abreast) {
		near(some)
		for _, g := range some {
			ready = g.read(event, ready)
		}
		some[0].hub.writers.all(ready)
		clear(ready)
		ready = ready[:0]
	}
}
