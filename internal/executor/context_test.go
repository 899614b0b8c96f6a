package executor_test

import (
	"context"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/executor"
)

// What is put under a key that was found out is what gqlgen finds.
func TestKeyOf_IsGqlgensOwn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ask  func(context.Context)
		with func(context.Context) context.Context
	}{
		"operation": {
			func(ctx context.Context) { graphql.HasOperationContext(ctx) },
			func(ctx context.Context) context.Context {
				return graphql.WithOperationContext(ctx, &graphql.OperationContext{})
			},
		},
		"field": {
			func(ctx context.Context) { graphql.GetFieldContext(ctx) },
			func(ctx context.Context) context.Context {
				return graphql.WithFieldContext(ctx, &graphql.FieldContext{})
			},
		},
		"root field": {
			func(ctx context.Context) { graphql.GetRootFieldContext(ctx) },
			func(ctx context.Context) context.Context {
				return graphql.WithRootFieldContext(ctx, &graphql.RootFieldContext{})
			},
		},
		"input objects": {
			func(ctx context.Context) { _ = graphql.UnmarshalNamedInputFromContext(ctx, "", nil, nil) },
			func(ctx context.Context) context.Context {
				return graphql.WithInputUnmarshalerIndex(ctx, graphql.NewInputUnmarshalerIndex())
			},
		},
	} {
		key := executor.KeyOf(c.ask)
		require.NotNil(t, key, name)
		require.Nil(t, t.Context().Value(key), name)
		require.NotNil(t, c.with(t.Context()).Value(key), name)
	}
}
