package app

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/certs"
	"github.com/mpanel/mpanel/internal/config"
	"github.com/mpanel/mpanel/internal/testkit"
)

// An output is what a server that runs has written so far.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// serveWith runs the whole server until the test ends, and gives its URL.
func serveWith(t *testing.T, vars map[string]string) (base string, out, log *output) {
	t.Helper()
	all := map[string]string{
		"MPANEL_DATABASE_URL": testkit.URL(t).Reveal(), "MPANEL_SECRET_KEY": testKey, "MPANEL_LISTEN": "127.0.0.1:0",
		"MPANEL_DATA_DIR": t.TempDir(), "MPANEL_NODE_ID": t.Name(),
	}
	maps.Copy(all, vars)
	out, log = &output{}, &output{}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() {
		done <- Run(ctx, Env{Lookup: func(name string) (string, bool) { v, ok := all[name]; return v, ok }, Stdin: strings.NewReader(""), Stdout: out, Stderr: log})
	}()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-done)
	})
	ready := regexp.MustCompile(`MPanel is ready: (\S+) `)
	require.Eventually(t, func() bool {
		select {
		case err := <-done:
			done <- err
			t.Fatalf("it did not start: %v", err)
		default:
		}
		if m := ready.FindStringSubmatch(out.String()); m != nil {
			base = m[1]
		}
		return base != ""
	}, 60*time.Second, 10*time.Millisecond, "it is ready")
	return base, out, log
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// A fetched is an answer that was read.
type fetched struct {
	*http.Response

	body string
}

func fetch(t *testing.T, c *http.Client, method, address, body string, header http.Header) fetched {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	require.NoError(t, err)
	maps.Copy(req.Header, header)
	res, err := c.Do(req)
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return fetched{res, string(text)}
}

// trusting is how a client trusts one certificate alone.
func trusting(t *testing.T, file string) *tls.Config {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(text))
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
}

