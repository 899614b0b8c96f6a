package executor_test

import (
	"context"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	gqlexecutor "github.com/99designs/gqlgen/graphql/executor"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mpanel/mpanel/internal/executor"
	"github.com/mpanel/mpanel/internal/executor/difftest"
	"github.com/mpanel/mpanel/internal/executor/testdata/torture"
	"github.com/mpanel/mpanel/internal/executor/testdata/torture/graph"
	"github.com/mpanel/mpanel/internal/executor/testdata/torture/model"
)

func crashed(context.Context, any) error { return gqlerror.Errorf("internal system error") }

// newTorture gives gqlgen's executor of the torture schema, and ours.
func newTorture(t testing.TB) (stock, ours *gqlexecutor.Executor, schema *executor.Schema) {
	t.Helper()
	schema, err := graph.NewExecutor(torture.Config(), executor.Options{})
	require.NoError(t, err)
	stock, ours = gqlexecutor.New(graph.NewExecutableSchema(torture.Config())), gqlexecutor.New(schema)
	stock.SetRecoverFunc(crashed)
	ours.SetRecoverFunc(crashed)
	return stock, ours, schema
}

// fatal are fields that often turn the whole answer into null; half of the
// operations do without most of them.
var fatal = []string{
	"User.hidden", "User.addressReq", "User.createdAt", "User.bestReq", "User.slowReq", "User.friends", "Post.author", "Address.zip",
	"Post.authReq", "User.posts", "User.slow", "User.feed", "Mutation.boom", "Query.me", "Comment.author", "Post.comments",
	"User.maybePosts", "User.addrs", "User.twice", "User.louder", "User.odd", "User.odds", "User.vault", "User.vaults", "User.court", "User.pets", "User.kin", "User.checked", "Query.panics",
}

// incomparable are fields that wait, or on which gqlgen's own data depend on how
// it groups parents; TestSchema_DiffersFromGqlgen has them.
var incomparable = []string{"User.crash", "Query.wait"}

// left is one field for each reason to leave an operation to gqlgen: most do without.
var left = []string{"User.grid", "Subscription.count"}

func argument(o *difftest.Operations) func(string, string, *ast.ArgumentDefinition) string {
	r := o.Rand
	one := func(list ...string) string { return list[r.IntN(len(list))] }
	// Variables are declared when they are used, so only one choice is made.
	pick := func(literals []string, more ...func() string) string {
		if i := r.IntN(len(literals) + len(more)); i >= len(literals) {
			return more[i-len(literals)]()
		}
		return one(literals...)
	}
	variable := func(t string, value any) func() string { return func() string { return o.Variable(t, value) } }
	unset := func(t, literal string) func() string { return func() string { return o.Unset(t, literal) } }
	return func(_, field string, arg *ast.ArgumentDefinition) string {
		t := arg.Type
		if !t.NonNull && r.IntN(10) == 0 {
			return pick([]string{"null"}, unset(t.String(), ""), variable(t.String(), nil))
		}
		switch t.Name() {
		case "ID":
			id := strconv.Itoa(r.IntN(30))
			return pick([]string{strconv.Quote(id), id}, variable("ID!", id), variable("ID!", id))
		case "Int":
			n := r.IntN(6)
			if field == "posts" && r.IntN(4) == 0 {
				n = 85 + r.IntN(35) // too many for the resolver, or for the argument
			}
			if t.Elem != nil { // [[Int!]]
				return pick([]string{"[[1, 2], null, []]", "[3]", "4"}, variable(t.String(), []any{[]any{1, n}, nil}),
					func() string { return "[[" + o.Variable("Int!", n) + "]]" })
			}
			return pick([]string{strconv.Itoa(n)}, variable("Int!", n), unset("Int", strconv.Itoa(n)))
		case "Role":
			role := one("USER", "ADMIN", "ROOT")
			if t.Elem != nil {
				return pick([]string{"[" + role + ", USER]", role, "[]"}, variable("[Role!]", []any{role}), unset("[Role!]", "[ROOT]"),
					func() string { return "[" + o.Variable("Role!", role) + "]" })
			}
			return pick([]string{role}, variable("Role", role), unset("Role", role))
		case "PostFilter":
			return pick([]string{`{title: "x", roles: [ADMIN]}`, `{}`, `{min: null, roles: ROOT}`},
				variable("PostFilter", map[string]any{"min": r.IntN(80), "roles": []any{"USER"}}),
				func() string {
					return "{min: " + o.Variable("Int", r.IntN(80)) + ", title: " + o.Unset("String", "") + "}"
				},
				unset("PostFilter", `{title: "d"}`))
		case "BigInt":
			return pick([]string{`"7"`, "123456"}, variable("BigInt", "-5"))
		}
		return pick([]string{`"s` + strconv.Itoa(r.IntN(5)) + `"`, `"""a "block" of text"""`}, variable("String!", "é\u2028\""))
	}
}

// scale is how many operations are compared.
func scale(t *testing.T, normal int) (n int, seed uint64) {
	t.Helper()
	n, seed = normal, 1
	if s := os.Getenv("EXECUTOR_OPERATIONS"); s != "" {
		var err error
		n, err = strconv.Atoi(s)
		require.NoError(t, err)
	}
	if s := os.Getenv("SEED"); s != "" {
		var err error
		seed, err = strconv.ParseUint(s, 10, 64)
		require.NoError(t, err)
	}
	return n, seed
}

