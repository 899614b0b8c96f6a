package httpapi_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/httpapi"
)

// A client sends small requests one behind the other and reads no answer: the system's
// buffers are full at some time, and the connection ends all the same.
func TestServer_ClientThatReadsNothing(t *testing.T) {
	t.Parallel()
	answer := strings.Repeat("x", 1900) // which net/http keeps until the handler is over
	srv := httpapi.NewServer(context.Background(), http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, answer)
	}), slog.New(slog.DiscardHandler))
	require.Positive(t, srv.WriteTimeout)
	require.Positive(t, srv.HTTP2.WriteByteTimeout)
	srv.WriteTimeout = 20 * time.Millisecond
	closed := make(chan struct{})
	srv.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateClosed {
			close(closed)
		}
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() { _ = srv.Serve(l) }()
	t.Cleanup(func() { _ = srv.Close() })

	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", l.Addr().String())
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	requests := []byte(strings.Repeat("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 100))
	for err == nil { // until the server has closed the connection
		_, err = conn.Write(requests)
	}
	<-closed
}
