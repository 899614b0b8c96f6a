package live_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/gqlerror"

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

// Answers that wait for room are counted, and bounded.
func TestLive_AnswersThatNobodyReads(t *testing.T) {
	t.Parallel()
	const size, operations = 1000, 50
	limits := live.Limits{WriteTimeout: time.Hour, PingEvery: time.Hour, QueueBytes: 4 * size, ParkedBytes: 20 * size}
	inWorld(t, limits, func(w *world) {
		ask := func(c *wire, n int) {
			for i := 0; i < n && !c.conn.IsClosing(); i++ {
				op, err := c.conn.Begin(fmt.Sprint("large", i))
				require.NoError(t, err)
				go op.Run(large{w.exec, size}, &graphql.RawParams{Query: "subscription { each { n } }"})
				pass(pause)
				synctest.Wait()
				require.LessOrEqual(t, w.hub.QueuedBytes(), limits.QueueBytes+limits.ParkedBytes+2*size)
			}
		}
		patient := w.subscribe(nil, "subscription { own { n } }", nil)
		free := patient.stick()
		ask(patient, 10)
		require.Greater(t, w.hub.QueuedBytes(), 8*size, "what waits for room, too") // one is being written
		require.False(t, patient.conn.IsClosing())
		free()
		pass(time.Second)
		synctest.Wait()
		require.Zero(t, w.hub.QueuedBytes())
		require.GreaterOrEqual(t, len(patient.seen()), 10)

		greedy := w.subscribe(nil, "subscription { own { n } }", nil)
		free = greedy.stick()
		ask(greedy, operations)
		require.Equal(t, live.Slow, greedy.conn.Reason())
		require.Less(t, w.hub.QueuedBytes(), size, "what waited is forgotten")
		free()
		synctest.Wait()
	})
}

// Of many LATEST streams that nobody reads no more waits than of others.
func TestLive_LatestIsBounded(t *testing.T) {
	t.Parallel()
	const size, streams = 1000, 20
	limits := live.Limits{WriteTimeout: time.Hour, PingEvery: time.Hour, QueueBytes: 6 * size}
	for _, query := range []string{"subscription { shared { n } }", "subscription { shared: own { n } }"} {
		inWorld(t, limits, func(w *world) {
			c := w.subscribe(nil, query, nil)
			exec := large{w.exec, size}
			for i := range streams { // each is another group
				op, err := c.conn.Begin(fmt.Sprint("more", i))
				require.NoError(t, err)
				go op.Run(exec, &graphql.RawParams{Query: strings.Replace(query, "{ n }", fmt.Sprintf("{ n x%d: n }", i), 1)})
				synctest.Wait()
			}
			free := c.stick()
			for n := range 3 {
				w.source.publish(n)
				pass(pause)
				synctest.Wait()
			}
			require.Greater(t, w.hub.QueuedBytes(), limits.QueueBytes/2)
			require.LessOrEqual(t, w.hub.QueuedBytes(), limits.QueueBytes)
			require.False(t, c.conn.IsClosing())
			free()
			synctest.Wait()
			pass(time.Second)
			w.source.publish(7)
			pass(time.Second)
			synctest.Wait()
			newest := 0
			for _, answer := range c.seen() {
				if strings.Contains(answer, `{"n":7}`) {
					newest++
				}
			}
			require.Positive(t, newest, "it goes on with the newest")
		})
	}
}

// A large executor's answers have so many bytes more.
type large struct {
	graphql.GraphExecutor

	bytes int
}

func (e large) DispatchOperation(ctx context.Context, op *graphql.OperationContext) (graphql.ResponseHandler, context.Context) {
	next, ctx := e.GraphExecutor.DispatchOperation(ctx, op)
	return func(ctx context.Context) *graphql.Response {
		r := next(ctx)
		if r != nil {
			r.Data = append(r.Data, strings.Repeat(" ", e.bytes)...)
		}
		return r
	}, ctx
}

// A text that was found by its hash is there for the group, too, whatever becomes of the
// store meanwhile.
func TestLive_GroupOfAHash(t *testing.T) {
	t.Parallel()
	inWorld(t, live.Limits{}, func(w *world) {
		c := &wire{}
		_, err := w.hub.Open(context.Background(), actor.Request{IP: "192.0.2.1"}, func(conn *live.Conn) live.Wire { c.conn = conn; return c })
		require.NoError(t, err)
		w.wires = append(w.wires, c)
		require.NoError(t, c.conn.Acknowledge(nil))
		op, err := c.conn.Begin("1")
		require.NoError(t, err)
		go op.Run(&forgetful{GraphExecutor: w.exec, text: "subscription { shared { n } }"}, &graphql.RawParams{})
		synctest.Wait()
		w.source.publish(1)
		pass(time.Second)
		synctest.Wait()
		got := c.seen()
		require.Equal(t, gauge(1), got[len(got)-1])
	})
}

// A forgetful executor finds a text once.
type forgetful struct {
	graphql.GraphExecutor

	text string
}

func (e *forgetful) CreateOperationContext(ctx context.Context, params *graphql.RawParams) (*graphql.OperationContext, gqlerror.List) {
	if params.Query == "" {
		params.Query, e.text = e.text, ""
	}
	return e.GraphExecutor.CreateOperationContext(ctx, params)
}
