package transport_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/live"
	"github.com/mpanel/mpanel/models"
)

var zeroCustomer ident.CustomerID

// metric is the sum of a metric's series with all of the labels' values.
func metric(t *testing.T, c prometheus.Collector, name string, labels ...string) (sum int) {
	t.Helper()
	r := prometheus.NewPedanticRegistry()
	require.NoError(t, r.Register(c))
	families, err := r.Gather()
	require.NoError(t, err)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == name && (len(labels) == 0 || m.GetLabel()[0].GetValue() == labels[0]) {
				sum += int(m.GetGauge().GetValue()+m.GetCounter().GetValue()) + int(m.GetHistogram().GetSampleCount())
			}
		}
	}
	return sum
}

const followed = `subscription($id: ID!) { jobProgress(id: $id) { ... on JobEvent { position message } } }`

// follow begins a job's stream.
func follow(t *testing.T, conn *websocket.Conn, id string, job ident.JobID) {
	t.Helper()
	send(t, conn, frame{Type: "subscribe", ID: id, Payload: operation(followed, vars{"id": job.Opaque()})})
}

// running makes the tenant's job one that goes on, with more events.
func (p *panel) running(s tenant, events, bytes int) {
	p.t.Helper()
	p.exec("UPDATE jobs SET state = 'RUNNING', event_seq = ? WHERE id = ?", 2+events, s.job)
	p.exec("UPDATE job_events SET state = 'RUNNING', kind = ? WHERE job_id = ? AND seq = 2", engine.EventStarted, s.job)
	if events == 0 {
		return
	}
	rows := make([]*models.JobEvent, events)
	for i := range rows {
		rows[i] = &models.JobEvent{JobID: s.job, Seq: int64(i + 3), Kind: engine.EventStarted, State: models.JobRunning, Message: new(strings.Repeat("x", bytes) + strconv.Itoa(i))}
	}
	_, err := p.db.NewInsert().Model(&rows).Exec(p.t.Context())
	require.NoError(p.t, err)
}

func TestLive_OperationsAtOnce(t *testing.T) {
	t.Parallel()
	p := newLimitedPanel(t, live.Limits{Operations: 3})
	a := p.addTenant("a", zeroCustomer, p.addServer())
	p.running(a, 0, 0)
	conn := p.open(t, a.token)
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(6*soon)))
	sent := make(chan error, 1)
	go func() {
		for i := range 10_000 {
			if err := conn.WriteJSON(frame{Type: "subscribe", ID: strconv.Itoa(i), Payload: operation(followed, vars{"id": a.job.Opaque()})}); err != nil {
				sent <- err
				return
			}
		}
		sent <- nil
	}()
	refused := 0
	for refused < 10_000-3 {
		if f := receive(t, conn); f.Type == "error" {
			require.Contains(t, string(f.Payload), `"RATE_LIMITED"`)
			refused++
		}
	}
	require.NoError(t, <-sent)
	require.Eventually(t, func() bool { return metric(t, p.live, "mpanel_live_streams") == 3 }, soon, 10*time.Millisecond)
	require.Equal(t, 10_000-3, metric(t, p.live, "mpanel_live_refused_total", "operations"))
	send(t, conn, frame{Type: "complete", ID: "0"})
	send(t, conn, frame{Type: "subscribe", ID: "again", Payload: operation("{ __typename }", nil)})
	for f := receive(t, conn); f.ID != "again"; f = receive(t, conn) {
	}
}

