// Package outbound makes the HTTP clients with which the panel speaks to others. They
// look where they connect to when the address is known, so that a name that leads
// elsewhere a moment later is of no use; they follow no redirect, use no proxy of the
// environment, and wait for nothing for ever. Nothing else makes a client; the analyzer
// client of internal/analyzers sees to it.
package outbound

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// ErrAddress says that a connection would have led to where nobody outside may send us.
var ErrAddress = errors.New("outbound: the address is not a public one")

// How long the parts of a request may take.
const (
	dialTimeout   = 10 * time.Second
	headerTimeout = 10 * time.Second
	idleTimeout   = time.Minute
)

// Options say whom a client is for.
type Options struct {
	// Private lets it connect to the panel's own networks: for addresses that an
	// operator has configured, never for those that a tenant gives.
	Private bool
}

// NewClient returns a client. The time of a whole request, which may carry a large
// file, is its context's to bound.
func NewClient(o Options) *http.Client {
	dialer := &net.Dialer{Timeout: dialTimeout}
	if !o.Private {
		dialer.ControlContext = func(_ context.Context, network, address string, _ syscall.RawConn) error {
			return check(network, address)
		}
	}
	return &http.Client{
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: dialTimeout, ResponseHeaderTimeout: headerTimeout,
			IdleConnTimeout: idleTimeout, ForceAttemptHTTP2: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// check refuses what is not an address of the internet.
func check(network, address string) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil || network != "tcp4" && network != "tcp6" {
		return fmt.Errorf("%w: %s over %s", ErrAddress, address, network)
	}
	a := at.Addr().Unmap()
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.Zone() != "" {
		return fmt.Errorf("%w: %s", ErrAddress, a)
	}
	for _, n := range special {
		if n.Contains(a) {
			return fmt.Errorf("%w: %s", ErrAddress, a)
		}
	}
	return nil
}

// special are networks that are global unicast by their form only.
// https://www.iana.org/assignments/iana-ipv4-special-registry and -ipv6-.
var special = func() (list []netip.Prefix) {
	for _, s := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
		"64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fec0::/10",
	} {
		list = append(list, netip.MustParsePrefix(s))
	}
	return list
}()
