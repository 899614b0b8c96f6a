package document

import (
	"encoding/binary"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/core"
)

// mergeWork is what the check of merging may look at in one document, with all its
// operations: fields, and values that are compared, each as often as it comes up. A
// document without tricks takes two for each of its fields.
const mergeWork = 40_000

// A merge is the rule that fields with one name in the answer are one field
// ("Field Selection Merging" of the specification), for one document. It looks at sets
// of fields and not at pairs, of which there are as many as the square of the fields:
// those that come to one name must all be like the first.
type merge struct {
	schema *ast.Schema
	fail   core.AddErrFunc
	left   int // of mergeWork; below 0 when there was too much to look at
	ids    map[*ast.Field]uint32
	done   [2]map[string]bool // sets of fields whose selections were checked: for shapes, and for sources
	told   bool               // of a conflict: one is enough
}

func newMerge() *merge {
	return &merge{left: mergeWork, ids: map[*ast.Field]uint32{}, done: [2]map[string]bool{{}, {}}}
}

// rule is a core.RuleFunc.
func (m *merge) rule(observers *core.Events, fail core.AddErrFunc) {
	m.fail = fail
	observers.OnOperation(func(w *core.Walker, op *ast.OperationDefinition) {
		m.schema = w.Schema
		sets := []ast.SelectionSet{op.SelectionSet}
		m.sources(sets)
		m.shapes(sets)
	})
}

// spend takes of what is left. It tells whether there was as much.
func (m *merge) spend(n int) bool {
	m.left -= n
	return m.left >= 0
}

// A group is the fields that have one name in the answer.
type group struct {
	name   string
	fields []*ast.Field
}

// collect gives the fields of selection sets that apply to one object, by name in
// the order of the document.
func (m *merge) collect(sets []ast.SelectionSet) []*group {
	var list []*group
	byName, spread := map[string]*group{}, map[*ast.FragmentDefinition]bool{}
	var add func(ast.SelectionSet)
	add = func(set ast.SelectionSet) {
		for _, s := range set {
			if !m.spend(1) {
				return
			}
			switch s := s.(type) {
			case *ast.Field:
				if s.ObjectDefinition == nil || s.Definition == nil {
					continue // another rule says that there is no such field
				}
				g := byName[s.Alias]
				if g == nil {
					g = &group{name: s.Alias}
					byName[s.Alias] = g
					list = append(list, g)
				}
				g.fields = append(g.fields, s)
			case *ast.InlineFragment:
				add(s.SelectionSet)
			case *ast.FragmentSpread:
				if s.Definition != nil && !spread[s.Definition] {
					spread[s.Definition] = true
					add(s.Definition.SelectionSet)
				}
			}
		}
	}
	for _, set := range sets {
		add(set)
	}
	return list
}

// shapes checks that fields of one name give answers of one form, also of objects
// that are never the same.
func (m *merge) shapes(sets []ast.SelectionSet) {
	for _, g := range m.collect(sets) {
		first := g.fields[0]
		for _, f := range g.fields[1:] {
			if m.differ(first.Definition.Type, f.Definition.Type) {
				m.conflict(g, f, `they return conflicting types "`+first.Definition.Type.String()+`" and "`+f.Definition.Type.String()+`"`)
			}
		}
		if below := m.below(0, g.fields); below != nil {
			m.shapes(below)
		}
	}
}

// sources checks that fields of one name, of what may be the same object, are the
// same field with the same arguments.
func (m *merge) sources(sets []ast.SelectionSet) {
	for _, g := range m.collect(sets) {
		for _, fields := range m.ofOneObject(g.fields) {
			first := fields[0]
			for _, f := range fields[1:] {
				switch {
				case f.Name != first.Name:
					m.conflict(g, f, `"`+first.Name+`" and "`+f.Name+`" are different fields`)
				case !m.sameArguments(first.Arguments, f.Arguments):
					m.conflict(g, f, "they have differing arguments")
				}
			}
			if below := m.below(1, fields); below != nil {
				m.sources(below)
			}
		}
	}
}

