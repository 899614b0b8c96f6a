package executor_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	gqlexecutor "github.com/99designs/gqlgen/graphql/executor"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/executor"
	"github.com/mpanel/mpanel/internal/executor/testdata/torture"
	"github.com/mpanel/mpanel/internal/executor/testdata/torture/graph"
	"github.com/mpanel/mpanel/internal/executor/testdata/torture/model"
)

// scripted has resolvers that tests write; those that are nil are the torture's.
type scripted struct {
	graph.ResolverRoot
	posts  func(ctx context.Context, users []*model.User) ([][]*model.Post, error)
	best   func(ctx context.Context, users []*model.User) ([]*model.Post, error)
	boss   func(ctx context.Context, u *model.User) (model.Named, error)
	author func(ctx context.Context, posts []*model.Post) ([]*model.User, error)
}

type (
	scriptedQuery struct{ graph.QueryResolver }
	scriptedUser  struct {
		graph.UserResolver
		s scripted
	}
	scriptedPost struct {
		graph.PostResolver
		s scripted
	}
)

func (s scripted) Query() graph.QueryResolver { return scriptedQuery{s.ResolverRoot.Query()} }
func (s scripted) User() graph.UserResolver   { return scriptedUser{s.ResolverRoot.User(), s} }
func (s scripted) Post() graph.PostResolver   { return scriptedPost{s.ResolverRoot.Post(), s} }

func (scriptedQuery) Users(_ context.Context, n int) ([]*model.User, error) {
	users := make([]*model.User, n)
	for i := range users {
		users[i] = &model.User{ID: fmt.Sprint(i), N: i}
	}
	return users, nil
}

func (u scriptedUser) Posts(ctx context.Context, users []*model.User, _ *int, _ *model.Role, _ *model.PostFilter) ([][]*model.Post, error) {
	return u.s.posts(ctx, users)
}

func (u scriptedUser) Best(ctx context.Context, users []*model.User) ([]*model.Post, error) {
	return u.s.best(ctx, users)
}

func (u scriptedUser) Boss(ctx context.Context, user *model.User) (model.Named, error) {
	return u.s.boss(ctx, user)
}

func (p scriptedPost) Author(ctx context.Context, posts []*model.Post) ([]*model.User, error) {
	return p.s.author(ctx, posts)
}

func (s scripted) executor(t *testing.T, o executor.Options) *gqlexecutor.Executor {
	t.Helper()
	c := torture.Config()
	s.ResolverRoot = c.Resolvers
	c.Resolvers = s
	schema, err := graph.NewExecutor(c, o)
	require.NoError(t, err)
	return gqlexecutor.New(schema)
}

// postsOf gives each user so many posts.
func postsOf(n int) func(context.Context, []*model.User) ([][]*model.Post, error) {
	return func(_ context.Context, users []*model.User) ([][]*model.Post, error) {
		out := make([][]*model.Post, len(users))
		for i, u := range users {
			for k := range n {
				out[i] = append(out[i], &model.Post{ID: fmt.Sprintf("%s.%d", u.ID, k)})
			}
		}
		return out, nil
	}
}

// A resolver gets all parents of its level at once, also those of many lists,
// and under two names.
func TestLoad_OnceForALevel(t *testing.T) {
	t.Parallel()
	var calls, parents atomic.Int64
	e := scripted{posts: postsOf(3), author: func(_ context.Context, posts []*model.Post) ([]*model.User, error) {
		calls.Add(1)
		parents.Add(int64(len(posts)))
		out := make([]*model.User, len(posts))
		for i, p := range posts {
			out[i] = &model.User{ID: "author of " + p.ID}
		}
		return out, nil
	}}.executor(t, executor.Options{})
	data, errs := query(t.Context(), e, `{ users(n: 2) { posts { author { id } } more: posts { writer: author { id } author { name } } } }`, nil)
	require.Empty(t, errs)
	require.Contains(t, data, `{"writer":{"id":"author of 1.2"},"author":{"name":null}}]}]}`)
	require.EqualValues(t, 1, calls.Load())
	require.EqualValues(t, 6, parents.Load())
}

// A resolver that looks at the selection sees those of all names it is asked under.
func TestLoad_SelectionsOfAllAliases(t *testing.T) {
	t.Parallel()
	var seen []string
	e := scripted{posts: func(ctx context.Context, users []*model.User) ([][]*model.Post, error) {
		seen = graphql.CollectAllFields(ctx)
		return postsOf(1)(ctx, users)
	}}.executor(t, executor.Options{})
	data, errs := query(t.Context(), e, `{ users(n: 1) { a: posts { id } b: posts { title ...F } } } fragment F on Post { likes }`, nil)
	require.Empty(t, errs)
	require.JSONEq(t, `{"users":[{"a":[{"id":"0.0"}],"b":[{"title":"","likes":0}]}]}`, data)
	require.ElementsMatch(t, []string{"id", "title", "likes"}, seen)
}

