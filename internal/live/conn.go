package live

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mpanel/mpanel/internal/actor"
)

// A Wire is what a connection's messages are written to. Only Flush may block, and
// each method may be called from any goroutine.
type Wire interface {
	// Flush writes what Take gives until it gives nothing, and is never called twice at
	// the same time. Where it would have to wait for the other side, and is not to, it
	// gives false, and is called again in a goroutine of its own.
	Flush(wait bool) (done bool)
	// Ping asks the other side for a sign of life.
	Ping()
	// Break closes without another word.
	Break()
}

// Why an operation is not begun.
var (
	ErrDuplicate         = errors.New("an operation with this id is running")
	ErrTooManyOperations = errors.New("too many operations at once")
	ErrClosed            = errors.New("the connection is closed")
)

// A Conn is one connection of a client. What is looked at with each event, and what the node
// looks at for all of them four times a second, is at the beginning, side by side.
type Conn struct {
	heard   atomic.Int64 // when; Unix nanoseconds, as below
	pinged  atomic.Int64
	writing atomic.Int64 // since when; 0 while nothing is written
	closing atomic.Int64 // since when; 0 while it is open. It is set with the lock held
	opened  int64
	hub     *Hub
	inited  atomic.Bool // the client's first message has come
	known   bool        // it is somebody's or nobody's; by the hub's lock
	gone    bool        // there is nobody to write to; by the connection's lock, as below

	mu       sync.Mutex
	wire     Wire // not by the lock
	queue    queue
	cancel   context.CancelFunc // not by the lock
	ctx      context.Context    //nolint:containedctx // it is the connection's: it ends with it, and has who it is
	who      *actor.Actor
	ops      map[string]*Op
	running  int // executions; one may go on for a while when its operation was stopped
	draining bool
	reason   Reason

	request actor.Request
	network string // of the request
}

// Request is where the connection comes from.
func (c *Conn) Request() actor.Request { return c.request }

// Context ends with the connection, and has its caller once there is one.
func (c *Conn) Context() context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ctx
}

func (c *Conn) actor() *actor.Actor {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.who
}

// Inited says that the connection's first message has come: what it takes to find out who
// it is, is not the client's time. It gives false when that was said before.
func (c *Conn) Inited() (first bool) { return !c.inited.Swap(true) }

// Acknowledge says whose the connection is; nil is nobody. Error: ErrTooMany for a user
// with too many connections.
func (c *Conn) Acknowledge(who *actor.Actor) error {
	c.Inited()
	return c.hub.identify(c, who)
}

// Heard notes a sign of life.
func (c *Conn) Heard() { c.heard.Store(time.Now().UnixNano()) }

// Begin registers an operation, which is to be run. Errors: ErrDuplicate, ErrTooManyOperations,
// ErrClosed.
func (c *Conn) Begin(id string) (*Op, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.IsClosing(), c.draining:
		return nil, ErrClosed
	case c.ops[id] != nil:
		return nil, ErrDuplicate
	case len(c.ops) >= c.hub.limits.Operations, c.running >= c.hub.limits.Operations:
		c.hub.counts.refused("operations")
		return nil, ErrTooManyOperations
	}
	o := &Op{ID: id, conn: c}
	// Closed stops each; that the contexts need not know each other saves memory.
	o.ctx, o.cancel = context.WithCancel(context.WithoutCancel(c.ctx))
	c.ops[id] = o
	c.running++
	c.hub.counts.operations.Add(1)
	c.hub.counts.executing.Add(1)
	return o, nil
}

// Stop ends an operation at the client's wish: nothing more is sent of it. It
// does nothing when there is none.
func (c *Conn) Stop(id string) {
	c.mu.Lock()
	o := c.ops[id]
	c.mu.Unlock()
	if o != nil {
		o.stop()
	}
}

// Close ends the connection from our side. Only the first call counts.
func (c *Conn) Close(r Reason) {
	c.mu.Lock()
	if !c.closing.CompareAndSwap(0, time.Now().UnixNano()) {
		c.mu.Unlock()
		return
	}
	c.reason = r
	ops := c.begun()
	c.mu.Unlock()
	c.hub.counts.closed(r.Name)
	for _, o := range ops {
		o.stop()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.append(Message{Kind: End})
	c.schedule(time.Time{})
}

// IsClosing tells that it is over: what the client sends is of no interest.
func (c *Conn) IsClosing() bool { return c.closing.Load() != 0 }

// Reason is why the connection was closed from our side.
func (c *Conn) Reason() Reason {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.reason
}

// Closed tells that the wire is gone. Everything that ran on it is stopped.
func (c *Conn) Closed() {
	c.mu.Lock()
	c.closing.CompareAndSwap(0, time.Now().UnixNano())
	ops := c.begun()
	c.mu.Unlock()
	c.cancel()
	for _, o := range ops {
		o.stop()
	}
	c.drop()
	c.hub.forget(c)
}

func (c *Conn) begun() []*Op {
	list := make([]*Op, 0, len(c.ops))
	for _, o := range c.ops {
		list = append(list, o)
	}
	return list
}

// drain closes the connection as soon as no query and no mutation is at work.
func (c *Conn) drain() {
	c.mu.Lock()
	c.draining = true
	busy := c.busy()
	c.mu.Unlock()
	if !busy {
		c.Close(Restarting)
	}
}

// busy tells whether there is an operation that comes to an end by itself.
func (c *Conn) busy() bool {
	for _, o := range c.ops {
		if !o.stream {
			return true
		}
	}
	return false
}

// tick looks after the connection's times.
func (c *Conn) tick(now int64, l *Limits) {
	since := func(at int64) time.Duration { return time.Duration(now - at) }
	closing, writing := c.closing.Load(), c.writing.Load()
	switch {
	case closing != 0:
		if since(closing) > lingering {
			c.wire.Break()
		}
	case !c.inited.Load() && since(c.opened) >= l.InitTimeout:
		c.Close(InitTimeout)
	case writing != 0 && since(writing) >= l.WriteTimeout:
		c.Close(Slow)
	case since(c.heard.Load()) >= 2*l.PingEvery:
		c.Close(Silent)
	case since(c.heard.Load()) >= l.PingEvery && since(c.pinged.Load()) >= l.PingEvery:
		c.pinged.Store(now)
		c.wire.Ping()
	}
}
