package httpapi_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"regexp"
	"testing"
	"testing/fstest"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/httpapi"
)

var nonceOf = regexp.MustCompile(`nonce="([^"]*)"`)

func TestWeb_Pages(t *testing.T) {
	t.Parallel()
	for target, page := range map[string]string{
		"/": "the app", "/databases": "the app", "/databases/ZGI": "the app", "/audit": "the app", "/audit/what/ever": "the app", "/settings": "the app",
		"/sign-in": "account", "/sign-up": "account", "/setup": "account", "/invitation": "account", "/setup?token=canary-pw": "account",
		"/jobs?x=%3Cscript%3Ecanary-pw%3C/script%3E": "the app",
	} {
		p := newPanel(t)
		w := p.do(http.MethodGet, target)
		require.Equal(t, http.StatusOK, w.Code, target)
		require.Equal(t, "text/html; charset=utf-8", w.Header().Get("Content-Type"))
		require.Equal(t, "no-store", w.Header().Get("Cache-Control"), "it has a nonce")
		require.Contains(t, w.Body.String(), page, target)
		require.NotContains(t, w.Body.String(), "canary")
		policy := w.Header().Get("Content-Security-Policy")
		nonce := nonceOf.FindStringSubmatch(w.Body.String())
		require.Len(t, nonce, 2)
		require.Contains(t, policy, "style-src 'self' 'nonce-"+nonce[1]+"'")
		require.NotContains(t, policy, "unsafe-")
		require.NotEqual(t, policy, p.do(http.MethodGet, target).Header().Get("Content-Security-Policy"), "a nonce is used once")
	}
}

// Before there is an administrator the first page is the one that makes one; who cannot
// be asked is taken to be in use.
func TestWeb_FirstPage(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	p.needed = true
	w := p.do(http.MethodGet, "/")
	require.Equal(t, http.StatusSeeOther, w.Code)
	require.Equal(t, "/setup", w.Header().Get("Location"))
	require.Equal(t, http.StatusOK, p.do(http.MethodGet, "/databases").Code)
	p.fails = errors.New("canary-pw")
	w = p.do(http.MethodGet, "/")
	require.Equal(t, http.StatusOK, w.Code)
	require.NotContains(t, w.Body.String(), "canary")
}

func TestWeb_BuiltWithout(t *testing.T) {
	t.Parallel()
	p := &panel{t: t, API: httpapi.New(httpapi.Config{
		Web: fstest.MapFS{"README.md": &fstest.MapFile{}}, Origins: httpapi.Origins("https://panel.example.com", nil, nil),
		SetupNeeded: func(context.Context) (bool, error) { return false, nil }, Metrics: prometheus.NewRegistry(), Log: slog.New(slog.DiscardHandler),
	})}
	for _, target := range []string{"/", "/sign-in", "/jobs/x"} {
		w := p.do(http.MethodGet, target)
		require.Equal(t, http.StatusNotFound, w.Code)
		require.Contains(t, w.Body.String(), "make build", target)
	}
	damaged := &panel{t: t, API: httpapi.New(httpapi.Config{
		Web: fstest.MapFS{"index.html.gz": &fstest.MapFile{Data: []byte("not gzip")}}, Origins: httpapi.Origins("https://panel.example.com", nil, nil),
		SetupNeeded: func(context.Context) (bool, error) { return false, nil }, Metrics: prometheus.NewRegistry(), Log: slog.New(slog.DiscardHandler),
	})}
	require.Equal(t, http.StatusNotFound, damaged.do(http.MethodGet, "/jobs").Code)
}