func TestLive_SocketsOfOneUserAndOneAddress(t *testing.T) {
	t.Parallel()
	p := newLimitedPanel(t, live.Limits{PerUser: 2, PerAddress: 3})
	connections := func(want int) {
		t.Helper()
		require.Eventually(t, func() bool { return metric(t, p.live, "mpanel_live_connections") == want }, soon, 10*time.Millisecond)
	}
	a := p.addTenant("a", zeroCustomer, p.addServer())
	p.open(t, a.token)
	p.open(t, a.token)
	third := p.dial(t, nil)
	send(t, third, frame{Type: "connection_init", Payload: initPayload(a.token)})
	require.Equal(t, 4292, closing(t, third))
	connections(2)
	for range 3 {
		p.open(t, "")
	}
	fourth := p.dial(t, nil)
	send(t, fourth, frame{Type: "connection_init"})
	require.Equal(t, 4292, closing(t, fourth), "of nobody from this address")
	b := p.addTenant("b", zeroCustomer, p.addServer())
	p.open(t, b.token)     // whom nobody keeps out
	connections(2 + 3 + 1) // the fourth is gone
	for range 3 {
		p.dial(t, nil) // and says nothing
	}
	connections(2 + 3 + 1 + 3) // a socket is counted after its handshake
	_, res, err := websocket.DefaultDialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(p.URL, "http")+"/graphql", nil)
	require.Error(t, err)
	require.Equal(t, 429, res.StatusCode)
	require.NotEmpty(t, res.Header.Get("Retry-After"))
	_ = res.Body.Close()
}

func TestLive_RightsThatChangeEndTheSocket(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	server := p.addServer()
	a, b := p.addTenant("a", zeroCustomer, server), p.addTenant("b", zeroCustomer, server)
	p.running(a, 0, 0)
	first, second, other := p.open(t, a.token), p.open(t, a.token), p.open(t, b.token)
	follow(t, first, "1", a.job)
	require.Equal(t, "next", receive(t, first).Type)
	p.mu.Lock()
	changed := *p.actors[a.token]
	changed.Grants = []actor.Grant{{Customer: a.customer, Permissions: []actor.Permission{actor.DatabasesRead}}}
	p.actors[a.token] = &changed
	p.mu.Unlock()
	began := time.Now()
	require.Equal(t, 4403, closing(t, first))
	require.Equal(t, 4403, closing(t, second))
	require.Less(t, time.Since(began), 3*time.Second)
	send(t, other, frame{Type: "subscribe", ID: "1", Payload: operation("{ __typename }", nil)})
	require.Equal(t, "next", receive(t, other).Type, "others are not disturbed")
	require.Eventually(t, func() bool { return metric(t, p.live, "mpanel_live_executing") == 0 }, soon, 10*time.Millisecond)
}

// While nobody can be asked, rights are what they were; the next answer counts.
func TestLive_RightsWhileTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	a := p.addTenant("a", zeroCustomer, p.addServer())
	conn := p.open(t, a.token)
	p.mu.Lock()
	lost := *p.actors[a.token]
	lost.Grants = nil
	p.actors[a.token], p.away = &lost, fault.Unavailable.New("", "Away.")
	p.mu.Unlock()
	looks := p.looks.Load()
	require.Eventually(t, func() bool { return p.looks.Load() >= looks+2 }, soon, 10*time.Millisecond)
	send(t, conn, frame{Type: "subscribe", ID: "1", Payload: operation(`query ($id: ID!) { job(id: $id) { id } }`, vars{"id": a.job.Opaque()})})
	require.Contains(t, string(receive(t, conn).Payload), a.job.Opaque())
	p.mu.Lock()
	p.away = nil
	p.mu.Unlock()
	require.Equal(t, 4403, closing(t, conn))
}

func TestLive_Revoke(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	server := p.addServer()
	a, b := p.addTenant("a", zeroCustomer, server), p.addTenant("b", zeroCustomer, server)
	nobody, ours, other := p.open(t, ""), p.open(t, a.token), p.open(t, b.token)
	for name, who := range map[string]live.Principal{
		"nobody": {}, "another's customer": {User: a.user, Customer: b.customer}, "another token": {User: a.user, Token: "other"},
	} {
		require.Zero(t, p.live.Revoke(who), name)
	}
	require.Equal(t, 1, p.live.Revoke(live.Principal{User: a.user}))
	require.Equal(t, 4403, closing(t, ours))
	require.Equal(t, 1, p.live.Revoke(live.Principal{User: b.user, Customer: b.customer}))
	require.Equal(t, 4403, closing(t, other))
	send(t, nobody, frame{Type: "subscribe", ID: "1", Payload: operation("{ __typename }", nil)})
	require.Equal(t, "next", receive(t, nobody).Type)
}

