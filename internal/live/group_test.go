package live_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/99designs/gqlgen/graphql"
	gqlexecutor "github.com/99designs/gqlgen/graphql/executor"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/live"
)

// A wire keeps what it is given. While it is stuck, a write does not end.
type wire struct {
	conn *live.Conn

	mu    sync.Mutex
	stuck chan struct{}
	got   []string
	ended bool
}

func (w *wire) Flush(wait bool) bool {
	for {
		w.mu.Lock()
		stuck := w.stuck
		w.mu.Unlock()
		if stuck != nil && !wait {
			return false
		}
		list := w.conn.Take(nil)
		if len(list) == 0 {
			return true
		}
		if stuck != nil {
			<-stuck
		}
		w.mu.Lock()
		for _, m := range list {
			switch m.Kind {
			case live.Next, live.Data:
				w.got = append(w.got, string(m.Answer(nil)))
			case live.Error:
				w.got = append(w.got, string(m.Body))
			case live.Complete:
				w.got = append(w.got, "complete")
			case live.Control, live.End:
				w.ended = w.ended || m.Kind == live.End
			}
		}
		w.mu.Unlock()
	}
}

func (w *wire) Ping()  {}
func (w *wire) Break() { go w.conn.Closed() }

func (w *wire) seen() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.got)
}

func (w *wire) stick() (free func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := make(chan struct{})
	w.stuck = c
	return func() {
		w.mu.Lock()
		w.stuck = nil
		w.mu.Unlock()
		close(c)
	}
}

type world struct {
	*testing.T
	hub    *live.Hub
	source *source
	exec   traced
	wires  []*wire
}

// traced is gqlgen's executor, which asks when an operation began.
type traced struct{ *gqlexecutor.Executor }

func (e traced) CreateOperationContext(ctx context.Context, params *graphql.RawParams) (*graphql.OperationContext, gqlerror.List) {
	return e.Executor.CreateOperationContext(graphql.StartOperationTrace(ctx), params)
}

// inWorld runs a test where time passes only when all wait.
func inWorld(t *testing.T, l live.Limits, test func(*world)) {
	t.Helper()
	t.Run("a stream for each", func(t *testing.T) { inOneWorld(t, l, false, test) })
	t.Run("streams in common", func(t *testing.T) { inOneWorld(t, l, true, test) })
}

func inOneWorld(t *testing.T, l live.Limits, reads bool, test func(*world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{T: t, hub: live.NewHub(live.Config{Limits: l, Log: slog.New(slog.DiscardHandler)}), source: newSource(t)}
		w.exec, w.source.reads = traced{gqlexecutor.New(w.source)}, reads
		defer func() {
			for _, c := range w.wires {
				c.conn.Closed()
			}
			synctest.Wait()
			assert.Zero(t, w.source.open(), "no source is left")
			assert.Zero(t, w.hub.QueuedBytes())
		}()
		test(w)
	})
}

// subscribe opens a connection and an operation on it.
func (w *world) subscribe(who *actor.Actor, query string, vars map[string]any) *wire {
	w.Helper()
	c := &wire{}
	var err error
	_, err = w.hub.Open(context.Background(), actor.Request{IP: "192.0.2.1"}, func(conn *live.Conn) live.Wire { c.conn = conn; return c })
	require.NoError(w, err)
	w.wires = append(w.wires, c)
	require.NoError(w, c.conn.Acknowledge(who))
	op, err := c.conn.Begin("1")
	require.NoError(w, err)
	go op.Run(w.exec, &graphql.RawParams{Query: query, Variables: vars})
	synctest.Wait()
	return c
}

func tenant(p ...actor.Permission) *actor.Actor {
	return &actor.Actor{User: ident.NewUserID(), Grants: []actor.Grant{{Customer: ident.NewCustomerID(), Permissions: p}}}
}

// colleague may do the same.
func colleague(a *actor.Actor) *actor.Actor {
	return &actor.Actor{User: ident.NewUserID(), Grants: a.Grants}
}

// pinned may do the same with one object alone.
func pinned(a *actor.Actor) *actor.Actor {
	return &actor.Actor{User: ident.NewUserID(), Grants: a.Grants, Pins: []uuid.UUID{uuid.New()}}
}

