package app

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/mpanel/mpanel/internal/certs"
	"github.com/mpanel/mpanel/internal/config"
	"github.com/mpanel/mpanel/internal/httpapi"
)

// certificateFolder is where in the data dir a self-signed certificate is.
const certificateFolder = "tls"

// expiresSoon is how long before its end a certificate should have been renewed.
const expiresSoon = 14 * 24 * time.Hour

// openCertificates is where certificates come from; nil when TLS is off.
func openCertificates(s *stores, o config.Options, log *slog.Logger) (*certs.Source, error) {
	if o.TLS == config.TLSOff || o.TLS == "" {
		if o.ListenHTTP != "" {
			return nil, errors.New("MPANEL_LISTEN_HTTP is for what is sent on to HTTPS, and needs MPANEL_TLS")
		}
		return nil, nil
	}
	hosts, err := certificateHosts(o)
	if err != nil {
		return nil, err
	}
	source, err := certs.Open(certs.Config{
		Mode: certs.Mode(o.TLS), Hosts: hosts, Dir: filepath.Join(o.DataDir, certificateFolder), CertFile: o.TLSCert, KeyFile: o.TLSKey,
		Email: o.ACMEEmail, DirectoryURL: o.ACMEURL, Cache: certs.NewCache(s.db, s.box), Log: log,
	})
	if err != nil {
		return nil, fmt.Errorf("MPANEL_TLS=%s: %w", o.TLS, err)
	}
	return source, nil
}

// certificateHosts are the names that a certificate is for: of an ACME authority
// the listed ones or the base URL's, of a self-signed one every name of this machine.
func certificateHosts(o config.Options) ([]string, error) {
	base, err := url.Parse(o.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("MPANEL_BASE_URL: %w", err)
	}
	name := strings.ToLower(base.Hostname())
	if o.TLS == config.TLSACME {
		var hosts []string
		for _, h := range o.ACMEHosts {
			hosts = append(hosts, strings.ToLower(strings.TrimSpace(h)))
		}
		if len(hosts) == 0 {
			hosts = []string{name}
		}
		for _, h := range hosts {
			if net.ParseIP(h) != nil || !strings.Contains(h, ".") {
				return nil, fmt.Errorf("MPANEL_TLS=acme: %q is no host name that an authority gives a certificate for; set MPANEL_ACME_HOSTS or MPANEL_BASE_URL", h)
			}
		}
		return hosts, nil
	}
	hosts := []string{name, "localhost", "127.0.0.1", "::1"}
	if host, err := os.Hostname(); err == nil {
		hosts = append(hosts, strings.ToLower(host))
	}
	if host, _, err := net.SplitHostPort(o.Listen); err == nil {
		if ip := net.ParseIP(host); ip != nil && !ip.IsUnspecified() {
			hosts = append(hosts, ip.String())
		}
	}
	var unique []string
	for _, h := range hosts {
		if h != "" && !slices.Contains(unique, h) {
			unique = append(unique, h)
		}
	}
	return unique, nil
}

// defaultBaseURL is where people on this machine reach a listener.
func defaultBaseURL(o config.Options, a net.Addr) string {
	if o.TLS == config.TLSOff || o.TLS == "" {
		return "http://" + reachable(a)
	}
	if o.TLS != config.TLSACME || len(o.ACMEHosts) == 0 {
		return "https://" + reachable(a)
	}
	_, port, err := net.SplitHostPort(a.String())
	if err != nil || port == "443" {
		return "https://" + o.ACMEHosts[0]
	}
	return "https://" + net.JoinHostPort(o.ACMEHosts[0], port)
}

