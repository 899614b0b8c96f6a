package difftest

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// Split tells whether an operation may ask for one field of an object, with
// more below it, through two interfaces that know nothing of each other. gqlgen
// resolves it once for each, tells its errors twice, and writes only what the
// first asks for.
func (r Result) Split(s *ast.Schema) bool {
	root := map[ast.Operation]*ast.Definition{ast.Query: s.Query, ast.Mutation: s.Mutation, ast.Subscription: s.Subscription}[r.Operation.Operation]
	return splits{schema: s, doc: r.Doc}.below(r.Operation.SelectionSet, root)
}

type splits struct {
	schema *ast.Schema
	doc    *ast.QueryDocument
}

func (x splits) below(set ast.SelectionSet, t *ast.Definition) bool {
	return slices.ContainsFunc(x.schema.GetPossibleTypes(t), func(object *ast.Definition) bool {
		fields := map[string][]*ast.Field{}
		x.collect(set, object, fields, map[string]bool{})
		for _, same := range fields {
			var merged ast.SelectionSet
			for i, f := range same {
				if len(f.SelectionSet) > 0 && slices.ContainsFunc(same[:i], func(first *ast.Field) bool { return strangers(first.ObjectDefinition, f.ObjectDefinition) }) {
					return true
				}
				merged = append(merged, f.SelectionSet...)
			}
			if len(merged) > 0 && x.below(merged, x.schema.Types[same[0].Definition.Type.Name()]) {
				return true
			}
		}
		return false
	})
}

// collect finds an object's fields by their keys; conditions may hold.
func (x splits) collect(set ast.SelectionSet, object *ast.Definition, fields map[string][]*ast.Field, seen map[string]bool) {
	applies := func(on string) bool {
		return on == "" || slices.Contains(x.schema.GetPossibleTypes(x.schema.Types[on]), object)
	}
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			fields[s.Alias] = append(fields[s.Alias], s)
		case *ast.InlineFragment:
			if applies(s.TypeCondition) {
				x.collect(s.SelectionSet, object, fields, seen)
			}
		case *ast.FragmentSpread:
			if f := x.doc.Fragments.ForName(s.Name); !seen[s.Name] && applies(f.TypeCondition) {
				seen[s.Name] = true
				x.collect(f.SelectionSet, object, fields, seen)
			}
		}
	}
}

func strangers(a, b *ast.Definition) bool {
	return a.Name != b.Name && !slices.Contains(a.Interfaces, b.Name) && !slices.Contains(b.Interfaces, a.Name)
}
