package fleet

import (
	"slices"
	"time"
)

// average is what a machine did over some time, which begins at. What counts up, and
// sizes that do not change by the second, are those of the newest sample; what a sample
// does not have, such as a disk that was mounted later, counts for those that have it.
// There is one sample at least; they are in the order of time.
func average(at time.Time, samples []*Metrics) *Metrics {
	newest := samples[len(samples)-1]
	mean := func(of func(*Metrics) float64) float64 { return meanOf(samples, of) }
	whole := func(of func(*Metrics) int64) int64 {
		return int64(mean(func(m *Metrics) float64 { return float64(of(m)) }) + .5)
	}
	out := &Metrics{
		At: at, UptimeSeconds: newest.UptimeSeconds, MemoryTotalBytes: newest.MemoryTotalBytes, SwapTotalBytes: newest.SwapTotalBytes,
		CPUPercent: mean(func(m *Metrics) float64 { return m.CPUPercent }),
		Load1:      mean(func(m *Metrics) float64 { return m.Load1 }), Load5: mean(func(m *Metrics) float64 { return m.Load5 }), Load15: mean(func(m *Metrics) float64 { return m.Load15 }),
		MemoryUsedBytes: whole(func(m *Metrics) int64 { return m.MemoryUsedBytes }), SwapUsedBytes: whole(func(m *Metrics) int64 { return m.SwapUsedBytes }),
		Processes:    int(whole(func(m *Metrics) int64 { return int64(m.Processes) })),
		CorePercents: make([]float64, len(newest.CorePercents)), Disks: []*DiskMetrics{}, Networks: []*NetworkMetrics{},
	}
	for core := range out.CorePercents {
		having := slices.DeleteFunc(slices.Clone(samples), func(m *Metrics) bool { return core >= len(m.CorePercents) })
		out.CorePercents[core] = meanOf(having, func(m *Metrics) float64 { return m.CorePercents[core] })
	}
	for _, of := range grouped(samples, func(m *Metrics) []*DiskMetrics { return m.Disks }, func(d *DiskMetrics) string { return d.Mount }) {
		one := *of[len(of)-1]
		one.UsedBytes = int64(meanOf(of, func(d *DiskMetrics) float64 { return float64(d.UsedBytes) }) + .5)
		one.ReadBytesPerSecond = meanOf(of, func(d *DiskMetrics) float64 { return d.ReadBytesPerSecond })
		one.WriteBytesPerSecond = meanOf(of, func(d *DiskMetrics) float64 { return d.WriteBytesPerSecond })
		out.Disks = append(out.Disks, &one)
	}
	for _, of := range grouped(samples, func(m *Metrics) []*NetworkMetrics { return m.Networks }, func(n *NetworkMetrics) string { return n.Name }) {
		out.Networks = append(out.Networks, &NetworkMetrics{
			Name:                   of[0].Name,
			ReceivedBytesPerSecond: meanOf(of, func(n *NetworkMetrics) float64 { return n.ReceivedBytesPerSecond }),
			SentBytesPerSecond:     meanOf(of, func(n *NetworkMetrics) float64 { return n.SentBytesPerSecond }),
			ErrorsPerSecond:        meanOf(of, func(n *NetworkMetrics) float64 { return n.ErrorsPerSecond }),
		})
	}
	return out
}

func meanOf[T any](list []T, of func(T) float64) (mean float64) {
	for _, one := range list {
		mean += of(one) / float64(len(list))
	}
	return mean
}

// grouped gives what samples have of each name, in the order in which the names came.
func grouped[T any](samples []*Metrics, of func(*Metrics) []T, name func(T) string) (groups [][]T) {
	at := map[string]int{}
	for _, m := range samples {
		for _, one := range of(m) {
			i, ok := at[name(one)]
			if !ok {
				i = len(groups)
				at[name(one)] = i
				groups = append(groups, nil)
			}
			groups[i] = append(groups[i], one)
		}
	}
	return groups
}
