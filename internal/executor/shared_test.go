package executor_test

import (
	"strconv"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/99designs/gqlgen/graphql"
	gqlexecutor "github.com/99designs/gqlgen/graphql/executor"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/executor"
	"github.com/mpanel/mpanel/internal/executor/testdata/torture"
	"github.com/mpanel/mpanel/internal/executor/testdata/torture/graph"
	"github.com/mpanel/mpanel/internal/executor/testdata/torture/model"
)

// A follower is one of several executions of the same stream.
type follower struct {
	events chan *model.User
	next   func() *graphql.Response
}

func followers(t *testing.T, n int, query string, shared *executor.Shared) []follower {
	t.Helper()
	list := make([]follower, n)
	for i := range list {
		c := torture.Config()
		events := make(chan *model.User, 1)
		c.Resolvers = endless{ResolverRoot: c.Resolvers, events: events}
		schema, err := graph.NewExecutor(c, executor.Options{})
		require.NoError(t, err)
		e := gqlexecutor.New(schema)
		next, ctx := e.DispatchOperation(executor.WithShared(t.Context(), shared), operation(t, e, query, nil))
		list[i] = follower{events, func() *graphql.Response { return next(ctx) }}
	}
	return list
}

func (f follower) take(u *model.User) *graphql.Response {
	f.events <- u
	return f.next()
}

func same(a, b *graphql.Response) bool {
	return unsafe.SliceData(a.Data) == unsafe.SliceData(b.Data) //nolint:gosec // whether it is the same memory is the question
}

func TestShared_OneEncodingForAll(t *testing.T) {
	t.Parallel()
	list := followers(t, 3, `subscription { ticks(id: "1") { id } }`, new(executor.Shared))
	u := &model.User{ID: "7"}
	first := list[0].take(u)
	require.JSONEq(t, `{"ticks":{"id":"7"}}`, string(first.Data))
	require.True(t, same(first, list[1].take(u)))
	equal := list[2].take(&model.User{ID: "7"})
	require.Equal(t, first.Data, equal.Data)
	require.False(t, same(first, equal), "another event that looks the same is another event")
	for i := range 40 { // more than are remembered
		list[0].take(&model.User{ID: strconv.Itoa(i)})
	}
	late := list[2].take(u)
	require.Equal(t, first.Data, late.Data, "who is far behind encodes by itself")
	require.False(t, same(first, late))
}

// Alone, nothing is remembered.
func TestShared_WithNobody(t *testing.T) {
	t.Parallel()
	list := followers(t, 2, `subscription { ticks(id: "1") { id } }`, nil)
	u := &model.User{ID: "7"}
	require.False(t, same(list[0].take(u), list[1].take(u)))
}

// Errors are each execution's own, and what takes resolvers is executed by each.
func TestShared_NotWithErrorsOrResolvers(t *testing.T) {
	t.Parallel()
	list := followers(t, 2, `subscription { ticks(id: "1") { id createdAt } }`, new(executor.Shared))
	u := &model.User{ID: "7"}
	for _, f := range list {
		r := f.take(u)
		require.Equal(t, "null", string(r.Data))
		require.Len(t, r.Errors, 1)
	}
	list = followers(t, 2, `subscription { ticks(id: "1") { address { street } home { street } } }`, new(executor.Shared))
	u = &model.User{N: 1, Address: &model.Address{Street: "x"}}
	require.True(t, same(list[0].take(u), list[1].take(u)), "memory and methods are nothing to wait for")
	list = followers(t, 2, `subscription { ticks(id: "1") { id best { id } } }`, new(executor.Shared))
	require.False(t, same(list[0].take(u), list[1].take(u)))
}

func TestShared_ManyAtOnce(t *testing.T) {
	t.Parallel()
	list := followers(t, 8, `subscription { ticks(id: "1") { id createdAt } }`, new(executor.Shared))
	events := make([]*model.User, 200)
	for i := range events {
		events[i] = &model.User{ID: strconv.Itoa(i), CreatedAt: time.Unix(int64(i)+1, 0).UTC()}
	}
	var wg sync.WaitGroup
	for _, f := range list {
		wg.Go(func() {
			for i, u := range events {
				if r := f.take(u); len(r.Errors) > 0 || string(r.Data) != `{"ticks":{"id":"`+strconv.Itoa(i)+`","createdAt":"`+u.CreatedAt.Format(time.RFC3339)+`"}}` {
					t.Errorf("event %d: %s %v", i, r.Data, r.Errors)
					return
				}
			}
		})
	}
	wg.Wait()
}

// Events are kept by who delivers them: none is written over by the next one, by
// whichever executor.
func TestLasting_EventsStayAsTheyAre(t *testing.T) {
	t.Parallel()
	for name, query := range map[string]string{"planned": `subscription { ticks(id: "1") { id } }`, "left to gqlgen": `subscription { ticks(id: "1") { id ... @defer { name } } }`} {
		for _, stock := range []bool{false, true} {
			events := make(chan *model.User, 1)
			c := torture.Config()
			c.Resolvers = endless{ResolverRoot: c.Resolvers, events: events}
			schema := graph.NewExecutableSchema(c)
			if !stock {
				ours, err := graph.NewExecutor(c, executor.Options{})
				require.NoError(t, err)
				schema = ours
			}
			e := gqlexecutor.New(executor.Lasting(schema))
			next, ctx := e.DispatchOperation(t.Context(), operation(t, e, query, nil))
			var kept []*graphql.Response
			for i := range 5 {
				events <- &model.User{ID: strconv.Itoa(i)}
				kept = append(kept, next(ctx))
			}
			for i, r := range kept {
				require.Contains(t, string(r.Data), `"id":"`+strconv.Itoa(i)+`"`, name)
			}
		}
	}
}
