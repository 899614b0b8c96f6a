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
// its executor do otherwise, with less than half of the memory for an operation. What
// they know as extensions and middlewares is written out here.
type core struct {
	Config
	documents *document.Reader
	costs     costs
	schema    graphql.ExecutableSchema
	streams   []graphql.Transport                   // of those that have more than one answer
	post      graphql.Transport                     // of all others; nil is our own, which others are compared with
	durations map[ast.Operation]prometheus.Observer // of a subscription there is none
	presents  graphql.ErrorPresenterFunc            // present, once for all, as is:
	recovers  graphql.RecoverFunc
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
			_, _ = w.Write(marshaled(&graphql.Response{Errors: gqlerror.List{c.present(r.Context(), recovered(r.Context(), p))}}))
		}
	}()
	if !c.OriginAllowed(r) {
		c.refuse(w, r, http.StatusForbidden, fault.Forbidden, "This page's origin is not allowed to call the API; see MPANEL_ALLOWED_ORIGINS.")
		return
	}
	operation, ok := c.readOperation(w, r)
	if !ok {
		return
	}
	who, err := c.caller(r)
	if err != nil { // not knowing is no reason to sign anybody out
		c.Log.ErrorContext(r.Context(), "authentication failed", "request_id", actor.RequestFrom(r.Context()).ID, "error", err)
		c.refuse(w, r, http.StatusServiceUnavailable, fault.Unavailable, "The panel's database is not available right now; try again in a moment.")
		return
	}
	ctx := &operationContext{Context: r.Context(), who: who, received: operation}
	for _, t := range c.streams {
		if t.Supports(r) {
			t.Do(w, r.WithContext(ctx), c)
			return
		}
	}
	switch {
	case operation == nil:
		c.refuse(w, r, http.StatusBadRequest, fault.Invalid, "The request has no operation.")
	case c.post != nil:
		c.post.Do(w, r.WithContext(ctx), c)
	default:
		c.single(ctx, &answer{w: w, r: r, kind: negotiated(header(r, "Accept"))})
	}
}

// caller finds out who calls. A token that is not valid makes the caller nobody:
// public fields still answer. Error: that nobody knows.
func (c *core) caller(r *http.Request) (*actor.Actor, error) {
	token, ok := actor.Bearer(header(r, "Authorization"))
	if !ok {
		return nil, nil //nolint:nilnil // nobody
	}
	who, err := c.Authenticate(r.Context(), token)
	if fault.CodeOf(err) == fault.Unauthenticated {
		return nil, nil //nolint:nilnil // nobody
	}
	return who, err
}

