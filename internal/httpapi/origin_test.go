package httpapi_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/httpapi"
)

func TestOriginList(t *testing.T) {
	t.Parallel()
	list := httpapi.Origins("https://panel.example.com/base/path", []string{
		"https://APP.example.com", "http://localhost:5173", "https://trailing.example.com/", "not an origin", "", "null", "*",
	}, nil)
	for name, tc := range map[string]struct {
		origin, site, host string
		want               bool
	}{
		"no page at all":              {"", "", "10.0.0.1:8080", true},
		"no page, same origin":        {"", "same-origin", "10.0.0.1:8080", true},
		"typed into the address bar":  {"", "none", "10.0.0.1:8080", true},
		"no origin, but cross-site":   {"", "cross-site", "10.0.0.1:8080", false},
		"no origin, but a sibling":    {"", "same-site", "10.0.0.1:8080", false},
		"the panel's own":             {"https://panel.example.com", "", "10.0.0.1:8080", true},
		"in capital letters":          {"HTTPS://Panel.Example.COM", "", "10.0.0.1:8080", true},
		"a listed one":                {"https://app.example.com", "cross-site", "10.0.0.1:8080", true},
		"a listed one with a port":    {"http://localhost:5173", "", "10.0.0.1:8080", true},
		"listed with a slash":         {"https://trailing.example.com", "", "10.0.0.1:8080", true},
		"another port":                {"http://localhost:5174", "", "10.0.0.1:8080", false},
		"another scheme":              {"http://app.example.com", "", "10.0.0.1:8080", false},
		"a name below":                {"https://evil.app.example.com", "", "10.0.0.1:8080", false},
		"a name that begins the same": {"https://app.example.com.evil.net", "", "10.0.0.1:8080", false},
		"user info in front":          {"https://app.example.com@evil.net", "", "10.0.0.1:8080", false},
		"a path behind":               {"https://app.example.com/x", "", "10.0.0.1:8080", false},
		"null":                        {"null", "", "10.0.0.1:8080", false},
		"a star":                      {"*", "", "10.0.0.1:8080", false},
		"a file":                      {"file://", "", "10.0.0.1:8080", false},
		"nonsense":                    {"://", "", "10.0.0.1:8080", false},
		"where the request goes":      {"https://10.0.0.1:8080", "same-origin", "10.0.0.1:8080", true},
		"the same without TLS":        {"http://10.0.0.1:8080", "same-origin", "10.0.0.1:8080", false},
		"the panel's own without TLS": {"http://panel.example.com", "same-site", "panel.example.com", false},
		"the same host, other port":   {"http://10.0.0.1:9090", "same-site", "10.0.0.1:8080", false},
		"the host as user info":       {"http://10.0.0.1:8080@evil.net", "", "10.0.0.1:8080", false},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+tc.host+"/graphql", nil)
		if tc.origin != "" {
			r.Header.Set("Origin", tc.origin)
		}
		if tc.site != "" {
			r.Header.Set("Sec-Fetch-Site", tc.site)
		}
		require.Equal(t, tc.want, list.Allow(r), name)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://10.0.0.1:8080/graphql", nil)
	r.Header.Set("Origin", "https://panel.example.com")
	require.False(t, httpapi.Origins("", nil, nil).Allow(r), "nothing listed allows only where the request goes")
}

// A page without TLS is no page of a panel that is reached with it, however that is known.
func TestOriginList_Scheme(t *testing.T) {
	t.Parallel()
	proxies, err := httpapi.ParseProxies([]string{"10.0.0.0/8"})
	require.NoError(t, err)
	for name, tc := range map[string]struct {
		base, peer, forwarded string
		tls, want             bool
	}{
		"without TLS":                     {"http://panel.example.com", "192.0.2.1:1", "", false, true},
		"no base URL":                     {"", "192.0.2.1:1", "", false, true},
		"base URL with TLS":               {"https://panel.example.com", "192.0.2.1:1", "", false, false},
		"in capital letters":              {"HTTPS://panel.example.com", "192.0.2.1:1", "", false, false},
		"our own TLS":                     {"", "192.0.2.1:1", "", true, false},
		"a proxy's TLS":                   {"", "10.1.2.3:1", "https", false, false},
		"a proxy without TLS":             {"", "10.1.2.3:1", "http", false, true},
		"somebody who says to be a proxy": {"", "192.0.2.1:1", "https", false, true},
	} {
		list := httpapi.Origins(tc.base, nil, proxies)
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://panel.example.com/graphql", nil)
		r.RemoteAddr = tc.peer
		if tc.tls {
			r.TLS = new(tls.ConnectionState)
		}
		if tc.forwarded != "" {
			r.Header.Set("X-Forwarded-Proto", tc.forwarded)
		}
		r.Header.Set("Origin", "https://panel.example.com")
		require.True(t, list.Allow(r), name)
		r.Header.Set("Origin", "http://panel.example.com")
		require.Equal(t, tc.want, list.Allow(r), name)
	}
}

func TestCORS(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	ran := 0
	p.graphql = func(w http.ResponseWriter, _ *http.Request) { ran++; w.WriteHeader(http.StatusTeapot) }
	for name, tc := range map[string]struct {
		method, origin string
		status         int
		allowed        string
	}{
		"preflight of a listed page":  {http.MethodOptions, "https://app.example.com", http.StatusNoContent, "https://app.example.com"},
		"preflight of another page":   {http.MethodOptions, "https://evil.net", http.StatusNoContent, ""},
		"preflight of no page":        {http.MethodOptions, "", http.StatusNoContent, ""},
		"a listed page":               {http.MethodPost, "https://app.example.com", http.StatusTeapot, "https://app.example.com"},
		"another page cannot read it": {http.MethodPost, "https://evil.net", http.StatusTeapot, ""},
		"no page":                     {http.MethodPost, "", http.StatusTeapot, ""},
	} {
		ran = 0
		var headers []string
		if tc.origin != "" {
			headers = []string{"Origin", tc.origin}
		}
		w := p.do(tc.method, "/graphql", headers...)
		require.Equal(t, tc.status, w.Code, name)
		h := w.Header()
		require.Equal(t, tc.allowed, h.Get("Access-Control-Allow-Origin"), name)
		require.Equal(t, "Origin", h.Get("Vary"), "%s: caches keep the answers apart", name)
		require.Equal(t, tc.allowed != "", h.Get("Access-Control-Allow-Credentials") == "true", "%s: of a page that is listed the refresh token's cookie comes along", name)
		preflight := tc.method == http.MethodOptions && tc.allowed != ""
		require.Equal(t, preflight, h.Get("Access-Control-Allow-Methods") == "GET, POST, PUT, DELETE", name)
		require.Equal(t, preflight, h.Get("Access-Control-Allow-Headers") == "Authorization, Content-Type, Idempotency-Key, Last-Event-ID, X-GraphQL-Event-Stream-Token", name)
		require.Equal(t, tc.allowed != "", h.Get("Access-Control-Expose-Headers") != "", name)
		require.Equal(t, tc.method != http.MethodOptions, ran == 1, "%s: a preflight does nothing", name)
	}
}
