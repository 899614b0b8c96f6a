package transport

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/budget"
	"github.com/mpanel/mpanel/internal/executor"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/idempotency"
	"github.com/mpanel/mpanel/internal/live"
	"github.com/mpanel/mpanel/internal/transport/document"
	"github.com/mpanel/mpanel/internal/transport/graphqlws"
	"github.com/mpanel/mpanel/internal/transport/httpstream"
)

// Limits of one operation, beside those of its document.
const (
	MaxComplexity = 20_000
	MaxBodyBytes  = 64 << 10
	MaxFrameBytes = 64 << 10
)

// Config is what the handler needs.
type Config struct {
	Schema graphql.ExecutableSchema
	// Authenticate tells who an access token is; any error means nobody.
	Authenticate func(ctx context.Context, token string) (*actor.Actor, error)
	// Refused is told of everything that callers may not do, before they are; nil is nobody.
	Refused func(ctx context.Context, r Refusal)
	// OriginAllowed tells whether a browser may come from where the request says.
	OriginAllowed func(*http.Request) bool
	// Budget is of each user, and AnonymousBudget of each address of callers who are
	// nobody; nil is without an end.
	Budget, AnonymousBudget *budget.Budget
	// Admission bounds the queries that are executed at once; nil is without a bound.
	Admission *Admission
	// TakesIdempotencyKey tells whether a mutation's field can be made idempotent.
	TakesIdempotencyKey func(field string) bool
	// Documents are known by their hash; nil is none, and whatever clients have kept.
	Documents *Documents
	// Introspection is who may ask for the schema; "" is everybody.
	Introspection Introspection
	// Live has the connections; by default one of its own with the usual limits.
	Live *live.Hub
	// Durations is told how long operations take; by default one that nobody reads.
	Durations *prometheus.HistogramVec
	Log       *slog.Logger
}

// Introspection says who may ask for the schema.
type Introspection string

// Who may ask for the schema.
const (
	IntrospectionPublic   Introspection = "public"
	IntrospectionSignedIn Introspection = "signed-in"
	IntrospectionOff      Introspection = "off"
)

func (i Introspection) allows(who *actor.Actor) bool {
	return i == IntrospectionPublic || i == "" || i == IntrospectionSignedIn && who != nil
}

// New returns the handler of /graphql.
func New(c Config) http.Handler { return c.handler(plain{}) }

func (c Config) handler(plain graphql.Transport) http.Handler {
	srv := handler.New(executor.Lasting(c.Schema)) // what is queued for a client must not be written over
	hub := c.Live
	if hub == nil {
		hub = live.NewHub(live.Config{Log: c.Log})
	}
	if c.Durations == nil {
		c.Durations = NewDurations()
	}
	if c.Documents == nil {
		c.Documents, _ = NewDocuments(nil, false) // which fails for a list only
	}
	l := &limits{
		documents: document.NewReader(c.Schema.Schema()), persisted: c.Documents, costs: costsOf(c.Schema.Schema()),
		signedIn: c.Budget, anonymous: c.AnonymousBudget, introspection: c.Introspection, admission: c.Admission,
	}
	for _, t := range []graphql.Transport{
		&graphqlws.Transport{
			Hub: hub, Authenticate: c.noted, OriginAllowed: c.OriginAllowed, Refuse: refuse, MaxFrameBytes: MaxFrameBytes, Log: c.Log,
		},
		&httpstream.Transport{
			Hub: hub, Reservations: new(httpstream.Reservations), Refuse: refuse,
			Received: func(r *http.Request) *graphql.RawParams { return &receivedOf(r.Context()).params },
		},
		plain,
	} {
		srv.AddTransport(gate{t, l})
	}
	srv.SetQueryCache(alreadyRead{})
	srv.SetErrorPresenter(c.present)
	srv.SetRecoverFunc(c.recovered)
	srv.AroundResponses(c.timed)
	srv.AroundOperations(func(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
		if graphql.GetOperationContext(ctx).Operation.Operation == ast.Mutation { // nothing else signs anybody in
			ctx = actor.WithSignIn(ctx)
		}
		return next(ctx)
	})
	srv.AroundOperations(c.idempotencyHeader)
	return c.guard(srv)
}

// guard refuses what must not reach the executor, and finds out who calls. A
// token that is not valid makes the caller nobody: public fields still answer.
func (c Config) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !c.OriginAllowed(r) {
			refuse(w, r, http.StatusForbidden, fault.Forbidden, "This page's origin is not allowed to call the API; see MPANEL_ALLOWED_ORIGINS.")
			return
		}
		operation, ok := readOperation(w, r)
		if !ok {
			return
		}
		ctx := r.Context()
		if operation != nil {
			defer operation.release()
			ctx = context.WithValue(ctx, receivedKey{}, operation)
		}
		if token, ok := actor.Bearer(r.Header.Get("Authorization")); ok {
			who, err := c.Authenticate(r.Context(), token)
			switch fault.CodeOf(err) {
			case "":
				ctx = actor.With(ctx, who)
			case fault.Unauthenticated:
			default: // not knowing is no reason to sign anybody out
				c.Log.ErrorContext(r.Context(), "authentication failed", "request_id", actor.RequestFrom(r.Context()).ID, "error", err)
				refuse(w, r, http.StatusServiceUnavailable, fault.Unavailable, "The panel's database is not available right now; try again in a moment.")
				return
			}
		}
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// noted is Authenticate for a connection, which is refused with a bad token; a request
// is nobody's then, and what it asks for is refused.
func (c Config) noted(ctx context.Context, token string) (*actor.Actor, error) {
	who, err := c.Authenticate(ctx, token)
	if code := fault.CodeOf(err); c.Refused != nil && code == fault.Unauthenticated {
		c.Refused(ctx, Refusal{Field: "connection_init", Code: code})
	}
	return who, err
}

// idempotencyHeader gives the header's key to the operation's one mutation.
func (c Config) idempotencyHeader(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	op := graphql.GetOperationContext(ctx)
	if op.Operation.Operation != ast.Mutation {
		return next(ctx)
	}
	p := receivedOf(ctx)
	if p == nil || p.key == "" {
		return next(ctx)
	}
	fields := graphql.CollectFields(op, op.Operation.SelectionSet, []string{"Mutation"})
	if len(fields) != 1 || !c.TakesIdempotencyKey(fields[0].Name) {
		return c.failed(ctx, fault.Invalid.New("", "The header Idempotency-Key goes with exactly one mutation other than setUp and signIn; use @idempotent on each field."))
	}
	keyed, err := idempotency.WithKey(ctx, p.key)
	if err != nil {
		return c.failed(ctx, err)
	}
	return next(keyed)
}

// failed answers a whole operation with an error.
func (c Config) failed(ctx context.Context, err error) graphql.ResponseHandler {
	return graphql.OneShot(&graphql.Response{Errors: gqlerror.List{c.present(ctx, err)}})
}

func (c Config) recovered(_ context.Context, p any) error {
	return fmt.Errorf("panic: %v\n%s", p, debug.Stack())
}
