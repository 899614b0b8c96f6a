package natsbus_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/events"
	"github.com/mpanel/mpanel/internal/events/membus"
	"github.com/mpanel/mpanel/internal/events/natsbus"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/testkit"
	"github.com/mpanel/mpanel/internal/testkit/natsd"
)

const soon = 10 * time.Second

// A note is what the tests publish.
type note struct {
	Topic string `json:"topic"`
	N     int    `json:"n"`
	Text  string `json:"text"`
}

func kinds() map[string]natsbus.Kind {
	k := natsbus.KindOf(
		func(n *note) note { return *n },
		func(topic string, n note) (*note, bool) { return &n, n.Topic == topic },
	)
	return map[string]natsbus.Kind{"note": k, "": k, "note *": k, "note>": k}
}

var key = bytes.Repeat([]byte{7}, 32)

const prefix = "mpanel.test"

// A node is a bus with its log.
type node struct {
	*natsbus.Bus
	log *lockedBuffer
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func open(t testing.TB, servers secret.Text, change ...func(*natsbus.Config)) node {
	t.Helper()
	n := node{log: new(lockedBuffer)}
	c := natsbus.Config{Servers: servers, Prefix: prefix, Key: key, Node: t.Name(), Kinds: kinds(), Log: slog.New(slog.NewTextHandler(n.log, nil))}
	for _, f := range change {
		f(&c)
	}
	var err error
	n.Bus, err = natsbus.Open(c)
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), soon)
		defer cancel()
		n.Close(ctx)
	})
	return n
}

// quick finds out within a second that NATS does not answer.
func quick(c *natsbus.Config) {
	c.PingEvery, c.WriteTimeout = 200*time.Millisecond, 200*time.Millisecond
}

// value is a metric's value, with its labels' values behind a space.
func (n node) value(t testing.TB, name string) float64 {
	t.Helper()
	v, err := n.read(name)
	require.NoError(t, err)
	return v
}

func (n node) read(name string) (float64, error) {
	r := prometheus.NewPedanticRegistry()
	r.MustRegister(n.Bus)
	families, err := r.Gather()
	if err != nil {
		return 0, err
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			full := f.GetName()
			for _, l := range m.GetLabel() {
				full += " " + l.GetValue()
			}
			if full == "mpanel_bus_"+name {
				return m.GetGauge().GetValue() + m.GetCounter().GetValue(), nil
			}
		}
	}
	return 0, fmt.Errorf("there is no metric %s", name)
}

func (n node) wait(t testing.TB, name string, want float64) {
	t.Helper()
	require.Eventually(t, func() bool { return n.value(t, name) == want }, soon, 5*time.Millisecond, "%s is %v", name, want)
}

func (n node) connected(t testing.TB) node {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	require.NoError(t, n.Ping(ctx))
	return n
}

func (n node) say(topic string, i int) { n.Publish(topic, &note{Topic: topic, N: i}) }

// next is the message that comes next.
func next(t testing.TB, c <-chan any) *note {
	t.Helper()
	select {
	case m := <-c:
		n, ok := m.(*note)
		require.True(t, ok, "%T", m)
		return n
	case <-time.After(soon):
		require.FailNow(t, "nothing came")
		return nil
	}
}

// reach waits until what a publishes on a topic gets to b, whose subscriber's
// channel is then empty.
func reach(t testing.TB, a node, topic string, c <-chan any) {
	t.Helper()
	deadline := time.After(soon)
	for probe := -1; ; probe-- {
		a.say(topic, probe)
		again := time.After(50 * time.Millisecond)
		for waiting := true; waiting; {
			select {
			case m := <-c:
				if n, ok := m.(*note); ok && n.N == probe {
					return // the last that was sent
				}
			case <-again:
				waiting = false
			case <-deadline:
				require.FailNow(t, "nothing gets through")
			}
		}
	}
}

