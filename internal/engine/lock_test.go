package engine_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/internal/testkit"
	"github.com/mpanel/mpanel/models"
)

// TestServe_NetworkSwallowsEverything cuts a node off so that neither side is
// told. PostgreSQL still believes in the session that holds the node's id, and
// yet the node goes on with its jobs when it is let through again, and others
// are refused the id.
func TestServe_NetworkSwallowsEverything(t *testing.T) {
	t.Parallel()
	w := newWorld()
	r := newRig(t, w, nil, step{world: w, name: "only"})
	direct := r.db.Pool.Config().ConnConfig
	network, server := "unix", filepath.Join(direct.Host, fmt.Sprintf(".s.PGSQL.%d", direct.Port))
	dir, err := os.MkdirTemp("", "mpanel-relay-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	relay, address := testkit.NewRelay(t, network, filepath.Join(dir, "s"), server)
	db, err := store.Open(t.Context(), secret.New(r.db.Pool.Config().ConnString()), func(cfg *pgxpool.Config) {
		cfg.ConnConfig.DialFunc = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address.String())
		}
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	node := r.node(t, "cut", func(c *engine.Config) { c.DB = db })
	serve(t, node)

	relay.Cut()
	id := r.start(t)
	other := r.node(t, "cut", nil)
	require.ErrorContains(t, other.Serve(t.Context(), func() {}), "MPANEL_NODE_ID", "the id is still held")
	require.Equal(t, models.JobPending, r.job(t, id).State)

	relay.Mend()
	require.Eventually(t, func() bool { return r.job(t, id).State == models.JobSucceeded }, 40*time.Second, 50*time.Millisecond)
	require.ErrorContains(t, other.Serve(t.Context(), func() {}), "MPANEL_NODE_ID", "the id is held again")
}
