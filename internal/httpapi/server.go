package httpapi

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Times of a request. What goes on for longer than these says so: streams, uploads and
// downloads have times of their own, and a WebSocket's connection has none of them.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 30 * time.Second  // from its beginning until all of it is there
	writeTimeout      = 90 * time.Second  // from its header until all of the answer is taken, small ones too
	idleTimeout       = 120 * time.Second // from an answer to the next request
	maxHeaderBytes    = 32 << 10
)

// NewServer returns a server of h whose clients cannot hold anything by reading or
// writing nothing. base is what the contexts of all requests come from.
func NewServer(base context.Context, h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		// WriteTimeout is a stream's with HTTP/2; this is the connection's.
		HTTP2:          &http.HTTP2Config{WriteByteTimeout: writeTimeout},
		MaxHeaderBytes: maxHeaderBytes, BaseContext: func(net.Listener) context.Context { return base },
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}
