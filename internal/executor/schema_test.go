package executor_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	gqlexecutor "github.com/99designs/gqlgen/graphql/executor"
	"github.com/99designs/gqlgen/graphql/handler/extension"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"
	"go.uber.org/goleak"

	"github.com/mpanel/mpanel/internal/executor"
	"github.com/mpanel/mpanel/internal/executor/difftest"
	"github.com/mpanel/mpanel/internal/executor/testdata/torture"
	"github.com/mpanel/mpanel/internal/executor/testdata/torture/graph"
	"github.com/mpanel/mpanel/internal/executor/testdata/torture/model"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// What the executor does not cover goes to gqlgen's as a whole, and is the same.
func TestSchema_LeavesTheRestToGqlgen(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		query string
		left  bool
	}{
		"covered":                      {`{ users(n: 3) { id } }`, false},
		"introspection":                {`{ __schema { types { name kind fields { name } } } }`, true},
		"introspection of one type":    {`{ count __type(name: "User") { name } }`, true},
		"introspection in a fragment":  {`{ ...F } fragment F on Query { count __type(name: "User") { name } }`, true},
		"introspection that is off":    {`query($b: Boolean! = false) { count __type(name: "User") @include(if: $b) { name } }`, true},
		"defer":                        {`{ users(n: 3) { id ... @defer { name } } }`, true},
		"defer of a named fragment":    {`{ users(n: 3) { id ...F @defer } } fragment F on User { name }`, true},
		"a directive of the schema's":  {`{ users(n: 3) { id @note(text: "x") } }`, true},
		"a directive on the query":     {`query @note(text: "x") { count }`, true},
		"a directive on the mutation":  {`mutation @note(text: "x") { add(x: 1) }`, true},
		"lists of lists of objects":    {`{ users(n: 2) { grid { street } } }`, true},
		"those within an abstract one": {`{ node(id: "0") { ... on User { grid { street } } } }`, true},
		"a subscription of scalars":    {`subscription { count }`, true},
		"__typename alone":             {`{ __typename t: __typename }`, false},
		"a subscription of nothing":    {`subscription { ticks(id: "1") @skip(if: true) { id } }`, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stock, ours, schema := newTorture(t)
			stock.Use(extension.Introspection{})
			ours.Use(extension.Introspection{})
			ctx := torture.WithRole(t.Context(), model.RoleRoot)
			want, got := difftest.Run(ctx, stock, tc.query, nil), difftest.Run(ctx, ours, tc.query, nil)
			require.Empty(t, want.Invalid)
			difftest.Equal(t, want, got, tc.query, nil)
			planned, fallen := schema.Counts()
			require.Equal(t, tc.left, fallen == 1 && planned == 0, "%d planned, %d left", planned, fallen)
		})
	}
}

// query runs an operation and gives data and messages of errors.
func query(ctx context.Context, e *gqlexecutor.Executor, text string, variables map[string]any) (string, []string) {
	r := difftest.Run(ctx, e, text, variables)
	if len(r.Answers) == 0 {
		return r.Invalid.Error(), nil
	}
	return r.Answers[0].Data, r.Answers[0].Errors
}

// A plan depends on the variables of @skip and @include and on nothing else.
func TestSchema_PlansByConditions(t *testing.T) {
	t.Parallel()
	_, ours, _ := newTorture(t)
	ours.SetQueryCache(lru.New[*ast.QueryDocument](10))
	const text = `query($a: Boolean!, $b: Boolean! = true, $n: Int!) { users(n: $n) { id @include(if: $a) ... @skip(if: $b) { role } ...F } } fragment F on User { big @include(if: $a) }`
	for _, tc := range []struct {
		variables map[string]any
		want      string
	}{
		{map[string]any{"a": true, "n": 1}, `{"users":[{"id":"0","big":"49855703777411072"}]}`},
		{map[string]any{"a": false, "n": 1}, `{"users":[{}]}`},
		{map[string]any{"a": true, "b": false, "n": 2}, ``},
		{map[string]any{"a": true, "n": 0}, `{"users":[]}`},
		{map[string]any{"a": false, "b": false, "n": 1}, ``},
		{map[string]any{"a": true, "n": 1}, ``},
	} {
		stock, _, _ := newTorture(t)
		want, _ := query(t.Context(), stock, text, tc.variables)
		got, errs := query(t.Context(), ours, text, tc.variables)
		require.Empty(t, errs)
		require.Equal(t, want, got, "%v", tc.variables)
	}
}

