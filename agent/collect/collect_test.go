package collect_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/agent/collect"
	"github.com/mpanel/mpanel/internal/testkit"
)

// A host is a /proc that tests write.
type host struct {
	t    *testing.T
	proc string

	mu    sync.Mutex
	usage map[string]func() (int64, int64, error)
}

// usual is what most tests begin with: two cores, one disk, one network.
var usual = map[string]string{
	"stat":           "cpu  100 0 100 800 0 0 0 0 0 0\ncpu0 50 0 50 400 0 0 0 0 0 0\ncpu1 50 0 50 400 0 0 0 0 0 0\nctxt 1\n",
	"meminfo":        "MemTotal:       1000 kB\nMemFree:         100 kB\nMemAvailable:    400 kB\nBuffers: 10 kB\nCached: 20 kB\nSwapTotal:       200 kB\nSwapFree:        150 kB\n",
	"loadavg":        "0.50 1.25 2.00 1/234 5678\n",
	"uptime":         "12345.67 20000.00\n",
	"diskstats":      " 254 0 vda 10 0 1000 0 20 0 2000 0 0 0 0 0 0 0 0 0 0\n",
	"net/dev":        "Inter-|   Receive  |  Transmit\n face |bytes packets errs drop fifo frame compressed multicast|bytes packets errs drop fifo colls carrier compressed\n    lo: 5 5 5 0 0 0 0 0 5 5 5 0 0 0 0 0\n  eth0: 1000 1 2 0 0 0 0 0 2000 1 3 0 0 0 0 0\n",
	"self/mountinfo": "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n22 27 0:21 / /proc rw - proc proc rw\n25 24 0:23 / /dev/shm rw - tmpfs tmpfs rw\n",
	"1/stat":         "", "4711/stat": "", "acpi/x": "",
}

func newHost(t *testing.T) *host {
	t.Helper()
	h := &host{t: t, proc: t.TempDir(), usage: map[string]func() (int64, int64, error){}}
	for name, text := range usual {
		h.write(name, text)
	}
	return h
}

func (h *host) write(name, text string) {
	h.t.Helper()
	path := filepath.Join(h.proc, name)
	require.NoError(h.t, os.MkdirAll(filepath.Dir(path), 0o750))
	require.NoError(h.t, os.WriteFile(path, []byte(text), 0o600))
}

func (h *host) collector() *collect.Collector {
	return collect.New(collect.Config{Proc: h.proc, Etc: h.proc, Usage: func(mount string) (int64, int64, error) {
		h.mu.Lock()
		f := h.usage[mount]
		h.mu.Unlock()
		if f == nil {
			return 40, 100, nil
		}
		return f()
	}})
}

func (h *host) answers(mount string, f func() (int64, int64, error)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.usage[mount] = f
}

// second is a sample a second after the one before, between which change was written.
func second(t *testing.T, c *collect.Collector, change func()) *collect.Sample {
	t.Helper()
	time.Sleep(time.Second) //nolint:forbidigo // of synctest's clock
	if change != nil {
		change()
	}
	s, err := c.Sample(t.Context())
	require.NoError(t, err)
	return s
}

