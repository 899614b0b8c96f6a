package pgprov

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

var (
	errDown = errors.New("down")
	errSlow = errors.New("slow")
)

// refusals is how long the breaker lets nobody try.
func refusals(t *testing.T, b *breaker) time.Duration {
	t.Helper()
	began := time.Now()
	for {
		err := b.enter(t.Context())
		if err == nil {
			return time.Since(began)
		}
		require.ErrorIs(t, err, errDown, "what the last attempt was told")
		time.Sleep(time.Millisecond) //nolint:forbidigo // within synctest
	}
}

func TestBreaker_PausesGrowAndEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &breaker{slow: errSlow}
		require.NoError(t, b.enter(t.Context()))
		require.True(t, b.leave(errDown, false), "the first failure is news")
		want := firstRest
		for range 12 {
			got := refusals(t, b) // and then this is the one who tries
			require.GreaterOrEqual(t, got, want/2)
			require.LessOrEqual(t, got, want+time.Millisecond)
			require.ErrorIs(t, b.enter(t.Context()), errDown, "one at a time")
			require.False(t, b.leave(errDown, false))
			want = min(2*want, maxRest)
		}
		require.Equal(t, maxRest, want)

		refusals(t, b)
		require.True(t, b.leave(nil, false), "being back is news")
		for range 100 {
			require.NoError(t, b.enter(t.Context()), "and everybody may come")
		}
		require.False(t, b.leave(nil, false))
		require.True(t, b.leave(errDown, false))
		require.LessOrEqual(t, refusals(t, b), firstRest+time.Millisecond, "from the beginning")
	})
}

func TestBreaker_AttemptsThatBeganTogetherAreOneFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &breaker{slow: errSlow}
		require.NoError(t, b.enter(t.Context()))
		b.leave(nil, false)
		for range 16 {
			require.NoError(t, b.enter(t.Context()))
		}
		for i := range 16 {
			require.Equal(t, i == 0, b.leave(errDown, false))
		}
		require.LessOrEqual(t, refusals(t, b), firstRest+time.Millisecond)
	})
}

func TestBreaker_NobodyKnowsTheServerYet(t *testing.T) {
	for name, tc := range map[string]struct {
		outcome error
		after   time.Duration // how long the first attempt takes
		want    error         // what the others are told
		waited  time.Duration
	}{
		"it is there":                     {nil, 10 * time.Millisecond, nil, 10 * time.Millisecond},
		"it is down":                      {errDown, 10 * time.Millisecond, errDown, 10 * time.Millisecond},
		"it does not answer":              {errDown, 5 * time.Second, errSlow, patience},
		"it does not answer for a moment": {nil, patience - time.Millisecond, nil, patience - time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := &breaker{slow: errSlow}
				require.NoError(t, b.enter(t.Context()))
				var first sync.WaitGroup
				defer first.Wait()
				first.Go(func() {
					time.Sleep(tc.after) //nolint:forbidigo // within synctest
					b.leave(tc.outcome, false)
				})
				began := time.Now()
				answers := make(chan error)
				for range 20 {
					go func() { answers <- b.enter(t.Context()) }()
				}
				for range 20 {
					require.Equal(t, tc.want, <-answers)
				}
				require.Equal(t, tc.waited, time.Since(began))
				if tc.after > patience {
					require.ErrorIs(t, b.enter(t.Context()), errSlow)
					require.Equal(t, tc.waited, time.Since(began), "who comes later does not wait at all")
				}
			})
		})
	}
}

func TestBreaker_WhatTellsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &breaker{slow: errSlow}
		require.NoError(t, b.enter(t.Context()))
		ctx, cancel := context.WithCancel(t.Context())
		gone := make(chan error)
		go func() { gone <- b.enter(ctx) }()
		synctest.Wait()
		cancel()
		require.ErrorIs(t, <-gone, context.Canceled)
		require.False(t, b.leave(errDown, true), "the caller gave up, or the server had its say")
		require.NoError(t, b.enter(t.Context()), "the next one tries")
		b.leave(nil, false)
		require.NoError(t, b.enter(t.Context()))
		b.leave(errDown, true)
		require.NoError(t, b.enter(t.Context()))
		time.Sleep(trusted) //nolint:forbidigo // within synctest
		require.NoError(t, b.enter(t.Context()))
		next := make(chan error)
		go func() { next <- b.enter(t.Context()) }()
		synctest.Wait()
		b.leave(nil, false)
		require.NoError(t, <-next, "after a quiet time one goes ahead")
	})
}
