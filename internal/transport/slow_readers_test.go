package transport_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/live"
)

// A tap is a stream as it comes over TCP, whose client reads as it likes.
type tap struct {
	conn *net.TCPConn
	body *bufio.Reader // without what HTTP writes around it
}

// opens are the transports with streams: each follows a job.
var opens = map[string]func(p *panel, t *testing.T, s tenant) tap{
	"WebSocket": func(p *panel, t *testing.T, s tenant) tap {
		conn, r := p.raw(t)
		tcp, ok := conn.(*net.TCPConn)
		require.True(t, ok)
		_, err := io.WriteString(conn, masked(0x81, `{"type":"connection_init","payload":`+string(initPayload(s.token))+`}`)+
			masked(0x81, `{"type":"subscribe","id":"1","payload":`+string(operation(followed, vars{"id": s.job.Opaque()}))+`}`))
		require.NoError(t, err)
		return tap{tcp, r}
	},
	"SSE": func(p *panel, t *testing.T, s tenant) tap {
		return p.tap(t, http.MethodPost, "/graphql", s.token, acceptEvents, string(operation(followed, vars{"id": s.job.Opaque()})))
	},
	"multipart": func(p *panel, t *testing.T, s tenant) tap {
		return p.tap(t, http.MethodPost, "/graphql", s.token, acceptParts, string(operation(followed, vars{"id": s.job.Opaque()})))
	},
	"single connection": func(p *panel, t *testing.T, s tenant) tap {
		token := p.do(http.MethodPut, "/graphql", s.token, "", nil).body
		c := p.tap(t, http.MethodGet, "/graphql?token="+url.QueryEscape(token), s.token, acceptEvents, "")
		require.Equal(t, http.StatusAccepted, p.onSingle(t, s.token, token, "1", followed, vars{"id": s.job.Opaque()}).status)
		return c
	},
}

// tap sends a request and reads the head of its answer.
func (p *panel) tap(t *testing.T, method, target, token, accepts, body string) tap {
	t.Helper()
	at, err := url.Parse(p.URL)
	require.NoError(t, err)
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", at.Host)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	tcp, ok := conn.(*net.TCPConn)
	require.True(t, ok)
	_, err = fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nAccept: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		method, target, at.Host, token, accepts, len(body), body)
	require.NoError(t, err)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil) //nolint:bodyclose // it is the connection's
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, res.StatusCode)
	return tap{tcp, bufio.NewReader(res.Body)}
}

// narrow has the system keep little for who does not read.
func (c tap) narrow(t *testing.T) tap {
	t.Helper()
	require.NoError(t, c.conn.SetReadBuffer(4096))
	return c
}

// message is the next event's, whatever is around it.
func (c tap) message() (string, error) {
	for {
		name, err := c.body.ReadString('"')
		if err != nil {
			return "", err
		}
		if name != `message"` {
			continue
		}
		if _, err := c.body.ReadString('"'); err != nil {
			return "", err
		}
		text, err := c.body.ReadString('"')
		return strings.TrimSuffix(text, `"`), err
	}
}