func TestCollector_Rates(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	synctest.Test(t, func(t *testing.T) {
		c := h.collector()
		began := time.Now()
		first, err := c.Sample(t.Context())
		require.NoError(t, err)
		require.Equal(t, 200*time.Millisecond, time.Since(began), "the first one needs two readings")
		require.Equal(t, &collect.Sample{
			At: time.Now().UTC().Round(0), CorePercents: []float64{0, 0}, Load1: 0.5, Load5: 1.25, Load15: 2,
			MemoryUsedBytes: 600 << 10, MemoryTotalBytes: 1000 << 10, SwapUsedBytes: 50 << 10, SwapTotalBytes: 200 << 10,
			Disks: []*collect.Disk{{Mount: "/", UsedBytes: 40, TotalBytes: 100}}, Networks: []*collect.Network{{Name: "eth0"}},
			UptimeSeconds: 12345, Processes: 2,
		}, first)
		s := second(t, c, func() {
			h.write("stat", "cpu  130 10 110 840 10 0 0 0 0 0\ncpu0 80 10 60 400 0 0 0 0 0 0\ncpu1 50 0 50 440 10 0 0 0 0 0\n")
			h.write("diskstats", " 254 0 vda 10 0 1100 0 20 0 2300 0 0 0 0 0 0 0 0 0 0\n")
			h.write("net/dev", "h\nh\n  eth0: 1500 1 3 0 0 0 0 0 3000 1 4 0 0 0 0 0\n")
		})
		require.InDelta(t, 50, s.CPUPercent, 0.001, "50 of 100 ticks; to wait for a disk is to be idle")
		require.InDeltaSlice(t, []float64{100, 0}, s.CorePercents, 0.001)
		require.Equal(t, &collect.Disk{Mount: "/", UsedBytes: 40, TotalBytes: 100, ReadBytesPerSecond: 100 * 512, WriteBytesPerSecond: 300 * 512}, s.Disks[0])
		require.Equal(t, &collect.Network{Name: "eth0", ReceivedBytesPerSecond: 500, SentBytesPerSecond: 1000, ErrorsPerSecond: 2}, s.Networks[0])

		began = time.Now()
		_, err = c.Sample(t.Context())
		require.NoError(t, err)
		require.Equal(t, 50*time.Millisecond, time.Since(began), "rates are over no shorter time")
		time.Sleep(3 * time.Minute) //nolint:forbidigo // of synctest's clock
		began = time.Now()
		_, err = c.Sample(t.Context())
		require.NoError(t, err)
		require.Equal(t, 200*time.Millisecond, time.Since(began), "what is old is no base")
	})
}

// Counters that were reset, have wrapped or are another device's give nothing that
// cannot be.
func TestCollector_CountersThatGoBack(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]map[string]string{
		"reset":              {"stat": "cpu 0 0 0 0 0 0 0 0\ncpu0 0 0 0 0 0 0 0 0\ncpu1 0 0 0 0 0 0 0 0\n", "diskstats": "254 0 vda 0 0 0 0 0 0 0 0 0 0 0\n", "net/dev": "eth0: 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"},
		"wrapped at 2^32":    {"diskstats": "254 0 vda 0 0 3 0 0 0 4 0 0 0 0\n", "net/dev": "eth0: 1 0 0 0 0 0 0 0 2 0 0 0 0 0 0 0\n"},
		"another device":     {"diskstats": "254 0 vda 0 0 18446744073709551 0 0 0 18446744073709551 0 0 0 0\n", "net/dev": "eth0: 18446744073709551615 0 18446744073709551615 0 0 0 0 0 18446744073709551615 0 18446744073709551615 0 0 0 0 0\n"},
		"gone":               {"diskstats": "", "net/dev": ""},
		"new":                {"diskstats": "8 0 sda 0 0 1000000 0 0 0 1000000 0 0 0 0\n", "net/dev": "eth9: 1000000 0 9 0 0 0 0 0 1000000 0 9 0 0 0 0 0\n"},
		"no numbers":         {"diskstats": "254 0 vda x 0 x 0 x 0 x 0 0 0 0\n", "net/dev": "eth0: x x x x x x x x x x x x x x x x\nbad line\n: \n"},
		"beyond 64 bits":     {"diskstats": "254 0 vda 0 0 99999999999999999999999 0 0 0 1 0 0 0 0\n"},
		"iowait goes back":   {"stat": "cpu  100 0 100 800 0 0 0 0\ncpu0 50 0 50 400 0 0 0 0\n"},
		"a core comes":       {"stat": "cpu  100 0 100 800 0 0 0 0\ncpu0 50 0 50 400 0 0 0 0\ncpu1 50 0 50 400 0 0 0 0\ncpu2 9999 0 9999 9999 0 0 0 0\n"},
		"an old kernel":      {"stat": "cpu  100 0 100 800\ncpu0 50 0 50 400\n"},
		"cut in the middle":  {"diskstats": "254 0 vda 1 2", "net/dev": "eth0: 1 2"},
		"a line of kilobyte": {"net/dev": strings.Repeat("x", 100_000) + ": 1\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t)
			h.write("stat", "cpu  100 0 100 800 50 0 0 0\ncpu0 50 0 50 400 50 0 0 0\ncpu1 50 0 50 400 0 0 0 0\n")
			h.write("diskstats", " 254 0 vda 10 0 4294967000 0 20 0 4294967000 0 0 0 0\n")
			h.write("net/dev", "  eth0: 4294967000 1 2 0 0 0 0 0 4294967000 1 3 0 0 0 0 0\n")
			synctest.Test(t, func(t *testing.T) {
				c := h.collector()
				_, err := c.Sample(t.Context())
				require.NoError(t, err)
				s := second(t, c, func() {
					for file, text := range tc {
						h.write(file, text)
					}
				})
				require.Zero(t, s.CPUPercent)
				for _, p := range s.CorePercents {
					require.Zero(t, p)
				}
				for _, d := range s.Disks {
					require.Equal(t, &collect.Disk{Mount: "/", UsedBytes: 40, TotalBytes: 100}, d)
				}
				for _, n := range s.Networks {
					require.Equal(t, &collect.Network{Name: n.Name}, n)
				}
			})
		})
	}
}

