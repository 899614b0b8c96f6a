package graphqlws

import (
	"bytes"
	"encoding/binary"
	"io"
	"log/slog"
	"net"
	"slices"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/live"
)

// pair is a connection with both its ends.
func pair(t *testing.T) (server *net.TCPConn, raw syscall.RawConn, client net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	client, err = net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	c, err := l.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	server = c.(*net.TCPConn)
	raw, err = server.SyscallConn()
	require.NoError(t, err)
	return server, raw, client
}

func TestOutput_TriesAndGivesWhatIsLeft(t *testing.T) {
	t.Parallel()
	server, raw, client := pair(t)
	o := newOutput()
	want := new(bytes.Buffer)
	rest := net.Buffers(nil)
	for i := byte(0); len(rest) == 0; i++ { // nobody reads
		o.reset()
		o.buffer = append(o.buffer, bytes.Repeat([]byte{i}, 100<<10)...)
		want.Write(o.buffer)
		var err error
		rest, err = o.tryTo(raw)
		require.NoError(t, err)
	}
	left := len(rest[0])
	require.LessOrEqual(t, left, 100<<10)
	clear(o.buffer) // others write with it while the rest waits
	go func() {
		_, _ = rest.WriteTo(server)
		_ = server.Close()
	}()
	got, err := io.ReadAll(client)
	require.NoError(t, err)
	require.True(t, bytes.Equal(want.Bytes(), got), "%d bytes of %d, %d of them later", len(got), want.Len(), left)
}

func TestOutput_TriesWhatIsClosed(t *testing.T) {
	t.Parallel()
	server, raw, _ := pair(t)
	o := newOutput()
	o.buffer = append(o.buffer, "x"...)
	require.NoError(t, server.CloseWrite())
	_, err := o.tryTo(raw)
	require.ErrorIs(t, err, syscall.EPIPE)
	require.NoError(t, server.Close())
	_, err = o.tryTo(raw)
	require.ErrorIs(t, err, net.ErrClosed)
}

// A close that a client sends while it is written to is answered after what was begun, and
// nothing comes after the answer: browsers take that for a fault.
func TestSocket_SaysNothingAfterItsClose(t *testing.T) {
	t.Parallel()
	server, raw, client := pair(t)
	hub := live.NewHub(live.Config{Limits: live.Limits{QueueBytes: 64 << 20}, Log: slog.New(slog.DiscardHandler)})
	s := &socket{t: &Transport{Hub: hub}, net: server, raw: raw}
	_, err := hub.Open(t.Context(), actor.Request{IP: "192.0.2.1"}, func(c *live.Conn) live.Wire { s.conn = c; return s })
	require.NoError(t, err)
	defer s.conn.Closed()
	say := func() { s.send(bytes.Repeat([]byte("x"), 60<<10)) }
	for range 200 { // more than the system takes while nobody reads
		say()
	}
	first := make([]byte, 1) // the writing has begun
	_, err = io.ReadFull(client, first)
	require.NoError(t, err)
	go func() {
		_ = s.closed(1000, "")
		say()
		s.Flush(true)
		_ = server.CloseWrite()
	}()
	got, err := io.ReadAll(client)
	require.NoError(t, err)
	got = slices.Concat(first, got)
	frames := 0
	for ; len(got) > 4 && got[0] == opText; frames++ {
		require.EqualValues(t, 126, got[1])
		got = got[min(len(got), 4+int(binary.BigEndian.Uint16(got[2:]))):]
	}
	require.Positive(t, frames)
	require.Equal(t, frame(opClose, []byte{0x03, 0xE8}), got)
}
