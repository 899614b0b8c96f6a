package transport_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/live"
)

const streamToken = "X-GraphQL-Event-Stream-Token"

// singleStream reads the events of a single connection.
type singleStream struct {
	t     *testing.T
	lines *bufio.Scanner
	body  io.Closer
}

// next is the next event's kind and data.
func (s *singleStream) next() (kind, data string) {
	s.t.Helper()
	for s.lines.Scan() {
		line := s.lines.Text()
		if k, ok := strings.CutPrefix(line, "event: "); ok {
			kind = k
		}
		if d, ok := strings.CutPrefix(line, "data: "); ok {
			return kind, d
		}
	}
	require.Fail(s.t, "the stream is over")
	return "", ""
}

func (p *panel) single(t *testing.T, token string) (string, *singleStream) {
	t.Helper()
	r := p.do(http.MethodPut, "/graphql", token, "", nil)
	require.Equal(t, http.StatusCreated, r.status, r.body)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.URL+"/graphql?token="+url.QueryEscape(r.body), nil)
	require.NoError(t, err)
	req.Header.Set("Accept", "text/event-stream") // as a browser's client does, which has no other header
	res, err := p.Client().Do(req)
	require.NoError(t, err)
	t.Cleanup(func() { _ = res.Body.Close() })
	require.Equal(t, http.StatusOK, res.StatusCode)
	return r.body, &singleStream{t, bufio.NewScanner(res.Body), res.Body}
}

func (p *panel) onSingle(t *testing.T, token, stream, id, query string, v vars) reply {
	t.Helper()
	b, err := json.Marshal(vars{"query": query, "variables": v, "extensions": vars{"operationId": id}})
	require.NoError(t, err)
	return p.do(http.MethodPost, "/graphql", token, "application/json", strings.NewReader(string(b)), streamToken, stream)
}

// flushing does something when an answer is flushed.
type flushing struct {
	*httptest.ResponseRecorder
	then func()
}

func (f flushing) Flush() {
	f.ResponseRecorder.Flush()
	f.then()
}

// Clients listen for an operation's answers from when they are told that it is accepted, so
// it does not run before; another one has all the time to.
func TestSingle_AcceptedBeforeItRuns(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	token := p.staff()
	stream, events := p.single(t, token)
	told := 0
	w := flushing{httptest.NewRecorder(), func() {
		told++
		require.Equal(t, http.StatusAccepted, p.onSingle(t, token, stream, "second", `{ __typename }`, nil).status)
		for _, kind := range []string{"next", "complete"} {
			is, data := events.next()
			require.Equal(t, kind, is)
			require.Contains(t, data, `"id":"second"`)
		}
	}}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/graphql", strings.NewReader(`{"query":"{ __typename }","extensions":{"operationId":"first"}}`))
	r.RemoteAddr = "127.0.0.1:1"
	for name, value := range map[string]string{"Content-Type": "application/json", "Authorization": "Bearer " + token, streamToken: stream} {
		r.Header.Set(name, value)
	}
	p.Config.Handler.ServeHTTP(w, r)
	require.Equal(t, http.StatusAccepted, w.Code, w.Body)
	require.Equal(t, 1, told)
	_, data := events.next()
	require.Contains(t, data, `"id":"first"`)
}

// Operations of many requests on one stream, which is its owner's alone.
func TestSingle_Connection(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	server := p.addServer()
	a, b := p.addTenant("a", ident.CustomerID{}, server), p.addTenant("b", ident.CustomerID{}, server)
	p.running(a, 0, 0)
	stream, events := p.single(t, a.token)
	require.Equal(t, http.StatusConflict, p.do(http.MethodGet, "/graphql", a.token, "", nil, "Accept", "text/event-stream", streamToken, stream).status, "it is open")

	require.Equal(t, http.StatusAccepted, p.onSingle(t, a.token, stream, "q", `{ viewer { customers { nodes { name } } } }`, nil).status)
	kind, data := events.next()
	require.Equal(t, "next", kind)
	require.Contains(t, data, `{"id":"q","payload":{"data":{"viewer":{"customers":{"nodes":[{"name":"Customer a"}]}}}`)
	kind, data = events.next()
	require.Equal(t, []string{"complete", `{"id":"q"}`}, []string{kind, data})

	require.Equal(t, http.StatusAccepted, p.onSingle(t, a.token, stream, "bad", `{ nothing }`, nil).status)
	_, data = events.next()
	require.Contains(t, data, `{"id":"bad","payload":{"errors":[`)
	_, data = events.next()
	require.JSONEq(t, `{"id":"bad"}`, data)

	follow := `subscription ($id: ID!) { jobProgress(id: $id) { __typename } }`
	require.Equal(t, http.StatusAccepted, p.onSingle(t, a.token, stream, "s", follow, vars{"id": a.job.Opaque()}).status)
	_, data = events.next()
	require.Contains(t, data, `{"id":"s","payload":{"data":{"jobProgress"`)
	require.Equal(t, http.StatusConflict, p.onSingle(t, a.token, stream, "s", follow, vars{"id": a.job.Opaque()}).status)

	for who, token := range map[string]string{"another": b.token, "nobody": ""} {
		require.Equal(t, http.StatusNotFound, p.onSingle(t, token, stream, "x", `{ __typename }`, nil).status, who)
		require.Equal(t, http.StatusNotFound, p.do(http.MethodDelete, "/graphql?operationId=s", token, "", nil, streamToken, stream).status, who)
	}
	require.Equal(t, http.StatusBadRequest, p.onSingle(t, a.token, stream, "", `{ __typename }`, nil).status)
	require.Equal(t, http.StatusBadRequest, p.onSingle(t, a.token, stream, strings.Repeat("x", 256), `{ __typename }`, nil).status)
	for _, unknown := range []string{"unknown", ""} {
		require.Equal(t, http.StatusNotFound, p.do(http.MethodGet, "/graphql?token="+unknown+"x", a.token, "", nil, "Accept", "text/event-stream").status)
	}

	require.Equal(t, http.StatusOK, p.do(http.MethodDelete, "/graphql?operationId=s", a.token, "", nil, streamToken, stream).status)
	require.Eventually(t, func() bool { return metric(t, p.live, "mpanel_live_executing") == 0 }, soon, 10e6)
	require.Equal(t, http.StatusAccepted, p.onSingle(t, a.token, stream, "s", `{ __typename }`, nil).status, "its id is free")

	require.NoError(t, events.body.Close())
	require.Eventually(t, func() bool { return metric(t, p.live, "mpanel_live_connections") == 0 }, soon, 10e6)
	require.Equal(t, http.StatusNotFound, p.onSingle(t, a.token, stream, "after", `{ __typename }`, nil).status)
	require.Equal(t, http.StatusNotFound, p.do(http.MethodGet, "/graphql?token="+stream, a.token, "", nil, "Accept", "text/event-stream").status, "it is opened once")
}

