package difftest

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// Features counts what operations have in them: fields as Type.field, with
// what is in their type and arguments, and names of the language's parts.
type Features map[string]int

// Language is what random operations must have had in them, whatever the
// schema, so that a comparison speaks of all that the language has.
var Language = []string{
	"query", "several operations", "alias", "__typename", "merged fields", "field twice with arguments",
	"named fragment", "named fragment twice", "inline fragment", "inline fragment without a type",
	"fragment on an object", "fragment on an interface",
	"@skip by literal", "@skip by variable", "@include by literal", "@include by variable", "@skip and @include",
	"list literal", "object literal", "enum literal",
}

// Note counts an operation's.
func (f Features) Note(r Result, s *ast.Schema, variables map[string]any) {
	f[string(r.Operation.Operation)]++
	if len(r.Doc.Operations) > 1 {
		f["several operations"]++
	}
	for _, v := range r.Operation.VariableDefinitions {
		value, given := variables[v.Variable]
		f.when(v.DefaultValue != nil && !given, "default of a variable")
		f.when(v.DefaultValue == nil && !given, "variable without a value")
		f.when(given && value == nil, "variable that is null")
	}
	f.selections(r.Operation.SelectionSet, s)
	spread := map[string]int{}
	for _, d := range r.Doc.Fragments {
		f["named fragment"]++
		f.condition(d.Definition, s)
		f.selections(d.SelectionSet, s)
		f.spreads(d.SelectionSet, spread)
	}
	f.spreads(r.Operation.SelectionSet, spread)
	for _, n := range spread {
		f.when(n > 1, "named fragment twice")
	}
}

func (f Features) when(is bool, name string) {
	if is {
		f[name]++
	}
}

func (f Features) spreads(set ast.SelectionSet, n map[string]int) {
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			f.spreads(s.SelectionSet, n)
		case *ast.InlineFragment:
			f.spreads(s.SelectionSet, n)
		case *ast.FragmentSpread:
			n[s.Name]++
		}
	}
}

func (f Features) selections(set ast.SelectionSet, s *ast.Schema) {
	seen := map[string]bool{}
	for _, selection := range set {
		switch x := selection.(type) {
		case *ast.Field:
			f.field(x, s)
			f.when(seen[x.Alias], "merged fields")
			f.when(seen[x.Alias] && len(x.Arguments) > 0, "field twice with arguments")
			seen[x.Alias] = true
		case *ast.InlineFragment:
			f.directives(x.Directives)
			f["inline fragment"]++
			f.when(x.TypeCondition == "", "inline fragment without a type")
			f.condition(s.Types[x.TypeCondition], s)
			f.selections(x.SelectionSet, s)
		case *ast.FragmentSpread:
			f.directives(x.Directives)
		}
	}
}

func (f Features) condition(on *ast.Definition, s *ast.Schema) {
	if on == nil {
		return
	}
	f.when(on.Kind == ast.Object, "fragment on an object")
	f.when(on.Kind == ast.Interface, "fragment on an interface")
	f.when(on.Kind == ast.Union, "fragment on a union")
	f.when(on.Kind == ast.Interface && slices.ContainsFunc(s.PossibleTypes[on.Name], func(d *ast.Definition) bool { return d.Kind == ast.Interface }) ||
		slices.ContainsFunc(s.GetImplements(on), func(d *ast.Definition) bool { return d.Kind == ast.Interface && on.Kind == ast.Interface }), "fragment on an interface's interface")
}

func (f Features) field(x *ast.Field, s *ast.Schema) {
	f.when(x.Alias != x.Name, "alias")
	f.directives(x.Directives)
	f.selections(x.SelectionSet, s)
	if x.Name == "__typename" {
		f["__typename"]++
		return
	}
	f[x.ObjectDefinition.Name+"."+x.Name]++
	for _, a := range x.Definition.Arguments {
		given := x.Arguments.ForName(a.Name)
		if given == nil {
			f.when(a.DefaultValue != nil, "default of an argument")
			continue
		}
		f.when(a.Type.Elem != nil && given.Value.Kind != ast.ListValue && given.Value.Kind != ast.Variable && given.Value.Kind != ast.NullValue, "one for a list")
		f.value(given.Value, false)
	}
}

func (f Features) value(v *ast.Value, inner bool) {
	f.when(v.Kind == ast.NullValue, "null literal")
	f.when(v.Kind == ast.ListValue, "list literal")
	f.when(v.Kind == ast.ObjectValue, "object literal")
	f.when(v.Kind == ast.EnumValue, "enum literal")
	f.when(v.Kind == ast.BlockValue, "block string")
	f.when(v.Kind == ast.Variable && inner, "variable in a list or object")
	for _, c := range v.Children {
		f.value(c.Value, true)
	}
}

func (f Features) directives(list ast.DirectiveList) {
	f.when(list.ForName("skip") != nil && list.ForName("include") != nil, "@skip and @include")
	for _, d := range list {
		by := " by literal"
		if a := d.Arguments.ForName("if"); a != nil && a.Value.Kind == ast.Variable {
			by = " by variable"
		}
		if d.Name != "skip" && d.Name != "include" {
			by = ""
		}
		f["@"+d.Name+by]++
	}
}

// Missing gives those of Language, of more, and of the schema's fields that
// were never there, except those to skip.
func (f Features) Missing(s *ast.Schema, skip []string, more ...string) (out []string) {
	want := slices.Concat(Language, more)
	for _, d := range s.Types {
		if d.Kind != ast.Object && d.Kind != ast.Interface || strings.HasPrefix(d.Name, "__") {
			continue
		}
		for _, field := range d.Fields {
			if !strings.HasPrefix(field.Name, "__") && !slices.Contains(skip, d.Name+"."+field.Name) {
				want = append(want, d.Name+"."+field.Name)
			}
		}
	}
	for _, name := range want {
		if f[name] == 0 {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}
