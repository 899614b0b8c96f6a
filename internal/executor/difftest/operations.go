// Package difftest compares two executors of one schema: it makes random
// operations and looks whether both answer the same, to the byte. Only tests
// use it.
package difftest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// maxSelections bounds an operation; below that many, selections are only __typename.
const maxSelections = 120

// Operations makes random operations that are mostly valid. It is not safe for
// concurrent use.
type Operations struct {
	Rand   *rand.Rand
	Schema *ast.Schema
	// Argument gives a literal, or what Variable gives.
	Argument func(parent, field string, arg *ast.ArgumentDefinition) string
	// Skip are fields, as Type.field, that are not asked for.
	Skip map[string]bool
	// MaxDepth is how deep selections go, from 2 on.
	MaxDepth int
	// BareStreams is without @skip and @include on fields of a subscription, of
	// which the next edition of the specification has none.
	BareStreams bool
	// Directive is put behind some fields; with "" behind none.
	Directive string

	types      []*ast.Definition // objects, interfaces, unions
	fragments  []string
	spreadable map[string]string // a fragment of each type that has one
	variables  map[string]string // declarations
	values     map[string]any
	names      int
	selections int
	depth      int
}

// operationName is what the operations are called that Next makes.
const operationName = "Random"

// another is an operation that some documents have before the one that counts.
const another = "query Another { __typename }\n"

// OperationName is what to execute of a document; "" when there is no choice.
func OperationName(document string) string {
	if strings.HasPrefix(document, another) {
		return operationName
	}
	return ""
}

// Next gives an operation of a kind and the values of its variables.
func (o *Operations) Next(kind ast.Operation) (document string, variables map[string]any) {
	o.fragments, o.spreadable, o.variables, o.values = nil, map[string]string{}, map[string]string{}, map[string]any{}
	o.names, o.selections = 0, 0
	o.depth = 2 + o.Rand.IntN(max(1, o.MaxDepth-1))
	if o.types == nil {
		for _, name := range slices.Sorted(maps.Keys(o.Schema.Types)) {
			if t := o.Schema.Types[name]; t.IsCompositeType() && !strings.HasPrefix(name, "__") {
				o.types = append(o.types, t)
			}
		}
	}
	root, width, fragments := o.Schema.Query, 4, 2
	switch kind {
	case ast.Mutation:
		root, fragments = o.Schema.Mutation, 0
	case ast.Subscription:
		root, width, fragments = o.Schema.Subscription, 1, 0
	case ast.Query:
	}
	body := o.selection(root, 0, width, fragments)
	declared := ""
	if len(o.variables) > 0 {
		var list []string
		for _, name := range slices.Sorted(maps.Keys(o.variables)) {
			list = append(list, "$"+name+": "+o.variables[name])
		}
		declared = "(" + strings.Join(list, ", ") + ")"
	}
	if o.once(10) {
		document = another
	}
	return document + string(kind) + " " + operationName + declared + " " + body + "\n" + strings.Join(o.fragments, "\n"), o.values
}

// Variable declares a variable and gives its reference.
func (o *Operations) Variable(typeName string, value any) string {
	name := o.name("v")
	o.variables[name], o.values[name] = typeName, value
	return "$" + name
}

// Unset declares a variable that has no value but its default, a literal, or
// not even that.
func (o *Operations) Unset(typeName, literal string) string {
	name := o.name("v")
	o.variables[name] = typeName
	if literal != "" {
		o.variables[name] += " = " + literal
	}
	return "$" + name
}

func (o *Operations) name(prefix string) string {
	o.names++
	return fmt.Sprintf("%s%d", prefix, o.names)
}

func (o *Operations) once(in int) bool { return o.Rand.IntN(in) == 0 }

// condition is sometimes @skip or @include, or both, of something on t.
func (o *Operations) condition(t *ast.Definition) string {
	if !o.once(6) || o.BareStreams && t == o.Schema.Subscription {
		return ""
	}
	if o.once(10) {
		return fmt.Sprintf(" @skip(if: %v) @include(if: %v)", o.once(3), !o.once(3))
	}
	directive := []string{"skip", "include"}[o.Rand.IntN(2)]
	if o.once(3) {
		return fmt.Sprintf(" @%s(if: %v)", directive, o.once(2))
	}
	name := fmt.Sprintf("b%d", o.Rand.IntN(4))
	o.variables[name] = "Boolean!"
	if _, ok := o.values[name]; !ok {
		o.values[name] = o.once(2)
	}
	return fmt.Sprintf(" @%s(if: $%s)", directive, name)
}

