package transport_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/live"
	"github.com/mpanel/mpanel/internal/testkit"
)

// raw is a socket on which frames are written byte by byte.
func (p *panel) raw(t *testing.T) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, r := p.rawForLong(t)
	t.Cleanup(func() { _ = conn.Close() })
	return conn, r
}

// rawForLong is raw for who closes the connection.
func (p *panel) rawForLong(t *testing.T) (net.Conn, *bufio.Reader) {
	t.Helper()
	return p.rawFrom(t, 1)
}

// rawFrom is rawForLong from 127.0.0.n, each of which has ports of its own.
func (p *panel) rawFrom(t *testing.T, n byte) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, r, status, err := p.shake(t.Context(), n)
	require.NoError(t, err)
	require.Equal(t, http.StatusSwitchingProtocols, status)
	return conn, r
}

// shake gives what a handshake from 127.0.0.n is answered with.
func (p *panel) shake(ctx context.Context, n byte) (conn net.Conn, r *bufio.Reader, status int, err error) {
	host := strings.TrimPrefix(p.URL, "http://")
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, n)}}
	if conn, err = d.DialContext(ctx, "tcp", host); err != nil {
		return nil, nil, 0, err
	}
	_ = conn.SetDeadline(time.Now().Add(soon)) // what follows fails on a connection that is none
	if _, err = io.WriteString(conn, "GET /graphql HTTP/1.1\r\nHost: "+host+"\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"); err != nil {
		return conn, nil, 0, err
	}
	r = bufio.NewReader(conn)
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		return conn, nil, 0, err
	}
	return conn, r, res.StatusCode, res.Body.Close()
}

// masked is a frame with a mask of zeros, which changes nothing.
func masked(first byte, payload string) string {
	head := []byte{first, 0x80 | byte(min(len(payload), 126))}
	if len(payload) >= 126 {
		head = binary.BigEndian.AppendUint16(head, uint16(len(payload)))
	}
	return string(head) + "\x00\x00\x00\x00" + payload
}

// closeCode reads frames until one closes, and gives its code; 0 for an end
// without one.
func closeCode(t *testing.T, r *bufio.Reader) int {
	t.Helper()
	for {
		head := make([]byte, 2)
		if _, err := io.ReadFull(r, head); err != nil {
			require.NotErrorIs(t, err, os.ErrDeadlineExceeded, "the server holds a socket that is over")
			return 0
		}
		n := int(head[1])
		if n == 126 {
			size := make([]byte, 2)
			_, err := io.ReadFull(r, size)
			require.NoError(t, err)
			n = int(binary.BigEndian.Uint16(size))
		}
		payload := make([]byte, n)
		_, err := io.ReadFull(r, payload)
		require.NoError(t, err)
		if head[0] == 0x88 {
			if n == 0 {
				return 1005
			}
			return int(binary.BigEndian.Uint16(payload))
		}
	}
}

