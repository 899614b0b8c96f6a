package budget

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/fault"
)

func TestTries_SoManyAndEvenlyBack(t *testing.T) {
	t.Parallel()
	now := time.Now()
	tries := NewTries(func() time.Time { return now })
	take := func(kind, who string) error { return tries.Take(t.Context(), kind, who, 3, 15*time.Minute) }
	for range 3 {
		require.NoError(t, take("sign-in", "a"))
	}
	err := take("sign-in", "a")
	f := new(fault.Error)
	require.ErrorAs(t, err, &f)
	require.Equal(t, fault.RateLimited, f.Code)
	require.Equal(t, 300, f.Details["retryAfterSeconds"])
	require.NoError(t, take("sign-in", "b"), "others go on")
	require.NoError(t, take("reset", "a"), "and other kinds")
	now = now.Add(5 * time.Minute)
	require.NoError(t, take("sign-in", "a"))
	require.Error(t, take("sign-in", "a"))
	tries.Give(t.Context(), "sign-in", "a", 3, 15*time.Minute)
	require.NoError(t, take("sign-in", "a"))
	now = now.Add(-time.Hour) // a clock that was set back
	require.Error(t, take("sign-in", "a"))
	now = now.Add(2 * time.Hour)
	require.NoError(t, take("sign-in", "a"))
}

func TestTries_AtTheSameTime(t *testing.T) {
	t.Parallel()
	tries := NewTries(nil)
	var taken atomic.Int64
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			if tries.Take(context.Background(), "code", "a", 5, time.Hour) == nil {
				taken.Add(1)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 5, taken.Load())
}
