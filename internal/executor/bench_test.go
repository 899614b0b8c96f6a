package executor_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	gqlexecutor "github.com/99designs/gqlgen/graphql/executor"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mpanel/mpanel/internal/executor"
	"github.com/mpanel/mpanel/internal/executor/testdata/torture"
	"github.com/mpanel/mpanel/internal/executor/testdata/torture/graph"
	"github.com/mpanel/mpanel/internal/executor/testdata/torture/model"
)

// nested is a list of 50, each with 5, each of them with 3: 750 at the bottom.
const nested = `query($n: Int!) { users(n: $n) { id name posts(first: 5) { id title likes name related(n: 3) { title likes name } } } }`

// inMemory serves nested without doing anything else: what is measured is execution.
type inMemory struct {
	graph.ResolverRoot
	users   []*model.User
	posts   [][]*model.Post
	related map[*model.Post][]*model.Post
}

type (
	memoryQuery struct {
		graph.QueryResolver
		m *inMemory
	}
	memoryUser struct {
		graph.UserResolver
		m *inMemory
	}
	memoryPost struct {
		graph.PostResolver
		m *inMemory
	}
)

func (m *inMemory) Query() graph.QueryResolver { return memoryQuery{m: m} }
func (m *inMemory) User() graph.UserResolver   { return memoryUser{m: m} }
func (m *inMemory) Post() graph.PostResolver   { return memoryPost{m: m} }

func (q memoryQuery) Users(context.Context, int) ([]*model.User, error) { return q.m.users, nil }

func (u memoryUser) Posts(_ context.Context, users []*model.User, _ *int, _ *model.Role, _ *model.PostFilter) ([][]*model.Post, error) {
	out := make([][]*model.Post, len(users))
	for i, user := range users {
		out[i] = u.m.posts[user.N]
	}
	return out, nil
}

func (p memoryPost) Related(_ context.Context, posts []*model.Post, _ int) ([][]*model.Post, error) {
	out := make([][]*model.Post, len(posts))
	for i, post := range posts {
		out[i] = p.m.related[post]
	}
	return out, nil
}

func newInMemory() graph.Config {
	m := &inMemory{related: map[*model.Post][]*model.Post{}}
	for i := range 50 {
		m.users = append(m.users, &model.User{ID: fmt.Sprint(i), N: i, Name: new("Customer Número")})
		var posts []*model.Post
		for k := range 5 {
			p := &model.Post{ID: fmt.Sprint(i*5 + k), Title: "INV-00000001", Likes: 1234, Name: new("open")}
			posts = append(posts, p)
			for range 3 {
				m.related[p] = append(m.related[p], &model.Post{Title: "Web hosting, monthly", Likes: 2, Name: new("item")})
			}
		}
		m.posts = append(m.posts, posts)
	}
	c := torture.Config()
	c.Resolvers = m
	return c
}

func newInMemoryExecutors(t testing.TB) (stock, ours *gqlexecutor.Executor) {
	t.Helper()
	schema, err := graph.NewExecutor(newInMemory(), executor.Options{})
	require.NoError(t, err)
	stock, ours = gqlexecutor.New(graph.NewExecutableSchema(newInMemory())), gqlexecutor.New(schema)
	for _, e := range []*gqlexecutor.Executor{stock, ours} {
		e.SetQueryCache(lru.New[*ast.QueryDocument](10))
	}
	return stock, ours
}

// answer executes a query as a transport does, and gives the size of the answer.
func answer(t testing.TB, e *gqlexecutor.Executor, text string, variables map[string]any) int {
	op, errs := e.CreateOperationContext(graphql.StartOperationTrace(t.Context()), &graphql.RawParams{Query: text, Variables: variables})
	if errs != nil {
		t.Fatal(errs)
	}
	next, ctx := e.DispatchOperation(t.Context(), op)
	r := next(ctx)
	if len(r.Errors) > 0 {
		t.Fatal(r.Errors)
	}
	return len(r.Data)
}

// A list of 750 costs so few allocations that none can be one for each element.
func TestAllocations_NestedLists(t *testing.T) {
	if raceDetector {
		t.Log("not counted: the race detector allocates, too")
		return
	}
	stock, ours := newInMemoryExecutors(t)
	variables := map[string]any{"n": 50}
	require.Equal(t, answer(t, stock, nested, variables), answer(t, ours, nested, variables))
	allocs := testing.AllocsPerRun(50, func() { answer(t, ours, nested, variables) })
	t.Logf("%v allocations for 750 objects", allocs)
	require.LessOrEqual(t, allocs, 200.0)
}

