package live

import (
	"context"
	"slices"
	"time"
)

// A Kind says what a message is.
type Kind uint8

// The kinds of messages.
const (
	Control  Kind = iota // Body goes onto the wire as it is
	Next                 // Body is an answer as JSON
	Data                 // Body is the data of an answer that has nothing else
	Error                // Body is a list of errors as JSON
	Complete             // nothing more comes
	End                  // the connection is closed, as Conn.Reason says
)

// A Message waits to be written. Body is shared, and not to be changed.
type Message struct {
	Kind Kind
	Op   *Op // nil for Control and End
	Body []byte

	queued int64 // when; Unix nanoseconds
}

// What a queue does when something comes.
const (
	idle    = iota // a write begins
	delayed        // a write begins in a moment
	flushing
)

// A queue has the messages that a connection has not taken yet. The lock is the
// connection's.
type queue struct {
	messages []Message
	bytes    int
	parked   int // bytes of answers that wait for room
	state    int
	flushed  time.Time     // when a write last began
	room     chan struct{} // closed when there is room again, if anybody waits for it
	one      [1]Message    // room for messages, while hardly ever more than one waits
}

// Around is what an answer has around Body.
func (m Message) Around() (head, tail string) {
	if m.Kind == Data {
		return `{"data":`, "}"
	}
	return "", ""
}

// Answer writes an answer behind b, as JSON.
func (m Message) Answer(b []byte) []byte {
	head, tail := m.Around()
	return append(append(append(b, head...), m.Body...), tail...)
}

// AnswerSize is how many bytes Answer writes.
func (m Message) AnswerSize() int {
	head, tail := m.Around()
	return len(head) + len(m.Body) + len(tail)
}

func (m Message) answers() bool { return m.Kind == Next || m.Kind == Data }

// size is what a message counts as; there is always an envelope.
func (m Message) size() int { return len(m.Body) + 64 }

// Send queues a message that nobody can wait with, such as a pong. A client that
// asks for more of them than it reads is too slow.
func (c *Conn) Send(m Message) {
	c.mu.Lock()
	if c.full(m) {
		c.mu.Unlock()
		c.Close(Slow)
		return
	}
	c.append(m)
	c.schedule(time.Time{})
	c.mu.Unlock()
}

// full tells whether there is no room for a message that nobody waits with, with the
// lock held.
func (c *Conn) full(m Message) bool {
	return c.queue.bytes+m.size() > c.hub.limits.QueueBytes && len(c.queue.messages) > 0
}

// discard forgets what waits of an operation that was stopped, with the lock held.
func (c *Conn) discard(o *Op) {
	if o.messages == 0 {
		return
	}
	c.account(o, -o.messages, -o.bytes)
	o.slot = Message{}
	c.queue.messages = slices.DeleteFunc(c.queue.messages, func(m Message) bool { return m.Op == o })
	if c.queue.room != nil {
		close(c.queue.room)
		c.queue.room = nil
	}
}

// append queues a message, with the lock held.
func (c *Conn) append(m Message) {
	if c.gone {
		return
	}
	if m.answers() {
		m.Op.answered = true
	}
	c.queue.messages = append(c.queue.messages, m)
	c.account(m.Op, 1, m.size())
}

// account notes that messages wait, or do not any more.
func (c *Conn) account(o *Op, messages, bytes int) {
	c.queue.bytes += bytes
	if o != nil {
		o.messages += messages
		o.bytes += bytes
	}
}

// schedule sees to it that the queue is written: at once, or, when the last write
// was just now, after what else comes within a moment. now is zero for what does
// not wait. The lock is held.
func (c *Conn) schedule(now time.Time) {
	if c.ready(now) {
		c.hub.writers.add(c)
	}
}

// ready tells whether the caller is to have the queue written, with the lock held.
func (c *Conn) ready(now time.Time) bool {
	q := &c.queue
	switch {
	case q.state == flushing:
	case now.IsZero() || now.Sub(q.flushed) >= c.hub.limits.Coalesce || q.bytes >= gathered:
		q.state = flushing
		return true
	case q.state == idle:
		q.state = delayed
		c.hub.later.add(c)
	}
	return false
}

// due ends a delay. It tells whether the caller is to have the queue written.
func (c *Conn) due() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.queue.state != delayed {
		return false
	}
	c.queue.state = flushing
	return true
}

