package pgprov

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/engine"
)

// idle begins a transaction, writes, and leaves it open.
func idle(t *testing.T, conn *pgx.Conn) *pgx.Conn {
	t.Helper()
	_, err := conn.Exec(t.Context(), "CREATE TABLE IF NOT EXISTS busy (id int); BEGIN; INSERT INTO busy VALUES (1); LOCK TABLE busy")
	require.NoError(t, err)
	return conn
}

func TestServer_EndsLiveSessions(t *testing.T) {
	eachAdmin(t, func(t *testing.T, w *world) {
		x := w.newWish(t)
		for _, step := range w.steps(x)[:3] {
			require.NoError(t, step(t.Context()))
		}
		for _, act := range []struct {
			name string
			db   string
			do   func(context.Context) error
		}{
			{"publish", x.space.WorkName, func(ctx context.Context) error { return w.PublishSpace(ctx, x.space) }},
			{"withdraw", x.space.Name, func(ctx context.Context) error { return w.WithdrawSpace(ctx, x.space) }},
			{"disable", x.space.WorkName, func(ctx context.Context) error { return w.DisableLogin(ctx, x.login) }},
			{"close", x.space.WorkName, func(ctx context.Context) error { return w.CloseSpace(ctx, x.space) }},
			{"drop", x.space.WorkName, func(ctx context.Context) error { return w.DropSpace(ctx, x.space) }},
		} {
			t.Run(act.name, func(t *testing.T) {
				conn := idle(t, x.enter(t, act.db))
				began := time.Now()
				require.NoError(t, act.do(t.Context()))
				require.Less(t, time.Since(began), 4*time.Second, "the server's own wait is 5 s")
				dead(t, conn)
				if act.name == "disable" {
					require.Equal(t, "28000", x.refused(t, act.db))
				}
				// Back to what the next case needs.
				require.NoError(t, w.EnsureLogin(t.Context(), x.login))
				if act.name == "close" {
					require.Equal(t, "42501", x.refused(t, act.db))
					require.NoError(t, w.OpenSpace(t.Context(), x.space))
				}
			})
		}
	})
}

// A client whose pool connects again at once must not hold a rename up.
func TestServer_RenameWhileAClientKeepsConnecting(t *testing.T) {
	eachAdmin(t, func(t *testing.T, w *world) {
		x := w.newWish(t)
		w.create(t, x)
		ctx, stop := context.WithCancel(t.Context())
		let, ended := make(chan string, 1000), make(chan struct{})
		cfg, err := pgx.ParseConfig("sslmode=disable")
		require.NoError(t, err)
		cfg.Host, cfg.Port = cluster.Host(), uint16(cluster.Port())
		cfg.User, cfg.Password = x.login.Name, x.password.Reveal()
		go func() {
			defer close(ended)
			for ctx.Err() == nil {
				for _, name := range []string{x.space.Name, x.space.WorkName} {
					cfg := cfg.Copy()
					cfg.Database = name
					conn, err := pgx.ConnectConfig(ctx, cfg)
					if err != nil {
						continue
					}
					let <- name
					_, _ = conn.Exec(ctx, "SELECT pg_sleep(60)") // until it is ended
					_ = conn.Close(ctx)
				}
			}
		}()
		require.Equal(t, x.space.Name, <-let)
		began := time.Now()
		for range 3 {
			require.NoError(t, w.WithdrawSpace(t.Context(), x.space))
			require.NoError(t, w.PublishSpace(t.Context(), x.space))
		}
		require.Less(t, time.Since(began), 10*time.Second)
		stop()
		<-ended
	})
}

// A plain admin may not end a superuser's session. That is no reason to leave
// the customer's going.
func TestCloseSpace_SuperuserIsConnected(t *testing.T) {
	eachAdmin(t, func(t *testing.T, w *world) {
		x := w.newWish(t)
		w.create(t, x)
		conn := x.enter(t, x.space.Name)
		root, err := connect(t, rootUser, adminPassword, x.space.Name)
		require.NoError(t, err)
		require.NoError(t, w.CloseSpace(t.Context(), x.space))
		dead(t, conn)
		if w.plain {
			require.NoError(t, root.Ping(t.Context()))
			require.ErrorContains(t, w.DropSpace(t.Context(), x.space), "drop database")
			o, err := w.ObserveSpace(t.Context(), x.space)
			require.NoError(t, err)
			require.Equal(t, engine.Matches, o.State)
			// A backend ends a moment after its client has gone.
			pid := strconv.Itoa(int(root.PgConn().PID()))
			require.NoError(t, root.Close(t.Context()))
			require.Eventually(t, func() bool {
				return ask(t, adminDatabase, "SELECT count(*)::text FROM pg_stat_activity WHERE pid = $1", pid) == "0"
			}, 10*time.Second, 5*time.Millisecond)
		} else {
			dead(t, root)
		}
		require.NoError(t, w.DropSpace(t.Context(), x.space))
	})
}

func TestDropLogin_SomethingIsLeft(t *testing.T) {
	eachAdmin(t, func(t *testing.T, w *world) {
		x := w.newWish(t)
		require.NoError(t, w.EnsureLogin(t.Context(), x.login))
		other := "left_" + x.login.Name
		sql(t, adminDatabase, "CREATE DATABASE "+other, "GRANT CONNECT ON DATABASE "+other+" TO "+x.login.Name)
		sql(t, other, "CREATE SCHEMA theirs AUTHORIZATION "+x.login.Name)
		require.ErrorContains(t, w.DropLogin(t.Context(), x.login),
			`The role cannot be removed; something still depends on it in: database `+other+`.`)
		sql(t, adminDatabase, "DROP DATABASE "+other)
		require.NoError(t, w.DropLogin(t.Context(), x.login))
	})
}

func TestDropLogin_EndsItsSessions(t *testing.T) {
	eachAdmin(t, func(t *testing.T, w *world) {
		x := w.newWish(t)
		require.NoError(t, w.EnsureLogin(t.Context(), x.login))
		other := "visited_" + x.login.Name
		sql(t, adminDatabase, "CREATE DATABASE "+other)
		conn := x.enter(t, other)
		require.NoError(t, w.DropLogin(t.Context(), x.login))
		dead(t, conn)
		sql(t, adminDatabase, "DROP DATABASE "+other)
	})
}

// From 15.4 on, a removal that is interrupted leaves a database that can only be
// removed again.
func TestDropSpace_AfterAnInterruptedOne(t *testing.T) {
	eachAdmin(t, func(t *testing.T, w *world) {
		x := w.newWish(t)
		w.create(t, x)
		sql(t, adminDatabase, "UPDATE pg_database SET datconnlimit = -2 WHERE datname = "+literal(x.space.Name))
		o, err := w.ObserveSpace(t.Context(), x.space)
		require.NoError(t, err)
		require.Equal(t, engine.Observed{State: engine.Differs, Detail: "The database's removal was interrupted."}, o)
		require.ErrorContains(t, w.EnsureSpace(t.Context(), x.space), "interrupted")
		require.NoError(t, w.CloseSpace(t.Context(), x.space))
		require.NoError(t, w.WithdrawSpace(t.Context(), x.space))
		require.NoError(t, w.DropSpace(t.Context(), x.space))
		require.NoError(t, w.DropLogin(t.Context(), x.login))
		require.Equal(t, allAbsent, w.states(t, x))
	})
}
