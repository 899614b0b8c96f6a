package httpapi_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/httpapi"
)

// letters is a mailbox in memory.
type letters struct {
	list []*httpapi.Letter
	err  error
}

func (l *letters) Letters() ([]*httpapi.Letter, error) { return l.list, l.err }
func (l *letters) Samples() ([]*httpapi.Letter, error) {
	return []*httpapi.Letter{{ID: "sample", Subject: "A sample"}}, l.err
}

func (l *letters) Letter(id string) (*httpapi.Letter, error) {
	for _, one := range l.list {
		if one.ID == id {
			return one, l.err
		}
	}
	return nil, l.err
}

func TestMailbox_ForThisMachineAlone(t *testing.T) {
	t.Parallel()
	box := &letters{list: []*httpapi.Letter{{
		ID: "one", To: `<script>alert(1)</script>@example.com`, From: "panel@example.com", Subject: `"><script>alert(1)</script>`, At: time.Now(),
		Text: "Hello\n\n    http://localhost:8080/reset-password#token\njavascript:alert(1)\n<script>alert(1)</script>\n", HTML: "<p>Hello</p><script>alert(1)</script>",
	}}}
	var log bytes.Buffer
	proxies, err := httpapi.ParseProxies([]string{"127.0.0.1"})
	require.NoError(t, err)
	api := httpapi.New(httpapi.Config{
		GraphQL: http.NotFoundHandler(), Origins: httpapi.Origins("", nil, nil), Mailbox: box, Proxies: proxies, Metrics: prometheus.NewRegistry(),
		Ready: func(context.Context) error { return nil }, SetupNeeded: func(context.Context) (bool, error) { return false, nil },
		Log: slog.New(slog.NewJSONHandler(&log, nil)),
	})
	get := func(target, host, remote string, headers ...string) *httptest.ResponseRecorder {
		t.Helper()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
		r.Host, r.RemoteAddr = host, remote
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		w := httptest.NewRecorder()
		api.ServeHTTP(w, r)
		return w
	}
	targets := []string{"/mailbox", "/mailbox/one", "/mailbox/one/html"}
	for _, target := range targets {
		for _, host := range []string{"localhost:8080", "LOCALHOST", "127.0.0.1:8080", "[::1]:8080", "[::1]"} {
			for _, remote := range []string{"127.0.0.1:1234", "[::1]:1234", "[::ffff:127.0.0.1]:1234"} {
				require.Equal(t, http.StatusOK, get(target, host, remote).Code, "%s at %s from %s", target, host, remote)
			}
		}
		for name, w := range map[string]*httptest.ResponseRecorder{
			"from elsewhere":          get(target, "localhost:8080", "192.0.2.1:1234"),
			"from elsewhere by IPv6":  get(target, "localhost:8080", "[2001:db8::1]:1234"),
			"through a proxy here":    get(target, "localhost:8080", "127.0.0.1:1234", "X-Forwarded-For", "192.0.2.1"),
			"a name that leads here":  get(target, "evil.example:8080", "127.0.0.1:1234"),
			"a name with localhost":   get(target, "localhost.evil.example", "127.0.0.1:1234"),
			"no host":                 get(target, "", "127.0.0.1:1234"),
			"an address of the world": get(target, "192.0.2.1:8080", "127.0.0.1:1234"),
		} {
			require.Equal(t, http.StatusNotFound, w.Code, "%s %s", target, name)
			require.NotContains(t, w.Body.String(), "example.com")
		}
	}
	list := get("/mailbox", "localhost", "127.0.0.1:1")
	require.Contains(t, list.Body.String(), `<a href="/mailbox/one">`)
	require.Contains(t, list.Body.String(), "A sample")
	one := get("/mailbox/one", "localhost", "127.0.0.1:1")
	require.Contains(t, one.Body.String(), `<a href="http://localhost:8080/reset-password#token">`)
	require.Contains(t, one.Body.String(), `<iframe sandbox title="The same as HTML" src="/mailbox/one/html">`)
	for _, w := range []*httptest.ResponseRecorder{list, one} {
		require.NotContains(t, w.Body.String(), "<script>alert")
		require.NotContains(t, w.Body.String(), `href="javascript:`)
		require.Contains(t, w.Header().Get("Content-Security-Policy"), "default-src 'none'; script-src 'nonce-")
		require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	}
	page := get("/mailbox/one/html", "localhost", "127.0.0.1:1")
	require.Equal(t, "<p>Hello</p><script>alert(1)</script>", page.Body.String(), "as it is, where nothing runs")
	require.Equal(t, "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'; sandbox", page.Header().Get("Content-Security-Policy"))
	require.Equal(t, "nosniff", page.Header().Get("X-Content-Type-Options"))
	for _, missing := range []string{"/mailbox/two", "/mailbox/two/html", "/mailbox/..%2f..%2fsecret.key", "/mailbox/one/other"} {
		require.Equal(t, http.StatusNotFound, get(missing, "localhost", "127.0.0.1:1").Code, missing)
	}
	box.err = errors.New("canary of a folder")
	for _, target := range targets {
		w := get(target, "localhost", "127.0.0.1:1")
		require.Equal(t, http.StatusInternalServerError, w.Code)
		require.NotContains(t, w.Body.String(), "canary")
	}
	require.Contains(t, log.String(), "canary of a folder")
}