// Slow readers on every transport at once: who never reads, and who reads a byte now and
// then, is evicted as slow, and once; who reads misses nothing of the same stream, and
// goes on; and nothing is left of those who went.
func TestWires_SlowReaders(t *testing.T) {
	if raceDetector {
		t.Skip("who reads is too slow with it, too; scripts/test runs it without")
	}
	const events, bytesOfEach = 400, 20_000 // more than what systems keep for who does not read
	type place struct {
		*panel
		over    string
		a       tenant
		healthy tap
		whole   chan error
		most    chan int
	}
	var places []*place
	for over, open := range opens {
		p := newLimitedPanel(t, live.Limits{WriteTimeout: 4 * time.Second, PingEvery: time.Hour})
		a := p.addTenant("a", zeroCustomer, p.addServer())
		p.running(a, events, bytesOfEach)
		warm := open(p, t, a) // the pool has its connections then
		_, err := warm.message()
		require.NoError(t, err)
		require.NoError(t, warm.conn.Close())
		places = append(places, &place{panel: p, over: over, a: a, whole: make(chan error, 1), most: make(chan int, 1)})
	}
	goroutines := func() int {
		for _, at := range places {
			at.Client().CloseIdleConnections()
		}
		return runtime.NumGoroutine()
	}
	var before int
	require.Eventually(t, func() bool { // those of the first clients are gone
		last := before
		for _, at := range places {
			if metric(t, at.live, "mpanel_live_connections") > 0 {
				return false
			}
		}
		before = goroutines()
		return before == last
	}, 4*soon, 100*time.Millisecond)

	reading, read := context.WithCancel(t.Context())
	var slowly sync.WaitGroup
	defer slowly.Wait()
	defer read()
	for _, at := range places {
		p := at.panel
		opens[at.over](p, t, at.a).narrow(t) // and never reads
		byByte := opens[at.over](p, t, at.a).narrow(t)
		at.healthy = opens[at.over](p, t, at.a)
		require.NoError(t, at.healthy.conn.SetDeadline(time.Time{}))
		slowly.Go(func() { byByte.slowly(reading) })
		go func() { at.most <- p.mostQueued(reading) }()
		go func() { at.whole <- at.healthy.whole(events) }()
	}
	slow := func(at *place) int { return metric(t, at.live, "mpanel_live_closed_total", live.Slow.Name) }
	for _, at := range places {
		require.NoError(t, <-at.whole, "%s: who reads misses nothing", at.over)
		require.Eventually(t, func() bool { return slow(at) == 2 }, 4*soon, 20*time.Millisecond, "%s: who does not read is evicted", at.over)
		require.Eventually(t, func() bool {
			return metric(t, at.live, "mpanel_live_connections") == 1 && metric(t, at.live, "mpanel_live_operations") == 1
		}, 4*soon, 20*time.Millisecond, "%s: and does not hold a connection", at.over)
		require.NoError(t, at.happen(at.a.job, "after all"))
		text, err := at.healthy.message()
		require.NoError(t, err, at.over)
		require.Equal(t, "after all", text, at.over)
		require.Equal(t, 2, slow(at), "%s: nobody else was", at.over)
		require.NoError(t, at.healthy.conn.Close())
	}
	read()
	for _, at := range places {
		require.LessOrEqual(t, <-at.most, 3*(256<<10+64<<10), "%s: what waits is bounded", at.over)
		require.Eventually(t, func() bool { return metric(t, at.live, "mpanel_live_connections") == 0 }, 4*soon, 20*time.Millisecond, at.over)
		require.Zero(t, metric(t, at.live, "mpanel_live_streams"), at.over)
		require.Zero(t, at.live.QueuedBytes(), at.over)
	}
	slowly.Wait()
	if !assert.Eventually(t, func() bool { return goroutines() <= before+2 }, 4*soon, 20*time.Millisecond, "goroutines are left of 12 clients") { // 2 look
		require.NoError(t, pprof.Lookup("goroutine").WriteTo(os.Stderr, 1))
	}
}

// whole reads all events that running makes.
func (c tap) whole(events int) error {
	for i := range events + 2 {
		text, err := c.message()
		if err != nil {
			return fmt.Errorf("event %d: %w", i, err)
		}
		if got := strings.TrimLeft(text, "x"); i >= 2 && got != strconv.Itoa(i-2) {
			return fmt.Errorf("event %d is %.50q", i-2, got)
		}
	}
	return nil
}

// slowly reads a byte now and then until the stream is over or ctx is.
func (c tap) slowly(ctx context.Context) {
	defer context.AfterFunc(ctx, func() { _ = c.conn.SetReadDeadline(time.Now()) })()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if _, err := c.conn.Read(make([]byte, 1)); err != nil {
				return
			}
		}
	}
}

// Who hangs up while a write to them does not get on, or closes the socket as the protocol has
// it, does not hold the server, however long a write may take.
func TestWires_HangUpDuringAWrite(t *testing.T) {
	t.Parallel()
	p := newLimitedPanel(t, live.Limits{WriteTimeout: time.Hour, PingEvery: time.Hour})
	a := p.addTenant("a", zeroCustomer, p.addServer())
	p.running(a, 400, 20_000)
	hangUp := func(c tap) error { return c.conn.CloseWrite() } // what is sent is not refused, but not read
	for _, one := range []struct {
		over string
		stop func(tap) error
	}{
		{"WebSocket", hangUp}, {"SSE", hangUp}, {"multipart", hangUp}, {"single connection", hangUp},
		{"WebSocket", func(c tap) error { _, err := io.WriteString(c.conn, masked(0x88, "\x03\xe8")); return err }},
	} {
		over := one.over
		c := opens[over](p, t, a).narrow(t)
		same, last := 0, 0
		require.Eventually(t, func() bool { // the write stands still, with more behind it
			written := metric(t, p.live, "mpanel_live_delivery_seconds")
			if same++; written != last || p.live.QueuedBytes() == 0 {
				same, last = 0, written
			}
			return same == 10
		}, 4*soon, 20*time.Millisecond, over)
		require.NoError(t, one.stop(c), over)
		require.Eventually(t, func() bool {
			return metric(t, p.live, "mpanel_live_connections") == 0 && metric(t, p.live, "mpanel_live_operations") == 0
		}, 4*soon, 20*time.Millisecond, over)
	}
	require.Zero(t, metric(t, p.live, "mpanel_live_closed_total", live.Slow.Name))
}
