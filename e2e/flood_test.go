//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/testkit"
)

// rss is what the process has in memory now, in bytes.
func (s *server) rss(t *testing.T) int64 {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", s.cmd.Process.Pid))
	require.NoError(t, err)
	pages, err := strconv.ParseInt(strings.Fields(string(b))[1], 10, 64)
	require.NoError(t, err)
	return pages * int64(os.Getpagesize())
}

// hostile are documents that are refused, and some that are taken.
func hostile() []string {
	many := func(n int, text string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(strings.ReplaceAll(text, "%d", strconv.Itoa(i)))
		}
		return b.String()
	}
	return []string{
		"{ " + many(10_000, "__typename ") + "}",
		"{ " + many(500, "a%d: __typename ") + "}",
		"{ __typename " + many(500, "@x%d ") + "}",
		"{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
		"{ " + many(49, "...F%d ") + "}" + many(49, " fragment F%d on Query { __typename }"),
		strings.Repeat("{ customers { nodes ", 40),
		strings.Repeat("{", 30_000),
		`{ nodes(ids: [` + many(5000, `"x" `) + `]) { id } }`,
		`{ __schema { types { name fields { name type { name fields { name } } } } } }`,
		"\x00\x01\x02", `"` + strings.Repeat(`\u0041`, 5000), `{ __typename(x: "` + strings.Repeat("y", 60_000) + `") }`,
	}
}

// TestFlood_HealthyClientsGoOn has every kind of rude client at once: connections that
// say nothing, headers, bodies and readers that come by the byte, frames of 1 MiB,
// documents made to be expensive. Who behaves is served, and memory does not grow.
func TestFlood_HealthyClientsGoOn(t *testing.T) {
	idle, workers, length := 500, 3, 10*time.Second
	if os.Getenv("SCALE") == "full" {
		idle, workers, length = 10_000, 32, 2*time.Minute
	}
	s, admin := fresh(t, launch{env: []string{"MPANEL_COST_BUDGET=0"}})
	address, err := url.Parse(s.url)
	require.NoError(t, err)
	ctx, stop := context.WithTimeout(t.Context(), length)
	defer stop()
	ask := func() (time.Duration, error) {
		began := time.Now()
		a, err := admin.send(t.Context(), nil, `{ viewer { user { email } } customers(first: 5) { totalCount } }`, nil)
		if err == nil && (a.code() != "" || a.Status != 200) {
			err = fmt.Errorf("%d %s", a.Status, a.Body)
		}
		return time.Since(began), err
	}
	for range 50 { // warm
		_, err := ask()
		require.NoError(t, err)
	}
	before := s.rss(t)

	var wg sync.WaitGroup
	var conns sync.Map
	dial := func() (net.Conn, error) {
		c, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "tcp", address.Host)
		if err == nil {
			conns.Store(c, nil)
		}
		return c, err
	}
	defer conns.Range(func(c, _ any) bool { _ = c.(net.Conn).Close(); return true })
	for range idle { // and never say anything
		_, err := dial()
		require.NoError(t, err)
	}
	again := func(do func(c net.Conn)) { // until it is over
		for range workers {
			wg.Go(func() {
				for ctx.Err() == nil {
					c, err := dial()
					if err != nil {
						continue
					}
					end := context.AfterFunc(ctx, func() { _ = c.Close() })
					do(c)
					end()
					_ = c.Close()
					conns.Delete(c)
				}
			})
		}
	}
	slowly := func(c net.Conn, text string) {
		for i := 0; i < len(text) && ctx.Err() == nil; i++ {
			if _, err := io.WriteString(c, text[i:i+1]); err != nil {
				return
			}
			select {
			case <-time.After(50 * time.Millisecond):
			case <-ctx.Done():
			}
		}
	}
	const head = "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
	var slow, large atomic.Int64 // whom the server has ended
	again(func(c net.Conn) {
		slowly(c, "POST /graphql HTTP/1.1\r\n"+strings.Repeat("X-A: b\r\n", 1000)) // which takes minutes
		if ctx.Err() == nil {
			slow.Add(1)
		}
	})
	again(func(c net.Conn) {
		_, _ = io.WriteString(c, head+"Content-Length: 60000\r\n\r\n")
		slowly(c, strings.Repeat("x", 60_000))
	})
	again(func(c net.Conn) { // asks for much, and reads it by the byte
		body := `{"query":"{ __schema { types { name description fields { name description } } } }"}`
		_, _ = fmt.Fprintf(c, "%sContent-Length: %d\r\n\r\n%s", head, len(body), body)
		for b := make([]byte, 1); ctx.Err() == nil; {
			if _, err := c.Read(b); err != nil {
				return
			}
			select {
			case <-time.After(50 * time.Millisecond):
			case <-ctx.Done():
			}
		}
	})
	again(func(c net.Conn) { // frames of 1 MiB
		_, _ = io.WriteString(c, "GET /graphql HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\nSec-WebSocket-Version: 13\r\n\r\n")
		_, _ = c.Write(append([]byte{0x81, 0xff, 0, 0, 0, 0, 0, 0x10, 0, 0, 1, 2, 3, 4}, make([]byte, 1<<20)...))
		_, _ = io.Copy(io.Discard, c)
		if ctx.Err() == nil {
			large.Add(1)
		}
	})
	var refused atomic.Int64
	for _, document := range hostile() {
		wg.Go(func() {
			for ctx.Err() == nil {
				a, err := s.client("").send(ctx, nil, document, nil)
				if err == nil && len(a.Errors) > 0 {
					refused.Add(1)
				}
				select {
				case <-time.After(20 * time.Millisecond):
				case <-ctx.Done():
				}
			}
		})
	}
	var times []time.Duration
	most := int64(0)
	for ctx.Err() == nil {
		took, err := ask()
		require.NoError(t, err, "who behaves is served")
		times = append(times, took)
		most = max(most, s.rss(t))
		<-time.After(10 * time.Millisecond)
	}
	wg.Wait()
	slices.Sort(times)
	require.Greater(t, len(times), 20)
	require.Positive(t, refused.Load())
	require.Positive(t, slow.Load(), "who sends a header by the byte is cut")
	require.Positive(t, large.Load(), "who sends a frame of 1 MiB is cut")
	require.Less(t, most-before, int64(50<<20), "memory at the most, beside what it was: %d MB", before>>20)
	_, err = ask()
	require.NoError(t, err, "afterwards, too")
	testkit.Reportf(t, "R17: %d idle connections, %d of each rude kind: %d answers to who behaves, p50 %v, p99 %v; %d documents refused; memory grew by %d MB",
		idle, workers, len(times), times[len(times)/2].Round(time.Millisecond), times[len(times)*99/100].Round(time.Millisecond), refused.Load(), (most-before)>>20)
}
