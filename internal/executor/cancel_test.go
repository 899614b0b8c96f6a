package executor_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	gqlexecutor "github.com/99designs/gqlgen/graphql/executor"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"
	"go.uber.org/goleak"

	"github.com/mpanel/mpanel/internal/executor"
	"github.com/mpanel/mpanel/internal/executor/difftest"
	"github.com/mpanel/mpanel/internal/executor/testdata/torture"
	"github.com/mpanel/mpanel/internal/executor/testdata/torture/graph"
	"github.com/mpanel/mpanel/internal/executor/testdata/torture/model"
)

// ticking has a stream that a test feeds.
type ticking struct {
	scripted
	events chan *model.User
}

type tickingSubscription struct {
	graph.SubscriptionResolver
	events chan *model.User
}

func (t ticking) Subscription() graph.SubscriptionResolver {
	return tickingSubscription{t.ResolverRoot.Subscription(), t.events}
}

func (t tickingSubscription) Ticks(context.Context, string) (<-chan *model.User, error) {
	return t.events, nil
}

type parkKey struct{}

// parked is a Level whose calls wait for each other, as those of a batch, and
// for the context at the longest.
func parked(full func()) executor.Level {
	return func(_ context.Context, n int) func(context.Context, func(func())) (context.Context, func()) {
		var mu sync.Mutex
		waiting := 0
		return func(ctx context.Context, pause func(func())) (context.Context, func()) {
			return context.WithValue(ctx, parkKey{}, func() {
				pause(func() {
					mu.Lock()
					waiting++
					all := waiting == n
					mu.Unlock()
					if all {
						full()
					}
					<-ctx.Done()
				})
			}), func() {}
		}
	}
}

// The context ends in every phase of an execution. Whoever waits is cut, nobody
// is asked any more, and nothing is left running: no test runs beside this one.
func TestSchema_CancelledInEveryPhase(t *testing.T) {
	wait := func(ctx context.Context) error { // as a resolver that looks at its context
		<-ctx.Done()
		return ctx.Err()
	}
	for name, tc := range map[string]struct {
		query string
		// script makes the executor; its resolvers end the context with cancel.
		script func(cancel func()) (s scripted, level executor.Level, writing func())
		before bool // the context ends before anything is done
		want   string
		errs   int
	}{
		"before the plan": {
			query: `{ users(n: 2) { posts { id } } }`, before: true,
			script: func(func()) (scripted, executor.Level, func()) {
				return scripted{posts: func(context.Context, []*model.User) ([][]*model.Post, error) {
					return nil, errors.New("asked")
				}}, nil, nil
			},
		},
		"while a level loads": {
			query: `{ users(n: 2) { a: posts(first: 1) { id } b: posts(first: 2) { id } best { id } } }`, want: `null`, errs: 6,
			script: func(cancel func()) (scripted, executor.Level, func()) {
				return scripted{
					posts: func(ctx context.Context, _ []*model.User) ([][]*model.Post, error) { return nil, wait(ctx) },
					best: func(ctx context.Context, _ []*model.User) ([]*model.Post, error) {
						cancel()
						return nil, wait(ctx)
					},
				}, nil, nil
			},
		},
		"within a level's batch": {
			query: `{ users(n: 2) { a: posts(first: 1) { id } b: posts(first: 2) { id } best { author { id } } } }`, want: `null`, errs: 6,
			script: func(cancel func()) (scripted, executor.Level, func()) {
				park := func(ctx context.Context) error {
					if p, ok := ctx.Value(parkKey{}).(func()); ok {
						p()
					}
					return ctx.Err()
				}
				return scripted{
					posts: func(ctx context.Context, _ []*model.User) ([][]*model.Post, error) { return nil, park(ctx) },
					best:  func(ctx context.Context, _ []*model.User) ([]*model.Post, error) { return nil, park(ctx) },
				}, parked(cancel), nil
			},
		},
		"between two levels": {
			query: `{ users(n: 2) { best { author { id } comments { id } } } }`, want: `{"users":[{"best":null},{"best":null}]}`, errs: 4,
			script: func(cancel func()) (scripted, executor.Level, func()) {
				return scripted{
					best: func(_ context.Context, users []*model.User) ([]*model.Post, error) {
						cancel()
						out := make([]*model.Post, len(users))
						for i := range out {
							out[i] = &model.Post{ID: "best"}
						}
						return out, nil
					},
					author: func(context.Context, []*model.Post) ([]*model.User, error) { return nil, errors.New("asked") },
				}, nil, nil
			},
		},
		"while the answer is written": {
			query: `{ users(n: 2) { id best { id } } }`, want: `{"users":[{"id":"0","best":null},{"id":"1","best":null}]}`,
			script: func(cancel func()) (scripted, executor.Level, func()) {
				return scripted{best: func(_ context.Context, users []*model.User) ([]*model.Post, error) {
					return make([]*model.Post, len(users)), nil
				}}, nil, cancel
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			quiet := goleak.IgnoreCurrent()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			s, level, writing := tc.script(cancel)
			e := s.executor(t, executor.Options{Level: level})
			if writing != nil {
				e.Use(&counter{change: change{root: func(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
					m := next(ctx)
					return graphql.WriterFunc(func(w io.Writer) {
						writing()
						m.MarshalGQL(w)
					})
				}}})
			}
			if tc.before {
				cancel()
			}
			op := operation(t, e, tc.query, nil)
			next, ctx := e.DispatchOperation(ctx, op)
			r := next(ctx)
			if tc.before {
				require.Nil(t, r)
			} else {
				require.Equal(t, tc.want, string(r.Data))
				require.Len(t, r.Errors, tc.errs)
				for _, err := range r.Errors {
					require.ErrorIs(t, err, context.Canceled)
				}
			}
			goleak.VerifyNone(t, quiet)
		})
	}
}

