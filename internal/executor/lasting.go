package executor

import (
	"bytes"
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// Lasting gives a schema whose events stay as they are, and whose operations need no
// middlewares. gqlgen's generated code writes each event of a stream over the one
// before, and calls a middleware around each field, and a Schema does neither.
func Lasting(s graphql.ExecutableSchema) graphql.ExecutableSchema {
	if own, ok := s.(*Schema); ok {
		return own
	}
	return lasting{s}
}

type lasting struct{ graphql.ExecutableSchema }

// Exec implements graphql.ExecutableSchema.
func (l lasting) Exec(ctx context.Context) graphql.ResponseHandler {
	op := graphql.GetOperationContext(ctx)
	withMiddleware(op)
	next := l.ExecutableSchema.Exec(ctx)
	if next == nil || op.Operation.Operation != ast.Subscription {
		return next
	}
	return func(ctx context.Context) *graphql.Response {
		r := next(ctx)
		if r != nil {
			r.Data = bytes.Clone(r.Data)
		}
		return r
	}
}

// withMiddleware gives an operation what generated code calls around its fields, where
// there is nothing.
func withMiddleware(op *graphql.OperationContext) {
	if op.ResolverMiddleware == nil {
		op.ResolverMiddleware = func(ctx context.Context, next graphql.Resolver) (any, error) { return next(ctx) }
	}
	if op.RootResolverMiddleware == nil {
		op.RootResolverMiddleware = func(ctx context.Context, next graphql.RootResolver) graphql.Marshaler { return next(ctx) }
	}
}
