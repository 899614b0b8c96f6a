package main

import (
	"encoding/binary"
	"encoding/json"
	"net"
	"net/http"
	"sync"

	"github.com/gorilla/websocket"

	"github.com/mpanel/mpanel/bench/live/graph"
)

// A bareHandler is the least that can be done: it knows one selection, encodes a
// value once, and writes it to each socket with the socket's own id. It has no
// limits, no liveness, and nothing that ends. Where each client has another selection,
// it tells what is left when nothing is made of that: one write for each.
type bareHandler struct {
	up websocket.Upgrader

	mu      sync.Mutex
	sockets []*bareSocket
}

type bareSocket struct {
	conn   net.Conn
	prefix []byte
}

func newBareHandler(s *source) http.Handler {
	h := &bareHandler{up: websocket.Upgrader{
		ReadBufferSize: 256, WriteBufferPool: &sync.Pool{}, Subprotocols: []string{"graphql-transport-ws"}, CheckOrigin: func(*http.Request) bool { return true },
	}}
	s.direct = h.publish
	return h
}

// ServeHTTP implements http.Handler.
func (h *bareHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ws, err := h.up.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	go func() {
		for {
			var m struct{ ID, Type string }
			if ws.ReadJSON(&m) != nil {
				_ = ws.Close()
				return
			}
			switch m.Type {
			case "connection_init":
				_ = ws.WriteMessage(websocket.TextMessage, []byte(`{"type":"connection_ack"}`))
			case "subscribe":
				h.mu.Lock()
				h.sockets = append(h.sockets, &bareSocket{ws.NetConn(), []byte(`{"id":"` + m.ID + `","type":"next","payload":{"data":{"m":`)})
				h.mu.Unlock()
			}
		}
	}()
}

func (h *bareHandler) publish(m *graph.Metrics) {
	body, _ := json.Marshal(m)
	h.mu.Lock()
	defer h.mu.Unlock()
	const workers = 2
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			var b []byte
			for i := w; i < len(h.sockets); i += workers {
				s := h.sockets[i]
				b = append(b[:0], 0x81, 126, 0, 0)
				b = append(append(append(b, s.prefix...), body...), "}}}"...)
				binary.BigEndian.PutUint16(b[2:], uint16(len(b)-4)) // #nosec G115 -- it is some hundred bytes
				_, _ = s.conn.Write(b)
			}
		})
	}
	wg.Wait()
}
