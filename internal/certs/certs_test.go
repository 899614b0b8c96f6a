package certs_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/acme/autocert"

	"github.com/mpanel/mpanel/internal/certs"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/testkit"
	"github.com/mpanel/mpanel/internal/testkit/pebble"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// shownAt is the certificate that a listener shows; nobody checks it.
func shownAt(t *testing.T, l net.Listener) *x509.Certificate {
	t.Helper()
	d := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}
	conn, err := d.DialContext(t.Context(), "tcp", l.Addr().String())
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	return conn.(*tls.Conn).ConnectionState().PeerCertificates[0]
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	return l
}

func TestSelfSigned_IsKeptAndFits(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "tls")
	open := func(hosts ...string) *certs.Source {
		s, err := certs.Open(certs.Config{Mode: certs.SelfSigned, Dir: dir, Hosts: hosts})
		require.NoError(t, err)
		return s
	}
	serial := func(s *certs.Source) string {
		all, err := s.Certificates(t.Context())
		require.NoError(t, err)
		require.Len(t, all, 1)
		return all[0].SerialNumber.String()
	}
	s := open("panel.example.com", "127.0.0.1", "::1")
	first := serial(s)
	require.Equal(t, first, serial(open("panel.example.com", "127.0.0.1")), "who looked at it once knows it again")
	info, err := os.Stat(filepath.Join(dir, "self-signed.pem"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	l := listen(t)
	serve(t, l, http.NotFoundHandler(), s.TLS())
	leaf := shownAt(t, l)
	for _, name := range []string{"panel.example.com", "127.0.0.1", "::1"} {
		require.NoError(t, leaf.VerifyHostname(name))
	}
	require.Error(t, leaf.VerifyHostname("other.example.com"))
	require.False(t, leaf.IsCA, "it signs nothing else")
	require.LessOrEqual(t, leaf.NotAfter.Sub(leaf.NotBefore), 398*24*time.Hour, "browsers refuse longer ones")
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	_, err = leaf.Verify(x509.VerifyOptions{Roots: pool, DNSName: "panel.example.com"})
	require.NoError(t, err, "who trusts it can check it")

	require.NotEqual(t, first, serial(open("renamed.example.com")), "one for another name")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "self-signed.pem"), []byte("no certificate"), 0o600))
	_, err = certs.Open(certs.Config{Mode: certs.SelfSigned, Dir: dir, Hosts: []string{"a"}})
	require.ErrorContains(t, err, "remove it")
}

// pair writes a certificate and its key.
func pair(t *testing.T, certFile, keyFile string) string {
	t.Helper()
	pebble.WritePair(t, certFile, keyFile)
	p, err := tls.LoadX509KeyPair(certFile, keyFile)
	require.NoError(t, err)
	return string(p.Certificate[0])
}

type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestFiles_ChangeWithoutARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	first := pair(t, certFile, keyFile)
	log := &logged{}
	s, err := certs.Open(certs.Config{Mode: certs.Files, CertFile: certFile, KeyFile: keyFile, Log: slog.New(slog.NewTextHandler(log, nil))})
	require.NoError(t, err)
	l := listen(t)
	serve(t, l, http.NotFoundHandler(), s.TLS())
	require.Equal(t, first, string(shownAt(t, l).Raw))

	// One of the two is written first, and then nothing fits for a moment.
	other := t.TempDir()
	second := pair(t, filepath.Join(other, "cert.pem"), filepath.Join(other, "key.pem"))
	require.NoError(t, os.Rename(filepath.Join(other, "cert.pem"), certFile))
	require.Eventually(t, func() bool {
		require.Equal(t, first, string(shownAt(t, l).Raw), "the one of before is shown on")
		return strings.Contains(log.String(), "the certificate of before is used on")
	}, 10*time.Second, 20*time.Millisecond)
	require.Error(t, s.Reload())
	require.NoError(t, os.Rename(filepath.Join(other, "key.pem"), keyFile))
	require.Eventually(t, func() bool { return string(shownAt(t, l).Raw) == second }, 10*time.Second, 20*time.Millisecond)
	require.NotContains(t, log.String(), "PRIVATE KEY")

	third := pair(t, certFile, keyFile)
	require.NoError(t, s.Reload(), "at once, when it is asked for")
	require.Equal(t, third, string(shownAt(t, l).Raw))
}

