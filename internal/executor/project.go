package executor

import (
	"context"
	"errors"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// ErrNotProjectable is Project's answer to selections that need a resolver.
var ErrNotProjectable = errors.New("the selection needs more than what is in the event")

// A Projection encodes the events of one subscription: without resolvers, and
// without allocations. It is not safe for concurrent use.
type Projection struct {
	run    run
	key    []byte
	col    *column
	out    *output
	kinds  []*projected // by the event's possible type; nil until there is one
	event  [1]any
	parent frame
}

// projected is what is written of events of one type.
type projected struct {
	frame frame
	shape *shape
	need  need
}

// Project compiles the payload of a subscription whose selection is read from
// the event alone, else it gives ErrNotProjectable. What is selected of an
// abstract type is compiled when the first event of each type comes.
func (s *Schema) Project(op *graphql.OperationContext) (*Projection, error) {
	p := s.plans.plan(op, s.root(op.Operation))
	if p == nil || !p.streams() {
		return nil, ErrNotProjectable
	}
	pr := s.project(op, p)
	if pr.key == nil || pr.col.abstract == nil && pr.kind(0).need != flat {
		return nil, ErrNotProjectable
	}
	return pr, nil
}

// project gives an empty projection for a stream of what are no objects.
func (s *Schema) project(op *graphql.OperationContext, p *Plan) *Projection {
	col, out := p.root.columns[0], p.shape.outputs[0]
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

// A need is what it takes to write an event.
type need uint8

const (
	flat      need = iota // nothing: all is in the event's own memory
	inMemory              // following pointers and calling methods of the event
	resolvers             // whatever they do
)

// needOf is what a selection of an object needs.
func needOf(n *node, s *shape) need {
	most := flat
	for _, out := range s.outputs {
		if out.field != nil && out.field.Contextual {
			return resolvers
		}
	}
	for _, col := range n.columns {
		f := col.field
		method := f.Each != nil && !f.Concurrent && f.Args == nil && f.Directives == nil
		if !f.inMemory() && !method || col.abstract != nil || f.Contextual {
			return resolvers
		}
		most = inMemory
		for _, out := range col.outputs {
			if len(col.kids) == 1 && needOf(col.kids[0].Load(), out.shapes[0].Load()) == resolvers {
				return resolvers
			}
		}
	}
	return most
}

// kind gives what is written of events of one type.
func (p *Projection) kind(i int) *projected {
	k := p.kinds[i]
	if k == nil {
		n := p.run.plan.below(p.run.op, p.col, i)
		k = &projected{shape: p.out.shapes[i].Load()}
		k.need = needOf(n, k.shape)
		k.frame = frame{node: n, objects: p.event[:], parent: &p.parent, of: p.col}
		p.kinds[i] = k
	}
	return k
}

// of gives what is written of an event, and the event as its fields take it; nil
// for what is no object.
func (p *Projection) of(event any) (*projected, any) {
	i := 0
	if p.col.abstract != nil && event != nil {
		if i, event = p.col.abstract.Of(event); i < 0 {
			return nil, nil
		}
	}
	if event == nil {
		return nil, nil
	}
	return p.kind(i), event
}

// need is what it takes to write an event.
func (p *Projection) need(event any) need {
	if p.key == nil { // what comes is no objects
		return resolvers
	}
	if k, _ := p.of(event); k != nil {
		return k.need
	}
	return resolvers
}

// Append writes the data of one event, {"alias":{...}}, behind b. event is what
// the subscription's channel carries. Errors in it are added to ctx, as those of
// any answer. It gives ErrNotProjectable, and b, for an event of a type of which
// more is selected than is in it.
func (p *Projection) Append(ctx context.Context, b []byte, event any) ([]byte, error) {
	if p.need(event) != flat {
		return b, ErrNotProjectable
	}
	b, late := p.append(ctx, b, event)
	for _, err := range late {
		graphql.AddError(ctx, err)
	}
	return b, nil
}

// append gives the errors of values beside those that are in ctx, as answer does.
func (p *Projection) append(ctx context.Context, b []byte, event any) ([]byte, gqlerror.List) {
	k, object := p.of(event)
	start := len(b)
	p.run.w.Buf, p.run.w.ctx, p.event[0] = append(b, p.key...), ctx, object
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
