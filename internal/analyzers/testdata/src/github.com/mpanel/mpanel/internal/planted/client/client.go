package client

import (
	"net/http"

	"github.com/mpanel/mpanel/internal/outbound"
)

var good = outbound.NewClient()

func pass(c *http.Client) {}

var zero http.Client // want `HTTP clients are made by outbound.NewClient`

func bad() {
	pass(&http.Client{})                             // want `HTTP clients are made by outbound.NewClient`
	pass(&http.Client{Transport: &http.Transport{}}) // want `HTTP clients are made by outbound.NewClient`
	pass(new(http.Client))                           // want `HTTP clients are made by outbound.NewClient`
	pass(http.DefaultClient)                         // want `HTTP clients are made by outbound.NewClient`
	_, _ = http.Get("http://example.com")            // want `HTTP clients are made by outbound.NewClient`
	_, _ = http.DefaultTransport.RoundTrip(nil)      // want `HTTP clients are made by outbound.NewClient`
}
