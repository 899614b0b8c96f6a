package httpapi_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/fstest"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/httpapi"
)

func packed(t *testing.T, text string) *fstest.MapFile {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := io.WriteString(w, text)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return &fstest.MapFile{Data: b.Bytes()}
}

func graphiQLPanel(t *testing.T, files fstest.MapFS) *panel {
	t.Helper()
	return &panel{t: t, API: httpapi.New(httpapi.Config{
		GraphQL: http.NotFoundHandler(), Origins: httpapi.Origins("https://panel.example.com", nil, nil),
		GraphiQL: files, Metrics: prometheus.NewRegistry(), Log: slog.New(slog.DiscardHandler),
	})}
}

func TestGraphiQL_Served(t *testing.T) {
	t.Parallel()
	p := graphiQLPanel(t, fstest.MapFS{
		"index.html.gz": packed(t, "<!doctype html>"), "assets/a-1.js.gz": packed(t, "let a"), "THIRD_PARTY.txt.gz": packed(t, "MIT"),
		"assets/b-1.css.gz": packed(t, "a{}"), "assets/c-1.ttf.gz": packed(t, "font"), "assets/d-1.map.gz": packed(t, "map"),
	})
	const fresh, immutable = "no-cache", "public, max-age=31536000, immutable"
	for target, tc := range map[string]struct{ kind, cache, body string }{
		"/graphiql":                 {"text/html; charset=utf-8", fresh, "<!doctype html>"},
		"/graphiql/assets/a-1.js":   {"text/javascript; charset=utf-8", immutable, "let a"},
		"/graphiql/assets/b-1.css":  {"text/css; charset=utf-8", immutable, "a{}"},
		"/graphiql/assets/c-1.ttf":  {"font/ttf", immutable, "font"},
		"/graphiql/assets/d-1.map":  {"application/octet-stream", immutable, "map"},
		"/graphiql/THIRD_PARTY.txt": {"text/plain; charset=utf-8", "no-store", "MIT"},
	} {
		for accept, compressed := range map[string]bool{
			"": false, "gzip": true, "br, GZIP;q=0.5": true, "*": true, "gzip;q=0": false, "gzip; q=0.0": false, "gzip;q=x": false, "br": false,
		} {
			w := p.do(http.MethodGet, target, "Accept-Encoding", accept)
			require.Equal(t, http.StatusOK, w.Code, target)
			require.Equal(t, tc.kind, w.Header().Get("Content-Type"))
			require.Equal(t, tc.cache, w.Header().Get("Cache-Control"))
			require.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
			require.Equal(t, "no-referrer", w.Header().Get("Referrer-Policy"))
			require.Equal(t, "Accept-Encoding", w.Header().Get("Vary"))
			body := io.Reader(w.Body)
			if compressed {
				require.Equal(t, "gzip", w.Header().Get("Content-Encoding"), accept)
				var err error
				body, err = gzip.NewReader(body)
				require.NoError(t, err)
			} else {
				require.Empty(t, w.Header().Get("Content-Encoding"), accept)
			}
			text, err := io.ReadAll(body)
			require.NoError(t, err)
			require.Equal(t, tc.body, string(text))
		}
	}
	w := p.do(http.MethodGet, "/graphiql/")
	require.Equal(t, http.StatusMovedPermanently, w.Code)
	require.Equal(t, "/graphiql", w.Header().Get("Location"))
	require.Equal(t, http.StatusMethodNotAllowed, p.do(http.MethodPost, "/graphiql").Code)
	for _, target := range []string{"/graphiql/assets/none.js", "/graphiql/assets/..%2findex.html", "/graphiql/assets/%2fetc%2fpasswd", "/graphiql/index.html"} {
		w := p.do(http.MethodGet, target)
		require.Equal(t, http.StatusNotFound, w.Code, target)
		require.NotContains(t, w.Header().Get("Cache-Control"), "immutable", target)
	}
}

// The policy names the host that was asked for, and a host can end no directive.
func TestGraphiQL_Policy(t *testing.T) {
	t.Parallel()
	p := graphiQLPanel(t, fstest.MapFS{"index.html.gz": packed(t, "")})
	for host, connect := range map[string]string{
		"panel.example.com":                    "'self' ws://panel.example.com wss://panel.example.com",
		"127.0.0.1:8080":                       "'self' ws://127.0.0.1:8080 wss://127.0.0.1:8080",
		"[::1]:8080":                           "'self' ws://[::1]:8080 wss://[::1]:8080",
		"a; script-src *":                      "'self'",
		"a;script-src":                         "'self'",
		"*":                                    "'self'",
		"a,default-src":                        "'self'",
		"":                                     "'self'",
		"panel.example.com:80;":                "'self'",
		"panel.example.com\r\nSet-Cookie: a=b": "'self'",
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/graphiql", nil)
		r.Host = host
		w := httptest.NewRecorder()
		p.ServeHTTP(w, r)
		require.Equal(t, []string{"default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src " + connect +
			"; worker-src 'self'; img-src 'self' data:; font-src 'self' data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"},
			w.Header().Values("Content-Security-Policy"), host)
	}
}

func TestGraphiQL_NotThere(t *testing.T) {
	t.Parallel()
	off := newPanel(t).do(http.MethodGet, "/graphiql")
	require.Equal(t, http.StatusNotFound, off.Code)
	require.NotContains(t, off.Body.String(), "make build", "it is off, and building it would not help")

	w := graphiQLPanel(t, fstest.MapFS{"README.md": {Data: []byte("placeholder")}}).do(http.MethodGet, "/graphiql", "Accept-Encoding", "gzip")
	require.Equal(t, http.StatusNotFound, w.Code)
	require.Contains(t, w.Body.String(), "`make build`", "the way to have it")
	require.Empty(t, w.Header().Get("Content-Encoding"))
	require.Equal(t, "no-store", w.Header().Get("Cache-Control"))

	broken := graphiQLPanel(t, fstest.MapFS{"assets/a.js.gz": {Data: []byte("no gzip")}}).do(http.MethodGet, "/graphiql/assets/a.js")
	require.Equal(t, http.StatusNotFound, broken.Code)
	require.Equal(t, "no-store", broken.Header().Get("Cache-Control"))
}
