package transport_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/budget"
	"github.com/mpanel/mpanel/internal/live"
	"github.com/mpanel/mpanel/internal/transport"
)

const everything = `{ at cpuPercent corePercents load1 load5 load15 memoryUsedBytes memoryTotalBytes swapUsedBytes swapTotalBytes uptimeSeconds processes
	disks { mount usedBytes totalBytes readBytesPerSecond writeBytesPerSecond stale }
	networks { name receivedBytesPerSecond sentBytesPerSecond errorsPerSecond } }`

func TestServers_TheHost(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	host, staff := p.host(), p.staff()
	d := p.must(staff, `query($id: ID!) { server(id: $id) { id name osName cpuCount memoryBytes latestMetrics `+everything+` } servers { totalCount nodes { id latestMetrics { at } } } node(id: $id) { ... on Server { name } } }`, vars{"id": host.Opaque()})
	require.Equal(t, "test", at(d, "server", "name"))
	require.Equal(t, "test", at(d, "node", "name"))
	require.Equal(t, host.Opaque(), at(d, "servers", "nodes", 0, "id"))
	cores, ok := at(d, "server", "cpuCount").(float64)
	require.True(t, ok)
	require.Len(t, at(d, "server", "latestMetrics", "corePercents"), int(cores))
	require.Equal(t, at(d, "server", "memoryBytes"), at(d, "server", "latestMetrics", "memoryTotalBytes"))
	require.NotEmpty(t, at(d, "server", "latestMetrics", "disks"))
	require.Equal(t, at(d, "server", "latestMetrics", "at"), at(d, "servers", "nodes", 0, "latestMetrics", "at"), "measured once for both")

	p.exec("INSERT INTO servers (id, node, name) VALUES (gen_random_uuid(), 'other', 'other')")
	d = p.must(staff, `{ servers { totalCount nodes { name osName cpuCount latestMetrics { at } } } }`, nil)
	require.Equal(t, map[string]any{"name": "other", "osName": nil, "cpuCount": nil, "latestMetrics": nil}, at(d, "servers", "nodes", 1), "it is measured elsewhere")
	require.Equal(t, host, p.host(), "registered again, it is the same one")

	p.exec(`INSERT INTO server_minutes (server_id, at, metrics)
		SELECT id, date_trunc('minute', now()) - n * interval '1 minute', jsonb_build_object('cpuPercent', n, 'disks', '[]'::jsonb, 'networks', '[{"name": "eth0", "sentBytesPerSecond": 5}]'::jsonb)
		FROM servers, generate_series(1, 10) AS n WHERE node = 'test'`)
	const history = `query($from: DateTime!, $to: DateTime!, $n: Int) { servers { nodes { name metrics(from: $from, to: $to, maxPoints: $n) { cpuPercent networks { name sentBytesPerSecond } } } } }`
	now := time.Now().UTC()
	of := vars{"from": now.Add(-time.Hour).Format(time.RFC3339), "to": now.Format(time.RFC3339), "n": 1}
	d = p.must(staff, history, of)
	require.Equal(t, []any{
		map[string]any{"name": "test", "metrics": []any{map[string]any{"cpuPercent": 5.5, "networks": []any{map[string]any{"name": "eth0", "sentBytesPerSecond": 5.0}}}}},
		map[string]any{"name": "other", "metrics": []any{}},
	}, at(d, "servers", "nodes"))
	of["n"] = 0
	require.Equal(t, []string{"INVALID", "INVALID"}, p.post(staff, history, of).codes())

	without := p.as(&actor.Actor{Provider: without(actor.ServersRead)})
	require.Equal(t, []string{"FORBIDDEN"}, p.post(without, `{ servers { totalCount } }`, nil).codes())
	require.Equal(t, []string{"UNAUTHENTICATED"}, p.post("", `{ servers { totalCount } }`, nil).codes())
	for _, n := range []int{0, 61, -1} {
		r := p.post(staff, `subscription($id: ID!, $n: Int) { serverMetrics(serverId: $id, intervalSeconds: $n) { at } }`, vars{"id": host.Opaque(), "n": n})
		require.Equal(t, []string{"INVALID"}, r.codes(), "%d", n)
		require.Equal(t, "intervalSeconds", r.Errors[0].Extensions["field"])
	}
}

