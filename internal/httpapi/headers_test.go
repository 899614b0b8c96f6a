package httpapi_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/graph"
	"github.com/mpanel/mpanel/internal/httpapi"
)

// oneFile has one file behind every link.
type oneFile struct{}

func (oneFile) Download(context.Context, string, string, int64) (*httpapi.File, error) {
	return &httpapi.File{Name: "dump.html", SizeBytes: 3, SHA256: make([]byte, 32), Body: io.NopCloser(strings.NewReader("<b>")), Done: func(context.Context, bool) {}}, nil
}

func (f oneFile) Peer(ctx context.Context, _ url.Values) (*httpapi.File, error) {
	return f.Download(ctx, "", "", 0)
}

func (oneFile) Upload(context.Context, string, string, int64, []byte, io.Reader) ([]byte, error) {
	return make([]byte, 32), nil
}

// everything is an API with all routes that there can be.
func everything(t *testing.T, proxies ...string) *httpapi.API {
	t.Helper()
	trusted, err := httpapi.ParseProxies(proxies)
	require.NoError(t, err)
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err = io.WriteString(w, "<html>")
	require.NoError(t, err)
	require.NoError(t, w.Close())
	file := &fstest.MapFile{Data: packed.Bytes()}
	web := fstest.MapFS{"index.html.gz": file, "account.html.gz": file, "assets/x.gz": file, "THIRD_PARTY.txt.gz": file}
	return httpapi.New(httpapi.Config{
		GraphQL: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.RawQuery == "panic" {
				panic("a mistake")
			}
			_, _ = io.WriteString(w, "{}")
		}),
		Schema:   graph.NewExecutableSchema(graph.Config{}).Schema(),
		GraphiQL: fstest.MapFS{"index.html.gz": file, "assets/x.gz": file, "THIRD_PARTY.txt.gz": file},
		Web:      web,
		Origins:  httpapi.Origins("https://panel.example.com", nil, nil), Proxies: trusted,
		Ready:       func(context.Context) error { return nil },
		SetupNeeded: func(context.Context) (bool, error) { return true, nil },
		Files:       oneFile{}, Metrics: prometheus.NewRegistry(), Log: slog.New(slog.DiscardHandler),
	})
}

// targetOf is a request that a pattern of the mux answers.
func targetOf(pattern string) (method, target string) {
	method, target, found := strings.Cut(pattern, " ")
	if !found {
		method, target = http.MethodGet, pattern
	}
	target = strings.ReplaceAll(target, "{$}", "")
	return method, regexp.MustCompile(`\{[^}]+\}`).ReplaceAllString(target, "x")
}

// page is the policy of the web app's pages.
const page = `^default-src 'none'; script-src 'self'; style-src 'self' 'nonce-[A-Za-z0-9+/]{22}'; connect-src 'self' ws://example.com wss://example.com; img-src 'self' data:; font-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'$`

var policies = map[string]string{
	"GET /setup":                  page,
	"GET /sign-in":                page,
	"GET /sign-up":                page,
	"GET /verify-email":           page,
	"GET /forgot-password":        page,
	"GET /reset-password":         page,
	"GET /invitation":             page,
	"GET /assets/{file}":          `^default-src 'none'; script-src 'self'; frame-ancestors 'none'$`,
	"GET /graphiql":               `^default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; `,
	"GET /graphiql/assets/{file}": `^default-src 'none'; script-src 'self'; frame-ancestors 'none'$`,
	"/files/{token}":              `^default-src 'none'; sandbox; frame-ancestors 'none'$`,
	"/files/peer/{dump}":          `^default-src 'none'; sandbox; frame-ancestors 'none'$`,
}

var cached = map[string]string{
	"GET /graphiql":               "no-cache",
	"GET /graphiql/assets/{file}": "public, max-age=31536000, immutable",
	"GET /assets/{file}":          "public, max-age=31536000, immutable",
}

// S32: the headers of every route, over TLS and without.
func TestS32_HeadersOfEveryRoute(t *testing.T) {
	t.Parallel()
	api := everything(t)
	api.SetReady()
	routes := api.Routes()
	require.Greater(t, len(routes), 10)
	policies := maps.Clone(policies)
	for _, place := range []string{"customers", "databases", "jobs", "users", "servers", "drift", "audit", "security", "settings"} {
		policies["GET /"+place], policies["GET /"+place+"/{rest...}"] = page, page
	}
	for route := range policies {
		require.Contains(t, routes, route, "of a route that is gone")
	}
	type request struct{ name, method, target string }
	all := []request{
		{"unknown", http.MethodGet, "/nothing/here"}, {"another method", http.MethodPost, "/livez"},
		{"a panic", http.MethodPost, "/graphql?panic"}, {"a path that is cleaned", http.MethodGet, "/a/../livez"},
	}
	for _, r := range routes {
		method, target := targetOf(r)
		all = append(all, request{r, method, target})
	}
	for _, c := range all {
		for _, secure := range []bool{false, true} {
			r := httptest.NewRequestWithContext(t.Context(), c.method, c.target, nil)
			r.TLS = nil
			if secure {
				r.TLS = &tls.ConnectionState{}
			}
			w := httptest.NewRecorder()
			api.ServeHTTP(w, r)
			h := w.Result().Header
			if strings.Contains(c.name, "/") {
				require.Less(t, w.Code, 400, "%s answers", c.name)
			}
			for name, want := range map[string]string{
				"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer",
				"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
			} {
				require.Equal(t, []string{want}, h.Values(name), "%s of %s", name, c.name)
			}
			require.Contains(t, h.Get("Permissions-Policy"), "camera=()", c.name)
			require.Len(t, h.Values("Content-Security-Policy"), 1, c.name)
			policy := h.Get("Content-Security-Policy")
			want, ok := policies[c.name]
			if !ok {
				want = `^default-src 'none'; frame-ancestors 'none'$`
			}
			require.Regexp(t, want, policy, c.name)
			require.Contains(t, policy, "frame-ancestors 'none'", c.name)
			for directive := range strings.SplitSeq(policy, ";") {
				if d := strings.TrimSpace(directive); strings.HasPrefix(d, "script-src") || strings.HasPrefix(d, "default-src") {
					require.NotContains(t, d, "unsafe", c.name)
				}
			}
			control, ok := cached[c.name]
			if !ok {
				control = "no-store"
			}
			require.Equal(t, control, h.Get("Cache-Control"), c.name)
			if strings.HasPrefix(c.target, "/files/") {
				require.Equal(t, `attachment; filename="dump.html"`, h.Get("Content-Disposition"))
				require.Equal(t, "application/octet-stream", h.Get("Content-Type"))
			}
			if !secure {
				require.Empty(t, h.Get("Strict-Transport-Security"), "%s: not over plain HTTP", c.name)
				continue
			}
			age, ok := strings.CutPrefix(h.Get("Strict-Transport-Security"), "max-age=")
			require.True(t, ok, c.name)
			seconds, err := strconv.Atoi(age)
			require.NoError(t, err)
			require.GreaterOrEqual(t, seconds, 365*24*60*60, c.name)
		}
	}
	t.Logf("%d routes and %d other answers, over TLS and without", len(routes), len(all)-len(routes))
}

