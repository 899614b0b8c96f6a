package executor

import (
	"context"
	"errors"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// ErrNotProjectable is Project's answer to selections that need a resolver.
var ErrNotProjectable = errors.New("the selection needs more than what is in the event")

// A Projection encodes the events of one subscription: without resolvers, and
// without allocations where all is in the event itself. It is not safe for
// concurrent use.
type Projection struct {
	run    run
	key    []byte
	col    *column
	out    *output
	kinds  []*projected // by the event's possible type; nil until there is one
	event  [1]any
	parent frame
	size   int // of the last event's data
}

// projected is what is written of events of one type.
type projected struct {
	frame frame
	shape *shape // nil: that takes resolvers
}

// Project compiles the payload of a subscription whose selection is in memory
// when an event comes, else it gives ErrNotProjectable. What is selected of an
// abstract type is compiled when the first event of each type comes.
func (s *Schema) Project(op *graphql.OperationContext) (*Projection, error) {
	p := s.plans.plan(op, s.root(op.Operation))
	if p == nil || !p.streams() {
		return nil, ErrNotProjectable
	}
	pr := s.project(op, p)
	if pr.key == nil || pr.col.abstract == nil && !pr.always() {
		return nil, ErrNotProjectable
	}
	return pr, nil
}

// always tells that every event can be projected, whatever it is.
func (p *Projection) always() bool {
	return p.key != nil && p.col.abstract == nil && p.kind(0).shape != nil
}

// project gives an empty projection for a stream of what are no objects.
func (s *Schema) project(op *graphql.OperationContext, p *Plan) *Projection {
	col, out := p.root.columns[0], &p.shape.outputs[0]
	if len(col.kids) == 0 {
		return &Projection{}
	}
	pr := &Projection{key: append([]byte{'{'}, out.key...), col: col, out: out, kinds: make([]*projected, len(col.kids))}
	pr.run = run{plan: p, op: op, limit: 1}
	pr.run.w.Generated = s.generated(op)
	pr.parent = frame{node: p.root, objects: []any{nil}, columns: make([]Column, 1)}
	pr.run.trail = append(make([]step, 0, 1), step{&pr.parent, out, -1})
	return pr
}

// inMemory tells that all that is selected of an object is reached by following
// pointers and calling methods: nothing in it waits.
func inMemory(n *node, s *shape) bool {
	for i := range s.outputs {
		out := &s.outputs[i]
		if out.field != nil && out.field.Contextual {
			return false
		}
	}
	for _, col := range n.columns {
		if !col.field.inMemory() && !col.field.method() || col.abstract != nil || col.field.Contextual {
			return false
		}
		for _, out := range col.outputs {
			if len(col.kids) == 1 && !inMemory(col.kids[0].Load(), out.shapes[0].Load()) {
				return false
			}
		}
	}
	return true
}

// kind gives what is written of events of one type.
func (p *Projection) kind(i int) *projected {
	k := p.kinds[i]
	if k == nil {
		n := p.run.plan.below(p.run.op, p.col, i)
		k = &projected{shape: p.out.shapes[i].Load()}
		if inMemory(n, k.shape) {
			k.frame = frame{node: n, objects: p.event[:], columns: make([]Column, len(n.columns)), parent: &p.parent, of: p.col}
		} else {
			k.shape = nil
		}
		p.kinds[i] = k
	}
	return k
}

// of gives what is written of an event, and the event as its fields take it; nil
// when it cannot be projected.
func (p *Projection) of(event any) (*projected, any) {
	i := 0
	if p.key == nil || event == nil { // what comes is no objects, or none
		return nil, nil
	}
	if p.col.abstract != nil {
		if i, event = p.col.abstract.Of(event); i < 0 {
			return nil, nil
		}
	}
	if k := p.kind(i); k.shape != nil {
		return k, event
	}
	return nil, nil
}

// Append writes the data of one event, {"alias":{...}}, behind b. event is what
// the subscription's channel carries. Errors in it are added to ctx, as those of
// any answer. It gives ErrNotProjectable, and b, for an event of a type of which
// more is selected than is in it.
func (p *Projection) Append(ctx context.Context, b []byte, event any) ([]byte, error) {
	k, object := p.of(event)
	if k == nil {
		return b, ErrNotProjectable
	}
	b, late := p.append(ctx, b, k, object)
	for _, err := range late {
		graphql.AddError(ctx, err)
	}
	return b, nil
}

// append gives the errors of values beside those that are in ctx, as answer does.
func (p *Projection) append(ctx context.Context, b []byte, k *projected, object any) ([]byte, gqlerror.List) {
	start := len(b)
	b = append(b, p.key...)
	p.run.w.Buf, p.run.w.ctx, p.event[0] = b, ctx, object
	if len(k.frame.columns) > 0 {
		clear(k.frame.columns)
		p.run.read(ctx, &k.frame)
	}
	ok := p.run.object(&k.frame, 0, k.shape)
	out, late := p.run.w.Buf, p.run.late
	p.run.w.Buf, p.run.w.ctx, p.event[0], p.run.late = nil, nil, nil, nil
	switch {
	case ok:
		return append(out, '}'), late
	case p.col.field.NonNull:
		return append(out[:start], "null"...), late
	}
	return append(out, "null}"...), late
}

// answer is one event's, in memory of its own.
func (p *Projection) answer(ctx context.Context, k *projected, object any) *graphql.Response {
	data, late := p.append(ctx, make([]byte, 0, p.size+p.size/8+64), k, object)
	p.size = len(data)
	return &graphql.Response{Data: slices.Clip(data), Errors: late}
}

// read fills the columns of a frame and of all that is below it.
func (r *run) read(ctx context.Context, f *frame) {
	for _, col := range f.node.columns {
		if col.field.Fill != nil {
			r.fill(ctx, f, col)
		} else {
			r.methods(ctx, f, col, &f.columns[col.index])
		}
		for _, kid := range r.children(f, col) {
			r.read(ctx, kid)
		}
	}
}
