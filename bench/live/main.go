// Command live measures what a subscription costs: the panel's transports beside
// gqlgen's own and beside a server that only encodes once and writes. All three
// stream the same values in turns, each in a process of its own, to one process
// that reads. Only ratios within one run mean something; it asserts nothing.
package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdin, os.Stdout)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "live:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	f := flag.NewFlagSet("live", flag.ContinueOnError)
	rounds := f.Int("rounds", 3, "how often each is measured; the median is told")
	seconds := f.Int("seconds", 5, "how long values are published in a round")
	clients := f.Int("clients", 5000, "clients of the large comparisons")
	only := f.String("only", "", "only comparisons with this in their titles")
	kind := f.String("serve", "", "be a server; for the command itself")
	order := f.String("load", "", "be the clients; for the command itself")
	if err := f.Parse(args); err != nil {
		return err
	}
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) == nil {
		limit.Cur = limit.Max
		_ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
	}
	switch {
	case *kind != "":
		return serve(ctx, *kind, in, out)
	case *order != "":
		var o loadOrder
		if err := json.Unmarshal([]byte(*order), &o); err != nil {
			return err
		}
		return load(ctx, o, in, out)
	}
	b := &bench{rounds: *rounds, seconds: *seconds, only: *only, out: out}
	return errors.Join(b.printMachine(), b.all(ctx, *clients))
}

// A setting is one comparison.
type setting struct {
	title      string
	servers    []string
	clients    int
	selections int
	field      string
	perSecond  int // values; 0 is as fast as they are taken
	values     int
}

type bench struct {
	rounds, seconds int
	only            string
	out             io.Writer
}

func (b *bench) all(ctx context.Context, many int) error {
	n := b.seconds
	settings := []setting{
		{"1,000 clients, one selection, 10 values a second (LATEST)", []string{stock, bare, ours}, 1000, 1, "metrics", 10, 10 * n},
		{"1,000 clients, one selection, 10 values a second (ORDERED)", []string{stock, bare, ours}, 1000, 1, "events", 10, 10 * n},
		{comma(many) + " clients, each with another selection, 1 value a second", []string{stock, bare, ours}, many, many, "metrics", 1, n},
		{comma(many) + " clients, one selection, 10 values a second (ORDERED)", []string{bare, ours}, many, 1, "events", 10, 10 * n},
	}
	for _, selections := range []int{many, many / 10, many / 100, 1} {
		settings = append(settings, setting{
			fmt.Sprintf("%s clients, %s to a selection, 32 values as fast as they are taken (ORDERED)", comma(many), comma(many/selections)),
			[]string{ours, oursSlow}, many, selections, "events", 0, 32,
		})
	}
	for _, s := range settings {
		if !strings.Contains(s.title, b.only) {
			continue
		}
		if err := b.compare(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", s.title, err)
		}
	}
	if !strings.Contains(posts, b.only) {
		return nil
	}
	return b.requests(ctx)
}

func comma(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("%d,%03d", n/1000, n%1000)
}

// A result is one server in one round.
type result struct {
	loadReport

	perMessage time.Duration // CPU of the server
	perClient  float64       // KB
	rate       float64       // messages a second
	lost       int64         // that never came
}

func (b *bench) compare(ctx context.Context, s setting) error {
	results := map[string][]result{}
	for round := range b.rounds {
		for i := range s.servers {
			kind := s.servers[(round+i)%len(s.servers)]
			r, err := b.measure(ctx, kind, s)
			if err != nil {
				return fmt.Errorf("%s: %w", kind, err)
			}
			results[kind] = append(results[kind], r)
		}
	}
	_, _ = fmt.Fprintf(b.out, "\n### %s\n\n| server | CPU a message | delivered p50 | p99 | messages a second | memory a client | not delivered |\n| --- | --- | --- | --- | --- | --- | --- |\n", s.title)
	for _, kind := range s.servers {
		list := results[kind]
		_, _ = fmt.Fprintf(b.out, "| %s | %.1f us | %.1f ms | %.1f ms | %.0f | %.1f KB | %d |\n", kind,
			float64(median(list, func(r result) time.Duration { return r.perMessage }).Nanoseconds())/1e3,
			median(list, func(r result) time.Duration { return r.P50 }).Seconds()*1e3,
			median(list, func(r result) time.Duration { return r.P99 }).Seconds()*1e3,
			median(list, func(r result) float64 { return r.rate }),
			median(list, func(r result) float64 { return r.perClient }),
			slices.MaxFunc(list, func(a, b result) int { return cmp.Compare(a.lost, b.lost) }).lost)
	}
	return nil
}