// Take moves messages for one write behind to. When there is none, it gives to as
// it is, and Flush is to return.
func (c *Conn) Take(to []Message) []Message {
	c.mu.Lock()
	defer c.mu.Unlock()
	q, now := &c.queue, time.Now()
	n, bytes := 0, 0
	for ; n < len(q.messages) && bytes < batchSize; n++ {
		m := q.messages[n]
		if o := m.Op; o != nil && o.latest && m.answers() {
			m, o.slot = o.slot, Message{}
		}
		c.account(m.Op, -1, -m.size())
		if m.Op == nil || !m.Op.stopped {
			if m.queued != 0 {
				c.hub.delivery.Observe(float64(now.UnixNano()-m.queued) / 1e9)
			}
			to = append(to, m)
			bytes += m.size()
		}
	}
	rest := copy(q.messages, q.messages[n:])
	clear(q.messages[rest:])
	q.messages = q.messages[:rest]
	if rest == 0 && (n == 1 || cap(q.messages) > 64) {
		q.messages = q.one[:0] // a burst is no reason to hold memory
	}
	if n > 0 && q.room != nil {
		close(q.room)
		q.room = nil
	}
	if len(to) == 0 {
		q.state = idle
		c.writing.Store(0)
	} else {
		q.flushed = now
		c.writing.Store(now.UnixNano())
	}
	return to
}

// drop forgets what waits.
func (c *Conn) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gone = true
	c.account(nil, 0, -c.queue.bytes)
	c.queue.messages = nil
	if c.queue.room != nil {
		close(c.queue.room)
		c.queue.room = nil
	}
}

// fits tells whether a message of an operation has room. What is alone always has.
func (c *Conn) fits(o *Op, m Message) bool {
	l := &c.hub.limits
	switch {
	case len(c.queue.messages) == 0:
		return true
	case c.queue.bytes+m.size() > l.QueueBytes:
		return false
	}
	return o.messages == 0 || o.messages < l.StreamEvents && o.bytes+m.size() <= l.StreamBytes
}

// offer queues a message of an operation if there is room for it. It tells that
// there was, or that nobody wants it any more.
func (c *Conn) offer(o *Op, m Message, now time.Time) (queued bool, room chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case o.stopped:
		return true, nil
	default:
		m.queued = now.UnixNano()
	}
	switch {
	case o.latest && m.answers():
		c.put(o, m)
	case c.fits(o, m):
		c.append(m)
	default:
		if c.queue.room == nil {
			c.queue.room = make(chan struct{})
		}
		return false, c.queue.room
	}
	if !o.stream {
		now = time.Time{} // an answer does not wait
	}
	c.schedule(now)
	return true, nil
}

// replace puts a message into an operation's one slot. It tells whether the caller
// is to have the queue written.
func (c *Conn) replace(o *Op, m Message, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if o.stopped {
		return false
	}
	m.queued = now.UnixNano()
	c.put(o, m)
	return c.ready(now)
}

// put replaces what waits in an operation's one slot. What there is no room for is
// forgotten: a newer one comes.
func (c *Conn) put(o *Op, m Message) {
	if c.gone {
		return
	}
	more := m.size()
	if o.slot.Body != nil {
		more = len(m.Body) - len(o.slot.Body)
	}
	if more > 0 && len(c.queue.messages) > 0 && c.queue.bytes+more > c.hub.limits.QueueBytes {
		c.hub.counts.superseded.Add(1)
		return
	}
	if o.slot.Body == nil {
		c.append(Message{Kind: Next, Op: o})
	} else {
		c.hub.counts.superseded.Add(1)
	}
	c.account(o, 0, len(m.Body)-len(o.slot.Body))
	o.slot = m
}

// wait queues a message of an operation as soon as there is room. It gives false
// when the operation is over before. Who asks for much more than it reads is too slow.
func (c *Conn) wait(ctx context.Context, o *Op, m Message) bool {
	queued, room := c.offer(o, m, time.Now())
	if queued {
		return ctx.Err() == nil
	}
	if !c.park(m) {
		c.Close(Slow)
		return false
	}
	defer c.unpark(m)
	for !queued {
		c.hub.counts.waits.Add(1)
		select {
		case <-room:
		case <-ctx.Done():
			return false
		}
		queued, room = c.offer(o, m, time.Now())
	}
	return ctx.Err() == nil
}

// park notes that an answer waits for room; false when too much does. What is alone may.
func (c *Conn) park(m Message) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.queue.parked > 0 && c.queue.parked+m.size() > c.hub.limits.ParkedBytes {
		return false
	}
	c.queue.parked += m.size()
	return true
}

func (c *Conn) unpark(m Message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queue.parked -= m.size()
}