// gauge is an event of shared, to the byte.
func gauge(n int) string { return answerTo("shared", n) }

func answerTo(name string, n int) string { return fmt.Sprintf(`{"data":{%q:{"n":%d}}}`, name, n) }

const pause = 20 * time.Millisecond // longer than events are gathered

func TestLive_OneExecutionForAllWhoMayDoTheSame(t *testing.T) {
	t.Parallel()
	inWorld(t, live.Limits{}, func(w *world) {
		a := tenant(actor.JobsRead)
		const clients = 50
		for i := range clients {
			query := "subscription { shared { n } }"
			if i%2 == 0 { // written in another way
				query = "subscription X($s: Int!, $yes: Boolean!) { ...F  } fragment F on Subscription { shared(server: $s) { n @include(if: $yes) } }"
			}
			w.subscribe(colleague(a), query, map[string]any{"s": 1, "yes": true})
		}
		// One execution of each way of writing: a fragment is not looked through at the top.
		want := 2
		if w.source.reads { // one stream for both
			want = 1
		}
		require.Equal(t, want, w.source.open())
		before := w.source.opened
		for n := range 100 {
			w.source.publish(n)
			pass(pause)
			synctest.Wait()
		}
		require.Equal(t, before, w.source.opened)
		for _, c := range w.wires {
			got := c.seen()
			require.Equal(t, gauge(99), got[len(got)-1])
			require.GreaterOrEqual(t, len(got), 101)
		}
		w.source.mu.Lock()
		users := slices.Clone(w.source.users)
		w.source.mu.Unlock()
		require.Len(t, users, clients+want, "each was asked for by its own user, and once for all by no user")
		nobody := 0
		for _, u := range users {
			if u.IsZero() {
				nobody++
			}
		}
		require.Equal(t, want, nobody)
		for _, c := range w.wires[1:] {
			c.conn.Stop("1")
		}
		synctest.Wait()
		require.Equal(t, 1, w.source.open(), "the last member keeps its execution")
		w.source.publish(100)
		pass(pause)
		synctest.Wait()
		require.Contains(t, w.wires[0].seen(), gauge(100))
		require.NotContains(t, w.wires[1].seen(), gauge(100), "nothing after a client's complete")
	})
}

func TestLive_NeverShared(t *testing.T) {
	t.Parallel()
	a, b := tenant(actor.JobsRead), tenant(actor.JobsRead)
	more := &actor.Actor{User: a.User, Grants: []actor.Grant{{Customer: a.Grants[0].Customer, Permissions: []actor.Permission{actor.JobsRead, actor.JobsWrite}}}}
	staff := &actor.Actor{User: a.User, Provider: []actor.Permission{actor.JobsRead}}
	both := &actor.Actor{User: a.User, Provider: staff.Provider, Grants: a.Grants}
	const same = "subscription { shared { n } }"
	// Those that ask for the same of the same have a stream in common, and no execution.
	alike := []string{"another selection", "another order", "another name", "another name within", "a part that is left out"}
	for name, of := range map[string][2]struct {
		who   *actor.Actor
		query string
	}{
		"two tenants":              {{a, same}, {b, same}},
		"other permissions":        {{a, same}, {more, same}},
		"pinned to an object":      {{a, same}, {pinned(a), same}},
		"pinned to two":            {{pinned(a), same}, {pinned(a), same}},
		"staff and a customer":     {{a, same}, {staff, same}},
		"staff with a customer":    {{staff, same}, {both, same}},
		"nobody and somebody":      {{nil, same}, {a, same}},
		"another argument":         {{a, same}, {a, "subscription { shared(server: 2) { n } }"}},
		"another selection":        {{a, same}, {a, "subscription { shared { n m } }"}},
		"another order":            {{a, "subscription { shared { m n } }"}, {a, "subscription { shared { n m } }"}},
		"another name":             {{a, same}, {a, "subscription { x: shared { n } }"}},
		"another name within":      {{a, same}, {a, "subscription { shared { x: n } }"}},
		"a part that is left out":  {{a, same}, {a, "subscription { shared { n m @skip(if: true) } }"}},
		"the viewer's own":         {{a, "subscription { own { n } }"}, {a, "subscription { own { n } }"}},
		"what must not be dropped": {{a, "subscription { each { n } }"}, {a, "subscription { each { n } }"}},
		"the same, shared or not":  {{a, "subscription { eachShared { n } }"}, {a, "subscription { eachShared { n } }"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, live.Limits{}, func(w *world) {
				w.subscribe(of[0].who, of[0].query, nil)
				w.subscribe(of[1].who, of[1].query, nil)
				want := 2
				if w.source.reads && slices.Contains(alike, name) {
					want = 1
				}
				require.Equal(t, want, w.source.open())
			})
		})
	}
}

