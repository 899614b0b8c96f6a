package live

import (
	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// A Scope is a value of the schema's enum LiveScope: who gets the same events.
type Scope string

// A Policy is a value of the schema's enum LivePolicy: what becomes of events that
// are not read in time.
type Policy string

// The values, as the schema explains them.
const (
	Viewer  Scope  = "VIEWER"
	Grants  Scope  = "GRANTS"
	Ordered Policy = "ORDERED"
	Latest  Policy = "LATEST"
)

// A delivery is what the schema's directive @live says of a subscription's field.
//
// The resolver of a field that is both must not look at the selection, and nobody may
// change its events: several executions read the same one at once.
type delivery struct {
	latest bool // policy LATEST: only the newest event waits; else each comes, in order
	shared bool // scope GRANTS: one execution serves all who may do the same
}

// deliveryOf reads the directive; without one, or with what it does not know, events
// are the viewer's own, and each comes.
func deliveryOf(oc *graphql.OperationContext) (d delivery) {
	field := streamed(oc)
	if field == nil || field.Definition == nil {
		return d
	}
	live := field.Definition.Directives.ForName("live")
	if live == nil {
		return d
	}
	says := func(argument, value string) bool {
		a := live.Arguments.ForName(argument)
		return a != nil && a.Value.Raw == value
	}
	return delivery{latest: says("policy", string(Latest)), shared: says("scope", string(Grants))}
}

// streamed is the operation's one field; nil if there is not exactly one.
func streamed(oc *graphql.OperationContext) *ast.Field {
	if set := oc.Operation.SelectionSet; len(set) == 1 {
		if f, ok := set[0].(*ast.Field); ok { // most are written so, and gqlgen keeps what it collects for as long as a stream lives
			return f
		}
	}
	fields := graphql.CollectFields(oc, oc.Operation.SelectionSet, []string{"Subscription"})
	if len(fields) != 1 {
		return nil
	}
	return fields[0].Field
}
