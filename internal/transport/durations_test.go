package transport_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/transport"
)

// How long operations take is told of every wire, and how long answers wait of those
// that stay open.
func TestDurations(t *testing.T) {
	t.Parallel()
	durations := transport.NewDurations()
	p := newPanelWith(t, transport.Config{Durations: durations})
	a := p.addTenant("a", zeroCustomer, p.addServer())
	p.must(a.token, `{ viewer { user { id } } }`, nil)
	p.post(a.token, `{ thisIsNoField }`, nil)
	p.post("", `mutation { signIn(input: {email: "x@example.com", password: "wrong"}) { accessToken } }`, nil)
	conn := p.open(t, a.token)
	send(t, conn, frame{Type: "subscribe", ID: "1", Payload: operation(`{ viewer { user { id } } }`, nil)})
	require.Equal(t, "next", receive(t, conn).Type)
	require.Equal(t, "complete", receive(t, conn).Type)
	p.running(a, 2, 10)
	follow(t, conn, "2", a.job)
	for range 4 { // with the two that there were
		require.Equal(t, "next", receive(t, conn).Type)
	}
	const executions, deliveries = "mpanel_graphql_execution_seconds", "mpanel_live_delivery_seconds"
	require.Equal(t, 2, metric(t, durations, executions, "query"), "what is not executed takes no time")
	require.Equal(t, 1, metric(t, durations, executions, "mutation"))
	require.Equal(t, 3, metric(t, durations, executions), "what a stream waits for is nobody's time")
	require.Eventually(t, func() bool { return metric(t, p.live, deliveries) == 5 }, soon, 5*time.Millisecond)
}

// deadlines notes for when answers are to be read.
type deadlines struct {
	*httptest.ResponseRecorder

	set []time.Time
}

func (d *deadlines) SetWriteDeadline(t time.Time) error {
	d.set = append(d.set, t)
	return nil
}

// A long answer has ten seconds to be read, and more the longer it is. A short one has the
// time that the server gives to all: TestServer_ClientThatReadsNothing.
func TestPost_WriteDeadline(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	ours, _ := p.handlers()
	ask := func(query string) *deadlines {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/graphql", strings.NewReader(body(query)))
		r.Header.Set("Content-Type", "application/json")
		w := &deadlines{ResponseRecorder: httptest.NewRecorder()}
		ours.ServeHTTP(w, r)
		require.Equal(t, http.StatusOK, w.Code)
		return w
	}
	require.Empty(t, ask(`{ __typename }`).set)
	before := time.Now()
	w := ask(`{ __schema { types { name description } } }`)
	require.Len(t, w.set, 1, "until net/http has sent the rest of it, too")
	require.GreaterOrEqual(t, w.set[0].Sub(before), 10*time.Second+500*time.Millisecond)
	require.Less(t, w.set[0].Sub(before), time.Minute)
}

// A stream has no time but what the connection gives to each write; its end has one again.
func TestPost_WriteDeadlineOfStreams(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	ours, _ := p.handlers()
	for _, accept := range []string{"text/event-stream", "multipart/mixed;boundary=graphql;subscriptionSpec=1.0"} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/graphql", strings.NewReader(body(`{ __typename }`)))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Accept", accept)
		w := &deadlines{ResponseRecorder: httptest.NewRecorder()}
		before := time.Now()
		ours.ServeHTTP(w, r)
		require.Contains(t, w.Body.String(), `"__typename":"Query"`)
		require.Len(t, w.set, 2, accept)
		require.True(t, w.set[0].IsZero(), accept)
		require.True(t, w.set[1].After(before), accept)
		require.Equal(t, "no", w.Header().Get("X-Accel-Buffering"), "proxies pass on what comes")
	}
}
