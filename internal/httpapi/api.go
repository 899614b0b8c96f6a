// Package httpapi has the panel's routes, what surrounds every request, and the
// web app's files and the few pages beside it. GraphQL itself is package transport's.
package httpapi

import (
	"bytes"
	"compress/flate"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"

	"github.com/mpanel/mpanel/internal/actor"
)

// Config is what the API needs; everything is required unless it says otherwise.
type Config struct {
	GraphQL     http.Handler
	Schema      *ast.Schema // nil when not everybody may read it
	GraphiQL    fs.FS       // its pages, each compressed with gzip; nil when they are not served
	Web         fs.FS       // the web app's pages, likewise
	Origins     *OriginList
	Proxies     Proxies // nil is none
	Ready       func(context.Context) error
	SetupNeeded func(context.Context) (bool, error) // required with Web
	Files       Files
	Mailbox     Mailbox      // nil when e-mails are sent
	Audit       AuditExports // nil is none
	// Authenticate tells who an access token is; required with Audit.
	Authenticate func(ctx context.Context, token string) (*actor.Actor, error)
	Metrics      *prometheus.Registry
	Log          *slog.Logger
}

// An API answers every request of a node.
type API struct {
	handler http.Handler
	routes  []string
	state   atomic.Int32
}

// What readyz says.
const (
	starting int32 = iota
	ready
	stopping
)

// readyTimeout bounds what readyz asks.
const readyTimeout = 2 * time.Second

// New returns an API that is not ready yet.
func New(c Config) *API {
	a := &API{}
	mux := &routes{}
	mux.Handle("/graphql", cors(c.Origins, c.GraphQL))
	if c.Schema != nil {
		mux.HandleFunc("GET /schema.graphql", schemaText(c.Schema))
	}
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { text(w, http.StatusOK, "ok\n") })
	mux.HandleFunc("GET /readyz", a.readyz(c.Ready))
	mux.Handle("GET /metrics", promhttp.HandlerFor(c.Metrics, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError}))
	if c.GraphiQL != nil {
		graphiQLRoutes{packed{c.GraphiQL}}.register(mux)
	}
	if c.Web != nil {
		webRoutes{packed{c.Web}, c.SetupNeeded}.register(mux)
	}
	fileRoutes{c.Files, c.Log}.register(mux)
	if c.Audit != nil {
		mux.HandleFunc("GET /audit/export", auditRoutes{c.Audit, c.Authenticate, c.Log}.export)
	}
	if c.Mailbox != nil {
		mailboxRoutes{c.Mailbox, c.Log}.register(mux)
	}
	a.handler = around(c.Log, c.Proxies, mux)
	a.routes = mux.patterns
	return a
}

// A routes is a mux that knows what it serves.
type routes struct {
	http.ServeMux

	patterns []string
}

// Handle implements the mux's method of that name.
func (r *routes) Handle(pattern string, h http.Handler) {
	r.patterns = append(r.patterns, pattern)
	r.ServeMux.Handle(pattern, h)
}

// HandleFunc implements the mux's method of that name.
func (r *routes) HandleFunc(pattern string, h func(http.ResponseWriter, *http.Request)) {
	r.Handle(pattern, http.HandlerFunc(h))
}

// Routes are the patterns of all that is served.
func (a *API) Routes() []string { return a.routes }

// ServeHTTP implements http.Handler.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.handler.ServeHTTP(w, r) }

// SetReady makes readyz answer 200.
func (a *API) SetReady() { a.state.CompareAndSwap(starting, ready) }

// SetStopping makes readyz answer 503, so that a balancer turns elsewhere.
func (a *API) SetStopping() { a.state.Store(stopping) }

func (a *API) readyz(check func(context.Context) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch a.state.Load() {
		case starting:
			text(w, http.StatusServiceUnavailable, "starting\n")
			return
		case stopping:
			text(w, http.StatusServiceUnavailable, "stopping\n")
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
		defer cancel()
		if err := check(ctx); err != nil {
			text(w, http.StatusServiceUnavailable, "the panel's database does not answer\n")
			return
		}
		text(w, http.StatusOK, "ready\n")
	}
}

// around gives each request an id, headers that keep browsers careful, and an
// answer when something panics.
func around(log *slog.Logger, proxies Proxies, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		req := actor.Request{ID: newRequestID(), IP: proxies.client(r), UserAgent: r.UserAgent()}
		h := w.Header()
		for _, c := range careful { // whoever sets one of them puts another list in its place
			h[c.name] = c.value
		}
		if proxies.secure(r) {
			h["Strict-Transport-Security"] = strictTransport
		}
		h["X-Request-Id"] = []string{req.ID}
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler { //nolint:errorlint // panics are compared by identity, as net/http does
					panic(p)
				}
				log.ErrorContext(r.Context(), "request panicked", "request_id", req.ID, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
				text(w, http.StatusInternalServerError, "Something went wrong inside the panel; request id "+req.ID+"\n")
			}
		}()
		next.ServeHTTP(w, r.WithContext(actor.WithRequest(r.Context(), req)))
	})
}

// careful are the headers of every answer, which nobody changes.
var careful = []struct {
	name  string
	value []string
}{
	{"X-Content-Type-Options", []string{"nosniff"}},
	{"X-Frame-Options", []string{"DENY"}},
	{"Referrer-Policy", []string{"no-referrer"}},
	{"Cache-Control", []string{"no-store"}},
	{"Content-Security-Policy", []string{"default-src 'none'; frame-ancestors 'none'"}},
	{"Cross-Origin-Opener-Policy", []string{"same-origin"}},
	{"Cross-Origin-Resource-Policy", []string{"same-origin"}}, // what CORS allows is not asked this
	{"Permissions-Policy", []string{"accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), microphone=(), midi=(), payment=(), usb=()"}},
}

// strictTransport is for two years, and for this host alone: a panel knows nothing
// of what else is below its name.
var strictTransport = []string{"max-age=63072000"}

func newRequestID() string {
	var b [36]byte
	_, _ = rand.Read(b[:12]) // never fails since Go 1.24
	hex.Encode(b[12:], b[:12])
	return string(b[12:])
}

func text(w http.ResponseWriter, status int, s string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(s)) // the client may be gone
}

// schemaText is the schema as clients and code generators read it: without what
// only our own generator needs. It is kept compressed, since it is asked for rarely.
func schemaText(s *ast.Schema) http.HandlerFunc {
	public := *s
	public.Directives = map[string]*ast.DirectiveDefinition{}
	for name, d := range s.Directives {
		if name != "goField" {
			public.Directives[name] = d
		}
	}
	public.Types = make(map[string]*ast.Definition, len(s.Types))
	for name, t := range s.Types {
		public.Types[name] = withoutGoField(t)
	}
	var packed bytes.Buffer
	w, _ := flate.NewWriter(&packed, flate.BestCompression) // the level is one
	formatter.NewFormatter(w).FormatSchema(&public)
	_ = w.Close() // a buffer takes everything
	kept := bytes.Clone(packed.Bytes())
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.Copy(w, flate.NewReader(bytes.NewReader(kept))) // the client may be gone
	}
}

func withoutGoField(t *ast.Definition) *ast.Definition {
	out := *t
	out.Fields = make(ast.FieldList, len(t.Fields))
	for i, f := range t.Fields {
		field := *f
		field.Directives = nil
		for _, d := range f.Directives {
			if d.Name != "goField" {
				field.Directives = append(field.Directives, d)
			}
		}
		out.Fields[i] = &field
	}
	return &out
}
