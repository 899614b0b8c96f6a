package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// print writes the tables: of each figure the median of the rounds.
func (b *graphBench) print(out io.Writer) error {
	m, w := b.machine, bufio.NewWriter(out)
	p := func(format string, args ...any) { _, _ = fmt.Fprintf(w, format+"\n", args...) }
	p("%s, commit %s, %s, %d cores, Linux %s, %s, PostgreSQL %s", m.Date.Format(time.RFC3339), m.Commit, m.CPU, m.Cores, m.Kernel, m.Go, m.PostgreSQL)
	p("load %s before, %s after; %d rounds of %v, %d connections; server on core %s, PostgreSQL and clients on core %s", m.LoadBefore, m.LoadAfter,
		b.rounds, b.slice, graphConnections, serverCore, otherCore)
	for _, op := range b.operations {
		p("\n%s, %.1f KB\n", op.name, float64(len(b.servers[0].answers[op.name][0]))/1000)
		p("| | req/s | of %s | p50 ms | p99 ms | server CPU us | PostgreSQL CPU us | total CPU us | RSS MB | noise %% |", raws)
		p("|---|---|---|---|---|---|---|---|---|---|")
		for _, peer := range b.servers {
			list := b.samples[op.name][peer.name]
			p("| %s | %.0f | %s | %.1f | %.1f | %.0f | %.0f | **%.0f** | %.0f | %.0f |", peer.name,
				middle(list, func(s sample) float64 { return s.perSecond }), b.ratio(op, peer),
				middle(list, func(s sample) float64 { return milliseconds(s.p50) }), middle(list, func(s sample) float64 { return milliseconds(s.p99) }),
				middle(list, func(s sample) float64 { return microseconds(s.server) }), middle(list, func(s sample) float64 { return microseconds(s.postgres) }),
				middle(list, func(s sample) float64 { return microseconds(s.cpu()) }), most(list, func(s sample) float64 { return s.rssMB }),
				100*most(list, func(s sample) float64 { return s.noise }))
		}
		if len(b.peers) > 0 { // not everybody is there
			continue
		}
		own := b.samples[op.name]["panel"]
		stock := b.samples[op.name]["gqlgen, batch"]
		p("\nthe panel's requests: %s of those %s (aim %.2f); gqlgen takes %.1f times the CPU", b.ratio(op, b.peer("panel")), raws, op.aim,
			middle(stock, func(s sample) float64 { return microseconds(s.cpu()) })/middle(own, func(s sample) float64 { return microseconds(s.cpu()) }))
	}
	return w.Flush()
}

func (b *graphBench) peer(name string) *graphPeer {
	return b.servers[slices.IndexFunc(b.servers, func(p *graphPeer) bool { return p.name == name })]
}

// ratio is of the requests in a second, by the medians and from the worst round to the best.
func (b *graphBench) ratio(op *graphOperation, peer *graphPeer) string {
	list, hand := b.samples[op.name][peer.name], b.samples[op.name][raws]
	per := func(s sample) float64 { return s.perSecond }
	if len(hand) == 0 {
		return "-"
	}
	var all []float64
	for i := range list {
		all = append(all, list[i].perSecond/hand[i].perSecond)
	}
	return fmt.Sprintf("%.2fx (%.2f-%.2f)", middle(list, per)/middle(hand, per), slices.Min(all), slices.Max(all))
}

func middle(list []sample, of func(sample) float64) float64 {
	var all []float64
	for _, s := range list {
		all = append(all, of(s))
	}
	slices.Sort(all)
	return (all[(len(all)-1)/2] + all[len(all)/2]) / 2
}

func most(list []sample, of func(sample) float64) float64 {
	var all []float64
	for _, s := range list {
		all = append(all, of(s))
	}
	return slices.Max(all)
}

func microseconds(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// inProcess prints the benchmarks of package executor, on one core.
func (b *graphBench) inProcess(ctx context.Context, out io.Writer) error {
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "-", "-bench", ".", "-cpu", "1", "-benchtime", "500ms", "./internal/executor")
	text, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("run the benchmarks of the executor: %w\n%s", err, text)
	}
	_, _ = fmt.Fprintln(out, "\nin process:")
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "Benchmark") {
			_, _ = io.WriteString(out, line)
		}
	}
	return nil
}
