package transport

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/budget"
	"github.com/mpanel/mpanel/internal/executor"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/idempotency"
	"github.com/mpanel/mpanel/internal/transport/document"
)

// A core takes the operations of all wires to the schema: what gqlgen's handler and
// its executor do otherwise, with a quarter of the memory for an operation. What they
// know as extensions and middlewares is written out here.
type core struct {
	limits
	schema     graphql.ExecutableSchema
	transports []graphql.Transport
	present    graphql.ErrorPresenterFunc
	recovered  graphql.RecoverFunc
	takesKey   func(field string) bool
	durations  map[ast.Operation]prometheus.Observer // of a subscription there is none
}

var _ graphql.GraphExecutor = (*core)(nil)

// ServeHTTP implements http.Handler.
func (c *core) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler { //nolint:errorlint // panics are compared by identity, as net/http does
				panic(p)
			}
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = w.Write(marshaled(&graphql.Response{Errors: gqlerror.List{c.present(r.Context(), c.recovered(r.Context(), p))}}))
		}
	}()
	for _, t := range c.transports {
		if t.Supports(r) {
			t.Do(w, r, c)
			return
		}
	}
	refuse(w, r, http.StatusBadRequest, fault.Invalid, "The request has no operation.")
}

// CreateOperationContext implements graphql.GraphExecutor.
func (c *core) CreateOperationContext(ctx context.Context, params *graphql.RawParams) (*graphql.OperationContext, gqlerror.List) {
	op, own, err := c.take(ctx, params)
	if own.state.Limit > 0 || own.cost > SmallQuery {
		op.Stats.SetExtension(charged, own)
	}
	return op, err
}

// take reads an operation, and takes what it costs from its caller's budget: the
// limits of its document come before it is validated, and its cost before it is
// executed.
func (c *core) take(ctx context.Context, params *graphql.RawParams) (*graphql.OperationContext, charge, gqlerror.List) {
	var own charge
	who := actor.Caller(ctx)
	most := document.Anonymous
	if who != nil {
		most = document.SignedIn
	}
	most.NoIntrospection = !c.introspection.allows(who)
	keep, err := c.persisted.find(params)
	op := &graphql.OperationContext{
		RawQuery: params.Query, OperationName: params.OperationName, Extensions: params.Extensions, Headers: params.Headers,
		RecoverFunc: c.recovered, // middlewares of fields there are none
	}
	if err != nil {
		return op, own, gqlerror.List{gqlerror.WrapPath(nil, err)}
	}
	doc, errs := c.documents.Read(params.Query, most)
	if errs != nil {
		return op, own, errs
	}
	if what := most.Variables(params.Variables); what != "" {
		return op, own, gqlerror.List{gqlerror.WrapPath(nil, fault.TooComplex.New("", "%s", what))}
	}
	if keep != "" {
		c.persisted.keep(keep, params.Query)
	}
	op.Doc, op.Operation = doc, doc.Operations.ForName(params.OperationName)
	if op.Operation == nil {
		err := gqlerror.Errorf("operation %s not found", params.OperationName)
		errcode.Set(err, errcode.ValidationFailed)
		return op, own, gqlerror.List{err}
	}
	if op.Variables, errs = c.variables(op.Operation, params.Variables); errs != nil {
		return op, own, errs
	}
	own.cost = c.costs.of(op.Operation, op.Variables)
	own.state, err = c.pay(ctx, who, own.cost)
	if err != nil {
		return op, own, gqlerror.List{gqlerror.WrapPath(nil, err)}
	}
	return op, own, nil
}

// variables are those of an operation, coerced.
func (c *core) variables(op *ast.OperationDefinition, given map[string]any) (map[string]any, gqlerror.List) {
	if len(op.VariableDefinitions) == 0 {
		return nil, nil
	}
	values, err := validator.VariableValues(c.schema.Schema(), op, given)
	if e, ok := errors.AsType[*gqlerror.Error](err); ok {
		errcode.Set(e, errcode.ValidationFailed)
		return nil, gqlerror.List{e}
	}
	return values, nil
}

// DispatchOperation implements graphql.GraphExecutor.
func (c *core) DispatchOperation(ctx context.Context, op *graphql.OperationContext) (graphql.ResponseHandler, context.Context) {
	own, _ := op.Stats.GetExtension(charged).(charge)
	return c.dispatch(ctx, op, own, nil)
}

