package transport_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/live"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/internal/testkit"
	"github.com/mpanel/mpanel/models"
)

// happen writes an event of a job and publishes it, as the engine does.
func (p *panel) happen(job ident.JobID, message string) error {
	ev := &models.JobEvent{JobID: job, Kind: engine.EventStarted, State: models.JobRunning, Message: &message}
	err := store.InTx(p.t.Context(), p.db, func(ctx context.Context, tx store.Tx) error {
		if err := tx.NewUpdate().Table("jobs").Set("event_seq = event_seq + 1").Where("id = ?", job).Returning("event_seq").Scan(ctx, &ev.Seq); err != nil {
			return err
		}
		_, err := tx.NewInsert().Model(ev).Exec(ctx)
		return err
	})
	if err == nil {
		p.bus.Publish(engine.Topic(job), ev)
	}
	return err
}

// TestLive_ACrowd follows one job with many sockets, of which a tenth never reads, half
// of those with pongs nobody asked for, and a tenth reads one message a second: all
// others miss nothing, those who never read are cut, memory does not grow, and nothing is
// left of anybody.
func TestLive_ACrowd(t *testing.T) {
	clients, events, perSecond, limits := 60, 250, 25, live.Limits{WriteTimeout: 3 * time.Second}
	switch os.Getenv("SCALE") {
	case "small": // for a minute
		clients, events, perSecond = 500, 240, 4
	case "full": // with the times that are the default; 160 MB a second
		clients, events, perSecond, limits = 5000, 300, 1, live.Limits{}
	}
	limits.PerUser = clients + 1
	p := newLimitedPanel(t, limits)
	a := p.addTenant("a", zeroCustomer, p.addServer())
	p.running(a, 0, 0)
	runtime.GC()
	before, empty := runtime.NumGoroutine(), memory()

	published := make([]time.Time, events)
	type reader struct {
		conn  *websocket.Conn
		every time.Duration // between two messages
		delay []time.Duration
		err   error
	}
	over, healthy := make(chan struct{}), clients-2*(clients/10)
	var read atomic.Int64 // events, by all of those
	follows := func(r *reader) error {
		if err := r.conn.SetReadDeadline(time.Now().Add(time.Duration(events/perSecond)*time.Second + 4*soon)); err != nil {
			return err
		}
		for next := 0; next < events; {
			_, b, err := r.conn.ReadMessage()
			if err != nil && r.every > 0 && next >= 5 {
				return nil // it may be cut
			}
			if err != nil {
				return fmt.Errorf("before event %d: %w", next, err)
			}
			_, text, found := bytes.Cut(b, []byte(`"message":"`))
			if !found {
				continue
			}
			text, _, _ = bytes.Cut(text, []byte(" "))
			n, err := strconv.Atoi(string(text))
			if err != nil && next == 0 {
				continue // of before
			}
			if err != nil || n != next {
				return fmt.Errorf("%.200s in the place of event %d: %w", b, next, err)
			}
			r.delay = append(r.delay, time.Since(published[n]))
			next++
			if r.every == 0 {
				read.Add(1)
				continue
			}
			select {
			case <-time.After(r.every):
			case <-over:
				return nil
			}
		}
		return nil
	}
	var readers []*reader
	var deaf []*websocket.Conn
	for i := range clients {
		conn := p.open(t, a.token)
		follow(t, conn, "1", a.job)
		switch i % 10 {
		case 0:
			tcp, ok := conn.NetConn().(*net.TCPConn)
			require.True(t, ok)
			require.NoError(t, tcp.SetReadBuffer(4096))
			deaf = append(deaf, conn)
		case 1:
			readers = append(readers, &reader{conn: conn, every: time.Second})
		default:
			readers = append(readers, &reader{conn: conn, delay: make([]time.Duration, 0, events)})
		}
	}
	require.Eventually(t, func() bool { return metric(t, p.live, "mpanel_live_streams") == clients }, 12*soon, 10*time.Millisecond)
	socket := (memory() - empty) / int64(clients) // and the test's end of it
	if !raceDetector {                            // which takes its own
		require.Less(t, socket, int64(64<<10), "bytes of a socket that waits")
	}

	var wg sync.WaitGroup
	for _, r := range readers {
		wg.Go(func() { r.err = follows(r) })
	}
	for i, conn := range deaf {
		if i%2 == 0 {
			wg.Go(func() {
				tick := time.NewTicker(500 * time.Millisecond)
				defer tick.Stop()
				for {
					select {
					case <-over:
						return
					case <-tick.C:
						if conn.WriteControl(websocket.PongMessage, nil, time.Now().Add(time.Second)) != nil {
							return
						}
					}
				}
			})
		}
	}
	filling := " " + strings.Repeat("x", 32_000) // more than what the system keeps for who does not read
	tick := time.NewTicker(time.Second / time.Duration(perSecond))
	defer tick.Stop()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	var gone time.Time            // when all who never read were cut
	waited, most := time.Now(), 0 // since when something waits for them, and how much did at most
	watch := func() bool {
		queued := p.live.QueuedBytes()
		most = max(most, queued)
		switch {
		case !gone.IsZero():
		case metric(t, p.live, "mpanel_live_closed_total", live.Slow.Name) >= len(deaf):
			gone = time.Now()
		case queued == 0:
			waited = time.Now()
		}
		return !gone.IsZero()
	}
	var held []int64 // memory without them, when all others have what there is
	for n := range events {
		for due := false; !due; watch() {
			select {
			case <-tick.C:
				due = true
			case <-look.C:
			}
		}
		if n%(events/12) == 0 && !gone.IsZero() {
			require.Eventually(t, func() bool { return read.Load() == int64(healthy*n) }, 4*soon, time.Millisecond)
			if metric(t, p.live, "mpanel_live_connections") <= clients-len(deaf) && p.live.QueuedBytes() == 0 {
				p.sql.During(func() {}) // what was written is kept there
				held = append(held, memory())
			}
		}
		published[n] = time.Now()
		require.NoError(t, p.happen(a.job, strconv.Itoa(n)+filling))
	}
	require.Eventually(t, watch, 4*soon, 20*time.Millisecond, "who never reads is cut")
	require.Less(t, gone.Sub(waited), 15*time.Second, "who never reads is cut")
	close(over)
	wg.Wait()
	var delays []time.Duration
	for _, r := range readers {
		require.NoError(t, r.err, "also who is slow")
		if r.every == 0 {
			delays = append(delays, r.delay...)
		}
	}
	require.LessOrEqual(t, most, clients*(256<<10+64<<10), "what waits is bounded")
	if clients >= 500 {
		require.GreaterOrEqual(t, len(held), 2)
		for i, bytes := range held {
			require.LessOrEqual(t, bytes, slices.Min(held[:i+1])*105/100, "memory does not grow: %d", held)
		}
	}
	for _, r := range readers {
		_ = r.conn.Close()
	}
	for _, conn := range deaf {
		_ = conn.Close()
	}
	require.Eventually(t, func() bool {
		return metric(t, p.live, "mpanel_live_connections") == 0 && runtime.NumGoroutine() <= before+20
	}, 2*soon, 20*time.Millisecond, "nothing is left")
	slices.Sort(delays)
	testkit.Reportf(t, "R5: %d sockets, %d never read: %d events each to %d who do, none missed; delivered p50 %v, p99 %v; at most %d KB waited, for at most %v; %d bytes of memory each when nothing does, in all later %d", clients, len(deaf), events,
		healthy, delays[len(delays)/2].Round(time.Millisecond), delays[len(delays)*99/100].Round(time.Millisecond), most>>10, gone.Sub(waited).Round(time.Millisecond), socket, held)
}

// memory is what the process has on its heap and on stacks, after what is not used.
func memory() int64 {
	for range 4 { // each halves the stacks that are hardly used
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}
