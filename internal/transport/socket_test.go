package transport_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/live"
	"github.com/mpanel/mpanel/internal/transport"
	"github.com/mpanel/mpanel/internal/transport/document"
)

// A frame is a message of graphql-transport-ws.
type frame struct {
	Type    string          `json:"type"`
	ID      string          `json:"id,omitempty"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

func (p *panel) dial(t *testing.T, header http.Header) *websocket.Conn {
	t.Helper()
	d := websocket.Dialer{Subprotocols: []string{"graphql-transport-ws"}, HandshakeTimeout: soon}
	conn, res, err := d.DialContext(t.Context(), "ws"+strings.TrimPrefix(p.URL, "http")+"/graphql", header)
	require.NoError(t, err)
	_ = res.Body.Close()
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(soon)))
	require.Equal(t, "graphql-transport-ws", conn.Subprotocol())
	return conn
}

// open is dial with a connection_init that is accepted.
func (p *panel) open(t *testing.T, token string) *websocket.Conn {
	t.Helper()
	conn := p.dial(t, nil)
	send(t, conn, frame{Type: "connection_init", Payload: initPayload(token)})
	require.Equal(t, "connection_ack", receive(t, conn).Type)
	return conn
}

func initPayload(token string) json.RawMessage {
	if token == "" {
		return nil
	}
	b, _ := json.Marshal(map[string]string{"Authorization": "Bearer " + token})
	return b
}

func send(t *testing.T, conn *websocket.Conn, f frame) {
	t.Helper()
	require.NoError(t, conn.WriteJSON(f))
}

// receive is the next frame that is not the server's ping.
func receive(t *testing.T, conn *websocket.Conn) (f frame) {
	t.Helper()
	for {
		f = frame{}
		require.NoError(t, conn.ReadJSON(&f))
		if f.Type != "ping" && f.Type != "pong" {
			return f
		}
	}
}

func operation(query string, variables vars) json.RawMessage {
	b, _ := json.Marshal(map[string]any{"query": query, "variables": variables})
	return b
}

// closing is the code with which the server ends the socket.
func closing(t *testing.T, conn *websocket.Conn) int {
	t.Helper()
	for {
		_, _, err := conn.ReadMessage()
		if err == nil {
			continue // an error message before the close
		}
		var c *websocket.CloseError
		require.ErrorAs(t, err, &c)
		return c.Code
	}
}

// overSocket gives all frames of an operation, without request ids.
func (p *panel) overSocket(t *testing.T, token, query, id string) (out []string) {
	t.Helper()
	conn := p.open(t, token)
	send(t, conn, frame{Type: "subscribe", ID: "1", Payload: operation(query, vars{"id": id})})
	for {
		f := receive(t, conn)
		out = append(out, fmt.Sprintf("%s %s %s", f.Type, f.ID, requestIDs.ReplaceAllString(string(f.Payload), "-")))
		if f.Type == "complete" || f.Type == "error" {
			return out
		}
	}
}

func TestSocket_WhoConnects(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	a := p.addTenant("tenant-a", ident.CustomerID{}, p.addServer())
	viewer := operation("{ viewer { user { id } } }", nil)
	for name, tc := range map[string]struct {
		init json.RawMessage
		code int // of the close
		want string
	}{
		"a good token":       {initPayload(a.token), 0, a.user.Opaque()},
		"no payload":         {nil, 0, "UNAUTHENTICATED"},
		"an empty payload":   {json.RawMessage(`{}`), 0, "UNAUTHENTICATED"},
		"another scheme":     {json.RawMessage(`{"Authorization":"Basic eDp5"}`), 0, "UNAUTHENTICATED"},
		"a token of no kind": {json.RawMessage(`{"Authorization":["x"]}`), 0, "UNAUTHENTICATED"},
		"a bad token":        {initPayload("nonsense"), 4403, ""},
		"an empty token":     {json.RawMessage(`{"Authorization":"Bearer "}`), 4403, ""},
		"a very long token":  {initPayload(strings.Repeat("x", 20_000)), 4403, ""},
		"in small letters":   {json.RawMessage(`{"authorization":"bearer ` + a.token + `"}`), 0, a.user.Opaque()},
	} {
		conn := p.dial(t, nil)
		send(t, conn, frame{Type: "connection_init", Payload: tc.init})
		if tc.code != 0 {
			require.Equal(t, tc.code, closing(t, conn), name)
			continue
		}
		require.Equal(t, "connection_ack", receive(t, conn).Type, name)
		send(t, conn, frame{Type: "subscribe", ID: "1", Payload: viewer})
		require.Contains(t, string(receive(t, conn).Payload), tc.want, name)
	}
	require.NotContains(t, p.log.String(), a.token)
	p.refusals.Flush(t.Context())
	require.Equal(t, 3, p.count("SELECT times FROM audit_entries WHERE action = 'connection_init' AND NOT allowed"))
}

func TestSocket_WhoConnectsWhileTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	p.mu.Lock()
	p.away = fault.Unavailable.New("", "Away.")
	p.mu.Unlock()
	conn := p.dial(t, nil)
	send(t, conn, frame{Type: "connection_init", Payload: initPayload("some")})
	require.Equal(t, 1013, closing(t, conn), "a client takes 4403 for final and would sign its user out")
}

// The time to say who one is, is not what the panel takes to find out.
func TestSocket_WhoConnectsWhileTheDatabaseHangs(t *testing.T) {
	t.Parallel()
	p := newLimitedPanel(t, live.Limits{InitTimeout: 2 * time.Second})
	p.mu.Lock()
	p.hangs = true
	p.mu.Unlock()
	conn := p.dial(t, nil)
	send(t, conn, frame{Type: "connection_init", Payload: initPayload("some")})
	require.Equal(t, 1013, closing(t, conn))
	require.Equal(t, 4408, closing(t, p.dial(t, nil)), "who says nothing")
}

// Who does not read, or does not answer pings, finds the reason when it reads on in time.
func TestSocket_IsToldWhyItIsEvicted(t *testing.T) {
	t.Parallel()
	t.Run("too slow", func(t *testing.T) {
		t.Parallel()
		p := newLimitedPanel(t, live.Limits{WriteTimeout: 500 * time.Millisecond})
		a := p.addTenant("a", zeroCustomer, p.addServer())
		p.running(a, 4000, 4000)
		conn := p.open(t, a.token)
		follow(t, conn, "1", a.job)
		require.Eventually(t, func() bool { return metric(t, p.live, "mpanel_live_closed_total", "slow") == 1 }, soon, 10*time.Millisecond)
		require.Equal(t, 4290, closing(t, conn))
	})
	t.Run("silent", func(t *testing.T) {
		t.Parallel()
		p := newLimitedPanel(t, live.Limits{PingEvery: 500 * time.Millisecond})
		conn := p.open(t, "")
		require.Eventually(t, func() bool { return metric(t, p.live, "mpanel_live_closed_total", "silent") == 1 }, soon, 10*time.Millisecond)
		require.Equal(t, 4291, closing(t, conn))
	})
}

func TestSocket_Origin(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	for name, tc := range map[string]struct {
		origin, proto string
		ok            bool
	}{
		"no page":                         {"", "", true},
		"a listed page":                   {origin, "", true},
		"the panel's":                     {p.URL, "http", true},
		"the panel's with TLS":            {"https" + strings.TrimPrefix(p.URL, "http"), "https", true},
		"without TLS, of a panel with it": {p.URL, "https", false},
		"another page":                    {"https://evil.example.com", "", false},
		"null":                            {"null", "", false},
	} {
		h := http.Header{"X-Forwarded-Proto": {tc.proto}}
		if tc.origin != "" {
			h.Set("Origin", tc.origin)
		}
		conn, res, err := websocket.DefaultDialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(p.URL, "http")+"/graphql", h)
		require.Equal(t, tc.ok, err == nil, "%s: %v", name, err)
		if err != nil {
			require.Equal(t, http.StatusForbidden, res.StatusCode, name)
		} else {
			require.NoError(t, conn.Close())
		}
		_ = res.Body.Close()
	}
}

func TestSocket_AJobFromItsBeginning(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	a := p.addTenant("tenant-a", ident.CustomerID{}, p.addServer())
	conn := p.open(t, a.token)
	send(t, conn, frame{Type: "subscribe", ID: "job", Payload: operation(`subscription($id: ID!) { jobProgress(id: $id) { ... on JobEvent { kind state position jobId } } }`, vars{"id": a.job.Opaque()})})
	var last struct {
		Data struct {
			JobProgress struct{ Kind, State, Position, JobID string }
		}
	}
	for _, kind := range []string{"job.created", "job.succeeded"} {
		f := receive(t, conn)
		require.Equal(t, "next", f.Type)
		require.Equal(t, "job", f.ID)
		require.NoError(t, json.Unmarshal(f.Payload, &last))
		require.Equal(t, kind, last.Data.JobProgress.Kind)
		require.Equal(t, a.job.Opaque(), last.Data.JobProgress.JobID)
	}
	require.Equal(t, frame{Type: "complete", ID: "job"}, receive(t, conn), "it ends with the job")

	send(t, conn, frame{Type: "subscribe", ID: "again", Payload: operation(`subscription($id: ID!, $after: StreamPosition) { jobProgress(id: $id, after: $after) { __typename } }`,
		vars{"id": a.job.Opaque(), "after": last.Data.JobProgress.Position})})
	require.Equal(t, frame{Type: "complete", ID: "again"}, receive(t, conn), "after the end there is nothing")
	for name, after := range map[string]string{"of another job": ident.NewJobID().Opaque(), "garbage": "!", "empty": ""} {
		send(t, conn, frame{Type: "subscribe", ID: name, Payload: operation(`subscription($id: ID!, $after: StreamPosition) { jobProgress(id: $id, after: $after) { __typename } }`,
			vars{"id": a.job.Opaque(), "after": after})})
		f := receive(t, conn)
		require.Contains(t, string(f.Payload), `"INVALID"`, name)
		require.Contains(t, string(f.Payload), `"field":"after"`, name)
		require.Equal(t, "complete", receive(t, conn).Type)
	}
}

func TestSocket_ErrorsAreAsOverHTTP(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	conn := p.open(t, p.staff())
	for name, tc := range map[string]struct{ query, code, says string }{
		"a name that is not there": {"{ custmers { totalCount } }", "INVALID", "Cannot query field"},
		"no GraphQL":               {"{", "INVALID", "Expected Name"},
		"too many tokens":          {tokens(document.SignedIn.Tokens + 1), "TOO_COMPLEX", "too many tokens"},
		"too many selections":      {"{" + strings.Repeat(" __typename", document.SignedIn.Fields+1) + "}", "TOO_COMPLEX", "too many selections"},
		"too deep":                 {deep(30), "TOO_COMPLEX", "too many fields within each other"},
		"too dear":                 {deep(2), "TOO_COMPLEX", "costs more than"},
	} {
		send(t, conn, frame{Type: "subscribe", ID: "1", Payload: operation(tc.query, nil)})
		f := receive(t, conn)
		require.Contains(t, string(f.Payload), `"code":"`+tc.code+`"`, "%s: %s", name, f.Payload)
		require.Contains(t, string(f.Payload), tc.says, name)
		require.Contains(t, string(f.Payload), `"requestId":"`, name)
		require.NotContains(t, string(f.Payload), "Did you mean", name)
		require.Equal(t, "error", f.Type, name)
		send(t, conn, frame{Type: "subscribe", ID: "1", Payload: operation("{ __typename }", nil)})
		require.JSONEq(t, `{"data":{"__typename":"Query"}}`, string(receive(t, conn).Payload), "%s: an error ends the operation, so nothing comes before what is next", name)
		require.Equal(t, "complete", receive(t, conn).Type, name)
	}
}

