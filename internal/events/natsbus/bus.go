package natsbus

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/mpanel/mpanel/internal/events"
	"github.com/mpanel/mpanel/internal/events/membus"
	"github.com/mpanel/mpanel/internal/secret"
)

// Bounds of what waits.
const (
	outgoing        = 4096    // messages for NATS
	outgoingBytes   = 4 << 20 // their size
	incoming        = 8192    // messages from NATS
	reconnectBuffer = 1 << 20 // bytes kept for NATS while it is away
)

// Config is what a Bus needs.
type Config struct {
	// Servers is a list of NATS URLs, divided by commas.
	Servers secret.Text
	// Prefix begins all subjects; panels that do not belong together have
	// different ones. It is a NATS subject itself.
	Prefix string
	// Key seals the messages: 32 bytes, the same on every node.
	Key []byte
	// Accepted are keys whose messages are taken as well, while the nodes change
	// from one key to another.
	Accepted [][]byte
	// Node is the name that NATS lists the connection under.
	Node string
	// Kinds are the messages that go from node to node, by their topics' first
	// parts, up to the first dot. What is of no kind stays on its node.
	Kinds map[string]Kind
	Log   *slog.Logger
	// PingEvery is how often a sign of life is asked for; after two without an
	// answer another connection is made [5 s].
	PingEvery time.Duration
	// WriteTimeout is how long a write to NATS may take before another connection
	// is made [2 s].
	WriteTimeout time.Duration
}

// A Bus is safe for concurrent use.
type Bus struct {
	prefix string
	kinds  map[string]Kind
	seal   seal
	log    *slog.Logger
	local  membus.Bus
	conn   *nats.Conn
	counts counts

	out     chan message   // for NATS
	waiting atomic.Int64   // bytes in it
	in      chan *nats.Msg // from NATS
	poke    chan struct{}  // topics came or went
	stop    chan struct{}  // closed when nothing more is to be sent
	sent    chan struct{}  // closed when what waited was
	gone    chan struct{}  // closed when the connection is
	once    sync.Once
	work    sync.WaitGroup
	up      atomic.Bool           // there is a connection; the connection itself may wait for a write before it tells
	last    atomic.Pointer[error] // why there is no connection
	said    sync.Map              // the kinds that were complained of

	mu      sync.Mutex
	topics  map[string]*topic // by subject
	changed map[string]struct{}
}

var _ events.Bus = (*Bus)(nil)

type message struct {
	subject string
	body    []byte
}

// A topic is what somebody on this node subscribes to, or did just now.
type topic struct {
	name        string
	subscribers int
	nats        *nats.Subscription // only the sender's goroutine writes it; nil until NATS knows
}

// Open returns a Bus. NATS need not be there: it is looked for until it is. Errors:
// an address that cannot be one, a key of the wrong length.
func Open(c Config) (*Bus, error) {
	if err := checkServers(c.Servers); err != nil {
		return nil, err
	}
	b := &Bus{
		prefix: c.Prefix, kinds: c.Kinds, log: c.Log, topics: map[string]*topic{}, changed: map[string]struct{}{},
		out: make(chan message, outgoing), in: make(chan *nats.Msg, incoming), poke: make(chan struct{}, 1),
		stop: make(chan struct{}), sent: make(chan struct{}), gone: make(chan struct{}),
	}
	var err error
	if b.seal, err = newSeal(c.Key, c.Accepted...); err != nil {
		return nil, err
	}
	if b.conn, err = nats.Connect(c.Servers.Reveal(), b.options(c)...); err != nil {
		return nil, fmt.Errorf("set up the connection to NATS: %w", err)
	}
	b.work.Go(b.send)
	b.work.Go(b.receive)
	return b, nil
}

