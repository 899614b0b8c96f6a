// Command bench measures the real server on this machine: what an order costs
// beyond the SQL that carries it out, and what the process needs for itself.
//
// It builds the server, starts it on the embedded default with durable clusters
// in a temporary folder, and interleaves what it compares, so that noise hits
// both alike. Only ratios within one run mean something: a goal that is not met
// is printed and is no failure. It asserts nothing; that is the tests' job.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// options say how much is measured.
type options struct {
	binary    string
	samples   int
	rounds    int
	clients   int
	perClient int
	starts    int
	exportMB  int
	survey    int
	passes    int
	harms     int
	interval  time.Duration
	graph     bool
	web       bool
	documents bool
	document  string
	parts     []string
	slice     time.Duration
	gogc      []string
	peers     []string
	profiles  string
	json      bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&o.binary, "binary", "", "measure this server instead of building one")
	f.IntVar(&o.samples, "samples", 40, "orders of one client")
	f.IntVar(&o.rounds, "rounds", 5, "rounds of many clients")
	f.IntVar(&o.clients, "clients", 8, "clients at once")
	f.IntVar(&o.perClient, "per-client", 5, "orders of each client in a round")
	f.IntVar(&o.starts, "starts", 5, "starts on existing data")
	f.IntVar(&o.exportMB, "export-mb", 0, "measure exports of a database of so many MB instead")
	f.IntVar(&o.survey, "survey", 0, "measure surveys of so many databases instead, and how soon drift is found")
	f.IntVar(&o.passes, "passes", 20, "surveys in a round")
	f.IntVar(&o.harms, "harms", 200, "databases that are harmed, each once")
	f.DurationVar(&o.interval, "interval", 5*time.Second, "between two surveys while databases are harmed")
	f.BoolVar(&o.graph, "graph", false, "measure what answers of the graph cost instead, beside gqlgen's executor and a server written by hand")
	f.BoolVar(&o.web, "web", false, "measure what the web app costs a browser instead; the parts lighthouse, list and charts can be named behind it")
	f.BoolVar(&o.documents, "documents", false, "measure what hostile documents cost until they are refused or taken instead, beside gqlparser's rules")
	f.StringVar(&o.document, "document", "", "read this document by gqlparser's rules; for the command itself")
	f.DurationVar(&o.slice, "slice", 2*time.Second, "how long each operation of the graph is asked in a round")
	f.Func("gogc", "also measure the graph with these settings of the collector, such as 100,400", func(list string) error {
		o.gogc = strings.Split(list, ",")
		return nil
	})
	f.Func("peers", "measure only these servers of the graph, such as 'by hand,panel'", func(list string) error {
		o.peers = strings.Split(list, ",")
		return nil
	})
	f.StringVar(&o.profiles, "profiles", "", "write profiles of the panel under each operation of the graph to this folder, and its system calls; measure nothing")
	f.BoolVar(&o.json, "json", false, "also write the result to bench/results")
	if len(args) > 0 && slices.Contains([]string{"graph", "web", "documents"}, args[0]) {
		args = append([]string{"-" + args[0]}, args[1:]...)
	}
	if err := f.Parse(args); err != nil {
		return o, err
	}
	o.parts = f.Args()
	if min(o.samples, o.rounds, o.clients, o.perClient, o.starts, o.passes, o.harms) < 1 {
		return o, errors.New("every number must be 1 or more")
	}
	if o.survey > 0 && o.survey < o.harms {
		return o, errors.New("no more databases can be harmed than there are")
	}
	return o, nil
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	if o.documents {
		return measureDocuments(ctx, o, stdout)
	}
	dir, err := os.MkdirTemp("", "mpanel-bench-")
	if err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := os.Chmod(dir, 0o755); err != nil { // started by root, the clusters run as another user, who passes through
		return fmt.Errorf("open the folder: %w", err)
	}
	if o.profiles != "" && o.binary == "" {
		o.binary = filepath.Join(dir, "mpanel-profiled")
		if err := build(ctx, o.binary, "-tags", "profile"); err != nil {
			return err
		}
	}
	p, err := newPanel(ctx, dir, o.binary)
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, p.stop())
		if err != nil {
			p.tail(stderr)
		}
	}()
	if o.exportMB > 0 {
		return measureExports(ctx, o, p, stdout, stderr)
	}
	if o.survey > 0 {
		return measureSurveys(ctx, o, p, stdout, stderr)
	}
	if o.graph {
		return measureGraph(ctx, o, p, stdout, stderr)
	}
	if o.web {
		return measureWeb(ctx, o.parts, p, stdout, stderr)
	}
	res, err := measure(ctx, o, p, stderr)
	if err != nil {
		return err
	}
	res.print(stdout)
	if o.json {
		return res.write(ctx, stdout)
	}
	return nil
}
