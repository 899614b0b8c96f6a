package pgprov

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A panel that is paused with the lock of a name, or whose network is gone, keeps
// others waiting for seconds; one that works with it keeps them for as long as it
// takes.
func TestServer_LockOfAPausedPanel(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "panel")
	x := w.newWish(t)
	const lock = "SELECT pg_advisory_lock(hashtextextended($1, 0))"
	password := address("panel").Password

	paused, err := connect(t, "panel", password, adminDatabase)
	require.NoError(t, err)
	_, err = paused.Exec(t.Context(), lock, x.space.WorkName)
	require.NoError(t, err)
	began := time.Now()
	w.create(t, x)
	require.Greater(t, time.Since(began), time.Duration(lockIdleSeconds-1)*time.Second, "it may still come back")
	_, err = paused.Exec(t.Context(), "SELECT 1")
	require.Error(t, err, "its session was ended")

	y := w.newWish(t)
	working, err := connect(t, "panel", password, adminDatabase)
	require.NoError(t, err)
	_, err = working.Exec(t.Context(), lock, y.space.WorkName)
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() {
		_, err := working.Exec(context.Background(), "SELECT pg_sleep($1), pg_advisory_unlock(hashtextextended($2, 0))", lockIdleSeconds+2, y.space.WorkName)
		done <- err
	}()
	w.create(t, y)
	require.NoError(t, <-done, "who is at work is waited for")
}