// Whoever opens the stream, it is that of who was promised it; and nobody gets more
// promises than there are to be.
func TestSingle_IsItsOwners(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	server := p.addServer()
	a, b := p.addTenant("a", ident.CustomerID{}, server), p.addTenant("b", ident.CustomerID{}, server)
	nobodys := p.do(http.MethodPut, "/graphql", "", "", nil).body
	require.Equal(t, http.StatusNotFound, p.do(http.MethodGet, "/graphql", b.token, "", nil, "Accept", "text/event-stream", streamToken, nobodys).status,
		"a stream of nobody does not become somebody's")
	as := p.do(http.MethodPut, "/graphql", a.token, "", nil).body
	require.Equal(t, http.StatusNotFound, p.do(http.MethodGet, "/graphql", b.token, "", nil, "Accept", "text/event-stream", streamToken, as).status)

	// Whoever acts as the user in another way may less, and does not do it in the session's name.
	p.mu.Lock()
	for token, change := range map[string]func(*actor.Actor){
		"an API token": func(who *actor.Actor) { who.APIToken, who.Session = ident.NewAPITokenID(), ident.SessionID{} },
		"who acts as them": func(who *actor.Actor) {
			who.Impersonator, who.Impersonation = ident.NewUserID(), ident.NewImpersonationID()
		},
	} {
		who := *p.actors[a.token]
		change(&who)
		p.actors[token] = &who
	}
	p.mu.Unlock()
	stream, _ := p.single(t, a.token)
	for _, token := range []string{"an API token", "who acts as them"} {
		require.Equal(t, http.StatusNotFound, p.onSingle(t, token, stream, "1", "{ __typename }", nil).status, token)
		require.Equal(t, http.StatusNotFound, p.do(http.MethodDelete, "/graphql?operationId=1", token, "", nil, streamToken, stream).status, token)
	}
	require.Equal(t, http.StatusAccepted, p.onSingle(t, a.token, stream, "1", "{ __typename }", nil).status)

	_, events := p.single(t, "")
	_ = events
	statuses := map[int]int{}
	for range 120 {
		statuses[p.do(http.MethodPut, "/graphql", b.token, "", nil).status]++
	}
	require.Equal(t, map[int]int{http.StatusCreated: 100, http.StatusTooManyRequests: 20}, statuses)
	require.Equal(t, http.StatusCreated, p.do(http.MethodPut, "/graphql", a.token, "", nil).status, "others still can")
}

// A stream that could not be opened, since the user has too many, can be later.
func TestSingle_ThatCouldNotBeOpened(t *testing.T) {
	t.Parallel()
	p := newLimitedPanel(t, live.Limits{PerUser: 1})
	a := p.addTenant("a", ident.CustomerID{}, p.addServer())
	_, first := p.single(t, a.token)
	token := p.do(http.MethodPut, "/graphql", a.token, "", nil).body
	require.Equal(t, http.StatusTooManyRequests, p.do(http.MethodGet, "/graphql?token="+token, "", "", nil, "Accept", "text/event-stream").status)
	require.Equal(t, http.StatusNotFound, p.do(http.MethodGet, "/graphql?token="+token, "", "", nil, "Accept", "text/event-stream").status, "the promise is over")
	require.NoError(t, first.body.Close())
	require.Eventually(t, func() bool { return metric(t, p.live, "mpanel_live_connections") == 0 }, soon, 10e6)
	p.single(t, a.token)
}