func TestCollector_Files(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		file, text string
		says       string // no error when it says nothing
		sample     func(*collect.Sample)
	}{
		"no stat":              {"stat", "", "stat has no line", nil},
		"stat without numbers": {"stat", "cpu a b c d e f g h\n", "read stat", nil},
		"no memory":            {"meminfo", "MemFree: 1 kB\n", "meminfo", nil},
		"an old kernel": {"meminfo", "MemTotal: 1000 kB\nMemFree: 100 kB\nBuffers: 50 kB\nCached: 50 kB\n", "", func(s *collect.Sample) {
			s.MemoryUsedBytes, s.SwapTotalBytes, s.SwapUsedBytes = 800<<10, 0, 0
		}},
		"more available than there is": {"meminfo", "MemTotal: 1000 kB\nMemAvailable: 2000 kB\nSwapTotal: 1 kB\nSwapFree: 2 kB\n", "", func(s *collect.Sample) {
			s.MemoryUsedBytes, s.SwapTotalBytes, s.SwapUsedBytes = 0, 1<<10, 0
		}},
		"memory beyond 64 bits": {"meminfo", "MemTotal: 99999999999999999999 kB\n", "meminfo", nil},
		"no load":               {"loadavg", "", "loadavg", nil},
		"load that is none":     {"loadavg", "NaN 1 2", "loadavg", nil},
		"negative load":         {"loadavg", "-1 1 2", "loadavg", nil},
		"no uptime":             {"uptime", "", "uptime", nil},
		"no disks":              {"self/mountinfo", "", "", func(s *collect.Sample) { s.Disks = []*collect.Disk{} }},
		"no networks":           {"net/dev", "", "", func(s *collect.Sample) { s.Networks = []*collect.Network{} }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, plain := newHost(t), newHost(t)
			h.write(tc.file, tc.text)
			synctest.Test(t, func(t *testing.T) {
				got, err := h.collector().Sample(t.Context())
				if tc.says != "" {
					require.ErrorContains(t, err, tc.says)
					return
				}
				require.NoError(t, err)
				want, err := plain.collector().Sample(t.Context())
				require.NoError(t, err)
				tc.sample(want)
				want.At = got.At
				require.Equal(t, want, got)
			})
		})
	}
	h := newHost(t)
	require.NoError(t, os.RemoveAll(h.proc))
	_, err := h.collector().Sample(t.Context())
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestCollector_Mounts(t *testing.T) {
	t.Parallel()
	line := func(device, path, kind, source string) string {
		return fmt.Sprintf("1 1 %s / %s rw,relatime shared:1 - %s %s rw\n", device, path, kind, source)
	}
	for name, tc := range map[string]struct {
		text string
		want []string
	}{
		"what holds data": {line("8:1", "/", "ext4", "/dev/sda1") + line("8:2", "/home", "xfs", "/dev/sda2") + line("0:50", "/backup", "nfs4", "nas:/x") + line("0:51", "/pool", "zfs", "pool/data"), []string{"/", "/backup", "/home", "/pool"}},
		"what holds none": {line("0:1", "/proc", "proc", "proc") + line("0:2", "/run", "tmpfs", "tmpfs") + line("0:3", "/sys", "sysfs", "sysfs") + line("7:1", "/snap/x", "squashfs", "/dev/loop1") + line("0:9", "/x", "autofs", "systemd-1"), []string{}},
		"bind mounts":     {line("8:1", "/srv/www/x", "ext4", "/dev/sda1") + line("8:1", "/", "ext4", "/dev/sda1") + line("8:1", "/a", "ext4", "/dev/sda1"), []string{"/"}},
		"subvolumes":      {line("0:30", "/", "btrfs", "/dev/sda1") + line("0:30", "/home", "btrfs", "/dev/sda1"), []string{"/"}},
		"a container":     {line("0:60", "/", "overlay", "overlay") + line("0:61", "/var/lib/docker/overlay2/x", "overlay", "overlay") + line("8:1", "/etc/hosts", "ext4", "/dev/sda1"), []string{"/", "/etc/hosts"}},
		"mounted over":    {line("8:1", "/data", "ext4", "/dev/sda1") + line("8:2", "/data", "ext4", "/dev/sdb1"), []string{"/data"}},
		"escaped names":   {line("8:1", `/my\040disk\134x`, "ext4", "/dev/sda1") + line("8:2", `/bad\0`, "ext4", "/dev/sda2") + line("8:3", `/\377`, "ext4", "/dev/sda3"), []string{`/bad\0`, `/my disk\x`, "/�"}},
		"malformed":       {"x\n1 2 3\n - \n1 1 8:1 / / rw - ext4\n", []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t)
			h.write("self/mountinfo", tc.text)
			synctest.Test(t, func(t *testing.T) {
				s, err := h.collector().Sample(t.Context())
				require.NoError(t, err)
				got := []string{}
				for _, d := range s.Disks {
					got = append(got, d.Mount)
				}
				require.Equal(t, tc.want, got)
			})
		})
	}
	h := newHost(t)
	var many, nets strings.Builder
	for i := range 500 {
		many.WriteString(line(fmt.Sprintf("9:%d", i), fmt.Sprintf("/m%d", i), "ext4", fmt.Sprintf("/dev/x%d", i)))
		fmt.Fprintf(&nets, "veth%d: 1 0 0 0 0 0 0 0 1 0 0 0 0 0 0 0\n", i)
	}
	h.write("self/mountinfo", many.String())
	h.write("net/dev", nets.String())
	s, err := h.collector().Sample(t.Context())
	require.NoError(t, err)
	require.Len(t, s.Disks, 64)
	require.Len(t, s.Networks, 64)
}

