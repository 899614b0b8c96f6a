package executor_test

import (
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/executor"
	"github.com/mpanel/mpanel/internal/executor/testdata/torture/model"
)

func TestProject_NeedsTheEventAlone(t *testing.T) {
	t.Parallel()
	_, ours, schema := newTorture(t)
	for name, tc := range map[string]struct {
		query string
		ok    bool
	}{
		"scalars":            {`subscription { ticks(id: "1") { id age } }`, true},
		"an alias":           {`subscription { x: maybe(id: "1") { y: id } }`, true},
		"a resolver":         {`subscription { ticks(id: "1") { id slow } }`, false},
		"an object":          {`subscription { ticks(id: "1") { id address { street } } }`, true},
		"a directive":        {`subscription { ticks(id: "1") { secret } }`, false},
		"a method":           {`subscription { ticks(id: "1") { methodPanic } }`, true},
		"a scalar's context": {`subscription { ticks(id: "1") { checked } }`, false},
		"a query":            {`{ count }`, false},
		"introspection":      {`{ __schema { types { name } } }`, false},
		"nothing":            {`subscription { ticks(id: "1") @skip(if: true) { id } }`, false},
		"a scalar":           {`subscription { count }`, false},
	} {
		_, err := schema.Project(operation(t, ours, tc.query, nil))
		if tc.ok {
			require.NoError(t, err, name)
		} else {
			require.ErrorIs(t, err, executor.ErrNotProjectable, name)
		}
	}
}

// A null that may not be becomes the null that an execution would give.
func TestProject_Null(t *testing.T) {
	t.Parallel()
	_, ours, schema := newTorture(t)
	for query, want := range map[string]string{
		`subscription { ticks(id: "1") { id createdAt } }`: `null`,
		`subscription { maybe(id: "1") { id createdAt } }`: `{"maybe":null}`,
	} {
		ctx := graphql.WithResponseContext(t.Context(), graphql.DefaultErrorPresenter, graphql.DefaultRecover)
		p, err := schema.Project(operation(t, ours, query, nil))
		require.NoError(t, err)
		prefix := []byte("data: ")
		got, err := p.Append(ctx, prefix, &model.User{ID: "1"})
		require.NoError(t, err)
		require.Equal(t, "data: "+want, string(got))
		require.Len(t, graphql.GetErrors(ctx), 1)
		got, err = p.Append(ctx, got[:0], eventUser())
		require.NoError(t, err)
		require.Contains(t, string(got), `"createdAt":"2026`)
	}
}
