package executor_test

import (
	"regexp"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/mpanel/mpanel/internal/executor/difftest"
	"github.com/mpanel/mpanel/internal/executor/testdata/torture"
	"github.com/mpanel/mpanel/internal/executor/testdata/torture/model"
)

// unfit are fields that wait, or on which gqlgen's answer depends on how it
// groups parents.
var unfit = regexp.MustCompile(`\b(crash|wait)\b`)

// FuzzPlan compares the executors on whatever parses and is valid.
func FuzzPlan(f *testing.F) {
	for _, seed := range []string{
		`{ count }`, `{ __typename }`, `{ users(n: 3) { id posts { title author { name } } } }`,
		`query($a: Boolean!, $b: Boolean!) { a: users(n: 2) @skip(if: $a) { best { id } } users(n: 2) { b: best { likes } ...F @include(if: $b) } } fragment F on Named { name }`,
		`{ node(id: "3") { ... on User { boss { id } } ... on Node { ... on Post { title } } } search(q: "x") { ... on Tag { label } } }`,
		`mutation { add(x: 3) boom { id } }`, `subscription { ticks(id: "1") { id address { street } } }`,
		`{ search(q: "x") { ... on Thing { author { id } } ... on Node { id } ... on Authored { author { sealed marks } } } }`,
		`query($n: Int = 2) { things(q: "d") { id author { short } } echo(n: $n, roles: USER, filter: {min: null}, grid: [[1], null], big: 7) }`,
		`{ ...Q ...Q } fragment Q on Query { users(n: 2) { raws { id } miscounted grid { zip } } users(n: 2) { twice } }`,
		`{ users(n: 5) { friends { louder checked ratio } } }`, `{ maybeUsers(n: 3) { nick pet { city } addrs { zip } odds { id } } }`,
	} {
		f.Add(seed, true, byte(1))
		f.Add(seed, false, byte(3))
	}
	stock, ours, schema := newTorture(f)
	f.Fuzz(func(t *testing.T, document string, b bool, role byte) {
		if unfit.MatchString(document) || len(document) > 2000 {
			return
		}
		doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: document}, 300)
		if err != nil || doc == nil || len(doc.Operations) != 1 {
			return
		}
		ctx := torture.WithRole(t.Context(), []model.Role{"", model.RoleUser, model.RoleAdmin, model.RoleRoot}[role%4])
		variables := map[string]any{"a": b, "b": !b, "n": int64(role % 8), "id": "1"}
		want := difftest.Run(ctx, stock, document, variables)
		if want.Invalid != nil {
			return
		}
		_, before := schema.Counts()
		got := difftest.Run(ctx, ours, document, variables)
		if want.Split(schema.Schema()) {
			return // gqlgen is wrong; graphql-js judges those
		}
		mend(&want)
		if _, after := schema.Counts(); after > before {
			mend(&got)
		}
		forgetCounts(want)
		forgetCounts(got)
		difftest.Equal(t, want, got, document, variables)
	})
}
