package transport_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"github.com/mpanel/mpanel/graph"
	"github.com/mpanel/mpanel/internal/transport"
)

// Variables that are taken as they came are what they would be coerced to.
func TestVariables_AsTheyCameOrCoerced(t *testing.T) {
	t.Parallel()
	schema := graph.NewExecutableSchema(graph.Config{}).Schema()
	values := []any{"text", "", "7", "-1", "1.5", "true", "FAILED", json.Number("3"), json.Number("2.5"), true, nil, []any{"a"}, []any{}, map[string]any{"state": "FAILED"}}
	taken := map[string]int{}
	for name, query := range map[string]string{
		"ID!":         `query ($v: ID!) { customer(id: $v) { id } }`,
		"Cursor":      `query ($v: Cursor) { customers(after: $v) { totalCount } }`,
		"Int":         `query ($v: Int) { customers(first: $v) { totalCount } }`,
		"Boolean!":    `query ($v: Boolean!) { customers { totalCount @include(if: $v) } }`,
		"JobState":    `query ($v: JobState) { jobs(filter: {state: $v}) { totalCount } }`,
		"String":      `query ($v: String) { jobs(filter: {kind: $v}) { totalCount } }`,
		"JobFilter":   `query ($v: JobFilter) { jobs(filter: $v) { totalCount } }`,
		"[ID!]!":      `query ($v: [ID!]!) { nodes(ids: $v) { id } }`,
		"ID! default": `query ($v: ID! = "x") { customer(id: $v) { id } }`,
	} {
		doc, errs := gqlparser.LoadQueryWithRules(schema, query, rules.NewDefaultRules())
		require.Nil(t, errs, "%s: %v", name, errs)
		op := doc.Operations[0]
		given := []map[string]any{nil, {}, {"v": "a", "w": "b"}, {"w": "b"}}
		for _, v := range values {
			given = append(given, map[string]any{"v": v})
		}
		for _, g := range given {
			if !transport.Coerced(op, g) {
				continue
			}
			taken[name]++
			want, err := validator.VariableValues(schema, op, g)
			require.NoError(t, err, "%s %v", name, g)
			require.Equal(t, want, g, "%s %v", name, g)
		}
	}
	require.Equal(t, "map[Cursor:7 ID!:7 ID! default:7 String:7]", fmt.Sprint(taken))
}
