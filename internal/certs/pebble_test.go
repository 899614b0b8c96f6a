package certs_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/certs"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/internal/testkit"
)

// A pebble is a real ACME authority for tests, with a name server that says that
// every name is this machine.
type pebble struct {
	t         *testing.T
	directory string
	client    *http.Client   // that trusts its own certificate
	roots     *x509.CertPool // that its certificates are signed by
	http, tls net.Listener   // where it asks its questions
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it is closed at once
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func port(t *testing.T, address string) int {
	t.Helper()
	a, err := net.ResolveTCPAddr("tcp", address)
	require.NoError(t, err)
	return a.Port
}

// startPebble starts pebble (Debian's package of that name); it asks at the ports
// of two listeners that are the test's.
func startPebble(t *testing.T) *pebble {
	t.Helper()
	for _, program := range []string{"pebble", "pebble-challtestsrv"} {
		_, err := exec.LookPath(program)
		require.NoError(t, err, "`make deps` installs it")
	}
	p := &pebble{t: t}
	var err error
	p.http, err = net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it stays
	require.NoError(t, err)
	p.tls, err = net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it stays
	require.NoError(t, err)
	dir := t.TempDir()
	names, listen, management := freeAddress(t), freeAddress(t), freeAddress(t)
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	own := authority(t, certFile, keyFile)
	config, err := json.Marshal(map[string]any{"pebble": map[string]any{
		"listenAddress": listen, "managementListenAddress": management, "certificate": certFile, "privateKey": keyFile,
		"httpPort": port(t, p.http.Addr().String()), "tlsPort": port(t, p.tls.Addr().String()),
	}})
	require.NoError(t, err)
	file := filepath.Join(dir, "pebble.json")
	require.NoError(t, os.WriteFile(file, config, 0o600))
	p.run("pebble-challtestsrv", "-defaultIPv4", "127.0.0.1", "-defaultIPv6", "", "-dns01", names, "-http01", "", "-https01", "", "-tlsalpn01", "", "-management", freeAddress(t))
	p.run("pebble", "-config", file, "-dnsserver", names)
	p.client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: own, MinVersion: tls.VersionTLS12}}}
	p.directory = "https://" + listen + "/dir"
	var root []byte
	require.Eventually(t, func() bool {
		root, err = p.get("https://" + management + "/roots/0")
		if err == nil {
			_, err = p.get(p.directory)
		}
		return err == nil
	}, 20*time.Second, 20*time.Millisecond, "pebble answers")
	p.roots = x509.NewCertPool()
	require.True(t, p.roots.AppendCertsFromPEM(root))
	return p
}

func (p *pebble) run(program string, args ...string) {
	p.t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(p.t.Context()), program, args...)
	cmd.Env = append(os.Environ(), "PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=10")
	out, err := cmd.StdoutPipe()
	require.NoError(p.t, err)
	cmd.Stderr = cmd.Stdout
	require.NoError(p.t, cmd.Start())
	read := make(chan struct{})
	var said strings.Builder
	go func() {
		defer close(read)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			said.WriteString(lines.Text() + "\n")
		}
	}()
	p.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-read
		_ = cmd.Wait() // killed
		if p.t.Failed() {
			p.t.Logf("%s said:\n%s", program, said.String())
		}
	})
}

func (p *pebble) get(url string) ([]byte, error) {
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, err
	}
	res, err := p.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", url, res.Status)
	}
	return io.ReadAll(res.Body)
}

// authority writes a certificate for this machine that is its own authority.
func authority(t *testing.T, certFile, keyFile string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "pebble"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	require.NoError(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	return pool
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

// shown is the certificate that a listener shows for a name, which must be good.
func (p *pebble) shown(address, name string) (*x509.Certificate, error) {
	ctx, cancel := context.WithTimeout(p.t.Context(), 30*time.Second)
	defer cancel()
	d := tls.Dialer{Config: &tls.Config{ServerName: name, RootCAs: p.roots, MinVersion: tls.VersionTLS12}}
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	return conn.(*tls.Conn).ConnectionState().PeerCertificates[0], nil //nolint:forcetypeassert // as documented
}

func (p *pebble) open(db *store.DB, hosts ...string) *certs.Source {
	p.t.Helper()
	s, err := certs.Open(certs.Config{
		Mode: certs.ACME, Hosts: hosts, Email: "admin@example.com", DirectoryURL: p.directory, Client: p.client,
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
	got, err := p.shown(p.tls.Addr().String(), name)
	require.NoError(t, err)
	require.Equal(t, []string{name}, got.DNSNames)

	other, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it stays
	require.NoError(t, err)
	second := p.open(db, name)
	serve(t, other, notFound(), second.TLS())
	again, err := p.shown(other.Addr().String(), name)
	require.NoError(t, err)
	require.Equal(t, got.SerialNumber, again.SerialNumber, "nodes share it")
	all, err := second.Certificates(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.Equal(t, got.SerialNumber, all[0].SerialNumber)

	for _, refused := range []string{"other.example.com", "localhost", ""} {
		_, err = p.shown(p.tls.Addr().String(), refused)
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
	mine, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it stays
	require.NoError(t, err)
	serve(t, mine, notFound(), orders.TLS())
	orders.Obtain(t.Context())
	got, err := p.shown(mine.Addr().String(), name)
	require.NoError(t, err)
	require.Equal(t, []string{name}, got.DNSNames)
}
