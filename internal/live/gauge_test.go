package live_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/99designs/gqlgen/graphql"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/executor"
	"github.com/mpanel/mpanel/internal/ident"
)

const gauges = `
directive @live(scope: LiveScope! = VIEWER, policy: LivePolicy! = ORDERED) on FIELD_DEFINITION
enum LiveScope { VIEWER GRANTS }
enum LivePolicy { ORDERED LATEST }
type Query { n: Int! }
type Subscription {
  shared(server: Int! = 1): Gauge! @live(scope: GRANTS, policy: LATEST)
  own: Gauge! @live(policy: LATEST)
  each: Gauge! @live
  eachShared(after: StreamPosition, of: Int): Gauge! @live(scope: GRANTS)
}
scalar StreamPosition
type Gauge { n: Int! m: Int! }`

// A source serves the schema above; publish gives each open stream an event.
type source struct {
	schema *ast.Schema

	mu      sync.Mutex
	streams map[chan int]bool
	opened  int
	users   []ident.UserID // who they were opened for
	shared  []*executor.Shared
	refuse  ident.UserID
	hold    chan struct{} // what does not look at its context
	reads   bool          // executions can have a stream in common
	opening chan struct{} // while it is there, a stream in common does not open
}

func newSource(t *testing.T) *source {
	t.Helper()
	schema, err := gqlparser.LoadSchema(&ast.Source{Input: gauges})
	require.NoError(t, err)
	return &source{schema: schema, streams: map[chan int]bool{}}
}

func (s *source) Schema() *ast.Schema { return s.schema }

func (s *source) Complexity(context.Context, string, string, int, map[string]any) (int, bool) {
	return 0, false
}

func (s *source) Exec(ctx context.Context) graphql.ResponseHandler {
	oc := graphql.GetOperationContext(ctx)
	field := graphql.CollectFields(oc, oc.Operation.SelectionSet, []string{"Subscription"})[0]
	var user ident.UserID
	if who, err := actor.From(ctx); err == nil {
		user = who.User
	}
	if s.hold != nil {
		<-s.hold
	}
	if r := executor.ReaderFrom(ctx); r != nil && s.reads {
		if !r.Open(func() (func(context.Context) (any, bool), bool) { return s.stream(ctx), ctx.Err() == nil }) {
			return func(context.Context) *graphql.Response { return nil }
		}
		return func(context.Context) *graphql.Response {
			n, _ := r.Event().(int)
			if n == panics && field.Alias == "bad" {
				panic("a mistake")
			}
			return &graphql.Response{Data: fmt.Appendf(nil, `{%q:{"n":%d}}`, field.Alias, n)}
		}
	}
	s.mu.Lock()
	refused := !user.IsZero() && user == s.refuse
	s.mu.Unlock()
	if refused {
		graphql.AddErrorf(ctx, "not yours")
		return nil
	}
	next := s.stream(ctx)
	return func(ctx context.Context) *graphql.Response {
		n, ok := next(ctx)
		if !ok {
			return nil
		}
		return &graphql.Response{Data: fmt.Appendf(nil, `{%q:{"n":%d}}`, field.Alias, n)}
	}
}

// panics is an event that a selection named bad panics at.
const panics = 666

// stream opens one.
func (s *source) stream(ctx context.Context) func(context.Context) (any, bool) {
	if s.opening != nil && executor.ReaderFrom(ctx) != nil {
		select {
		case <-s.opening:
		case <-ctx.Done():
		}
	}
	var user ident.UserID
	if who, err := actor.From(ctx); err == nil {
		user = who.User
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	events := make(chan int, 1)
	events <- -1 // what is there already
	s.streams[events] = true
	s.opened++
	s.users = append(s.users, user)
	s.shared = append(s.shared, executor.SharedFrom(ctx))
	context.AfterFunc(ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.streams, events)
	})
	return func(ctx context.Context) (any, bool) {
		select {
		case n, ok := <-events:
			return n, ok
		case <-ctx.Done():
			return nil, false
		}
	}
}

// publish waits until all streams have taken the event.
func (s *source) publish(n int) {
	s.mu.Lock()
	for c := range s.streams {
		c <- n
	}
	s.mu.Unlock()
	synctest.Wait()
}

func (s *source) open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.streams)
}
