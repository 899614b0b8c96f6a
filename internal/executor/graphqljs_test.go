package executor_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/executor/difftest"
	"github.com/mpanel/mpanel/internal/executor/testdata/torture"
	"github.com/mpanel/mpanel/internal/executor/testdata/torture/model"
)

// unjudged are fields that graphql-js has nothing like, or that wait.
var unjudged = []string{"User.raw", "User.raws", "Query.wait"}

// Random operations on the torture schema are answered as graphql-js answers them.
func TestExecutor_AnswersAsGraphqlJS(t *testing.T) {
	t.Parallel()
	_, ours, schema := newTorture(t)
	j := newJudge(t)
	n, seed := scale(t, 2000)
	n = min(n, 20_000) // each takes some milliseconds
	r := rand.New(rand.NewPCG(seed, 1))
	o := &difftest.Operations{Rand: r, Schema: schema.Schema(), MaxDepth: 5, BareStreams: true}
	o.Argument = argument(o)
	var figures difftest.Figures
	fallen, split := int64(0), 0
	for invalid := 0; figures.Operations < n; {
		document, variables := next(o, figures.Operations, unjudged)
		role := []model.Role{"", model.RoleUser, model.RoleAdmin, model.RoleRoot}[r.IntN(4)]
		got := difftest.Run(torture.WithRole(t.Context(), role), ours, document, variables)
		want := j.ask(document, variables, role, false)
		require.Equal(t, len(got.Invalid) > 0, len(want.Invalid) > 0, "seed %d: whether it is valid\n%s\n%v\nours %v\njudge %v", seed, document, variables, got.Invalid, want.Invalid)
		if len(want.Invalid) > 0 {
			invalid++
			require.Less(t, invalid, 10*n, "hardly anything is valid")
			continue
		}
		figures.Note(got)
		if _, left := schema.Counts(); left > fallen {
			fallen = left
			mend(&got)
			if got.Split(schema.Schema()) {
				split++
				continue
			}
		}
		require.Len(t, got.Answers, len(want.Answers), document)
		for i, a := range want.Answers {
			if d := compareWithJudge(t, got.Doc, got.Answers[i], a); len(d) > 0 {
				for _, s := range d {
					t.Errorf("answer %d, %s", i, s)
				}
				t.Fatalf("seed %d, operation %d, role %q\n%s\nvariables %v", seed, figures.Operations, role, document, variables)
			}
		}
	}
	t.Logf("%+v, %d left to gqlgen, of which %d ask through strangers", figures, fallen, split)
	require.Less(t, int(fallen), n/5)
	require.Greater(t, figures.Failed, n/4, "errors are what is easily different")
	require.Less(t, figures.Failed, figures.Answers*9/10)
	require.Greater(t, figures.WithNulls, n/4)
}
