//go:build e2e

package e2e

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// TestOutage_TenantsDiskIsFull fills the disk that the tenants' cluster alone is
// on: the panel works on, jobs wait and say why, and all of them end well when
// there is room again.
func TestOutage_TenantsDiskIsFull(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can mount a small disk")
	}
	t.Parallel()
	in := install(t)
	disk := in.smallDisk(t, "tenants", "256m")
	s := in.start(t, launch{})
	admin := in.setUp(t, s)
	customer := admin.createCustomer(t, "Full", -1, "")
	first := admin.makeDatabase(t, customer, "first")

	ballast := filepath.Join(disk, "ballast")
	fill(t, ballast)
	jobs := make([]string, 3)
	for i := range jobs {
		began := time.Now()
		jobs[i] = admin.createDatabase(t, customer, fmt.Sprintf("later_%d", i)).Job.ID
		require.Less(t, time.Since(began), 5*time.Second, "the mutation does not wait for the server")
	}
	said := map[string]bool{}
	for _, id := range jobs {
		eventually(t, jobTime, func() error {
			j := admin.job(t, id)
			if j.WaitingFor == nil {
				return fmt.Errorf("job is %s and waits for nothing", j.State)
			}
			require.False(t, j.over(), "a job gave up")
			said[*j.WaitingFor] = true
			return nil
		})
	}
	t.Logf("the jobs say %v", said)
	for why := range said {
		require.True(t, strings.Contains(why, "disk is full") || strings.Contains(why, "cannot be reached"), why)
	}
	admin.createCustomer(t, "Meanwhile", -1, "") // the panel's own disk is another

	require.NoError(t, os.Remove(ballast))
	for _, id := range jobs {
		admin.awaitSuccess(t, id)
	}
	require.Len(t, in.onServer(t), 4)
	in.requireGaplessEvents(t)
	conn, err := pgx.Connect(t.Context(), first.Credentials.at(t, admin.database(t, first.Database.ID).Port))
	require.NoError(t, err)
	require.NoError(t, conn.Close(context.Background()))
	s.stop(t)
}

// smallDisk mounts a disk of a size at a folder of the data dir.
func (in *installation) smallDisk(t *testing.T, folder, size string) string {
	t.Helper()
	disk := filepath.Join(in.data(), folder)
	require.NoError(t, os.MkdirAll(disk, 0o755))
	require.NoError(t, syscall.Mount("tmpfs", disk, "tmpfs", 0, "size="+size+",mode=0755"))
	t.Cleanup(func() { // before the installation's own, which removes the folder
		in.killAll()
		require.NoError(t, syscall.Unmount(disk, syscall.MNT_DETACH))
	})
	return disk
}

// TestOutage_DiskIsFullForDumps: an export waits for room among the panel's
// dumps, an import for room in the tenants' cluster, of which nothing is loaded by
// half; a repair does not give up, and the panel works on.
func TestOutage_DiskIsFullForDumps(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can mount a small disk")
	}
	t.Parallel()
	in := install(t)
	disk, dumps := in.smallDisk(t, "tenants", "256m"), in.smallDisk(t, "dumps", "16m")
	s := in.start(t, launch{})
	admin := in.setUp(t, s)
	customer := admin.createCustomer(t, "Full", -1, "")
	o := admin.makeDatabase(t, customer, "filled")
	id, role := o.Database.ID, pgx.Identifier{o.Credentials.Username}.Sanitize()
	exec := func(sql string) {
		conn := in.connect(t, "tenants", o.Credentials.Database)
		_, err := conn.Exec(t.Context(), sql)
		require.NoError(t, err, sql)
	}
	exec("SET ROLE " + role + "; CREATE TABLE content AS SELECT i, md5(i::text) FROM generate_series(1, 300000) i")

	out := data[map[string]order](t, admin.do(t, exportMutation, vars{"in": vars{"id": id}}))["exportDatabase"]
	admin.awaitWaiting(t, out.Job.ID, "no room for dumps")
	require.NoError(t, syscall.Mount("tmpfs", dumps, "tmpfs", syscall.MS_REMOUNT, "size=4g"))
	admin.awaitSuccess(t, out.Job.ID)

	exec("DROP TABLE content; CHECKPOINT")
	ballast := filepath.Join(disk, "ballast")
	fill(t, ballast)
	loading := data[map[string]order](t, admin.do(t, importMutation, vars{"in": vars{"id": id, "dumpId": out.Dump.ID}}))["importDatabase"]
	admin.awaitWaiting(t, loading.Job.ID, "No space left", "disk is full", "cannot be reached")
	admin.createCustomer(t, "Meanwhile", -1, "")
	require.NoError(t, os.Remove(ballast))
	eventually(t, jobTime, func() error { // the cluster may have to start again
		dsn, err := in.dsn("tenants", o.Credentials.Database)
		if err != nil {
			return err
		}
		conn, err := pgx.Connect(t.Context(), dsn)
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close(context.Background()) }()
		var n int
		err = conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_class WHERE relname = 'content'").Scan(&n)
		if err == nil && n > 0 {
			err = conn.QueryRow(t.Context(), "SELECT count(*) FROM content").Scan(&n)
			require.True(t, err != nil || n == 300000, "%d rows: loaded by half", n)
		}
		return err
	})
	admin.awaitSuccess(t, loading.Job.ID)
	exec("DO $$ BEGIN ASSERT (SELECT count(*) FROM content) = 300000; END $$")

	exec("ALTER ROLE " + role + " CONNECTION LIMIT 3")
	fill(t, ballast)
	server := pause(t, admin, false)
	_, err := admin.send(t.Context(), nil, surveyMutation, vars{"in": vars{"id": server}})
	require.NoError(t, err)
	require.NoError(t, os.Remove(ballast))
	eventually(t, jobTime, func() error { // a disk that is full may let nobody look
		data[struct{}](t, admin.do(t, surveyMutation, vars{"in": vars{"id": server}}))
		return in.noJobsOf(t, customer)
	})
	exec("DO $$ BEGIN ASSERT (SELECT rolconnlimit FROM pg_roles WHERE rolname = '" + o.Credentials.Username + "') <> 3; END $$")
	in.requireGaplessEvents(t)
	s.stop(t)
}

// awaitWaiting waits until a job that is not over says that it waits for one of those.
func (c *client) awaitWaiting(t *testing.T, id string, why ...string) {
	t.Helper()
	eventually(t, jobTime, func() error {
		j := c.job(t, id)
		require.False(t, j.over(), "it gave up: %+v", j)
		for _, w := range why {
			if j.WaitingFor != nil && strings.Contains(*j.WaitingFor, w) {
				t.Logf("%s waits: %s", j.Kind, *j.WaitingFor)
				return nil
			}
		}
		return fmt.Errorf("job is %s and waits for %s", j.State, *cmp.Or(j.WaitingFor, new(string)))
	})
}

// fill writes zeros until there is no room.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	require.NoError(t, err)
	block := make([]byte, 1<<20)
	for {
		if _, err = f.Write(block); err != nil {
			break
		}
	}
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.NoError(t, errors.Join(f.Sync(), f.Close()))
}
