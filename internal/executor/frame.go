package executor

import (
	"context"
	"sort"

	"github.com/99designs/gqlgen/graphql"
)

// A frame is all objects of one type in one place of the answer: what others
// execute one by one.
type frame struct {
	node    *node
	objects []any
	columns []Column // as the node's

	parent *frame  // nil: the operation's root
	of     *column // the parent's column that the objects come from
	source []int32 // index of each object in that column; unset: its own
}

// children makes the frames of a column's objects.
func (r *run) children(f *frame, col *column) []*frame {
	c := &f.columns[col.index]
	if c.all != nil || c.none || len(c.objects) == 0 || len(col.kids) == 0 {
		return nil
	}
	if col.abstract == nil {
		c.kids = []*frame{r.kid(f, col, 0)}
		c.kids[0].take(c)
	} else {
		r.sort(f, col, c)
	}
	for _, kid := range c.kids {
		if kid != nil && len(kid.node.columns) > 0 {
			kid.columns = make([]Column, len(kid.node.columns))
		}
	}
	return c.kids
}

func (r *run) kid(f *frame, col *column, kind int) *frame {
	return &frame{node: r.plan.below(r.op, col, kind), parent: f, of: col}
}

// take takes all objects of a column that are not null.
func (f *frame) take(c *Column) {
	nulls := 0
	for _, o := range c.objects {
		if o == nil {
			nulls++
		}
	}
	if nulls == 0 {
		f.objects = c.objects
		return
	}
	n := len(c.objects) - nulls
	c.place = make([]int32, len(c.objects))
	f.objects, f.source = make([]any, 0, n), make([]int32, 0, n)
	for i, o := range c.objects {
		c.place[i] = NoObject
		if o != nil {
			c.place[i] = f.add(o, i)
		}
	}
}

func (f *frame) add(object any, source int) (place int32) {
	f.objects, f.source = append(f.objects, object), append(f.source, int32(source)) //nolint:gosec // bounded by memory
	return int32(len(f.objects) - 1)                                                 //nolint:gosec // as above
}

// sort gives the objects of an abstract type to a frame for each possible type.
func (r *run) sort(f *frame, col *column, c *Column) {
	c.kids = make([]*frame, len(col.kids))
	c.kind, c.place = make([]uint8, len(c.objects)), make([]int32, len(c.objects))
	for i, o := range c.objects {
		kind, object := col.abstract.Of(o)
		if kind < 0 {
			c.place[i] = int32(kind) //nolint:gosec // NoObject or UnknownObject
			continue
		}
		if c.kids[kind] == nil {
			c.kids[kind] = r.kid(f, col, kind)
		}
		c.kind[i], c.place[i] = uint8(kind), c.kids[kind].add(object, i) //nolint:gosec // the generator refuses more types
	}
}

// fieldContext is what resolvers and errors see of a field. Its parent is set by the caller.
func fieldContext(object string, field *Field, selected graphql.CollectedField, args map[string]any) *graphql.FieldContext {
	fc := &graphql.FieldContext{Args: args}
	describe(fc, object, field, selected)
	return fc
}

// describe writes what is known of a field before anything is executed.
func describe(fc *graphql.FieldContext, object string, field *Field, selected graphql.CollectedField) {
	fc.Object, fc.Field = object, selected
	fc.IsMethod, fc.IsResolver = field.IsMethod || field.IsResolver, field.IsResolver
}

// withField puts a field with all its parents into a context.
func withField(ctx context.Context, fc *graphql.FieldContext) context.Context {
	parent := fc.Parent
	ctx = graphql.WithFieldContext(ctx, fc) // which sets the parent to ctx's
	fc.Parent = parent
	return ctx
}

// level is the context of a field for all objects of the frame: its path has no indexes.
func (f *frame) level(col *column) *graphql.FieldContext {
	fc := fieldContext(f.node.object.Name, col.field, col.selected, nil)
	fc.Parent = f.above()
	return fc
}

// above is the context of the field that the frame's objects come from, for all of them.
func (f *frame) above() *graphql.FieldContext {
	if f.parent == nil {
		return &graphql.FieldContext{Object: f.node.object.Name}
	}
	if loaded := f.parent.columns[f.of.index].level; loaded != nil {
		return loaded
	}
	return f.parent.level(f.of)
}

// element is the context of a field of object i.
func (f *frame) element(i int, col *column) *graphql.FieldContext {
	fc := fieldContext(f.node.object.Name, col.field, col.selected, f.columns[col.index].args)
	fc.Parent = f.object(i)
	return fc
}

func (f *frame) object(i int) *graphql.FieldContext {
	if f.parent == nil {
		return &graphql.FieldContext{Object: f.node.object.Name}
	}
	c := &f.parent.columns[f.of.index]
	if f.source != nil {
		i = int(f.source[i])
	}
	if c.offsets == nil {
		return f.parent.element(i, f.of)
	}
	parent := sort.Search(len(c.offsets), func(k int) bool { return int(c.offsets[k]) > i }) - 1
	index := i - int(c.offsets[parent])
	return &graphql.FieldContext{Parent: f.parent.element(parent, f.of), Index: &index}
}