// ofOneObject splits fields by the object that they may be of: those of an
// interface or union may be of any.
func (m *merge) ofOneObject(fields []*ast.Field) [][]*ast.Field {
	parents := map[string]bool{}
	var names []string
	for _, f := range fields {
		if p := f.ObjectDefinition; p.Kind == ast.Object && !parents[p.Name] {
			parents[p.Name] = true
			names = append(names, p.Name)
		}
	}
	if len(names) < 2 {
		return [][]*ast.Field{fields}
	}
	list := make([][]*ast.Field, len(names))
	for i, name := range names {
		if !m.spend(len(fields)) {
			return list[:i]
		}
		for _, f := range fields {
			if p := f.ObjectDefinition; p.Kind != ast.Object || p.Name == name {
				list[i] = append(list[i], f)
			}
		}
	}
	return list
}

// below are the selections of fields; nil when they have none, or were checked.
func (m *merge) below(which int, fields []*ast.Field) (sets []ast.SelectionSet) {
	key := make([]byte, 0, 64)
	for _, f := range fields {
		if len(f.SelectionSet) == 0 {
			continue
		}
		id, ok := m.ids[f]
		if !ok {
			id = uint32(len(m.ids)) //nolint:gosec // fewer than tokens
			m.ids[f] = id
		}
		key = binary.LittleEndian.AppendUint32(key, id)
		sets = append(sets, f.SelectionSet)
	}
	if m.left < 0 || m.told || sets == nil || m.done[which][string(key)] {
		return nil
	}
	m.done[which][string(key)] = true
	return sets
}

func (m *merge) conflict(g *group, at *ast.Field, reason string) {
	if m.told {
		return
	}
	m.told = true
	m.fail(core.Message(`Fields "%s" conflict because %s. Use different aliases on the fields to fetch both if this was intentional.`, g.name, reason), core.At(at.Position))
}

// differ tells whether values of two types look different in an answer.
func (m *merge) differ(a, b *ast.Type) bool {
	if a.NonNull != b.NonNull || (a.Elem == nil) != (b.Elem == nil) {
		return true
	}
	if a.Elem != nil {
		return m.differ(a.Elem, b.Elem)
	}
	x, y := m.schema.Types[a.NamedType], m.schema.Types[b.NamedType]
	return (x.IsLeafType() || y.IsLeafType()) && x.Name != y.Name
}

func (m *merge) sameArguments(a, b ast.ArgumentList) bool {
	if len(a) != len(b) {
		return false
	}
	if len(a) < 2 {
		return len(a) == 0 || a[0].Name == b[0].Name && m.sameValue(a[0].Value, b[0].Value)
	}
	byName := func(x, y *ast.Argument) int { return strings.Compare(x.Name, y.Name) }
	a, b = slices.SortedFunc(slices.Values(a), byName), slices.SortedFunc(slices.Values(b), byName)
	return slices.EqualFunc(a, b, func(x, y *ast.Argument) bool { return x.Name == y.Name && m.sameValue(x.Value, y.Value) })
}

// sameValue takes values for the same when there were too many to look at.
func (m *merge) sameValue(a, b *ast.Value) bool {
	if !m.spend(1) {
		return true
	}
	if a.Kind != b.Kind || a.Raw != b.Raw || len(a.Children) != len(b.Children) {
		return false
	}
	x, y := a.Children, b.Children
	if a.Kind == ast.ObjectValue {
		byName := func(x, y *ast.ChildValue) int { return strings.Compare(x.Name, y.Name) }
		x, y = slices.SortedFunc(slices.Values(x), byName), slices.SortedFunc(slices.Values(y), byName)
	}
	return slices.EqualFunc(x, y, func(x, y *ast.ChildValue) bool { return x.Name == y.Name && m.sameValue(x.Value, y.Value) })
}
