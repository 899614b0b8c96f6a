package executor

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
)

// streams tells that a subscription's plan is one stream of objects.
func (p *Plan) streams() bool {
	return len(p.root.columns) == 1 && len(p.shape.outputs) == 1 && p.root.columns[0].field.Stream != nil
}

// subscribe starts the stream; each event is an execution of what is below its field.
func (s *Schema) subscribe(ctx context.Context, op *graphql.OperationContext, p *Plan) graphql.ResponseHandler {
	r := s.newRun(ctx, op, p)
	col := p.root.columns[0]
	root := &frame{node: p.root, objects: []any{nil}, columns: make([]Column, 1)}
	next, ok := r.open(root, col)
	if !ok {
		return endOfStream // with the error that open has added
	}
	args := root.columns[0].args
	return func(ctx context.Context) *graphql.Response {
		event, ok := next(ctx)
		if !ok {
			return nil
		}
		r := s.newRun(ctx, op, p)
		f := &frame{node: p.root, objects: root.objects, columns: make([]Column, 1)}
		f.columns[0].objects, f.columns[0].args = []any{event}, args
		r.do(r.enlist(r.w.ctx, r.descend(r.w.ctx, f, col, nil), false))
		return r.answer(f)
	}
}

func endOfStream(context.Context) *graphql.Response { return nil }

// open calls the resolver, within middlewares and directives.
func (r *run) open(root *frame, col *column) (next func(context.Context) (any, bool), ok bool) {
	field, c := col.field, &root.columns[0]
	fc := root.element(0, col)
	ctx := withField(r.w.ctx, fc)
	defer func() {
		if p := recover(); p != nil {
			graphql.AddError(ctx, r.op.RecoverFunc(ctx, p))
			ok = false
		}
	}()
	if field.Args != nil {
		args, err := field.Args(ctx, r.w.Generated, col.selected.ArgumentMap(r.op.Variables))
		if err != nil {
			graphql.AddError(ctx, err)
			return nil, false
		}
		c.args, fc.Args = args, args
	}
	resolve := graphql.Resolver(func(ctx context.Context) (any, error) {
		return field.Stream(ctx, r.w.Generated, fc.Args)
	})
	if field.Directives != nil {
		inner := resolve
		resolve = func(ctx context.Context) (any, error) { return field.Directives(ctx, r.w.Generated, nil, inner) }
	}
	v, err := r.op.ResolverMiddleware(ctx, resolve)
	if err != nil {
		graphql.AddError(ctx, graphql.AddFieldLocationToError(ctx, err))
		return nil, false
	}
	next, ok = v.(func(context.Context) (any, bool))
	switch {
	case v == nil && field.NonNull:
		graphql.AddInvalidNullError(ctx, "")
	case v != nil && !ok:
		graphql.AddErrorf(ctx, "unexpected type %T from middleware/directive chain of a subscription", v)
	}
	return next, ok
}
