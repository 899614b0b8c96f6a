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
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// warmUp is how long an operation is asked before it is measured.
const warmUp = 300 * time.Millisecond

// A sample is what one operation took with one server for a while.
type sample struct {
	perSecond float64
	p50, p99  time.Duration
	server    time.Duration // CPU of one request
	postgres  time.Duration
	rssMB     float64
	noise     float64 // of a core, what others took meanwhile
}

func (s sample) cpu() time.Duration { return s.server + s.postgres }

// compare asks a peer a few times, and checks that it answers as the others did.
func (b *graphBench) compare(ctx context.Context, peer *graphPeer, op *graphOperation) error {
	conn, err := b.dial(ctx, peer, op.token)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	var all []string
	for i := range min(20, len(op.bodies)) {
		body, err := conn.ask(conn.request(op.bodies[i*len(op.bodies)/20%len(op.bodies)]))
		if err != nil {
			return fmt.Errorf("%s: %w", op.name, err)
		}
		var answer any
		if err := json.Unmarshal(body, &answer); err != nil {
			return fmt.Errorf("%s: %w: %.200s", op.name, err, body)
		}
		if top, _ := answer.(map[string]any); top["data"] == nil || top["errors"] != nil {
			return fmt.Errorf("%s: %.500s", op.name, body)
		}
		text, err := json.Marshal(answer) // with sorted keys
		if err != nil {
			return err
		}
		all = append(all, string(text))
	}
	if peer.answers == nil {
		peer.answers = map[string][]string{}
	}
	peer.answers[op.name] = all
	if want := b.servers[0].answers[op.name]; want != nil && !slices.Equal(want, all) {
		for i := range all {
			if want[i] != all[i] {
				return fmt.Errorf("%s: it answers\n%.1500s\nand %s\n%.1500s", op.name, all[i], b.servers[0].name, want[i])
			}
		}
	}
	return nil
}

// sample keeps all connections busy for a while.
func (b *graphBench) sample(ctx context.Context, peer *graphPeer, op *graphOperation) (sample, error) {
	var conns []*rawConn
	defer func() {
		for _, c := range conns {
			_ = c.Close()
		}
	}()
	for range graphConnections {
		c, err := b.dial(ctx, peer, op.token)
		if err != nil {
			return sample{}, err
		}
		conns = append(conns, c)
	}
	requests := make([][]byte, len(op.bodies))
	for i, body := range op.bodies {
		requests[i] = conns[0].request(body)
	}
	if _, err := load(ctx, conns, requests, warmUp); err != nil {
		return sample{}, err
	}
	pid := peer.panel.cmd.Process.Pid
	before, err := b.usages(pid)
	if err != nil {
		return sample{}, err
	}
	took, err := load(ctx, conns, requests, b.slice)
	if err != nil {
		return sample{}, err
	}
	after, err := b.usages(pid)
	if err != nil {
		return sample{}, err
	}
	n, wall := time.Duration(len(took)), after.at.Sub(before.at)
	if n == 0 {
		return sample{}, errors.New("nothing was answered")
	}
	slices.Sort(took)
	ours := after.server - before.server + after.postgres - before.postgres + after.self - before.self
	return sample{
		perSecond: float64(n) / wall.Seconds(), p50: took[n/2], p99: took[n*99/100],
		server: (after.server - before.server) / n, postgres: (after.postgres - before.postgres) / n,
		rssMB: after.rssMB, noise: max(0, (after.all-before.all-ours).Seconds()/wall.Seconds()),
	}, nil
}

// load asks on all connections until the time is over, and tells how long each answer took.
func load(ctx context.Context, conns []*rawConn, requests [][]byte, d time.Duration) ([]time.Duration, error) {
	var (
		all    sync.WaitGroup
		mu     sync.Mutex
		took   []time.Duration
		failed error
		turn   atomic.Int64
	)
	until := time.Now().Add(d)
	for _, c := range conns {
		all.Go(func() {
			own := make([]time.Duration, 0, 4096)
			var err error
			for began := time.Now(); began.Before(until) && err == nil && ctx.Err() == nil; {
				// A prime step, so that neighbours do not follow each other.
				_, err = c.ask(requests[turn.Add(1)*7919%int64(len(requests))])
				now := time.Now()
				own = append(own, now.Sub(began))
				began = now
			}
			mu.Lock()
			defer mu.Unlock()
			took, failed = append(took, own...), errors.Join(failed, err)
		})
	}
	all.Wait()
	return took, errors.Join(failed, ctx.Err())
}

// A rawConn is an HTTP client that costs next to nothing: it shares a core with
// PostgreSQL.
type rawConn struct {
	net.Conn
	in   *bufio.Reader
	body []byte
	head string
}

