package budget

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/fault"
)

func TestBudget_ComesBack(t *testing.T) {
	t.Parallel()
	b := New(600) // ten a second
	began := time.Now().Truncate(time.Second)
	now := began
	b.now = func() time.Time { return now }
	s, err := b.Take("a", 500)
	require.NoError(t, err)
	require.Equal(t, State{Cost: 500, Limit: 600, Remaining: 100, ResetAt: began.Add(50 * time.Second)}, s)

	s, err = b.Take("a", 150)
	require.Equal(t, fault.RateLimited, fault.CodeOf(err))
	var f *fault.Error
	require.ErrorAs(t, err, &f)
	require.Equal(t, 5, f.Details["retryAfterSeconds"])
	require.Equal(t, 100, s.Remaining, "nothing was taken")

	s, err = b.Take("b", 600)
	require.NoError(t, err, "of another")
	require.Zero(t, s.Remaining)

	now = now.Add(5 * time.Second)
	s, err = b.Take("a", 150)
	require.NoError(t, err)
	require.Zero(t, s.Remaining)
	_, err = b.Take("a", 1)
	require.Equal(t, fault.RateLimited, fault.CodeOf(err))
	now = now.Add(2 * Window)
	s, err = b.Take("a", 0)
	require.NoError(t, err)
	require.Equal(t, State{Limit: 600, Remaining: 600, ResetAt: now}, s, "never more than the whole")
}

func TestBudget_Never(t *testing.T) {
	t.Parallel()
	_, err := New(600).Take("a", 601)
	require.Equal(t, fault.TooComplex, fault.CodeOf(err), "waiting does not help")
	s, err := New(0).Take("a", 1<<40)
	require.NoError(t, err)
	require.Zero(t, s.Limit)
}

// Many at once get exactly what there is.
func TestBudget_Exact(t *testing.T) {
	t.Parallel()
	b := New(100)
	stand := time.Now()
	b.now = func() time.Time { return stand }
	var mu sync.Mutex
	won := 0
	var wg sync.WaitGroup
	for range 300 {
		wg.Go(func() {
			if _, err := b.Take("a", 1); err == nil {
				mu.Lock()
				won++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	require.Equal(t, 100, won)
}

// Who is forgotten gets a whole budget; nobody can fill the memory.
func TestBudget_Bounded(t *testing.T) {
	t.Parallel()
	b := New(1)
	for i := range callers + 500 {
		_, err := b.Take(fmt.Sprint(i), 1)
		require.NoError(t, err)
	}
	require.Equal(t, callers, b.full.Len())
}
