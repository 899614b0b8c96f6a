package plugin

import (
	"fmt"
	"go/types"
	"slices"
	"strings"

	"github.com/99designs/gqlgen/codegen"
	"github.com/99designs/gqlgen/codegen/config"
	"github.com/99designs/gqlgen/codegen/templates"
	"github.com/vektah/gqlparser/v2/ast"
)

// A source is a field and what is known of it.
type source struct {
	*codegen.Field
	object     *codegen.Object
	composite  bool // of an object, interface or union type
	list       bool
	directives []*codegen.Directive
	perObject  bool // a directive wants to see each object
}

func (g *generator) field(o *codegen.Object, f *codegen.Field) {
	kind := f.TypeReference.Definition.Kind
	s := source{
		Field: f, object: o, list: f.TypeReference.GQL.Elem != nil,
		composite:  kind == ast.Object || kind == ast.Interface || kind == ast.Union,
		directives: f.ImplDirectives(),
	}
	s.perObject = slices.ContainsFunc(s.directives, func(d *codegen.Directive) bool { return !slices.Contains(g.plugin.LevelSafe, d.Name) })
	if s.UsesSubscriptionContext() {
		g.refused = append(g.refused, fmt.Sprintf("%s.%s has @subscriptionContext: a context for each event is not passed on", s.object.Name, s.Name))
	}
	if why := s.uncovered(); why != "" {
		g.linef("%q: {Name: %q, Uncovered: %q},", f.Name, f.Name, why)
		return
	}
	g.description(s)
	if len(f.Args) > 0 {
		g.linef("Args: func(ctx context.Context, generated any, raw map[string]any) (map[string]any, error) { return generated.(*executionContext).%s(ctx, raw) },", f.ArgsFunc())
	}
	if len(s.directives) > 0 {
		g.directiveChain(s)
	}
	switch {
	case o.Stream:
		g.stream(s)
	case f.IsBatch() && !o.Root:
		g.batch(s)
	case f.IsResolver, f.IsMethod() && (s.composite || len(f.Args) > 0 || f.MethodHasContext || !f.NoErr || s.perObject):
		g.each(s, g.call(s))
	case s.perObject, s.composite && s.throughPointer():
		g.each(s, "parent.("+g.typeName(o.Reference())+")."+f.GoFieldName+", nil")
	case s.composite:
		g.fill(s)
	default:
		g.leafField(s)
	}
	g.linef("},")
}

// uncovered says why operations with the field go to gqlgen's executor.
func (s source) uncovered() string {
	t := s.TypeReference
	switch {
	case t.IsRoot:
		return "it gives a root type"
	case s.IsMap() || t.IsMap():
		return "it is bound to a map"
	case s.VOkFunc || s.HasHaser:
		return "it is bound to a method that says whether there is a value"
	case s.HasFederationRequiresArg():
		return "it needs fields of another service"
	case s.UsesSubscriptionContext():
		return "its events have contexts of their own"
	case s.object.Stream && (!s.composite || s.list || !config.IsNilable(t.GO)):
		return "its events are not pointers to objects"
	case s.composite && (t.IsPtrToSlice() || t.IsPtrToIntf() || t.IsPtrToPtr() || s.list && !t.IsSlice()):
		return "it is a pointer to a pointer, slice or interface"
	case s.composite && s.list && t.GQL.Elem.Elem != nil:
		return "it is a list of lists of objects"
	case s.composite && s.list && (t.Elem().IsPtrToSlice() || t.Elem().IsPtrToIntf() || t.Elem().IsPtrToPtr()):
		return "its elements are pointers to pointers, slices or interfaces"
	}
	return ""
}

// throughPointer tells that reading the field goes through an embedded pointer,
// which may be nil for one object and not for the next.
func (s source) throughPointer() bool {
	if !s.IsVariable() {
		return false
	}
	named, ok := types.Unalias(s.object.Type).(*types.Named)
	if !ok {
		return false
	}
	_, path, _ := types.LookupFieldOrMethod(s.object.Type, true, named.Obj().Pkg(), s.GoFieldName)
	t := s.object.Type
	for _, i := range path[:max(0, len(path)-1)] {
		st, ok := t.Underlying().(*types.Struct)
		if !ok {
			return false
		}
		t = st.Field(i).Type()
		if _, ok := t.Underlying().(*types.Pointer); ok {
			return true
		}
	}
	return false
}

