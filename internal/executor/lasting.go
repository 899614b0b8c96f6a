package executor

import (
	"bytes"
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// Lasting gives a schema whose events stay as they are. gqlgen's generated code
// writes each event of a stream over the one before, and a Schema does not.
func Lasting(s graphql.ExecutableSchema) graphql.ExecutableSchema {
	if own, ok := s.(*Schema); ok {
		return own
	}
	return lasting{s}
}

type lasting struct{ graphql.ExecutableSchema }

// Exec implements graphql.ExecutableSchema.
func (l lasting) Exec(ctx context.Context) graphql.ResponseHandler {
	next := l.ExecutableSchema.Exec(ctx)
	if next == nil || graphql.GetOperationContext(ctx).Operation.Operation != ast.Subscription {
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
