package document

import (
	"errors"

	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Why a document is refused, as the metrics name it: the limit that it is beyond, or that
// it is not valid or asks for the schema.
const (
	ReasonTokens             = "tokens"
	ReasonOperations         = "operations"
	ReasonFragments          = "fragments"
	ReasonFields             = "fields"
	ReasonAliases            = "aliases"
	ReasonDirectives         = "directives"
	ReasonListItems          = "list_items"
	ReasonDepth              = "depth"
	ReasonIntrospectionDepth = "introspection_depth"
	ReasonReach              = "reach"
	ReasonMerging            = "merging"
	ReasonIntrospection      = "introspection"
	ReasonInvalid            = "invalid"
)

// A refusal is a fault that knows its reason.
type refusal struct {
	fault  error
	reason string
}

func (r *refusal) Error() string { return r.fault.Error() }
func (r *refusal) Unwrap() error { return r.fault }

// Reason is why a document was refused; "" for errors that are no Reader's.
func Reason(errs gqlerror.List) string {
	if r, ok := errors.AsType[*refusal](errs); ok {
		return r.reason
	}
	return ""
}