func TestLive_ShutdownLetsAMutationEnd(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	idle, busy := p.open(t, p.staff()), p.open(t, p.staff())
	// The mutation waits for a row that somebody else holds.
	tx, err := p.db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	_, err = tx.ExecContext(t.Context(), "LOCK TABLE customers")
	require.NoError(t, err)
	send(t, busy, frame{Type: "subscribe", ID: "1", Payload: operation(`mutation { createCustomer(input: {name: "A", email: "a@example.com"}) { customer { name } } }`, nil)})
	require.Eventually(t, func() bool { return metric(t, p.live, "mpanel_live_operations") == 1 }, soon, 10*time.Millisecond)
	done := make(chan error, 1)
	go func() { done <- p.live.Shutdown(t.Context()) }()
	require.Equal(t, 1012, closing(t, idle))
	require.NoError(t, idle.Close())
	require.NoError(t, tx.Rollback())
	require.JSONEq(t, `{"data":{"createCustomer":{"customer":{"name":"A"}}}}`, string(receive(t, busy).Payload))
	require.Equal(t, "complete", receive(t, busy).Type)
	require.Equal(t, 1012, closing(t, busy))
	require.NoError(t, busy.Close())
	require.NoError(t, <-done)
	_, res, err := websocket.DefaultDialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(p.URL, "http")+"/graphql", nil)
	require.Error(t, err)
	require.Equal(t, 503, res.StatusCode)
	_ = res.Body.Close()
}

// TestLive_ASlowReader holds little of the server's memory, is evicted when it does
// not read at all, and disturbs nobody; who reads slowly misses nothing.
func TestLive_ASlowReader(t *testing.T) {
	t.Parallel()
	p := newLimitedPanel(t, live.Limits{WriteTimeout: 5 * time.Second})
	a := p.addTenant("a", zeroCustomer, p.addServer())
	const events = 4000
	p.running(a, events, 4000)
	stuck, slow, quick := p.open(t, a.token), p.open(t, a.token), p.open(t, a.token)
	tcp, ok := stuck.NetConn().(*net.TCPConn)
	require.True(t, ok)
	require.NoError(t, tcp.SetReadBuffer(4096))
	for _, conn := range []*websocket.Conn{stuck, slow, quick} {
		follow(t, conn, "1", a.job)
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(12*soon)))
	}
	whole := func(conn *websocket.Conn, every time.Duration) error {
		for i := range events + 2 {
			if every > 0 && i%100 == 0 {
				<-time.After(every)
			}
			var f frame
			if err := conn.ReadJSON(&f); err != nil {
				return fmt.Errorf("event %d: %w", i, err)
			}
			var got struct {
				Data struct{ JobProgress struct{ Message string } }
			}
			if err := json.Unmarshal(f.Payload, &got); err != nil {
				return err
			}
			if text := strings.TrimLeft(got.Data.JobProgress.Message, "x"); i >= 2 && text != strconv.Itoa(i-2) {
				return fmt.Errorf("event %d is %q", i-2, text)
			}
		}
		return nil
	}
	slowly := make(chan error, 1)
	go func() { slowly <- whole(slow, 50*time.Millisecond) }()
	most := make(chan int, 1)
	reading, read := context.WithCancel(t.Context())
	go func() { most <- p.mostQueued(reading) }()
	require.NoError(t, whole(quick, 0))
	require.NoError(t, <-slowly, "who reads slowly misses nothing")
	read()
	require.LessOrEqual(t, <-most, 3*(256<<10+5000), "what waits of three streams is bounded")
	require.Eventually(t, func() bool { return metric(t, p.live, "mpanel_live_closed_total", "slow") == 1 }, soon, 20*time.Millisecond)
	require.Eventually(t, func() bool { return metric(t, p.live, "mpanel_live_connections") == 2 }, soon, 20*time.Millisecond)
	require.Positive(t, metric(t, p.live, "mpanel_live_waits_total"), "sources have waited for readers")
}

