package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// A loadOrder says what clients do.
type loadOrder struct {
	Address    string
	Clients    int
	Selections int    // so many different ones, taken in turn
	Field      string // metrics or events
}

// A loadReport is what they have seen.
type loadReport struct {
	Messages int64
	Missed   int64 // numbers that did not come between two that did
	P50, P99 time.Duration
	CPU      time.Duration
}

// selections are all fields, under one name that is another one in each.
func (o loadOrder) query(i int) string {
	alias := ""
	if o.Selections > 1 {
		alias = "x" + strconv.Itoa(i%o.Selections) + ": "
	}
	return "subscription { m: " + o.Field + " { seq sent serverId cpu " + alias + "memoryUsed memoryTotal disks { mount used total } received transmitted load } }"
}

// A socket is read by one loop for all; what is not a whole message yet waits.
type socket struct {
	fd   int
	rest []byte
	last int64
}

// load opens sockets, subscribes on each, and counts what comes. It does what it
// reads: begin anew, or report.
func load(ctx context.Context, o loadOrder, in io.Reader, out io.Writer) error {
	epoll, err := unix.EpollCreate1(0)
	if err != nil {
		return err
	}
	sockets := map[int32]*socket{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	var failed error
	slots := make(chan struct{}, 32)
	for i := range o.Clients {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			s, err := open(ctx, o, i)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed = errors.Join(failed, err)
				return
			}
			sockets[int32(s.fd)] = s                                                                                                              // #nosec G115 -- descriptors are small
			failed = errors.Join(failed, unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, s.fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(s.fd)})) // #nosec G115 -- as above
		})
	}
	wg.Wait()
	if failed != nil {
		return failed
	}
	c := &counter{}
	go c.run(epoll, sockets)
	_, _ = fmt.Fprintln(out, "ready")
	for lines := bufio.NewScanner(in); lines.Scan(); {
		switch lines.Text() {
		case "begin":
			c.begin()
			_, _ = fmt.Fprintln(out, "done")
		case "count":
			_, _ = fmt.Fprintln(out, c.messages.Load())
		default:
			b, _ := json.Marshal(c.report())
			_, _ = fmt.Fprintln(out, string(b))
		}
	}
	return nil
}

func masked(payload []byte) []byte { // with a mask of zeros
	b := []byte{0x81, 0x80 | 126, 0, 0, 0, 0, 0, 0}
	binary.BigEndian.PutUint16(b[2:], uint16(len(payload))) // #nosec G115 -- some hundred bytes
	return append(b, payload...)
}

func open(ctx context.Context, o loadOrder, i int) (*socket, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", o.Address)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }() // another descriptor stays
	_, err = io.WriteString(conn, "GET /graphql HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\nSec-WebSocket-Version: 13\r\n\r\n")
	if err != nil {
		return nil, err
	}
	r := bufio.NewReaderSize(conn, 512)
	res, err := http.ReadResponse(r, nil)
	if err != nil || res.StatusCode != http.StatusSwitchingProtocols {
		return nil, fmt.Errorf("handshake: %v %w", res, err)
	}
	_ = res.Body.Close()
	subscribe, _ := json.Marshal(map[string]any{"id": fmt.Sprintf("3f2b8c1e-0000-4000-8000-%012d", i), "type": "subscribe", "payload": map[string]any{"query": o.query(i)}})
	if _, err := conn.Write(append(masked([]byte(`{"type":"connection_init"}`)), masked(subscribe)...)); err != nil {
		return nil, err
	}
	head := make([]byte, 2)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, err
	}
	if _, err := io.CopyN(io.Discard, r, int64(head[1])); err != nil { // the acknowledgement
		return nil, err
	}
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		return nil, err
	}
	s := &socket{}
	if e := raw.Control(func(fd uintptr) { s.fd, err = unix.Dup(int(fd)) }); e != nil || err != nil {
		return nil, errors.Join(e, err)
	}
	s.rest = make([]byte, 0, 1024)
	if n := r.Buffered(); n > 0 {
		b, _ := r.Peek(n)
		s.rest = append(s.rest, b...)
	}
	return s, unix.SetNonblock(s.fd, true)
}

type counter struct {
	messages, missed atomic.Int64

	refused sync.Once

	mu    sync.Mutex
	delay []int32 // microseconds
	cpu   time.Duration
}

func cpuTime() time.Duration {
	var r unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

func (c *counter) begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.delay, c.cpu = c.delay[:0], cpuTime()
	c.messages.Store(0)
	c.missed.Store(0)
}

func (c *counter) report() loadReport {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := loadReport{Messages: c.messages.Load(), Missed: c.missed.Load(), CPU: cpuTime() - c.cpu}
	if n := len(c.delay); n > 0 {
		slices.Sort(c.delay)
		r.P50, r.P99 = time.Duration(c.delay[n/2])*time.Microsecond, time.Duration(c.delay[n*99/100])*time.Microsecond
	}
	return r
}

func (c *counter) run(epoll int, sockets map[int32]*socket) {
	events, buf := make([]unix.EpollEvent, 512), make([]byte, 256<<10)
	for {
		n, err := unix.EpollWait(epoll, events, -1)
		if err != nil {
			continue
		}
		now := time.Now().UnixNano()
		c.mu.Lock()
		for _, e := range events[:n] {
			s := sockets[e.Fd]
			k, err := unix.Read(s.fd, buf)
			if k > 0 {
				c.take(s, buf[:k], now)
			} else if err == nil || !errors.Is(err, unix.EAGAIN) {
				_ = unix.EpollCtl(epoll, unix.EPOLL_CTL_DEL, s.fd, nil)
			}
		}
		c.mu.Unlock()
	}
}

// take counts the whole messages in what came.
func (c *counter) take(s *socket, b []byte, now int64) {
	if len(s.rest) > 0 {
		b = append(s.rest, b...)
	}
	for {
		head, size := 2, 0
		if len(b) >= 2 {
			size = int(b[1])
		}
		switch {
		case size == 126:
			head = 4
			if len(b) >= 4 {
				size = int(binary.BigEndian.Uint16(b[2:]))
			}
		case size == 127:
			head = 10
			if len(b) >= 10 {
				size = int(binary.BigEndian.Uint64(b[2:])) // #nosec G115 -- of a server that we know
			}
		}
		if len(b) < head || len(b) < head+size {
			s.rest = append(s.rest[:0], b...)
			return
		}
		c.message(s, b[head:head+size], now)
		b = b[head+size:]
	}
}

func (c *counter) message(s *socket, b []byte, now int64) {
	seq, sent := number(b, `"seq":`), number(b, `"sent":`)
	if seq == 0 {
		if bytes.Contains(b, []byte(`"error`)) {
			c.refused.Do(func() { fmt.Fprintf(os.Stderr, "live: refused: %s\n", b) })
		}
		return
	}
	c.messages.Add(1)
	if s.last > 0 && seq > s.last+1 {
		c.missed.Add(seq - s.last - 1)
	}
	s.last = seq
	c.delay = append(c.delay, int32((now-sent)/1000)) // #nosec G115 -- of some seconds
}

func number(b []byte, key string) (n int64) {
	i := bytes.Index(b, []byte(key))
	if i < 0 {
		return 0
	}
	for _, d := range b[i+len(key):] {
		if d == '"' {
			continue
		}
		if d < '0' || d > '9' {
			break
		}
		n = n*10 + int64(d-'0')
	}
	return n
}
