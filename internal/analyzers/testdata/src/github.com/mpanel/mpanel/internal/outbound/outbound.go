// Package outbound is the one that may make clients.
package outbound

import "net/http"

func NewClient() *http.Client { return &http.Client{} }
