package graphqlws

import (
	"bufio"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/gorilla/websocket"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/live"
	"github.com/mpanel/mpanel/internal/tcp"
)

// Protocol is the subprotocol's name.
const Protocol = "graphql-transport-ws"

// A Transport accepts sockets; every field is required. It is a graphql.Transport
// whose handler returns once the socket is open.
type Transport struct {
	Hub *live.Hub
	// Authenticate tells who an access token is.
	Authenticate func(ctx context.Context, token string) (*actor.Actor, error)
	// OriginAllowed tells whether a browser may come from where the request says.
	OriginAllowed func(*http.Request) bool
	// Refuse answers a handshake that is not accepted.
	Refuse func(w http.ResponseWriter, r *http.Request, status int, code fault.Code, message string)
	// MaxFrameBytes is how long a message may be.
	MaxFrameBytes int64
	Log           *slog.Logger
}

var _ graphql.Transport = (*Transport)(nil)

// Supports implements graphql.Transport.
func (t *Transport) Supports(r *http.Request) bool {
	return r.Method == http.MethodGet && websocket.IsWebSocketUpgrade(r)
}

// noBuffers keeps gorilla/websocket from having memory for writes: we write
// ourselves.
var noBuffers = &sync.Pool{}

// Do implements graphql.Transport.
func (t *Transport) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	from := actor.RequestFrom(r.Context())
	switch err := t.Hub.Admit(from.Network()); {
	case errors.Is(err, live.ErrRestarting):
		t.Refuse(w, r, http.StatusServiceUnavailable, fault.Unavailable, "The server restarts; try again in a moment.")
		return
	case err != nil:
		w.Header().Set("Retry-After", "10")
		t.Refuse(w, r, http.StatusTooManyRequests, fault.RateLimited, "There are too many connections; try again later.")
		return
	}
	up := websocket.Upgrader{
		HandshakeTimeout: t.Hub.Limits().InitTimeout, Subprotocols: []string{Protocol}, CheckOrigin: t.OriginAllowed,
		ReadBufferSize: 256, WriteBufferPool: noBuffers,
		Error: func(w http.ResponseWriter, r *http.Request, status int, reason error) {
			w.Header().Set("Sec-WebSocket-Version", "13")
			if status == http.StatusForbidden {
				t.Refuse(w, r, status, fault.Forbidden, "Pages of this origin may not open a socket here.")
				return
			}
			t.Refuse(w, r, status, fault.Invalid, "This is no handshake of a WebSocket: "+strings.TrimPrefix(reason.Error(), "websocket: ")+".")
		},
	}
	ws, err := up.Upgrade(hijacked{w}, r, nil)
	if err != nil {
		t.Hub.Refuse("handshake")
		return // it is answered
	}
	s := &socket{t: t, ws: ws, net: ws.NetConn(), exec: exec}
	if c, ok := s.net.(*net.TCPConn); ok {
		s.raw, _ = c.SyscallConn() // without it every write may wait
	}
	if _, err = t.Hub.Open(context.Background(), from, func(c *live.Conn) live.Wire { s.conn = c; return s }); err != nil {
		reason := live.TooMany
		if errors.Is(err, live.ErrRestarting) {
			reason = live.Restarting
		}
		go func() { // somebody else came first, or the restart did
			_, _ = s.net.Write(closeFrame(reason))
			s.linger()
		}()
		return
	}
	ws.SetReadLimit(t.MaxFrameBytes)
	ws.SetPingHandler(s.pinged)
	ws.SetPongHandler(func(string) error { s.conn.Heard(); return nil })
	ws.SetCloseHandler(s.closed)
	if ws.Subprotocol() != Protocol {
		s.conn.Close(notAcceptable)
	}
	go s.read()
}

// hijacked is an answer whose connection is net's own without TLS, which takes large answers
// in pieces and has no more memory than a socket needs.
type hijacked struct{ http.ResponseWriter }

// Hijack implements http.Hijacker.
func (h hijacked) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if ours, ok := c.(*tcp.Conn); ok {
		c = ours.TCP()
	}
	return c, rw, err
}
