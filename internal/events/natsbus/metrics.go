package natsbus

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// Why a message does not get from one node to another.
const (
	lostUnregistered = iota // no kind of message is of its topic and type
	lostTooLarge
	lostQueueFull // more is published than NATS takes
	lostAway      // NATS is not there, and what is kept for it is full
	lostForged    // not sealed with the panel's key
	lostMalformed // not what its topic's messages are
	lostReasons
)

var lostNames = [lostReasons]string{"unregistered", "too_large", "queue_full", "away", "forged", "malformed"}

type counts struct {
	connects, sent, received, missed atomic.Int64
	lost                             [lostReasons]atomic.Int64
}

func (c *counts) lose(reason int) { c.lost[reason].Add(1) }

var (
	connectedDesc = prometheus.NewDesc("mpanel_bus_connected", "Whether there is a connection to NATS: 1 or 0.", nil, nil)
	connectsDesc  = prometheus.NewDesc("mpanel_bus_connects_total", "Connections to NATS that were made.", nil, nil)
	topicsDesc    = prometheus.NewDesc("mpanel_bus_topics", "Topics that somebody on this node subscribes to.", nil, nil)
	waitingDesc   = prometheus.NewDesc("mpanel_bus_waiting_messages", "Messages that wait to be sent to NATS.", nil, nil)
	sentDesc      = prometheus.NewDesc("mpanel_bus_sent_messages_total", "Messages that were given to NATS.", nil, nil)
	receivedDesc  = prometheus.NewDesc("mpanel_bus_received_messages_total", "Messages of other nodes that were delivered on this one.", nil, nil)
	lostDesc      = prometheus.NewDesc("mpanel_bus_lost_messages_total", "Messages that did not get from one node to another, by reason; what they tell of is read from the tables.", []string{"reason"}, nil)
)

// Describe implements prometheus.Collector.
func (b *Bus) Describe(c chan<- *prometheus.Desc) { prometheus.DescribeByCollect(b, c) }

// Collect implements prometheus.Collector.
func (b *Bus) Collect(c chan<- prometheus.Metric) {
	value := func(d *prometheus.Desc, kind prometheus.ValueType, v int64, labels ...string) {
		c <- prometheus.MustNewConstMetric(d, kind, float64(v), labels...)
	}
	var connected int64
	if b.up.Load() {
		connected = 1
	}
	topics, missed := b.state()
	value(connectedDesc, prometheus.GaugeValue, connected)
	value(connectsDesc, prometheus.CounterValue, b.counts.connects.Load())
	value(topicsDesc, prometheus.GaugeValue, int64(topics))
	value(waitingDesc, prometheus.GaugeValue, int64(len(b.out)))
	value(sentDesc, prometheus.CounterValue, b.counts.sent.Load())
	value(receivedDesc, prometheus.CounterValue, b.counts.received.Load())
	value(lostDesc, prometheus.CounterValue, missed, "slow_node")
	for reason, name := range lostNames {
		value(lostDesc, prometheus.CounterValue, b.counts.lost[reason].Load(), name)
	}
}

// state tells how many topics are wanted, and how many messages came faster than
// this node took them.
func (b *Bus) state() (topics int, missed int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	missed = b.counts.missed.Load()
	for _, t := range b.topics {
		if t.subscribers > 0 {
			topics++
		}
		if t.nats != nil {
			n, _ := t.nats.Dropped()
			missed += int64(n)
		}
	}
	return topics, missed
}