func TestServe_TLS(t *testing.T) {
	t.Parallel()
	dir, plain := t.TempDir(), freePort(t)
	base, out, _ := serveWith(t, map[string]string{"MPANEL_TLS": "self-signed", "MPANEL_DATA_DIR": dir, "MPANEL_LISTEN_HTTP": plain})
	require.True(t, strings.HasPrefix(base, "https://127.0.0.1:"), base)
	file := filepath.Join(dir, certificateFolder, "self-signed.pem")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	block, _ := pem.Decode(text)
	sum := sha256.Sum256(block.Bytes)
	require.Contains(t, out.String(), strings.ReplaceAll(fmt.Sprintf("% X", sum), " ", ":"), "the fingerprint that browsers show")

	c := &http.Client{
		Transport:     &http.Transport{TLSClientConfig: trusting(t, file), ForceAttemptHTTP2: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	asJSON := http.Header{"Content-Type": {"application/json"}}
	res := fetch(t, c, http.MethodGet, base+"/livez", "", nil)
	require.Equal(t, http.StatusOK, res.StatusCode)
	require.Equal(t, 2, res.ProtoMajor, "HTTP/2")
	require.NotEmpty(t, res.Header.Get("Strict-Transport-Security"))
	res = fetch(t, c, http.MethodPost, base+"/graphql", `{"query":"{ __typename }"}`, http.Header{"Content-Type": {"application/json"}, "Origin": {base}})
	require.Equal(t, http.StatusOK, res.StatusCode, res.body)
	require.Contains(t, res.body, "Query")
	res = fetch(t, c, http.MethodPost, base+"/graphql", `{"query":"{ __typename }"}`, http.Header{"Content-Type": {"application/json"}, "Accept": {"text/event-stream"}})
	require.Equal(t, http.StatusOK, res.StatusCode, res.body)
	require.Equal(t, 2, res.ProtoMajor)
	require.Contains(t, res.body, "event: complete", "a stream over HTTP/2")

	// WebSockets are HTTP/1.1, which the same listener speaks.
	u, err := url.Parse(base)
	require.NoError(t, err)
	d := websocket.Dialer{TLSClientConfig: trusting(t, file), Subprotocols: []string{"graphql-transport-ws"}}
	socket, upgraded, err := d.DialContext(t.Context(), "wss://"+u.Host+"/graphql", http.Header{"Origin": {base}})
	require.NoError(t, err)
	defer func() { _ = socket.Close() }()
	require.NoError(t, upgraded.Body.Close())
	say := func(message string) { require.NoError(t, socket.WriteMessage(websocket.TextMessage, []byte(message))) }
	hear := func() string {
		require.NoError(t, socket.SetReadDeadline(time.Now().Add(10*time.Second)))
		_, m, err := socket.ReadMessage()
		require.NoError(t, err)
		return string(m)
	}
	say(`{"type":"connection_init"}`)
	require.Contains(t, hear(), "connection_ack")
	say(`{"id":"1","type":"subscribe","payload":{"query":"{ __typename }"}}`)
	require.Contains(t, hear(), `"__typename":"Query"`)

	// Plain HTTP on the TLS port is no answer, on its own port it is sent on.
	res = fetch(t, &http.Client{}, http.MethodGet, "http://"+u.Host+"/livez", "", nil)
	require.Equal(t, http.StatusBadRequest, res.StatusCode)
	require.Contains(t, res.body, "HTTPS")
	res = fetch(t, c, http.MethodGet, "http://"+plain+"/graphiql?x=1", "", nil)
	require.Equal(t, http.StatusPermanentRedirect, res.StatusCode)
	require.Equal(t, base+"/graphiql?x=1", res.Header.Get("Location"))
	require.Empty(t, res.Header.Get("Strict-Transport-Security"))
	res = fetch(t, c, http.MethodPost, "http://"+plain+"/graphql", `{"query":"{ __typename }"}`, asJSON)
	require.Equal(t, http.StatusBadRequest, res.StatusCode)
}

// writePair writes a certificate for this machine that ends at a time.
func writePair(t *testing.T, certFile, keyFile string, end time.Time) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: end,
		DNSNames: []string{"panel.example.com"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
	require.NoError(t, os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	return string(der)
}

// A SIGHUP takes new files at once, and the process goes on.
func TestServe_HangUpReadsCertificatesAnew(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	first := writePair(t, certFile, keyFile, time.Now().Add(24*time.Hour))
	base, _, log := serveWith(t, map[string]string{"MPANEL_TLS": "files", "MPANEL_TLS_CERT": certFile, "MPANEL_TLS_KEY": keyFile})
	u, err := url.Parse(base)
	require.NoError(t, err)
	shown := func() string {
		conn, err := (&tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}).DialContext(t.Context(), "tcp", u.Host)
		require.NoError(t, err)
		defer func() { _ = conn.Close() }()
		return string(conn.(*tls.Conn).ConnectionState().PeerCertificates[0].Raw)
	}
	require.Equal(t, first, shown())
	second := writePair(t, certFile, keyFile, time.Now().Add(24*time.Hour))
	require.NoError(t, syscall.Kill(os.Getpid(), syscall.SIGHUP))
	require.Eventually(t, func() bool { return strings.Contains(log.String(), "certificates read anew") }, 10*time.Second, 10*time.Millisecond)
	require.Equal(t, second, shown())
	require.NoError(t, os.WriteFile(keyFile, []byte("broken"), 0o600))
	require.NoError(t, syscall.Kill(os.Getpid(), syscall.SIGHUP))
	require.Eventually(t, func() bool { return strings.Contains(log.String(), "the certificate of before is used on") }, 10*time.Second, 10*time.Millisecond)
	require.Equal(t, second, shown())
}

func TestServe_TLSThatCannotBe(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		vars []string
		want string
	}{
		"a plain port without TLS":    {[]string{"MPANEL_LISTEN_HTTP", "127.0.0.1:0"}, "MPANEL_LISTEN_HTTP"},
		"no files":                    {[]string{"MPANEL_TLS", "files"}, "MPANEL_TLS=files"},
		"acme for an address":         {[]string{"MPANEL_TLS", "acme", "MPANEL_ACME_HOSTS", "192.0.2.1"}, "MPANEL_ACME_HOSTS"},
		"acme for a name of one part": {[]string{"MPANEL_TLS", "acme", "MPANEL_BASE_URL", "https://localhost"}, "MPANEL_ACME_HOSTS"},
		"a way that there is not":     {[]string{"MPANEL_TLS", "magic"}, "--tls must be one of"},
		"a plain port that is taken":  {[]string{"MPANEL_TLS", "self-signed", "MPANEL_LISTEN_HTTP", "256.0.0.1:1"}, "MPANEL_LISTEN_HTTP"},
	} {
		vars := map[string]string{"MPANEL_DATABASE_URL": testkit.URL(t).Reveal(), "MPANEL_SECRET_KEY": testKey, "MPANEL_LISTEN": "127.0.0.1:0", "MPANEL_DATA_DIR": t.TempDir()}
		for i := 0; i < len(tc.vars); i += 2 {
			vars[tc.vars[i]] = tc.vars[i+1]
		}
		_, err := command(t, vars, "serve")
		require.ErrorContains(t, err, tc.want, name)
	}
}

func TestExposure_SaysWhatIsOpenAndTheFix(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		address, base string
		warns         bool
	}{
		"every address":                  {"0.0.0.0:8080", "http://localhost:8080", true},
		"every address of version 6":     {"[::]:8080", "http://localhost:8080", true},
		"an address of the network":      {"192.0.2.1:80", "http://192.0.2.1", true},
		"this machine":                   {"127.0.0.1:8080", "http://127.0.0.1:8080", false},
		"this machine of version 6":      {"[::1]:8080", "http://[::1]:8080", false},
		"behind a proxy that speaks TLS": {"0.0.0.0:8080", "https://panel.example.com", false},
	} {
		a, err := net.ResolveTCPAddr("tcp", tc.address)
		require.NoError(t, err)
		got := exposure(t.Context(), nil, config.Options{BaseURL: tc.base}, a)
		require.Equal(t, tc.warns, got != "", name)
		if tc.warns {
			for _, part := range []string{"without TLS", "MPANEL_TLS", "MPANEL_LISTEN=127.0.0.1", tc.address} {
				require.Contains(t, got, part, name)
			}
		}
	}
}

