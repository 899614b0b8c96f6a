package httpapi_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mpanel/mpanel/graph"
	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/httpapi"
)

// A panel is an API over a GraphQL handler that is the test's own.
type panel struct {
	*httpapi.API
	t       *testing.T
	graphql func(http.ResponseWriter, *http.Request)
	ready   func(context.Context) error
	needed  bool
	fails   error // of SetupNeeded
	log     bytes.Buffer
}

func newPanel(t *testing.T) *panel {
	t.Helper()
	p := &panel{t: t, ready: func(context.Context) error { return nil }}
	p.graphql = func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "graphql") }
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(prometheus.NewGauge(prometheus.GaugeOpts{Name: "mpanel_test", Help: "A test."}))
	p.API = httpapi.New(httpapi.Config{
		GraphQL: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.graphql(w, r) }),
		Schema:  graph.NewExecutableSchema(graph.Config{}).Schema(),
		Origins: httpapi.Origins("https://panel.example.com", []string{"https://app.example.com"}, nil),
		Ready:   func(ctx context.Context) error { return p.ready(ctx) },
		SetupNeeded: func(context.Context) (bool, error) {
			return p.needed, p.fails
		},
		Web: fstest.MapFS{
			"index.html.gz":   packed(t, `<html nonce="{{nonce}}">the app`),
			"account.html.gz": packed(t, `<html nonce="{{nonce}}">the account pages`),
		},
		Metrics: metrics,
		Log:     slog.New(slog.NewJSONHandler(&p.log, nil)),
	})
	return p
}

func (p *panel) do(method, target string, headers ...string) *httptest.ResponseRecorder {
	p.t.Helper()
	r := httptest.NewRequestWithContext(p.t.Context(), method, target, nil)
	for h := range slices.Chunk(headers, 2) {
		r.Header.Set(h[0], h[1])
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	return w
}

func TestAPI_HeadersOnEveryAnswer(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	ids := map[string]bool{}
	for _, target := range []string{"/", "/setup", "/verify-email", "/reset-password", "/invitation", "/databases/x", "/graphql", "/schema.graphql", "/livez", "/readyz", "/metrics", "/mailbox", "/nothing/here"} {
		h := p.do(http.MethodGet, target).Header()
		id := h.Get("X-Request-Id")
		require.Regexp(t, `^[0-9a-f]{24}$`, id, target)
		require.False(t, ids[id], "each request has its own id")
		ids[id] = true
		require.Equal(t, "nosniff", h.Get("X-Content-Type-Options"), target)
		require.Equal(t, "DENY", h.Get("X-Frame-Options"), target)
		require.Equal(t, "no-referrer", h.Get("Referrer-Policy"), target)
		require.Equal(t, "no-store", h.Get("Cache-Control"), target)
		require.Contains(t, h.Get("Content-Security-Policy"), "default-src 'none'", target)
		require.Contains(t, h.Get("Content-Security-Policy"), "frame-ancestors 'none'", target)
	}
}

func TestAPI_RequestInTheContext(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	var got actor.Request
	p.graphql = func(_ http.ResponseWriter, r *http.Request) { got = actor.RequestFrom(r.Context()) }
	for name, tc := range map[string]struct{ remote, ip string }{
		"IPv4":         {"192.0.2.1:4711", "192.0.2.1"},
		"IPv6":         {"[2001:db8::1]:4711", "2001:db8::1"},
		"without port": {"@", "@"},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/graphql", nil)
		r.RemoteAddr = tc.remote
		r.Header.Set("User-Agent", "test/1")
		r.Header.Set("X-Forwarded-For", "203.0.113.9") // anybody can say that
		r.Header.Set("X-Real-IP", "203.0.113.9")
		r.Header.Set("X-Request-Id", "chosen-by-the-client")
		w := httptest.NewRecorder()
		p.ServeHTTP(w, r)
		require.Equal(t, tc.ip, got.IP, name)
		require.Equal(t, "test/1", got.UserAgent)
		require.Equal(t, w.Header().Get("X-Request-Id"), got.ID)
		require.NotEqual(t, "chosen-by-the-client", got.ID)
	}
}

func TestAPI_Readyz(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	is := func(status int, text string) {
		t.Helper()
		w := p.do(http.MethodGet, "/readyz")
		require.Equal(t, status, w.Code)
		require.Equal(t, text+"\n", w.Body.String())
		require.Equal(t, "text/plain; charset=utf-8", w.Header().Get("Content-Type"))
	}
	is(http.StatusServiceUnavailable, "starting")
	p.SetReady()
	is(http.StatusOK, "ready")
	p.ready = func(context.Context) error { return errors.New("dial postgres://canary-pw@db") }
	is(http.StatusServiceUnavailable, "the panel's database does not answer")
	p.ready = func(context.Context) error { return nil }
	is(http.StatusOK, "ready")
	p.SetStopping()
	is(http.StatusServiceUnavailable, "stopping")
	p.SetReady()
	is(http.StatusServiceUnavailable, "stopping") // there is no way back

	early := newPanel(t)
	early.SetStopping()
	early.SetReady()
	p = early
	is(http.StatusServiceUnavailable, "stopping")
	require.Equal(t, http.StatusOK, p.do(http.MethodGet, "/livez").Code, "it lives in every state")
	require.Equal(t, "ok\n", p.do(http.MethodGet, "/livez").Body.String())
}

func TestAPI_ReadyzDoesNotWaitForADatabaseThatHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPanel(t)
		p.SetReady()
		p.ready = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		begin := time.Now()
		require.Equal(t, http.StatusServiceUnavailable, p.do(http.MethodGet, "/readyz").Code)
		require.LessOrEqual(t, time.Since(begin), 2*time.Second)
	})
}

