package executor

import (
	"context"
	"errors"
	"io"

	"github.com/99designs/gqlgen/graphql"
)

// A step is one object on the way down to what is being written.
type step struct {
	f     *frame
	out   *output
	index int // in the list, -1 outside of lists
}

var errBadFloat = errors.New("cannot marshal infinite no NaN float values") // gqlgen's words

func (w *Writer) null() { w.Buf = append(w.Buf, "null"...) }

// object writes object i of f. It gives false, and has written nothing, when the
// object must become null because something in it is null that may not be.
// Everything in it is visited all the same, so that every error is told.
func (r *run) object(f *frame, i int, s *shape) bool {
	start, late, ok := len(r.w.Buf), len(r.late), true
	r.w.Buf = append(r.w.Buf, '{')
	for k := range s.outputs {
		out := &s.outputs[k]
		r.w.Buf = append(r.w.Buf, out.key...)
		switch {
		case out.field == nil:
			r.w.Buf = append(r.w.Buf, s.typename...)
		case out.column == nil:
			mark := len(r.w.Buf)
			if status := r.leaf(f, i, out); status != Written && !r.leafNull(f, out, status, mark) {
				ok = false
			}
		case !r.value(f, i, out):
			ok = false
		}
	}
	if !ok {
		r.w.Buf, r.late = r.w.Buf[:start], r.late[:late]
		return false
	}
	r.w.Buf = append(r.w.Buf, '}')
	return true
}

// context is one for errors of a field of the object that is being written, with
// its whole path.
func (r *run) context(f *frame, out *output) context.Context {
	return withField(r.w.ctx, r.fieldContext(f, out))
}

// elementContext is one for errors of an element of a list, or of the field when
// index is -1.
func (r *run) elementContext(f *frame, out *output, index int) context.Context {
	fc := r.fieldContext(f, out)
	if index >= 0 {
		fc = &graphql.FieldContext{Parent: fc, Index: &index}
	}
	return withField(r.w.ctx, fc)
}

func (r *run) fieldContext(f *frame, out *output) *graphql.FieldContext {
	at := &graphql.FieldContext{Object: r.plan.root.object.Name}
	for _, s := range r.trail {
		at = stepContext(at, s.f, s.out)
		if s.index >= 0 {
			at = &graphql.FieldContext{Parent: at, Index: &s.index}
		}
	}
	return stepContext(at, f, out)
}

func stepContext(parent *graphql.FieldContext, f *frame, out *output) *graphql.FieldContext {
	var args map[string]any
	if out.column != nil {
		args = f.columns[out.column.index].args
	}
	fc := fieldContext(f.node.object.Name, out.field, out.selected, args)
	fc.Parent = parent
	return fc
}

// leaf writes a scalar that its parent has.
func (r *run) leaf(f *frame, i int, out *output) (status Status) {
	if out.field.Guarded || out.field.Contextual {
		status = r.foreign(f, out, func() Status { return out.field.Leaf(&r.w, f.objects[i]) })
	} else {
		status = out.field.Leaf(&r.w, f.objects[i])
	}
	if r.w.badFloats > 0 {
		r.tellBadFloats(f, out)
	}
	return status
}

// reported says that there is no value, and that the error is told already.
const reported Status = 255

// foreign runs an encoder that may panic, or that wants to know where it is.
func (r *run) foreign(f *frame, out *output, encode func() Status) (status Status) {
	outer := r.w.ctx
	defer func() {
		r.w.ctx = outer
		if p := recover(); p != nil {
			ctx := r.context(f, out)
			graphql.AddError(ctx, r.op.RecoverFunc(ctx, p))
			status = reported
		}
	}()
	if !out.field.Contextual {
		return encode()
	}
	r.w.ctx = graphql.WithFreshResponseContext(r.context(f, out)) //nolint:fatcontext // taken back on return
	status = encode()
	if status == Written { // else leafNull tells
		r.late = append(r.late, graphql.GetErrors(r.w.ctx)...)
	}
	return status
}

func (r *run) tellBadFloats(f *frame, out *output) {
	ctx := graphql.WithFreshResponseContext(r.context(f, out))
	for ; r.w.badFloats > 0; r.w.badFloats-- {
		graphql.AddError(ctx, errBadFloat)
	}
	r.late = append(r.late, graphql.GetErrors(ctx)...)
}

// leafNull writes null for a scalar, and tells whether it may be.
func (r *run) leafNull(f *frame, out *output, status Status, mark int) bool {
	field := out.field
	r.w.Buf = r.w.Buf[:mark]
	r.w.null()
	switch {
	case status == reported:
		return !field.NonNull
	case !field.NonNull && status != NullElement && (status != NullByEncoder || !field.List):
		return true
	}
	ctx, name := r.context(f, out), field.GraphQL
	if field.List {
		name = field.Element
	}
	if status == NullByEncoder {
		graphql.AddInvalidNullFromMarshaler(ctx, name)
	} else {
		graphql.AddInvalidNullError(ctx, name)
	}
	return !field.NonNull
}

