//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// How a line is.
const (
	whole  = "whole"  // what is sent arrives
	dead   = "dead"   // what was open is reset, and whoever comes is sent away
	silent = "silent" // everything is taken, and nothing arrives
)

// A line is what is between a browser and the panel, and can be cut; and a way beside
// it that cannot. Tests in the browser have it cut by POST to control, at /whole, /dead,
// /silent, and /half?of=text: silent once half of a frame of a WebSocket with that text
// has arrived, which the answer waits for.
type line struct {
	front, beside, control string // URLs

	target string // where the panel listens
	mu     sync.Mutex
	state  string
	half   []byte // the text of the frame that is cut in two
	cut    chan struct{}
	open   map[net.Conn]bool // conns of the front
}

func newLine(t *testing.T, target string) *line {
	t.Helper()
	l := &line{target: target, state: whole, open: map[net.Conn]bool{}}
	l.front, l.beside = l.listen(t, true), l.listen(t, false)
	mux := http.NewServeMux()
	for _, state := range []string{whole, dead, silent} {
		mux.HandleFunc("POST /"+state, func(http.ResponseWriter, *http.Request) { l.become(state) })
	}
	mux.HandleFunc("POST /half", func(_ http.ResponseWriter, r *http.Request) {
		cut := make(chan struct{})
		l.mu.Lock()
		l.half, l.cut = []byte(r.FormValue("of")), cut
		l.mu.Unlock()
		select {
		case <-cut:
		case <-r.Context().Done():
		}
	})
	control := httptest.NewServer(mux)
	t.Cleanup(control.Close)
	l.control = control.URL
	return l
}

func (l *line) listen(t *testing.T, front bool) string {
	t.Helper()
	var lc net.ListenConfig
	at, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = at.Close()
		l.become(dead)
	})
	go func() {
		for {
			c, err := at.Accept()
			if err != nil {
				return
			}
			go l.carry(c, front)
		}
	}()
	return "http://" + at.Addr().String()
}

// become changes the line. What was open before does not come back to life with it.
func (l *line) become(state string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state = state
	if state != silent {
		for c := range l.open {
			reset(c)
		}
		clear(l.open)
	}
}

func reset(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}

// carry is one connection.
func (l *line) carry(browser net.Conn, front bool) {
	defer reset(browser)
	if front {
		l.mu.Lock()
		if l.state == dead {
			l.mu.Unlock()
			return
		}
		l.open[browser] = true
		l.mu.Unlock()
	}
	var d net.Dialer
	panel, err := d.DialContext(context.Background(), "tcp", l.target)
	if err != nil { // it starts again
		return
	}
	defer reset(panel)
	if !front {
		go func() { _, _ = io.Copy(panel, browser); _ = panel.Close() }()
		_, _ = io.Copy(browser, panel)
		return
	}
	go func() {
		l.pass(panel, browser, nil)
		_ = panel.Close()
	}()
	l.pass(browser, panel, &frames{})
}

// pass hands on what comes while the line is whole; f follows what the panel sends.
func (l *line) pass(to, from net.Conn, f *frames) {
	chunk := make([]byte, 64<<10)
	for {
		n, err := from.Read(chunk)
		b := chunk[:n]
		l.mu.Lock()
		if l.state != whole {
			b = nil
		} else if f != nil {
			if end := f.follow(b, l.half); end > 0 {
				b, l.state, l.half = b[:end], silent, nil
				defer close(l.cut)
			}
		}
		l.mu.Unlock()
		_, writeErr := to.Write(b)
		if err != nil || writeErr != nil {
			return
		}
	}
}

// frames finds where frames of a WebSocket begin in what the panel sends.
type frames struct {
	begun, socket bool
	left          int    // bytes of a frame that are still to come
	head          []byte // the beginning of one's head
}

// follow gives where the middle of the first frame with a text is; 0 without one.
func (f *frames) follow(b, text []byte) int {
	had := len(f.head)
	b, f.head = append(f.head, b...), nil
	at := 0
	if !f.begun && len(b) > 0 {
		f.begun = true
		head := bytes.Index(b, []byte("\r\n\r\n"))
		if f.socket = bytes.HasPrefix(b, []byte("HTTP/1.1 101 ")) && head >= 0; f.socket {
			at = head + 4
		}
	}
	if !f.socket {
		return 0
	}
	for at += f.left; at < len(b); {
		head, size, ok := frameSize(b[at:])
		if !ok {
			f.head, f.left = bytes.Clone(b[at:]), 0
			return 0
		}
		end := at + head + size
		if text != nil && end <= len(b) && bytes.Contains(b[at+head:end], text) {
			return at + head + size/2 - had
		}
		at = end
	}
	f.left = at - len(b)
	return 0
}

// frameSize gives the bytes of a frame's head and of what it holds; what the panel sends has no mask.
func frameSize(b []byte) (head, size int, ok bool) {
	if len(b) < 2 {
		return 0, 0, false
	}
	switch size = int(b[1] & 0x7f); {
	case size < 126:
		return 2, size, true
	case size == 126 && len(b) >= 4:
		return 4, int(binary.BigEndian.Uint16(b[2:])), true
	case size == 127 && len(b) >= 10:
		return 10, int(binary.BigEndian.Uint64(b[2:])), true
	}
	return 0, 0, false
}

func TestLine_FindsTheMiddleOfAFrame(t *testing.T) {
	t.Parallel()
	hello := []byte("HTTP/1.1 101 Switching Protocols\r\n\r\n")
	small := append([]byte{0x81, 5}, "first"...)
	long := append([]byte{0x81, 126, 0, 200}, bytes.Repeat([]byte("x"), 200)...)
	f := &frames{}
	require.Zero(t, f.follow(append(bytes.Clone(hello), small...), []byte("xx")))
	require.Zero(t, f.follow(small[:4], []byte("xx")))
	require.Equal(t, 3, f.left)
	require.Equal(t, 3+7+4+100, f.follow(append(append(bytes.Clone(small[4:]), small...), long...), []byte("xx")))
	f = &frames{}
	require.Zero(t, f.follow(append(bytes.Clone(hello), long[:3]...), []byte("xx")))
	require.Equal(t, 1+100, f.follow(long[3:], []byte("xx")), "behind a head that came in two pieces")
	require.Zero(t, (&frames{}).follow([]byte("HTTP/1.1 200 OK\r\n\r\nxx"), []byte("xx")), "no socket")
}
