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
	root := r.begin()
	e := &encoder{schema: s, op: op, plan: p, shared: SharedFrom(ctx)}
	open := func() (func(context.Context) (any, bool), bool) { return r.open(root, col) }
	if reader := ReaderFrom(ctx); reader != nil {
		if e.own = s.project(op, p); e.own.always() {
			if !reader.Open(open) {
				return endOfStream // with the error that open has added
			}
			reader.own = e.own
			return func(ctx context.Context) *graphql.Response { return e.answer(ctx, reader.Event()) }
		}
	}
	next, ok := open()
	if !ok {
		return endOfStream
	}
	e.args = root.columns[0].args
	return func(ctx context.Context) *graphql.Response {
		event, ok := next(ctx)
		if !ok {
			return nil
		}
		return e.answer(ctx, event)
	}
}

// An encoder makes answers of a stream's events.
type encoder struct {
	schema *Schema
	op     *graphql.OperationContext
	plan   *Plan
	args   map[string]any // of the field
	shared *Shared        // nil: with nobody
	own    *Projection    // without others; nil until the first event
}

func (e *encoder) answer(ctx context.Context, event any) *graphql.Response {
	if e.shared != nil {
		if answer := e.shared.answer(ctx, e, event); answer != nil {
			return answer
		}
		return e.execute(ctx, event)
	}
	if e.own == nil {
		e.own = e.schema.project(e.op, e.plan)
	}
	k, object := e.own.of(event)
	if k == nil {
		return e.execute(ctx, event)
	}
	return e.own.answer(ctx, k, object)
}

// execute runs what is below the field.
func (e *encoder) execute(ctx context.Context, event any) *graphql.Response {
	r := e.schema.newRun(ctx, e.op, e.plan)
	f := r.begin()
	f.columns[0].objects, f.columns[0].args = []any{event}, e.args
	r.do(r.enlist(r.w.ctx, r.descend(r.w.ctx, f, e.plan.root.columns[0], nil), false))
	return r.answer(f)
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
	v, err := r.around(ctx, resolve)
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
