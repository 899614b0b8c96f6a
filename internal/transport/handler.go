package transport

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/99designs/gqlgen/graphql/handler/extension"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	gqltransport "github.com/99designs/gqlgen/graphql/handler/transport"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/idempotency"
	"github.com/mpanel/mpanel/internal/live"
	"github.com/mpanel/mpanel/internal/transport/graphqlws"
	"github.com/mpanel/mpanel/internal/transport/httpstream"
)

// Limits of one operation. gqlparser's check of field merging is quadratic in
// the fields of a document, and only the token limit comes before it: 1,000
// fields take 0.2 s of CPU, 8,000 take 15 s.
const (
	MaxTokens     = 1000
	MaxComplexity = 20_000
	MaxBodyBytes  = 64 << 10
	MaxFrameBytes = 64 << 10
)

// Config is what the handler needs.
type Config struct {
	Schema graphql.ExecutableSchema
	// Authenticate tells who an access token is; any error means nobody.
	Authenticate func(ctx context.Context, token string) (*actor.Actor, error)
	// OriginAllowed tells whether a browser may come from where the request says.
	OriginAllowed func(*http.Request) bool
	// TakesIdempotencyKey tells whether a mutation's field can be made idempotent.
	TakesIdempotencyKey func(field string) bool
	// Live has the connections; by default one of its own with the usual limits.
	Live *live.Hub
	Log  *slog.Logger
}

// New returns the handler of /graphql.
func New(c Config) http.Handler {
	srv := handler.New(c.Schema)
	hub := c.Live
	if hub == nil {
		hub = live.NewHub(live.Config{Log: c.Log})
	}
	srv.AddTransport(&graphqlws.Transport{
		Hub: hub, Authenticate: c.Authenticate, OriginAllowed: c.OriginAllowed, Refuse: refuse, MaxFrameBytes: MaxFrameBytes, Log: c.Log,
	})
	srv.AddTransport(&httpstream.Transport{Hub: hub, Refuse: refuse})
	srv.AddTransport(gqltransport.GET{})
	srv.AddTransport(gqltransport.POST{})
	srv.SetQueryCache(lru.New[*ast.QueryDocument](100))
	srv.SetParserTokenLimit(MaxTokens)
	srv.SetDisableSuggestion(true) // would tell strangers the schema's names
	srv.SetErrorPresenter(c.present)
	srv.SetRecoverFunc(c.recovered)
	srv.Use(extension.Introspection{})
	srv.Use(extension.FixedComplexityLimit(MaxComplexity))
	srv.AroundOperations(func(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
		return next(actor.WithSignIn(ctx))
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
		if !readOperation(w, r) {
			return
		}
		if r.Method == http.MethodPost {
			r = r.WithContext(context.WithValue(r.Context(), headerKey{}, r.Header.Get("Idempotency-Key")))
		}
		if token, ok := bearer(r.Header.Get("Authorization")); ok {
			who, err := c.Authenticate(r.Context(), token)
			switch fault.CodeOf(err) {
			case "":
				r = r.WithContext(actor.With(r.Context(), who))
			case fault.Unauthenticated:
			default: // not knowing is no reason to sign anybody out
				c.Log.ErrorContext(r.Context(), "authentication failed", "request_id", actor.RequestFrom(r.Context()).ID, "error", err)
				refuse(w, r, http.StatusServiceUnavailable, fault.Unavailable, "The panel's database is not available right now; try again in a moment.")
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

func bearer(header string) (string, bool) {
	scheme, token, ok := strings.Cut(header, " ")
	return strings.TrimSpace(token), ok && strings.EqualFold(scheme, "Bearer")
}

// headerKey holds a POST's Idempotency-Key. That of a socket's upgrade would be
// every operation's on it, and is not meant by any.
type headerKey struct{}

// idempotencyHeader gives the header's key to the operation's one mutation.
func (c Config) idempotencyHeader(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	op := graphql.GetOperationContext(ctx)
	key, _ := ctx.Value(headerKey{}).(string)
	if key == "" || op.Operation.Operation != ast.Mutation {
		return next(ctx)
	}
	fields := graphql.CollectFields(op, op.Operation.SelectionSet, []string{"Mutation"})
	if len(fields) != 1 || !c.TakesIdempotencyKey(fields[0].Name) {
		return c.failed(ctx, fault.Invalid.New("", "The header Idempotency-Key goes with exactly one mutation other than setUp and signIn; use @idempotent on each field."))
	}
	keyed, err := idempotency.WithKey(ctx, key)
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
