package live

import (
	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// A Policy says what becomes of events that a client does not read in time.
type Policy uint8

// The policies, as the schema's enum LivePolicy has them.
const (
	// Ordered: each comes, in order; the source waits, and goes on from its table.
	Ordered Policy = iota
	// Latest: only the newest waits, the others are of no interest any more.
	Latest
)

// liveOf is the directive @live of a subscription's field; nil without.
func liveOf(oc *graphql.OperationContext) *ast.Directive {
	fields := graphql.CollectFields(oc, oc.Operation.SelectionSet, []string{"Subscription"})
	if len(fields) != 1 || fields[0].Definition == nil {
		return nil
	}
	return fields[0].Definition.Directives.ForName("live")
}

func policyOf(oc *graphql.OperationContext) Policy {
	if d := liveOf(oc); d != nil {
		if a := d.Arguments.ForName("policy"); a != nil && a.Value.Raw == "LATEST" {
			return Latest
		}
	}
	return Ordered
}