// A hundred clients ask at once, with plans that are made meanwhile, also below
// interfaces; and with a cache that is too small for them.
func TestSchema_ConcurrentClients(t *testing.T) {
	t.Parallel()
	schema, err := graph.NewExecutor(torture.Config(), executor.Options{Concurrency: 2, Plans: 2})
	require.NoError(t, err)
	ours := gqlexecutor.New(schema)
	ours.SetRecoverFunc(crashed)
	ours.SetQueryCache(lru.New[*ast.QueryDocument](10))
	stock, _, _ := newTorture(t)
	texts := []string{
		`query($b: Boolean!) { search(q: "a") { __typename ... on User { id nodes { id ... on Named { name } } } ... on Post { title @include(if: $b) } ... on Tag { label } } }`,
		`query($b: Boolean!) { users(n: 4) { id @skip(if: $b) best { title author { id } } a: best { likes } } }`,
		`query($b: Boolean!) { maybeUsers(n: 3) { boss { id name ... on User @skip(if: $b) { slow } } } }`,
		`query($b: Boolean!) { count @skip(if: $b) fail }`,
	}
	want := map[string]string{}
	for _, text := range texts {
		for _, b := range []bool{true, false} {
			data, errs := query(t.Context(), stock, text, map[string]any{"b": b})
			want[text+map[bool]string{true: "+"}[b]] = data + strings.Join(errs, "")
		}
	}
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			for k := range 8 {
				text, b := texts[(i+k)%len(texts)], (i+k)%3 == 0
				data, errs := query(t.Context(), ours, text, map[string]any{"b": b})
				if got := data + strings.Join(errs, ""); got != want[text+map[bool]string{true: "+"}[b]] {
					t.Errorf("%s: %s", text, got)
				}
			}
		})
	}
	wg.Wait()
}

// Whoever asks in ever new ways gets answers, and no more memory than others.
func TestSchema_PlansAreBounded(t *testing.T) {
	t.Parallel()
	_, ours, schema := newTorture(t)
	ours.SetQueryCache(lru.New[*ast.QueryDocument](10_000))
	wide := func(fields, i int) string { // f0 is the i-th name, so that documents differ
		var b strings.Builder
		fmt.Fprintf(&b, "x%d: id", i)
		for k := range fields {
			fmt.Fprintf(&b, " f%d: name", k)
		}
		return b.String()
	}
	most := 0
	for i := range 300 {
		data, _ := query(t.Context(), ours, `{ users(n: 1) { `+wide(200, i)+` } node(id: "0") { id ... on User { `+wide(200, i)+` } ... on Post { `+wide(10, i)+` } } }`, nil)
		require.Contains(t, data, fmt.Sprintf(`"x%d":"0"`, i))
		_, fields := schema.Cached()
		most = max(most, fields)
	}
	operations, fields := schema.Cached()
	require.LessOrEqual(t, most, 50_000)
	require.Greater(t, fields, 25_000, "what fits is kept")
	require.Less(t, operations, 256)

	// A long text is kept with a plan that is short, and counts.
	_, ours, schema = newTorture(t)
	for i := range 60 {
		data, _ := query(t.Context(), ours, fmt.Sprintf("{ x%d: count }", i)+strings.Repeat(" ", 24_000), nil)
		require.Contains(t, data, fmt.Sprintf(`"x%d":`, i))
	}
	operations, _ = schema.Cached()
	require.InDelta(t, 50_000/2000, operations, 2)

	// Seven conditions have 128 assignments, of which 64 are kept.
	_, ours, schema = newTorture(t)
	ours.SetQueryCache(lru.New[*ast.QueryDocument](10))
	declared, selection := "", "id"
	for k := range 7 {
		declared += fmt.Sprintf("$b%d: Boolean! ", k)
		selection += fmt.Sprintf(" f%d: id @include(if: $b%d)", k, k)
	}
	for i := range 128 {
		variables, want := map[string]any{}, `{"users":[{"id":"0"`
		for k := range 7 {
			on := i>>k&1 == 1
			variables[fmt.Sprintf("b%d", k)] = on
			if on {
				want += fmt.Sprintf(`,"f%d":"0"`, k)
			}
		}
		data, _ := query(t.Context(), ours, `query(`+declared+`) { users(n: 1) { `+selection+` } }`, variables)
		require.Equal(t, want+"}]}", data)
	}
	operations, fields = schema.Cached()
	require.Equal(t, 1, operations)
	require.Less(t, fields, 64*(1+1+7)+1)
}