func median[T cmp.Ordered](list []result, of func(result) T) T {
	values := make([]T, len(list))
	for i, r := range list {
		values[i] = of(r)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// A child is this command as a server or as clients.
type child struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines *bufio.Scanner
}

func start(ctx context.Context, args ...string) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return started(exec.CommandContext(ctx, self, args...)) // #nosec G204 -- ourselves
}

func started(cmd *exec.Cmd) (*child, error) {
	c := &child{cmd: cmd}
	c.cmd.Stderr = os.Stderr
	var err error
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.lines = bufio.NewScanner(out)
	return c, c.cmd.Start()
}

func (c *child) stop() { _ = c.in.Close(); _ = c.cmd.Process.Kill(); _ = c.cmd.Wait() }

// ask has it do something, and reads its answer.
func (c *child) ask(what string) (string, error) {
	if what != "" {
		if _, err := io.WriteString(c.in, what+"\n"); err != nil {
			return "", err
		}
	}
	if !c.lines.Scan() {
		return "", errors.Join(io.ErrUnexpectedEOF, c.lines.Err())
	}
	return c.lines.Text(), nil
}

func (b *bench) measure(ctx context.Context, kind string, s setting) (r result, err error) {
	server, err := start(ctx, "-serve", kind)
	if err != nil {
		return r, err
	}
	defer server.stop()
	address, err := server.ask("")
	if err != nil {
		return r, err
	}
	if _, err := server.ask("clean"); err != nil {
		return r, err
	}
	before := server.rssKB()
	order, err := json.Marshal(loadOrder{Address: address, Clients: s.clients, Selections: s.selections, Field: s.field})
	if err != nil {
		return r, err
	}
	clients, err := start(ctx, "-load", string(order))
	if err != nil {
		return r, err
	}
	defer clients.stop()
	if _, err := clients.ask(""); err != nil {
		return r, err
	}
	// Until everybody has begun.
	for n, tries := int64(0), 0; n < int64(s.clients); tries++ {
		if tries == 100 {
			return r, fmt.Errorf("only %d of %d clients are told anything", n, s.clients)
		}
		if _, err := server.ask("publish 1 10"); err != nil {
			return r, err
		}
		text, err := clients.ask("count")
		if err != nil {
			return r, err
		}
		if n, err = strconv.ParseInt(text, 10, 64); err != nil {
			return r, err
		}
	}
	if err := b.quiet(ctx, clients); err != nil {
		return r, err
	}
	if _, err := server.ask("clean"); err != nil {
		return r, err
	}
	r.perClient = float64(server.rssKB()-before) / float64(s.clients)
	if _, err := clients.ask("begin"); err != nil {
		return r, err
	}
	cpu, began := server.cpu(), time.Now()
	if _, err := server.ask(fmt.Sprintf("publish %d %d", s.values, s.perSecond)); err != nil {
		return r, err
	}
	want := int64(s.values) * int64(s.clients)
	if err := b.arrived(ctx, clients, want); err != nil {
		return r, err
	}
	took, used := time.Since(began), server.cpu()-cpu
	text, err := clients.ask("report")
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal([]byte(text), &r.loadReport); err != nil {
		return r, err
	}
	r.perMessage = used / time.Duration(max(1, r.Messages))
	r.rate, r.lost = float64(r.Messages)/took.Seconds(), want-r.Messages
	return r, nil
}

// arrived waits until so many messages are there, or no more come.
func (b *bench) arrived(ctx context.Context, clients *child, want int64) error {
	last, since := int64(-1), time.Now()
	for {
		text, err := clients.ask("count")
		if err != nil {
			return err
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n >= want {
			return err
		}
		if n > last {
			last, since = n, time.Now()
		} else if time.Since(since) > 2*time.Second {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(2 * time.Millisecond):
		}
	}
}

func (b *bench) quiet(ctx context.Context, clients *child) error {
	return b.arrived(ctx, clients, 1<<62)
}

func (c *child) rssKB() int64 {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.cmd.Process.Pid))
	_, rest, _ := strings.Cut(string(b), "VmRSS:")
	n, _ := strconv.ParseInt(strings.Fields(rest + " 0")[0], 10, 64)
	return n
}

// cpu is what it has taken so far.
func (c *child) cpu() time.Duration {
	var total time.Duration
	tasks, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", c.cmd.Process.Pid))
	for _, t := range tasks {
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/schedstat", c.cmd.Process.Pid, t.Name()))
		n, _ := strconv.ParseInt(strings.Fields(string(b) + " 0")[0], 10, 64)
		total += time.Duration(n)
	}
	return total
}