func TestBus_BetweenNodes(t *testing.T) {
	t.Parallel()
	s := natsd.Start(t)
	a, b := open(t, s.URL()).connected(t), open(t, s.URL()).connected(t)
	baseline := s.Now().NumSubscriptions()
	there, endThere := b.Subscribe("note.1")
	here, endHere := a.Subscribe("note.1")
	defer endHere()
	other, endOther := b.Subscribe("note.2")
	defer endOther()
	reach(t, a, "note.1", there)
	for len(here) > 0 {
		<-here
	}

	for i := range 100 {
		sent := &note{Topic: "note.1", N: i, Text: "ä"}
		a.Publish("note.1", sent)
		require.Same(t, sent, next(t, here), "within the node it is what was published")
		require.Equal(t, sent, next(t, there))
	}
	b.say("note.1", 1000)
	require.Equal(t, 1000, next(t, here).N)
	require.Equal(t, 1000, next(t, there).N)
	a.say("note.1", 1001) // behind whatever would come twice
	require.Equal(t, 1001, next(t, here).N, "once within the node")
	require.Equal(t, 1001, next(t, there).N, "once on the other")
	require.Empty(t, other, "nothing of another topic")

	endThere()
	endThere() // twice does no harm
	b.wait(t, "topics", 1)
	require.Eventually(t, func() bool { return s.Now().NumSubscriptions() == baseline+2 }, soon, time.Millisecond, "NATS knows that nobody listens")
}

func TestBus_OneNATSSubscriptionForEachTopic(t *testing.T) {
	t.Parallel()
	const topics, subscribers = 1000, 5
	s := natsd.Start(t)
	a, b := open(t, s.URL()).connected(t), open(t, s.URL()).connected(t)
	baseline := s.Now().NumSubscriptions()
	before := runtime.NumGoroutine()
	var ends []func()
	streams := map[string][]<-chan any{}
	for i := range topics {
		for range subscribers {
			name := fmt.Sprintf("note.%d", i)
			c, end := b.Subscribe(name)
			streams[name], ends = append(streams[name], c), append(ends, end)
		}
	}
	require.Eventually(t, func() bool { return s.Now().NumSubscriptions() == baseline+topics }, soon, time.Millisecond)
	require.Less(t, runtime.NumGoroutine(), before+topics/10, "a topic costs no goroutine")
	require.InDelta(t, topics, b.value(t, "topics"), 0)
	for name := range streams {
		a.say(name, 1)
		a.say(name, 2)
	}
	for name, list := range streams {
		for _, c := range list {
			require.Equal(t, &note{Topic: name, N: 1}, next(t, c))
			require.Equal(t, &note{Topic: name, N: 2}, next(t, c))
		}
	}
	require.InDelta(t, 2*topics, b.value(t, "received_messages_total"), 0, "one message for each node and topic, however many subscribe")
	for _, end := range ends {
		end()
	}
	require.Eventually(t, func() bool { return s.Now().NumSubscriptions() == baseline }, soon, time.Millisecond)
	require.Zero(t, b.value(t, "topics"))
}

// Names of topics mean nothing to NATS, whatever is in them.
func TestBus_TopicsOfAnyName(t *testing.T) {
	t.Parallel()
	s := natsd.Start(t)
	a, b := open(t, s.URL()).connected(t), open(t, s.URL()).connected(t)
	names := []string{
		"", ".", "note.", "note..a", "note.a b", "note.*", "note.>", "note *", "note>", "note.a\r\nPUB x 0\r\n", "note.%2A", "note.ä", "note.a", "note.A", "note.\x00",
		"note." + strings.Repeat("long", 2000), "note." + strings.Repeat("long", 2000) + "er",
	}
	streams := map[string]<-chan any{}
	for _, name := range names {
		c, end := b.Subscribe(name)
		defer end()
		streams[name] = c
		reach(t, a, name, c)
	}
	for i, name := range names {
		a.say(name, i)
		require.Equal(t, i, next(t, streams[name]).N, "%.40q", name)
	}
	for name, c := range streams {
		require.Empty(t, c, "%.40q got what is another's", name)
	}
}

func TestBus_ServerRestarts(t *testing.T) {
	t.Parallel()
	s := natsd.Start(t)
	a, b := open(t, s.URL(), quick).connected(t), open(t, s.URL(), quick).connected(t)
	c, end := b.Subscribe("note.1")
	defer end()
	own, endOwn := a.Subscribe("note.1")
	defer endOwn()
	reach(t, a, "note.1", c)
	for range 3 {
		s.Stop()
		a.wait(t, "connected", 0)
		for len(own) > 0 {
			<-own
		}
		a.say("note.1", 1)
		require.Equal(t, 1, next(t, own).N, "the node's own go on")
		s.Start()
		a.connected(t)
		b.connected(t)
		reach(t, a, "note.1", c)
	}
	require.InDelta(t, 4, a.value(t, "connects_total"), 0)
}

