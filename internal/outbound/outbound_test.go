package outbound_test

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/outbound"
)

// S34: nothing that a tenant writes leads to where the panel is.
func TestClient_S34_PublicAddressesOnly(t *testing.T) {
	t.Parallel()
	reached := false
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	t.Cleanup(srv.Close)
	port := srv.URL[strings.LastIndex(srv.URL, ":"):]
	client := outbound.NewClient(outbound.Options{})
	for _, host := range []string{
		"127.0.0.1", "localhost", "[::1]", "0.0.0.0", "[::]", "[::ffff:127.0.0.1]", "127.1", "2130706433", "0x7f000001", "0177.0.0.1",
		"169.254.169.254", "10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "[fe80::1]", "[fc00::1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "224.0.0.1", "255.255.255.255",
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+host+port+"/", http.NoBody)
		if err != nil { // not a host at all
			continue
		}
		res, err := client.Do(req)
		if err == nil {
			_ = res.Body.Close()
		}
		_, isName := errors.AsType[*net.DNSError](err) // such as 0177.0.0.1, which Go takes for a name
		require.True(t, isName || errors.Is(err, outbound.ErrAddress), "%s: %v", host, err)
	}
	require.False(t, reached)
}

func TestClient_PrivateButNoRedirectAndNoProxy(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://192.0.2.1:1")
	hits := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hits++
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	}))
	t.Cleanup(srv.Close)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, http.NoBody)
	require.NoError(t, err)
	res, err := outbound.NewClient(outbound.Options{Private: true}).Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusFound, res.StatusCode)
	require.Equal(t, 1, hits)
}
