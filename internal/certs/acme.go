package certs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"

	"github.com/mpanel/mpanel/internal/outbound"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

const challengeProto = acme.ALPNProto

// askTimeout bounds one question to an authority.
const askTimeout = 30 * time.Second

// An acmeSource asks an authority for certificates as they are needed, and again
// before they end. Any node answers its challenges, with what the nodes share.
type acmeSource struct {
	manager *autocert.Manager
	cache   *Cache
	turns   *turns
	hosts   []string
	log     *slog.Logger
}

func openACME(c Config) (*acmeSource, error) {
	if len(c.Hosts) == 0 || c.Cache == nil {
		return nil, errors.New("ACME needs the host names that certificates are for, and a cache")
	}
	client := &acme.Client{DirectoryURL: c.DirectoryURL, HTTPClient: c.Client, UserAgent: "mpanel"}
	if client.HTTPClient == nil {
		client.HTTPClient = outbound.NewClient(outbound.Options{Private: true}) // an authority may be one's own
		client.HTTPClient.Timeout = askTimeout
	}
	return &acmeSource{cache: c.Cache, turns: newTurns(), hosts: c.Hosts, log: c.Log, manager: &autocert.Manager{
		Prompt: autocert.AcceptTOS, Cache: c.Cache, HostPolicy: autocert.HostWhitelist(c.Hosts...), Client: client, Email: c.Email,
	}}, nil
}

func (a *acmeSource) get(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	return a.certificate(hello.Context(), hello)
}

func (*acmeSource) reload() error { return nil }

// certificates are those in the cache: which the authority gave already.
func (a *acmeSource) certificates(ctx context.Context) (all []*x509.Certificate, err error) {
	for _, h := range a.hosts {
		text, err := a.manager.Cache.Get(ctx, h)
		if errors.Is(err, autocert.ErrCacheMiss) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
			if block.Type == "CERTIFICATE" {
				leaf, err := x509.ParseCertificate(block.Bytes)
				if err != nil {
					return nil, fmt.Errorf("read the certificate of %s: %w", h, err)
				}
				all = append(all, leaf)
				break
			}
		}
	}
	return all, nil
}

// A Cache is an autocert.Cache in the panel's database: nodes share it, and the
// private keys in it are encrypted.
type Cache struct {
	db  *store.DB
	box *secret.Box
}

// NewCache returns a Cache.
func NewCache(db *store.DB, box *secret.Box) *Cache { return &Cache{db: db, box: box} }

func cachePlace(name string) string { return "acme_cache.value/" + name }

// Get returns what was put under a name. Error: autocert.ErrCacheMiss without any.
func (c *Cache) Get(ctx context.Context, name string) ([]byte, error) {
	var rows []*models.ACMECacheEntry
	if err := c.db.NewSelect().Model(&rows).Where("ac.name = ?", name).Scan(ctx); err != nil {
		return nil, store.Wrap(err, "read a certificate")
	}
	if len(rows) == 0 {
		return nil, autocert.ErrCacheMiss
	}
	v, err := c.box.Open(rows[0].ValueSealed, cachePlace(name))
	if err != nil {
		return nil, fmt.Errorf("open what is kept of certificates: %w", err)
	}
	return []byte(v.Reveal()), nil
}

// Put keeps data under a name.
func (c *Cache) Put(ctx context.Context, name string, data []byte) error {
	row := &models.ACMECacheEntry{Name: name, ValueSealed: c.box.Seal(secret.New(string(data)), cachePlace(name))}
	_, err := c.db.NewInsert().Model(row).On("CONFLICT (name) DO UPDATE").
		Set("value_sealed = EXCLUDED.value_sealed, updated_at = now()").Exec(ctx)
	return store.Wrap(err, "keep a certificate")
}

// Delete forgets a name, also one that is not there.
func (c *Cache) Delete(ctx context.Context, name string) error {
	_, err := c.db.NewDelete().Model((*models.ACMECacheEntry)(nil)).Where("ac.name = ?", name).Exec(ctx)
	return store.Wrap(err, "forget a certificate")
}

// obtainAgain are the pauses after attempts that failed; the last one stays. An
// authority refuses those who fail often for an hour or more.
var obtainAgain = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour}

// Obtain sees to it that every name has a certificate before anybody waits for one,
// and says in the log why one has none. It ends when all have, or with ctx.
func (s *Source) Obtain(ctx context.Context) {
	a, ok := s.kind.(*acmeSource)
	if !ok {
		return
	}
	for try := 0; ; try++ {
		if a.obtain(ctx) {
			return
		}
		select {
		case <-time.After(obtainAgain[min(try, len(obtainAgain)-1)]):
		case <-ctx.Done():
			return
		}
	}
}

// obtain tells whether every name has a certificate now.
func (a *acmeSource) obtain(ctx context.Context) bool {
	all := true
	for _, h := range a.hosts {
		// As of a client of today, which takes any key.
		_, err := a.certificate(ctx, &tls.ClientHelloInfo{
			ServerName: h, SignatureSchemes: []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256},
			SupportedCurves: []tls.CurveID{tls.CurveP256}, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256},
			SupportedVersions: []uint16{tls.VersionTLS13, tls.VersionTLS12},
		})
		switch {
		case ctx.Err() != nil:
			return true
		case err != nil:
			all = false
			a.log.ErrorContext(ctx, "no certificate yet; the authority must reach this name on port 443 or, with MPANEL_LISTEN_HTTP, on port 80", "host", h, "error", err)
		}
	}
	return all
}
