package collect

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// cpuTimes are the times of /proc/stat in ticks: user, nice, system, idle, iowait,
// irq, softirq, steal. Those of guests are in user and nice already.
type cpuTimes [8]uint64

const (
	idleTime   = 3
	iowaitTime = 4
)

type coreTimes struct {
	name string
	cpuTimes
}

// percentSince is how much of the time was not idle. Single times, such as iowait, may
// go backwards; they count as if they stood still.
func (t cpuTimes) percentSince(before cpuTimes) float64 {
	var all, idle uint64
	for i := range t {
		if t[i] <= before[i] {
			continue
		}
		all += t[i] - before[i]
		if i == idleTime || i == iowaitTime {
			idle += t[i] - before[i]
		}
	}
	if all == 0 {
		return 0
	}
	return 100 * float64(all-idle) / float64(all)
}

// corePercents are those of the cores that are online now; one that was not before
// has done nothing.
func corePercents(now, before []coreTimes) []float64 {
	was := make(map[string]cpuTimes, len(before))
	for _, c := range before {
		was[c.name] = c.cpuTimes
	}
	out := make([]float64, len(now))
	for i, c := range now {
		if b, ok := was[c.name]; ok {
			out[i] = c.percentSince(b)
		}
	}
	return out
}

var errStat = errors.New("stat has no line of all processors")

// parseStat reads /proc/stat.
func parseStat(text string) (all cpuTimes, cores []coreTimes, err error) {
	found := false
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) < 5 || !strings.HasPrefix(fields[0], "cpu") {
			continue
		}
		t, err := parseTimes(fields[1:])
		if err != nil {
			return all, nil, err
		}
		if fields[0] == "cpu" {
			all, found = t, true
		} else {
			cores = append(cores, coreTimes{fields[0], t})
		}
	}
	if !found {
		return all, nil, errStat
	}
	return all, cores, nil
}

func parseTimes(fields []string) (t cpuTimes, err error) {
	for i := range min(len(fields), len(t)) { // old kernels have fewer
		if t[i], err = strconv.ParseUint(fields[i], 10, 64); err != nil {
			return t, fmt.Errorf("read stat: %w", err)
		}
	}
	return t, nil
}