// Random operations on the torture schema are answered as gqlgen answers them,
// to the byte, and with the same errors.
func TestExecutor_AnswersAsGqlgen(t *testing.T) {
	t.Parallel()
	stock, ours, schema := newTorture(t)
	n, seed := scale(t, 2000)
	r := rand.New(rand.NewPCG(seed, 0))
	o := &difftest.Operations{Rand: r, Schema: schema.Schema(), MaxDepth: 5}
	o.Argument = argument(o)
	figures, features, outcomes := difftest.Figures{}, difftest.Features{}, map[string]int{}
	split, fallen := 0, int64(0)
	for invalid := 0; figures.Operations < n; {
		document, variables := next(o, figures.Operations, incomparable)
		ctx := torture.WithRole(t.Context(), []model.Role{"", model.RoleUser, model.RoleAdmin, model.RoleRoot}[r.IntN(4)])
		want := difftest.Run(ctx, stock, document, variables)
		if want.Invalid != nil {
			invalid++
			require.Less(t, invalid, 10*n, "hardly anything is valid: %v in %s", want.Invalid, document)
			continue
		}
		got := difftest.Run(ctx, ours, document, variables)
		figures.Note(want)
		features.Note(want, schema.Schema(), variables)
		if _, now := schema.Counts(); now > fallen {
			fallen = now
			mend(&got) // which gqlgen answered
		}
		if want.Split(schema.Schema()) {
			split++
			continue
		}
		mend(&want)
		for _, r := range []difftest.Result{want, got} {
			forgetCounts(r)
		}
		for _, words := range failures {
			for _, a := range got.Answers {
				if strings.Contains(strings.Join(a.Errors, ""), words) {
					outcomes[words]++
				}
			}
		}
		if !difftest.Equal(t, want, got, document, variables) {
			t.Fatalf("seed %d, operation %d", seed, figures.Operations)
		}
	}
	planned, _ := schema.Counts()
	t.Logf("%+v, %d planned, %d left to gqlgen, %d with fields through strangers", figures, planned, fallen, split)
	t.Log(outcomes)
	require.Positive(t, fallen)
	require.Less(t, int(fallen), n/5)
	require.Less(t, split, n/10)
	require.Greater(t, figures.Failed, n/4, "errors are what is easily different")
	require.Less(t, figures.Failed, figures.Answers*9/10)
	require.Greater(t, figures.WithNulls, n/4)
	if n < 2000 {
		return // so few have not everything in them
	}
	require.Empty(t, features.Missing(schema.Schema(), incomparable, drawn...), "the operations had no such thing in them")
	for _, words := range failures {
		require.Positive(t, outcomes[words], words)
	}
}

// drawn is what this schema has beyond difftest.Language.
var drawn = []string{
	"mutation", "subscription", "fragment on a union", "fragment on an interface's interface", "@note", "block string",
	"default of an argument", "default of a variable", "variable without a value", "variable that is null", "null literal",
	"one for a list", "variable in a list or object",
}

// failures are words of errors: a resolver's, a panic's, a null's where none may
// be, those of wrong numbers of results, and so on.
var failures = []string{
	"resolver failed", "of its own", "first", "second", "internal system error", "method of", "needs ADMIN", "needs more",
	"at most 50", "unexpected type int", "not a good string", "cannot marshal infinite", "wrong number",
	"model struct field was nil", "marshaler returned null",
}

// next makes a random operation, the i-th, that has nothing of skip in it.
func next(o *difftest.Operations, i int, skip []string) (document string, variables map[string]any) {
	r := o.Rand
	kind := ast.Query
	switch r.IntN(10) {
	case 0:
		kind = ast.Mutation
	case 1:
		kind = ast.Subscription
	}
	o.Skip, o.Directive = map[string]bool{}, ""
	for _, f := range fatal {
		o.Skip[f] = i%2 == 0 && r.IntN(12) > 0
	}
	for _, f := range left {
		o.Skip[f] = r.IntN(20) > 0
	}
	for _, f := range skip {
		o.Skip[f] = true
	}
	if r.IntN(20) == 0 {
		o.Directive = ` @note(text: "n")`
	}
	return o.Next(kind)
}

// forgetCounts makes one message of those about wrong numbers of results: with
// gqlgen's executor they are of the siblings, with ours of the level.
func forgetCounts(r difftest.Result) {
	for _, a := range r.Answers {
		for i, e := range a.Errors {
			a.Errors[i] = counts.ReplaceAllString(e, "batch resolver $1 returned the wrong number of $2")
		}
		slices.Sort(a.Errors)
	}
}

var counts = regexp.MustCompile(`(?:index \d+: )?batch resolver (\S+) returned \d+ (results|errors) for \d+ parents( \(index \d+\))?`)

// mend corrects what gqlgen gets wrong by the specification: errors in events
// of a subscription have no path of its field, and a null in the place of an
// event that may not be null does not become the whole data.
func mend(r *difftest.Result) {
	f, ok := r.Operation.SelectionSet[0].(*ast.Field)
	if !ok || r.Operation.Operation != ast.Subscription {
		return
	}
	for i, a := range r.Answers {
		if a.Data == `{"`+f.Alias+`":null}` && f.Definition.Type.NonNull {
			r.Answers[i].Data = "null"
		}
		for k, e := range a.Errors {
			if a.Data == "" { // the stream did not start; its error has the path
				continue
			}
			if strings.Contains(e, `"path":[`) {
				a.Errors[k] = strings.Replace(e, `"path":[`, `"path":["`+f.Alias+`",`, 1)
			} else {
				a.Errors[k] = strings.Replace(e, `{"message"`, `{"path":["`+f.Alias+`"],"message"`, 1)
			}
		}
	}
}
