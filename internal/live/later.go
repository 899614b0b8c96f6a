package live

import (
	"slices"
	"sync"
	"time"
)

// later ends the delays of all busy connections with one timer.
type later struct {
	after   time.Duration
	writers *writers

	mu      sync.Mutex
	conns   []*Conn
	running bool
}

// add sees to it that c.due is called soon.
func (l *later) add(c *Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns = append(l.conns, c)
	if !l.running {
		l.running = true
		time.AfterFunc(l.after, l.run)
	}
}

func (l *later) run() {
	l.mu.Lock()
	conns := l.conns
	l.conns, l.running = nil, false
	l.mu.Unlock()
	l.writers.all(slices.DeleteFunc(conns, func(c *Conn) bool { return !c.due() }))
}