// An event of a subscription is encoded without an allocation.
func TestAllocations_Project(t *testing.T) {
	_, ours, schema := newTorture(t)
	op := operation(t, ours, event, nil)
	p, err := schema.Project(op)
	require.NoError(t, err)
	ctx, user := t.Context(), eventUser()
	buf, err := p.Append(ctx, nil, user)
	require.NoError(t, err)
	require.Equal(t, `{"ticks":{"__typename":"User","id":"1","n2":"Name \"x\"","age":41,"scores":[1.5,null],"tags":["a","b"],"createdAt":"2026-01-02T03:04:05Z","deletedAt":null}}`, string(buf)) //nolint:testifylint // to the byte
	if raceDetector {
		return
	}
	require.Zero(t, testing.AllocsPerRun(100, func() { buf, _ = p.Append(ctx, buf[:0], user) }))
}

const event = `subscription { ticks(id: "1") { __typename id n2: name age scores tags createdAt deletedAt } }`

func eventUser() *model.User {
	return &model.User{
		ID: "1", Name: new(`Name "x"`), Age: new(41), Scores: []*float64{new(1.5), nil}, Tags: []string{"a", "b"},
		CreatedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}
}

// BenchmarkNested is gqlgen's executor and ours on 750 objects in memory.
func BenchmarkNested(b *testing.B) {
	stock, ours := newInMemoryExecutors(b)
	variables := map[string]any{"n": 50}
	var slow time.Duration
	for _, x := range []struct {
		name string
		e    *gqlexecutor.Executor
	}{{"stock", stock}, {"compiled", ours}} {
		b.Run(x.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				answer(b, x.e, nested, variables)
			}
			each := b.Elapsed() / time.Duration(b.N)
			if x.e == stock {
				slow = each
			} else {
				b.ReportMetric(float64(slow)/float64(each), "times-faster")
			}
		})
	}
}

// endless is a subscription that always has its next event.
type endless struct {
	graph.ResolverRoot
	events chan *model.User
}

type endlessSubscription struct {
	graph.SubscriptionResolver
	events chan *model.User
}

func (e endless) Subscription() graph.SubscriptionResolver {
	return endlessSubscription{events: e.events}
}

func (s endlessSubscription) Ticks(context.Context, string) (<-chan *model.User, error) {
	return s.events, nil
}

// BenchmarkEvent is one event of a subscription: executed by gqlgen, executed by
// plan, and encoded by a projection.
func BenchmarkEvent(b *testing.B) {
	events := make(chan *model.User, 1)
	c := torture.Config()
	c.Resolvers = endless{events: events}
	schema, err := graph.NewExecutor(c, executor.Options{})
	require.NoError(b, err)
	user := eventUser()
	for _, x := range []struct {
		name string
		e    *gqlexecutor.Executor
	}{{"stock", gqlexecutor.New(graph.NewExecutableSchema(c))}, {"compiled", gqlexecutor.New(schema)}} {
		b.Run(x.name, func(b *testing.B) {
			next, ctx := x.e.DispatchOperation(b.Context(), operation(b, x.e, event, nil))
			b.ReportAllocs()
			for b.Loop() {
				events <- user
				if r := next(ctx); r == nil || len(r.Errors) > 0 {
					b.Fatal(r)
				}
			}
		})
	}
	b.Run("projected", func(b *testing.B) {
		p, err := schema.Project(operation(b, gqlexecutor.New(schema), event, nil))
		require.NoError(b, err)
		var buf []byte
		b.ReportAllocs()
		for b.Loop() {
			buf, _ = p.Append(b.Context(), buf[:0], user)
		}
	})
}

// BenchmarkEventOfMany is one event for one of 5,000 clients, each of which has selected
// something else: nearly all of it is the wait for memory.
func BenchmarkEventOfMany(b *testing.B) {
	schema, err := graph.NewExecutor(newInMemory(), executor.Options{})
	require.NoError(b, err)
	e := gqlexecutor.New(schema)
	list := make([]*executor.Projection, 5000)
	for i := range list {
		list[i], err = schema.Project(operation(b, e, fmt.Sprintf(
			"subscription { ticks(id: \"1\") { __typename id n%[1]d: name a%[1]d: age s%[1]d: scores tags createdAt deletedAt u%[1]d: name v%[1]d: age } }", i), nil))
		require.NoError(b, err)
	}
	user := eventUser()
	var buf []byte
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		buf, _ = list[i*7919%len(list)].Append(b.Context(), buf[:0], user)
	}
}

// BenchmarkCompile is the price of an operation that is seen for the first time.
func BenchmarkCompile(b *testing.B) {
	schema, err := graph.NewExecutor(newInMemory(), executor.Options{Plans: 1})
	require.NoError(b, err)
	e := gqlexecutor.New(schema)
	op, errs := e.CreateOperationContext(graphql.StartOperationTrace(b.Context()), &graphql.RawParams{Query: nested, Variables: map[string]any{"n": 0}})
	require.Nil(b, errs)
	b.ReportAllocs()
	for b.Loop() {
		again := *op.Operation // another operation, as the cache sees it
		op.Operation = &again
		_, _ = schema.Project(op) // no subscription: only compiled
	}
}
