package live_test

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/live"
)

// Rights that were taken away without a word are noticed by the next look, half a second after
// the last, whenever that was.
func TestLive_RightsAreLookedUpTwiceASecond(t *testing.T) {
	t.Parallel()
	for _, at := range []time.Duration{0, 300 * time.Millisecond, 510 * time.Millisecond, 990 * time.Millisecond, 5010 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			var taken atomic.Bool
			hub := live.NewHub(live.Config{
				Log: slog.New(slog.DiscardHandler),
				Actors: func(_ context.Context, who []actor.Identity) (map[actor.Identity]*actor.Actor, error) {
					now := map[actor.Identity]*actor.Actor{}
					for _, one := range who {
						if !taken.Load() {
							now[one] = &actor.Actor{User: one.User}
						}
					}
					return now, nil
				},
			})
			c := &wire{}
			_, err := hub.Open(context.Background(), actor.Request{}, func(conn *live.Conn) live.Wire { c.conn = conn; return c })
			require.NoError(t, err)
			defer c.conn.Closed()
			require.NoError(t, c.conn.Acknowledge(&actor.Actor{User: tenant().User}))
			pass(at)
			synctest.Wait()
			require.False(t, c.conn.IsClosing())
			taken.Store(true)
			pass(500*time.Millisecond + time.Nanosecond)
			synctest.Wait()
			require.Equal(t, live.Revoked, c.conn.Reason(), "after %v", at)
		})
	}
}