// A context that ends cuts what waits for it, whichever phase the execution is
// in; TestMain sees that nothing is left running.
func TestSchema_Cancelled(t *testing.T) {
	t.Parallel()
	_, ours, _ := newTorture(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ours.Use(&counter{change: change{field: func(ctx context.Context, next graphql.Resolver) (any, error) {
		if graphql.GetFieldContext(ctx).Field.Name == "wait" {
			cancel()
		}
		return next(ctx)
	}}})
	data, errs := query(ctx, ours, `{ wait { id best { id } } __typename }`, nil)
	require.Contains(t, data, `"wait":null`)
	require.Contains(t, strings.Join(errs, ""), "context canceled")

	over, end := context.WithCancel(t.Context())
	op := operation(t, ours, `{ users(n: 2) { id best { id } } }`, nil)
	next, dispatched := ours.DispatchOperation(over, op)
	end()
	require.Nil(t, next(dispatched), "an operation that nobody waits for any more")

	stream := operation(t, ours, `subscription { ticks(id: "1") { id } }`, nil)
	over, end = context.WithCancel(t.Context())
	next, dispatched = ours.DispatchOperation(over, stream)
	require.NotNil(t, next(dispatched))
	end()
	require.Nil(t, next(dispatched))
}

func operation(t testing.TB, e *gqlexecutor.Executor, text string, variables map[string]any) *graphql.OperationContext {
	t.Helper()
	op, errs := e.CreateOperationContext(graphql.StartOperationTrace(t.Context()), &graphql.RawParams{Query: text, Variables: variables})
	require.Nil(t, errs)
	return op
}

// counter counts the calls of interceptors, and changes what it is told to.
type counter struct {
	change

	mu     sync.Mutex
	fields []string
	roots  []string
}

type change struct {
	field func(ctx context.Context, next graphql.Resolver) (any, error)
	root  func(ctx context.Context, next graphql.RootResolver) graphql.Marshaler
}

func (*counter) ExtensionName() string                   { return "counter" }
func (*counter) Validate(graphql.ExecutableSchema) error { return nil }

func (c *counter) InterceptField(ctx context.Context, next graphql.Resolver) (any, error) {
	c.mu.Lock()
	c.fields = append(c.fields, graphql.GetFieldContext(ctx).Path().String())
	c.mu.Unlock()
	if c.field != nil {
		return c.field(ctx, next)
	}
	return next(ctx)
}

func (c *counter) InterceptRootField(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
	c.mu.Lock()
	c.roots = append(c.roots, graphql.GetRootFieldContext(ctx).Field.Alias)
	c.mu.Unlock()
	if c.root != nil {
		return c.root(ctx, next)
	}
	return next(ctx)
}

// AroundFields sees each resolver once for a level, and AroundRootFields each
// root field.
func TestSchema_Interceptors(t *testing.T) {
	t.Parallel()
	_, ours, _ := newTorture(t)
	c := &counter{}
	ours.Use(c)
	query(t.Context(), ours, `{ a: users(n: 4) { id name best { title author { id } } } count }`, nil)
	require.ElementsMatch(t, []string{"a", "count", "a.best", "a.best.author"}, c.fields)
	require.ElementsMatch(t, []string{"a", "count"}, c.roots)
}

func TestSchema_InterceptorsChangeThings(t *testing.T) {
	t.Parallel()
	path := func(ctx context.Context) string { return graphql.GetFieldContext(ctx).Path().String() }
	for name, tc := range map[string]struct {
		query string
		change
		same bool // as with gqlgen; else want
		want string
	}{
		"an argument": {query: `{ users(n: 1) { id } }`, same: true, change: change{field: func(ctx context.Context, next graphql.Resolver) (any, error) {
			if path(ctx) == "users" {
				graphql.GetFieldContext(ctx).Args["n"] = 2
			}
			return next(ctx)
		}}},
		"a root value": {query: `{ count users(n: 1) { id } }`, same: true, change: change{field: func(ctx context.Context, next graphql.Resolver) (any, error) {
			v, err := next(ctx)
			if path(ctx) == "count" {
				return 7, nil
			}
			return v, err
		}}},
		"a root value of another type": {query: `{ count fail }`, same: true, change: change{field: func(context.Context, graphql.Resolver) (any, error) {
			return struct{}{}, nil
		}}},
		"null that must not be": {query: `{ fail users(n: 2) { id } }`, same: true, change: change{field: func(ctx context.Context, next graphql.Resolver) (any, error) {
			if path(ctx) == "users" {
				return nil, nil
			}
			return next(ctx)
		}}},
		"null that may not be any more": {query: `{ users(n: 3) { id friends { id } } maybeUsers(n: null) { id } user(id: "3") { id } }`, same: true, change: change{field: func(ctx context.Context, next graphql.Resolver) (any, error) {
			if path(ctx) == "user" {
				graphql.MarkNonNull(ctx)
				return nil, nil
			}
			return next(ctx)
		}}},
		"a failure that may not be any more": {query: `{ count fail }`, same: true, change: change{field: func(ctx context.Context, next graphql.Resolver) (any, error) {
			graphql.MarkNonNull(ctx)
			return next(ctx)
		}}},
		"a level that may not be null any more": {query: `{ users(n: 2) { id best { id } } }`, want: `null`, change: change{field: func(ctx context.Context, next graphql.Resolver) (any, error) {
			if path(ctx) == "users.best" {
				graphql.MarkNonNull(ctx)
				return nil, nil
			}
			return next(ctx)
		}}},
		"a level as a whole": {query: `{ users(n: 1) { id best { id } } }`, want: `{"users":[{"id":"0","best":null}]}`, change: change{field: func(ctx context.Context, next graphql.Resolver) (any, error) {
			v, err := next(ctx)
			if path(ctx) == "users.best" {
				return "something", nil
			}
			return v, err
		}}},
		"a panic": {query: `{ count fail }`, same: true, change: change{field: func(context.Context, graphql.Resolver) (any, error) { panic("interceptor") }}},
		"a root field by null": {query: `{ fail tag { label } }`, same: true, change: change{root: func(context.Context, graphql.RootResolver) graphql.Marshaler {
			return graphql.Null
		}}},
		"a root field by something else": {query: `{ count tag { label } }`, same: true, change: change{root: func(context.Context, graphql.RootResolver) graphql.Marshaler {
			return graphql.MarshalString("else")
		}}},
		"a root field by what is around it": {query: `{ count a: tag { label } b: tag { weight } }`, same: true, change: change{root: func(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
			m := next(ctx)
			return graphql.WriterFunc(func(w io.Writer) {
				var inner bytes.Buffer
				m.MarshalGQL(&inner)
				_, _ = w.Write([]byte(`[` + inner.String() + `]`))
			})
		}}},
		"a value of the context": {query: `{ users(n: 1) { secret posts(first: 1) { authReq } } }`, same: true, change: change{field: func(ctx context.Context, next graphql.Resolver) (any, error) {
			if path(ctx) == "users" {
				ctx = torture.WithRole(ctx, model.RoleRoot) // also for what is below
			}
			return next(ctx)
		}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stock, ours, schema := newTorture(t)
			a, b := counter{change: tc.change}, counter{change: tc.change}
			stock.Use(&a)
			ours.Use(&b)
			got := difftest.Run(t.Context(), ours, tc.query, nil)
			if tc.same {
				want := difftest.Run(t.Context(), stock, tc.query, nil)
				difftest.Equal(t, want, got, tc.query, nil)
			} else {
				require.Equal(t, tc.want, got.Answers[0].Data)
				require.NotEmpty(t, got.Answers[0].Errors)
			}
			planned, _ := schema.Counts()
			require.EqualValues(t, 1, planned)
		})
	}
}

// Mutations take turns, each with all that is below it; what is asked for twice
// is done twice.
func TestSchema_MutationsTakeTurns(t *testing.T) {
	t.Parallel()
	stock, ours, _ := newTorture(t)
	c := &counter{}
	ours.Use(c)
	const text = `mutation { a: add(x: 1) b: add(x: 1) c: rename(id: "1", name: "x") { best { id } name } d: add(x: 3) }`
	difftest.Equal(t, difftest.Run(t.Context(), stock, text, nil), difftest.Run(t.Context(), ours, text, nil), text, nil)
	require.Equal(t, []string{"a", "b", "c", "c.best", "d"}, c.fields)
}

// Invalid arguments are errors with the argument's path, for each parent.
func TestSchema_BadArguments(t *testing.T) {
	t.Parallel()
	stock, ours, _ := newTorture(t)
	for _, text := range []string{
		`{ users(n: 3) { id posts(first: 101) { id } } }`,
		`{ users(n: 3) { id a: posts(filter: {min: 51}) { id } b: posts(first: 99) { id } } }`,
		`query($f: PostFilter) { users(n: 2) { posts(filter: $f) { id } } }`,
	} {
		variables := map[string]any{"f": map[string]any{"min": 99}}
		want := difftest.Run(t.Context(), stock, text, variables)
		require.NotEmpty(t, want.Answers[0].Errors, text)
		difftest.Equal(t, want, difftest.Run(t.Context(), ours, text, variables), text, variables)
	}
}

// Where gqlgen's answer depends on how it groups parents, or is wrong by the
// specification, ours is not gqlgen's; this is all of it.
func TestSchema_DiffersFromGqlgen(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		query       string
		stock, ours string
		stockErrors []string
		oursErrors  []string
	}{
		"too few results": {
			`{ user(id: "1") { short } }`, `{"user":{"short":null}}`, `{"user":{"short":null}}`,
			[]string{`{"message":"batch resolver User.short returned 0 results for 1 parents (index 0)","path":["user","short"]}`},
			[]string{`{"message":"batch resolver User.short returned 0 results for 1 parents","path":["user","short"]}`},
		},
		"too few errors": {
			`{ user(id: "1") { miscounted } }`, `{"user":{"miscounted":null}}`, `{"user":{"miscounted":null}}`,
			[]string{`{"message":"batch resolver User.miscounted returned 0 errors for 1 parents (index 0)","path":["user","miscounted"]}`},
			[]string{`{"message":"batch resolver User.miscounted returned 0 errors for 1 parents","path":["user","miscounted"]}`},
		},
		"a panic in a batch resolver": {
			`{ a: users(n: 1) { crash } b: users(n: 2) { id crash } }`,
			`{"a":[{"crash":null}],"b":[{"id":"0","crash":null},{"id":"1","crash":null}]}`, `{"a":[{"crash":null}],"b":[{"id":"0","crash":null},{"id":"1","crash":null}]}`,
			nil, // which of the siblings has the panic is chance
			[]string{
				`{"message":"internal system error","path":["a",0,"crash"]}`, `{"message":"internal system error","path":["b",0,"crash"]}`,
				`{"message":"internal system error","path":["b",1,"crash"]}`,
			},
		},
		"one field through two interfaces that know nothing of each other": {
			`{ things(q: "d") { ... on Thing { author { id } } ... on Authored { author { name } } ... on Thing { author { age } } } }`,
			`{"things":[{"author":{"id":"a2","age":58}},{"author":null},{"author":{"id":"a3","age":36}}]}`,
			`{"things":[{"author":{"id":"a2","name":"N\n\\a2","age":58}},{"author":null},{"author":{"id":"a3","name":"N\n\\a3","age":36}}]}`,
			[]string{`{"message":"resolver failed","path":["things",1,"author"]}`, `{"message":"resolver failed","path":["things",1,"author"]}`},
			[]string{`{"message":"resolver failed","path":["things",1,"author"]}`},
		},
		"null in the place of an event": {
			`subscription { ticks(id: "1") { hidden } }`, `{"ticks":null}`, `null`,
			[]string{`{"message":"needs more","path":["hidden"],"locations":[{"line":1,"column":33}],"extensions":{"role":"ROOT"}}`},
			[]string{`{"message":"needs more","path":["ticks","hidden"],"locations":[{"line":1,"column":33}],"extensions":{"role":"ROOT"}}`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stock, ours, _ := newTorture(t)
			data, errs := query(t.Context(), stock, tc.query, nil)
			require.Equal(t, tc.stock, data)
			if tc.stockErrors != nil {
				requireErrors(t, tc.stockErrors, errs)
			}
			data, errs = query(t.Context(), ours, tc.query, nil)
			require.Equal(t, tc.ours, data)
			requireErrors(t, tc.oursErrors, errs)
		})
	}
}

