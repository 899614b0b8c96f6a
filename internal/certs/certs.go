// Package certs has the certificates that the panel's own listener shows: from
// files, made by itself, or from an ACME authority. What is served with them is
// package httpapi's.
package certs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// A Mode is where certificates come from.
type Mode string

// The modes.
const (
	Off        Mode = "off"
	SelfSigned Mode = "self-signed"
	Files      Mode = "files"
	ACME       Mode = "acme"
)

// Config is what a Source needs.
type Config struct {
	Mode Mode
	// Hosts are the names and addresses that a self-signed certificate is for, and
	// the names that are asked of an ACME authority.
	Hosts []string
	// Dir keeps a self-signed certificate.
	Dir string
	// CertFile and KeyFile are PEM; the certificate comes before those that it was
	// signed by.
	CertFile, KeyFile string
	// Email is what an ACME authority writes to; may be "".
	Email string
	// DirectoryURL is the ACME authority's; "" is Let's Encrypt.
	DirectoryURL string
	// Cache is shared by all nodes; required with ACME.
	Cache *Cache
	// Client asks the ACME authority; by default one that waits 30 s.
	Client *http.Client
	Log    *slog.Logger // default slog.Default()
}

// A Source gives certificates. It is safe for concurrent use.
type Source struct {
	kind source
	mode Mode
}

// A source is one way to come by certificates.
type source interface {
	// get is called with each handshake.
	get(hello *tls.ClientHelloInfo) (*tls.Certificate, error)
	// reload looks again at what is on disk. Error: it cannot be used; what there
	// was is used on.
	reload() error
	// certificates are those that there are.
	certificates(ctx context.Context) ([]*x509.Certificate, error)
}

// Open prepares a Source of any mode but Off. Errors: files that cannot be used,
// and what is missing in c.
func Open(c Config) (*Source, error) {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	var kind source
	var err error
	switch c.Mode {
	case SelfSigned:
		kind, err = openSelfSigned(c)
	case Files:
		kind, err = openFiles(c)
	case ACME:
		kind, err = openACME(c)
	case Off:
		err = errors.New("TLS is off")
	default:
		err = fmt.Errorf("%q is no way to come by certificates", c.Mode)
	}
	if err != nil {
		return nil, err
	}
	return &Source{kind: kind, mode: c.Mode}, nil
}

// TLS is the configuration of a listener: TLS 1.2 or newer, HTTP/2, and what else
// Go's defaults are.
func (s *Source) TLS() *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: s.kind.get, NextProtos: []string{"h2", "http/1.1"}}
	if s.mode == ACME {
		c.NextProtos = append(c.NextProtos, challengeProto)
	}
	return c
}

// Reload takes certificates that changed on disk. Error: they cannot be used; those
// of before are used on.
func (s *Source) Reload() error { return s.kind.reload() }

// Certificates are those that are shown now, one for each name with ACME. A name
// that has none yet is missing.
func (s *Source) Certificates(ctx context.Context) ([]*x509.Certificate, error) {
	return s.kind.certificates(ctx)
}

// Challenges answers an ACME authority that asks on plain HTTP, and gives every
// other request to next.
func (s *Source) Challenges(next http.Handler) http.Handler {
	a, ok := s.kind.(*acmeSource)
	if !ok {
		return next
	}
	answers := a.manager.HTTPHandler(nil)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/.well-known/acme-challenge/") {
			next.ServeHTTP(w, r)
			return
		}
		asked := r.Clone(r.Context())
		asked.Host = (&url.URL{Host: r.Host}).Hostname() // the policy knows names without ports
		answers.ServeHTTP(w, asked)
	})
}

// leafOf is the certificate itself, without those that it was signed by.
func leafOf(c *tls.Certificate) (*x509.Certificate, error) {
	if c.Leaf != nil {
		return c.Leaf, nil
	}
	if len(c.Certificate) == 0 {
		return nil, errors.New("there is no certificate in it")
	}
	leaf, err := x509.ParseCertificate(c.Certificate[0])
	if err != nil {
		return nil, fmt.Errorf("read the certificate: %w", err)
	}
	return leaf, nil
}

// within tells whether a certificate is good at a time and for that long.
func within(c *x509.Certificate, now time.Time, left time.Duration) bool {
	return now.After(c.NotBefore) && now.Add(left).Before(c.NotAfter)
}
