package live

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mpanel/mpanel/internal/actor"
)

// maxKey bounds what is compared; fragments within fragments grow without bound.
const maxKey = 32 << 10

// shareKey is the same for operations whose events are the same to the byte: they
// ask for the same fields with the same arguments under the same names, and those
// who ask may do exactly the same for the same customers. It is "" for what is not
// shared with anybody.
func shareKey(oc *graphql.OperationContext, who *actor.Actor) string {
	return writeKey(oc, who, keyWriter{})
}

// streamKey is shareKey for streams whose members stand at places of their own:
// where in the stream one begins makes no difference to what its events look like.
func streamKey(oc *graphql.OperationContext, who *actor.Actor) string {
	return writeKey(oc, who, keyWriter{anywhere: true})
}

func writeKey(oc *graphql.OperationContext, who *actor.Actor, k keyWriter) string {
	k.vars, k.doc = oc.Variables, oc.Doc
	k.rights(who)
	k.selection(oc.Operation.SelectionSet)
	if k.failed || len(k.b) > maxKey {
		return ""
	}
	return string(k.b)
}

type keyWriter struct {
	b      []byte
	vars   map[string]any
	doc    *ast.QueryDocument
	failed bool

	anywhere bool // positions of the operation's field do not count
	depth    int
}

// positionType is the scalar of a place in a stream.
const positionType = "StreamPosition"

// rights writes all that an actor is but the user.
func (k *keyWriter) rights(who *actor.Actor) {
	if who == nil {
		k.b = append(k.b, "nobody"...)
		return
	}
	k.permissions(who.Provider)
	grants := make([]string, 0, len(who.Grants))
	for _, g := range who.Grants {
		one := keyWriter{b: []byte(g.Customer.String())}
		one.permissions(g.Permissions)
		grants = append(grants, string(one.b))
	}
	slices.Sort(grants)
	for _, g := range grants {
		k.b = append(k.b, g...)
	}
	for _, pin := range who.Pins { // which are sorted
		k.b = append(append(k.b, '='), pin[:]...)
	}
}

func (k *keyWriter) permissions(list []actor.Permission) {
	list = slices.Clone(list)
	slices.Sort(list)
	k.b = append(k.b, '[')
	for _, p := range list {
		k.b = append(append(k.b, p...), ' ')
	}
	k.b = append(k.b, ']')
}

func (k *keyWriter) selection(set ast.SelectionSet) {
	if len(set) == 0 {
		return
	}
	k.depth++
	defer func() { k.depth-- }()
	k.b = append(k.b, '{')
	for _, s := range set {
		if k.failed = k.failed || len(k.b) > maxKey; k.failed {
			return
		}
		switch s := s.(type) {
		case *ast.Field:
			k.b = append(append(append(append(k.b, s.Alias...), ':'), s.Name...), '(')
			if s.Definition != nil {
				k.value(k.arguments(s))
			}
			k.b = append(k.b, ')')
			k.directives(s.Directives)
			k.selection(s.SelectionSet)
			k.b = append(k.b, ' ')
		case *ast.InlineFragment:
			k.fragment(s.TypeCondition, s.Directives, s.SelectionSet)
		case *ast.FragmentSpread:
			f := k.doc.Fragments.ForName(s.Name)
			if f == nil {
				k.failed = true
				return
			}
			k.fragment(f.TypeCondition, append(slices.Clone(s.Directives), f.Directives...), f.SelectionSet)
		}
	}
	k.b = append(k.b, '}')
}

func (k *keyWriter) arguments(f *ast.Field) map[string]any {
	args := f.ArgumentMap(k.vars)
	if k.anywhere && k.depth == 1 {
		maps.DeleteFunc(args, func(name string, _ any) bool {
			a := f.Definition.Arguments.ForName(name)
			return a != nil && a.Type.Name() == positionType
		})
	}
	return args
}

func (k *keyWriter) fragment(on string, directives ast.DirectiveList, set ast.SelectionSet) {
	k.b = append(append(k.b, "..."...), on...)
	k.directives(directives)
	k.selection(set)
}

func (k *keyWriter) directives(list ast.DirectiveList) {
	for _, d := range list {
		k.b = append(append(k.b, '@'), d.Name...)
		if d.Definition == nil {
			k.failed = true
			return
		}
		k.value(d.ArgumentMap(k.vars))
	}
}

// value writes arguments, whose names JSON sorts; those that are no JSON are not compared.
func (k *keyWriter) value(v map[string]any) {
	b, err := json.Marshal(v)
	k.failed = k.failed || err != nil
	k.b = append(append(strconv.AppendInt(k.b, int64(len(b)), 10), ':'), b...)
}
