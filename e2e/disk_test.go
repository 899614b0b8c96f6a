//go:build e2e

package e2e

import (
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
	disk := filepath.Join(in.data(), "tenants")
	require.NoError(t, os.MkdirAll(disk, 0o755))
	require.NoError(t, syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=256m,mode=0755"))
	t.Cleanup(func() { // before the installation's own, which removes the folder
		in.killAll()
		require.NoError(t, syscall.Unmount(disk, syscall.MNT_DETACH))
	})
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
