package graphqlws

import (
	"bytes"
	"io"
	"net"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
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