// Where all objects are null, nobody is asked for anything of theirs.
func TestLoad_NothingForNoParents(t *testing.T) {
	t.Parallel()
	e := scripted{
		posts: postsOf(0),
		best: func(_ context.Context, users []*model.User) ([]*model.Post, error) {
			return make([]*model.Post, len(users)), nil
		},
		boss: func(context.Context, *model.User) (model.Named, error) { return nil, nil },
		author: func(_ context.Context, posts []*model.Post) ([]*model.User, error) {
			t.Errorf("asked for the authors of %d posts", len(posts))
			return nil, nil
		},
	}.executor(t, executor.Options{})
	data, errs := query(t.Context(), e, `{ users(n: 2) { posts { author { id } } best { author { id } } boss { ... on Post { author { id } } } } none: users(n: 0) { best { author { id } } } }`, nil)
	require.Empty(t, errs)
	require.JSONEq(t, `{"users":[{"posts":[],"best":null,"boss":null},{"posts":[],"best":null,"boss":null}],"none":[]}`, data)
}

// What is below a column starts when the column is there: it waits for no other
// column of its level. With a barrier between levels this would wait forever.
func TestLoad_NobodyWaitsForSiblings(t *testing.T) {
	t.Parallel()
	below := make(chan struct{})
	e := scripted{
		posts: func(ctx context.Context, users []*model.User) ([][]*model.Post, error) {
			select {
			case <-below:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			return make([][]*model.Post, len(users)), nil
		},
		best: func(_ context.Context, users []*model.User) ([]*model.Post, error) {
			out := make([]*model.Post, len(users))
			for i := range out {
				out[i] = &model.Post{ID: "best"}
			}
			return out, nil
		},
		author: func(_ context.Context, posts []*model.Post) ([]*model.User, error) {
			close(below)
			out := make([]*model.User, len(posts))
			for i := range out {
				out[i] = &model.User{ID: "author"}
			}
			return out, nil
		},
	}.executor(t, executor.Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	data, errs := query(ctx, e, `{ users(n: 2) { posts { id } best { author { id } } } }`, nil)
	require.Empty(t, errs)
	require.JSONEq(t, `{"users":[{"posts":[],"best":{"author":{"id":"author"}}},{"posts":[],"best":{"author":{"id":"author"}}}]}`, data)
}

// However many columns and objects there are, no more than so many resolvers are
// at work.
func TestLoad_Bounded(t *testing.T) {
	t.Parallel()
	var running, most atomic.Int64
	work := func() {
		n := running.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		for range 1000 {
			_ = fmt.Sprint(n)
		}
		running.Add(-1)
	}
	e := scripted{posts: func(_ context.Context, users []*model.User) ([][]*model.Post, error) {
		work()
		return make([][]*model.Post, len(users)), nil
	}}.executor(t, executor.Options{Concurrency: 3})
	text := `{ users(n: 2) { `
	for i := range 50 {
		text += fmt.Sprintf("p%d: posts(first: %d) { id } ", i, i)
	}
	_, errs := query(t.Context(), e, text+"} }", nil)
	require.Empty(t, errs)
	require.LessOrEqual(t, most.Load(), int64(3))

	for _, more := range []string{"", "p1: posts(first: 1) { id } p2: posts(first: 2) { id }"} {
		most.Store(0)
		e = scripted{boss: func(context.Context, *model.User) (model.Named, error) {
			work()
			return nil, nil
		}, posts: func(_ context.Context, users []*model.User) ([][]*model.Post, error) {
			work()
			return make([][]*model.Post, len(users)), nil
		}}.executor(t, executor.Options{Concurrency: 3})
		_, errs = query(t.Context(), e, `{ users(n: 50) { boss { id } `+more+` } }`, nil)
		require.Empty(t, errs)
		require.LessOrEqual(t, most.Load(), int64(3))
		require.Positive(t, most.Load())
	}
}

// The end of the context reaches resolvers at work, keeps further ones from
// starting, and is each field's error; TestMain sees that nothing is left.
func TestLoad_Cancelled(t *testing.T) {
	t.Parallel()
	for name, concurrency := range map[string]int{"side by side": 8, "one after the other": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			var authors atomic.Int64
			e := scripted{
				posts: func(ctx context.Context, users []*model.User) ([][]*model.Post, error) {
					cancel()
					<-ctx.Done()
					return postsOf(1)(ctx, users) // as if nothing were
				},
				boss: func(ctx context.Context, _ *model.User) (model.Named, error) {
					cancel()
					<-ctx.Done()
					return nil, ctx.Err()
				},
				author: func(context.Context, []*model.Post) ([]*model.User, error) {
					authors.Add(1)
					return nil, nil
				},
			}.executor(t, executor.Options{Concurrency: concurrency})
			op := operation(t, e, `{ users(n: 20) { id boss { id } posts { id author { id } } } }`, nil)
			next, ctx := e.DispatchOperation(ctx, op)
			r := next(ctx)
			require.NotNil(t, r)
			require.Equal(t, `null`, string(r.Data), "authors may not be null")
			require.Len(t, r.Errors, 40)
			for _, e := range r.Errors {
				require.ErrorIs(t, e, context.Canceled)
			}
			require.Zero(t, authors.Load())
		})
	}
}
