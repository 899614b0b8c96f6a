package collect

import (
	"errors"
	"strconv"
	"strings"
)

var errMeminfo = errors.New("meminfo does not say how much memory there is")

func (c *Collector) readMemory(s *Sample) error {
	text, err := c.read("meminfo")
	if err != nil {
		return err
	}
	return parseMeminfo(text, s)
}

// parseMeminfo reads /proc/meminfo, which counts in KiB. Kernels before 3.14 do not
// say what is available; it is about what is free, buffers and cache.
func parseMeminfo(text string, s *Sample) error {
	kib := map[string]int64{}
	for line := range strings.Lines(text) {
		name, rest, _ := strings.Cut(line, ":")
		value, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
		if n, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64); err == nil && n >= 0 && n < 1<<50 {
			kib[name] = n
		}
	}
	total, ok := kib["MemTotal"]
	if !ok {
		return errMeminfo
	}
	available, ok := kib["MemAvailable"]
	if !ok {
		available = kib["MemFree"] + kib["Buffers"] + kib["Cached"]
	}
	s.MemoryTotalBytes = total << 10
	s.MemoryUsedBytes = max(0, total-available) << 10
	s.SwapTotalBytes = kib["SwapTotal"] << 10
	s.SwapUsedBytes = max(0, kib["SwapTotal"]-kib["SwapFree"]) << 10
	return nil
}
