package transport

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"

	"github.com/99designs/gqlgen/graphql"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/budget"
	"github.com/mpanel/mpanel/internal/executor"
	"github.com/mpanel/mpanel/internal/fault"
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
	// SecureCookies tells that browsers reach the panel by https, and keep its cookie so.
	SecureCookies bool
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
	// Refusals is told what is refused and why; by default one that nobody reads.
	Refusals *prometheus.CounterVec
	Log      *slog.Logger
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
func New(c Config) http.Handler { return newCore(c) }

func newCore(c Config) *core {
	if c.Live == nil {
		c.Live = live.NewHub(live.Config{Log: c.Log})
	}
	if c.Durations == nil {
		c.Durations = NewDurations()
	}
	if c.Refusals == nil {
		c.Refusals = NewRefusals()
	}
	if c.Documents == nil {
		c.Documents, _ = NewDocuments(false) // which fails for a list only
	}
	core := &core{
		Config:    c,
		documents: document.NewReader(c.Schema.Schema()),
		costs:     costsOf(c.Schema.Schema()),
		schema:    executor.Lasting(c.Schema), // what is queued for a client must not be written over
		durations: map[ast.Operation]prometheus.Observer{
			ast.Query: c.Durations.WithLabelValues(string(ast.Query)), ast.Mutation: c.Durations.WithLabelValues(string(ast.Mutation)),
		},
	}
	core.streams = []graphql.Transport{
		&graphqlws.Transport{
			Hub: c.Live, Authenticate: c.noted, OriginAllowed: c.OriginAllowed, Refuse: core.refuse, MaxFrameBytes: MaxFrameBytes, Log: c.Log,
		},
		&httpstream.Transport{
			Hub: c.Live, Reservations: new(httpstream.Reservations), Refuse: core.refuse,
			Received: func(r *http.Request) *graphql.RawParams { return &receivedOf(r.Context()).params },
		},
	}
	core.presents, core.recovers = core.present, recovered
	return core
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

func recovered(_ context.Context, p any) error {
	return fmt.Errorf("panic: %v\n%s", p, debug.Stack())
}
