package tcp_test

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/nettest"

	"github.com/mpanel/mpanel/internal/tcp"
)

// pair is a connection of the package and its other end.
func pair(t testing.TB) (ours *tcp.Conn, other net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	other, err = net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	c, err := tcp.Listener(l).Accept()
	require.NoError(t, err)
	ours, ok := c.(*tcp.Conn)
	require.True(t, ok)
	t.Cleanup(func() { _, _ = ours.Close(), other.Close() })
	return ours, other
}

// TestConn_AsNetDoes has the connection do all that the Go project asks of a net.Conn: most
// of it of the first end, and the rest of the other.
func TestConn_AsNetDoes(t *testing.T) {
	t.Parallel()
	ends := func() (ours, other net.Conn, stop func(), err error) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, nil, nil, err
		}
		defer func() { _ = l.Close() }()
		if other, err = net.Dial("tcp", l.Addr().String()); err != nil {
			return nil, nil, nil, err
		}
		ours, err = tcp.Listener(l).Accept()
		return ours, other, func() { _, _ = ours.Close(), other.Close() }, err
	}
	t.Run("first", func(t *testing.T) { t.Parallel(); nettest.TestConn(t, ends) })
	t.Run("other", func(t *testing.T) {
		t.Parallel()
		nettest.TestConn(t, func() (net.Conn, net.Conn, func(), error) {
			ours, other, stop, err := ends()
			return other, ours, stop, err
		})
	})
}

// TestConn_Passes has deadlines pass: one from the beginning, one that comes sooner than who
// waits was told, and one that was left for later and is taken back.
func TestConn_Passes(t *testing.T) {
	t.Parallel()
	for op, of := range map[string]struct {
		do  func(*tcp.Conn) error
		set func(*tcp.Conn, time.Time) error
	}{
		"read":  {func(c *tcp.Conn) error { _, err := c.Read(make([]byte, 1)); return err }, (*tcp.Conn).SetReadDeadline},
		"write": {func(c *tcp.Conn) error { _, err := c.Write(make([]byte, 64<<20)); return err }, (*tcp.Conn).SetWriteDeadline},
	} {
		for name, at := range map[string][]time.Duration{"one": {5 * time.Millisecond}, "sooner": {time.Hour, 5 * time.Millisecond}, "later and back": {5 * time.Millisecond, time.Hour, 8 * time.Millisecond}} {
			t.Run(op+"/"+name, func(t *testing.T) {
				t.Parallel()
				c, _ := pair(t) // whose other end neither writes nor reads
				require.NoError(t, of.set(c, time.Now().Add(at[0])))
				failed := make(chan error, 1)
				go func() { failed <- of.do(c) }()
				for _, next := range at[1:] {
					require.NoError(t, of.set(c, time.Now().Add(next)))
				}
				err := <-failed
				require.ErrorIs(t, err, os.ErrDeadlineExceeded)
				var told *net.OpError
				require.ErrorAs(t, err, &told)
				assert.Equal(t, op, told.Op)
				require.ErrorIs(t, of.do(c), os.ErrDeadlineExceeded, "it stays passed")
			})
		}
	}
}

// TestConn_RequestsMoveNoTimer asks for what net/http asks with each request.
func TestConn_RequestsMoveNoTimer(t *testing.T) {
	t.Parallel()
	c, _ := pair(t)
	moved := tcp.CountMoves(c)
	for range 100 {
		now := time.Now()
		for _, at := range []time.Time{now.Add(2 * time.Minute), {}, now.Add(time.Minute), now.Add(90 * time.Second), {}, time.Unix(1, 0), {}} {
			require.NoError(t, c.SetReadDeadline(at))
		}
		require.NoError(t, c.SetWriteDeadline(now.Add(90*time.Second)))
	}
	assert.LessOrEqual(t, moved.Load(), int64(3), "of 800")
}

// soon is a time that comes while the test is at it.
func soon() time.Time { return time.Now().Add(5 * time.Millisecond) }

// after waits until a time has come, by the clock alone.
func after(at time.Time) {
	for !time.Now().After(at) {
		runtime.Gosched()
	}
}

