package executor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// What Options default to.
const (
	DefaultConcurrency = 8
	DefaultPlans       = 256
)

// Options of a Schema; the zero value is good.
type Options struct {
	// Concurrency is how many columns of one operation are loaded at the same
	// time; DefaultConcurrency when it is 0.
	Concurrency int
	// Plans is how many operations' plans are kept; DefaultPlans when it is 0.
	// It should be no less than the handler's cache of documents.
	Plans int
	// Level lets resolvers that run side by side send what they read together; nil
	// when nothing does.
	Level Level
}

// A Level is told that n resolvers are about to run side by side, and in the context
// of a resolver of a level, which is not over yet, that n come after it. It gives what
// each of them is begun with: the context for it, and what is called when it is
// over, once or more often. A resolver that waits for others calls pause, which
// lets further ones begin meanwhile.
type Level func(ctx context.Context, n int) (begin func(ctx context.Context, pause func(wait func())) (_ context.Context, over func()))

// A Schema executes what it covers by plan, and gives the rest to the
// executable schema that it wraps. It is safe for concurrent use.
type Schema struct {
	graphql.ExecutableSchema // gqlgen's own

	tables    *Tables
	plans     *planCache
	limit     int
	level     Level
	generated func(*graphql.OperationContext) any

	planned, fallen atomic.Int64
}

// New wraps a generated schema; generated code calls it. generated makes the
// generated code's execution context. It fails when the schema has something
// that would be skipped without a word.
func New(stock graphql.ExecutableSchema, t *Tables, generated func(*graphql.OperationContext) any, o Options) (*Schema, error) {
	var refused []error
	for _, why := range t.Refused {
		refused = append(refused, errors.New(why))
	}
	if _, ok := stock.(graphql.ExecutableSchemaWithEventContext); ok {
		refused = append(refused, errors.New("subscriptions with @subscriptionContext have a context for each event, which the compiled executor does not pass on"))
	}
	if len(refused) > 0 {
		return nil, fmt.Errorf("the compiled executor cannot serve this schema; use gqlgen's own: %w", errors.Join(refused...))
	}
	plans, err := newPlanCache(t, cmp.Or(o.Plans, DefaultPlans))
	if err != nil {
		return nil, fmt.Errorf("make the cache of plans: %w", err)
	}
	return &Schema{
		ExecutableSchema: stock, tables: t, plans: plans, generated: generated,
		limit: cmp.Or(o.Concurrency, DefaultConcurrency), level: o.Level,
	}, nil
}

// Counts tells how many operations were executed by plan, and how many by gqlgen's executor.
func (s *Schema) Counts() (planned, fallen int64) { return s.planned.Load(), s.fallen.Load() }

// Cached tells of how many operations there are plans, and how many fields are
// in these.
func (s *Schema) Cached() (operations, fields int) { return s.plans.size() }

// Exec executes an operation.
func (s *Schema) Exec(ctx context.Context) graphql.ResponseHandler {
	op := graphql.GetOperationContext(ctx)
	p := s.plans.plan(op, s.root(op.Operation))
	if p == nil || op.Operation.Operation == ast.Subscription && !p.streams() {
		s.fallen.Add(1)
		return Lasting(s.ExecutableSchema).Exec(ctx)
	}
	s.planned.Add(1)
	if op.Operation.Operation == ast.Subscription {
		return s.subscribe(ctx, op, p)
	}
	answered := false
	return func(ctx context.Context) *graphql.Response {
		if answered {
			return nil
		}
		answered = true
		return s.execute(ctx, op, p)
	}
}

func (s *Schema) root(op *ast.OperationDefinition) *Object {
	var root *ast.Definition
	switch op.Operation {
	case ast.Query:
		root = s.Schema().Query
	case ast.Mutation:
		root = s.Schema().Mutation
	case ast.Subscription:
		root = s.Schema().Subscription
	}
	if root == nil {
		return nil
	}
	return s.tables.Objects[root.Name]
}

func (s *Schema) newRun(ctx context.Context, op *graphql.OperationContext, p *Plan) *run {
	r := &run{plan: p, op: op, limit: s.limit, level: s.level, inputs: s.tables.Inputs}
	r.w.Generated = s.generated(op)
	r.ctx.Context, r.ctx.run = ctx, r //nolint:fatcontext // once
	r.w.ctx = &r.ctx
	return r
}

// begin gives the frame of the root fields.
func (r *run) begin() *frame {
	columns := r.only[:]
	if n := len(r.plan.root.columns); n != 1 {
		columns = make([]Column, n)
	}
	r.root = frame{node: r.plan.root, objects: r.nobody[:], columns: columns}
	return &r.root
}

func (s *Schema) execute(ctx context.Context, op *graphql.OperationContext, p *Plan) *graphql.Response {
	r := s.newRun(ctx, op, p)
	f := r.begin()
	if p.serial {
		for _, col := range p.root.columns { // each with all that is below it
			r.do([]task{{ctx: r.w.ctx, f: f, col: col}})
		}
	} else {
		r.do(r.enlist(r.w.ctx, r.gather(r.w.ctx, f, r.first[:0]), false))
	}
	return r.answer(f)
}

// answer writes everything, into one buffer that mostly has the right size: the
// context's, if there is one and nobody has it.
func (r *run) answer(root *frame) *graphql.Response {
	n := int(r.plan.lastSize.Load())
	n += n/8 + 256
	lent := bufferOf(r.w.ctx)
	if r.w.Buf = lent.take(n); r.w.Buf == nil {
		lent, r.w.Buf = nil, make([]byte, 0, n)
	}
	start := len(r.w.Buf)
	if !r.object(root, 0, r.plan.shape) {
		r.w.null()
	}
	whole := r.w.Buf
	if lent != nil {
		lent.keep(whole)
	}
	data := whole[start:len(whole):len(whole)] // who appends has a copy
	r.plan.lastSize.Store(int64(len(data)))
	return &graphql.Response{Data: data, Errors: r.late}
}
