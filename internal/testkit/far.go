package testkit

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
)

// OverRelay is the database of a URL over a network that can break, until the test is over.
func OverRelay(t testing.TB, url secret.Text) (*Relay, *store.DB) {
	t.Helper()
	direct, err := pgx.ParseConfig(url.Reveal())
	if err != nil {
		t.Fatalf("parse the URL of a database: %v", err)
	}
	dir, err := os.MkdirTemp("", "mpanel-relay-") // a socket's path is short
	if err != nil {
		t.Fatalf("make a folder for a relay: %v", err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("remove a relay's folder: %v", err)
		}
	})
	relay, address := NewRelay(t, "unix", filepath.Join(dir, "s"), filepath.Join(direct.Host, fmt.Sprintf(".s.PGSQL.%d", direct.Port)))
	far, err := store.Open(t.Context(), url, func(c *pgxpool.Config) {
		c.ConnConfig.DialFunc = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", address.String())
		}
	})
	if err != nil {
		t.Fatalf("open the database over a relay: %v", err)
	}
	t.Cleanup(func() {
		relay.To(Closed) // what hangs would hold the end up
		if err := far.Close(); err != nil {
			t.Errorf("close the database behind a relay: %v", err)
		}
	})
	return relay, far
}