func requireErrors(t *testing.T, want, got []string) {
	t.Helper()
	require.Len(t, got, len(want))
	for i := range want {
		require.JSONEq(t, want[i], got[i])
	}
}

// Null elements of a list are no parents: gqlgen gives them to batch resolvers.
func TestSchema_NullsAreNoParents(t *testing.T) {
	t.Parallel()
	_, ours, _ := newTorture(t)
	data, errs := query(t.Context(), ours, `{ maybeUsers(n: 3) { best { id } } }`, nil)
	require.Empty(t, errs)
	require.True(t, json.Valid([]byte(data)))
	require.Contains(t, data, "},null,{")
}

// What would be skipped without a word is refused when the schema is made.
func TestNew_Refuses(t *testing.T) {
	t.Parallel()
	stock := graph.NewExecutableSchema(torture.Config())
	_, err := executor.New(stock, &executor.Tables{Refused: []string{"this does not work", "nor does that"}}, nil, executor.Options{})
	require.ErrorContains(t, err, "this does not work")
	require.ErrorContains(t, err, "nor does that")
	_, err = executor.New(withEventContext{stock}, &executor.Tables{}, nil, executor.Options{})
	require.ErrorContains(t, err, "@subscriptionContext")
	_, err = executor.New(stock, &executor.Tables{}, nil, executor.Options{Plans: -1})
	require.Error(t, err)
}

type withEventContext struct{ graphql.ExecutableSchema }

func (withEventContext) ExecWithEventContext(context.Context) graphql.ResponseHandlerWithContext {
	return nil
}
