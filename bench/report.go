package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Goals: an order's price in commits, since a commit is what differs most
// between machines, and a fixed part for everything else.
const (
	orderCommits    = 16
	orderFixed      = 20 * time.Millisecond
	throughputShare = 0.7
	mutationCommits = 5
	mutationFixed   = 5 * time.Millisecond
	startAim        = 1500 * time.Millisecond
	memoryAimMB     = 60
)

// A result is one run's figures.
type result struct {
	options    options
	machine    machine
	firstStart time.Duration
	coldStarts []time.Duration
	single     single
	rounds     []round
	idle       usage
	loaded     usage
}

// A machine is where and when the run was.
type machine struct {
	Date       time.Time `json:"date"`
	Cores      int       `json:"cores"`
	CPU        string    `json:"cpu"`
	Kernel     string    `json:"kernel"`
	Go         string    `json:"go"`
	PostgreSQL string    `json:"postgresql"`
	Commit     string    `json:"commit"`
	LoadBefore string    `json:"load_before"` // averages of 1, 5 and 15 minutes
	LoadAfter  string    `json:"load_after"`
}

func (r *result) begin(ctx context.Context) { r.machine = machineNow(ctx) }

func machineNow(ctx context.Context) machine {
	return machine{
		Date: time.Now().UTC().Truncate(time.Second), Cores: runtime.NumCPU(), CPU: cpuModel(),
		Kernel: firstFields("/proc/sys/kernel/osrelease", 1), Go: runtime.Version(), LoadBefore: firstFields("/proc/loadavg", 3),
		Commit: output(ctx, "git", "describe", "--always", "--dirty", "--abbrev=12"),
	}
}

func (r *result) end() { r.machine.LoadAfter = firstFields("/proc/loadavg", 3) }

// firstFields is how a file of /proc begins, "unknown" when it cannot be read.
func firstFields(path string, n int) string {
	b, err := os.ReadFile(path)
	fields := strings.Fields(string(b))
	if err != nil || len(fields) < n {
		return "unknown"
	}
	return strings.Join(fields[:n], " ")
}

