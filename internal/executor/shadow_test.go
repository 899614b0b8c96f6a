package executor_test

import (
	"context"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	gqlexecutor "github.com/99designs/gqlgen/graphql/executor"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/executor"
	"github.com/mpanel/mpanel/internal/executor/testdata/torture"
	"github.com/mpanel/mpanel/internal/executor/testdata/torture/graph"
	"github.com/mpanel/mpanel/internal/executor/testdata/torture/model"
)

// otherUser gives other names, and counts how often it is asked.
type otherUser struct {
	graph.ResolverRoot
	name  func() string
	calls *int
}

type otherQuery struct {
	graph.QueryResolver
	o otherUser
}

func (o otherUser) Query() graph.QueryResolver {
	return otherQuery{o.ResolverRoot.Query(), o}
}

func (q otherQuery) Me(context.Context) (*model.User, error) {
	*q.o.calls++
	return &model.User{ID: "me", Name: new(q.o.name())}, nil
}

func other(t *testing.T, name func() string) (graph.Config, *int) {
	t.Helper()
	c, calls := torture.Config(), new(int)
	c.Resolvers = otherUser{c.Resolvers, name, calls}
	return c, calls
}

func TestShadow(t *testing.T) {
	t.Parallel()
	ctx := torture.WithRole(t.Context(), model.RoleUser)
	const me, failing = `query Mine($n: Int = 1) { me { name } users(n: $n) { id } }`, `{ fail user(id: "1") { slow } count }`
	turn := 0
	for name, tc := range map[string]struct {
		every      int
		query      string
		name       func() string
		different  bool
		compared   int64
		statements int // of the other, for two queries
	}{
		"alike":                     {1, me, func() string { return "A" }, false, 2, 2},
		"errors alike":              {1, failing, func() string { return "A" }, false, 2, 0},
		"another answer":            {1, me, func() string { return "B" }, true, 2, 4},
		"once another answer":       {1, me, func() string { turn++; return map[bool]string{true: "B", false: "A"}[turn == 1] }, false, 2, 3},
		"every second":              {2, me, func() string { return "A" }, false, 1, 1},
		"mutations happen once":     {1, `mutation { add(x: 1) }`, func() string { return "A" }, false, 0, 0},
		"streams are not compared":  {1, `subscription { secret { id } }`, func() string { return "A" }, false, 0, 0},
		"the other one may panic":   {1, me, func() string { panic("other") }, true, 2, 4},
		"an answer in several ones": {1, `{ me { name ... @defer { best { id } } } }`, func() string { return "A" }, false, 0, 0},
	} {
		t.Run(name, func(t *testing.T) { //nolint:paralleltest // turn is shared
			ours, _ := other(t, func() string { return "A" })
			theirs, calls := other(t, tc.name)
			compiled, err := graph.NewExecutor(ours, executor.Options{})
			require.NoError(t, err)
			var found []executor.Difference
			shadow := executor.NewShadow(compiled, graph.NewExecutableSchema(theirs), tc.every, func(_ context.Context, d executor.Difference) {
				found = append(found, d)
			})
			e := gqlexecutor.New(shadow)
			e.SetRecoverFunc(crashed)
			for range 2 {
				query(ctx, e, tc.query, nil)
			}
			compared, different := shadow.Counts()
			require.Equal(t, tc.compared, compared)
			require.Equal(t, tc.statements, *calls)
			require.Equal(t, tc.different, different > 0)
			require.Len(t, found, int(different))
			for _, d := range found {
				require.True(t, d.Data)
				require.Equal(t, "Mine", d.Name)
				require.Len(t, d.Query, 64)
			}
		})
	}
}

// What a shadow answers is what it would answer alone.
func TestShadow_ChangesNoAnswer(t *testing.T) {
	t.Parallel()
	stock, _, schema := newTorture(t)
	e := gqlexecutor.New(executor.NewShadow(schema, graph.NewExecutableSchema(torture.Config()), 1, func(_ context.Context, d executor.Difference) {
		t.Errorf("%+v", d)
	}))
	e.SetRecoverFunc(crashed)
	e.SetErrorPresenter(graphql.DefaultErrorPresenter)
	for _, text := range []string{`{ users(n: 4) { id slow best { title } } }`, `{ failReq { id } count }`, `{ me { id } }`} {
		wantData, wantErrors := query(t.Context(), stock, text, nil)
		data, errs := query(t.Context(), e, text, nil)
		require.Equal(t, wantData, data)
		require.Equal(t, wantErrors, errs)
	}
}

// crashing is an executor with a mistake of its own.
type crashing struct{ graphql.ExecutableSchema }

func (crashing) Exec(context.Context) graphql.ResponseHandler {
	return func(context.Context) *graphql.Response { panic("a mistake") }
}

// An executor that panics itself is reported as any other difference, and whoever asked
// has the answer of the other one.
func TestShadow_AnExecutorThatPanics(t *testing.T) {
	t.Parallel()
	ours, _ := other(t, func() string { return "A" })
	compiled, err := graph.NewExecutor(ours, executor.Options{})
	require.NoError(t, err)
	var found []executor.Difference
	shadow := executor.NewShadow(compiled, crashing{graph.NewExecutableSchema(ours)}, 1, func(_ context.Context, d executor.Difference) { found = append(found, d) })
	data, errs := query(torture.WithRole(t.Context(), model.RoleUser), gqlexecutor.New(shadow), `query Mine { me { name } }`, nil)
	require.Empty(t, errs)
	require.Contains(t, data, `"A"`)
	require.Len(t, found, 1)
	require.True(t, found[0].Panic)
	require.Equal(t, "Mine", found[0].Name)
	require.Len(t, found[0].Query, 64)
	compared, different := shadow.Counts()
	require.Equal(t, []int64{1, 1}, []int64{compared, different})
}
