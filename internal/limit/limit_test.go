package limit_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/limit"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// earlier makes everything that was counted so much older.
func earlier(t *testing.T, db *store.DB, by time.Duration) {
	t.Helper()
	_, err := db.Pool.Exec(t.Context(), "UPDATE rate_limits SET full_at = full_at - $1 * interval '1 microsecond'", by.Microseconds())
	require.NoError(t, err)
}

func refused(t *testing.T, err error) (retryAfterSeconds int) {
	t.Helper()
	f, ok := errors.AsType[*fault.Error](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, fault.RateLimited, f.Code)
	seconds, ok := f.Details["retryAfterSeconds"].(int)
	require.True(t, ok)
	return seconds
}

func TestLimiter_TriesComeBackEvenly(t *testing.T) {
	t.Parallel()
	db, ctx := testkit.DB(t), t.Context()
	l := limit.New(db, testkit.Box(t))
	try := func() error { return l.Take(ctx, "kind", "who", 5, 50*time.Minute) }
	for range 5 {
		require.NoError(t, try())
	}
	after := refused(t, try())
	require.InDelta(t, 600, after, 5, "one of five comes back after a fifth of the window")
	refused(t, try())
	earlier(t, db, 10*time.Minute)
	require.NoError(t, try(), "what was refused was not counted")
	refused(t, try())
	require.NoError(t, l.Take(ctx, "kind", "who else", 5, 50*time.Minute))
	require.NoError(t, l.Take(ctx, "another kind", "who", 5, 50*time.Minute))

	l.Give(ctx, "kind", "who", 5, 50*time.Minute)
	require.NoError(t, try(), "what turned out well is given back")
	refused(t, try())
	earlier(t, db, time.Hour)
	for range 5 {
		require.NoError(t, try(), "no more come back than there are")
	}
	refused(t, try())

	var n int
	require.NoError(t, db.Pool.QueryRow(ctx, "SELECT count(*) FROM rate_limits").Scan(&n))
	require.Equal(t, 3, n)
	require.NoError(t, l.Purge(ctx))
	require.NoError(t, db.Pool.QueryRow(ctx, "SELECT count(*) FROM rate_limits").Scan(&n))
	require.Equal(t, 1, n)
	refused(t, try())
}

// What is given back without having been taken is no credit beyond the limit.
func TestLimiter_GivingBackMakesNoCredit(t *testing.T) {
	t.Parallel()
	ctx, l := t.Context(), limit.New(testkit.DB(t), testkit.Box(t))
	for range 10 {
		l.Give(ctx, "kind", "who", 2, time.Hour)
	}
	for range 2 {
		require.NoError(t, l.Take(ctx, "kind", "who", 2, time.Hour))
	}
	for range 2 {
		l.Give(ctx, "kind", "who", 2, time.Hour)
		l.Give(ctx, "kind", "who", 2, time.Hour)
	}
	for range 2 {
		require.NoError(t, l.Take(ctx, "kind", "who", 2, time.Hour))
	}
	refused(t, l.Take(ctx, "kind", "who", 2, time.Hour))
}

// S30: of fifty who try at the same moment on two nodes, as many are let through as
// there are tries.
func TestLimiter_S30_SharedBetweenNodes(t *testing.T) {
	t.Parallel()
	db, ctx := testkit.DB(t), t.Context()
	nodes := []*limit.Limiter{limit.New(db, testkit.Box(t)), limit.New(db, testkit.Box(t))}
	var through, turnedAway atomic.Int64
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			switch err := nodes[i%2].Take(ctx, "kind", "who", 7, time.Hour); {
			case err == nil:
				through.Add(1)
			case fault.CodeOf(err) == fault.RateLimited:
				turnedAway.Add(1)
			}
		})
	}
	all.Wait()
	require.Equal(t, int64(7), through.Load())
	require.Equal(t, int64(43), turnedAway.Load())
}

// The table tells nobody whose tries are counted.
func TestLimiter_S27_KeysAreHashed(t *testing.T) {
	t.Parallel()
	db, ctx := testkit.DB(t), t.Context()
	require.NoError(t, limit.New(db, testkit.Box(t)).Take(ctx, "sign-in", "canary@example.com", 5, time.Hour))
	var text string
	require.NoError(t, db.Pool.QueryRow(ctx, "SELECT string_agg(r::text, ' ') FROM rate_limits AS r").Scan(&text))
	require.NotEmpty(t, text)
	require.NotContains(t, text, "canary")
	var key []byte
	require.NoError(t, db.Pool.QueryRow(ctx, "SELECT key FROM rate_limits").Scan(&key))
	require.Len(t, key, 16)
	require.NotContains(t, string(key), "canary")
}

func TestLimiter_WithoutADatabase(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	stop()
	l := limit.New(testkit.DB(t), testkit.Box(t))
	err := l.Take(ctx, "kind", "who", 5, time.Hour)
	require.Error(t, err)
	require.NotEqual(t, fault.RateLimited, fault.CodeOf(err), "not knowing is no refusal")
	l.Give(ctx, "kind", "who", 5, time.Hour)
}

// BenchmarkTake is what a try costs: one statement. Compare it with budget.Take, which
// asks nobody.
func BenchmarkTake(b *testing.B) {
	db := testkit.DB(b)
	l := limit.New(db, testkit.Box(b))
	for b.Loop() {
		_ = l.Take(b.Context(), "kind", "who", 1_000_000, time.Minute)
	}
}