// TestConn_WokenTooEarly has net's timer come while a later time was asked for, or none.
func TestConn_WokenTooEarly(t *testing.T) {
	t.Parallel()
	for name, later := range map[string]time.Time{"later": time.Now().Add(time.Hour), "never": {}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, other := pair(t)
			moved := tcp.CountMoves(c)
			for _, at := range []time.Time{soon(), later} {
				require.NoError(t, c.SetDeadline(at))
			}
			require.EqualValues(t, 2, moved.Load())
			read := make(chan string)
			go func() {
				p := make([]byte, 8)
				n, err := c.Read(p)
				read <- string(p[:n]) + " " + errorText(err)
			}()
			require.Eventually(t, func() bool { return moved.Load() == 3 }, 10*time.Second, time.Millisecond)
			_, err := io.WriteString(other, "here")
			require.NoError(t, err)
			assert.Equal(t, "here ", <-read)

			// More than the system takes at once, in the middle of which the timer comes.
			sent := bytes.Repeat([]byte("0123456789abcdef"), 1<<20)
			wrote := make(chan error)
			go func() {
				_, err := c.Write(sent)
				wrote <- err
			}()
			require.Eventually(t, func() bool { return moved.Load() == 4 }, 10*time.Second, time.Millisecond)
			got := make([]byte, len(sent))
			_, err = io.ReadFull(other, got)
			require.NoError(t, err)
			require.NoError(t, <-wrote)
			assert.True(t, bytes.Equal(sent, got))
		})
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestConn_Aborted is what net/http does to a read that it began while the handler was at work.
func TestConn_Aborted(t *testing.T) {
	t.Parallel()
	for _, waits := range []bool{true, false} {
		c, other := pair(t)
		moved := tcp.CountMoves(c)
		read := make(chan error)
		begin := func() {
			go func() {
				_, err := c.Read(make([]byte, 1))
				read <- err
			}()
		}
		if waits { // which is seen when a time that has come is set anew
			require.NoError(t, c.SetReadDeadline(soon()))
			require.NoError(t, c.SetReadDeadline(time.Time{}))
			begin()
			require.Eventually(t, func() bool { return moved.Load() == 2 }, 10*time.Second, time.Millisecond)
		}
		require.NoError(t, c.SetReadDeadline(time.Unix(1, 0)))
		if !waits {
			begin()
		}
		err := <-read
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		var told net.Error
		require.ErrorAs(t, err, &told)
		assert.True(t, told.Timeout())

		require.NoError(t, c.SetReadDeadline(time.Time{}))
		_, err = io.WriteString(other, "z")
		require.NoError(t, err)
		p := make([]byte, 1)
		_, err = io.ReadFull(c, p)
		require.NoError(t, err)
		assert.Equal(t, "z", string(p), "nothing is lost")
	}
}

// TestConn_Hijacked is net's own connection with what was asked for, and not with what its timer was left at.
func TestConn_Hijacked(t *testing.T) {
	t.Parallel()
	c, other := pair(t)
	at := soon()
	require.NoError(t, c.SetDeadline(at))
	require.NoError(t, c.SetDeadline(time.Time{}))
	after(at)
	_, err := io.WriteString(other, "a")
	require.NoError(t, err)
	own, p := c.TCP(), make([]byte, 1)
	_, err = own.Read(p)
	require.NoError(t, err)
	_, err = own.Write(p)
	require.NoError(t, err)

	require.NoError(t, c.SetReadDeadline(time.Unix(1, 0)))
	_, err = c.TCP().Read(p)
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
}

// TestListener_ServesHTTP has many requests on one connection, plain, by TLS and by HTTP/2.
func TestListener_ServesHTTP(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(*httptest.Server){
		"plain": (*httptest.Server).Start, "TLS": (*httptest.Server).StartTLS,
		"HTTP/2": func(s *httptest.Server) { s.EnableHTTP2 = true; s.StartTLS() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			connections := map[string]bool{}
			srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				connections[r.RemoteAddr] = true
				body, err := io.ReadAll(r.Body)
				if assert.NoError(t, err) {
					_, _ = w.Write(body)
				}
			}))
			srv.Listener = tcp.Listener(srv.Listener)
			srv.Config.ReadTimeout, srv.Config.WriteTimeout, srv.Config.IdleTimeout = time.Minute, time.Minute, time.Minute
			start(srv)
			defer srv.Close()
			for i := range 50 {
				body := strings.Repeat("x", i*1000)
				answer, err := srv.Client().Post(srv.URL, "text/plain", strings.NewReader(body))
				require.NoError(t, err)
				got, err := io.ReadAll(answer.Body)
				require.NoError(t, err)
				require.NoError(t, answer.Body.Close())
				require.True(t, body == string(got), "%d of %d bytes", len(got), len(body))
			}
			assert.Less(t, len(connections), 5, "they are kept")
		})
	}
}
