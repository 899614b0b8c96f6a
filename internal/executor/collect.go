package executor

import (
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// A collector does what graphql.CollectFields does, with two differences:
// fields that were asked for through two interfaces that know nothing of each
// other are one field, as the specification has it, in the order of the
// document; and there is no @defer, which is not covered.
type collector struct {
	op        *graphql.OperationContext
	satisfies []string
	fields    []graphql.CollectedField
	place     map[string]int // of a response key in fields
	seen      map[string]bool
}

func collectFields(op *graphql.OperationContext, selections ast.SelectionSet, satisfies []string) []graphql.CollectedField {
	c := collector{op: op, satisfies: satisfies, place: make(map[string]int, len(selections))}
	c.fields = make([]graphql.CollectedField, 0, len(selections))
	c.collect(selections)
	return c.fields
}

func (c *collector) collect(selections ast.SelectionSet) {
	for _, s := range selections {
		switch s := s.(type) {
		case *ast.Field:
			if c.included(s.Directives) {
				c.add(s)
			}
		case *ast.InlineFragment:
			if c.included(s.Directives) && c.applies(s.TypeCondition) {
				c.collect(s.SelectionSet)
			}
		case *ast.FragmentSpread:
			if c.seen[s.Name] || !c.included(s.Directives) {
				continue
			}
			if c.seen == nil {
				c.seen = map[string]bool{}
			}
			c.seen[s.Name] = true
			if f := c.op.Doc.Fragments.ForName(s.Name); f != nil && c.applies(f.TypeCondition) {
				c.collect(f.SelectionSet)
			}
		}
	}
}

func (c *collector) add(f *ast.Field) {
	i, ok := c.place[f.Alias]
	if !ok {
		i = len(c.fields)
		c.place[f.Alias] = i
		c.fields = append(c.fields, graphql.CollectedField{Field: f, IsNonDeferrable: true})
	}
	c.fields[i].Selections = append(c.fields[i].Selections, f.SelectionSet...)
}

func (c *collector) applies(condition string) bool {
	return condition == "" || slices.Contains(c.satisfies, condition)
}

// included tells what @skip and @include say. Validation saw to it that they
// have a Boolean.
func (c *collector) included(list ast.DirectiveList) bool {
	return !c.condition(list.ForName("skip"), false) && c.condition(list.ForName("include"), true)
}

func (c *collector) condition(d *ast.Directive, without bool) bool {
	if d == nil {
		return without
	}
	arg := d.Arguments.ForName("if")
	if arg == nil {
		return without
	}
	if arg.Value.Kind == ast.Variable {
		is, _ := c.op.Variables[arg.Value.Raw].(bool)
		return is
	}
	return arg.Value.Raw == "true"
}
