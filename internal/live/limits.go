package live

import (
	"cmp"
	"time"
)

// Limits of connections; those that are 0 have the defaults in brackets.
type Limits struct {
	Connections  int           // of a node, of all kinds [20,000]
	PerUser      int           // of one user [100]
	PerAddress   int           // of nobody in particular, from one address [100]
	Operations   int           // at once on one connection [50]
	QueueBytes   int           // waiting on one connection [1 MiB]
	ParkedBytes  int           // of answers that wait for room there [4 MiB]
	StreamBytes  int           // waiting of one stream [256 KiB]
	StreamEvents int           // waiting of one stream [64]
	InitTimeout  time.Duration // until somebody says who they are [5 s]
	WriteTimeout time.Duration // for what was begun to be written [10 s]
	PingEvery    time.Duration // twice as long without a sign is too long [20 s]
	Coalesce     time.Duration // how long a busy connection gathers events [10 ms]
	Recheck      time.Duration // how often all callers' rights are looked up [500 ms]
}

func (l Limits) withDefaults() Limits {
	return Limits{
		Connections:  cmp.Or(l.Connections, 20_000),
		PerUser:      cmp.Or(l.PerUser, 100),
		PerAddress:   cmp.Or(l.PerAddress, 100),
		Operations:   cmp.Or(l.Operations, 50),
		QueueBytes:   cmp.Or(l.QueueBytes, 1<<20),
		ParkedBytes:  cmp.Or(l.ParkedBytes, 4<<20),
		StreamBytes:  cmp.Or(l.StreamBytes, 256<<10),
		StreamEvents: cmp.Or(l.StreamEvents, 64),
		InitTimeout:  cmp.Or(l.InitTimeout, 5*time.Second),
		WriteTimeout: cmp.Or(l.WriteTimeout, 10*time.Second),
		PingEvery:    cmp.Or(l.PingEvery, 20*time.Second),
		Coalesce:     cmp.Or(l.Coalesce, 10*time.Millisecond),
		Recheck:      cmp.Or(l.Recheck, 500*time.Millisecond),
	}
}

const (
	tickEvery = 250 * time.Millisecond // how exact the times above are
	lingering = 2 * time.Second        // for the other side to answer a close
	batchSize = 64 << 10               // bytes taken for one write
	gathered  = 16 << 10               // bytes that are enough for a write at once
)