func TestCertificateHostsAndBaseURL(t *testing.T) {
	t.Parallel()
	hosts, err := certificateHosts(config.Options{TLS: config.TLSSelfSigned, BaseURL: "https://Panel.example.com:8443", Listen: "192.0.2.7:8443"})
	require.NoError(t, err)
	for _, want := range []string{"panel.example.com", "localhost", "127.0.0.1", "::1", "192.0.2.7"} {
		require.Contains(t, hosts, want)
	}
	hosts, err = certificateHosts(config.Options{TLS: config.TLSACME, BaseURL: "https://x.example.com", ACMEHosts: []string{" A.example.com", "b.example.com"}})
	require.NoError(t, err)
	require.Equal(t, []string{"a.example.com", "b.example.com"}, hosts)
	hosts, err = certificateHosts(config.Options{TLS: config.TLSACME, BaseURL: "https://x.example.com"})
	require.NoError(t, err)
	require.Equal(t, []string{"x.example.com"}, hosts)
	_, err = certificateHosts(config.Options{TLS: config.TLSACME, BaseURL: "https://\x00"})
	require.Error(t, err)
	for want, tc := range map[string]struct {
		o config.Options
		a string
	}{
		"http://127.0.0.1:8080":      {config.Options{TLS: config.TLSOff}, "127.0.0.1:8080"},
		"https://localhost:8443":     {config.Options{TLS: config.TLSFiles}, "0.0.0.0:8443"},
		"https://a.example.com":      {config.Options{TLS: config.TLSACME, ACMEHosts: []string{"a.example.com"}}, "0.0.0.0:443"},
		"https://a.example.com:8443": {config.Options{TLS: config.TLSACME, ACMEHosts: []string{"a.example.com"}}, "0.0.0.0:8443"},
	} {
		a, err := net.ResolveTCPAddr("tcp", tc.a)
		require.NoError(t, err)
		require.Equal(t, want, defaultBaseURL(tc.o, a))
	}
}

func TestDoctor_TellsOfCertificates(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	o := config.Options{TLS: config.TLSFiles, TLSCert: certFile, TLSKey: keyFile, DataDir: dir}
	s := &stores{db: testkit.DB(t), box: testkit.Box(t)}
	ask := func(o config.Options) (what []string) {
		for _, c := range certificateComplaints(t.Context(), s, o, time.Now(), slog.New(slog.DiscardHandler)) {
			require.Equal(t, "tls", c.Where)
			what = append(what, c.What)
		}
		return what
	}
	require.Equal(t, []string{"UNUSABLE"}, ask(o))
	writePair(t, certFile, keyFile, time.Now().Add(expiresSoon+time.Hour))
	require.Empty(t, ask(o))
	writePair(t, certFile, keyFile, time.Now().Add(expiresSoon-time.Hour))
	require.Equal(t, []string{"EXPIRES SOON"}, ask(o))
	writePair(t, certFile, keyFile, time.Now().Add(-time.Hour))
	require.Equal(t, []string{"EXPIRED"}, ask(o))
	require.Empty(t, ask(config.Options{TLS: config.TLSOff}))
	require.Empty(t, ask(config.Options{}))

	// Of an authority: what nodes share.
	o = config.Options{TLS: config.TLSACME, ACMEHosts: []string{"panel.example.com"}, DataDir: dir}
	require.Empty(t, ask(o), "there is none yet")
	text, err := os.ReadFile(certFile)
	require.NoError(t, err)
	require.NoError(t, certs.NewCache(s.db, s.box).Put(t.Context(), "panel.example.com", text))
	require.Equal(t, []string{"EXPIRED"}, ask(o))
}
