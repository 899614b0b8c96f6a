package transport

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	gqltransport "github.com/99designs/gqlgen/graphql/handler/transport"
	"github.com/gorilla/websocket"
)

// writeTimeout is how long a client may leave what it is sent unread, once its
// buffers are full.
const writeTimeout = 10 * time.Second

// upgrader accepts sockets for gqlgen's transport with gorilla/websocket.
type upgrader struct {
	allowed func(*http.Request) bool
}

func (u upgrader) Accept(w http.ResponseWriter, r *http.Request, o gqltransport.WebsocketAcceptOptions) (gqltransport.WebsocketConn, error) {
	up := websocket.Upgrader{
		HandshakeTimeout: InitTimeout, Subprotocols: o.Subprotocols, CheckOrigin: u.allowed,
		ReadBufferSize: 1 << 10, WriteBufferSize: 4 << 10,
	}
	conn, err := up.Upgrade(w, r, o.ResponseHeader)
	if err != nil {
		return nil, fmt.Errorf("upgrade to websocket: %w", err)
	}
	return &socket{conn}, nil
}

// socket gives every write a deadline.
type socket struct{ *websocket.Conn }

func (s *socket) NextReader() (int, io.Reader, error) {
	kind, r, err := s.Conn.NextReader()
	if websocket.IsCloseError(err, websocket.CloseNormalClosure, websocket.CloseGoingAway, websocket.CloseNoStatusReceived) ||
		errors.Is(err, net.ErrClosed) {
		err = gqltransport.ErrWebsocketClosed
	}
	return kind, r, err
}

func (s *socket) WriteJSON(v any) error {
	if err := s.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	return s.Conn.WriteJSON(v)
}

func (s *socket) WriteClose(code int, message string) error {
	return s.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, message), time.Now().Add(time.Second))
}
