package transport

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/budget"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/live"
	"github.com/mpanel/mpanel/internal/transport/document"
)

// charged is the name under which an operation of a socket has its charge.
const charged = "charge"

// A charge is what an operation costs.
type charge struct {
	cost  int
	state budget.State // of who has paid
}

// A gate is the one way of an operation to the executor, whatever it came by: the
// limits of its document come before it is validated, and its cost before it is
// executed.
type gate struct {
	graphql.Transport
	limits *limits
}

type limits struct {
	documents *document.Reader
	persisted *Documents
	costs     costs
	signedIn  *budget.Budget // by user; nil is without an end, as of:
	anonymous *budget.Budget // by address
	admission *Admission     // nil is without a bound

	introspection Introspection
}

// Do implements graphql.Transport.
func (g gate) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	g.Transport.Do(w, r, intake{GraphExecutor: exec, limits: g.limits})
}

// An intake stands before the executor for one request.
type intake struct {
	graphql.GraphExecutor
	*limits
	header http.Header // of an answer that has one operation; nil otherwise
	charge *charge     // of that operation; nil otherwise
}

// CreateOperationContext implements graphql.GraphExecutor.
func (in intake) CreateOperationContext(ctx context.Context, params *graphql.RawParams) (*graphql.OperationContext, gqlerror.List) {
	who, _ := actor.From(ctx)
	most := document.Anonymous
	if who != nil {
		most = document.SignedIn
	}
	most.NoIntrospection = !in.introspection.allows(who)
	keep, err := in.persisted.find(params)
	if err != nil {
		return in.refuse(params, gqlerror.List{gqlerror.WrapPath(nil, err)})
	}
	doc, errs := in.documents.Read(params.Query, most)
	if errs == nil {
		if what := most.Variables(params.Variables); what != "" {
			errs = gqlerror.List{gqlerror.WrapPath(nil, fault.TooComplex.New("", "%s", what))}
		}
	}
	if errs != nil {
		return in.refuse(params, errs)
	}
	if keep != "" {
		in.persisted.keep(keep, params.Query)
	}
	op, errs := in.GraphExecutor.CreateOperationContext(context.WithValue(ctx, readKey{}, doc), params)
	if errs != nil {
		return op, errs
	}
	own := charge{cost: in.costs.of(op.Operation, op.Variables)}
	own.state, err = in.pay(ctx, who, own.cost)
	in.tell(own.state, err)
	if err != nil {
		return op, gqlerror.List{gqlerror.WrapPath(nil, err)}
	}
	if in.charge != nil {
		*in.charge = own
	} else {
		op.Stats.SetExtension(charged, own)
	}
	op.DisableIntrospection = false // who may not ask for it does not come here
	return op, nil
}

// refuse is for what does not come to the executor.
func (intake) refuse(params *graphql.RawParams, errs gqlerror.List) (*graphql.OperationContext, gqlerror.List) {
	return &graphql.OperationContext{RawQuery: params.Query, OperationName: params.OperationName, Headers: params.Headers}, errs
}

// pay takes an operation's cost from its caller's budget: the user's, and of
// nobody the address's.
func (in intake) pay(ctx context.Context, who *actor.Actor, cost int) (budget.State, error) {
	if cost > MaxComplexity {
		return budget.State{}, fault.TooComplex.New("", "The operation costs more than %d points: ask for smaller pages, or for less below them.", MaxComplexity)
	}
	if live.IsShared(ctx) { // each member has paid
		return budget.State{}, nil
	}
	if who == nil {
		return in.anonymous.Take(actor.RequestFrom(ctx).Network(), cost)
	}
	return in.signedIn.Take(who.User.String(), cost)
}

// tell writes the header fields of draft-ietf-httpapi-ratelimit-headers-03, which
// clients know.
func (in intake) tell(s budget.State, err error) {
	if in.header == nil || s.Limit == 0 {
		return
	}
	in.header.Set("RateLimit-Limit", strconv.Itoa(s.Limit))
	in.header.Set("RateLimit-Remaining", strconv.Itoa(s.Remaining))
	in.header.Set("RateLimit-Reset", strconv.Itoa(seconds(time.Until(s.ResetAt))))
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Code == fault.RateLimited {
		if after, ok := f.Details["retryAfterSeconds"].(int); ok {
			in.header.Set("Retry-After", strconv.Itoa(after))
		}
	}
}

func seconds(d time.Duration) int { return int(math.Ceil(max(0, d).Seconds())) }

// DispatchOperation implements graphql.GraphExecutor.
func (in intake) DispatchOperation(ctx context.Context, op *graphql.OperationContext) (graphql.ResponseHandler, context.Context) {
	var own charge
	if in.charge != nil {
		own = *in.charge
	} else {
		own, _ = op.Stats.GetExtension(charged).(charge)
	}
	if own.state.Limit > 0 {
		ctx = budget.With(ctx, own.state)
	}
	next, ctx := in.GraphExecutor.DispatchOperation(ctx, op)
	if in.admission != nil && own.cost > SmallQuery && op.Operation.Operation == ast.Query {
		next = in.admitted(own.cost, next)
	}
	return next, ctx
}

// finish does what is to be done with each answer. It is small, since its frame is
// memory of every client that waits for an event.
func finish(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	return finished(ctx, next(ctx))
}

// finished keeps the first of an answer's errors, each of which may be made of what
// somebody sent, and tells what its operation cost. Events of a stream cost nothing.
//
//go:noinline
func finished(ctx context.Context, response *graphql.Response) *graphql.Response {
	if response == nil || len(response.Errors) == 0 && graphql.GetOperationContext(ctx).Operation.Operation == ast.Subscription {
		return response
	}
	extend := func(name string, value any) {
		if response.Extensions == nil {
			response.Extensions = map[string]any{}
		}
		response.Extensions[name] = value
	}
	if omitted := len(response.Errors) - document.MaxErrors; omitted > 0 {
		response.Errors = response.Errors[:document.MaxErrors]
		extend("errorsOmitted", omitted)
	}
	if s := budget.From(ctx); s.Limit > 0 && graphql.GetOperationContext(ctx).Operation.Operation != ast.Subscription {
		extend("cost", s)
	}
	return response
}

// alreadyRead hands the executor the document that the intake has read.
type alreadyRead struct{}

type readKey struct{}

// Get implements graphql.Cache.
func (alreadyRead) Get(ctx context.Context, _ string) (*ast.QueryDocument, bool) {
	doc, ok := ctx.Value(readKey{}).(*ast.QueryDocument)
	return doc, ok
}

// Add implements graphql.Cache.
func (alreadyRead) Add(context.Context, string, *ast.QueryDocument) {}
