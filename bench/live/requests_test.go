package main

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
)

// BenchmarkPost is what a POST of the smallest of queries takes, without net/http's
// reading and writing.
func BenchmarkPost(b *testing.B) {
	for _, kind := range []string{stock, ours} {
		b.Run(kind, func(b *testing.B) {
			h, err := handlerOf(kind, &source{})
			if err != nil {
				b.Fatal(err)
			}
			w := &discarded{header: http.Header{}}
			body := strings.NewReader(hello)
			r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, "http://x/graphql", nil)
			if err != nil {
				b.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/json")
			r.ContentLength, r.Body = int64(len(hello)), io.NopCloser(body)
			b.ReportAllocs()
			for b.Loop() {
				body.Reset(hello)
				clear(w.header)
				w.body.Reset()
				h.ServeHTTP(w, r)
			}
			if !strings.Contains(w.body.String(), `{"hello":"world"}`) {
				b.Fatal(w.body.String())
			}
		})
	}
}

// discarded is a client that takes everything.
type discarded struct {
	header http.Header
	body   bytes.Buffer
}

func (d *discarded) Header() http.Header         { return d.header }
func (d *discarded) Write(p []byte) (int, error) { return d.body.Write(p) } //nolint:wrapcheck // of memory
func (d *discarded) WriteHeader(int)             {}