// A stream that nothing comes from ends with its context, and so does the
// execution of an event.
func TestSchema_StreamCancelled(t *testing.T) {
	quiet := goleak.IgnoreCurrent()
	for name, feed := range map[string]bool{"while it waits": false, "while an event is executed": true} {
		ctx, cancel := context.WithCancel(t.Context())
		s := ticking{events: make(chan *model.User, 1)}
		s.posts = func(ctx context.Context, _ []*model.User) ([][]*model.Post, error) {
			cancel()
			<-ctx.Done()
			return nil, ctx.Err()
		}
		c := torture.Config()
		s.ResolverRoot = c.Resolvers
		c.Resolvers = s
		schema, err := graph.NewExecutor(c, executor.Options{})
		require.NoError(t, err)
		e := gqlexecutor.New(schema)
		op := operation(t, e, `subscription { ticks(id: "1") { id posts { id } } }`, nil)
		next, dispatched := e.DispatchOperation(ctx, op)
		if feed {
			s.events <- &model.User{ID: "1"}
			r := next(dispatched)
			require.Equal(t, `null`, string(r.Data), name)
			require.ErrorIs(t, r.Errors[0], context.Canceled, name)
		} else {
			go cancel()
		}
		require.Nil(t, next(dispatched), name)
		cancel()
	}
	goleak.VerifyNone(t, quiet)
}

type tickKey struct{}

// Random operations whose context ends at a random call of a resolver: what is
// not there has the context's error, and what is there is as without.
func TestExecutor_CancelledAnywhere(t *testing.T) {
	t.Parallel()
	_, ours, schema := newTorture(t)
	ours.Use(&counter{change: change{field: func(ctx context.Context, next graphql.Resolver) (any, error) {
		if tick, ok := ctx.Value(tickKey{}).(func()); ok {
			tick()
		}
		return next(ctx)
	}}})
	r := rand.New(rand.NewPCG(3, 3))
	o := &difftest.Operations{Rand: r, Schema: schema.Schema(), MaxDepth: 5}
	o.Argument = argument(o)
	cut := 0
	for i := range 500 {
		document, variables := next(o, i, slices.Concat(incomparable, left))
		ctx := torture.WithRole(t.Context(), model.RoleRoot)
		var calls atomic.Int64
		whole := difftest.Run(context.WithValue(ctx, tickKey{}, func() { calls.Add(1) }), ours, document, variables)
		if whole.Invalid != nil || calls.Load() == 0 || whole.Operation.Operation == ast.Subscription {
			continue
		}
		end := r.Int64N(calls.Load())
		ctx, cancel := context.WithCancel(ctx)
		got := difftest.Run(context.WithValue(ctx, tickKey{}, func() {
			if calls.Add(-1) == end {
				cancel()
			}
		}), ours, document, variables)
		cancel()
		require.Len(t, got.Answers, 1, document)
		require.True(t, json.Valid([]byte(got.Answers[0].Data)), document)
		for _, e := range got.Answers[0].Errors {
			if strings.Contains(e, `"context canceled"`) {
				cut++
				continue
			}
			require.Contains(t, whole.Answers[0].Errors, e, "an error that is not the context's\n%s", document)
		}
	}
	require.Greater(t, cut, 200)
}