// Streams whose every event counts have executions of their own, which share what
// is encoded: wherever each stands, if they are asked for alike by the alike.
func TestLive_OrderedShareWhatIsEncoded(t *testing.T) {
	t.Parallel()
	a, b := tenant(actor.JobsRead), tenant(actor.JobsRead)
	type asked struct {
		who   *actor.Actor
		query string
	}
	for name, tc := range map[string]struct {
		first, second asked
		same          bool
	}{
		"colleagues":         {asked{a, "subscription { eachShared { n } }"}, asked{colleague(a), "subscription X { eachShared { n } }"}, true},
		"at other places":    {asked{a, `subscription { eachShared(after: "x", of: 1) { n } }`}, asked{colleague(a), `subscription { eachShared(of: 1, after: "y") { n } }`}, true},
		"of other things":    {asked{a, `subscription { eachShared(of: 1) { n } }`}, asked{colleague(a), `subscription { eachShared(of: 2) { n } }`}, false},
		"another selection":  {asked{a, "subscription { eachShared { n } }"}, asked{colleague(a), "subscription { eachShared { m } }"}, false},
		"two tenants":        {asked{a, "subscription { eachShared { n } }"}, asked{b, "subscription { eachShared { n } }"}, false},
		"nobody, somebody":   {asked{nil, "subscription { eachShared { n } }"}, asked{a, "subscription { eachShared { n } }"}, false},
		"the viewer's alone": {asked{a, "subscription { each { n } }"}, asked{a, "subscription { each { n } }"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, live.Limits{}, func(w *world) {
				first := w.subscribe(tc.first.who, tc.first.query, nil)
				w.subscribe(tc.second.who, tc.second.query, nil)
				require.Equal(t, 2, w.source.open(), "each at its own place")
				got := w.source.shared
				require.Equal(t, tc.same, got[0] != nil && got[0] == got[1])
				first.conn.Closed()
				w.wires[1].conn.Closed()
				synctest.Wait()
				w.subscribe(tc.first.who, tc.first.query, nil)
				if got := w.source.shared; got[0] != nil {
					require.NotSame(t, got[0], got[2], "what nobody shares is forgotten")
				}
			})
		})
	}
}

// Whoever joins is asked about by an execution of its own, also when others may.
func TestLive_EachJoinIsAuthorized(t *testing.T) {
	t.Parallel()
	inWorld(t, live.Limits{}, func(w *world) {
		a := tenant(actor.JobsRead)
		refused := colleague(a)
		w.source.refuse = refused.User
		first := w.subscribe(a, "subscription { shared { n } }", nil)
		second := w.subscribe(refused, "subscription { shared { n } }", nil)
		w.source.publish(1)
		pass(pause)
		synctest.Wait()
		require.Contains(t, first.seen(), gauge(1))
		require.Len(t, second.seen(), 2)
		require.Contains(t, second.seen()[0], "not yours")
		require.Equal(t, "complete", second.seen()[1])
	})
}

// What was completed and is not over counts: else a client could begin without end
// what never looks whether anybody still wants it.
func TestLive_ExecutionsThatAreNotOver(t *testing.T) {
	t.Parallel()
	inWorld(t, live.Limits{Operations: 3}, func(w *world) {
		c := w.subscribe(nil, "subscription { own { n } }", nil)
		w.source.hold = make(chan struct{})
		for i := range 2 {
			id := fmt.Sprint("held", i)
			op, err := c.conn.Begin(id)
			require.NoError(t, err)
			go op.Run(w.exec, &graphql.RawParams{Query: "subscription { own { n } }"})
			synctest.Wait()
			c.conn.Stop(id)
		}
		_, err := c.conn.Begin("more")
		require.ErrorIs(t, err, live.ErrTooManyOperations)
		close(w.source.hold)
		synctest.Wait()
		w.source.hold = nil
		op, err := c.conn.Begin("more")
		require.NoError(t, err, "now they are over")
		go op.Run(w.exec, &graphql.RawParams{Query: "subscription { own { n } }"})
		synctest.Wait()
	})
}

