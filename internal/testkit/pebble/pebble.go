// Package pebble runs a real ACME authority for tests.
package pebble

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
)

// An Authority is pebble, with a name server that says that every name is this
// machine.
type Authority struct {
	t testing.TB

	Directory string         // its URL
	CAFile    string         // PEM of what its own address is trusted by
	Client    *http.Client   // that trusts its own address
	Roots     *x509.CertPool // that the certificates it gives are signed by
}

func free(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it is closed at once
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// Start starts pebble, of Debian's package of that name, until the test ends. It asks
// its questions at two ports of this machine, in place of 80 and 443.
func Start(t testing.TB, httpPort, tlsPort int) *Authority {
	t.Helper()
	for _, program := range []string{"pebble", "pebble-challtestsrv"} {
		_, err := exec.LookPath(program)
		require.NoError(t, err, "`make deps` installs it")
	}
	p := &Authority{t: t}
	dir := t.TempDir()
	names, listen, management := free(t), free(t), free(t)
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	own := WritePair(t, certFile, keyFile)
	p.CAFile = certFile
	config, err := json.Marshal(map[string]any{"pebble": map[string]any{
		"listenAddress": listen, "managementListenAddress": management, "certificate": certFile, "privateKey": keyFile,
		"httpPort": httpPort, "tlsPort": tlsPort,
	}})
	require.NoError(t, err)
	file := filepath.Join(dir, "pebble.json")
	require.NoError(t, os.WriteFile(file, config, 0o600))
	p.run("pebble-challtestsrv", "-defaultIPv4", "127.0.0.1", "-defaultIPv6", "", "-dns01", names, "-http01", "", "-https01", "", "-tlsalpn01", "", "-management", free(t))
	p.run("pebble", "-config", file, "-dnsserver", names)
	p.Client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: own, MinVersion: tls.VersionTLS12}}}
	p.Directory = "https://" + listen + "/dir"
	var root []byte
	require.Eventually(t, func() bool {
		root, err = p.get("https://" + management + "/roots/0")
		if err == nil {
			_, err = p.get(p.Directory)
		}
		return err == nil
	}, 20*time.Second, 20*time.Millisecond, "pebble answers")
	p.Roots = x509.NewCertPool()
	require.True(t, p.Roots.AppendCertsFromPEM(root))
	return p
}

func (p *Authority) run(program string, args ...string) {
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

func (p *Authority) get(url string) ([]byte, error) {
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, err
	}
	res, err := p.Client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", url, res.Status)
	}
	return io.ReadAll(res.Body)
}

// WritePair writes a certificate for this machine, which is its own authority, and
// its key.
func WritePair(t testing.TB, certFile, keyFile string) *x509.CertPool {
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

// Shown is the certificate that an address shows for a name. Error: it is not of this
// authority, or not for that name.
func (p *Authority) Shown(address, name string) (*x509.Certificate, error) {
	ctx, cancel := context.WithTimeout(p.t.Context(), 30*time.Second)
	defer cancel()
	d := tls.Dialer{Config: &tls.Config{ServerName: name, RootCAs: p.Roots, MinVersion: tls.VersionTLS12}}
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	return conn.(*tls.Conn).ConnectionState().PeerCertificates[0], nil //nolint:forcetypeassert // as documented
}
