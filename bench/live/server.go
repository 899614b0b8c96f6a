package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/99designs/gqlgen/graphql/handler/transport"
	"github.com/gorilla/websocket"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mpanel/mpanel/bench/live/graph"
	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/executor"
	"github.com/mpanel/mpanel/internal/live"
	"github.com/mpanel/mpanel/internal/tcp"
	panel "github.com/mpanel/mpanel/internal/transport"
)

// What is compared.
const (
	stock    = "stock gqlgen"
	bare     = "bare"
	ours     = "ours"
	oursSlow = "ours, each write at once" // nothing is gathered on a busy connection
)

// A source is what all servers stream.
type source struct {
	mu      sync.Mutex
	seq     int
	streams map[chan *graph.Metrics]struct{}
	direct  func(*graph.Metrics) // of a server without resolvers
}

// publish gives all streams a new value, and waits until they have taken it.
func (s *source) publish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seq++
	m := &graph.Metrics{
		Seq: s.seq, Sent: time.Now().UnixNano(), ServerID: "srv-01HZX3", CPU: 12.5 + float64(s.seq%10), MemoryUsed: 8123456789, MemoryTotal: 16777216000,
		Disks: []*graph.Disk{{Mount: "/", Used: 123456789, Total: 999999999}, {Mount: "/var", Used: 5, Total: 10}}, Received: 123456, Transmitted: 654321,
		Load: []float64{.5, .4, .3},
	}
	if s.direct != nil {
		s.direct(m)
		return
	}
	for c := range s.streams {
		c <- m
	}
}

func (s *source) subscribe(ctx context.Context) (<-chan *graph.Metrics, error) {
	c := make(chan *graph.Metrics, 64)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.streams[c] = struct{}{}
	context.AfterFunc(ctx, func() {
		for { // publish may be waiting for this one
			select {
			case <-c:
			default:
				if s.mu.TryLock() {
					delete(s.streams, c)
					s.mu.Unlock()
					return
				}
				runtime.Gosched()
			}
		}
	})
	return c, nil
}

type resolver struct{ *source }

func (r resolver) Query() graph.QueryResolver               { return r }
func (r resolver) Subscription() graph.SubscriptionResolver { return r }
func (r resolver) Hello(context.Context) (string, error)    { return "world", nil }
func (r resolver) Metrics(ctx context.Context) (<-chan *graph.Metrics, error) {
	return r.subscribe(ctx)
}
func (r resolver) Events(ctx context.Context) (<-chan *graph.Metrics, error) { return r.subscribe(ctx) }

// handlerOf is one of the servers.
func handlerOf(kind string, s *source) (http.Handler, error) {
	c := graph.Config{Resolvers: resolver{s}}
	switch kind {
	case stock:
		srv := handler.New(graph.NewExecutableSchema(c))
		srv.AddTransport(transport.Websocket{Implementation: gorilla{websocket.Upgrader{
			ReadBufferSize: 512, WriteBufferSize: 512, WriteBufferPool: &sync.Pool{}, CheckOrigin: func(*http.Request) bool { return true },
		}}})
		srv.AddTransport(transport.POST{})
		srv.SetQueryCache(lru.New[*ast.QueryDocument](1000))
		return srv, nil
	case bare:
		return newBareHandler(s), nil
	case ours, oursSlow:
		schema, err := graph.NewExecutor(c, executor.Options{})
		if err != nil {
			return nil, err
		}
		limits := live.Limits{PerAddress: 20_000}
		if kind == oursSlow {
			limits.Coalesce = 1
		}
		log := slog.New(slog.DiscardHandler)
		h := panel.New(panel.Config{
			Schema: schema, Log: log, Live: live.NewHub(live.Config{Limits: limits, Log: log}),
			Authenticate:        func(context.Context, string) (*actor.Actor, error) { return nil, errors.New("nobody") },
			OriginAllowed:       func(*http.Request) bool { return true },
			TakesIdempotencyKey: func(string) bool { return false },
		})
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h.ServeHTTP(w, r.WithContext(actor.WithRequest(r.Context(), actor.Request{IP: "192.0.2.1"})))
		}), nil
	}
	return nil, fmt.Errorf("there is no server %q", kind)
}

type gorilla struct{ up websocket.Upgrader }

type gorillaConn struct{ *websocket.Conn }

func (g gorilla) Accept(w http.ResponseWriter, r *http.Request, o transport.WebsocketAcceptOptions) (transport.WebsocketConn, error) {
	up := g.up
	up.Subprotocols = o.Subprotocols
	c, err := up.Upgrade(w, r, o.ResponseHeader)
	if err != nil {
		return nil, err
	}
	return gorillaConn{c}, nil
}

// WriteClose implements transport.WebsocketConn.
func (c gorillaConn) WriteClose(code int, reason string) error {
	return c.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, reason), time.Now().Add(time.Second))
}

// serve runs one server. It does what it reads, line by line, and says when it is
// done: publish so many values at so many in a second, as fast as they are taken for
// 0; or clean up, so that its memory can be looked at.
func serve(ctx context.Context, kind string, in io.Reader, out io.Writer) error {
	debug.SetGCPercent(200) // the panel's own, for all
	s := &source{streams: map[chan *graph.Metrics]struct{}{}}
	h, err := handlerOf(kind, s)
	if err != nil {
		return err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if kind == ours || kind == oursSlow {
		l = tcp.Listener(l)
	}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute, WriteTimeout: 90 * time.Second} // as the panel's
	go func() { _ = srv.Serve(l) }()
	defer func() { _ = srv.Close() }()
	_, _ = fmt.Fprintln(out, l.Addr())
	for lines := bufio.NewScanner(in); lines.Scan(); {
		var n, perSecond int
		if _, err := fmt.Sscanf(lines.Text(), "publish %d %d", &n, &perSecond); err == nil {
			var tick <-chan time.Time
			if perSecond > 0 {
				t := time.NewTicker(time.Second / time.Duration(perSecond))
				defer t.Stop()
				tick = t.C
			}
			for range n {
				if tick != nil {
					<-tick
				}
				s.publish()
			}
		} else {
			runtime.GC()
			debug.FreeOSMemory()
		}
		_, _ = fmt.Fprintln(out, "done")
	}
	return nil
}
