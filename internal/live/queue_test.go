package live_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/live"
)

// LATEST: of what a client does not read, the newest waits; others are not delayed.
func TestLive_Latest(t *testing.T) {
	t.Parallel()
	for _, query := range []string{"subscription { shared { n } }", "subscription { shared: own { n } }"} {
		inWorld(t, live.Limits{WriteTimeout: time.Hour, PingEvery: time.Hour}, func(w *world) {
			a := tenant(actor.JobsRead)
			stuck, quick := w.subscribe(a, query, nil), w.subscribe(colleague(a), query, nil)
			free := stuck.stick()
			for n := range 1000 {
				w.source.publish(n)
				pass(pause)
				synctest.Wait()
				require.Less(t, w.hub.QueuedBytes(), 1000)
				got := quick.seen()
				require.Equal(t, gauge(n), got[len(got)-1])
			}
			before := len(stuck.seen())
			free()
			synctest.Wait()
			got := stuck.seen()
			require.LessOrEqual(t, len(got)-before, 2, "what was being written, and the newest")
			require.Equal(t, gauge(999), got[len(got)-1])
		})
	}
}

// ORDERED: the source waits for its reader, and nothing is lost.
func TestLive_Ordered(t *testing.T) {
	t.Parallel()
	inWorld(t, live.Limits{WriteTimeout: time.Hour, PingEvery: time.Hour, StreamEvents: 8}, func(w *world) {
		c := w.subscribe(nil, "subscription { each { n } }", nil)
		free := c.stick()
		published := make(chan struct{})
		go func() {
			defer close(published)
			for n := range 500 {
				w.source.mu.Lock()
				var to chan int
				for s := range w.source.streams {
					to = s
				}
				w.source.mu.Unlock()
				to <- n
			}
		}()
		synctest.Wait()
		select {
		case <-published:
			t.Fatal("the source was not held back")
		default:
		}
		require.Less(t, w.hub.QueuedBytes(), 9*200)
		free()
		<-published
		pass(pause)
		synctest.Wait()
		require.Len(t, c.seen(), 501)
		require.True(t, strings.HasSuffix(c.seen()[500], `{"n":499}}}`))
	})
}

// Events are written at once to a connection that is idle, and gathered on a busy one.
func TestLive_Coalescing(t *testing.T) {
	t.Parallel()
	inWorld(t, live.Limits{}, func(w *world) {
		c := w.subscribe(nil, "subscription { each { n } }", nil)
		pass(pause)
		w.source.publish(0)
		require.Len(t, c.seen(), 2, "at once")
		w.source.publish(1)
		w.source.publish(2)
		require.Len(t, c.seen(), 2, "busy")
		pass(10 * time.Millisecond)
		synctest.Wait()
		require.Len(t, c.seen(), 4, "and not for long")
	})
}