func (o *Operations) selection(t *ast.Definition, depth, width, fragments int) string {
	o.selections++
	if o.selections > maxSelections && depth > 0 {
		return "{ __typename }"
	}
	var out []string
	n := 1
	if width > 1 {
		n = 1 + o.Rand.IntN(width)
	}
	for range n {
		switch pick := o.Rand.IntN(8); {
		case fragments > 0 && depth > 0 && o.once(6):
			out = append(out, "__typename"+o.condition(t))
		case t.Kind == ast.Union, fragments > 0 && pick < 2:
			out = append(out, o.fragment(t, depth, width, fragments)...)
		default:
			out = append(out, o.field(t, depth)...)
		}
	}
	if len(out) == 0 {
		if depth == 0 {
			return o.selection(t, depth, width, fragments)
		}
		out = []string{"__typename"}
	}
	return "{ " + strings.Join(out, " ") + " }"
}

// fragment spreads a selection of a type that may be t.
func (o *Operations) fragment(t *ast.Definition, depth, width, fragments int) []string {
	candidates := o.overlapping(t)
	if fragments <= 0 {
		candidates = slices.DeleteFunc(candidates, func(d *ast.Definition) bool { return d.Kind != ast.Object })
	}
	of := candidates[o.Rand.IntN(len(candidates))]
	if known := o.spreadable[of.Name]; known != "" && o.once(4) {
		return []string{"..." + known + o.condition(t)}
	}
	inner := o.selection(of, depth, width, fragments-1)
	switch o.Rand.IntN(3) {
	case 0:
		name := o.name("F")
		o.spreadable[of.Name] = name
		o.fragments = append(o.fragments, "fragment "+name+" on "+of.Name+" "+inner)
		out := []string{"..." + name + o.condition(t)}
		if o.once(5) {
			out = append(out, "..."+name)
		}
		return out
	case 1:
		if of == t {
			return []string{"..." + o.condition(t) + " " + inner}
		}
	}
	return []string{"... on " + of.Name + o.condition(t) + " " + inner}
}

// overlapping are the types that some object of t has, too.
func (o *Operations) overlapping(t *ast.Definition) []*ast.Definition {
	possible := o.Schema.GetPossibleTypes(t)
	out := slices.DeleteFunc(slices.Clone(o.types), func(d *ast.Definition) bool {
		return !slices.ContainsFunc(o.Schema.GetPossibleTypes(d), func(p *ast.Definition) bool { return slices.Contains(possible, p) })
	})
	if len(out) == 0 {
		return []*ast.Definition{t}
	}
	return out
}

// field asks for a random field, sometimes twice, to be merged.
func (o *Operations) field(t *ast.Definition, depth int) []string {
	f := t.Fields[o.Rand.IntN(len(t.Fields))]
	if strings.HasPrefix(f.Name, "__") || o.Skip[t.Name+"."+f.Name] {
		return nil
	}
	named := o.Schema.Types[f.Type.Name()]
	if named.IsCompositeType() && depth >= o.depth {
		return nil
	}
	var args []string
	for _, a := range f.Arguments {
		if (!a.Type.NonNull || a.DefaultValue != nil) && o.once(2) {
			continue
		}
		if v := o.Argument(t.Name, f.Name, a); v != "" {
			args = append(args, a.Name+": "+v)
		}
	}
	s := f.Name
	if len(args) > 0 {
		// Under another name each time: arguments of one name must be equal.
		s = o.name("x") + ": " + s + "(" + strings.Join(args, ", ") + ")"
	} else if o.once(7) {
		s = o.name("x") + ": " + s
	}
	out := []string{s + o.condition(t)}
	if o.Directive != "" && o.once(8) {
		out[0] += o.Directive
	}
	if named.IsCompositeType() {
		out[0] += " " + o.selection(named, depth+1, 5, 2)
		if len(args) > 0 && o.once(4) {
			out = append(out, s+o.condition(t)+" "+o.selection(named, depth+1, 3, 1))
		}
	}
	return out
}