func TestFrames_ThatAreNone(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	ping := `{"type":"ping"}`
	for name, tc := range map[string]struct {
		frames string
		code   int
	}{
		"RSV1":                            {masked(0xC1, ping), 1002},
		"RSV2":                            {masked(0xA1, ping), 1002},
		"RSV3":                            {masked(0x91, ping), 1002},
		"an opcode that is not there":     {masked(0x83, ping), 1002},
		"a control opcode, too":           {masked(0x8B, ""), 1002},
		"a fragmented ping":               {masked(0x09, ""), 1002},
		"a ping of 126 bytes":             {masked(0x89, strings.Repeat("x", 126)), 1002},
		"a frame without a mask":          {"\x81\x0f" + ping, 1002},
		"a continuation of nothing":       {masked(0x80, ping), 1002},
		"a text within a text":            {masked(0x01, `{"ty`) + masked(0x81, ping), 1002},
		"a close of one byte":             {masked(0x88, "x"), 1005}, // taken for one without a code
		"a close with a code of nobody's": {masked(0x88, "\x03\xed"), 1002},
		"a close that is not UTF-8":       {masked(0x88, "\x03\xe8\xff"), 1002},
		"text that is not UTF-8":          {masked(0x81, "{\"type\":\"ping\",\"x\":\"\xff\"}"), 1007},
		"binary":                          {masked(0x82, ping), 4400},
		"a length of 2^63":                {"\x81\xff\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 0}, // cut, without a word
		"a length of a gigabyte":          {"\x81\xff\x00\x00\x00\x00\x40\x00\x00\x00\x00\x00\x00\x00", 1009},
		"fragments that are too much":     {masked(0x01, strings.Repeat(" ", 60_000)) + masked(0x80, strings.Repeat(" ", 10_000)), 1009},
		"nothing, in a thousand pieces":   {masked(0x01, "") + strings.Repeat(masked(0x00, ""), 1000) + masked(0x80, ""), 4400},
	} {
		conn, r := p.raw(t)
		_, err := io.WriteString(conn, tc.frames)
		require.NoError(t, err, name)
		require.Equal(t, tc.code, closeCode(t, r), name)
		require.Zero(t, closeCode(t, r), "%s: nothing comes after it", name)
	}
	conn, r := p.raw(t)
	_, err := io.WriteString(conn, masked(0x01, `{"type"`)+masked(0x89, "between")+masked(0x00, `:"pi`)+masked(0x80, `ng"}`))
	require.NoError(t, err)
	for _, want := range []string{"\x8a\x07between", "\x81\x0f" + `{"type":"pong"}`} {
		got := make([]byte, len(want))
		_, err = io.ReadFull(r, got)
		require.NoError(t, err)
		require.Equal(t, want, string(got), "control frames may come between the pieces of a message")
	}
	require.NotContains(t, p.log.String(), "panic")
}

// TestFrames_AnyBytes: whatever is written, the server says what is wrong or reads on to the
// end, nothing is left of the sockets, and others are served.
func TestFrames_AnyBytes(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	r, _ := testkit.Seeded(t)
	for range 300 {
		conn, answers := p.raw(t)
		junk := make([]byte, 7+r.IntN(300))
		for i := range junk {
			junk[i] = byte(r.Uint32())
		}
		codes := []int{0, 1002, 1007, 1009, 4400}
		switch r.IntN(3) {
		case 0:
			if junk = junk[6:]; junk[0]&0x0f == 8 { // a close may be a good one, which is answered with its own code
				junk[0]++
			}
		case 1: // with a good beginning
			junk[0], junk[1] = 0x81, 0x80|byte(r.IntN(127))
		case 2: // a whole message
			junk = junk[:min(len(junk), 6+125)]
			junk[0], junk[1] = 0x81, 0x80|byte(len(junk)-6)
			codes = []int{1007, 4400}
		}
		_, _ = conn.Write(junk) // the server may have closed it in the middle
		if tcp, ok := conn.(*net.TCPConn); ok && len(codes) > 2 {
			_ = tcp.CloseWrite() // or it would wait for more
		}
		require.Contains(t, codes, closeCode(t, answers), "%x", junk)
		require.NoError(t, conn.Close())
	}
	require.Eventually(t, func() bool { return metric(t, p.live, "mpanel_live_connections") == 0 }, soon, 10*time.Millisecond)
	conn := p.open(t, "")
	send(t, conn, frame{Type: "subscribe", ID: "1", Payload: operation("{ __typename }", nil)})
	require.Equal(t, "next", receive(t, conn).Type)
	require.NotContains(t, p.log.String(), "panic")
}

// TestFrames_RudeConnects: after 10,000 clients that came and went in every bad way, there are
// as many goroutines and open files as before.
func TestFrames_RudeConnects(t *testing.T) {
	p := newLimitedPanel(t, live.Limits{PerAddress: 100_000, PerUser: 100_000})
	a := p.addTenant("rude", zeroCustomer, p.addServer())
	p.exec("UPDATE jobs SET state = 'RUNNING' WHERE id = ?", a.job)
	subscribe := `{"type":"subscribe","id":"1","payload":{"query":"subscription { jobProgress(id: \"` + a.job.Opaque() + `\") { __typename } }"}}`
	hello := `{"type":"connection_init","payload":{"Authorization":"Bearer ` + a.token + `"}}`
	rude := func() {
		conn, _ := p.raw(t)
		_, _ = io.WriteString(conn, masked(0x81, hello)+masked(0x81, subscribe))
		_ = conn.Close()
	}
	rude()
	goroutines, files := settled(t, p, 0, 0)
	const rudeOnes = 10_000
	began := time.Now()
	for i := range rudeOnes {
		conn, r := p.rawFrom(t, byte(1+i%8))
		switch i % 5 {
		case 0: // nothing at all
		case 1:
			_, _ = io.WriteString(conn, masked(0x81, hello))
		case 2:
			_, _ = io.WriteString(conn, masked(0x81, hello)+masked(0x81, subscribe)+"\x81")
		case 3:
			_, _ = io.WriteString(conn, masked(0x81, hello)+masked(0x81, subscribe))
			_, _ = r.ReadByte()
		case 4:
			_, _ = io.WriteString(conn, masked(0x81, hello)+masked(0x81, subscribe)+masked(0x88, ""))
		}
		if tcp, ok := conn.(*net.TCPConn); ok && i%2 == 0 {
			_ = tcp.SetLinger(0) // a reset instead of an end
		}
		_ = conn.Close()
	}
	took := time.Since(began)
	g, f := settled(t, p, goroutines, files)
	testkit.Reportf(t, "%d rude clients in %v: goroutines %d before and %d after, open files %d and %d", rudeOnes, took.Round(10*time.Millisecond), goroutines, g, files, f)
}

// ofPools is how many connections to PostgreSQL may have come meanwhile; clients that
// were forgotten are hundreds.
const ofPools = 40

// settled waits until no connection is left, and no more goroutines and open files
// than there were; 0 takes any number.
func settled(t *testing.T, p *panel, goroutines, files int) (int, int) {
	t.Helper()
	var g, f int
	require.Eventually(t, func() bool {
		http.DefaultClient.CloseIdleConnections()
		runtime.GC()
		list, err := os.ReadDir("/proc/self/fd")
		require.NoError(t, err)
		g, f = runtime.NumGoroutine(), len(list)
		open := metric(t, p.live, "mpanel_live_connections") + metric(t, p.live, "mpanel_live_streams") + metric(t, p.live, "mpanel_live_queue_bytes")
		return open == 0 && (goroutines == 0 || g <= goroutines+ofPools) && (files == 0 || f <= files+ofPools)
	}, 6*soon, 50*time.Millisecond, "%d goroutines, %d files", g, f)
	return g, f
}
