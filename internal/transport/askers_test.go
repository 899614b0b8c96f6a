package transport_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"
)

// An asker sends a request over one transport and gives the first answer, or what is
// said in its place: the close code of a socket, the refusal of a stream.
type asker func(t *testing.T, request vars) (answer string)

const (
	accept       = "Accept"
	acceptEvents = "text/event-stream"
	acceptParts  = `multipart/mixed;subscriptionSpec="1.0"`
)

// askers are all transports that there are, of a caller.
func (p *panel) askers(t *testing.T, token string) map[string]asker {
	t.Helper()
	post := func(headers ...string) asker {
		return func(t *testing.T, request vars) string { return p.send(t, token, request, headers...).body }
	}
	get := func(headers ...string) asker {
		return func(t *testing.T, request vars) string {
			values := url.Values{}
			for name, v := range request {
				text, ok := v.(string)
				if !ok {
					b, err := json.Marshal(v)
					require.NoError(t, err)
					text = string(b)
				}
				values.Set(name, text)
			}
			return p.do(http.MethodGet, "/graphql?"+values.Encode(), token, "", nil, headers...).body
		}
	}
	stream, events := p.single(t, token)
	asked := 0
	return map[string]asker{
		"POST":       post(),
		"GET":        get(),
		"SSE":        post(accept, acceptEvents),
		"SSE by GET": get(accept, acceptEvents),
		"multipart":  post(accept, acceptParts),
		"WebSocket":  func(t *testing.T, request vars) string { return p.askSocket(t, token, request) },
		"single connection": func(t *testing.T, request vars) string {
			asked++
			id := fmt.Sprint("asked-", asked)
			request = maps.Clone(request)
			extensions := vars{"operationId": id}
			if given, ok := request["extensions"].(vars); ok {
				maps.Copy(extensions, given)
			}
			request["extensions"] = extensions
			r := p.send(t, token, request, streamToken, stream)
			if r.status != http.StatusAccepted {
				return r.body
			}
			kind, data := events.next()
			require.Equal(t, "next", kind)
			var answer struct {
				ID      string
				Payload json.RawMessage
			}
			require.NoError(t, json.Unmarshal([]byte(data), &answer))
			require.Equal(t, id, answer.ID)
			kind, _ = events.next()
			require.Equal(t, "complete", kind)
			return string(answer.Payload)
		},
	}
}

// askSocket asks on a socket of its own.
func (p *panel) askSocket(t *testing.T, token string, request vars) string {
	t.Helper()
	conn := p.open(t, token)
	defer func() { _ = conn.Close() }()
	if request["query"] == nil { // which the protocol wants
		request = maps.Clone(request)
		request["query"] = ""
	}
	payload, err := json.Marshal(request)
	require.NoError(t, err)
	err = conn.WriteJSON(frame{Type: "subscribe", ID: "1", Payload: payload})
	if errors.Is(err, io.EOF) {
		require.NoError(t, err)
	}
	var f frame
	err = conn.ReadJSON(&f)
	if closed, ok := errors.AsType[*websocket.CloseError](err); ok {
		return fmt.Sprintf("closed with %d", closed.Code)
	}
	require.NoError(t, err)
	require.Equal(t, "1", f.ID)
	if f.Type == "next" {
		require.Equal(t, "complete", receive(t, conn).Type)
		return string(f.Payload)
	}
	require.Equal(t, "error", f.Type)
	return `{"errors":` + string(f.Payload) + `}`
}

// codesOf are the codes of an answer's errors, whatever is around it.
func codesOf(t *testing.T, answer string) (codes []string) {
	t.Helper()
	for rest := answer; ; {
		_, after, found := strings.Cut(rest, `"code":"`)
		if !found {
			return codes
		}
		code, left, found := strings.Cut(after, `"`)
		require.True(t, found, answer)
		codes, rest = append(codes, code), left
	}
}
