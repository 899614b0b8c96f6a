package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/config"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/testkit"
	"github.com/mpanel/mpanel/internal/testkit/natsd"
	"github.com/mpanel/mpanel/models"
)

// A twin is one of two nodes that both run jobs.
type twin struct {
	*faultBench
	panel *panel
}

// newTwins are two nodes on one database and one NATS; the second one reaches both
// over relays.
func newTwins(t *testing.T) (b *faultBench, near, far *twin, toNATS, toPostgreSQL *testkit.Relay) {
	t.Helper()
	b = newFaultBench(t)
	nats := natsd.Start(t)
	toNATS, natsAddress := testkit.NewRelay(t, "tcp", "127.0.0.1:0", nats.Address())
	toPostgreSQL, db := testkit.OverRelay(t, b.url)
	node := func(name string, s *stores, servers secret.Text) *twin {
		p, err := newPanel(t.Context(), s, config.Options{DataDir: b.dir, NATSURL: servers}, fast(name, nil), slog.New(slog.DiscardHandler))
		require.NoError(t, err)
		t.Cleanup(p.close)
		ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
		fed, served, ready := make(chan struct{}), make(chan error, 1), make(chan struct{})
		go func() { defer close(fed); p.feed.Run(ctx) }()
		go func() { served <- p.engine.Serve(ctx, func() { close(ready) }) }()
		<-ready
		t.Cleanup(func() {
			stop()
			toPostgreSQL.To(testkit.Closed)
			require.NoError(t, <-served)
			<-fed
		})
		p.bus.await(t)
		return &twin{b, p}
	}
	near = node("near", b.panel.stores, nats.URL())
	far = node("far", &stores{db: db, box: b.panel.stores.box, access: &b.access}, natsd.URL(natsAddress.String()))
	return b, near, far, toNATS, toPostgreSQL
}

// follow watches a job on this node to its end, of which it tells. A node that cannot
// reach the tables is asked again, as clients do.
func (n *twin) follow(ctx context.Context, id ident.JobID) error {
	var seen int64
	for {
		watching, stop := context.WithCancel(actor.With(ctx, n.staff))
		impatient := time.AfterFunc(3*time.Second, stop)
		stream, err := n.panel.jobs.Watch(watching, id, nil)
		if !impatient.Stop() || err != nil {
			stop()
			select {
			case <-time.After(100 * time.Millisecond):
				continue
			case <-ctx.Done():
				return errors.Join(ctx.Err(), err)
			}
		}
		defer stop()
		var last models.JobState
		for item := range stream {
			ev, ok := item.(*models.JobEvent)
			if !ok || ev.Seq != seen+1 {
				return fmt.Errorf("after event %d came %+v", seen, item)
			}
			seen, last = ev.Seq, ev.State
		}
		if !last.Terminal() {
			return fmt.Errorf("the stream ended after event %d: %w", seen, ctx.Err())
		}
		return nil
	}
}

// TestTwoNodes_BadNetwork: whatever the network does between one of two nodes and NATS
// or PostgreSQL, each job has its effect once, and on both nodes each event of it is
// told once and in order.
func TestTwoNodes_BadNetwork(t *testing.T) {
	t.Parallel()
	b, near, far, toNATS, toPostgreSQL := newTwins(t)
	lasts, each := 2*time.Second, 2
	if os.Getenv("SCALE") == "full" {
		lasts, each = time.Minute, 20
	}
	type fault struct {
		name        string
		begin, over func(*testkit.Relay, string)
	}
	faults := []fault{
		{"300 ms late", func(r *testkit.Relay, _ string) { r.Shape(300*time.Millisecond, 0) }, func(r *testkit.Relay, _ string) { r.Shape(0, 0) }},
		{"1 KB/s", func(r *testkit.Relay, _ string) { r.Shape(0, 1<<10) }, func(r *testkit.Relay, _ string) { r.Shape(0, 0) }},
		{"reset", func(r *testkit.Relay, _ string) { r.To(testkit.Closed) }, func(r *testkit.Relay, target string) { r.To(target) }},
		{"swallowed", func(r *testkit.Relay, _ string) { r.Cut() }, func(r *testkit.Relay, _ string) { r.Mend() }},
	}
	c := b.customer(t, nil, int64(4*len(faults)*each))
	var all []scene
	for link, relay := range map[string]*testkit.Relay{"NATS": toNATS, "PostgreSQL": toPostgreSQL} {
		target := relay.Target()
		for _, f := range faults {
			began := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), lasts+time.Minute)
			var told []chan error
			for i := range 2 * each { // half of them by each node's engine, as far as it gets
				if i == each {
					f.begin(relay, target)
				}
				name := fmt.Sprintf("%s_%d", b.name, len(all))
				on := near
				if i < each {
					on = far
				}
				b.panel = on.panel
				out, err := b.create(ctx, b.staff, c, name)
				require.NoError(t, err)
				s := scene{job: out.Job.ID, database: out.Database, password: out.Credentials.Secret}
				all = append(all, s)
				for _, n := range []*twin{near, far} {
					done := make(chan error, 1)
					go func() { done <- n.follow(ctx, s.job) }()
					told = append(told, done)
				}
			}
			<-time.After(lasts - time.Since(began))
			f.over(relay, target)
			over := time.Now()
			for i, done := range told {
				err := <-done
				require.NoError(t, err, "%s %s, job %d on node %d: %+v", link, f.name, i/2, i%2, b.job(t, all[len(all)-2*each+i/2].job))
			}
			cancel()
			testkit.Reportf(t, "two nodes, %s %s for %v: all is told on both nodes %v after it", link, f.name, lasts, time.Since(over).Round(10*time.Millisecond))
		}
	}
	b.panel = near.panel
	for _, s := range all {
		defer b.clear(t, s)
		j := b.job(t, s.job)
		require.Equal(t, models.JobSucceeded, j.State, "%s", ptr(j.ErrorMessage))
		require.Empty(t, b.mustBeThere(b.by(t), s, models.ResourceActive, int64(len(all))))
	}
}
