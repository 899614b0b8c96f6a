package live

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// writers write the queues of whoever comes, one after the other: an event that
// goes to thousands does not begin thousands of goroutines. They wait for nobody.
type writers struct {
	list []writer
	next atomic.Uint32
}

type writer struct {
	mu    sync.Mutex
	conns []*Conn
	spare []*Conn
	busy  bool // its goroutine is there, which ends when there is nothing to write
}

func newWriters() writers { return writers{list: make([]writer, runtime.GOMAXPROCS(0))} }

// add has a queue written that is flushing. The connection's lock may be held.
func (w *writers) add(c *Conn) { w.list[w.next.Add(1)%uint32(len(w.list))].add(c) } //nolint:gosec // there are few

func (w *writer) add(c *Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.conns = append(w.conns, c)
	if !w.busy {
		w.busy = true
		go w.run()
	}
}

func (w *writer) run() {
	for {
		w.mu.Lock()
		conns := w.conns
		w.conns, w.spare = w.spare[:0], nil
		if w.busy = len(conns) > 0; !w.busy {
			w.mu.Unlock()
			return
		}
		w.mu.Unlock()
		flush(conns)
		clear(conns)
		w.mu.Lock()
		if cap(conns) <= 1024 { // a burst is no reason to hold memory
			w.spare = conns
		}
		w.mu.Unlock()
	}
}

// enough is how many queues are worth a goroutine more to write them.
const enough = 64

// all has the queues of many connections written, on the caller's goroutine and
// others.
func (w *writers) all(conns []*Conn) {
	if len(conns) < enough {
		flush(conns)
		return
	}
	n := min(len(w.list), len(conns)/enough+1)
	var wg sync.WaitGroup
	for some := range slices.Chunk(conns, (len(conns)+n-1)/n) {
		wg.Go(func() { flush(some) })
	}
	wg.Wait()
}

func flush(conns []*Conn) {
	for _, c := range conns {
		if !c.wire.Flush(false) {
			go c.wire.Flush(true)
		}
	}
}