// TestLive_QueriesThatNobodyReads: who asks for much and reads nothing is evicted before
// its answers take memory.
func TestLive_QueriesThatNobodyReads(t *testing.T) {
	t.Parallel()
	p := newLimitedPanel(t, live.Limits{WriteTimeout: time.Hour})
	conn := p.open(t, p.staff())
	tcp, ok := conn.NetConn().(*net.TCPConn)
	require.True(t, ok)
	require.NoError(t, tcp.SetReadBuffer(4096))
	large := operation(`{ __schema { types { name description fields { name description args { name description } type { name kind ofType { name kind ofType { name kind } } } } inputFields { name description } enumValues { name description } } } }`, nil)
	for i := range 50 {
		send(t, conn, frame{Type: "subscribe", ID: strconv.Itoa(i), Payload: large})
	}
	most := 0
	require.Eventually(t, func() bool {
		most = max(most, p.live.QueuedBytes())
		return metric(t, p.live, "mpanel_live_closed_total", "slow") == 1
	}, 4*soon, 5*time.Millisecond)
	require.Less(t, most, 8<<20, "of some 20 MB")
}

// mostQueued watches how many bytes wait at once, until ctx ends.
func (p *panel) mostQueued(ctx context.Context) (most int) {
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return most
		case <-look.C:
			most = max(most, p.live.QueuedBytes())
		}
	}
}

// A client that asks for more pongs than it reads is too slow.
func TestLive_PongsThatNobodyReads(t *testing.T) {
	t.Parallel()
	p := newLimitedPanel(t, live.Limits{WriteTimeout: time.Second})
	conn := p.open(t, "")
	ping := fmt.Sprintf(`{"type":"ping","payload":{"x":"%s"}}`, strings.Repeat("x", 60_000))
	for range 1000 {
		if conn.WriteMessage(websocket.TextMessage, []byte(ping)) != nil {
			break
		}
	}
	require.Eventually(t, func() bool { return metric(t, p.live, "mpanel_live_closed_total", "slow") == 1 }, soon, 20*time.Millisecond)
	require.Eventually(t, func() bool { return metric(t, p.live, "mpanel_live_connections") == 0 }, soon, 20*time.Millisecond)
}