// NATS may come later than the panel.
func TestBus_ServerIsNotThereYet(t *testing.T) {
	t.Parallel()
	s := natsd.Start(t)
	s.Stop()
	a, b := open(t, s.URL()), open(t, s.URL())
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	err := a.Ping(ctx)
	require.ErrorContains(t, err, "NATS does not answer")
	c, end := b.Subscribe("note.1")
	defer end()
	s.Start()
	a.connected(t)
	b.connected(t)
	reach(t, a, "note.1", c)
	require.Contains(t, a.log.String(), "NATS does not answer")
	require.Contains(t, a.log.String(), "connected to NATS")
}

// What is kept while NATS is away is bounded, and what is beyond is counted.
func TestBus_AwayForLong(t *testing.T) {
	t.Parallel()
	s := natsd.Start(t)
	s.Stop()
	a := open(t, s.URL())
	own, end := a.Subscribe("note.1")
	defer end()
	for i := range 20_000 {
		a.Publish("note.1", &note{Topic: "note.1", N: i, Text: strings.Repeat("x", 200)})
		require.Equal(t, i, next(t, own).N)
	}
	a.wait(t, "waiting_messages", 0)
	lost := a.value(t, "lost_messages_total away") + a.value(t, "lost_messages_total queue_full")
	require.InDelta(t, 20_000, lost+a.value(t, "sent_messages_total"), 0, "each is counted")
	require.Greater(t, lost, 15_000.0, "a MiB is about 4,000 of them")
	require.Less(t, lost, 20_000.0)
}

// A network that swallows everything holds nobody up who publishes or subscribes.
func TestBus_NetworkSwallowsEverything(t *testing.T) {
	t.Parallel()
	s := natsd.Start(t)
	relay, addr := testkit.NewRelay(t, "tcp", "127.0.0.1:0", s.Address())
	patient := func(c *natsbus.Config) { c.PingEvery, c.WriteTimeout = time.Hour, time.Hour }
	a, b := open(t, natsd.URL(addr.String()), patient).connected(t), open(t, s.URL()).connected(t)
	c, end := b.Subscribe("note.1")
	defer end()
	reach(t, a, "note.1", c)
	relay.Cut()
	large := strings.Repeat("x", 30_000)
	done := make(chan int)
	go func() { // a write that waits would wait for an hour
		n := 0
		for {
			if lost, err := a.read("lost_messages_total queue_full"); lost > 0 || err != nil {
				break
			}
			for range 10 {
				a.Publish("note.1", &note{Topic: "note.1", N: n, Text: large})
				n++
			}
		}
		for i := range 200 {
			_, end := a.Subscribe(fmt.Sprintf("note.%d", i%100))
			a.Publish("note.1", &note{Topic: "note.1", Text: large})
			end()
		}
		done <- n
	}()
	select {
	case n := <-done:
		testkit.Reportf(t, "bus: %d messages of 30 KB were taken by a network that swallows them before the first one was lost", n)
	case <-time.After(6 * soon):
		require.Fail(t, "somebody waits for NATS")
	}
	require.GreaterOrEqual(t, a.value(t, "lost_messages_total queue_full"), 200.0, "each is counted")
	relay.To(testkit.Closed) // the sender is told
	relay.Mend()
	relay.To(s.Address())
	a.connected(t)
	a.wait(t, "waiting_messages", 0)
	after, endAfter := b.Subscribe("note.2")
	defer endAfter()
	reach(t, a, "note.2", after)
	a.wait(t, "topics", 0)
}

// The server cuts a node off that does not read; the others have everything.
func TestBus_SlowNode(t *testing.T) {
	t.Parallel()
	s := natsd.Start(t, func(o *server.Options) {
		o.MaxPayload, o.MaxPending, o.WriteDeadline = 64<<10, 128<<10, 100*time.Millisecond
	})
	relay, addr := testkit.NewRelay(t, "tcp", "127.0.0.1:0", s.Address())
	a, healthy := open(t, s.URL()).connected(t), open(t, s.URL()).connected(t)
	slow := open(t, natsd.URL(addr.String()), quick).connected(t)
	c, end := healthy.Subscribe("note.1")
	defer end()
	_, endFlooded := slow.Subscribe("note.1")
	defer endFlooded()
	behind, endBehind := slow.Subscribe("note.2")
	defer endBehind()
	reach(t, a, "note.1", c)
	reach(t, a, "note.2", behind)
	relay.Cut()
	sent := 0
	for began := time.Now(); s.Now().NumSlowConsumers() == 0; sent++ {
		require.Less(t, time.Since(began), soon, "the server does not cut it off")
		a.Publish("note.1", &note{Topic: "note.1", N: sent, Text: strings.Repeat("x", 30_000)})
		require.Equal(t, sent, next(t, c).N, "who reads misses none")
	}
	relay.Mend()
	slow.wait(t, "connects_total", 2)
	reach(t, a, "note.2", behind)
}