func (g *generator) description(s source) {
	t := s.TypeReference
	g.linef("%q: {Name: %q, Type: %q, GraphQL: %q,", s.Name, s.Name, t.Definition.Name, t.GQL.String())
	for _, flag := range []struct {
		name string
		set  bool
	}{
		{"NonNull", t.GQL.NonNull},
		{"List", s.list},
		{"ElemNonNull", s.list && t.GQL.Elem.NonNull},
		{"IsMethod", s.IsMethod()},
		{"IsResolver", s.IsResolver},
		{"Concurrent", s.IsConcurrent() && !s.IsBatch() || s.object.Root},
	} {
		if flag.set {
			g.linef("%s: true,", flag.name)
		}
	}
	if s.list {
		g.linef("Element: %q,", t.GQL.Elem.String())
	}
	if s.IsBatch() && !s.object.Root && s.perObject {
		g.refused = append(g.refused, fmt.Sprintf("%s.%s is a batch resolver under a directive that is not marked level-safe, and so may want to see each object", s.object.Name, s.Name))
	}
}

func (g *generator) directiveChain(s source) {
	g.linef("Directives: func(ctx context.Context, generated, parent any, directive0 graphql.Resolver) (any, error) {\nec := generated.(*executionContext)")
	for i, d := range s.directives {
		g.linef("directive%d := func(ctx context.Context) (any, error) {", i+1)
		for _, a := range d.Args {
			v := a.Value
			if v == nil {
				v = a.Default
			}
			if v != nil {
				g.directiveArgument(a, templates.Dump(v))
			}
		}
		if !d.IsBuiltIn() {
			g.linef("if %s == nil { return nil, %s.New(%q) }", d.CallPath(), g.use("errors", "errors"), "directive "+d.Name+" is not implemented")
		}
		parent := "parent"
		if s.object.Root {
			parent = "nil"
		}
		g.linef("return %s(%s)\n}", d.CallPath(), d.ResolveArgs(parent, i))
	}
	g.linef("return directive%d(ctx)\n},", len(s.directives))
}

// directiveArgument decodes an argument that stands in the schema: once, where what it
// becomes depends on nothing else and cannot be changed by who gets it.
func (g *generator) directiveArgument(a *codegen.FieldArgument, value string) {
	t := a.TypeReference
	decode := fmt.Sprintf("ec.%s(ctx, %s)", t.UnmarshalFunc(), value)
	if !constant(t) {
		g.linef("%s, err := %s\nif err != nil { return nil, err }", a.VarName, decode)
		return
	}
	name, known := g.constants[decode]
	if !known {
		name = fmt.Sprintf("executorConstant%d", len(g.constants)+1)
		g.constants[decode] = name
		g.declared = append(g.declared, fmt.Sprintf("var %s executor.Constant[%s]\n", name, g.typeName(t.GO)))
	}
	g.linef("%s, err := %s.Get(func() (%s, error) { return %s })\nif err != nil { return nil, err }", a.VarName, name, g.typeName(t.GO), decode)
}

// constant tells whether a value of a type is the same for every request.
func constant(t *config.TypeReference) bool {
	for ; t != nil; t = t.Elem() {
		if t.IsContext || t.Definition.Kind != ast.Scalar && t.Definition.Kind != ast.Enum {
			return false
		}
	}
	return true
}

// arguments are those of the schema, as Go expressions.
func (g *generator) arguments(s source) (list []string) {
	for _, a := range s.Args {
		list = append(list, fmt.Sprintf("args[%q].(%s)", a.Name, g.typeName(a.TypeReference.GO)))
	}
	return list
}

func resolver(s source) string {
	return "generated.(*executionContext).Resolvers." + strings.ToUpper(s.object.Name[:1]) + s.object.Name[1:] + "()." + s.GoFieldName
}

