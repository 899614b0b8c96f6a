package main

import (
	"context"
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
)

// tracedRequests are made one after the other while system calls are counted.
const tracedRequests = 100

// profile writes, for each operation, what the panel spends CPU and memory on while
// it is asked for as long as a slice, and which system calls it makes for some
// requests. The files are for go tool pprof, and text.
func (b *graphBench) profile(ctx context.Context, p *panel) (err error) {
	if err := os.MkdirAll(b.profiles, 0o750); err != nil {
		return fmt.Errorf("make a folder for profiles: %w", err)
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("find a free port: %w", err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	own := *p
	own.core = serverCore
	own.extra = append([]string{"GOMAXPROCS=1", "MPANEL_PROFILE=" + addr}, p.extra...)
	peer := &graphPeer{name: "panel", panel: &own}
	if _, err := own.start(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, own.stop()) }()
	for i, op := range b.operations {
		file := func(kind string) string {
			return filepath.Join(b.profiles, strconv.Itoa(i+1)+"-"+strings.ReplaceAll(op.name, " ", "-")+"."+kind)
		}
		seconds := strconv.Itoa(max(1, int(b.slice.Seconds())))
		for _, kind := range []string{"profile", "allocs"} {
			loading, cancel := context.WithCancel(ctx)
			loaded := make(chan error, 1)
			go func() {
				_, err := b.sample(loading, peer, op)
				loaded <- err
			}()
			err := fetch(ctx, "http://"+addr+"/debug/pprof/"+kind+"?seconds="+seconds, file(kind))
			err = errors.Join(err, <-loaded)
			cancel()
			if err != nil {
				return err
			}
		}
		if err := b.trace(ctx, peer, op, file("syscalls")); err != nil {
			return err
		}
	}
	return nil
}

// trace counts the system calls of one request after the other.
func (b *graphBench) trace(ctx context.Context, peer *graphPeer, op *graphOperation, to string) error {
	conn, err := b.dial(ctx, peer, op.token)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	ask := func(n int) error {
		for i := range n {
			if _, err := conn.ask(conn.request(op.bodies[i%len(op.bodies)])); err != nil {
				return err
			}
		}
		return nil
	}
	if err := ask(tracedRequests); err != nil {
		return err
	}
	strace := exec.CommandContext(ctx, "strace", "-f", "-c", "-U", "calls,errors,name", "-o", to, "-p", strconv.Itoa(peer.panel.cmd.Process.Pid))
	if err := strace.Start(); err != nil {
		return fmt.Errorf("count system calls: %w", err)
	}
	select { // strace says nowhere that it has begun
	case <-time.After(500 * time.Millisecond):
	case <-ctx.Done():
	}
	err = ask(tracedRequests)
	_ = strace.Process.Signal(syscall.SIGINT)
	_ = strace.Wait() // ends with the signal's status
	return err
}

func fetch(ctx context.Context, url, to string) (err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("ask for a profile: %w", err)
	}
	res, err := (&http.Client{Timeout: 5 * time.Minute}).Do(req)
	if err != nil {
		return fmt.Errorf("ask for a profile: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	f, err := os.Create(to)
	if err != nil {
		return fmt.Errorf("write a profile: %w", err)
	}
	_, err = io.Copy(f, res.Body)
	return errors.Join(err, f.Close())
}
