package httpapi

import (
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

// S30: whoever is no proxy of ours cannot say where they come from.
func TestS30_ForwardedForOfTrustedProxiesAlone(t *testing.T) {
	t.Parallel()
	const proxy, other = "10.0.0.7:1234", "198.51.100.9:1234"
	for name, tc := range map[string]struct {
		trusted   []string
		peer      string
		forwarded []string
		want      string
	}{
		"nobody is believed":         {nil, proxy, []string{"192.0.2.1"}, "10.0.0.7"},
		"a stranger is not believed": {[]string{"10.0.0.0/8"}, other, []string{"192.0.2.1"}, "198.51.100.9"},
		"a proxy is":                 {[]string{"10.0.0.0/8"}, proxy, []string{"192.0.2.1"}, "192.0.2.1"},
		"one address":                {[]string{"10.0.0.7"}, proxy, []string{"192.0.2.1"}, "192.0.2.1"},
		"what the client wrote":      {[]string{"10.0.0.0/8"}, proxy, []string{"203.0.113.5, 192.0.2.1"}, "192.0.2.1"},
		"a chain of proxies":         {[]string{"10.0.0.0/8"}, proxy, []string{"203.0.113.5, 192.0.2.1, 10.1.1.1", "10.2.2.2"}, "192.0.2.1"},
		"proxies alone":              {[]string{"10.0.0.0/8"}, proxy, []string{"10.1.1.1, 10.2.2.2"}, "10.1.1.1"},
		"without the header":         {[]string{"10.0.0.0/8"}, proxy, nil, "10.0.0.7"},
		"nonsense":                   {[]string{"10.0.0.0/8"}, proxy, []string{"192.0.2.1, unknown"}, "10.0.0.7"},
		"nonsense behind a proxy":    {[]string{"10.0.0.0/8"}, proxy, []string{"192.0.2.1, _x, 10.3.3.3"}, "10.3.3.3"},
		"with a port":                {[]string{"10.0.0.0/8"}, proxy, []string{"192.0.2.1:5555"}, "192.0.2.1"},
		"version 6":                  {[]string{"2001:db8::/32"}, "[2001:db8::1]:99", []string{"[2001:db9::2]:443"}, "2001:db9::2"},
		"version 4 in 6":             {[]string{"10.0.0.0/8"}, "[::ffff:10.0.0.7]:99", []string{"::ffff:192.0.2.1"}, "192.0.2.1"},
		"a zone":                     {nil, "[fe80::1%eth0]:99", nil, "fe80::1"},
		"a socket of the system":     {[]string{"10.0.0.0/8"}, "@", []string{"192.0.2.1"}, "@"},
	} {
		p, err := ParseProxies(tc.trusted)
		require.NoError(t, err, name)
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
		r.RemoteAddr = tc.peer
		for _, f := range tc.forwarded {
			r.Header.Add("X-Forwarded-For", f)
		}
		require.Equal(t, tc.want, p.client(r), name)
	}
	for _, s := range []string{"", "proxy.example.com", "10.0.0.0/40", "fe80::1%eth0", "10.0.0.0/8;"} {
		_, err := ParseProxies([]string{s})
		require.ErrorContains(t, err, "neither an IP address nor a network", s)
	}
}
