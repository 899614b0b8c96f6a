package document

import (
	"fmt"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Limits bound a document. What is at a limit is still taken.
type Limits struct {
	Tokens             int // of the text, comments too
	Operations         int
	Fragments          int // that are defined
	Fields             int // of one selection set, spreads and inline fragments too
	Aliases            int // of all operations and fragments
	Directives         int // of all operations and fragments
	ListItems          int // of one list, in the text or in a variable
	Depth              int // of fields within each other, through fragments
	IntrospectionDepth int // the same below __schema and __type
	NoIntrospection    bool
	Reach              int // fields that the operations and fragments reach in all, which is what validation looks at
}

// Anonymous are the limits of a caller that is not signed in.
var Anonymous = Limits{
	Tokens: 1000, Operations: 10, Fragments: 50, Fields: 200, Aliases: 30, Directives: 50, ListItems: 1000,
	Depth: 12, IntrospectionDepth: 20, Reach: 10_000,
}

// SignedIn are the limits of a caller that is.
var SignedIn = func() Limits {
	l := Anonymous
	l.Tokens = 10_000
	return l
}()

// A size is what a document has of each thing that is limited.
type size struct {
	tokens, operations, fragments, fields, aliases, directives, items, depth, introspectionDepth, reach int
}

// exceeded tells what is too much; nil when nothing is.
func (l Limits) exceeded(s size) gqlerror.List {
	for _, c := range []struct {
		n, most      int
		reason, what string
	}{
		{s.tokens, l.Tokens, ReasonTokens, "tokens"},
		{s.operations, l.Operations, ReasonOperations, "operations"},
		{s.fragments, l.Fragments, ReasonFragments, "fragments"},
		{s.fields, l.Fields, ReasonFields, "selections in one place"},
		{s.aliases, l.Aliases, ReasonAliases, "aliases"},
		{s.directives, l.Directives, ReasonDirectives, "directives"},
		{s.items, l.ListItems, ReasonListItems, "items in one list"},
		{s.depth, l.Depth, ReasonDepth, "fields within each other"},
		{s.introspectionDepth, l.IntrospectionDepth, ReasonIntrospectionDepth, "fields of the introspection within each other"},
		{s.reach, l.Reach, ReasonReach, "fields when fragments are put in"},
	} {
		if c.n > c.most {
			return tooMuch(c.reason, fmt.Sprintf("The document has too many %s; at most %d are taken.", c.what, c.most))
		}
	}
	return nil
}

// Variables refuses a list in the variables that is too long; nil when none is.
func (l Limits) Variables(v map[string]any) gqlerror.List {
	if items := longest(v); items > l.ListItems {
		return tooMuch(ReasonListItems, fmt.Sprintf("A variable has %d items in one list; at most %d are taken.", items, l.ListItems))
	}
	return nil
}

func longest(value any) (n int) {
	switch v := value.(type) {
	case map[string]any:
		for _, item := range v {
			n = max(n, longest(item))
		}
	case []any:
		n = len(v)
		for _, item := range v {
			n = max(n, longest(item))
		}
	}
	return n
}

// measure looks once at each selection of a document that was parsed and not yet
// validated, within the limits of what there may be of operations and fragments.
// It returns the name of a fragment that comes to itself, "" without one.
func measure(doc *ast.QueryDocument) (_ size, cyclic string) {
	m := &measuring{parts: map[string]*part{}}
	var all []*part
	for _, f := range doc.Fragments {
		p := &part{}
		if m.parts[f.Name] == nil { // of two with one name the first counts
			m.parts[f.Name] = p
		}
		all = append(all, p)
	}
	for i, f := range doc.Fragments {
		m.directivesOf(f.Directives)
		m.selections(all[i], f.SelectionSet, 0, false)
	}
	for _, op := range doc.Operations {
		p := &part{}
		m.directivesOf(op.Directives)
		for _, v := range op.VariableDefinitions {
			m.directivesOf(v.Directives)
			m.value(v.DefaultValue)
		}
		m.selections(p, op.SelectionSet, 0, false)
		all = append(all, p)
	}
	m.operations, m.fragments = len(doc.Operations), len(doc.Fragments)
	for _, p := range all {
		p.resolve(m.parts)
	}
	for i, p := range all {
		ordinary, introspection := m.deep(p)
		if m.cyclic != "" {
			return m.size, m.cyclic
		}
		if i >= len(doc.Fragments) { // where a fragment is spread says what it is part of
			m.depth, m.introspectionDepth = max(m.depth, ordinary), max(m.introspectionDepth, introspection)
		}
	}
	for i, p := range all {
		m.reach += p.reached(i + 1)
	}
	return m.size, ""
}

type measuring struct {
	size
	parts  map[string]*part // fragments by name
	cyclic string           // the name of a fragment that comes to itself
}

// A part is an operation or a fragment.
type part struct {
	fields  int
	depth   [2]int // of its own fields: ordinary, and of the introspection
	spreads []spread
	deep    *[2]int // with all that it spreads
	at      bool    // deep is at work on it
	seen    int     // by whom reached was here last
}

// A spread puts a fragment below depth fields.
type spread struct {
	name          string
	of            *part
	depth         int
	introspection bool
}

func (m *measuring) selections(p *part, set ast.SelectionSet, depth int, introspection bool) {
	m.fields = max(m.fields, len(set))
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			m.field(p, s, depth, introspection)
		case *ast.InlineFragment:
			m.directivesOf(s.Directives)
			m.selections(p, s.SelectionSet, depth, introspection)
		case *ast.FragmentSpread:
			m.directivesOf(s.Directives)
			p.spreads = append(p.spreads, spread{s.Name, nil, depth, introspection})
		}
	}
}

func (m *measuring) field(p *part, f *ast.Field, depth int, introspection bool) {
	introspection = introspection || f.Name == "__schema" || f.Name == "__type"
	p.fields++
	depth++
	p.depth[kind(introspection)] = max(p.depth[kind(introspection)], depth)
	if f.Alias != "" && f.Alias != f.Name {
		m.aliases++
	}
	m.directivesOf(f.Directives)
	m.arguments(f.Arguments)
	m.selections(p, f.SelectionSet, depth, introspection)
}

func kind(introspection bool) int {
	if introspection {
		return 1
	}
	return 0
}

func (m *measuring) directivesOf(list ast.DirectiveList) {
	m.directives += len(list)
	for _, d := range list {
		m.arguments(d.Arguments)
	}
}

func (m *measuring) arguments(list ast.ArgumentList) {
	for _, a := range list {
		m.value(a.Value)
	}
}

func (m *measuring) value(v *ast.Value) {
	if v == nil {
		return
	}
	if v.Kind == ast.ListValue {
		m.items = max(m.items, len(v.Children))
	}
	for _, c := range v.Children {
		m.value(c.Value)
	}
}

// deep are the depths of a part with all that it spreads.
func (m *measuring) deep(p *part) (ordinary, introspection int) {
	if p.deep != nil {
		return p.deep[0], p.deep[1]
	}
	p.at = true
	d := p.depth
	for _, s := range p.spreads {
		if s.of.at {
			m.cyclic = s.name
			break
		}
		o, i := m.deep(s.of)
		if s.introspection {
			d[1] = max(d[1], s.depth+max(o, i))
			continue
		}
		if o > 0 {
			d[0] = max(d[0], s.depth+o)
		}
		if i > 0 {
			d[1] = max(d[1], s.depth+i)
		}
	}
	p.at, p.deep = false, &d
	return d[0], d[1]
}

// resolve finds the fragments that are spread; of one that is not there validation says so.
func (p *part) resolve(parts map[string]*part) {
	there := p.spreads[:0]
	for _, s := range p.spreads {
		if s.of = parts[s.name]; s.of != nil {
			there = append(there, s)
		}
	}
	p.spreads = there
}

// reached counts the fields of a part and of each fragment that it comes to, each once
// for whoever asks.
func (p *part) reached(by int) int {
	p.seen = by
	n := p.fields
	for _, s := range p.spreads {
		if s.of.seen != by {
			n += s.of.reached(by)
		}
	}
	return n
}