func TestAPI_MetricsAndUnknownRoutes(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	require.Contains(t, p.do(http.MethodGet, "/metrics").Body.String(), "mpanel_test 0")
	for _, target := range []string{"/nothing", "/graphql/x", "/setup/x", "/schema.graphqls", "/assets/nothing.js", "/THIRD_PARTY.txt"} {
		require.Equal(t, http.StatusNotFound, p.do(http.MethodGet, target).Code, target)
	}
	for _, target := range []string{"/", "/setup", "/verify-email", "/reset-password", "/invitation", "/livez", "/readyz", "/metrics", "/schema.graphql"} {
		require.Equal(t, http.StatusMethodNotAllowed, p.do(http.MethodPost, target).Code, target)
		require.Equal(t, http.StatusMethodNotAllowed, p.do(http.MethodDelete, target).Code, target)
	}
}

func TestAPI_Panic(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	p.graphql = func(http.ResponseWriter, *http.Request) { panic("canary-pw in a panic") }
	w := p.do(http.MethodPost, "/graphql")
	require.Equal(t, http.StatusInternalServerError, w.Code)
	id := w.Header().Get("X-Request-Id")
	require.Contains(t, w.Body.String(), id)
	require.NotContains(t, w.Body.String(), "canary")
	require.Contains(t, p.log.String(), id)
	require.Contains(t, p.log.String(), "canary-pw in a panic", "the log has the reason")

	p.graphql = func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	p.log.Reset()
	require.PanicsWithValue(t, http.ErrAbortHandler, func() { p.do(http.MethodPost, "/graphql") }, "net/http's own business")
	require.Empty(t, p.log.String())
}

func TestAPI_SchemaText(t *testing.T) {
	t.Parallel()
	w := newPanel(t).do(http.MethodGet, "/schema.graphql")
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, "text/plain; charset=utf-8", w.Header().Get("Content-Type"))
	require.NotContains(t, w.Body.String(), "goField", "what only our generator needs")
	read, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphql", Input: w.Body.String()})
	require.NoError(t, err, "clients' generators can read it")

	hidden := httpapi.New(httpapi.Config{Metrics: prometheus.NewRegistry(), Log: slog.New(slog.DiscardHandler)})
	w = httptest.NewRecorder()
	hidden.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/schema.graphql", nil))
	require.Equal(t, http.StatusNotFound, w.Code, "when not everybody may read it")

	own := graph.NewExecutableSchema(graph.Config{}).Schema()
	for name, def := range own.Types {
		if strings.HasPrefix(name, "__") || def.BuiltIn {
			continue
		}
		got := read.Types[name]
		require.NotNil(t, got, name)
		require.Equal(t, def.Kind, got.Kind, name)
		require.Equal(t, strings.TrimSpace(def.Description), strings.TrimSpace(got.Description), name)
		for _, f := range def.Fields {
			if strings.HasPrefix(f.Name, "__") {
				continue
			}
			g := got.Fields.ForName(f.Name)
			require.NotNil(t, g, "%s.%s", name, f.Name)
			require.Equal(t, f.Type.String(), g.Type.String(), "%s.%s", name, f.Name)
			require.Equal(t, f.Directives.ForName("auth") != nil, g.Directives.ForName("auth") != nil, "%s.%s keeps its @auth", name, f.Name)
			require.Equal(t, f.Directives.ForName("public") != nil, g.Directives.ForName("public") != nil, "%s.%s keeps its @public", name, f.Name)
			require.Len(t, g.Arguments, len(f.Arguments), "%s.%s", name, f.Name)
		}
		require.Len(t, got.EnumValues, len(def.EnumValues), name)
	}
	require.NotNil(t, own.Directives["goField"], "the panel's own schema is left as it was")
	require.NotNil(t, own.Types["Customer"].Fields.ForName("parent").Directives.ForName("goField"))
	require.NotNil(t, read.Directives["auth"])
	require.NotNil(t, read.Directives["idempotent"])
}
