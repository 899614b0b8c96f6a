package collect

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// A Host is what does not change while it runs.
type Host struct {
	OSName      string // such as Debian GNU/Linux 12 (bookworm); "" when nothing tells
	CPUCount    int    // cores that are online
	MemoryBytes int64
}

// Host reads what does not change. Errors: /proc cannot be read.
func (c *Collector) Host() (Host, error) {
	stat, err := c.read("stat")
	if err != nil {
		return Host{}, err
	}
	_, cores, err := parseStat(stat)
	if err != nil {
		return Host{}, err
	}
	s := new(Sample)
	if err := c.readMemory(s); err != nil {
		return Host{}, err
	}
	release, _ := os.ReadFile(filepath.Join(c.c.Etc, "os-release")) // #nosec G304 -- a missing one tells nothing
	return Host{OSName: parseOSRelease(string(release)), CPUCount: len(cores), MemoryBytes: s.MemoryTotalBytes}, nil
}

// parseOSRelease gives the name for people of an os-release(5).
func parseOSRelease(text string) string {
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), "PRETTY_NAME="); ok {
			name := strings.Trim(value, `"'`)
			return strings.ToValidUTF8(name[:min(len(name), 200)], "")
		}
	}
	return ""
}

var errLoadavg = errors.New("loadavg does not begin with three numbers")

func (c *Collector) readLoad(s *Sample) error {
	text, err := c.read("loadavg")
	if err != nil {
		return err
	}
	fields := strings.Fields(text)
	if len(fields) < 3 {
		return errLoadavg
	}
	for i, to := range []*float64{&s.Load1, &s.Load5, &s.Load15} {
		if *to, err = strconv.ParseFloat(fields[i], 64); err != nil || !(*to >= 0 && *to < 1e9) {
			return errLoadavg
		}
	}
	return nil
}

func (c *Collector) readUptime(s *Sample) error {
	text, err := c.read("uptime")
	if err != nil {
		return err
	}
	seconds, _, _ := strings.Cut(text, ".")
	if s.UptimeSeconds, err = strconv.ParseInt(strings.TrimSpace(seconds), 10, 64); err != nil {
		return fmt.Errorf("read uptime: %w", err)
	}
	return nil
}

// countProcesses counts the folders of processes.
func (c *Collector) countProcesses(s *Sample) error {
	dir, err := os.Open(c.c.Proc)
	if err != nil {
		return fmt.Errorf("list processes: %w", err)
	}
	defer func() { _ = dir.Close() }()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return fmt.Errorf("list processes: %w", err)
	}
	for _, name := range names {
		if name[0] >= '1' && name[0] <= '9' {
			s.Processes++
		}
	}
	return nil
}