// Refusals are bounded as everything else is: who asks for more than it reads is cut.
func TestLive_RefusalsThatNobodyReads(t *testing.T) {
	t.Parallel()
	inWorld(t, live.Limits{WriteTimeout: time.Hour, PingEvery: time.Hour, QueueBytes: 4096}, func(w *world) {
		for query, exec := range map[string]graphql.GraphExecutor{"{": w.exec, "subscription { each { n } }": fruitless{w.exec, 0}, "subscription { own { n } }": fruitless{w.exec, 1}} {
			c := w.subscribe(nil, "subscription { own { n } }", nil)
			free := c.stick()
			for i := 0; i < 1000 && !c.conn.IsClosing(); i++ {
				op, err := c.conn.Begin(fmt.Sprint("bad", i))
				require.NoError(t, err)
				go op.Run(exec, &graphql.RawParams{Query: query})
				synctest.Wait()
				require.Less(t, w.hub.QueuedBytes(), 5000)
			}
			require.Equal(t, live.Slow, c.conn.Reason(), query)
			free()
		}
	})
}

// A fruitless executor's streams are over after as many answers, of which there need not be
// room for any.
type fruitless struct {
	graphql.GraphExecutor

	answers int
}

func (e fruitless) DispatchOperation(ctx context.Context, _ *graphql.OperationContext) (graphql.ResponseHandler, context.Context) {
	left := e.answers
	return func(context.Context) *graphql.Response {
		if left--; left < 0 {
			return nil
		}
		return &graphql.Response{Data: []byte(`{"own":{"n":1}}`)}
	}, ctx
}

// What waits of a stream that was completed is forgotten at once.
func TestLive_WhatWaitsOfACompletedStream(t *testing.T) {
	t.Parallel()
	inWorld(t, live.Limits{WriteTimeout: time.Hour, PingEvery: time.Hour}, func(w *world) {
		for _, query := range []string{"subscription { own { n } }", "subscription { each { n } }", "subscription { shared { n } }"} {
			c := w.subscribe(nil, query, nil)
			free := c.stick()
			for n := range 3 {
				w.source.publish(n)
				pass(pause)
				synctest.Wait()
			}
			require.Positive(t, w.hub.QueuedBytes(), query)
			c.conn.Stop("1")
			require.Zero(t, w.hub.QueuedBytes(), query)
			free()
			synctest.Wait()
		}
	})
}

func TestHub_Times(t *testing.T) {
	t.Parallel()
	inWorld(t, live.Limits{}, func(w *world) {
		nobody := &wire{}
		var err error
		_, err = w.hub.Open(context.Background(), actor.Request{}, func(conn *live.Conn) live.Wire { nobody.conn = conn; return nobody })
		require.NoError(t, err)
		w.wires = append(w.wires, nobody)
		pass(5*time.Second - 300*time.Millisecond)
		require.False(t, nobody.conn.IsClosing())
		pass(600 * time.Millisecond)
		require.Equal(t, live.InitTimeout, nobody.conn.Reason())

		silent := w.subscribe(nil, "subscription { each { n } }", nil)
		pass(39 * time.Second)
		require.False(t, silent.conn.IsClosing())
		pass(2 * time.Second)
		require.Equal(t, live.Silent, silent.conn.Reason())

		stuck := w.subscribe(nil, "subscription { each { n } }", nil)
		free := stuck.stick()
		w.source.publish(1)
		pass(9 * time.Second)
		require.False(t, stuck.conn.IsClosing())
		pass(2 * time.Second)
		require.Equal(t, live.Slow, stuck.conn.Reason())
		free()
	})
}

// pass lets time pass, which takes none.
func pass(d time.Duration) { <-time.After(d) }