func cpuModel() string {
	b, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(b)) {
		if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

func output(ctx context.Context, name string, args ...string) string {
	out, err := exec.CommandContext(ctx, name, args...).Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}

// percentile is the smallest sample that p percent of all do not exceed. With
// few samples the 99th is simply the slowest.
func percentile[T cmp.Ordered](samples []T, p float64) T {
	sorted := slices.Sorted(slices.Values(samples))
	return sorted[max(0, int(math.Ceil(p/100*float64(len(sorted))))-1)]
}

func median[T cmp.Ordered](samples []T) T { return percentile(samples, 50) }

// A goal is what was measured beside what was hoped for.
type goal struct {
	What     string  `json:"what"`
	Measured float64 `json:"measured"`
	Goal     float64 `json:"goal"`
	Unit     string  `json:"unit"`
	AtLeast  bool    `json:"at_least,omitempty"` // otherwise at most
	Met      bool    `json:"met"`
}

func (r *result) goals() []goal {
	commit, bare, panel, mutation := median(r.single.commit), median(r.single.bare), median(r.single.panel), median(r.single.mutation)
	list := []goal{
		{What: fmt.Sprintf("createDatabase p50 <= bare + %d commits + %v", orderCommits, orderFixed),
			Measured: ms(panel), Goal: ms(bare + orderCommits*commit + orderFixed), Unit: "ms"},
		{What: fmt.Sprintf("%d clients >= %.1f of bare's throughput", r.options.clients, throughputShare),
			Measured: median(r.shares()), Goal: throughputShare, Unit: "x", AtLeast: true},
		{What: fmt.Sprintf("mutation p50 <= %d commits + %v", mutationCommits, mutationFixed),
			Measured: ms(mutation), Goal: ms(mutationCommits*commit + mutationFixed), Unit: "ms"},
		{What: "start on existing data to ready", Measured: ms(median(r.coldStarts)), Goal: ms(startAim), Unit: "ms"},
		{What: "resident memory, idle after start", Measured: r.idle.RSSMB, Goal: memoryAimMB, Unit: "MB"},
		{What: "resident memory, idle after load", Measured: r.loaded.RSSMB, Goal: memoryAimMB, Unit: "MB"},
	}
	for i, g := range list {
		list[i].Met = g.AtLeast && g.Measured >= g.Goal || !g.AtLeast && g.Measured <= g.Goal
	}
	return list
}

// shares are the panel's throughput over bare's, round by round.
func (r *result) shares() []float64 {
	var out []float64
	for _, x := range r.rounds {
		out = append(out, x.Panel/x.Bare)
	}
	return out
}

// cpuMs is what an order costs the server's process.
func (r *result) cpuMs() float64 {
	var all []float64
	for _, x := range r.rounds {
		all = append(all, x.CPUMs)
	}
	return median(all)
}

// orders is how many the server has carried out, the unmeasured ones included.
func (r *result) orders() int {
	return 3 + r.options.samples + (1+r.options.rounds)*r.options.clients*r.options.perClient
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// print writes the result for people.
func (r *result) print(w io.Writer) {
	p := func(format string, args ...any) { _, _ = fmt.Fprintf(w, format+"\n", args...) }
	m := r.machine
	p("MPanel %s, %s", m.Commit, m.Date.Format("2006-01-02 15:04 MST"))
	p("%d cores (%s), Linux %s, %s, PostgreSQL %s; load %s before, %s after", m.Cores, m.CPU, m.Kernel, m.Go, m.PostgreSQL, m.LoadBefore, m.LoadAfter)
	p("Times on a shared machine mean little; ratios within this run do.\n")

	p("One client, interleaved, ms                       p50      p99   samples")
	for _, row := range []struct {
		what    string
		samples []time.Duration
	}{
		{"one-row commit on the panel's cluster", r.single.commit},
		{"the order's SQL by pgx (bare)", r.single.bare},
		{"createDatabase until SUCCEEDED is seen", r.single.panel},
		{"the mutation's answer", r.single.mutation},
	} {
		p("  %-42s %8.1f %8.1f %9d", row.what, ms(median(row.samples)), ms(percentile(row.samples, 99)), len(row.samples))
	}
	over := median(r.single.panel) - median(r.single.bare)
	p("  over bare at p50: %.1f ms = %.1f commits\n", ms(over), float64(over)/float64(median(r.single.commit)))

	p("%d clients, %d orders each, per second   bare    panel    ratio", r.options.clients, r.options.perClient)
	for i, x := range r.rounds {
		p("  round %-28d %8.1f %8.1f %8.2f", i+1, x.Bare, x.Panel, x.Panel/x.Bare)
	}
	p("\nThe server's process, without its PostgreSQLs")
	p("  first start, with initdb                 %8.0f ms", ms(r.firstStart))
	p("  start on existing data, median of %-2d     %8.0f ms, slowest %.0f ms", len(r.coldStarts), ms(median(r.coldStarts)), ms(slices.Max(r.coldStarts)))
	p("  resident memory, idle after start        %8.1f MB, most %.1f MB", r.idle.RSSMB, r.idle.PeakMB)
	p("  resident memory, idle after %-4d orders  %8.1f MB, most %.1f MB", r.orders(), r.loaded.RSSMB, r.loaded.PeakMB)
	p("  CPU of an order, with %-2d clients         %8.1f ms", r.options.clients, r.cpuMs())

	p("\n%-46s %9s %9s", "Goals (no failure when not met)", "measured", "goal")
	for _, g := range r.goals() {
		verdict := "met"
		if !g.Met {
			verdict = "NOT met"
		}
		p("  %-44s %9.2f %9.2f %-2s  %s", g.What, g.Measured, g.Goal, g.Unit, verdict)
	}
}

// A row is the distribution of one kind of sample, in milliseconds.
type row struct {
	P50     float64 `json:"p50_ms"`
	P99     float64 `json:"p99_ms"`
	Samples int     `json:"samples"`
}

func rowOf(samples []time.Duration) row {
	return row{ms(median(samples)), ms(percentile(samples, 99)), len(samples)}
}

// write keeps the result in bench/results.
func (r *result) write(ctx context.Context, stdout io.Writer) error {
	return keep(ctx, stdout, r.machine, "", struct {
		Machine   machine        `json:"machine"`
		OneClient map[string]row `json:"one_client"`
		Clients   int            `json:"clients"`
		Rounds    []round        `json:"rounds"`
		Ratio     float64        `json:"throughput_ratio"`
		FirstMs   float64        `json:"first_start_ms"`
		Starts    row            `json:"start_on_existing_data"`
		Idle      usage          `json:"memory_after_start"`
		Loaded    usage          `json:"memory_after_load"`
		Goals     []goal         `json:"goals"`
	}{
		r.machine,
		map[string]row{
			"commit": rowOf(r.single.commit), "bare": rowOf(r.single.bare), "panel": rowOf(r.single.panel), "mutation": rowOf(r.single.mutation),
		},
		r.options.clients, r.rounds, median(r.shares()), ms(r.firstStart), rowOf(r.coldStarts), r.idle, r.loaded, r.goals(),
	})
}

// keep writes a result to bench/results and says where.
func keep(ctx context.Context, stdout io.Writer, m machine, kind string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the result: %w", err)
	}
	name := m.Date.Format("2006-01-02T150405Z")
	if kind != "" {
		name += "-" + kind
	}
	path := filepath.Join(output(ctx, "go", "list", "-m", "-f", "{{.Dir}}"), "bench", "results", name+".json")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("make the folder of results: %w", err)
	}
	if err := os.WriteFile(path, append(b, '\n'), 0o644); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	_, err = fmt.Fprintln(stdout, "\nwritten to", path)
	return err
}
