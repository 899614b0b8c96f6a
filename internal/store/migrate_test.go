package store_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/internal/testkit"
)

// A start that is stopped within the migrations, wherever that is, leaves tables with
// which the next one goes on.
func TestMigrate_StoppedAnywhere(t *testing.T) {
	t.Parallel()
	ctx, base := t.Context(), testkit.DB(t)
	_, err := base.ExecContext(ctx, "CREATE DATABASE migrate_in_pieces TEMPLATE template0")
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := base.ExecContext(context.Background(), "DROP DATABASE IF EXISTS migrate_in_pieces WITH (FORCE)")
		require.NoError(t, err)
	})
	for i := range 400 {
		db, err := store.Open(ctx, testkit.Panel().ConnString("migrate_in_pieces"))
		require.NoError(t, err)
		some, cancel := context.WithTimeout(ctx, time.Duration(i)*2*time.Millisecond)
		err = store.Migrate(some, db, slog.New(slog.DiscardHandler))
		cancel()
		require.NoError(t, db.Close())
		if err == nil {
			require.Greater(t, i, 3, "some were stopped")
			return
		}
		require.Error(t, some.Err(), "nothing but the stop hindered it: %v", err)
	}
	require.Fail(t, "it never came to its end")
}