func TestSocket_TooLargeAFrame(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	conn := p.open(t, "")
	send(t, conn, frame{Type: "subscribe", ID: "1", Payload: operation("{ __typename }", vars{"x": strings.Repeat("x", transport.MaxFrameBytes)})})
	require.Equal(t, websocket.CloseMessageTooBig, closing(t, conn))
}

// initTimeout is how long a socket may be nobody in particular.
const initTimeout = 5 * time.Second

func TestSocket_InitThatDoesNotCome(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	begin := time.Now()
	conn := p.dial(t, nil)
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(initTimeout+soon)))
	require.Equal(t, 4408, closing(t, conn))
	require.GreaterOrEqual(t, time.Since(begin), initTimeout)
}

func TestSocket_InitThatIsNoObject(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	conn := p.dial(t, nil)
	send(t, conn, frame{Type: "connection_init", Payload: json.RawMessage(`"x"`)})
	require.Equal(t, 4400, closing(t, conn))
}

func TestSocket_MutationsAndUnexpectedMessages(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	conn := p.open(t, p.staff())
	send(t, conn, frame{Type: "subscribe", ID: "1", Payload: operation(`mutation { createCustomer(input: {name: "A", email: "a@example.com"}) { customer { name } } }`, nil)})
	require.JSONEq(t, `{"data":{"createCustomer":{"customer":{"name":"A"}}}}`, string(receive(t, conn).Payload))
	require.Equal(t, "complete", receive(t, conn).Type)
	send(t, conn, frame{Type: "connection_init"})
	require.Equal(t, 4429, closing(t, conn), "a second init is no message of this state")

	before := p.dial(t, nil)
	send(t, before, frame{Type: "subscribe", ID: "1", Payload: operation("{ __typename }", nil)})
	require.Equal(t, 4401, closing(t, before), "nothing before connection_init")
}

