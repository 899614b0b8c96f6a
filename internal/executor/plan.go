package executor

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// A Plan is an operation compiled for one assignment of the variables in its
// @skip and @include. It has two sides: nodes say what is loaded, shapes how it
// is written. A field that is asked for twice with the same arguments, under
// two aliases, is loaded once and written twice.
type Plan struct {
	tables   *Tables
	serial   bool // a mutation: root fields take turns
	root     *node
	shape    *shape
	lastSize atomic.Int64 // of an answer, in bytes

	grown func(fields int)
	mu    sync.Mutex // held while nodes below abstract types are added
}

// A node is what is loaded of the objects of one type in one place.
type node struct {
	object  *Object
	columns []*column
}

// A column is one field of a node that takes loading.
type column struct {
	index    int // in the node
	field    *Field
	selected graphql.CollectedField // with the selections of all outputs
	key      string                 // name and arguments
	abstract *Abstract
	outputs  []*output
	kids     []atomic.Pointer[node] // by possible type; one of an object type; none of scalars
}

// A shape is how objects of one type are written in one place. What writing looks at
// lies side by side: of a stream of thousands, no cache has what is theirs.
type shape struct {
	typename []byte // quoted
	outputs  []output
}

// An output is one key of a shape.
type output struct {
	key      []byte                  // with quotes and colon, and a comma before all but the first
	field    *Field                  // nil: __typename
	column   *column                 // nil: the parent has it in its memory
	shapes   []atomic.Pointer[shape] // as the column's kids
	selected graphql.CollectedField
}

// newPlan compiles an operation. grown is told how many fields that took, now
// and whenever it is more.
func newPlan(t *Tables, op *graphql.OperationContext, root *Object, grown func(fields int)) *Plan {
	p := &Plan{tables: t, serial: op.Operation.Operation == ast.Mutation, root: &node{object: root}, grown: grown}
	c := &compiler{plan: p, op: op}
	p.shape = c.shape(p.root, op.Operation.SelectionSet)
	c.descend(p.root)
	grown(c.fields)
	return p
}

// A compiler adds to a plan for one of its requests; all of them have the same
// values of the variables that matter.
type compiler struct {
	plan   *Plan
	op     *graphql.OperationContext
	fields int // compiled so far
}

// shape compiles one selection of n's objects, and adds to n what it needs.
func (c *compiler) shape(n *node, selections ast.SelectionSet) *shape {
	fields := collectFields(c.op, selections, n.object.Satisfies)
	s := &shape{typename: strconv.AppendQuote(nil, n.object.Name), outputs: make([]output, len(fields))}
	keys, ends := Writer{}, make([]int, len(fields))
	for i, selected := range fields {
		if i > 0 {
			keys.Buf = append(keys.Buf, ',')
		}
		keys.String(selected.Alias)
		keys.Buf = append(keys.Buf, ':')
		ends[i] = len(keys.Buf)
	}
	all, start := slices.Clip(keys.Buf), 0
	for i, selected := range fields {
		out := &s.outputs[i]
		out.selected, out.key, start = selected, all[start:ends[i]:ends[i]], ends[i]
		c.fields++
		if selected.Name == "__typename" {
			continue
		}
		out.field = n.object.Fields[selected.Name]
		if out.field.Leaf == nil || out.field.Directives != nil {
			c.column(n, out)
		}
	}
	return s
}

// column finds or adds the column that out shows.
func (c *compiler) column(n *node, out *output) {
	key := loadKey(out.selected)
	if c.plan.serial && n == c.plan.root {
		key = out.selected.Alias // to change something twice is not the same as once
	}
	i := slices.IndexFunc(n.columns, func(col *column) bool { return col.key == key })
	if i < 0 {
		i = len(n.columns)
		col := &column{index: i, field: out.field, selected: out.selected, key: key}
		if col.abstract = c.plan.tables.Abstracts[out.field.Type]; col.abstract != nil {
			col.kids = make([]atomic.Pointer[node], len(col.abstract.Possible))
		} else if c.plan.tables.Objects[out.field.Type] != nil {
			col.kids = make([]atomic.Pointer[node], 1)
		}
		n.columns = append(n.columns, col)
	} else {
		col := n.columns[i]
		col.selected.Selections = slices.Concat(col.selected.Selections, out.selected.Selections)
	}
	out.column = n.columns[i]
	out.shapes = make([]atomic.Pointer[shape], len(out.column.kids))
	out.column.outputs = append(out.column.outputs, out)
}

