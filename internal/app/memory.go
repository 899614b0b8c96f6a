package app

import (
	"os"
	"runtime/debug"
	"strconv"
	"strings"
)

// The collector's settings when GOGC and GOMEMLIMIT say nothing. A panel has
// few megabytes that live for long and makes many that do not: at 100 it would
// be collecting all the time.
const (
	gcPercent       = 200
	memoryShare     = 0.75 // of what the control group may have; the rest is for stacks and the kernel's
	cgroupMemoryMax = "/sys/fs/cgroup/memory.max"
)

// tuneMemory sets up the collector. limitFile says how many bytes the process
// may have, or "max".
func tuneMemory(lookup func(string) (string, bool), limitFile string) {
	if v, ok := lookup("GOGC"); !ok || v == "" {
		debug.SetGCPercent(gcPercent)
	}
	if v, ok := lookup("GOMEMLIMIT"); ok && v != "" {
		return
	}
	text, err := os.ReadFile(limitFile) //nolint:gosec // a constant
	if err != nil {
		return // another system, or no control groups
	}
	if limit, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && limit > 0 {
		debug.SetMemoryLimit(int64(float64(limit) * memoryShare))
	}
}