// value writes what a column has for object i, and tells whether it may be there.
func (r *run) value(f *frame, i int, out *output) bool {
	c := &f.columns[out.column.index]
	if c.root == nil {
		return r.loaded(f, i, out)
	}
	c.standIn.out = out
	switch c.root {
	case graphql.Marshaler(c.standIn):
		return r.loaded(f, i, out)
	case graphql.Null:
		r.w.null()
		return !out.field.NonNull
	}
	// A middleware made something of its own, which may have ours in it.
	c.root.MarshalGQL(&r.w)
	return true
}

// inPlace stands for a root field while a middleware looks at it.
type inPlace struct {
	r   *run
	f   *frame
	out *output // what is being written
}

// MarshalGQL writes the field; with another writer than the answer's it is encoded aside.
func (m *inPlace) MarshalGQL(w io.Writer) {
	mark := len(m.r.w.Buf)
	m.r.loaded(m.f, 0, m.out)
	if w != io.Writer(&m.r.w) {
		_, _ = w.Write(m.r.w.Buf[mark:])
		m.r.w.Buf = m.r.w.Buf[:mark]
	}
}

func (r *run) loaded(f *frame, i int, out *output) bool {
	c, field := &f.columns[out.column.index], out.field
	required := field.NonNull || c.required != nil && c.required[i]
	switch {
	case c.all != nil:
		r.fail(f, out, c.all)
		return !required
	case c.each != nil && c.each[i] != nil:
		r.fail(f, out, c.each[i])
		return !required
	case c.none || c.nulls != nil && c.nulls[i]:
		r.w.null()
		if required {
			ctx := r.fieldContext(f, out)
			ctx.NonNull = !field.NonNull
			graphql.AddInvalidNullError(withField(r.w.ctx, ctx), "")
		}
		return !required
	case len(out.column.kids) == 0:
		return r.scalar(f, i, out, c)
	case c.offsets != nil:
		return r.list(f, i, out, c)
	}
	written, told := r.child(f, out, c, i, -1)
	if written {
		return true
	}
	r.w.null()
	if field.NonNull && !told {
		graphql.AddInvalidNullError(r.context(f, out), field.GraphQL)
	}
	return !field.NonNull
}

func (r *run) fail(f *frame, out *output, err error) {
	r.w.null()
	ctx := r.context(f, out)
	if _, ok := err.(argsError); ok { //nolint:errorlint // set by us, never wrapped
		// Once more, for an error with this path in it.
		if _, again := out.field.Args(ctx, r.w.Generated, out.selected.ArgumentMap(r.op.Variables)); again != nil {
			graphql.AddError(ctx, again)
			return
		}
	}
	report(ctx, err)
}

func (r *run) scalar(f *frame, i int, out *output, c *Column) bool {
	mark, field := len(r.w.Buf), out.field
	var status Status
	switch {
	case field.Leaf != nil:
		status = r.leaf(f, i, out)
	case field.Contextual:
		status = r.foreign(f, out, func() Status { return field.LeafAt(&r.w, c.values, i) })
	default:
		status = field.LeafAt(&r.w, c.values, i)
	}
	if r.w.badFloats > 0 {
		r.tellBadFloats(f, out)
	}
	return status == Written || r.leafNull(f, out, status, mark)
}

func (r *run) list(f *frame, i int, out *output, c *Column) bool {
	if c.nilLists != nil && c.nilLists[i] {
		r.w.null()
		return true
	}
	start, late, ok, first := len(r.w.Buf), len(r.late), true, c.offsets[i]
	r.w.Buf = append(r.w.Buf, '[')
	for k := first; k < c.offsets[i+1]; k++ {
		if k > first {
			r.w.Buf = append(r.w.Buf, ',')
		}
		index := int(k - first)
		written, told := r.child(f, out, c, int(k), index)
		if written {
			continue
		}
		r.w.null()
		if !out.field.ElemNonNull {
			continue
		}
		ok = false
		if !told {
			graphql.AddInvalidNullError(r.elementContext(f, out, index), out.field.Element)
		}
	}
	if !ok {
		r.w.Buf, r.late = r.w.Buf[:start], r.late[:late]
		r.w.null()
		return !out.field.NonNull
	}
	r.w.Buf = append(r.w.Buf, ']')
	return true
}

// child writes object k of a column. When it has not written it, told says that
// there is an error about that already, somewhere inside.
func (r *run) child(f *frame, out *output, c *Column, k, index int) (written, told bool) {
	kind, place := 0, k
	if c.kind != nil {
		kind = int(c.kind[k])
	}
	if c.place != nil {
		place = int(c.place[k])
	}
	switch place {
	case NoObject:
		return false, false
	case UnknownObject:
		return r.unknown(f, out, c.objects[k], index), true
	}
	r.trail = append(r.trail, step{f, out, index})
	written = r.object(c.kids[kind], place, out.shapes[kind].Load())
	r.trail = r.trail[:len(r.trail)-1]
	return written, true
}

// unknown writes a value that is of none of its type's Go types: itself, when
// it can, else an error as of the panic that it is with gqlgen.
func (r *run) unknown(f *frame, out *output, value any, index int) bool {
	if m, ok := value.(graphql.Marshaler); ok {
		m.MarshalGQL(&r.w)
		return true
	}
	ctx := r.elementContext(f, out, index)
	graphql.AddError(ctx, r.op.RecoverFunc(ctx, unexpectedTypeError{value, out.column.abstract.Name}))
	return false
}