func (b *Bus) options(c Config) []nats.Option {
	return []nats.Option{
		nats.Name("mpanel " + c.Node),
		nats.NoEcho(), // the node's own messages are delivered within it
		nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1), nats.IgnoreAuthErrorAbort(),
		nats.Timeout(2 * time.Second), nats.ReconnectWait(250 * time.Millisecond), nats.ReconnectJitter(250*time.Millisecond, 500*time.Millisecond),
		nats.ReconnectBufSize(reconnectBuffer),
		nats.PingInterval(cmp.Or(c.PingEvery, 5*time.Second)), nats.MaxPingsOutstanding(2),
		nats.FlusherTimeout(cmp.Or(c.WriteTimeout, 2*time.Second)),
		nats.ConnectHandler(b.connected), nats.ReconnectHandler(b.connected), nats.DisconnectErrHandler(b.disconnected),
		nats.ReconnectErrHandler(func(_ *nats.Conn, err error) { b.failed(err) }),
		nats.ErrorHandler(b.complained), nats.ClosedHandler(func(*nats.Conn) { close(b.gone) }),
	}
}

func (b *Bus) connected(*nats.Conn) {
	b.counts.connects.Add(1)
	b.last.Store(nil)
	b.up.Store(true)
	b.log.Info("connected to NATS")
}

func (b *Bus) disconnected(_ *nats.Conn, err error) {
	b.up.Store(false)
	if err == nil {
		return // closed by ourselves
	}
	b.last.Store(&err)
	b.log.Warn("the connection to NATS is lost; streams of other nodes are up to a second late until it is back", "error", err)
}

// failed notes why there is no connection. It is logged once until there was one.
func (b *Bus) failed(err error) {
	if before := b.last.Swap(&err); before == nil {
		b.log.Warn("NATS does not answer; streams of other nodes are up to a second late until it does", "error", err)
	}
}

func (b *Bus) complained(_ *nats.Conn, _ *nats.Subscription, err error) {
	if !errors.Is(err, nats.ErrSlowConsumer) { // those messages are counted
		b.log.Warn("NATS complains", "error", err)
	}
}

// Publish implements events.Bus.
func (b *Bus) Publish(topic string, m any) {
	b.local.Publish(topic, m)
	name := kindOf(topic)
	kind, ok := b.kinds[name]
	if !ok {
		b.unregistered(name)
		return
	}
	body, err := kind.encode(m)
	if err != nil {
		b.unregistered(name)
		return
	}
	subject := subject(b.prefix, topic)
	sealed := b.seal.close(subject, body)
	if len(sealed) > maxMessage {
		b.counts.lose(lostTooLarge)
		return
	}
	select {
	case <-b.stop:
		b.counts.lose(lostAway)
		return
	default:
	}
	size := int64(len(sealed))
	if b.waiting.Add(size) <= outgoingBytes {
		select {
		case b.out <- message{subject, sealed}:
			return
		default:
		}
	}
	b.waiting.Add(-size)
	b.counts.lose(lostQueueFull)
}

// unregistered is a mistake of ours, which costs other nodes a look at the rows.
func (b *Bus) unregistered(kind string) {
	b.counts.lose(lostUnregistered)
	if _, said := b.said.LoadOrStore(kind, true); !said {
		b.log.Error("messages that no kind is registered for stay on this node", "kind", kind)
	}
}

// Subscribe implements events.Bus. What other nodes publish in the moment until
// NATS knows of the subscription is missed, as any message may be.
func (b *Bus) Subscribe(name string) (<-chan any, func()) {
	c, end := b.local.Subscribe(name)
	if _, ok := b.kinds[kindOf(name)]; !ok {
		return c, end
	}
	subject := subject(b.prefix, name)
	b.subscribers(subject, name, 1)
	var once sync.Once
	return c, func() {
		once.Do(func() {
			end()
			b.subscribers(subject, name, -1)
		})
	}
}

func (b *Bus) subscribers(subject, name string, n int) {
	b.mu.Lock()
	t := b.topics[subject]
	if t == nil {
		t = &topic{name: name}
		b.topics[subject] = t
	}
	t.subscribers += n
	b.changed[subject] = struct{}{}
	b.mu.Unlock()
	select {
	case b.poke <- struct{}{}:
	default:
	}
}

