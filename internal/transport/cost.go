package transport

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mpanel/mpanel/internal/page"
)

// beyond is a cost that nothing is allowed to have; sums stop there.
const beyond = 1 << 40

// costs are what the schema's fields cost, by @cost.
type costs map[*ast.FieldDefinition]price

type price struct {
	weight      int
	multipliers []string
	size        int // how many objects there are when no multiplier is given
}

// maxObjects is what an argument asks for at most that is no page's size.
const maxObjects = 1000

// cheap is the price of a field without @cost.
var cheap = price{weight: 1, size: 1}

func costsOf(schema *ast.Schema) costs {
	c := costs{}
	c.introspection(schema)
	for _, def := range schema.Types {
		for _, f := range def.Fields {
			d := f.Directives.ForName("cost")
			if d == nil {
				continue
			}
			args := d.ArgumentMap(nil)
			p := price{weight: intOf(args["weight"], 1), size: intOf(args["size"], 1)}
			list, _ := args["multipliers"].([]any)
			for _, name := range list {
				if s, ok := name.(string); ok {
					p.multipliers = append(p.multipliers, s)
				}
			}
			c[f] = p
		}
	}
	return c
}

// introspection prices what the schema says of itself: a twentieth of what rows would
// cost, for as many as there are on average.
func (c costs) introspection(schema *ast.Schema) {
	n := map[string]int{"types": len(schema.Types), "directives": len(schema.Directives)}
	fields, args, values, inputs := 0, 0, 0, 0
	objects, enums, inputObjects := 1, 1, 1
	for _, def := range schema.Types {
		switch def.Kind {
		case ast.Enum:
			enums++
			values += len(def.EnumValues)
		case ast.InputObject:
			inputObjects++
			inputs += len(def.Fields)
		default:
			objects++
			fields += len(def.Fields)
			for _, f := range def.Fields {
				args += len(f.Arguments)
			}
		}
	}
	n["fields"], n["args"] = 1+fields/objects, 1+args/max(fields, 1)
	n["enumValues"], n["inputFields"], n["interfaces"], n["possibleTypes"] = 1+values/enums, 1+inputs/inputObjects, 2, 2
	for name, def := range schema.Types {
		if !strings.HasPrefix(name, "__") {
			continue
		}
		for _, f := range def.Fields {
			c[f] = price{weight: 1, size: max(1, n[f.Name])}
		}
	}
}

// cheaper is how much less than a row a piece of the schema costs.
const cheaper = 20

// of is what an operation costs at most, with its variables. Fields that are
// written twice count twice.
func (c costs) of(op *ast.OperationDefinition, variables map[string]any) int {
	b := &bill{costs: c, variables: variables}
	return b.selections(op.SelectionSet).all()
}

type bill struct {
	costs
	variables map[string]any
	fragments map[*ast.FragmentDefinition]parts // each is looked at once
}

// parts are what a selection costs: its lists and what is beside them, of each object,
// and what costs the same of all objects together, since it is read in one statement.
type parts struct{ lists, rest, once int }

func (p parts) all() int { return min(p.lists+p.rest+p.once, beyond) }

func (b *bill) selections(set ast.SelectionSet) (sum parts) {
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			if b.included(s.Directives) {
				sum = sum.and(b.field(s))
			}
		case *ast.InlineFragment:
			if b.included(s.Directives) {
				sum = sum.and(b.selections(s.SelectionSet))
			}
		case *ast.FragmentSpread:
			if !b.included(s.Directives) {
				continue
			}
			cost, known := b.fragments[s.Definition]
			if !known {
				cost = b.selections(s.Definition.SelectionSet)
				if b.fragments == nil { // most operations have none
					b.fragments = map[*ast.FragmentDefinition]parts{}
				}
				b.fragments[s.Definition] = cost
			}
			sum = sum.and(cost)
		}
	}
	return sum
}

func (p parts) and(q parts) parts {
	return parts{min(p.lists+q.lists, beyond), min(p.rest+q.rest, beyond), min(p.once+q.once, beyond)}
}

func (b *bill) included(directives ast.DirectiveList) bool {
	if len(directives) == 0 {
		return true
	}
	if d := directives.ForName("skip"); d != nil && b.value(d.Arguments.ForName("if"), nil) == true {
		return false
	}
	d := directives.ForName("include")
	return d == nil || b.value(d.Arguments.ForName("if"), nil) != false
}

func (b *bill) field(f *ast.Field) parts {
	p, ok := b.costs[f.Definition]
	if !ok {
		p = cheap
	}
	if len(f.SelectionSet) == 0 {
		return parts{rest: p.weight}
	}
	n := 0
	for _, name := range p.multipliers {
		n = max(n, b.count(f, name))
	}
	if n == 0 {
		n = p.size
	}
	below := b.selections(f.SelectionSet)
	cost := p.weight + n*(below.lists+below.rest)
	if p.multipliers != nil && f.Definition.Type.Elem == nil { // pages have their rows, and all in one place the rest once
		cost = p.weight + n*below.lists
		below.once += below.rest
	}
	cost = min(cost, beyond)
	if f.Name == "__schema" || f.Name == "__type" {
		cost = 1 + cost/cheaper
	}
	if f.Definition.Type.Elem != nil {
		return parts{lists: cost, once: below.once}
	}
	return parts{rest: cost, once: below.once}
}

// count is how many objects an argument asks for; 0 when it is not given. More
// than a page has is another error's to say.
func (b *bill) count(f *ast.Field, name string) int {
	switch v := b.value(f.Arguments.ForName(name), f.Definition.Arguments.ForName(name)).(type) {
	case nil:
		return 0
	case []any:
		return max(1, len(v))
	default:
		most := maxObjects
		if name == "first" || name == "last" {
			most = page.MaxSize
		}
		return min(max(1, intOf(v, 1)), most)
	}
}

func (b *bill) value(arg *ast.Argument, def *ast.ArgumentDefinition) any {
	switch {
	case arg != nil && arg.Value.Kind == ast.ListValue: // its length is all that counts
		return make([]any, len(arg.Value.Children))
	case arg != nil:
		v, _ := arg.Value.Value(b.variables)
		return v
	case def != nil && def.DefaultValue != nil:
		v, _ := def.DefaultValue.Value(nil)
		return v
	}
	return nil
}

// intOf reads a number as parser and clients give it; what is no number is or.
func intOf(v any, or int) int {
	switch v := v.(type) {
	case int:
		return v
	case int64:
		return int(v)
	case float64:
		return int(v)
	case json.Number:
		if n, err := strconv.Atoi(v.String()); err == nil {
			return n
		}
	}
	return or
}
