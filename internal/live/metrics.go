package live

import (
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// counts are what the metrics tell.
type counts struct {
	operations, streams atomic.Int64
	executing           atomic.Int64
	executions, events  atomic.Int64
	waits, superseded   atomic.Int64

	mu                sync.Mutex
	closings, refusal map[string]int64 // by reason
}

func (c *counts) closed(reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closings == nil {
		c.closings = map[string]int64{}
	}
	c.closings[reason]++
}

func (c *counts) refused(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refusal == nil {
		c.refusal = map[string]int64{}
	}
	c.refusal[what]++
}

// QueuedBytes is how much waits to be written, on all connections.
func (h *Hub) QueuedBytes() (bytes int) {
	for _, c := range h.all() {
		c.mu.Lock()
		bytes += c.queue.bytes + c.queue.parked
		c.mu.Unlock()
	}
	return bytes
}

// Refuse counts something that a wire refuses.
func (h *Hub) Refuse(what string) { h.counts.refused(what) }

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("mpanel_live_"+name, help, labels, nil)
}

var (
	connectionsDesc = desc("connections", "Connections that are open.")
	operationsDesc  = desc("operations", "Operations at work on them.")
	streamsDesc     = desc("streams", "Subscriptions among these.")
	executingDesc   = desc("executing", "Executions that are not over, operations' own and shared ones; what they subscribed to is theirs until then.")
	queueDesc       = desc("queue_bytes", "Bytes that wait to be written.")
	groupsDesc      = desc("groups", "Executions that several subscriptions share.")
	sourcesDesc     = desc("sources", "Streams that such executions share, whatever they select.")
	executionsDesc  = desc("executions_total", "Answers that were made; each is encoded once.")
	eventsDesc      = desc("events_total", "Answers that were queued for a client.")
	waitsDesc       = desc("waits_total", "Times that a source waited for a client to read.")
	supersededDesc  = desc("superseded_total", "Answers that a newer one took the place of before they were written.")
	closedDesc      = desc("closed_total", "Connections that were closed by the panel, by reason; slow ones are evictions.", "reason")
	refusedDesc     = desc("refused_total", "What was refused, by what there was too much of or wrong.", "reason")
)

func newDelivery() prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "mpanel_live_delivery_seconds", Help: "Seconds that answers waited until they were written.",
		Buckets: []float64{.0001, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	})
}

// Describe implements prometheus.Collector.
func (h *Hub) Describe(c chan<- *prometheus.Desc) { prometheus.DescribeByCollect(h, c) }

// Collect implements prometheus.Collector.
func (h *Hub) Collect(c chan<- prometheus.Metric) {
	h.mu.Lock()
	open := len(h.conns)
	h.mu.Unlock()
	gauge := func(d *prometheus.Desc, v int64) {
		c <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(v))
	}
	counter := func(d *prometheus.Desc, v int64, labels ...string) {
		c <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	h.delivery.Collect(c)
	n := &h.counts
	gauge(connectionsDesc, int64(open))
	gauge(operationsDesc, n.operations.Load())
	gauge(streamsDesc, n.streams.Load())
	gauge(executingDesc, n.executing.Load())
	gauge(queueDesc, int64(h.QueuedBytes()))
	groups, sources := h.groups.count()
	gauge(groupsDesc, groups)
	gauge(sourcesDesc, sources)
	counter(executionsDesc, n.executions.Load())
	counter(eventsDesc, n.events.Load())
	counter(waitsDesc, n.waits.Load())
	counter(supersededDesc, n.superseded.Load())
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, r := range []Reason{Restarting, Revoked, InitTimeout, Slow, Silent, TooMany} {
		if _, ok := n.closings[r.Name]; !ok {
			counter(closedDesc, 0, r.Name) // a series that is not there tells nothing
		}
	}
	for reason, v := range n.closings {
		counter(closedDesc, v, reason)
	}
	for reason, v := range n.refusal {
		counter(refusedDesc, v, reason)
	}
}
