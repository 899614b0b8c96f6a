package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/mpanel/mpanel/internal/secret"
)

const (
	module       = "github.com/mpanel/mpanel"
	startTimeout = time.Minute
	stopTimeout  = 15 * time.Second
	pollEvery    = 2 * time.Millisecond
)

// A panel is the server's process and its folder. It is started and stopped
// again and again on the same data.
type panel struct {
	binary string
	dir    string   // the data dir and the log are in it
	base   string   // URL
	extra  []string // of the server's environment
	args   []string // "serve" when there are none
	core   string   // the CPU it may run on; any without

	cmd    *exec.Cmd
	setup  chan string // the one-time token of the first start
	exited chan struct{}
	err    error // how it ended; to be read after exited
}

// newPanel builds the server, unless there is a binary, and starts nothing.
func newPanel(ctx context.Context, dir, binary string) (*panel, error) {
	if binary == "" {
		binary = filepath.Join(dir, "mpanel")
		if err := build(ctx, binary, "-ldflags", "-s -w"); err != nil { // as make build
			return nil, err
		}
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("find a free port: %w", err)
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		return nil, fmt.Errorf("find a free port: %w", err)
	}
	return &panel{binary: binary, dir: dir, base: "http://" + addr, setup: make(chan string, 1)}, nil
}

func build(ctx context.Context, binary string, flags ...string) error {
	args := append([]string{"build", "-trimpath", "-o", binary}, flags...)
	cmd := exec.CommandContext(ctx, "go", append(args, module)...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the server: %w\n%s", err, out)
	}
	return nil
}

func (p *panel) dataDir() string { return filepath.Join(p.dir, "data") }
func (p *panel) logFile() string { return filepath.Join(p.dir, "mpanel.log") }

// start runs the server and returns how long it took until readyz said 200.
func (p *panel) start(ctx context.Context) (time.Duration, error) {
	log, err := os.OpenFile(p.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, fmt.Errorf("open the log: %w", err)
	}
	defer func() { _ = log.Close() }() // the process has its own
	command := append([]string{p.binary}, p.args...)
	if len(p.args) == 0 {
		command = append(command, "serve")
	}
	if p.core != "" {
		command = append([]string{"taskset", "-c", p.core}, command...)
	}
	p.cmd = exec.CommandContext(context.WithoutCancel(ctx), command[0], command[1:]...) // stop ends it, in good order
	p.cmd.Env = p.environment()
	p.cmd.Stderr = log
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return 0, fmt.Errorf("start the server: %w", err)
	}
	p.exited = make(chan struct{})
	began := time.Now()
	if err := p.cmd.Start(); err != nil {
		close(p.exited)
		return 0, fmt.Errorf("start the server: %w", err)
	}
	go func() {
		defer close(p.exited)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if _, token, ok := strings.Cut(lines.Text(), "/setup#"); ok {
				select {
				case p.setup <- token:
				default:
				}
			}
		}
		p.err = p.cmd.Wait()
	}()
	if err := p.waitReady(ctx); err != nil {
		return 0, err
	}
	return time.Since(began), nil
}

// environment is ours without any setting of a panel.
func (p *panel) environment() []string {
	var env []string
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "MPANEL_") {
			env = append(env, kv)
		}
	}
	return append(append(env, p.extra...), "MPANEL_DATA_DIR="+p.dataDir(), "MPANEL_LISTEN="+strings.TrimPrefix(p.base, "http://"), "MPANEL_NODE_ID=bench", "MPANEL_COST_BUDGET=0")
}

func (p *panel) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	asking := &http.Client{Timeout: startTimeout}
	defer asking.CloseIdleConnections()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.base+"/readyz", nil)
		if err != nil {
			return fmt.Errorf("ask whether the server is ready: %w", err)
		}
		res, err := asking.Do(req)
		if err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-p.exited:
			return errors.Join(errors.New("the server ended at its start"), p.err)
		case <-ctx.Done():
			return fmt.Errorf("wait for the server: %w", ctx.Err())
		case <-time.After(pollEvery):
		}
	}
}

