package live

import (
	"github.com/99designs/gqlgen/graphql"
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
	return delivery{latest: says("policy", "LATEST"), shared: says("scope", "GRANTS")}
}
