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

	types      []*ast.Definition // objects, interfaces, unions
	fragments  []string
	variables  map[string]string
	values     map[string]any
	names      int
	selections int
	depth      int
}

// Next gives an operation of a kind and the values of its variables.
func (o *Operations) Next(kind ast.Operation) (document string, variables map[string]any) {
	o.fragments, o.variables, o.values = nil, map[string]string{}, map[string]any{}
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
	return string(kind) + " Random" + declared + " " + body + "\n" + strings.Join(o.fragments, "\n"), o.values
}

// Variable declares a variable and gives its reference.
func (o *Operations) Variable(typeName string, value any) string {
	name := o.name("v")
	o.variables[name], o.values[name] = typeName, value
	return "$" + name
}

func (o *Operations) name(prefix string) string {
	o.names++
	return fmt.Sprintf("%s%d", prefix, o.names)
}

func (o *Operations) once(in int) bool { return o.Rand.IntN(in) == 0 }

// condition is sometimes @skip or @include.
func (o *Operations) condition() string {
	if !o.once(6) {
		return ""
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
			out = append(out, "__typename"+o.condition())
		case t.Kind == ast.Union, fragments > 0 && pick < 2:
			out = append(out, o.fragment(t, depth, width, fragments)...)
		default:
			if f := o.field(t, depth); f != "" {
				out = append(out, f)
			}
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
	inner := o.selection(of, depth, width, fragments-1)
	switch o.Rand.IntN(3) {
	case 0:
		name := o.name("F")
		o.fragments = append(o.fragments, "fragment "+name+" on "+of.Name+" "+inner)
		out := []string{"..." + name + o.condition()}
		if o.once(5) {
			out = append(out, "..."+name)
		}
		return out
	case 1:
		if of == t {
			return []string{"..." + o.condition() + " " + inner}
		}
	}
	return []string{"... on " + of.Name + o.condition() + " " + inner}
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

func (o *Operations) field(t *ast.Definition, depth int) string {
	f := t.Fields[o.Rand.IntN(len(t.Fields))]
	if strings.HasPrefix(f.Name, "__") || o.Skip[t.Name+"."+f.Name] {
		return ""
	}
	named := o.Schema.Types[f.Type.Name()]
	if named.IsCompositeType() && depth >= o.depth {
		return ""
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
	s += o.condition()
	if named.IsCompositeType() {
		s += " " + o.selection(named, depth+1, 5, 2)
	}
	return s
}