// A file system that hangs holds up no other, keeps one goroutine, and is told as
// what it last was until it answers again.
func TestCollector_DiskHangs(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.write("self/mountinfo", "27 1 254:0 / / rw - ext4 /dev/vda rw\n28 1 0:99 / /nas rw - nfs4 nas:/x rw\n29 1 0:98 / /other rw - nfs4 other:/x rw\n")
	synctest.Test(t, func(t *testing.T) {
		c := h.collector()
		back, never := make(chan struct{}), make(chan struct{})
		defer close(never)
		h.answers("/other", func() (int64, int64, error) { <-never; return 0, 0, errors.New("over") })
		s, err := c.Sample(t.Context())
		require.NoError(t, err)
		require.Equal(t, []*collect.Disk{{Mount: "/", UsedBytes: 40, TotalBytes: 100}, {Mount: "/nas", UsedBytes: 40, TotalBytes: 100}}, s.Disks, "one that never answered is not there")

		var asked atomic.Int64
		h.answers("/nas", func() (int64, int64, error) { asked.Add(1); <-back; return 50, 100, nil })
		for range 100 {
			began := time.Now()
			s, err = c.Sample(t.Context())
			require.NoError(t, err)
			require.LessOrEqual(t, time.Since(began), 300*time.Millisecond, "a quarter of a second for all of them")
			require.Equal(t, []*collect.Disk{{Mount: "/", UsedBytes: 40, TotalBytes: 100}, {Mount: "/nas", UsedBytes: 40, TotalBytes: 100, Stale: true}}, s.Disks)
		}
		require.Equal(t, int64(1), asked.Load(), "it is not asked again while it owes an answer")
		close(back)
		synctest.Wait()
		s, err = c.Sample(t.Context())
		require.NoError(t, err)
		require.Equal(t, &collect.Disk{Mount: "/nas", UsedBytes: 50, TotalBytes: 100}, s.Disks[1])

		h.answers("/nas", func() (int64, int64, error) { return 0, 0, errors.New("stale file handle") })
		s, err = c.Sample(t.Context())
		require.NoError(t, err)
		require.Len(t, s.Disks, 1, "what fails is not there")
	})
}

