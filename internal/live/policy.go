package live

import (
	"github.com/99designs/gqlgen/graphql"
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
type delivery struct {
	latest bool // policy LATEST: only the newest event waits; else each comes, in order
	shared bool // scope GRANTS: one execution serves all who may do the same
}

// deliveryOf reads the directive; without one, or with what it does not know, events
// are the viewer's own, and each comes.
func deliveryOf(oc *graphql.OperationContext) (d delivery) {
	fields := graphql.CollectFields(oc, oc.Operation.SelectionSet, []string{"Subscription"})
	if len(fields) != 1 || fields[0].Definition == nil {
		return d
	}
	live := fields[0].Definition.Directives.ForName("live")
	if live == nil {
		return d
	}
	says := func(argument, value string) bool {
		a := live.Arguments.ForName(argument)
		return a != nil && a.Value.Raw == value
	}
	return delivery{latest: says("policy", string(Latest)), shared: says("scope", string(Grants))}
}