// listenPlain is the listener of what is sent on to HTTPS; nil without an address.
func listenPlain(ctx context.Context, o config.Options) (net.Listener, error) {
	if o.ListenHTTP == "" {
		return nil, nil
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", o.ListenHTTP)
	if err != nil {
		return nil, fmt.Errorf("the address %s is not free; choose another with MPANEL_LISTEN_HTTP: %w", o.ListenHTTP, err)
	}
	return l, nil
}

// servePlain sends plain HTTP on to HTTPS until ctx ends.
func servePlain(ctx context.Context, source *certs.Source, o config.Options, l net.Listener, log *slog.Logger) error {
	base, err := url.Parse(o.BaseURL)
	if err != nil {
		return fmt.Errorf("MPANEL_BASE_URL: %w", err)
	}
	srv := &http.Server{
		Handler: source.Challenges(httpapi.Redirect(base, o.ACMEHosts)), ReadTimeout: 5 * time.Second, WriteTimeout: 10 * time.Second, IdleTimeout: 30 * time.Second,
		MaxHeaderBytes: 32 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	defer context.AfterFunc(ctx, func() { _ = srv.Close() })() // nothing in it is worth waiting for
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("send HTTP on to HTTPS: %w", err)
	}
	return nil
}

// reloadOnHangUp takes certificates that changed when a SIGHUP comes, until ctx ends.
func reloadOnHangUp(ctx context.Context, source *certs.Source, log *slog.Logger) {
	hangUp := make(chan os.Signal, 1)
	signal.Notify(hangUp, syscall.SIGHUP)
	defer signal.Stop(hangUp)
	for {
		select {
		case <-hangUp:
		case <-ctx.Done():
			return
		}
		if err := source.Reload(); err != nil {
			log.ErrorContext(ctx, "the certificate of before is used on", "error", err)
			continue
		}
		log.InfoContext(ctx, "certificates read anew")
	}
}

// exposure is what to know of who can listen in: "" when nothing is exposed.
func exposure(ctx context.Context, source *certs.Source, o config.Options, a net.Addr) string {
	if source != nil {
		if o.TLS != config.TLSSelfSigned {
			return ""
		}
		all, err := source.Certificates(ctx)
		if err != nil || len(all) == 0 {
			return ""
		}
		sum := sha256.Sum256(all[0].Raw)
		return "The certificate is self-signed, so that browsers warn of it. Its SHA-256 fingerprint, which they show: " +
			strings.Join(strings.Fields(fmt.Sprintf("% X", sum)), ":") + "\n"
	}
	host, _, err := net.SplitHostPort(a.String())
	if ip := net.ParseIP(host); err != nil || ip == nil || ip.IsLoopback() || strings.HasPrefix(o.BaseURL, "https://") {
		return "" // this machine alone, or behind a proxy that speaks TLS
	}
	return "WARNING: " + a.String() + " is reachable from other machines without TLS: passwords, access tokens and what databases hold can be read and changed on their way. " +
		"Set MPANEL_TLS to self-signed, files or acme; or MPANEL_LISTEN=127.0.0.1:8080 to be reached from this machine alone; " +
		"or, behind a proxy that speaks TLS, MPANEL_BASE_URL=https://... to say so.\n"
}

// certificateComplaints are what doctor has to say of certificates.
func certificateComplaints(ctx context.Context, s *stores, o config.Options, now time.Time, log *slog.Logger) []complaint {
	o.ListenHTTP = ""
	o.BaseURL = cmp.Or(o.BaseURL, "https://localhost")
	source, err := openCertificates(s, o, log)
	if err != nil {
		return []complaint{{"tls", "UNUSABLE", err.Error()}}
	}
	if source == nil {
		return nil
	}
	all, err := source.Certificates(ctx)
	if err != nil {
		return []complaint{{"tls", "UNUSABLE", err.Error()}}
	}
	var found []complaint
	for _, c := range all {
		name, end := strings.Join(c.DNSNames, ", "), c.NotAfter.UTC().Format(time.RFC3339)
		switch {
		case now.After(c.NotAfter):
			found = append(found, complaint{"tls", "EXPIRED", fmt.Sprintf("The certificate of %s ended on %s.", name, end)})
		case now.Add(expiresSoon).After(c.NotAfter):
			found = append(found, complaint{"tls", "EXPIRES SOON", fmt.Sprintf("The certificate of %s ends on %s; it was not renewed.", name, end)})
		}
	}
	return found
}
