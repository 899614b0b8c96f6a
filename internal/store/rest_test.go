package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/internal/testkit"
)

// TestInTx_RestsWithALock: a node that is paused or cut off in the middle of a
// transaction does not keep a row from the others for long.
func TestInTx_RestsWithALock(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	_, err := db.ExecContext(t.Context(), "CREATE TABLE things AS SELECT 1 AS id")
	require.NoError(t, err)
	locked, resume := make(chan struct{}), make(chan struct{})
	rested := make(chan error, 1)
	go func() {
		rested <- store.InTx(t.Context(), db, func(ctx context.Context, tx store.Tx) error {
			if _, err := tx.ExecContext(ctx, "SELECT FROM things FOR UPDATE"); err != nil {
				return err
			}
			close(locked)
			<-resume
			_, err := tx.ExecContext(ctx, "SELECT 1")
			return store.Wrap(err, "go on")
		})
	}()
	<-locked
	require.Eventually(t, func() bool {
		var n int
		return db.NewSelect().TableExpr("(SELECT FROM things FOR UPDATE SKIP LOCKED) AS free").ColumnExpr("count(*)").Scan(t.Context(), &n) == nil && n == 1
	}, 15*time.Second, 50*time.Millisecond)
	close(resume)
	require.Equal(t, fault.Unavailable, fault.CodeOf(<-rested), "whoever rested is told to try again")
}
