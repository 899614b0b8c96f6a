package app

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/devstack"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/testkit"
	"github.com/mpanel/mpanel/models"
)

// startElsewhere starts a cluster that belongs to one test, closed to PUBLIC.
func startElsewhere(t *testing.T) *devstack.Cluster {
	t.Helper()
	dir, err := os.MkdirTemp("", "mpanel-test-") // t.TempDir is closed to the user that PostgreSQL has when this is root
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o755)) // #nosec G302 -- see above
	c, err := devstack.Start(t.Context(), devstack.Config{
		Name: "elsewhere", Dir: filepath.Join(dir, "elsewhere"), Listen: "127.0.0.1", Superuser: testkit.Superuser, Password: testkit.Password(),
		Log: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, errors.Join(c.Stop(context.WithoutCancel(t.Context())), os.RemoveAll(dir)))
	})
	execOn(t, c, "REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC")
	return c
}

func execOn(t *testing.T, c *devstack.Cluster, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), c.ConnString("postgres").Reveal())
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), sql)
	require.NoError(t, errors.Join(err, conn.Close(t.Context())), sql)
}

// newRelay is a testkit.Relay at a port of this machine.
func newRelay(t *testing.T, target string) *relay {
	t.Helper()
	r, addr := testkit.NewRelay(t, "tcp", "127.0.0.1:0", target)
	return &relay{r, addr.(*net.TCPAddr).Port}
}

type relay struct {
	*testkit.Relay
	port int
}

func hostPort(c *devstack.Cluster) string { return net.JoinHostPort(c.Host(), strconv.Itoa(c.Port())) }

// asStaff is the context of somebody who may do everything.
func (b *faultBench) asStaff(t *testing.T) context.Context {
	t.Helper()
	return actor.With(t.Context(), b.staff)
}

func registration(name, host string, port int) database.RegisterServerInput {
	return database.RegisterServerInput{
		Name: name, Host: host, Port: port, AdminUser: testkit.Superuser, AdminPassword: testkit.Password(), SSLMode: new("disable"),
	}
}

func (b *faultBench) register(t *testing.T, name, host string, port int) *models.DatabaseServer {
	t.Helper()
	out, err := b.panel.databases.RegisterServer(b.asStaff(t), registration(name, host, port))
	require.NoError(t, err)
	return out.DatabaseServer
}

// orderOn orders a database on one server, which nobody runs yet.
func (b *faultBench) orderOn(t *testing.T, server ident.DatabaseServerID, name string) *database.CreatePayload {
	t.Helper()
	out, err := b.panel.databases.Create(b.asStaff(t), database.CreateInput{CustomerID: b.customer(t, nil, 1000), ServerID: &server, Name: name})
	require.NoError(t, err)
	return out
}

func (b *faultBench) job(t *testing.T, id ident.JobID) *models.Job {
	t.Helper()
	j := new(models.Job)
	require.NoError(t, b.oracle.NewSelect().Model(j).Where("j.id = ?", id).Scan(t.Context()))
	return j
}

func (b *faultBench) server(t *testing.T, id ident.DatabaseServerID) *models.DatabaseServer {
	t.Helper()
	found, err := b.panel.databases.FindServers(b.asStaff(t), []ident.DatabaseServerID{id})
	require.NoError(t, err)
	return found[id]
}

// serve runs jobs until the test ends.
func (b *faultBench) serve(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() { done <- b.panel.engine.Serve(ctx, func() { close(ready) }) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
	<-ready
}

func (b *faultBench) until(t *testing.T, id ident.JobID, what string, ok func(*models.Job) bool) *models.Job {
	t.Helper()
	var last *models.Job
	require.Eventually(t, func() bool {
		last = b.job(t, id)
		return ok(last)
	}, 30*time.Second, 10*time.Millisecond, "%s: %s", what, id)
	return last
}

func over(j *models.Job) bool    { return j.State.Terminal() }
func waiting(j *models.Job) bool { return j.WaitingFor != nil && j.LeaseUntil == nil }