// deep is a document whose answer would have more rows than there are atoms.
func deep(levels int) string {
	return "{ customers(first: 100) { nodes {" + strings.Repeat(" children(first: 100) { nodes {", levels) + " id " + strings.Repeat("} }", levels) + "} } }"
}

// Who comes with no handshake, or from a page elsewhere, is told so as of any other request.
func TestSocket_HandshakeIsRefusedInWords(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	for name, tc := range map[string]struct {
		header http.Header
		status int
		code   string
	}{
		"another version": {http.Header{"Sec-Websocket-Version": {"12"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}}, http.StatusBadRequest, "INVALID"},
		"no key":          {http.Header{"Sec-Websocket-Version": {"13"}}, http.StatusBadRequest, "INVALID"},
		"another origin":  {http.Header{"Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}, "Origin": {"https://evil.example"}}, http.StatusForbidden, "FORBIDDEN"},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.URL+"/graphql", http.NoBody)
		require.NoError(t, err)
		req.Header = tc.header
		req.Header.Set("Connection", "Upgrade")
		req.Header.Set("Upgrade", "websocket")
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		var answer struct {
			Errors []struct {
				Message    string
				Extensions struct{ Code string }
			}
		}
		require.NoError(t, json.NewDecoder(res.Body).Decode(&answer), name)
		require.NoError(t, res.Body.Close())
		require.Equal(t, tc.status, res.StatusCode, name)
		require.Len(t, answer.Errors, 1, name)
		require.Equal(t, tc.code, answer.Errors[0].Extensions.Code, name)
		require.NotContains(t, answer.Errors[0].Message, "evil")
	}
}
