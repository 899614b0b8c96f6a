package certs_test

import (
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
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

// counted counts what is asked of the authority.
type counted struct {
	next             http.RoundTripper
	accounts, orders atomic.Int64
}

func (c *counted) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := c.next.RoundTrip(r)
	if err == nil && res.StatusCode == http.StatusCreated { // made, and not refused for a nonce that is over
		switch r.URL.Path {
		case "/sign-me-up":
			c.accounts.Add(1)
		case "/order-plz":
			c.orders.Add(1)
		}
	}
	return res, err
}

// count counts what is asked from now on.
func (p *pebbled) count() *counted {
	c := &counted{next: p.Client.Transport}
	p.Client = &http.Client{Transport: c}
	return c
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

// Nodes that start at the same moment, and whose listeners are asked at the same moment,
// order once and make one account, for all of two names.
func TestACME_ThreeNodesAtOnceOrderOnce(t *testing.T) {
	t.Parallel()
	p, db := startPebble(t), testkit.DB(t)
	asked := p.count()
	names := []string{"panel.example.com", "www.example.com"}
	nodes := make([]*certs.Source, 3)
	listeners := []net.Listener{p.tls, listen(t), listen(t)}
	for i := range nodes {
		nodes[i] = p.open(db, names...)
		serve(t, listeners[i], notFound(), nodes[i].TLS())
	}
	var all sync.WaitGroup
	begin := make(chan struct{})
	for i, node := range nodes {
		all.Go(func() { <-begin; node.Obtain(t.Context()) })
		for _, name := range names {
			all.Go(func() { <-begin; _, _ = p.Shown(listeners[i].Addr().String(), name) }) // who gets tired goes
		}
	}
	close(begin)
	all.Wait()
	serials := make([][]string, len(nodes))
	for i := range nodes {
		for _, name := range names {
			got, err := p.Shown(listeners[i].Addr().String(), name)
			require.NoError(t, err)
			serials[i] = append(serials[i], got.SerialNumber.String())
		}
	}
	require.NotEqual(t, serials[0][0], serials[0][1])
	for _, s := range serials {
		require.Equal(t, serials[0], s, "all show the same")
	}
	require.EqualValues(t, len(names), asked.orders.Load(), "orders")
	require.EqualValues(t, 1, asked.accounts.Load(), "accounts")
	var held int
	require.NoError(t, db.NewRaw("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND (classid::bigint << 32 | objid::bigint) = ? AND database = (SELECT oid FROM pg_database WHERE datname = current_database())", int64(certs.OrderLock)).Scan(t.Context(), &held))
	require.Zero(t, held, "turns are given back")
}

// A node that dies in the middle of an order holds nobody up; until then the others wait.
func TestACME_NodeDiesWhileItOrders(t *testing.T) {
	t.Parallel()
	p, db := startPebble(t), testkit.DB(t)
	asked := p.count()
	conn, err := db.Pool.Acquire(t.Context())
	require.NoError(t, err)
	defer conn.Release()
	_, err = conn.Exec(t.Context(), "SELECT pg_advisory_lock($1)", int64(certs.OrderLock))
	require.NoError(t, err)
	const name = "panel.example.com"
	node := p.open(db, name)
	serve(t, p.tls, notFound(), node.TLS())
	done := make(chan struct{})
	go func() { defer close(done); node.Obtain(t.Context()) }()
	require.Eventually(t, func() bool { // it has asked for its turn, and did not get it
		var waits bool
		require.NoError(t, db.NewRaw("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_try_advisory_lock%' AND pid <> pg_backend_pid() AND state = 'idle')").Scan(t.Context(), &waits))
		return waits
	}, 20*time.Second, 10*time.Millisecond)
	require.Zero(t, asked.orders.Load())
	var ended bool
	require.NoError(t, db.NewRaw("SELECT pg_terminate_backend(?)", conn.Conn().PgConn().PID()).Scan(t.Context(), &ended))
	require.True(t, ended)
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		require.Fail(t, "it waits for a node that is gone")
	}
	_, err = p.Shown(p.tls.Addr().String(), name)
	require.NoError(t, err)
	require.EqualValues(t, 1, asked.orders.Load())
}
