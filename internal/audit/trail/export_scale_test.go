package trail_test

import (
	"bytes"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/audit/trail"
	"github.com/mpanel/mpanel/internal/testkit"
)

// exportRows are as many entries as are exported here; MPANEL_EXPORT_ROWS has another
// number, such as a million.
const exportRows = 20_000

// maxExportMemory is what an export may take, of however many entries: some pages of it,
// and what the garbage collector leaves lying for a while.
const maxExportMemory = 32 << 20

// A gauge counts what is written, and keeps nothing of it.
type gauge struct{ lines, bytes int64 }

func (g *gauge) Write(b []byte) (int, error) {
	g.lines += int64(bytes.Count(b, []byte("\n")))
	g.bytes += int64(len(b))
	return len(b), nil
}

// An export takes the memory of a page, of however many entries it is. Not parallel: the
// memory is the process's.
func TestExport_MemoryIsFlat(t *testing.T) { //nolint:paralleltest // it measures the process
	rows := exportRows
	if n, err := strconv.Atoi(os.Getenv("MPANEL_EXPORT_ROWS")); err == nil {
		rows = n
	}
	r := newRig(t)
	r.exec(`INSERT INTO audit_entries (action, user_id, customer_id, request_id, ip, user_agent, before, detail)
		SELECT 'database.update', ?, ?, md5(i::text), '192.0.2.7', 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
			jsonb_build_object('name', 'name ' || i, 'reason', repeat('before ', 20)), jsonb_build_object('name', 'name ' || i + 1, 'reason', repeat('after ', 20))
		FROM generate_series(1, ?) AS i`, r.boss, r.below, rows)
	r.exec("ANALYZE audit_entries")
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapInuse + m.StackInuse
	}
	for _, format := range []trail.Format{trail.CSV, trail.JSON} {
		e, err := r.Export(staff(t.Context()), &trail.Filter{CustomerID: &r.below}, format)
		require.NoError(t, err)
		runtime.GC()
		before, most, pages := heap(), uint64(0), 0
		out := &gauge{}
		began := time.Now()
		require.NoError(t, e.Write(t.Context(), out, func() { most = max(most, heap()); pages++ }))
		took := time.Since(began)
		e.Close()
		want := int64(rows)
		if format == trail.CSV {
			want++ // the line of names
		}
		require.Equal(t, want, out.lines)
		require.Greater(t, pages, rows/1000, "it is read page by page")
		grew := max(most, before) - before
		require.Less(t, grew, uint64(maxExportMemory))
		testkit.Reportf(t, "audit export: %d entries as %s, %d MB, in %v; the node's memory grew by %.1f MB at most", rows, format, out.bytes>>20, took.Round(10*time.Millisecond), float64(grew)/(1<<20))
	}
}