// send is the one goroutine that writes to NATS, which may take its time.
func (b *Bus) send() {
	defer close(b.sent)
	for {
		select {
		case <-b.poke:
			b.subscribe()
		case m := <-b.out:
			b.write(m)
		case <-b.stop:
			for {
				select {
				case m := <-b.out:
					b.write(m)
				default:
					return
				}
			}
		}
	}
}

func (b *Bus) write(m message) {
	b.waiting.Add(-int64(len(m.body)))
	if err := b.conn.Publish(m.subject, m.body); err != nil {
		b.counts.lose(lostAway)
		return
	}
	b.counts.sent.Add(1)
}

// subscribe tells NATS which topics are wanted and were not, and the other way round.
func (b *Bus) subscribe() {
	b.mu.Lock()
	defer b.mu.Unlock()
	changed := b.changed
	b.changed = map[string]struct{}{}
	for subject := range changed {
		t := b.topics[subject]
		switch {
		case t == nil:
		case t.subscribers > 0 && t.nats == nil:
			// Without the lock, as it may wait for the network; who comes or goes
			// meanwhile is among the changed again.
			b.mu.Unlock()
			listening, err := b.conn.ChanSubscribe(subject, b.in)
			b.mu.Lock()
			if err == nil { // it fails only once the connection is closed
				t.nats = listening
			}
		case t.subscribers == 0:
			if listening := t.nats; listening != nil {
				t.nats = nil
				missed, _ := listening.Dropped()
				b.counts.missed.Add(int64(missed))
				b.mu.Unlock()
				_ = listening.Unsubscribe() // fails only once the connection is closed
				b.mu.Lock()
			}
			if t.subscribers == 0 {
				delete(b.topics, subject)
			}
		}
	}
}

// receive hands what other nodes publish to this one's subscribers.
func (b *Bus) receive() {
	for {
		select {
		case m := <-b.in:
			b.take(m)
		case <-b.gone:
			return
		}
	}
}

func (b *Bus) take(m *nats.Msg) {
	b.mu.Lock()
	t := b.topics[m.Subject]
	b.mu.Unlock()
	if t == nil {
		return // nobody listens any more
	}
	body, err := b.seal.open(m.Subject, m.Data)
	if err != nil {
		b.counts.lose(lostForged)
		return
	}
	got, err := b.kinds[kindOf(t.name)].decode(t.name, body)
	if err != nil {
		b.counts.lose(lostMalformed)
		return
	}
	b.counts.received.Add(1)
	b.local.Publish(t.name, got)
}

// pingAgain is the pause before a sign of life is asked for over another connection.
const pingAgain = 20 * time.Millisecond

// Ping waits for a sign of life of NATS until the deadline of ctx, which it must have.
// Its error says why there is none.
func (b *Bus) Ping(ctx context.Context) error {
	for {
		err := b.conn.FlushWithContext(ctx)
		if err == nil && b.up.Load() {
			return nil
		}
		if b.conn.IsClosed() {
			return nats.ErrConnectionClosed
		}
		select {
		case <-time.After(pingAgain): // the connection is being made, or was just lost
		case <-ctx.Done():
			err = cmp.Or(err, ctx.Err())
			if last := b.last.Load(); last != nil {
				err = *last
			}
			return fmt.Errorf("NATS does not answer: %w", err)
		}
	}
}

// Close sends what waits, until the deadline of ctx, which it must have, and ends the
// connection. Messages are then delivered within the node only.
func (b *Bus) Close(ctx context.Context) {
	b.once.Do(func() {
		close(b.stop)
		select {
		case <-b.sent:
		case <-ctx.Done():
		}
		if b.up.Load() { // when NATS is away there is nobody to wait for
			_ = b.conn.FlushWithContext(ctx)
		}
		b.conn.Close()
		b.work.Wait()
	})
}