// dispatch begins an operation. The buffer is for its answer; nil on wires that keep
// answers.
func (c *core) dispatch(ctx context.Context, op *graphql.OperationContext, own charge, buffer *executor.Buffer) (graphql.ResponseHandler, context.Context) {
	all := &operationContext{Context: ctx, operation: op, state: own.state, buffer: buffer}
	ctx = all
	kind := op.Operation.Operation
	if kind == ast.Mutation { // nothing else signs anybody in, or is to happen once
		ctx = actor.WithSignIn(ctx)
		keyed, err := c.idempotencyHeader(ctx, op)
		if err != nil {
			ctx = graphql.WithResponseContext(ctx, c.present, c.recovered)
			return graphql.OneShot(&graphql.Response{Errors: gqlerror.List{c.present(ctx, err)}}), ctx
		}
		ctx = keyed
	}
	// What is executed at once may have the first answer's errors.
	first := graphql.WithResponseContext(ctx, c.present, c.recovered)
	responses := c.schema.Exec(first)
	if errs := graphql.GetErrors(first); errs != nil {
		return graphql.OneShot(&graphql.Response{Errors: errs}), ctx
	}
	if kind == ast.Subscription {
		return func(ctx context.Context) *graphql.Response { return c.event(ctx, responses) }, ctx
	}
	next := graphql.ResponseHandler(func(ctx context.Context) *graphql.Response {
		answer := first // its errors
		if first == nil {
			answer = graphql.WithResponseContext(ctx, c.present, c.recovered)
		}
		first = nil
		return c.answer(answer, responses, kind)
	})
	if c.admission != nil && own.cost > SmallQuery && kind == ast.Query {
		next = c.admitted(own.cost, next)
	}
	return next, ctx
}

// event waits for an event of a stream. It is small, since its frame is memory of
// every client that waits for one.
func (c *core) event(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	if ctx.Err() != nil {
		return nil
	}
	ctx = graphql.WithResponseContext(ctx, c.present, c.recovered)
	return finished(ctx, next(ctx))
}

// answer executes a query or mutation.
func (c *core) answer(ctx context.Context, next graphql.ResponseHandler, kind ast.Operation) *graphql.Response {
	if ctx.Err() != nil {
		return nil
	}
	began := time.Now()
	response := finished(ctx, next(ctx))
	if response != nil {
		c.durations[kind].Observe(time.Since(began).Seconds())
	}
	return response
}

// finished completes an answer with what was found on the way. Most events are
// complete.
//
//go:noinline
func finished(ctx context.Context, response *graphql.Response) *graphql.Response {
	if response == nil {
		return nil
	}
	if errs := graphql.GetErrors(ctx); errs != nil {
		response.Errors = append(response.Errors, errs...)
	}
	return completed(ctx, response)
}

// completed keeps the first of an answer's errors, each of which may be made of what
// somebody sent, and tells what its operation cost. Events of a stream cost nothing.
func completed(ctx context.Context, response *graphql.Response) *graphql.Response {
	if omitted := len(response.Errors) - document.MaxErrors; omitted > 0 {
		response.Errors = response.Errors[:document.MaxErrors]
		extend(response, "errorsOmitted", omitted)
	}
	if op := graphql.GetOperationContext(ctx).Operation; op != nil && op.Operation != ast.Subscription {
		if s := budget.From(ctx); s.Limit > 0 {
			extend(response, "cost", s)
		}
	}
	return response
}

func extend(r *graphql.Response, name string, value any) {
	if r.Extensions == nil {
		r.Extensions = map[string]any{}
	}
	r.Extensions[name] = value
}

// DispatchError implements graphql.GraphExecutor.
func (c *core) DispatchError(ctx context.Context, list gqlerror.List) *graphql.Response {
	ctx = graphql.WithResponseContext(ctx, c.present, c.recovered)
	for _, err := range list {
		graphql.AddError(ctx, err)
	}
	return completed(ctx, &graphql.Response{Errors: graphql.GetErrors(ctx)})
}

// idempotencyHeader gives the header's key to the operation's one mutation.
func (c *core) idempotencyHeader(ctx context.Context, op *graphql.OperationContext) (context.Context, error) {
	p := receivedOf(ctx)
	if p == nil || p.key == "" {
		return ctx, nil
	}
	fields := graphql.CollectFields(op, op.Operation.SelectionSet, []string{"Mutation"})
	if len(fields) != 1 || !c.takesKey(fields[0].Name) {
		return ctx, fault.Invalid.New("", "The header Idempotency-Key goes with exactly one mutation other than setUp and signIn; use @idempotent on each field.")
	}
	return idempotency.WithKey(ctx, p.key)
}

// An operationContext has what an operation's context is asked for, in one place in the
// place of one behind the other.
type operationContext struct {
	context.Context
	operation *graphql.OperationContext
	state     budget.State // Limit is 0 without a budget
	buffer    *executor.Buffer
}

// Value implements context.Context.
func (c *operationContext) Value(key any) any {
	switch key {
	case operationKey:
		return c.operation
	case budgetKey:
		if c.state.Limit > 0 {
			return &c.state
		}
		return nil
	case bufferKey:
		if c.buffer != nil {
			return c.buffer
		}
		return nil
	}
	return c.Context.Value(key)
}

var (
	budgetKey any = budget.Key{}
	bufferKey any = executor.BufferKey{}
	// operationKey is gqlgen's own.
	operationKey = executor.KeyOf(func(ctx context.Context) { graphql.HasOperationContext(ctx) })
)
