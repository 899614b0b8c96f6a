// Package tcp has connections whose deadlines cost next to nothing to move, as a server of
// HTTP does six to seven times with each request.
package tcp

import (
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Listener returns l with connections of this package. What l accepts that is no TCP stays
// as it is.
func Listener(l net.Listener) net.Listener { return listener{l} }

type listener struct{ net.Listener }

// Accept implements net.Listener.
func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if t, ok := c.(*net.TCPConn); ok {
		return newConn(t), err
	}
	return c, err
}

// A Conn is a TCP connection that differs from net's in what deadlines cost, and in that one
// goroutine writes at a time: what a Write has left when it is woken too early comes later.
type Conn struct {
	net.Conn // and not *net.TCPConn, whose ReadFrom would not know our deadlines
	tcp      *net.TCPConn
	in, out  deadline
}

func newConn(t *net.TCPConn) *Conn {
	now := time.Now()
	return &Conn{Conn: t, tcp: t, in: deadline{op: "read", set: t.SetReadDeadline, begun: now}, out: deadline{op: "write", set: t.SetWriteDeadline, begun: now}}
}

// Read implements net.Conn.
func (c *Conn) Read(p []byte) (int, error) { return c.in.wait(c.tcp.Read, p) }

// Write implements net.Conn.
func (c *Conn) Write(p []byte) (int, error) { return c.out.wait(c.tcp.Write, p) }

// CloseWrite tells the other end that nothing more comes.
func (c *Conn) CloseWrite() error { return c.tcp.CloseWrite() }

// SetDeadline implements net.Conn.
func (c *Conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadDeadline implements net.Conn.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.in.move(t) }

// SetWriteDeadline implements net.Conn.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.out.move(t) }

// TCP is net's own connection, with the deadlines that were asked for, in the place of this
// one: it is for who has hijacked it and keeps it for long.
func (c *Conn) TCP() *net.TCPConn {
	for _, d := range []*deadline{&c.in, &c.out} {
		d.mu.Lock()
		_ = d.adopt(d.at.Load()) // it fails when the connection is closed, and so does whatever is done with that
		d.mu.Unlock()
	}
	return c.tcp
}

// A deadline is moved far more often than it passes. net's timer stays where it is as long
// as that is no later than it must be; who is woken too early goes on waiting.
type deadline struct {
	op    string
	set   func(time.Time) error // net's
	begun time.Time

	at      atomic.Int64 // what was asked for
	waiting atomic.Int32 // how many wait, or are about to

	mu    sync.Mutex
	timer int64 // what net's is set to, which is no later than at
}

// Times are nanoseconds since begun, by the clock that nobody sets.
const (
	never  = 0
	passed = -1 // before begun: who waits is to stop
)

// move asks for another time. net's timer is moved only if it would come too late, or to
// wake who waits.
func (d *deadline) move(t time.Time) error {
	at := int64(never)
	if !t.IsZero() {
		if at = int64(t.Sub(d.begun)); at <= 0 {
			at = passed
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at.Store(at)
	switch {
	case d.timer == passed:
	case at == passed && d.waiting.Load() == 0: // who comes looks at the time first
		return nil
	case at == never, at != passed && d.timer != never && d.timer <= at:
		return nil
	}
	d.timer = at
	return d.set(t)
}

// wait reads or writes until it is done or the deadline has passed.
func (d *deadline) wait(do func([]byte) (int, error), p []byte) (n int, err error) {
	d.waiting.Add(1) // before looking at the time: who changes it afterwards sees us
	defer d.waiting.Add(-1)
	for {
		if d.at.Load() == passed {
			return n, &net.OpError{Op: d.op, Net: "tcp", Err: os.ErrDeadlineExceeded}
		}
		m, err := do(p[n:])
		n += m
		if !errors.Is(err, os.ErrDeadlineExceeded) || d.over() {
			return n, err
		}
	}
}

// over tells whether the deadline has passed. If it has not, net's timer came too early
// and is set.
func (d *deadline) over() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	at := d.at.Load()
	if at == passed || at != never && at <= int64(time.Since(d.begun)) {
		return true
	}
	return d.adopt(at) != nil
}

// adopt sets net's timer to what was asked for.
func (d *deadline) adopt(at int64) error {
	d.timer = at
	if at == never {
		return d.set(time.Time{})
	}
	return d.set(d.begun.Add(time.Duration(at))) // also of a time that has passed
}
