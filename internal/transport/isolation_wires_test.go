package transport_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"
)

// A wire is how an operation comes to the panel and its answers go back.
type wire string

const (
	overPOST wire = "POST"
	overGET  wire = "GET" // of queries
	overWS   wire = "WebSocket"
	overSSE  wire = "SSE"
)

// wires are the three that take every operation.
var wires = []wire{overPOST, overWS, overSSE}

// A socket is a WebSocket on which a caller asks one thing after the other.
type socket struct {
	conn *websocket.Conn
	last int // the number of the last operation
}

// ask sends an operation over a wire and gives all that comes back, byte for byte, without
// request ids and the ids of operations. Of a stream it is all that comes up to its first
// event; over POST, which has no streams, it is the refusal.
func (w *world) ask(t *testing.T, c *caller, by wire, query string, variables vars) string {
	t.Helper()
	w.operations.Add(1)
	var got string
	switch by {
	case overWS:
		got = w.overWebSocket(t, c, query, variables)
	case overGET:
		b, err := json.Marshal(variables)
		require.NoError(t, err)
		got = w.request(t, c, http.MethodGet, "/graphql?query="+url.QueryEscape(query)+"&variables="+url.QueryEscape(string(b)), "", nil)
	case overPOST, overSSE:
		b, err := json.Marshal(map[string]any{"query": query, "variables": variables})
		require.NoError(t, err)
		accept := ""
		if by == overSSE {
			accept = "text/event-stream"
		}
		got = w.request(t, c, http.MethodPost, "/graphql", accept, b)
	}
	got = requestIDs.ReplaceAllString(got, `"requestId":"-"`)
	w.search(t, c, got, query)
	return got
}

func (w *world) request(t *testing.T, c *caller, method, target, accept string, body []byte) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, w.URL+target, bytes.NewReader(body))
	require.NoError(t, err)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if accept != "" {
		req.Header.Set("Accept", accept)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	res, err := w.Client().Do(req)
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	head := fmt.Sprintf("%d %s\n", res.StatusCode, res.Header.Get("Content-Type"))
	if !strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") {
		b, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		return head + string(b)
	}
	text, kind := head, ""
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		if k, ok := strings.CutPrefix(lines.Text(), "event:"); ok {
			kind = strings.TrimSpace(k)
		}
		data, ok := strings.CutPrefix(lines.Text(), "data:")
		if !ok {
			continue
		}
		text += kind + data + "\n"
		if kind == "complete" || isStream(string(body)) && !strings.Contains(data, `"errors"`) {
			return text
		}
	}
	return text
}

// isStream tells whether a request is for a subscription.
func isStream(request string) bool {
	return strings.HasPrefix(request, `{"query":"subscription`) || strings.HasPrefix(request, "subscription")
}

func (w *world) overWebSocket(t *testing.T, c *caller, query string, variables vars) string {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.socket == nil {
		conn := w.dial(t, nil)
		send(t, conn, frame{Type: "connection_init", Payload: initPayload(c.token)})
		if c.closed {
			return "closed " + strconv.Itoa(closing(t, conn))
		}
		require.Equal(t, "connection_ack", receive(t, conn).Type)
		c.socket = &socket{conn: conn}
	}
	s := c.socket
	s.last++
	id := strconv.Itoa(s.last)
	require.NoError(t, s.conn.SetReadDeadline(time.Now().Add(6*soon)))
	send(t, s.conn, frame{Type: "subscribe", ID: id, Payload: operation(query, variables)})
	text := ""
	for {
		var f frame
		err := s.conn.ReadJSON(&f)
		if websocket.IsCloseError(err, 4403) {
			return text + overNow
		}
		require.NoError(t, err, query)
		if f.ID != id { // of a stream that was left
			continue
		}
		text += f.Type + " " + string(f.Payload) + "\n"
		switch {
		case f.Type == "complete", f.Type == "error":
			return text
		case isStream(query) && !bytes.Contains(f.Payload, []byte(`"errors"`)):
			send(t, s.conn, frame{Type: "complete", ID: id})
			return text
		}
	}
}

// overNow stands in the place of what does not come any more, since the caller's access ended.
const overNow = "the access is over"

// hangUp closes the caller's socket, if there is one.
func (c *caller) hangUp() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.socket != nil {
		_ = c.socket.conn.Close()
		c.socket = nil
	}
}

// search looks in an answer for what belongs to those with whom the caller has nothing to do.
func (w *world) search(t *testing.T, c *caller, answer, query string) {
	t.Helper()
	for _, text := range w.hidden(c) {
		if strings.Contains(answer, text) {
			w.leaks.Add(1)
			t.Errorf("%s is told %q by\n%s\n%.2000s", c.name, text, query, answer)
			return
		}
	}
}
