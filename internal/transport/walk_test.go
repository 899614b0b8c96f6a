package transport_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mpanel/mpanel/internal/actor"
)

// A rootField is a field of Query, Mutation or Subscription.
type rootField struct {
	*ast.FieldDefinition
	operation string // query, mutation or subscription
}

func (f rootField) String() string { return f.operation + " " + f.Name }

// isPublic tells whether the field is open to everybody.
func (f rootField) isPublic() bool { return f.Directives.ForName("public") != nil }

// requires are the permissions that the field's @auth names; ok is false without one.
func requires(f *ast.FieldDefinition) (list []actor.Permission, ok bool) {
	d := f.Directives.ForName("auth")
	if d == nil {
		return nil, false
	}
	if arg := d.Arguments.ForName("requires"); arg != nil {
		for _, c := range arg.Value.Children {
			list = append(list, actor.Permission(c.Value.Raw))
		}
	}
	return list, true
}

func rootFields(s *ast.Schema) (list []rootField) {
	for _, root := range []struct {
		def       *ast.Definition
		operation string
	}{{s.Query, "query"}, {s.Mutation, "mutation"}, {s.Subscription, "subscription"}} {
		for _, f := range root.def.Fields {
			if !strings.HasPrefix(f.Name, "__") {
				list = append(list, rootField{f, root.operation})
			}
		}
	}
	return list
}

// A fieldWalk builds operations for fields that it knows only from the schema.
type fieldWalk struct{ schema *ast.Schema }

// value is something acceptable for a type; at the place it is the variable.
func (d fieldWalk) value(t *ast.Type, path, place string) string {
	if path == place && t.Elem == nil {
		return "$id"
	}
	if t.Elem != nil {
		return "[" + d.value(t.Elem, path, place) + "]"
	}
	def := d.schema.Types[t.Name()]
	switch {
	case def.Kind == ast.Enum:
		return def.EnumValues[0].Name
	case def.Kind == ast.InputObject:
		var fields []string
		for _, f := range def.Fields {
			inner := path + "." + f.Name
			if f.Type.NonNull && f.DefaultValue == nil || strings.HasPrefix(place+".", inner+".") {
				fields = append(fields, f.Name+": "+d.value(f.Type, inner, place))
			}
		}
		return "{" + strings.Join(fields, ", ") + "}"
	case t.Name() == "Int":
		return "1"
	case t.Name() == "Boolean":
		return "true"
	case t.Name() == "BigInt":
		return `"1"`
	case t.Name() == "ID":
		return `"bm90aGluZw"`
	case t.Name() == "DateTime" && path == "from":
		return `"2026-01-01T00:00:00Z"`
	case t.Name() == "DateTime":
		return `"2026-01-02T00:00:00Z"`
	}
	return `"sample_text"`
}

// arguments are those that a field needs, and the one of the place.
func (d fieldWalk) arguments(f *ast.FieldDefinition, place string) string {
	var args []string
	for _, a := range f.Arguments {
		if a.Type.NonNull && a.DefaultValue == nil || strings.HasPrefix(place+".", a.Name+".") {
			args = append(args, a.Name+": "+d.value(a.Type, a.Name, place))
		}
	}
	if len(args) == 0 {
		return ""
	}
	return "(" + strings.Join(args, ", ") + ")"
}

// selection asks little of a type, but enough to see whether there is anything.
func (d fieldWalk) selection(t *ast.Type) string {
	def := d.schema.Types[t.Name()]
	switch {
	case def.Kind == ast.Scalar || def.Kind == ast.Enum:
		return ""
	case def.Fields.ForName("totalCount") != nil:
		return " { totalCount nodes { __typename } }"
	}
	return " { __typename }"
}

// operation asks for one root field.
func (d fieldWalk) operation(f rootField) string {
	return f.operation + " { " + f.Name + d.arguments(f.FieldDefinition, "") + d.selection(f.Type) + " }"
}

// operationWith asks for one root field, with $id at the place.
func (d fieldWalk) operationWith(f rootField, place string) string {
	return f.operation + " { " + f.Name + d.arguments(f.FieldDefinition, place) + d.selection(f.Type) + " }"
}

// everything asks for all ids and texts of a type and, down to a depth, all that hangs on it.
func (d fieldWalk) everything(t *ast.Type, depth int) string { return d.everythingAs(t, depth, nil) }

// everythingAs is everything, in which some fields have the type's name before their
// own: types that stand side by side may have fields of one name and of different types.
func (d fieldWalk) everythingAs(t *ast.Type, depth int, ambiguous map[string]bool) string {
	def := d.schema.Types[t.Name()]
	if def.Kind == ast.Scalar || def.Kind == ast.Enum {
		return ""
	}
	fields := []string{"__typename"}
	for _, f := range def.Fields {
		if strings.HasPrefix(f.Name, "__") || f.Name == "edges" {
			continue
		}
		sub := d.schema.Types[f.Type.Name()]
		leaf := sub.Kind == ast.Scalar || sub.Kind == ast.Enum
		if !leaf && depth == 0 || leaf && f.Type.Name() != "ID" && f.Type.Name() != "String" {
			continue // numbers and times tell nobody's name, and documents are limited
		}
		less := depth - 1
		if f.Name == "nodes" || leaf {
			less = depth
		}
		field := d.brief(f) + d.everything(f.Type, less)
		if ambiguous[f.Name] {
			field = def.Name + "_" + f.Name + ": " + field
		}
		fields = append(fields, field)
	}
	types, differ := map[string]string{}, map[string]bool{}
	for _, p := range d.schema.GetPossibleTypes(def) {
		for _, f := range p.Fields {
			if !d.schema.Types[f.Type.Name()].IsLeafType() {
				continue
			}
			differ[f.Name] = differ[f.Name] || types[f.Name] != "" && types[f.Name] != f.Type.String()
			types[f.Name] = f.Type.String()
		}
	}
	for _, p := range d.schema.GetPossibleTypes(def) {
		if p.Name != def.Name {
			fields = append(fields, "... on "+p.Name+d.everythingAs(ast.NamedType(p.Name, nil), max(depth-1, 0), differ))
		}
	}
	return " { " + strings.Join(fields, " ") + " }"
}

