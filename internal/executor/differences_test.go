package executor_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/executor/difftest"
	"github.com/mpanel/mpanel/internal/executor/testdata/torture"
	"github.com/mpanel/mpanel/internal/executor/testdata/torture/model"
)

// Where ours is not as graphql-js, and gqlgen's executor as ours; this is all of
// it. docs/executor.md has the reasons.
func TestSchema_DiffersFromGraphqlJS(t *testing.T) {
	t.Parallel()
	const noType = `Abstract type \"Node\" must resolve to an Object type at runtime for field \"User.odd\". Either the \"Node\" type should provide a \"resolveType\" function or each possible type should provide an \"isTypeOf\" function.`
	j := newJudge(t)
	for name, tc := range map[string]struct {
		query                   string
		ours, judge             string // data
		oursErrors, judgeErrors string
	}{
		"a float that JSON has not": {
			`{ user(id: "14") { ratio } }`, `{"user":{"ratio":null}}`, `{"user":null}`,
			`[{"message":"cannot marshal infinite no NaN float values","path":["user","ratio"]}]`,
			`[{"message":"Float cannot represent non numeric value: NaN","path":["user","ratio"],"locations":[{"line":1,"column":20}]}]`,
		},
		"a value that writes itself": {
			`{ user(id: "7") { raw { id } } }`, `{"user":{"raw":{"raw":true}}}`, `{"user":{"raw":null}}`, `[]`, `[]`,
		},
		"places of fields that are merged": {
			`{ fail fail }`, `{"fail":null}`, `{"fail":null}`,
			`[{"message":"resolver failed","path":["fail"],"locations":[{"line":1,"column":3}]}]`,
			`[{"message":"resolver failed","path":["fail"],"locations":[{"line":1,"column":3},{"line":1,"column":8}]}]`,
		},
		"no places of a batch resolver's errors": {
			`{ user(id: "4") { bestReq { id } } }`, `{"user":null}`, `{"user":null}`,
			`[{"message":"resolver failed","path":["user","bestReq"]}]`,
			`[{"message":"resolver failed","path":["user","bestReq"],"locations":[{"line":1,"column":19}]}]`,
		},
		"no places of panics": {
			`{ panics { id } }`, `{"panics":null}`, `{"panics":null}`,
			`[{"message":"internal system error","path":["panics"]}]`,
			`[{"message":"internal system error","path":["panics"],"locations":[{"line":1,"column":3}]}]`,
		},
		"all errors of what is cut": {
			`{ user(id: "1") { createdAt hidden } }`, `{"user":null}`, `{"user":null}`,
			`[{"message":"cannot return null for non-null field User.createdAt (Time!): the marshaler returned null for a non-nil value","path":["user","createdAt"]},
				{"message":"needs more","path":["user","hidden"],"locations":[{"line":1,"column":29}],"extensions":{"role":"ROOT"}}]`,
			`[{"message":"Cannot return null for non-nullable field User.createdAt.","path":["user","createdAt"],"locations":[{"line":1,"column":19}]}]`,
		},
		"the argument in the path": {
			`{ user(id: "14") { posts(filter: {min: 51}) { id } } }`, `{"user":null}`, `{"user":null}`,
			`[{"message":"at most 50","path":["user","posts","filter","min"]}]`,
			`[{"message":"at most 50","path":["user","posts"],"locations":[{"line":1,"column":20}]}]`,
		},
		"no index of a null in a list of scalars": {
			`{ user(id: "9") { marks } }`, `{"user":{"marks":null}}`, `{"user":{"marks":null}}`,
			`[{"message":"cannot return null for non-null field User.marks (Int!): the model struct field was nil and the field has no resolver","path":["user","marks"]}]`,
			`[{"message":"Cannot return null for non-nullable field User.marks.","path":["user","marks",1],"locations":[{"line":1,"column":19}]}]`,
		},
		"several errors of one resolver": {
			`{ user(id: "14") { twice } }`, `{"user":null}`, `{"user":null}`,
			`[{"message":"first","path":["user","twice"]},{"message":"second","path":["user","twice"]}]`,
			`[{"message":"first","path":["user","twice"],"locations":[{"line":1,"column":20}]}]`,
		},
		"no error of a scalar that fails in what is cut": {
			`{ user(id: "4") { checked hidden } }`, `{"user":null}`, `{"user":null}`,
			`[{"message":"needs more","path":["user","hidden"],"locations":[{"line":1,"column":27}],"extensions":{"role":"ROOT"}}]`,
			`[{"message":"not a good string","path":["user","checked"],"locations":[{"line":1,"column":19}]},
				{"message":"needs more","path":["user","hidden"],"locations":[{"line":1,"column":27}],"extensions":{"role":"ROOT"}}]`,
		},
		"words for a null": {
			`mutation { boom { id } }`, `null`, `null`,
			`[{"message":"cannot return null for non-null field Mutation.boom (User!): the resolver returned nil","path":["boom"]}]`,
			`[{"message":"Cannot return null for non-nullable field Mutation.boom.","path":["boom"],"locations":[{"line":1,"column":12}]}]`,
		},
		"words for an object of no type": {
			`{ user(id: "7") { odd { id } } }`, `{"user":{"odd":null}}`, `{"user":{"odd":null}}`,
			`[{"message":"internal system error","path":["user","odd"]}]`,
			`[{"message":"` + noType + `","path":["user","odd"],"locations":[{"line":1,"column":19}]}]`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			stock, ours, _ := newTorture(t)
			ctx := torture.WithRole(t.Context(), model.RoleUser)
			got := difftest.Run(ctx, ours, tc.query, nil)
			difftest.Equal(t, difftest.Run(ctx, stock, tc.query, nil), got, tc.query, nil)
			judged := j.ask(tc.query, nil, model.RoleUser, true).Answers[0]
			require.Equal(t, tc.ours, got.Answers[0].Data)
			require.Equal(t, tc.judge, string(judged.Data))
			requireJudged(t, tc.oursErrors, errorsOf(t, got.Answers[0]))
			requireJudged(t, tc.judgeErrors, judged.Errors)
		})
	}
}

func requireJudged(t *testing.T, want string, got []judgedError) {
	t.Helper()
	var list []judgedError
	require.NoError(t, json.Unmarshal([]byte(want), &list))
	require.ElementsMatch(t, list, got)
}
