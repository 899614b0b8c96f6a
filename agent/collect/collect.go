package collect

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// A Sample is what a host was doing at one moment. Rates are per second and over the
// time since the sample before; percentages are 0 to 100.
type Sample struct {
	At               time.Time  `json:"at"`
	CPUPercent       float64    `json:"cpuPercent"`   // of all cores together
	CorePercents     []float64  `json:"corePercents"` // of each core that is online, in the kernel's order
	Load1            float64    `json:"load1"`
	Load5            float64    `json:"load5"`
	Load15           float64    `json:"load15"`
	MemoryUsedBytes  int64      `json:"memoryUsedBytes"` // what is not available to programs
	MemoryTotalBytes int64      `json:"memoryTotalBytes"`
	SwapUsedBytes    int64      `json:"swapUsedBytes"`
	SwapTotalBytes   int64      `json:"swapTotalBytes"`
	Disks            []*Disk    `json:"disks"`
	Networks         []*Network `json:"networks"`
	UptimeSeconds    int64      `json:"uptimeSeconds"`
	Processes        int        `json:"processes"`
}

// A Disk is a file system that is mounted.
type Disk struct {
	Mount               string  `json:"mount"`
	UsedBytes           int64   `json:"usedBytes"`
	TotalBytes          int64   `json:"totalBytes"`
	ReadBytesPerSecond  float64 `json:"readBytesPerSecond"` // of the device below; 0 where the kernel does not count, as for network file systems
	WriteBytesPerSecond float64 `json:"writeBytesPerSecond"`
	Stale               bool    `json:"stale"` // it did not answer in time: used and total are what they last were
}

// A Network is a network interface other than loopback.
type Network struct {
	Name                   string  `json:"name"`
	ReceivedBytesPerSecond float64 `json:"receivedBytesPerSecond"`
	SentBytesPerSecond     float64 `json:"sentBytesPerSecond"`
	ErrorsPerSecond        float64 `json:"errorsPerSecond"` // received and sent
}

const (
	// fresh is the age up to which a reading is a base for rates.
	fresh = 2 * time.Minute
	// baseTime is how long the first sample takes, whose rates need two readings.
	baseTime = 200 * time.Millisecond
	// least is the shortest time that rates are taken over.
	least = 50 * time.Millisecond
)

// Config says where to read; the zero value is this host.
type Config struct {
	Proc string // [/proc]
	Etc  string // [/etc]
	// Usage reads a file system's size in bytes [statfs(2)]. It may hang.
	Usage func(mount string) (used, total int64, err error)
	// Patience is how long a sample waits for file systems [250 ms].
	Patience time.Duration
	// Now is the clock [time.Now]; rates go by its monotonic part.
	Now func() time.Time
}

// A Collector takes samples of one host. It is safe for concurrent use; samples are
// taken one after the other.
type Collector struct {
	c     Config
	disks usages

	mu   sync.Mutex
	last *counters
}

// counters are what the kernel has counted since it began.
type counters struct {
	at       time.Time
	cpu      cpuTimes
	cores    []coreTimes
	devices  map[string]deviceCounts // by major:minor
	networks []networkCounts
}

// New returns a Collector.
func New(c Config) *Collector {
	c.Proc, c.Etc, c.Patience = cmp.Or(c.Proc, "/proc"), cmp.Or(c.Etc, "/etc"), cmp.Or(c.Patience, 250*time.Millisecond)
	if c.Usage == nil {
		c.Usage = statfs
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Collector{c: c, disks: usages{of: map[string]*usage{}}}
}

// Sample reads the host. The first one, and one after a long pause, takes a fifth of
// a second more, since rates need two readings. Errors: those of ctx; /proc cannot be read.
func (c *Collector) Sample(ctx context.Context) (*Sample, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last == nil || c.c.Now().Sub(c.last.at) > fresh {
		if err := c.base(ctx, baseTime); err != nil {
			return nil, err
		}
	} else if since := c.c.Now().Sub(c.last.at); since < least {
		if err := pause(ctx, least-since); err != nil {
			return nil, err
		}
	}
	now, err := c.counters()
	if err != nil {
		return nil, err
	}
	before := c.last
	c.last = now
	s := &Sample{At: now.at.Round(0).UTC()} // without the monotonic part, which says nothing to others
	s.CPUPercent = now.cpu.percentSince(before.cpu)
	s.CorePercents = corePercents(now.cores, before.cores)
	elapsed := now.at.Sub(before.at).Seconds()
	s.Networks = networkRates(now.networks, before.networks, elapsed)
	if s.Disks, err = c.diskSamples(ctx, now.devices, before.devices, elapsed); err != nil {
		return nil, err
	}
	return s, errors.Join(c.readMemory(s), c.readLoad(s), c.readUptime(s), c.countProcesses(s))
}

// base takes a reading that rates can be taken against.
func (c *Collector) base(ctx context.Context, wait time.Duration) (err error) {
	if c.last, err = c.counters(); err != nil {
		return err
	}
	return pause(ctx, wait)
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *Collector) counters() (*counters, error) {
	n := &counters{at: c.c.Now()}
	stat, err := c.read("stat")
	if err != nil {
		return nil, err
	}
	if n.cpu, n.cores, err = parseStat(stat); err != nil {
		return nil, err
	}
	// Containers may be without these; what cannot be counted is not there.
	if text, err := c.read("diskstats"); err == nil {
		n.devices = parseDiskstats(text)
	}
	if text, err := c.read("net/dev"); err == nil {
		n.networks = parseNetDev(text)
	}
	return n, nil
}

// read gives a file of /proc.
func (c *Collector) read(name string) (string, error) {
	b, err := os.ReadFile(filepath.Join(c.c.Proc, name)) // #nosec G304 -- of our own list
	if err != nil {
		return "", fmt.Errorf("read %s: %w", name, err)
	}
	return string(b), nil
}

// mostPlausible is a rate that no disk and no network reaches: 1 TB/s.
const mostPlausible = 1e12

// rate is how fast a counter grew. One that was reset, has wrapped or belongs to
// another device than before gives 0, never what cannot be.
func rate(now, before uint64, seconds float64) float64 {
	if now < before || seconds <= 0 {
		return 0
	}
	if r := float64(now-before) / seconds; r <= mostPlausible {
		return r
	}
	return 0
}
