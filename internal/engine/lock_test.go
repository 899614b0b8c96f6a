package engine_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/internal/testkit"
	"github.com/mpanel/mpanel/models"
)

// overRelay is the database over a network that can break.
func overRelay(t *testing.T, db *store.DB) (*testkit.Relay, *store.DB) {
	t.Helper()
	direct := db.Pool.Config().ConnConfig
	network, server := "unix", filepath.Join(direct.Host, fmt.Sprintf(".s.PGSQL.%d", direct.Port))
	dir, err := os.MkdirTemp("", "mpanel-relay-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	relay, address := testkit.NewRelay(t, network, filepath.Join(dir, "s"), server)
	far, err := store.Open(t.Context(), secret.New(db.Pool.Config().ConnString()), func(cfg *pgxpool.Config) {
		cfg.ConnConfig.DialFunc = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address.String())
		}
	})
	require.NoError(t, err)
	t.Cleanup(func() {
		relay.To(testkit.Closed) // what hangs would hold the end up
		require.NoError(t, far.Close())
	})
	return relay, far
}

// TestServe_NetworkSwallowsEverything cuts a node off so that neither side is
// told. PostgreSQL still believes in the session that holds the node's id, and
// yet the node goes on with its jobs when it is let through again, and others
// are refused the id.
func TestServe_NetworkSwallowsEverything(t *testing.T) {
	t.Parallel()
	w := newWorld()
	r := newRig(t, w, nil, step{world: w, name: "only"})
	relay, db := overRelay(t, r.db)
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

// TestRun_NetworkForgetsAConnection: what is read or written over a connection that
// nobody answers on is given up, also while the lease is renewed over another one.
func TestRun_NetworkForgetsAConnection(t *testing.T) {
	t.Parallel()
	for _, where := range []string{"load", "note", "progress", "commit"} {
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			r := newRig(t, w, nil, step{world: w, name: "never run"})
			relay, far := overRelay(t, r.db)
			// forget has whoever comes next take a connection that hangs, and those after
			// it new ones.
			forget := sync.OnceFunc(func() {
				idle := far.Pool.AcquireAllIdle(context.WithoutCancel(t.Context()))
				t.Cleanup(func() {
					for _, c := range idle[1:] {
						c.Release()
					}
				})
				relay.Cut()
				relay.Mend()
				idle[0].Release()
			})
			reg, err := engine.NewRegistry(&engine.Plan{
				Kind: kind, Version: 1, ResourceKind: ident.Database, Needs: actor.DatabasesWrite,
				Load: func(ctx context.Context, _ uuid.UUID) (engine.Target, error) {
					if where == "load" {
						forget()
					}
					return engine.Target{}, far.PingContext(ctx)
				},
				Steps: []engine.Step{step{world: w, name: "only", policy: engine.Policy{Timeout: time.Hour}, apply: func(ctx context.Context, e *engine.Env, _ int) error {
					if where == "load" {
						return nil
					}
					forget()
					switch where {
					case "note":
						return e.Note(ctx, func(context.Context, store.Tx) error { return nil })
					case "progress":
						return e.Progress(ctx, 50, "Half of it.")
					}
					return nil
				}}},
				Settle: func(context.Context, store.Tx, uuid.UUID, models.JobState) error { return nil },
			})
			require.NoError(t, err)
			serve(t, r.node(t, "far", func(c *engine.Config) { c.DB, c.Registry = far, reg }))
			id := r.start(t)
			until(t, "the job is over", func() bool { return r.job(t, id).State.Terminal() })
			require.Equal(t, models.JobSucceeded, r.job(t, id).State)
		})
	}
}
