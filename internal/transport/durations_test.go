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

// An answer has ten seconds to be read, and more when it is long; what the connection
// is used for afterwards has none.
func TestPost_WriteDeadline(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	ours, _ := p.handlers()
	for query, least := range map[string]time.Duration{
		`{ __typename }`: 10 * time.Second,
		`{ __schema { types { name description } } }`: 10*time.Second + 500*time.Millisecond,
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/graphql", strings.NewReader(body(query)))
		r.Header.Set("Content-Type", "application/json")
		w := &deadlines{ResponseRecorder: httptest.NewRecorder()}
		before := time.Now()
		ours.ServeHTTP(w, r)
		require.Equal(t, http.StatusOK, w.Code)
		require.Len(t, w.set, 2)
		require.GreaterOrEqual(t, w.set[0].Sub(before), least, query)
		require.Less(t, w.set[0].Sub(before), time.Minute, query)
		require.True(t, w.set[1].IsZero(), query)
	}
}
