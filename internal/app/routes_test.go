package app

import (
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/config"
	"github.com/mpanel/mpanel/internal/testkit"
	"github.com/mpanel/mpanel/internal/transport"
)

// public are the routes that answer those who are nobody, with the methods by which they do. A
// new route is refused to them, or entered here.
var public = map[string]string{
	"/graphql":                      "GET POST PUT OPTIONS", // of its fields each says for whom it is
	"GET /schema.graphql":           "GET HEAD",             // where the installation publishes it
	"GET /livez":                    "GET HEAD",
	"GET /readyz":                   "GET HEAD",
	"GET /metrics":                  "GET HEAD", // figures, and nobody's names
	"GET /setup":                    "GET HEAD", // pages that send on what is written there, or what stands after the # of a link
	"GET /sign-in":                  "GET HEAD",
	"GET /sign-up":                  "GET HEAD",
	"GET /forgot-password":          "GET HEAD",
	"GET /graphiql":                 "GET HEAD", // a page that asks for an access token
	"GET /graphiql/{$}":             "GET HEAD",
	"GET /graphiql/assets/{file}":   "GET HEAD",
	"GET /graphiql/THIRD_PARTY.txt": "GET HEAD",
	"GET /verify-email":             "GET HEAD",
	"GET /reset-password":           "GET HEAD",
	"GET /invitation":               "GET HEAD",
	"GET /{$}":                      "GET HEAD", // the app, which has nothing in it before somebody has signed in
	"GET /assets/{file}":            "GET HEAD",
	"GET /THIRD_PARTY.txt":          "GET HEAD",
}

// S3: every route of the real panel with every method, asked by nobody and with tokens that are none,
// from another machine: only the routes that are listed answer, and no data of the graph.
func TestS3_RoutesAndMethods(t *testing.T) {
	t.Parallel()
	p, err := newPanel(t.Context(), &stores{db: testkit.DB(t), box: testkit.Box(t), embedded: new(embedded)}, config.Options{
		DataDir: t.TempDir(), BaseURL: "http://127.0.0.1", Introspection: string(transport.IntrospectionPublic),
	}, fast("routes", nil), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(p.close)
	p.api.SetReady()
	routes := p.api.Routes()
	public := maps.Clone(public)
	for _, place := range []string{"customers", "databases", "jobs", "users", "servers", "drift", "audit", "security", "settings"} {
		public["GET /"+place], public["GET /"+place+"/{rest...}"] = "GET HEAD", "GET HEAD"
	}
	for route := range public {
		require.Contains(t, routes, route, "of a route that is gone")
	}
	for _, route := range []string{"GET /audit/export", "/files/{token}", "/files/peer/{dump}", "GET /mailbox", "GET /mailbox/{id}"} {
		require.Contains(t, routes, route)
	}
	assets := map[string]string{}
	for route, page := range map[string]string{"GET /graphiql/assets/{file}": "/graphiql", "GET /assets/{file}": "/sign-in"} {
		_, folder, _ := strings.Cut(strings.TrimSuffix(route, "{file}"), " ")
		assets[route] = regexp.MustCompile(`"` + folder + `[^"]+`).FindString(answerOf(p, http.MethodGet, page, nil).Body.String())[1:]
	}
	asked := 0
	for _, route := range append(slices.Clone(routes), "GET /nothing/here", "GET /.git/config", "GET /graphql/", "GET /debug/pprof/") {
		_, target, found := strings.Cut(route, " ")
		if !found {
			target = route
		}
		target = regexp.MustCompile(`\{[^}$]+\}`).ReplaceAllString(strings.ReplaceAll(target, "{$}", ""), "x")
		if asset := assets[route]; asset != "" {
			target = asset
		}
		answered := map[string]bool{}
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions, http.MethodTrace, http.MethodConnect, "PROPFIND"} {
			for name, header := range map[string]http.Header{
				"nobody": {}, "no token": {"Authorization": {"Bearer x"}}, "no API token": {"Authorization": {"Bearer mpt_AAAAAAAA_" + strings.Repeat("A", 60)}},
				"another scheme": {"Authorization": {"Basic cm9vdDpyb290"}}, "a cookie": {"Cookie": {"mpanel_refresh=x; __Host-mpanel_refresh=x"}},
				"as this machine": {"X-Forwarded-For": {"127.0.0.1"}, "X-Real-Ip": {"127.0.0.1"}, "Forwarded": {"for=127.0.0.1"}},
				"another method":  {"X-Http-Method-Override": {"GET"}},
			} {
				asked++
				w := answerOf(p, method, target, header)
				require.NotContains(t, w.Body.String(), `"totalCount"`, "%s %s: %s", method, target, name)
				require.Less(t, w.Code, 500, "%s %s: %s", method, target, name)
				if w.Code < 400 {
					answered[method] = true
				}
			}
		}
		for method := range strings.FieldsSeq(public[route]) {
			require.True(t, answered[method], "%s %s is public, and not answered", method, route)
			delete(answered, method)
		}
		require.Empty(t, answered, "%s is answered to nobody by these methods", route)
	}
	t.Logf("%d routes, %d requests", len(routes), asked)
}

// answerOf asks from another machine; of the graph, for data.
func answerOf(p *panel, method, target string, header http.Header) *httptest.ResponseRecorder {
	const query = `{ databases { totalCount } customers { totalCount } users { totalCount } servers { totalCount } auditEvents { totalCount } }`
	body := `{"query": "` + query + `"}`
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header = header.Clone()
	if r.Header == nil {
		r.Header = http.Header{}
	}
	r.Header.Set("Content-Type", "application/json")
	if target == "/graphql" && (method == http.MethodGet || method == http.MethodHead) {
		r.URL.RawQuery = "query=" + strings.ReplaceAll(query, " ", "+")
	}
	r.RemoteAddr = "203.0.113.9:4711"
	w := httptest.NewRecorder()
	p.api.ServeHTTP(w, r)
	return w
}
