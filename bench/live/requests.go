package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const hello = `{"query":"{ hello }"}`

const posts = "POST of { hello }, 16 connections"

// requests compares what an answer to the smallest of queries costs: the server has one
// core, and the clients, who do as little as they can, another.
func (b *bench) requests(ctx context.Context) error {
	results := map[string][]result{}
	kinds := []string{stock, ours}
	for round := range b.rounds {
		for i := range kinds {
			kind := kinds[(round+i)%len(kinds)]
			r, err := b.post(ctx, kind)
			if err != nil {
				return fmt.Errorf("%s: %w", kind, err)
			}
			results[kind] = append(results[kind], r)
		}
	}
	_, _ = fmt.Fprintf(b.out, "\n### "+posts+"\n\n| server | requests a second | CPU a request |\n| --- | --- | --- |\n")
	for _, kind := range kinds {
		_, _ = fmt.Fprintf(b.out, "| %s | %.0f | %.1f us |\n", kind, median(results[kind], func(r result) float64 { return r.rate }),
			float64(median(results[kind], func(r result) time.Duration { return r.perMessage }).Nanoseconds())/1e3)
	}
	return nil
}

func (b *bench) post(ctx context.Context, kind string) (r result, err error) {
	self, err := os.Executable()
	if err != nil {
		return r, err
	}
	cmd := exec.CommandContext(ctx, "taskset", "-c", "0", self, "-serve", kind) // #nosec G204 -- ourselves
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	server, err := started(cmd)
	if err != nil {
		return r, err
	}
	defer server.stop()
	if out, err := exec.CommandContext(ctx, "taskset", "-a", "-p", "-c", "1", strconv.Itoa(os.Getpid())).CombinedOutput(); err != nil { // #nosec G204 -- our own number
		return r, fmt.Errorf("taskset: %w: %s", err, out)
	}
	address, err := server.ask("")
	if err != nil {
		return r, err
	}
	var n atomic.Int64
	ctx, cancel := context.WithTimeout(ctx, time.Duration(b.seconds)*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	var once sync.Once
	for range 16 {
		wg.Go(func() {
			if e := ask(ctx, address, &n); e != nil && ctx.Err() == nil {
				once.Do(func() { err = e })
			}
		})
	}
	cpu, began := server.cpu(), time.Now()
	wg.Wait()
	r.rate, r.perMessage = float64(n.Load())/time.Since(began).Seconds(), (server.cpu()-cpu)/time.Duration(max(1, n.Load()))
	return r, err
}

func ask(ctx context.Context, address string, n *atomic.Int64) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	request := fmt.Sprintf("POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(hello), hello)
	in := bufio.NewReader(conn)
	body := make([]byte, 1<<10)
	for {
		if _, err := io.WriteString(conn, request); err != nil {
			return err
		}
		length := 0
		for line := "-"; line != ""; {
			if line, err = in.ReadString('\n'); err != nil {
				return err
			}
			line = strings.TrimSuffix(line, "\r\n")
			if value, ok := strings.CutPrefix(line, "Content-Length: "); ok {
				if length, err = strconv.Atoi(value); err != nil || length > len(body) {
					return fmt.Errorf("an answer of %q bytes", value)
				}
			}
		}
		if _, err := io.ReadFull(in, body[:length]); err != nil {
			return err
		}
		if !bytes.Contains(body[:length], []byte(`{"hello":"world"}`)) {
			return fmt.Errorf("answered: %s", body[:length])
		}
		n.Add(1)
	}
}

// printMachine tells where it was measured.
func (b *bench) printMachine() error {
	model := "an unknown processor"
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if _, rest, ok := strings.Cut(string(text), "model name\t: "); ok {
			model, _, _ = strings.Cut(rest, "\n")
		}
	}
	load, err := os.ReadFile("/proc/loadavg")
	_, _ = fmt.Fprintf(b.out, "%s, %d cores of %s, %s, load %s", time.Now().UTC().Format(time.DateOnly), runtime.NumCPU(), model, runtime.Version(), load)
	return err
}