func TestStrictTransport_BehindAProxy(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		peer, proto string
		trusted     []string
		want        bool
	}{
		"a trusted proxy over TLS":  {"10.0.0.1:1", "https", []string{"10.0.0.0/8"}, true},
		"in capital letters":        {"10.0.0.1:1", "HTTPS", []string{"10.0.0.0/8"}, true},
		"a trusted proxy without":   {"10.0.0.1:1", "http", []string{"10.0.0.0/8"}, false},
		"says nothing":              {"10.0.0.1:1", "", []string{"10.0.0.0/8"}, false},
		"who is no proxy":           {"192.0.2.1:1", "https", []string{"10.0.0.0/8"}, false},
		"no proxies are trusted":    {"10.0.0.1:1", "https", nil, false},
		"a peer that is no address": {"@", "https", []string{"10.0.0.0/8"}, false},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/livez", nil)
		r.RemoteAddr = tc.peer
		if tc.proto != "" {
			r.Header.Set("X-Forwarded-Proto", tc.proto)
		}
		w := httptest.NewRecorder()
		everything(t, tc.trusted...).ServeHTTP(w, r)
		require.Equal(t, tc.want, w.Header().Get("Strict-Transport-Security") != "", name)
	}
}

func TestRedirect(t *testing.T) {
	t.Parallel()
	base, err := url.Parse("https://panel.example.com:8443")
	require.NoError(t, err)
	h := httpapi.Redirect(base, []string{"other.example.com"})
	for name, tc := range map[string]struct{ method, host, target, want string }{
		"the panel":              {http.MethodGet, "panel.example.com", "/", "https://panel.example.com:8443/"},
		"path and query":         {http.MethodHead, "panel.example.com:80", "/graphiql?a=b&c=%20", "https://panel.example.com:8443/graphiql?a=b&c=%20"},
		"another name of it":     {http.MethodGet, "Other.Example.com", "/x", "https://other.example.com:8443/x"},
		"a name that is not its": {http.MethodGet, "evil.example", "/x", "https://panel.example.com:8443/x"},
		"no name":                {http.MethodGet, "", "/x", "https://panel.example.com:8443/x"},
		"two slashes":            {http.MethodGet, "panel.example.com", "//evil.example/x", "https://panel.example.com:8443/evil.example/x"},
		"a backslash":            {http.MethodGet, "panel.example.com", "/%5Cevil.example", "https://panel.example.com:8443/%5Cevil.example"},
		"a line break":           {http.MethodGet, "panel.example.com", "/a%0d%0aSet-Cookie:x", "https://panel.example.com:8443/a%0D%0ASet-Cookie:x"},
		"POST":                   {http.MethodPost, "panel.example.com", "/graphql", ""},
	} {
		r := httptest.NewRequestWithContext(t.Context(), tc.method, "/", nil)
		r.URL, err = url.ParseRequestURI("http://x" + tc.target)
		require.NoError(t, err)
		r.Host = tc.host
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		require.Equal(t, tc.want, w.Header().Get("Location"), name)
		require.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"), name)
		require.Empty(t, w.Header().Get("Strict-Transport-Security"), name)
		if tc.want == "" {
			require.Equal(t, http.StatusBadRequest, w.Code, name)
		} else {
			require.Equal(t, http.StatusPermanentRedirect, w.Code, name)
		}
	}
}

// No route answers TRACE, which would send back what cookies and tokens came with it.
func TestAPI_NoTrace(t *testing.T) {
	t.Parallel()
	api := everything(t)
	api.SetReady()
	for _, route := range append(api.Routes(), "GET /nothing/here") {
		_, target := targetOf(route)
		if target == "/graphql" {
			continue // whose handler is another here; the end-to-end tests have it
		}
		for _, method := range []string{http.MethodTrace, "trace", "TRACK", http.MethodConnect} {
			r := httptest.NewRequestWithContext(t.Context(), method, target, nil)
			r.Header.Set("X-Canary", "canary-of-a-header")
			w := httptest.NewRecorder()
			api.ServeHTTP(w, r)
			require.GreaterOrEqual(t, w.Code, 400, "%s %s", method, target)
			require.NotContains(t, w.Body.String(), "canary", "%s %s", method, target)
		}
	}
}
