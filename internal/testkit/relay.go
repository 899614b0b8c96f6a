package testkit

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// Where a Relay may lead to that is no server.
const (
	Silent = ""      // connections are taken and nobody ever answers
	Closed = "close" // connections end at once
)

// A Relay is an address whose server can change, be away in several ways, or be
// cut off by a network that swallows everything.
type Relay struct {
	network string

	mu     sync.Mutex
	mended *sync.Cond // broadcast by Mend, and at the end
	cut    bool
	cuts   int // how often it was cut
	delay  time.Duration
	speed  int    // bytes per second, 0 for any
	over   bool   // the test is
	target string // an address of network, Silent or Closed
	dials  int
	open   map[net.Conn]struct{}
}

// NewRelay listens at address, of network tcp or unix, until the test is over.
func NewRelay(t testing.TB, network, address, target string) (*Relay, net.Addr) {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), network, address)
	if err != nil {
		t.Fatalf("listen for a relay: %v", err)
	}
	r := &Relay{network: network, target: target, open: map[net.Conn]struct{}{}}
	r.mended = sync.NewCond(&r.mu)
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { r.pass(conn) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		r.mu.Lock()
		r.over = true
		r.mended.Broadcast()
		r.mu.Unlock()
		r.To(Closed)
		serving.Wait()
	})
	return r, l.Addr()
}

// To changes where the address leads, and ends what was there.
func (r *Relay) To(target string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.target = target
	for conn := range r.open {
		_ = conn.Close()
	}
}

// Target is where the address leads.
func (r *Relay) Target() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.target
}

// Cut swallows everything, the ends of connections included: neither side is
// told. New connections hang until Mend; those of before the cut do for ever.
func (r *Relay) Cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cut = true
	r.cuts++
}

// Mend lets new connections through again.
func (r *Relay) Mend() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cut = false
	r.mended.Broadcast()
}

// Shape makes the network slow: each block of bytes comes so much later, and no more
// of them in a second; 0 is without limit.
func (r *Relay) Shape(delay time.Duration, bytesPerSecond int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.delay, r.speed = delay, bytesPerSecond
}

// slow waits for as long as so many bytes take.
func (r *Relay) slow(n int) {
	r.mu.Lock()
	wait := r.delay
	if r.speed > 0 {
		wait += time.Duration(n) * time.Second / time.Duration(r.speed)
	}
	r.mu.Unlock()
	if wait > 0 {
		<-time.After(wait)
	}
}

// Dials is how many connections there were.
func (r *Relay) Dials() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.dials
}

// hold keeps what came over a connection of after so many cuts back for as long
// as it must.
func (r *Relay) hold(cuts int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for cuts != r.cuts && !r.over {
		r.mended.Wait()
	}
}

// keep remembers a connection, once it may be made.
func (r *Relay) keep(conn net.Conn) (target string, cuts int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.cut && !r.over {
		r.mended.Wait()
	}
	r.open[conn] = struct{}{}
	return r.target, r.cuts
}

func (r *Relay) drop(conn net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.open, conn)
	_ = conn.Close()
}

func (r *Relay) pass(conn net.Conn) {
	r.mu.Lock()
	r.dials++
	r.mu.Unlock()
	defer r.drop(conn)
	switch target, cuts := r.keep(conn); target {
	case Closed:
	case Silent:
		_, _ = io.Copy(io.Discard, conn)
	default:
		server, err := new(net.Dialer).DialContext(context.Background(), r.network, target)
		if err != nil {
			return
		}
		r.keep(server)
		defer r.drop(server)
		var both sync.WaitGroup
		both.Go(func() { r.flow(server, conn, cuts) })
		both.Go(func() { r.flow(conn, server, cuts) })
		both.Wait()
	}
}

// flow copies until one side ends, and then ends the other.
func (r *Relay) flow(to, from net.Conn, cuts int) {
	block := make([]byte, 32<<10)
	for {
		n, err := from.Read(block)
		r.hold(cuts)
		r.slow(n)
		if n > 0 {
			if _, err := to.Write(block[:n]); err != nil {
				break
			}
		}
		if err != nil {
			break
		}
	}
	_ = to.Close()
}