// setupToken is what the first start printed.
func (p *panel) setupToken(ctx context.Context) (string, error) {
	select {
	case token := <-p.setup:
		return token, nil
	case <-time.After(stopTimeout):
		return "", errors.New("the server printed no set-up link")
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// stop ends the server as an operator does; stopping a stopped one is success.
func (p *panel) stop() error {
	if p.cmd == nil || p.cmd.Process == nil {
		return nil
	}
	defer func() { p.cmd = nil }()
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended by itself
	select {
	case <-p.exited:
		if p.err != nil {
			return fmt.Errorf("stop the server: %w", p.err)
		}
		return nil
	case <-time.After(stopTimeout):
		_ = p.cmd.Process.Kill()
		<-p.exited
		return fmt.Errorf("the server did not stop within %v", stopTimeout)
	}
}

// tail shows the end of the server's log.
func (p *panel) tail(w io.Writer) {
	const last = 4 << 10
	b, err := os.ReadFile(p.logFile())
	if err != nil {
		return
	}
	_, _ = fmt.Fprintf(w, "the end of the server's log:\n%s\n", b[max(0, len(b)-last):])
}

// panelDSN is where the panel's own cluster is and how to get in: the superuser's
// password is derived from the installation's key.
func (p *panel) panelDSN() (secret.Text, *secret.Box, error) {
	key, err := os.ReadFile(filepath.Join(p.dataDir(), "secret.key"))
	if err != nil {
		return secret.Text{}, nil, fmt.Errorf("read the secret key: %w", err)
	}
	box, err := secret.NewBox(secret.New(strings.TrimSpace(string(key))))
	if err != nil {
		return secret.Text{}, nil, err
	}
	b, err := os.ReadFile(filepath.Join(p.dataDir(), "panel.json"))
	if err != nil {
		return secret.Text{}, nil, fmt.Errorf("read the address of the panel's cluster: %w", err)
	}
	var at struct {
		Host string `json:"host"`
		Port int    `json:"port"`
	}
	if err := json.Unmarshal(b, &at); err != nil {
		return secret.Text{}, nil, fmt.Errorf("read the address of the panel's cluster: %w", err)
	}
	return secret.New(fmt.Sprintf("host='%s' port=%d user=mpanel dbname=mpanel password=%s sslmode=disable",
		at.Host, at.Port, box.Password("panel cluster").Reveal())), box, nil
}

// A usage is what the server's process alone has taken, without its PostgreSQLs.
type usage struct {
	RSSMB  float64       `json:"rss_mb"`  // resident now
	PeakMB float64       `json:"peak_mb"` // most ever resident
	CPU    time.Duration `json:"-"`
}

// usage reads /proc.
func (p *panel) usage() (usage, error) { return usageOf(p.cmd.Process.Pid) }

func usageOf(pid int) (usage, error) {
	proc := filepath.Join("/proc", strconv.Itoa(pid))
	status, err := os.ReadFile(filepath.Join(proc, "status"))
	if err != nil {
		return usage{}, fmt.Errorf("read the memory of process %d: %w", pid, err)
	}
	stat, err := os.ReadFile(filepath.Join(proc, "stat"))
	if err != nil {
		return usage{}, fmt.Errorf("read the CPU time of process %d: %w", pid, err)
	}
	var u usage
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		kib, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 64)
		if err != nil {
			continue
		}
		switch name {
		case "VmRSS":
			u.RSSMB = kib * 1024 / 1e6
		case "VmHWM":
			u.PeakMB = kib * 1024 / 1e6
		}
	}
	// The name in parentheses may have spaces; utime and stime are the 12th and
	// 13th after it, in hundredths of a second on Linux.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	for _, i := range []int{11, 12} {
		ticks, err := strconv.ParseInt(string(fields[i]), 10, 64)
		if err != nil {
			return usage{}, fmt.Errorf("read the server's CPU time: %w", err)
		}
		u.CPU += time.Duration(ticks) * 10 * time.Millisecond
	}
	return u, nil
}