// descend compiles what is below n, once all of n's outputs are known. Abstract
// types wait until an object of a type is seen: possible types to the power of
// the depth would be too many.
func (c *compiler) descend(n *node) {
	for _, col := range n.columns {
		if len(col.kids) == 1 && col.abstract == nil {
			c.grow(col, 0, c.plan.tables.Objects[col.field.Type])
		}
	}
}

func (c *compiler) grow(col *column, kind int, object *Object) *node {
	n := &node{object: object}
	for _, out := range col.outputs {
		out.shapes[kind].Store(c.shape(n, out.selected.Selections))
	}
	c.descend(n)
	col.kids[kind].Store(n)
	return n
}

// below gives the node of the objects of one possible type.
func (p *Plan) below(op *graphql.OperationContext, col *column, kind int) *node {
	if n := col.kids[kind].Load(); n != nil {
		return n
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := col.kids[kind].Load(); n != nil {
		return n
	}
	c := &compiler{plan: p, op: op}
	n := c.grow(col, kind, p.tables.Objects[col.abstract.Possible[kind]])
	p.grown(c.fields)
	return n
}

// loadKey is the same for fields that load the same.
func loadKey(f graphql.CollectedField) string {
	if len(f.Arguments) == 0 {
		return f.Name
	}
	args := make([]string, len(f.Arguments))
	for i, a := range f.Arguments {
		args[i] = strconv.Quote(a.Name) + ":" + a.Value.String()
	}
	slices.Sort(args)
	return f.Name + "(" + strings.Join(args, ",") + ")"
}

// covered tells whether an operation can be planned at all.
func covered(t *Tables, op *ast.OperationDefinition, doc *ast.QueryDocument) bool {
	if len(op.Directives) > 0 {
		return false
	}
	seen := map[string]bool{}
	var check func(ast.SelectionSet) bool
	check = func(set ast.SelectionSet) bool {
		for _, s := range set {
			ok := false
			switch s := s.(type) {
			case *ast.Field:
				ok = onlyConditions(s.Directives) && knows(t, s) && check(s.SelectionSet)
			case *ast.InlineFragment:
				ok = onlyConditions(s.Directives) && check(s.SelectionSet)
			case *ast.FragmentSpread:
				ok = onlyConditions(s.Directives)
				if f := doc.Fragments.ForName(s.Name); ok && !seen[s.Name] && f != nil {
					seen[s.Name] = true
					ok = onlyConditions(f.Directives) && check(f.SelectionSet)
				}
			}
			if !ok {
				return false
			}
		}
		return true
	}
	return check(op.SelectionSet)
}

// onlyConditions tells that there is no @defer and no directive of the schema's.
func onlyConditions(list ast.DirectiveList) bool {
	return !slices.ContainsFunc(list, func(d *ast.Directive) bool { return d.Name != "skip" && d.Name != "include" })
}

// knows tells whether a field can be executed on every type that it is asked of.
func knows(t *Tables, f *ast.Field) bool {
	if f.Name == "__typename" {
		return true
	}
	if f.ObjectDefinition == nil {
		return false
	}
	possible := []string{f.ObjectDefinition.Name}
	if a := t.Abstracts[f.ObjectDefinition.Name]; a != nil {
		possible = a.Possible
	}
	return !slices.ContainsFunc(possible, func(name string) bool {
		object := t.Objects[name]
		return object == nil || object.Fields[f.Name] == nil || object.Fields[f.Name].Uncovered != ""
	})
}

// conditions are the variables in an operation's @skip and @include, sorted.
func conditions(op *ast.OperationDefinition, doc *ast.QueryDocument) []string {
	found, seen := map[string]bool{}, map[string]bool{}
	note := func(list ast.DirectiveList) {
		for _, d := range list {
			for _, a := range d.Arguments {
				if a.Value.Kind == ast.Variable {
					found[a.Value.Raw] = true
				}
			}
		}
	}
	var walk func(ast.SelectionSet)
	walk = func(set ast.SelectionSet) {
		for _, s := range set {
			switch s := s.(type) {
			case *ast.Field:
				note(s.Directives)
				walk(s.SelectionSet)
			case *ast.InlineFragment:
				note(s.Directives)
				walk(s.SelectionSet)
			case *ast.FragmentSpread:
				note(s.Directives)
				if f := doc.Fragments.ForName(s.Name); f != nil && !seen[s.Name] {
					seen[s.Name] = true
					walk(f.SelectionSet)
				}
			}
		}
	}
	walk(op.SelectionSet)
	names := make([]string, 0, len(found))
	for name := range found {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
