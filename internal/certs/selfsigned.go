package certs

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// A self-signed certificate is good for selfSignedDays, and made anew when
// selfSignedRest is left of that. Browsers refuse those that last longer.
const (
	selfSignedDays = 397 * 24 * time.Hour
	selfSignedRest = 30 * 24 * time.Hour
	selfSignedFile = "self-signed.pem"
)

// A selfSigned shows a certificate that the panel made for itself. It keeps it, so
// that who once looked at it knows it again.
type selfSigned struct {
	path  string
	hosts []string
	log   *slog.Logger

	mu   sync.Mutex
	pair *tls.Certificate
}

func openSelfSigned(c Config) (*selfSigned, error) {
	if c.Dir == "" || len(c.Hosts) == 0 {
		return nil, errors.New("a self-signed certificate needs a folder and names")
	}
	if err := os.MkdirAll(c.Dir, 0o755); err != nil { // #nosec G301 -- what is secret has its own mode
		return nil, fmt.Errorf("make the folder of the certificate: %w", err)
	}
	s := &selfSigned{path: filepath.Join(c.Dir, selfSignedFile), hosts: c.Hosts, log: c.Log}
	return s, s.reload()
}

func (s *selfSigned) reload() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.load(time.Now())
}

// load reads the certificate, and makes one when there is none that is good for
// all names and for long enough.
func (s *selfSigned) load(now time.Time) error {
	text, err := os.ReadFile(s.path)
	if err == nil {
		var pair tls.Certificate
		if pair, err = tls.X509KeyPair(text, text); err == nil && s.fits(&pair, now) {
			s.pair = &pair
			return nil
		}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the self-signed certificate in %s cannot be used; remove it, and another one is made: %w", s.path, err)
	}
	if text, err = makeSelfSigned(s.hosts, now); err != nil {
		return err
	}
	pair, err := tls.X509KeyPair(text, text)
	if err != nil {
		return fmt.Errorf("read what was made: %w", err)
	}
	if err := writeFile(s.path, text); err != nil {
		return fmt.Errorf("keep the self-signed certificate: %w", err)
	}
	s.pair = &pair
	return nil
}

func (s *selfSigned) fits(pair *tls.Certificate, now time.Time) bool {
	leaf, err := leafOf(pair)
	if err != nil || !within(leaf, now, selfSignedRest) {
		return false
	}
	for _, h := range s.hosts {
		if leaf.VerifyHostname(h) != nil {
			return false
		}
	}
	return true
}

func makeSelfSigned(hosts []string, now time.Time) ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the certificate's key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, fmt.Errorf("make the certificate's number: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: hosts[0], Organization: []string{"MPanel, self-signed"}},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(selfSignedDays), // clocks differ
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true,
	}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, h)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("make the certificate: %w", err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encode the certificate's key: %w", err)
	}
	var text bytes.Buffer
	for _, b := range []*pem.Block{{Type: "CERTIFICATE", Bytes: der}, {Type: "PRIVATE KEY", Bytes: private}} {
		if err := pem.Encode(&text, b); err != nil {
			return nil, fmt.Errorf("encode the certificate: %w", err)
		}
	}
	return text.Bytes(), nil
}

// writeFile writes a file as a whole or not at all, for its owner alone.
func writeFile(path string, text []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".certificate-*") // mode 0600
	if err != nil {
		return err
	}
	_, err = tmp.Write(text)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return nil
}

func (s *selfSigned) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if leaf, err := leafOf(s.pair); err != nil || !within(leaf, time.Now(), selfSignedRest) {
		if err := s.load(time.Now()); err != nil {
			s.log.Error("the certificate of before is used on", "error", err)
		}
	}
	return s.pair, nil
}

func (s *selfSigned) certificates(context.Context) ([]*x509.Certificate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	leaf, err := leafOf(s.pair)
	return []*x509.Certificate{leaf}, err
}