// deepQueries ask for everything that hangs on a list: all of it near by, and
// further away one field of the rows at a time, since documents are limited.
func (d fieldWalk) deepQueries(f rootField) (queries []string) {
	name := d.brief(f.FieldDefinition)
	queries = []string{"{ " + name + d.everything(f.Type, 0) + " }", "{ " + name + d.everything(f.Type, 1) + " }"}
	row, before, after := d.rows(f.Type, "{ "+name)
	after += " }"
	for _, edge := range row.Fields {
		if d.schema.Types[edge.Type.Name()].Kind != ast.Object {
			continue
		}
		queries = append(queries, before+d.brief(edge)+d.everything(edge.Type, 1)+after)
		further, within, out := d.rows(edge.Type, before+d.brief(edge))
		for _, edge := range further.Fields { // one at a time, since an operation has a cost
			if d.schema.Types[edge.Type.Name()].Kind == ast.Object {
				queries = append(queries, within+d.brief(edge)+d.everything(edge.Type, 1)+out+after)
			}
		}
	}
	return queries
}

// rows is the type of what a field has, be it in pages, with what comes before and after
// a field of it.
func (d fieldWalk) rows(t *ast.Type, field string) (row *ast.Definition, before, after string) {
	row = d.schema.Types[t.Name()]
	if nodes := row.Fields.ForName("nodes"); nodes != nil {
		return d.schema.Types[nodes.Type.Name()], field + " { nodes { ", " } }"
	}
	return row, field + " { ", " }"
}

// brief asks for few rows of a field, and gives it what it needs.
func (d fieldWalk) brief(f *ast.FieldDefinition) string {
	var args []string
	for _, a := range f.Arguments {
		switch {
		case a.Name == "first" || a.Name == "maxPoints":
			args = append(args, a.Name+": 2")
		case a.Type.NonNull && a.DefaultValue == nil:
			args = append(args, a.Name+": "+d.value(a.Type, a.Name, ""))
		}
	}
	if len(args) == 0 {
		return f.Name
	}
	return f.Name + "(" + strings.Join(args, ", ") + ")"
}

// idPlaces are the places of a field's arguments that take an id: "id",
// "input.customerId", "filter.resourceId".
func (d fieldWalk) idPlaces(args ast.ArgumentDefinitionList) (places []string) {
	for _, a := range args {
		places = append(places, d.within(a.Type, a.Name, []string{"ID"}, map[string]bool{})...)
	}
	return places
}

// textPlaces are those that take a text of any kind.
func (d fieldWalk) textPlaces(args ast.ArgumentDefinitionList) (places []string) {
	for _, a := range args {
		places = append(places, d.within(a.Type, a.Name, []string{"ID", "String", "Cursor", "StreamPosition", "BigInt"}, map[string]bool{})...)
	}
	return places
}

// typeAt is the type of a place, as a variable for it is declared.
func (d fieldWalk) typeAt(f rootField, place string) string {
	steps := strings.Split(place, ".")
	t := f.Arguments.ForName(steps[0]).Type
	for _, step := range steps[1:] {
		t = d.schema.Types[t.Name()].Fields.ForName(step).Type
	}
	if t.Elem != nil {
		t = t.Elem
	}
	return t.String()
}

func (d fieldWalk) within(t *ast.Type, path string, scalars []string, above map[string]bool) (places []string) {
	def := d.schema.Types[t.Name()]
	if slices.Contains(scalars, t.Name()) {
		return []string{path}
	}
	if def.Kind != ast.InputObject || above[def.Name] {
		return nil
	}
	above[def.Name] = true
	defer delete(above, def.Name)
	for _, f := range def.Fields {
		places = append(places, d.within(f.Type, path+"."+f.Name, scalars, above)...)
	}
	return places
}

// A place is where an id can be given, as "Query.customer(id)".
type place struct{ typeName, field, path string }

func (p place) String() string { return fmt.Sprintf("%s.%s(%s)", p.typeName, p.field, p.path) }

// allPlaces are the places of the whole schema.
func (d fieldWalk) allPlaces() (list []place) {
	for name, def := range d.schema.Types {
		if def.Kind != ast.Object || strings.HasPrefix(name, "__") {
			continue
		}
		for _, f := range def.Fields {
			for _, path := range d.idPlaces(f.Arguments) {
				list = append(list, place{name, f.Name, path})
			}
		}
	}
	return list
}