// All who watch a host with the same selection cost one execution for each event, and
// one measurement a second, whatever they select.
func TestServerMetrics_OneExecutionForAll(t *testing.T) {
	t.Parallel()
	const viewers = 20
	p := newLimitedPanel(t, live.Limits{})
	host := p.host()
	query := func(selection string) json.RawMessage {
		return operation(`subscription($id: ID!) { serverMetrics(serverId: $id) `+selection+` }`, vars{"id": host.Opaque()})
	}
	first := p.open(t, p.staff())
	send(t, first, frame{Type: "subscribe", ID: "all", Payload: query(everything)})
	var last time.Time
	next := func(f frame) time.Time {
		t.Helper()
		require.Equal(t, "next", f.Type, "%s", f.Payload)
		var got struct {
			Data struct {
				ServerMetrics struct{ At time.Time }
			}
		}
		require.NoError(t, json.Unmarshal(f.Payload, &got))
		require.False(t, got.Data.ServerMetrics.At.IsZero(), "%s", f.Payload)
		return got.Data.ServerMetrics.At
	}
	next(receive(t, first)) // of an execution of its own
	for range 3 {
		at := next(receive(t, first))
		require.Greater(t, at.Sub(last), 100*time.Millisecond, "each of a measurement of its own, a second from one to the next")
		last = at
	}

	conns := 0
	for range viewers { // of users of their own, who may do the same
		conn := p.open(t, p.staff())
		send(t, conn, frame{Type: "subscribe", ID: "1", Payload: query("{ at cpuPercent }")})
		next(receive(t, conn))
		conns++
		defer func() {
			send(t, conn, frame{Type: "complete", ID: "1"})
		}()
	}
	require.Equal(t, viewers, conns)
	before := metric(t, p.live, "mpanel_live_executions_total")
	eventsBefore := metric(t, p.live, "mpanel_live_events_total")
	began := time.Now()
	require.Eventually(t, func() bool { return metric(t, p.live, "mpanel_live_events_total") >= eventsBefore+3*(viewers+1) }, soon, 20*time.Millisecond)
	took := time.Since(began).Seconds()
	executions := metric(t, p.live, "mpanel_live_executions_total") - before
	require.LessOrEqual(t, float64(executions), 2*(took+2), "two selections, once a second: %v", executions)
	require.InDelta(t, viewers+1, metric(t, p.live, "mpanel_live_streams"), 0)
}

// All who watch a host in the same rhythm have one stream, whatever they select; it is
// there as long as one of them is, whoever began.
func TestServerMetrics_OneStreamForAllSelections(t *testing.T) {
	t.Parallel()
	p := newLimitedPanel(t, live.Limits{})
	host := p.host()
	selections := []string{"{ at }", "{ at cpuPercent }", "{ __typename at }"}
	watch := func(selection, interval string) *websocket.Conn {
		conn := p.open(t, p.staff())
		send(t, conn, frame{Type: "subscribe", ID: "1", Payload: operation(`subscription($id: ID!) { m: serverMetrics(serverId: $id`+interval+`) `+selection+` }`, vars{"id": host.Opaque()})})
		return conn
	}
	tells := func(conn *websocket.Conn, has string) {
		t.Helper()
		for range 3 { // the first is of an execution of its own
			f := receive(t, conn)
			require.Equal(t, "next", f.Type, "%s", f.Payload)
			require.Contains(t, string(f.Payload), has)
		}
	}
	gauges := func(groups, sources int) {
		t.Helper()
		if stockExecutor() { // which has a stream for each selection
			sources = 0
		}
		require.Eventually(t, func() bool {
			return metric(t, p.live, "mpanel_live_groups") == groups && metric(t, p.live, "mpanel_live_sources") == sources
		}, soon, 10*time.Millisecond)
	}
	var conns []*websocket.Conn
	for _, selection := range selections {
		conns = append(conns, watch(selection, ""))
		gauges(len(conns), 1)
	}
	slow := watch("{ at }", ", intervalSeconds: 60")
	gauges(4, 2)
	for i, has := range []string{`{"m":{"at":"`, `"cpuPercent":`, `{"m":{"__typename":"ServerMetrics","at":"`} {
		tells(conns[i], has)
	}
	send(t, conns[0], frame{Type: "complete", ID: "1"}) // who began
	gauges(3, 2)
	tells(conns[1], `"cpuPercent":`)
	conns = append(conns, watch("{ at uptimeSeconds }", ""))
	tells(conns[3], `"uptimeSeconds":`)
	gauges(4, 2)
	for _, conn := range append(conns[1:], slow) {
		send(t, conn, frame{Type: "complete", ID: "1"})
	}
	gauges(0, 0)
}

// Whoever joins pays for asking; the execution that serves all is nobody's.
func TestServerMetrics_TheGroupPaysNothing(t *testing.T) {
	t.Parallel()
	p := newPanelWith(t, transport.Config{Budget: budget.New(1_000_000), AnonymousBudget: budget.New(3)})
	host, token := p.host(), p.staff()
	left := func() float64 {
		remaining, ok := at(p.must(token, `{ rateLimit { remaining } }`, nil), "rateLimit", "remaining").(float64)
		require.True(t, ok)
		return remaining
	}
	before := left()
	conn := p.open(t, token)
	send(t, conn, frame{Type: "subscribe", ID: "1", Payload: operation(`subscription($id: ID!) { serverMetrics(serverId: $id) `+everything+` }`, vars{"id": host.Opaque()})})
	for range 3 { // the first is of an execution of its own
		require.Equal(t, "next", receive(t, conn).Type)
	}
	require.Equal(t, 1, metric(t, p.live, "mpanel_live_groups"))
	require.InDelta(t, before, left(), 60, "what the subscription costs, and two questions; some of it has come back")
}
