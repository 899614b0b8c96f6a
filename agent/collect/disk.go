package collect

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// maxDisks bounds the file systems of a sample.
const maxDisks = 64

// sector is what /proc/diskstats counts in, whatever the device's own is.
const sector = 512

type deviceCounts struct{ read, written uint64 } // in sectors

// parseDiskstats reads /proc/diskstats, by major:minor.
func parseDiskstats(text string) map[string]deviceCounts {
	devices := map[string]deviceCounts{}
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 10 {
			continue
		}
		read, err := strconv.ParseUint(f[5], 10, 64)
		if err != nil {
			continue
		}
		written, err := strconv.ParseUint(f[9], 10, 64)
		if err != nil {
			continue
		}
		devices[f[0]+":"+f[1]] = deviceCounts{read, written}
	}
	return devices
}

// A mount is a file system that holds somebody's data.
type mount struct{ path, device string }

// parseMountinfo reads /proc/self/mountinfo: each file system once, at its first and
// shortest place. It leaves out those that hold nothing, such as proc, and those in
// memory; overlays count at / only, which is how containers see theirs.
func parseMountinfo(text string) []mount {
	var list []mount
	at := map[string]int{}
	for line := range strings.Lines(text) {
		before, after, ok := strings.Cut(line, " - ")
		f, kind := strings.Fields(before), strings.Fields(after)
		if !ok || len(f) < 6 || len(kind) < 2 {
			continue
		}
		m := mount{unescape(f[4]), f[2]}
		if !holdsData(kind[0], kind[1], m.path) {
			continue
		}
		source := m.device + " " + kind[1]
		if i, seen := at[source]; seen {
			if len(m.path) < len(list[i].path) {
				list[i] = m
			}
			continue
		}
		if len(list) == maxDisks {
			continue
		}
		at[source] = len(list)
		list = append(list, m)
	}
	// A place that was mounted over shows what is on top, the last one.
	seen := map[string]bool{}
	slices.Reverse(list)
	list = slices.DeleteFunc(list, func(m mount) bool {
		was := seen[m.path]
		seen[m.path] = true
		return was
	})
	slices.SortFunc(list, func(a, b mount) int { return strings.Compare(a.path, b.path) })
	return list
}

func holdsData(kind, source, path string) bool {
	switch kind {
	case "nfs", "nfs4", "cifs", "smb3", "ceph", "glusterfs", "fuse.glusterfs", "fuse.sshfs", "fuse.s3fs", "9p", "virtiofs", "zfs", "fuseblk":
		return true
	case "overlay":
		return path == "/"
	case "squashfs", "iso9660", "erofs": // read-only images, always full
		return false
	}
	return strings.HasPrefix(source, "/dev/")
}

// unescape undoes the octal escapes of space, tab, newline and backslash.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return strings.ToValidUTF8(b.String(), "�")
}

func statfs(path string) (used, total int64, err error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(path, &s); err != nil {
		return 0, 0, err
	}
	size := s.Frsize
	if size == 0 {
		size = s.Bsize
	}
	const most = 1 << 50 // blocks; more cannot be
	if size <= 0 || size > 1<<30 || s.Blocks > most || s.Bfree > s.Blocks {
		return 0, 0, syscall.EINVAL
	}
	return int64(s.Blocks-s.Bfree) * size, int64(s.Blocks) * size, nil // #nosec G115 -- bounded above
}

// usages ask file systems for their sizes, each by itself: one that hangs, such as
// that of a server that is away, keeps one goroutine and no other file system.
type usages struct {
	mu sync.Mutex
	of map[string]*usage
}

type usage struct {
	asking      bool
	known       bool
	used, total int64
	answer      chan struct{} // closed with the answer to the question that is asked
}

// ask begins to ask a file system, unless it still owes an answer.
func (u *usages) ask(path string, read func(string) (int64, int64, error)) *usage {
	u.mu.Lock()
	defer u.mu.Unlock()
	one := u.of[path]
	if one == nil {
		one = &usage{}
		u.of[path] = one
	}
	if one.asking {
		return one
	}
	one.asking, one.answer = true, make(chan struct{})
	go func() {
		used, total, err := read(path)
		u.mu.Lock()
		defer u.mu.Unlock()
		one.asking = false
		if one.known = err == nil; one.known {
			one.used, one.total = used, total
		}
		close(one.answer)
	}()
	return one
}

// keep forgets all but these paths, and those that still owe an answer.
func (u *usages) keep(list []mount) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for path, one := range u.of {
		if !one.asking && !slices.ContainsFunc(list, func(m mount) bool { return m.path == path }) {
			delete(u.of, path)
		}
	}
}

// diskSamples asks all file systems at once, and waits for none longer than allowed.
// One that has never answered is left out until it does.
func (c *Collector) diskSamples(ctx context.Context, now, before map[string]deviceCounts, seconds float64) ([]*Disk, error) {
	text, err := c.read("self/mountinfo")
	if err != nil {
		return []*Disk{}, nil // a host without it has no disks that could be told
	}
	mounts := parseMountinfo(text)
	c.disks.keep(mounts)
	asked := make([]*usage, len(mounts))
	for i, m := range mounts {
		asked[i] = c.disks.ask(m.path, c.c.Usage)
	}
	patience := time.NewTimer(c.c.Patience)
	defer patience.Stop()
	out := make([]*Disk, 0, len(mounts))
	over := false
	for i, m := range mounts {
		if !over {
			select {
			case <-asked[i].answer:
			case <-patience.C:
				over = true
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		c.disks.mu.Lock()
		u := *asked[i]
		c.disks.mu.Unlock()
		if !u.known {
			continue
		}
		d := &Disk{Mount: m.path, UsedBytes: u.used, TotalBytes: u.total, Stale: u.asking}
		if b, ok := before[m.device]; ok {
			if n, ok := now[m.device]; ok {
				d.ReadBytesPerSecond = rate(n.read*sector, b.read*sector, seconds)
				d.WriteBytesPerSecond = rate(n.written*sector, b.written*sector, seconds)
			}
		}
		out = append(out, d)
	}
	return out, nil
}