// call is what gives the value for one parent: two results.
func (g *generator) call(s source) string {
	var args []string
	function := resolver(s)
	if s.IsResolver {
		args = append(args, "ctx")
		if !s.object.Root {
			args = append(args, "parent.("+g.typeName(s.object.Reference())+")")
		}
	} else {
		function = "parent.(" + g.typeName(s.object.Reference()) + ")." + s.GoFieldName
		if s.MethodHasContext {
			args = append(args, "ctx")
		}
	}
	call := function + "(" + strings.Join(append(args, g.arguments(s)...), ", ") + ")"
	if s.NoErr && !s.IsResolver {
		call += ", nil"
	}
	return call
}

func (g *generator) stream(s source) {
	g.linef("Stream: func(ctx context.Context, generated any, args map[string]any) (func(context.Context) (any, bool), error) {")
	g.linef("events, err := %s(%s)\nif err != nil || events == nil { return nil, err }", resolver(s), strings.Join(append([]string{"ctx"}, g.arguments(s)...), ", "))
	g.linef("return func(ctx context.Context) (any, bool) { select {\ncase v, ok := <-events:\nif v == nil { return nil, ok }\nreturn v, ok\ncase <-ctx.Done(): return nil, false\n} }, nil },")
}

func (g *generator) batch(s source) {
	args := append([]string{"ctx", "executor.Typed[" + g.typeName(s.object.Reference()) + "](parents)"}, g.arguments(s)...)
	g.linef("Batch: func(ctx context.Context, generated any, parents []any, args map[string]any, c *executor.Column) {")
	g.linef("results, err := %s(%s)\nif c.BatchFailed(err, len(results), len(parents), %q) { return }", resolver(s), strings.Join(args, ", "), s.object.Name+"."+s.Name)
	g.set(s)
	g.linef("},")
	g.leafAt(s)
}

func (g *generator) each(s source, call string) {
	g.linef("Each: func(ctx context.Context, generated, parent any, args map[string]any) (any, error) { return %s },", call)
	g.linef("Collect: func(c *executor.Column, values []any) {\nresults := executor.Results[%s](c, values)", g.typeName(s.TypeReference.GO))
	g.set(s)
	g.linef("},")
	g.leafAt(s)
}

func (g *generator) fill(s source) {
	g.linef("Fill: func(parents []any, c *executor.Column) {\nresults := make([]%s, len(parents))", g.typeName(s.TypeReference.GO))
	g.linef("for i, p := range parents { results[i] = p.(%s).%s }", g.typeName(s.object.Reference()), s.GoFieldName)
	g.set(s)
	g.linef("},")
}

func (g *generator) leafField(s source) {
	get := "parent.(" + g.typeName(s.object.Reference()) + ")." + s.GoFieldName
	if s.IsMethod() {
		get += "()"
	}
	if s.IsMethod() || s.throughPointer() {
		g.linef("Guarded: true,")
	}
	if g.contextual(s.TypeReference) {
		g.linef("Contextual: true,")
	}
	g.linef("Leaf: func(w *executor.Writer, parent any) executor.Status { return %s(w, %s) },", g.leaf(s.TypeReference), get)
}

func (g *generator) leafAt(s source) {
	if s.composite {
		return
	}
	if g.contextual(s.TypeReference) {
		g.linef("Contextual: true,")
	}
	g.linef("LeafAt: func(w *executor.Writer, values any, i int) executor.Status { return %s(w, values.([]%s)[i]) },", g.leaf(s.TypeReference), g.typeName(s.TypeReference.GO))
}

// set puts results into the column.
func (g *generator) set(s source) {
	if !s.composite {
		g.linef("executor.SetValues(c, results)")
		return
	}
	t, suffix, nullable := s.TypeReference.GO, "s", ""
	if s.list {
		slice, _ := t.Underlying().(*types.Slice)
		t, suffix, nullable = slice.Elem(), "Lists", fmt.Sprintf(", %v", !s.TypeReference.GQL.NonNull)
	}
	name := "Struct"
	switch t.Underlying().(type) {
	case *types.Pointer:
		name = "Pointer"
	case *types.Interface:
		name = "Interface"
	}
	g.linef("executor.Set%s%s(c, results%s)", name, suffix, nullable)
}
