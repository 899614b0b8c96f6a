package tcp

import (
	"sync/atomic"
	"time"
)

// CountMoves counts how often net's timers of c are moved.
func CountMoves(c *Conn) *atomic.Int64 {
	var n atomic.Int64
	for _, d := range []*deadline{&c.in, &c.out} {
		set := d.set
		d.set = func(t time.Time) error { n.Add(1); return set(t) }
	}
	return &n
}
