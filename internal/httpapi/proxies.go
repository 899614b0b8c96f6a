package httpapi

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Proxies are the networks of reverse proxies whose X-Forwarded-For is believed.
type Proxies []netip.Prefix

// ParseProxies reads addresses and networks such as 10.0.0.0/8.
func ParseProxies(list []string) (Proxies, error) {
	var p Proxies
	for _, s := range list {
		s = strings.TrimSpace(s)
		network, err := netip.ParsePrefix(s)
		if err != nil {
			a, addressErr := netip.ParseAddr(s)
			if addressErr != nil || a.Zone() != "" {
				return nil, fmt.Errorf("trusted proxy %q is neither an IP address nor a network such as 10.0.0.0/8", s)
			}
			network = netip.PrefixFrom(a, a.BitLen())
		}
		p = append(p, network.Masked())
	}
	return p, nil
}

func (p Proxies) include(a netip.Addr) bool {
	return slices.ContainsFunc(p, func(n netip.Prefix) bool { return n.Contains(a) })
}

// maxHops is how many proxies a request may have passed through.
const maxHops = 20

// client is the address that a request comes from: the peer's, or, when the peer is
// a proxy, the last one in X-Forwarded-For that is not a proxy of ours. What stands
// before that is whatever the client wrote.
func (p Proxies) client(r *http.Request) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	client := plain(peer.Addr())
	if len(p) == 0 || !p.include(client) {
		return client.String()
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= max(0, len(hops)-maxHops); i-- {
		hop, ok := address(hops[i])
		if !ok {
			break
		}
		if client = hop; !p.include(hop) {
			break
		}
	}
	return client.String()
}

// secure tells whether the client speaks TLS, with us or with a proxy of ours.
func (p Proxies) secure(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	if len(p) == 0 || !strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https") {
		return false
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && p.include(plain(peer.Addr()))
}

// address reads one entry, which some proxies write with a port.
func address(s string) (netip.Addr, bool) {
	s = strings.TrimSpace(s)
	if a, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return plain(a), true
	}
	a, err := netip.ParseAddrPort(s)
	return plain(a.Addr()), err == nil
}

// plain has one form for each address.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }
