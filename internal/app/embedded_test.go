package app

import (
	"context"
	"log/slog"
	"net"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/config"
)

// TestEmbedded_HalfALogin: whoever begins to log in and says nothing more, such
// as a node that is paused, does not hold up for long that databases are dropped.
func TestEmbedded_HalfALogin(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "mpanel-test-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	require.NoError(t, os.Chmod(dir, 0o755)) // #nosec G302 -- the clusters' own user enters it
	s, err := openStores(t.Context(), config.Options{DataDir: dir, TenantsListen: "127.0.0.1"}, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.close(context.WithoutCancel(t.Context()))) })
	a := s.embedded.tenantsAddress()
	admin, err := pgx.Connect(t.Context(), s.embedded.tenants.ConnString("postgres").Reveal())
	require.NoError(t, err)
	t.Cleanup(func() { _ = admin.Close(context.Background()) })
	_, err = admin.Exec(t.Context(), "CREATE DATABASE dropped")
	require.NoError(t, err)

	half, err := net.DialTCP("tcp", nil, &net.TCPAddr{IP: net.ParseIP(a.Host), Port: a.Port})
	require.NoError(t, err)
	t.Cleanup(func() { _ = half.Close() })
	client := pgproto3.NewFrontend(half, half)
	client.Send(&pgproto3.StartupMessage{
		ProtocolVersion: pgproto3.ProtocolVersionNumber, Parameters: map[string]string{"user": a.User, "database": "postgres"},
	})
	require.NoError(t, client.Flush())
	asked, err := client.Receive()
	require.NoError(t, err)
	require.IsType(t, &pgproto3.AuthenticationSASL{}, asked, "the server waits for the client")

	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, err = admin.Exec(ctx, "DROP DATABASE dropped WITH (FORCE)")
	require.NoError(t, err)
}
