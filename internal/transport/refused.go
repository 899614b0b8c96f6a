package transport

import (
	"context"
	"strings"

	"github.com/99designs/gqlgen/graphql"

	"github.com/mpanel/mpanel/internal/fault"
)

// A Refusal is an operation's root field that the caller may not have, or a sign-in
// that is wrong.
type Refusal struct {
	Field  string // such as mutation.createDatabase
	Object string // what is given as its id; "" without one
	Code   fault.Code
}

// refused tells of an error that is a refusal.
func (c Config) refused(ctx context.Context, code fault.Code) {
	if c.Refused == nil || code != fault.Forbidden && code != fault.Unauthenticated || !graphql.HasOperationContext(ctx) {
		return
	}
	op := graphql.GetOperationContext(ctx)
	r := Refusal{Field: "operation", Code: code}
	if op.Operation != nil {
		r.Field = string(op.Operation.Operation)
	}
	root := graphql.GetFieldContext(ctx)
	for root != nil && root.Parent != nil && root.Parent.Field.Field != nil {
		root = root.Parent
	}
	if root != nil && root.Field.Field != nil {
		r.Field += "." + root.Field.Name
		r.Object = objectOf(root.Field.ArgumentMap(op.Variables))
	}
	c.Refused(ctx, r)
}

// objectOf is the id that a field is given: id, or the input's, or the first other one.
func objectOf(args map[string]any) string {
	if input, ok := args["input"].(map[string]any); ok {
		args = input
	}
	if id, ok := args["id"].(string); ok {
		return id
	}
	found, least := "", ""
	for name, value := range args { // the same one each time
		if id, ok := value.(string); ok && strings.HasSuffix(name, "Id") && (least == "" || name < least) {
			found, least = id, name
		}
	}
	return found
}