func TestCollector_Canceled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := newHost(t).collector().Sample(ctx)
	require.ErrorIs(t, err, context.Canceled)
}

func TestCollector_Host(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	host, err := h.collector().Host()
	require.NoError(t, err)
	require.Equal(t, collect.Host{CPUCount: 2, MemoryBytes: 1000 << 10}, host)
	for text, want := range map[string]string{
		"NAME=x\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n": "Debian GNU/Linux 12 (bookworm)",
		"PRETTY_NAME='Alpine'": "Alpine", "PRETTY_NAME=\xff": "", "": "", "PRETTY_NAME=" + strings.Repeat("x", 1000): strings.Repeat("x", 200),
	} {
		h.write("os-release", text)
		host, err := h.collector().Host()
		require.NoError(t, err)
		require.Equal(t, want, host.OSName)
	}
}

// The real /proc of this machine, with work that must show.
func TestCollector_ThisHost(t *testing.T) {
	c := collect.New(collect.Config{})
	host, err := c.Host()
	require.NoError(t, err)
	_, err = c.Sample(t.Context())
	require.NoError(t, err)
	spun := 0
	for began := time.Now(); time.Since(began) < 300*time.Millisecond; {
		spun++
	}
	before := time.Now()
	s, err := c.Sample(t.Context())
	require.NoError(t, err)
	took := time.Since(before)
	require.Positive(t, spun)
	require.Len(t, s.CorePercents, host.CPUCount)
	require.Greater(t, s.CPUPercent, 50/float64(host.CPUCount), "one core was busy")
	for _, p := range append(s.CorePercents, s.CPUPercent) {
		require.True(t, p >= 0 && p <= 100, p)
	}
	require.Equal(t, host.MemoryBytes, s.MemoryTotalBytes)
	require.Greater(t, s.MemoryUsedBytes, int64(1<<20))
	require.Less(t, s.MemoryUsedBytes, s.MemoryTotalBytes)
	require.Positive(t, s.UptimeSeconds)
	require.Positive(t, s.Processes)
	var root *collect.Disk
	for _, d := range s.Disks {
		require.True(t, d.UsedBytes >= 0 && d.UsedBytes <= d.TotalBytes, "%+v", d)
		if d.Mount == "/" {
			root = d
		}
	}
	require.NotNil(t, root, "%+v", s.Disks)
	require.WithinDuration(t, time.Now(), s.At, time.Minute)
	testkit.Reportf(t, "a sample of this host takes %v, with %d disks and %d networks", took.Round(time.Microsecond), len(s.Disks), len(s.Networks))
}

func BenchmarkSample(b *testing.B) {
	now := time.Now()
	c := collect.New(collect.Config{Now: func() time.Time { now = now.Add(time.Second); return now }})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Sample(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