func (b *graphBench) dial(ctx context.Context, peer *graphPeer, token string) (*rawConn, error) {
	addr := strings.TrimPrefix(peer.panel.base, "http://")
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("connect to the server: %w", err)
	}
	return &rawConn{
		Conn: conn, in: bufio.NewReaderSize(conn, 64<<10),
		head: "POST /graphql HTTP/1.1\r\nHost: " + addr + "\r\nContent-Type: application/json\r\nAuthorization: Bearer " + token + "\r\nContent-Length: ",
	}, nil
}

func (c *rawConn) request(body []byte) []byte {
	return append([]byte(c.head+strconv.Itoa(len(body))+"\r\n\r\n"), body...)
}

// ask gives the body of the answer, which is good until the next one.
func (c *rawConn) ask(request []byte) ([]byte, error) {
	if _, err := c.Write(request); err != nil {
		return nil, fmt.Errorf("send request: %w", err)
	}
	length, good := 0, false
	for first := true; ; first = false {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return nil, fmt.Errorf("read answer: %w", err)
		}
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch {
		case first:
			good = bytes.HasPrefix(line, []byte("HTTP/1.1 200"))
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return nil, fmt.Errorf("read answer: %w", err)
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			length = -1
		}
	}
	c.body = c.body[:0]
	for chunked := length < 0; ; {
		if chunked {
			line, err := c.in.ReadSlice('\n')
			if err != nil {
				return nil, fmt.Errorf("read answer: %w", err)
			}
			n, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 16, 32)
			if err != nil {
				return nil, fmt.Errorf("read answer: %w", err)
			}
			length = int(n)
		}
		end := len(c.body)
		c.body = slices.Grow(c.body, length)[:end+length]
		if _, err := io.ReadFull(c.in, c.body[end:]); err != nil {
			return nil, fmt.Errorf("read answer: %w", err)
		}
		if chunked {
			if _, err := c.in.Discard(2); err != nil {
				return nil, fmt.Errorf("read answer: %w", err)
			}
		}
		if !chunked || length == 0 {
			break
		}
	}
	if !good {
		return nil, fmt.Errorf("the server answered %.500s", c.body)
	}
	return c.body, nil
}

// usages are the CPU times of everybody at one moment.
type usages struct {
	at                          time.Time
	server, postgres, self, all time.Duration
	rssMB                       float64
}

func (b *graphBench) usages(pid int) (u usages, err error) {
	server, err := usageOf(pid)
	if err != nil {
		return u, err
	}
	self, err := usageOf(os.Getpid())
	if err != nil {
		return u, err
	}
	u.at, u.server, u.rssMB, u.self = time.Now(), server.CPU, server.RSSMB, self.CPU
	if u.postgres, err = treeCPU(b.postgres); err != nil {
		return u, err
	}
	u.all, err = busyCPU()
	return u, err
}

// ticks reads the numbers behind a process's name in its stat.
func statOf(pid int) ([]int64, error) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return nil, fmt.Errorf("read process %d: %w", pid, err)
	}
	var list []int64
	for _, f := range bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])[1:] { // without the state
		n, _ := strconv.ParseInt(string(f), 10, 64) // some do not fit, and are not asked for
		list = append(list, n)
	}
	return list, nil
}

func parentOf(pid int) (int, error) {
	list, err := statOf(pid)
	if err != nil {
		return 0, err
	}
	return int(list[0]), nil
}

// treeCPU is what a process and its children took, those that have ended too.
func treeCPU(pid int) (time.Duration, error) {
	own, err := statOf(pid)
	if err != nil {
		return 0, err
	}
	ticks := own[10] + own[11] + own[12] + own[13]
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return 0, fmt.Errorf("read the children of process %d: %w", pid, err)
	}
	for f := range strings.FieldsSeq(string(text)) {
		child, err := strconv.Atoi(f)
		if err != nil {
			continue
		}
		if list, err := statOf(child); err == nil { // else it has just ended
			ticks += list[10] + list[11]
		}
	}
	return time.Duration(ticks) * 10 * time.Millisecond, nil
}

// busyCPU is what all processes of the machine took, on all cores.
func busyCPU() (time.Duration, error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, fmt.Errorf("read the machine's CPU time: %w", err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	var ticks int64
	for i, f := range strings.Fields(line)[1:] {
		if n, err := strconv.ParseInt(f, 10, 64); err == nil && i != 3 && i != 4 && i < 7 { // idle, waiting for disks; stolen and guests
			ticks += n
		}
	}
	return time.Duration(ticks) * 10 * time.Millisecond, nil
}