func TestOpen_WhatIsMissing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	broken := filepath.Join(dir, "broken.pem")
	require.NoError(t, os.WriteFile(broken, []byte("x"), 0o600))
	for name, c := range map[string]certs.Config{
		"off":                   {Mode: certs.Off},
		"unknown":               {Mode: "magic"},
		"no files":              {Mode: certs.Files},
		"files that are not":    {Mode: certs.Files, CertFile: "/nowhere/c", KeyFile: "/nowhere/k"},
		"broken files":          {Mode: certs.Files, CertFile: broken, KeyFile: broken},
		"self-signed nowhere":   {Mode: certs.SelfSigned, Hosts: []string{"a"}},
		"self-signed in a file": {Mode: certs.SelfSigned, Hosts: []string{"a"}, Dir: filepath.Join(broken, "x")},
		"self-signed no names":  {Mode: certs.SelfSigned, Dir: dir},
		"acme without hosts":    {Mode: certs.ACME},
		"acme without a cache":  {Mode: certs.ACME, Hosts: []string{"a.example.com"}},
	} {
		_, err := certs.Open(c)
		require.Error(t, err, name)
	}
}

func TestTLS_Versions(t *testing.T) {
	t.Parallel()
	s, err := certs.Open(certs.Config{Mode: certs.SelfSigned, Dir: t.TempDir(), Hosts: []string{"localhost"}})
	require.NoError(t, err)
	l := listen(t)
	serve(t, l, http.NotFoundHandler(), s.TLS())
	for version, ok := range map[uint16]bool{tls.VersionTLS10: false, tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		d := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, MinVersion: version, MaxVersion: version, NextProtos: []string{"h2", "http/1.1"}}}
		conn, err := d.DialContext(t.Context(), "tcp", l.Addr().String())
		require.Equal(t, ok, err == nil, "%s: %v", tls.VersionName(version), err)
		if err == nil {
			require.Equal(t, "h2", conn.(*tls.Conn).ConnectionState().NegotiatedProtocol)
			require.NoError(t, conn.Close())
		}
	}
}

func TestCache(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	c := certs.NewCache(db, testkit.Box(t))
	_, err := c.Get(t.Context(), "a")
	require.ErrorIs(t, err, autocert.ErrCacheMiss)
	require.NoError(t, c.Put(t.Context(), "a", []byte("1\x00")))
	require.NoError(t, c.Put(t.Context(), "a", []byte("2\x00\xff")))
	require.NoError(t, c.Put(t.Context(), "b", nil))
	v, err := c.Get(t.Context(), "a")
	require.NoError(t, err)
	require.Equal(t, []byte("2\x00\xff"), v)
	_, err = db.ExecContext(t.Context(), "UPDATE acme_cache SET value_sealed = (SELECT value_sealed FROM acme_cache WHERE name = 'a')")
	require.NoError(t, err)
	_, err = c.Get(t.Context(), "b")
	require.ErrorIs(t, err, secret.ErrSealed, "another name's")
	require.NoError(t, c.Delete(t.Context(), "a"))
	require.NoError(t, c.Delete(t.Context(), "a"))
	_, err = c.Get(t.Context(), "a")
	require.ErrorIs(t, err, autocert.ErrCacheMiss)
	_, err = db.ExecContext(t.Context(), "DROP TABLE acme_cache")
	require.NoError(t, err)
	_, err = c.Get(t.Context(), "a")
	require.Error(t, err)
	require.Error(t, c.Put(t.Context(), "a", nil))
	require.Error(t, c.Delete(t.Context(), "a"))
}
