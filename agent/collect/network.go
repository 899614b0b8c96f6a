package collect

import (
	"strconv"
	"strings"
)

// maxNetworks bounds the interfaces of a sample; a host of containers may have
// thousands.
const maxNetworks = 64

type networkCounts struct {
	name                   string
	received, sent, errors uint64
}

// parseNetDev reads /proc/net/dev, without the loopback interface.
func parseNetDev(text string) (list []networkCounts) {
	for line := range strings.Lines(text) {
		name, rest, ok := strings.Cut(line, ":")
		fields := strings.Fields(rest)
		if name = strings.TrimSpace(name); !ok || len(fields) < 16 || name == "lo" || len(list) == maxNetworks {
			continue
		}
		n := func(i int) uint64 { // a counter that is no number counts nothing
			v, _ := strconv.ParseUint(fields[i], 10, 64)
			return v
		}
		list = append(list, networkCounts{name, n(0), n(8), n(2) + n(10)})
	}
	return list
}

func networkRates(now, before []networkCounts, seconds float64) []*Network {
	was := make(map[string]networkCounts, len(before))
	for _, n := range before {
		was[n.name] = n
	}
	out := make([]*Network, len(now))
	for i, n := range now {
		out[i] = &Network{Name: n.name}
		if b, ok := was[n.name]; ok {
			out[i].ReceivedBytesPerSecond = rate(n.received, b.received, seconds)
			out[i].SentBytesPerSecond = rate(n.sent, b.sent, seconds)
			out[i].ErrorsPerSecond = rate(n.errors, b.errors, seconds)
		}
	}
	return out
}