// Who does not read on a node delays nobody on it.
func TestBus_SlowSubscriber(t *testing.T) {
	t.Parallel()
	s := natsd.Start(t)
	a, b := open(t, s.URL()).connected(t), open(t, s.URL()).connected(t)
	c, end := b.Subscribe("note.1")
	defer end()
	reach(t, a, "note.1", c)
	slow, endSlow := b.Subscribe("note.1")
	defer endSlow()
	for i := range 500 {
		a.say("note.1", i)
		require.Equal(t, i, next(t, c).N)
	}
	require.Len(t, slow, membus.Buffer)
	require.Zero(t, next(t, slow).N, "in order from the first")
}

// Close sends what waits, and leaves nothing behind.
func TestBus_CloseDrains(t *testing.T) {
	t.Parallel()
	s := natsd.Start(t)
	b := open(t, s.URL()).connected(t)
	c, end := b.Subscribe("note.1")
	defer end()
	for range 20 {
		a := open(t, s.URL()).connected(t)
		reach(t, a, "note.1", c)
		const burst = membus.Buffer // which the subscriber is sure to have
		for i := range burst {
			a.say("note.1", i)
		}
		ctx, cancel := context.WithTimeout(t.Context(), soon)
		a.Close(ctx)
		cancel()
		for i := range burst {
			require.Equal(t, i, next(t, c).N)
		}
		own, endOwn := a.Subscribe("note.1")
		a.say("note.1", 1)
		require.Equal(t, 1, next(t, own).N, "within the node it goes on")
		endOwn()
		require.Positive(t, a.value(t, "lost_messages_total away"))
		require.Error(t, a.Ping(t.Context()))
	}
	require.Eventually(t, func() bool { return s.Now().NumClients() == 1 }, soon, time.Millisecond)
}

func TestBus_CloseWhileAway(t *testing.T) {
	t.Parallel()
	s := natsd.Start(t)
	relay, addr := testkit.NewRelay(t, "tcp", "127.0.0.1:0", s.Address())
	a := open(t, natsd.URL(addr.String())).connected(t)
	relay.Cut()
	for i := range 1000 {
		a.say("note.1", i)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	a.Close(ctx)
	require.Less(t, time.Since(began), 5*time.Second)
	s.Stop()
	never := open(t, s.URL())
	never.Close(t.Context())
}

func TestOpen_WhatCannotBe(t *testing.T) {
	t.Parallel()
	_, err := natsbus.Open(natsbus.Config{Servers: secret.New("http://x"), Key: key})
	require.ErrorContains(t, err, "neither nats nor tls")
	_, err = natsbus.Open(natsbus.Config{Servers: secret.New("nats://127.0.0.1"), Key: key[:16]})
	require.ErrorContains(t, err, "key")
}

// Comings and goings on many goroutines end with NATS knowing what is wanted.
func TestBus_ComingAndGoing(t *testing.T) {
	t.Parallel()
	s := natsd.Start(t)
	a, b := open(t, s.URL()).connected(t), open(t, s.URL()).connected(t)
	baseline := s.Now().NumSubscriptions()
	var wg sync.WaitGroup
	var heard atomic.Int64
	stay, endStay := b.Subscribe("note.0")
	defer endStay()
	for g := range 8 {
		wg.Go(func() {
			for i := range 200 {
				name := fmt.Sprintf("note.%d", (g+i)%10)
				c, end := b.Subscribe(name)
				a.say(name, i)
				select {
				case <-c:
					heard.Add(1)
				default:
				}
				end()
			}
		})
	}
	wg.Wait()
	for len(stay) > 0 {
		<-stay
	}
	reach(t, a, "note.0", stay)
	require.Eventually(t, func() bool { return s.Now().NumSubscriptions() == baseline+1 }, soon, time.Millisecond)
	b.wait(t, "topics", 1)
}

var _ events.Bus = (*natsbus.Bus)(nil)
