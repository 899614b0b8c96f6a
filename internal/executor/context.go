package executor

import (
	"context"
	"sync"

	"github.com/99designs/gqlgen/graphql"
)

// A context has one value behind the other, each with memory of its own, and is asked
// for all of them by what stands below. Ours have several in one place.

// KeyOf gives the key that ask asks its context for: gqlgen's are not exported.
func KeyOf(ask func(context.Context)) any {
	a := &asked{Context: context.Background()}
	ask(a)
	return a.key
}

type asked struct {
	context.Context //nolint:containedctx // it is one
	key             any
}

// Value implements context.Context.
func (a *asked) Value(key any) any {
	a.key = key
	return nil
}

var (
	inputsKey    = KeyOf(func(ctx context.Context) { _ = graphql.UnmarshalNamedInputFromContext(ctx, "", nil, nil) })
	fieldKey     = KeyOf(func(ctx context.Context) { graphql.GetFieldContext(ctx) })
	rootFieldKey = KeyOf(func(ctx context.Context) { graphql.GetRootFieldContext(ctx) })
)

// A runContext is what everything of a run is executed with.
type runContext struct {
	context.Context //nolint:containedctx // it is one
	run             *run
	inputs          sync.Once
	index           *graphql.InputUnmarshalerIndex
}

// Value implements context.Context.
func (c *runContext) Value(key any) any {
	if key == inputsKey {
		return c.unmarshalers
	}
	return c.Context.Value(key)
}

// unmarshalers are those of the schema's input objects, of which hardly a request has
// use.
func (c *runContext) unmarshalers() *graphql.InputUnmarshalerIndex {
	c.inputs.Do(func() { c.index = c.run.inputs(c.run.w.Generated) })
	return c.index
}

// A columnContext is what a column is loaded with: for resolvers, the field that they
// load for a whole level.
type columnContext struct {
	context.Context //nolint:containedctx // it is one
	field           graphql.FieldContext
	root            *rootContext // nil below root fields
}

// A rootContext is what a root field's has more.
type rootContext struct {
	object graphql.FieldContext
	field  graphql.RootFieldContext
}

// Value implements context.Context.
func (c *columnContext) Value(key any) any {
	switch {
	case key == fieldKey:
		return &c.field
	case key == rootFieldKey && c.root != nil:
		return &c.root.field
	}
	return c.Context.Value(key)
}

// enter gives the context that a column is loaded with. Its path has no indexes. Root
// fields that no middleware has entered are entered with it.
func (f *frame) enter(ctx context.Context, col *column, root bool) (context.Context, *graphql.FieldContext) {
	type rootColumn struct {
		columnContext
		rootContext
	}
	var c *columnContext
	if root && f.parent == nil {
		r := &rootColumn{}
		c, r.root = &r.columnContext, &r.rootContext
		r.object.Object = f.node.object.Name
		r.rootContext.field = graphql.RootFieldContext{Object: col.selected.Name, Field: col.selected}
		c.field.Parent = &r.object
	} else {
		c = &columnContext{}
		c.field.Parent = f.above()
	}
	c.Context = ctx
	describe(&c.field, f.node.object.Name, col.field, col.selected)
	f.columns[col.index].level = &c.field
	return c, &c.field
}