// header is the first value of a header whose name is written as net/http does.
func header(r *http.Request, name string) string {
	if values := r.Header[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// CreateOperationContext implements graphql.GraphExecutor.
func (c *core) CreateOperationContext(ctx context.Context, params *graphql.RawParams) (*graphql.OperationContext, gqlerror.List) {
	op := new(graphql.OperationContext)
	own, errs := c.take(ctx, op, params)
	if own.state.Limit > 0 || own.cost > SmallQuery {
		op.Stats.SetExtension(charged, own)
	}
	return op, errs
}

// take reads an operation, and takes what it costs from its caller's budget.
func (c *core) take(ctx context.Context, op *graphql.OperationContext, params *graphql.RawParams) (charge, gqlerror.List) {
	own, errs := c.read(ctx, op, params)
	if errs != nil {
		c.Refusals.WithLabelValues(reasonOf(errs)).Inc()
	}
	return own, errs
}

// read has the limits of a document before it is validated, and its cost before it is
// executed.
func (c *core) read(ctx context.Context, op *graphql.OperationContext, params *graphql.RawParams) (own charge, errs gqlerror.List) {
	who := actor.Caller(ctx)
	most := document.Anonymous
	if who != nil {
		most = document.SignedIn
	}
	most.NoIntrospection = !c.Introspection.allows(who)
	keep, err := c.Documents.find(params)
	op.RawQuery, op.OperationName, op.Extensions, op.Headers = params.Query, params.OperationName, params.Extensions, params.Headers
	op.RecoverFunc = c.recovers // middlewares of fields there are none
	if err != nil {
		return own, gqlerror.List{gqlerror.WrapPath(nil, err)}
	}
	if op.Doc, errs = c.documents.Read(params.Query, most); errs != nil {
		return own, errs
	}
	if errs = most.Variables(params.Variables); errs != nil {
		return own, errs
	}
	if keep != "" {
		c.Documents.keep(keep, params.Query)
	}
	if op.Operation = op.Doc.Operations.ForName(params.OperationName); op.Operation == nil {
		err := gqlerror.Errorf("The document has no operation %q.", params.OperationName)
		if params.OperationName == "" {
			err = gqlerror.Errorf("The document has %d operations; say with operationName which one is meant.", len(op.Doc.Operations))
		}
		errcode.Set(err, errcode.ValidationFailed)
		return own, gqlerror.List{err}
	}
	if op.Variables, errs = c.variables(op.Operation, params.Variables); errs != nil {
		return own, errs
	}
	own.cost = c.costs.of(op.Operation, op.Variables)
	if own.state, err = c.pay(ctx, who, own.cost); err != nil {
		return own, gqlerror.List{gqlerror.WrapPath(nil, err)}
	}
	return own, nil
}

// variables are those of an operation, coerced.
func (c *core) variables(op *ast.OperationDefinition, given map[string]any) (map[string]any, gqlerror.List) {
	if len(op.VariableDefinitions) == 0 {
		return nil, nil
	}
	if coerced(op, given) {
		return given, nil
	}
	values, err := validator.VariableValues(c.schema.Schema(), op, given)
	if e, ok := errors.AsType[*gqlerror.Error](err); ok {
		errcode.Set(e, errcode.ValidationFailed)
		return nil, gqlerror.List{e}
	}
	return values, nil
}

// coerced tells whether variables are what they would be coerced to: all of them texts,
// as ids, cursors and most else that changes from request to request.
func coerced(op *ast.OperationDefinition, given map[string]any) bool {
	if len(given) != len(op.VariableDefinitions) {
		return false
	}
	for _, v := range op.VariableDefinitions {
		if _, text := given[v.Variable].(string); !text || v.Type.Elem != nil || v.Definition.Kind != ast.Scalar {
			return false
		}
		switch v.Type.NamedType {
		case "Int", "Float", "Boolean": // a text is not, or is looked at
			return false
		}
	}
	return true
}

// DispatchOperation implements graphql.GraphExecutor.
func (c *core) DispatchOperation(ctx context.Context, op *graphql.OperationContext) (graphql.ResponseHandler, context.Context) {
	own, _ := op.Stats.GetExtension(charged).(charge)
	e, ctx, failed := c.begin(&operationContext{Context: ctx, operation: op, state: own.state})
	switch {
	case failed != nil:
		return graphql.OneShot(failed), ctx
	case e.kind == ast.Subscription: // whose events cost nothing
		return func(ctx context.Context) *graphql.Response { return c.event(ctx, e.next) }, ctx
	}
	answer := e.answer
	if c.waits(op, own) {
		answer = c.admitted(own.cost, answer)
	}
	if own.state.Limit == 0 {
		return answer, ctx
	}
	return func(ctx context.Context) *graphql.Response {
		response := answer(ctx)
		if response != nil {
			extend(response, "cost", own.state)
		}
		return response
	}, ctx
}

// An execution gives the answers of an operation: one, but for what is deferred.
type execution struct {
	*core
	next  graphql.ResponseHandler
	kind  ast.Operation
	first context.Context //nolint:containedctx // that of the first answer; nil once it is given
}

// begin begins an operation, and gives the context for its answers. What is not to be
// executed has an answer.
func (c *core) begin(all *operationContext) (e *execution, ctx context.Context, failed *graphql.Response) {
	ctx = all
	op := all.operation
	e = &execution{core: c, kind: op.Operation.Operation}
	if e.kind == ast.Mutation { // nothing else signs anybody in, or is to happen once
		keyed, err := c.withIdempotencyKey(actor.WithSignIn(ctx), op)
		if err != nil {
			ctx = c.withErrors(ctx)
			return nil, ctx, &graphql.Response{Errors: gqlerror.List{c.present(ctx, err)}}
		}
		ctx = keyed
	}
	e.first = c.withErrors(ctx)
	e.next = c.schema.Exec(e.first)
	if errs := graphql.GetErrors(e.first); errs != nil {
		return nil, ctx, &graphql.Response{Errors: errs}
	}
	return e, ctx, nil
}

// answer executes a query or mutation.
func (e *execution) answer(ctx context.Context) *graphql.Response {
	if ctx.Err() != nil {
		return nil
	}
	if e.first != nil { // what was executed at the beginning may have had errors
		ctx, e.first = e.first, nil
	} else {
		ctx = e.withErrors(ctx)
	}
	began := time.Now()
	response := finished(ctx, e.next(ctx))
	if response != nil {
		e.durations[e.kind].Observe(time.Since(began).Seconds())
	}
	return response
}

// withErrors is the context of one answer, which has its errors.
func (c *core) withErrors(ctx context.Context) context.Context {
	return graphql.WithResponseContext(ctx, c.presents, c.recovers)
}

// event waits for an event of a stream. It is small, since its frame is memory of
// every client that waits for one.
func (c *core) event(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	if ctx.Err() != nil {
		return nil
	}
	ctx = c.withErrors(ctx)
	return finished(ctx, next(ctx))
}

// finished completes an answer with the errors that were found on the way.
//
//go:noinline
func finished(ctx context.Context, response *graphql.Response) *graphql.Response {
	if response == nil {
		return nil
	}
	if errs := graphql.GetErrors(ctx); errs != nil {
		response.Errors = append(response.Errors, errs...)
	}
	return capped(response)
}

// capped keeps the first of an answer's errors, each of which may be made of what
// somebody sent.
func capped(response *graphql.Response) *graphql.Response {
	if omitted := len(response.Errors) - document.MaxErrors; omitted > 0 {
		response.Errors = response.Errors[:document.MaxErrors]
		extend(response, "errorsOmitted", omitted)
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
	ctx = c.withErrors(ctx)
	for _, err := range list {
		graphql.AddError(ctx, err)
	}
	return capped(&graphql.Response{Errors: graphql.GetErrors(ctx)})
}

// withIdempotencyKey gives the header's key to the operation's one mutation.
func (c *core) withIdempotencyKey(ctx context.Context, op *graphql.OperationContext) (context.Context, error) {
	p := receivedOf(ctx)
	if p == nil || p.key == "" {
		return ctx, nil
	}
	fields := graphql.CollectFields(op, op.Operation.SelectionSet, []string{"Mutation"})
	if len(fields) != 1 || !c.TakesIdempotencyKey(fields[0].Name) {
		return ctx, fault.Invalid.New("", "The header Idempotency-Key goes with exactly one mutation other than those that sign in; use @idempotent on each field.")
	}
	return idempotency.WithKey(ctx, p.key)
}

// An operationContext has what a request's or an operation's context is asked for, in
// one place in the place of one behind the other.
type operationContext struct {
	context.Context              //nolint:containedctx // it is one
	who             *actor.Actor // nil: as the context has it
	received        *received    // nil: as the context has it
	operation       *graphql.OperationContext
	state           budget.State // Limit is 0 without a budget
	own             graphql.OperationContext
	buffer          executor.Buffer
	buffered        bool
}

// Value implements context.Context.
func (c *operationContext) Value(key any) any {
	switch {
	case key == operationKey && c.operation != nil:
		return c.operation
	case key == callerKey && c.who != nil:
		return c.who
	case key == bufferKey && c.buffered:
		return &c.buffer
	case key == receivedIn && c.received != nil:
		return c.received
	case key == budgetKey && c.state.Limit > 0:
		return &c.state
	}
	return c.Context.Value(key)
}

var (
	callerKey  any = actor.CallerKey{}
	bufferKey  any = executor.BufferKey{}
	receivedIn any = receivedKey{}
	budgetKey  any = budget.Key{}
	// operationKey is gqlgen's own.
	operationKey = executor.KeyOf(func(ctx context.Context) { graphql.HasOperationContext(ctx) })
)
