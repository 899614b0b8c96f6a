package certs_test

import (
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/certs"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/internal/testkit"
	"github.com/mpanel/mpanel/internal/testkit/pebble"
)

// A pebbled is a real authority, and the listeners that it asks its questions at.
type pebbled struct {
	*pebble.Authority

	t         *testing.T
	http, tls net.Listener
}

func startPebble(t *testing.T) *pebbled {
	t.Helper()
	p := &pebbled{t: t, http: listen(t), tls: listen(t)}
	p.Authority = pebble.Start(t, port(t, p.http), port(t, p.tls))
	return p
}

func port(t *testing.T, l net.Listener) int {
	t.Helper()
	a, ok := l.Addr().(*net.TCPAddr)
	require.True(t, ok)
	return a.Port
}

// serve serves a Source on a listener until the test ends.
func serve(t *testing.T, l net.Listener, h http.Handler, c *tls.Config) {
	t.Helper()
	srv := &http.Server{Handler: h, TLSConfig: c, ReadHeaderTimeout: 5 * time.Second, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if c == nil {
			_ = srv.Serve(l)
		} else {
			_ = srv.ServeTLS(l, "", "")
		}
	}()
	t.Cleanup(func() { _ = srv.Close(); <-done })
}

func (p *pebbled) open(db *store.DB, hosts ...string) *certs.Source {
	p.t.Helper()
	s, err := certs.Open(certs.Config{
		Mode: certs.ACME, Hosts: hosts, Email: "admin@example.com", DirectoryURL: p.Directory, Client: p.Client,
		Cache: certs.NewCache(db, testkit.Box(p.t)), Log: slog.New(slog.DiscardHandler),
	})
	require.NoError(p.t, err)
	return s
}

func notFound() http.Handler { return http.NotFoundHandler() }

// A real authority asks by TLS-ALPN, as on port 443, and gives a certificate, which
// another node shows without asking anew.
func TestACME_OverTLS(t *testing.T) {
	t.Parallel()
	p, db := startPebble(t), testkit.DB(t)
	const name = "panel.example.com"
	first := p.open(db, name)
	serve(t, p.tls, notFound(), first.TLS())
	first.Obtain(t.Context()) // it returns when there is one
	got, err := p.Shown(p.tls.Addr().String(), name)
	require.NoError(t, err)
	require.Equal(t, []string{name}, got.DNSNames)

	other := listen(t)
	second := p.open(db, name)
	serve(t, other, notFound(), second.TLS())
	again, err := p.Shown(other.Addr().String(), name)
	require.NoError(t, err)
	require.Equal(t, got.SerialNumber, again.SerialNumber, "nodes share it")
	all, err := second.Certificates(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.Equal(t, got.SerialNumber, all[0].SerialNumber)

	for _, refused := range []string{"other.example.com", "localhost", ""} {
		_, err = p.Shown(p.tls.Addr().String(), refused)
		require.Error(t, err, "%q is no name of ours", refused)
	}
	var rows, readable int
	require.Eventually(t, func() bool {
		require.NoError(t, db.NewRaw("SELECT count(*), count(*) FILTER (WHERE encode(value_sealed, 'escape') LIKE '%PRIVATE KEY%' OR encode(value_sealed, 'escape') LIKE '%CERTIFICATE%') FROM acme_cache").Scan(t.Context(), &rows, &readable))
		require.Zero(t, readable)
		return rows == 2
	}, 10*time.Second, 20*time.Millisecond, "the account and the certificate; answers to questions go")
}

// Where the authority reaches plain HTTP alone, another node than the one that
// ordered answers it.
func TestACME_OverHTTPByAnotherNode(t *testing.T) {
	t.Parallel()
	p, db := startPebble(t), testkit.DB(t)
	const name = "panel.example.com"
	require.NoError(t, p.tls.Close()) // nobody answers there
	orders, answers := p.open(db, name), p.open(db, name)
	orders.Challenges(notFound()) // it serves them, elsewhere
	serve(t, p.http, answers.Challenges(notFound()), nil)
	mine := listen(t)
	serve(t, mine, notFound(), orders.TLS())
	orders.Obtain(t.Context())
	got, err := p.Shown(mine.Addr().String(), name)
	require.NoError(t, err)
	require.Equal(t, []string{name}, got.DNSNames)
}
