//go:build profile

package main

import (
	"net"
	"net/http"
	_ "net/http/pprof" // #nosec G108 -- only in servers that are built to be measured, and only where it is said to listen
	"os"
)

// profiled serves the process's profiles on the address in MPANEL_PROFILE, which
// only servers that were built with -tags profile know.
func profiled() {
	addr := os.Getenv("MPANEL_PROFILE")
	if addr == "" {
		return
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return
	}
	go func() { _ = http.Serve(l, nil) }() // #nosec G114 -- as above
}
