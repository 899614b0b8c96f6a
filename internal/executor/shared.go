package executor

import (
	"context"
	"reflect"
	"sync"

	"github.com/99designs/gqlgen/graphql"
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
	next       int
	projection *Projection // of whoever was first; nil until then
}

type sharedKey struct{}

// WithShared makes the executions of a stream send what others have encoded.
// That the selection is the same is the caller's to see to; one that needs a
// resolver is executed for each all the same.
func WithShared(ctx context.Context, s *Shared) context.Context {
	return context.WithValue(ctx, sharedKey{}, s)
}

// SharedFrom is what WithShared has put into the context; nil without.
func SharedFrom(ctx context.Context) *Shared {
	s, _ := ctx.Value(sharedKey{}).(*Shared)
	return s
}

// answer gives an event's answer, which is made once for all; nil when each is to
// execute, because that may wait for something.
func (s *Shared) answer(ctx context.Context, e *encoder, event any) *graphql.Response {
	if event == nil || reflect.TypeOf(event).Kind() != reflect.Pointer { // others are not the same for being equal
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range remembered {
		if known := &s.ring[(s.next+remembered-1-i)%remembered]; known.event == event {
			return &graphql.Response{Data: known.data}
		}
	}
	if s.projection == nil {
		s.projection = e.schema.project(e.op, e.plan)
	}
	k, object := s.projection.of(event)
	if k == nil {
		return nil
	}
	answer := s.projection.answer(ctx, k, object)
	if len(answer.Errors) == 0 && len(graphql.GetErrors(ctx)) == 0 {
		s.ring[s.next].event, s.ring[s.next].data = event, answer.Data
		s.next = (s.next + 1) % remembered
	}
	return answer
}
