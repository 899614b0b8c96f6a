package executor

import (
	"context"
	"errors"

	"github.com/99designs/gqlgen/graphql"
)

// ErrNotProjectable is Project's answer to selections that need a resolver.
var ErrNotProjectable = errors.New("the selection needs more than what is in the event")

// A Projection encodes events for all who subscribed with the same operation
// and the same variables: once for each event, without resolvers, without
// allocations. It is not safe for concurrent use.
type Projection struct {
	run    run
	key    []byte
	frame  frame
	shape  *shape
	event  [1]any
	parent frame
}

// Project compiles the payload of a subscription whose selection is read from
// the event alone, else it gives ErrNotProjectable. Errors of a payload are
// presented as in any answer, with ctx.
func (s *Schema) Project(ctx context.Context, op *graphql.OperationContext) (*Projection, error) {
	p := s.plans.plan(op, s.root(op.Operation))
	if p == nil || !p.streams() {
		return nil, ErrNotProjectable
	}
	col, out := p.root.columns[0], p.shape.outputs[0]
	if col.abstract != nil || len(col.kids) != 1 || len(col.kids[0].Load().columns) > 0 {
		return nil, ErrNotProjectable
	}
	for _, field := range out.shapes[0].Load().outputs {
		if field.field != nil && (field.field.Contextual || field.field.Guarded) {
			return nil, ErrNotProjectable
		}
	}
	pr := &Projection{key: append([]byte{'{'}, out.key...), shape: out.shapes[0].Load()}
	pr.run = run{plan: p, op: op, limit: 1}
	pr.run.w.Generated, pr.run.w.ctx = s.generated(op), ctx
	pr.parent = frame{node: p.root, objects: []any{nil}, columns: make([]Column, 1)}
	pr.frame = frame{node: col.kids[0].Load(), objects: pr.event[:], parent: &pr.parent, of: col}
	pr.run.trail = append(make([]step, 0, 1), step{&pr.parent, out, -1})
	return pr, nil
}

// Append writes the data of one event, {"alias":{...}}, behind b. event is what
// the subscription's channel carries. It gives false when a null where none may
// be leaves nothing to send but the error.
func (p *Projection) Append(b []byte, event any) ([]byte, bool) {
	start := len(b)
	b = append(b, p.key...)
	p.run.w.Buf = b
	p.event[0] = event
	ok := p.run.object(&p.frame, 0, p.shape)
	out := p.run.w.Buf
	p.run.w.Buf, p.event[0] = nil, nil
	if ok {
		return append(out, '}'), true
	}
	if p.parent.node.columns[0].field.NonNull {
		return append(out[:start], "null"...), false
	}
	return append(out, "null}"...), true
}
