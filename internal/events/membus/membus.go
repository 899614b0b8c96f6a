// Package membus is the Bus within one process.
package membus

import (
	"sync"

	"github.com/mpanel/mpanel/internal/events"
)

// Buffer is how many messages a subscriber may be behind before it misses some, which
// costs it a look at the rows. Each watcher of a stream has one, so it is small.
const Buffer = 16

// A Bus is safe for concurrent use; the zero value is ready.
type Bus struct {
	mu     sync.RWMutex
	topics map[string]map[chan any]struct{}
}

var _ events.Bus = (*Bus)(nil)

// Publish implements events.Bus.
func (b *Bus) Publish(topic string, message any) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for c := range b.topics[topic] {
		select {
		case c <- message:
		default: // the subscriber notices the gap and reads the rows
		}
	}
}

// Subscribe implements events.Bus.
func (b *Bus) Subscribe(topic string) (<-chan any, func()) {
	c := make(chan any, Buffer)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.topics == nil {
		b.topics = map[string]map[chan any]struct{}{}
	}
	if b.topics[topic] == nil {
		b.topics[topic] = map[chan any]struct{}{}
	}
	b.topics[topic][c] = struct{}{}
	return c, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.topics[topic], c)
		if len(b.topics[topic]) == 0 {
			delete(b.topics, topic)
		}
	}
}
