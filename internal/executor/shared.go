package executor

import (
	"context"
	"reflect"
	"sync"
)

// remembered is how many of a stream's events Shared has. Who is further behind
// than that encodes by itself.
const remembered = 16

// Shared has the data of the newest events of a stream, for the executions of
// all who selected the same and may do the same. An event is encoded by the
// first of them, and the others send the same bytes. The zero value is ready.
type Shared struct {
	mu   sync.Mutex
	ring [remembered]struct {
		event any
		data  []byte
	}
	next int
}

type sharedKey struct{}

// WithShared makes the executions of a stream send what others have encoded.
// That the selection is the same is the caller's to see to; one that needs a
// resolver is executed for each all the same.
func WithShared(ctx context.Context, s *Shared) context.Context {
	return context.WithValue(ctx, sharedKey{}, s)
}

func sharedOf(ctx context.Context) *Shared {
	s, _ := ctx.Value(sharedKey{}).(*Shared)
	return s
}

// data gives an event's data, which is what encode gives unless it was encoded
// before. encode tells whether others may have it.
func (s *Shared) data(event any, encode func() (data []byte, keep bool)) []byte {
	if s == nil || reflect.TypeOf(event).Kind() != reflect.Pointer { // others are not the same for being equal
		data, _ := encode()
		return data
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range remembered {
		if e := &s.ring[(s.next+remembered-1-i)%remembered]; e.event == event {
			return e.data
		}
	}
	data, keep := encode()
	if keep {
		s.ring[s.next].event, s.ring[s.next].data = event, data
		s.next = (s.next + 1) % remembered
	}
	return data
}
