package live_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/live"
)

const (
	asA   = "subscription { a: shared { n } }"
	asB   = "subscription { b: shared { n } }"
	asC   = "subscription { c: shared { n } }"
	asBad = "subscription { bad: shared { n } }"
)

// inSources is a world where selections that differ have streams in common.
func inSources(t *testing.T, test func(*world)) {
	t.Helper()
	inOneWorld(t, live.Limits{}, true, test)
}

// tells publishes, and requires that a wire has got what comes of it last.
func (w *world) tells(n int, wires map[*wire]string) {
	w.Helper()
	w.source.publish(n)
	pass(pause)
	synctest.Wait()
	for c, name := range wires {
		got := c.seen()
		require.Equal(w, answerTo(name, n), got[len(got)-1])
	}
}

func TestSource_OneStreamUntilTheLastLeaves(t *testing.T) {
	t.Parallel()
	inSources(t, func(w *world) {
		who := tenant(actor.JobsRead)
		a, b := w.subscribe(who, asA, nil), w.subscribe(who, asB, nil)
		require.Equal(t, 1, w.source.open())
		w.tells(7, map[*wire]string{a: "a", b: "b"})
		a.conn.Stop("1") // who opened it
		w.tells(8, map[*wire]string{b: "b"})
		c := w.subscribe(colleague(who), asC, nil)
		pass(pause)
		synctest.Wait()
		got := c.seen()
		require.Equal(t, answerTo("c", 8), got[len(got)-1], "who comes later has the last event, whatever was before")
		w.tells(9, map[*wire]string{b: "b", c: "c"})
		require.Equal(t, 1, w.source.open())
		b.conn.Stop("1")
		c.conn.Stop("1")
		synctest.Wait()
		require.Zero(t, w.source.open())
	})
}

// A panic in one selection ends that one.
func TestSource_APanicIsOnesOwn(t *testing.T) {
	t.Parallel()
	inSources(t, func(w *world) {
		who := tenant(actor.JobsRead)
		bad, b := w.subscribe(who, asBad, nil), w.subscribe(who, asB, nil)
		w.source.publish(panics)
		pass(pause)
		w.tells(9, map[*wire]string{b: "b"})
		got := bad.seen()
		require.Contains(t, got[len(got)-1], "panic: a mistake")
	})
}

// Where the stream ends, all are told.
func TestSource_Ends(t *testing.T) {
	t.Parallel()
	inSources(t, func(w *world) {
		who := tenant(actor.JobsRead)
		a, b := w.subscribe(who, asA, nil), w.subscribe(who, asB, nil)
		w.source.mu.Lock()
		for c := range w.source.streams {
			close(c)
			delete(w.source.streams, c)
		}
		w.source.mu.Unlock()
		pass(pause)
		synctest.Wait()
		for _, c := range []*wire{a, b} {
			got := c.seen()
			require.Equal(t, "complete", got[len(got)-1])
		}
		c := w.subscribe(who, asC, nil)
		w.tells(5, map[*wire]string{c: "c"})
	})
}

// While a stream does not open, whoever waits for it can leave, and whoever is to open it
// does not leave the others waiting.
func TestSource_ThatDoesNotOpen(t *testing.T) {
	t.Parallel()
	inSources(t, func(w *world) {
		w.source.opening = make(chan struct{})
		who := tenant(actor.JobsRead)
		a := w.subscribe(who, asA, nil)
		for range 20 {
			w.subscribe(who, asB, nil).conn.Stop("1")
		}
		c := w.subscribe(who, asC, nil)
		a.conn.Stop("1")
		synctest.Wait()
		w.tells(5, map[*wire]string{c: "c"})
		close(w.source.opening)
		b := w.subscribe(who, asB, nil)
		w.tells(6, map[*wire]string{b: "b", c: "c"})
	})
}

// A source is for those who may do the same, also when one of them may nothing more.
func TestSource_NotOfAnotherTenant(t *testing.T) {
	t.Parallel()
	inSources(t, func(w *world) {
		mine := w.subscribe(tenant(actor.JobsRead), asA, nil)
		other := w.subscribe(tenant(actor.JobsRead), asB, nil)
		require.Equal(t, 2, w.source.open())
		mine.conn.Close(live.Revoked)
		synctest.Wait()
		w.tells(3, map[*wire]string{other: "b"})
		require.NotContains(t, mine.seen(), answerTo("a", 3))
	})
}