// TestLive_MemoryOfAClient: what a client costs that is subscribed and waits, with
// its share of the test's own side of the line.
func TestLive_MemoryOfAClient(t *testing.T) {
	p := newLimitedPanel(t, live.Limits{PerUser: 2000})
	a := p.addTenant("a", zeroCustomer, p.addServer())
	p.running(a, 0, 0)
	used := func() (heap, stack uint64) {
		for range 4 { // each halves the stacks that are hardly used
			runtime.GC()
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc, m.StackInuse
	}
	const first, clients = 100, 1000
	conns := make([]net.Conn, 0, first+clients)
	defer func() {
		for _, c := range conns {
			_ = c.Close()
		}
	}()
	subscribe := func() {
		conn, r := p.rawForLong(t)
		conns = append(conns, conn)
		require.NoError(t, conn.SetDeadline(time.Time{}))
		_, err := io.WriteString(conn, masked(0x81, `{"type":"connection_init","payload":`+string(initPayload(a.token))+`}`)+
			masked(0x81, `{"type":"subscribe","id":"1","payload":{"query":"subscription { jobProgress(id: \"`+a.job.Opaque()+`\") { __typename } }"}}`))
		require.NoError(t, err)
		_, err = r.ReadString('}') // of the acknowledgement
		require.NoError(t, err)
	}
	for range first { // until the pool has its connections
		subscribe()
	}
	p.sql.During(func() {}) // its list keeps the statements
	heap, stack := used()
	for range clients {
		subscribe()
	}
	p.sql.During(func() {})
	require.Eventually(t, func() bool {
		return metric(t, p.live, "mpanel_live_events_total") == 2*(first+clients) && p.live.QueuedBytes() == 0
	}, soon, 20*time.Millisecond)
	heapNow, stackNow := used()
	heap, stack = (heapNow-heap)/clients, (stackNow-stack)/clients
	t.Logf("a subscribed client takes %d bytes of heap and %d of stacks", heap, stack)
	if !raceDetector { // which takes its own
		most := uint64(20 << 10)
		if stockExecutor() { // whose events are copied, one call deeper
			most = 24 << 10
		}
		require.Less(t, heap+stack, most)
	}
}

// TestLive_ServerSentEvents: the other wire has the same caps, the same revocation and
// the same drain, and goes on after the event that a browser saw last.
func TestLive_ServerSentEvents(t *testing.T) {
	t.Parallel()
	p := newLimitedPanel(t, live.Limits{PerUser: 2})
	a := p.addTenant("a", zeroCustomer, p.addServer())
	p.running(a, 3, 10)
	stream := func(last string) (status int, _ *bufio.Scanner) {
		query := `subscription($id: ID!, $after: StreamPosition) { jobProgress(id: $id, after: $after) { ... on JobEvent { position message } } }`
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.URL+"/graphql", bytes.NewReader(operation(query, vars{"id": a.job.Opaque()})))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Accept", "text/event-stream")
		req.Header.Set("Authorization", "Bearer "+a.token)
		if last != "" {
			req.Header.Set("Last-Event-ID", last)
		}
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		t.Cleanup(func() { _ = res.Body.Close() })
		if res.StatusCode == http.StatusOK {
			require.Equal(t, "text/event-stream", res.Header.Get("Content-Type"))
		}
		return res.StatusCode, bufio.NewScanner(res.Body)
	}
	next := func(s *bufio.Scanner) (id, data string) {
		for s.Scan() {
			switch name, value, _ := strings.Cut(s.Text(), ": "); {
			case name == "id":
				id = value
			case name == "data":
				data = value
			case s.Text() == "" && data != "":
				return id, data
			}
		}
		return "", ""
	}
	_, events := stream("")
	var ids []string
	for range 5 {
		id, data := next(events)
		require.Contains(t, data, `"position":"`+id+`"`)
		ids = append(ids, id)
	}
	_, rest := stream(ids[2])
	id, _ := next(rest)
	require.Equal(t, ids[3], id)
	third, _ := stream("")
	require.Equal(t, http.StatusTooManyRequests, third)
	require.Equal(t, 2, p.live.Revoke(live.Principal{User: a.user}))
	_, data := next(events)
	require.Empty(t, data, "it ends, without a complete")
	require.Eventually(t, func() bool {
		return metric(t, p.live, "mpanel_live_connections") == 0 && metric(t, p.live, "mpanel_live_streams") == 0
	}, soon, 10*time.Millisecond)
	again, _ := stream("")
	require.Equal(t, http.StatusOK, again)
	require.NoError(t, p.live.Shutdown(t.Context()))
	late, _ := stream("")
	require.Equal(t, http.StatusServiceUnavailable, late)
}

// TestLive_EventSource: a browser's own client of server-sent events sends GETs. It
// can follow, and change nothing.
func TestLive_EventSource(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	token := p.staff()
	get := func(query string) reply {
		return p.do(http.MethodGet, "/graphql?query="+url.QueryEscape(query), token, "", nil, "Accept", "text/event-stream")
	}
	r := get(`{ __typename }`)
	require.Equal(t, "text/event-stream", r.header.Get("Content-Type"))
	require.Contains(t, r.body, `"__typename":"Query"`)
	require.Equal(t, []string{"NOT_FOUND"}, get(`subscription { jobProgress(id: "x") { __typename } }`).codes())
	require.Equal(t, []string{"INVALID"}, get(`mutation { createCustomer(input: {name: "A", email: "a@example.com"}) { customer { id } } }`).codes())
	require.Zero(t, p.count("SELECT count(*) FROM customers"), "a link changes nothing")
}
