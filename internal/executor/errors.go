package executor

import (
	"context"
	"errors"
	"fmt"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// How gqlgen reports an error depends on where it comes from; these remember it
// until the answer is written. Other errors get the field's path and location.
type (
	batchError struct{ error } // of a batch resolver: a path, no location
	bareError  struct{ error } // of the executor and of panics: a path, no location
	argsError  struct{ error } // of an argument: its own path
)

// report adds a field's error to the answer.
func report(ctx context.Context, err error) {
	switch e := err.(type) { //nolint:errorlint // set by us, never wrapped
	case batchError:
		graphql.AddBatchError(ctx, indexInPath(ctx), e.error) // which copies it
	case bareError:
		graphql.AddError(ctx, own(e.error))
	default:
		graphql.AddError(ctx, graphql.AddFieldLocationToError(ctx, own(err)))
	}
}

// indexInPath is the index of the field's parent in its list.
func indexInPath(ctx context.Context) int {
	path := graphql.GetPath(ctx)
	if len(path) < 2 {
		return 0
	}
	i, _ := path[len(path)-2].(ast.PathIndex)
	return int(i)
}

// own copies the gqlerror.Error in err, because gqlgen writes path and location
// into it, and other fields and aliases may have the same error.
func own(err error) error {
	inner, ok := errors.AsType[*gqlerror.Error](err)
	if !ok {
		return err
	}
	copied := *inner
	if err == error(inner) { //nolint:errorlint // whether it is wrapped is the question
		return &copied
	}
	return sharedError{&copied, err}
}

// sharedError shows a copy of the gqlerror.Error in it before the original.
type sharedError struct {
	copied   *gqlerror.Error
	original error
}

func (e sharedError) Error() string   { return e.original.Error() }
func (e sharedError) Unwrap() []error { return []error{e.copied, e.original} }

// unexpectedTypeError is what gqlgen panics with.
type unexpectedTypeError struct {
	value    any
	abstract string
}

func (e unexpectedTypeError) Error() string {
	return fmt.Sprintf("unexpected type %T; non-generated variants of %s must implement graphql.Marshaler", e.value, e.abstract)
}
