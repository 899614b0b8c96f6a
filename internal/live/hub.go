package live

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/events"
	"github.com/mpanel/mpanel/internal/ident"
)

// Why a connection is not opened.
var (
	ErrTooMany    = errors.New("too many connections")
	ErrRestarting = errors.New("the server restarts")
)

// Config is what a Hub needs.
type Config struct {
	Limits Limits
	// Actors reads what those who are connected may do now; who may do nothing any
	// more, such as in a session that has ended, is not in its answer. Nobody's rights
	// are looked up when it is nil.
	Actors func(ctx context.Context, who []actor.Identity) (map[actor.Identity]*actor.Actor, error)
	// Bus carries revocations to other nodes; nil when there are none.
	Bus events.Bus
	Log *slog.Logger // required
}

// A Hub has all connections of a node. It is safe for concurrent use, and has no
// goroutine while there is no connection.
type Hub struct {
	limits  Limits
	actors  func(ctx context.Context, who []actor.Identity) (map[actor.Identity]*actor.Actor, error)
	bus     events.Bus
	log     *slog.Logger
	counts  counts
	groups  groups
	shares  shares
	later   later
	writers writers

	delivery prometheus.Histogram

	mu        sync.Mutex
	conns     map[*Conn]struct{}
	users     map[ident.UserID]int
	addresses map[string]int // of connections that are nobody's
	unknown   map[string]int // of those that have not said yet whose they are
	looking   atomic.Bool
	draining  bool
	empty     chan struct{} // closed with the last connection of a drain
	stop      func()        // of the tick, while there are connections
}

// NewHub returns a Hub.
func NewHub(c Config) *Hub {
	h := &Hub{
		limits: c.Limits.withDefaults(), actors: c.Actors, bus: c.Bus, log: c.Log,
		conns: map[*Conn]struct{}{}, users: map[ident.UserID]int{}, addresses: map[string]int{}, unknown: map[string]int{}, empty: make(chan struct{}),
	}
	h.delivery = newDelivery()
	h.groups.byKey, h.groups.sources = map[string]*group{}, map[string]*source{}
	h.shares.byKey = map[string]*share{}
	h.writers = newWriters()
	h.later.after, h.later.writers = h.limits.Coalesce, &h.writers
	return h
}

// Limits are those that hold.
func (h *Hub) Limits() Limits { return h.limits }

// Admit tells whether there is room for one more connection from an address that
// has not said yet whose it is; it is for refusing cheaply, Open is what counts.
func (h *Hub) Admit(address string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.admit(address)
}

func (h *Hub) admit(address string) error {
	switch {
	case h.draining:
		return ErrRestarting
	case len(h.conns) >= h.limits.Connections, h.unknown[address] >= h.limits.PerAddress:
		h.counts.refused("connections")
		return ErrTooMany
	}
	return nil
}

// Open registers a connection of which nobody knows yet whose it is. wire is called
// with it before anything comes of it. Its operations have the values of ctx; it ends
// with c.Closed, and not with ctx. Errors: ErrTooMany, ErrRestarting.
func (h *Hub) Open(ctx context.Context, r actor.Request, wire func(*Conn) Wire) (*Conn, error) {
	now := time.Now()
	c := &Conn{hub: h, request: r, network: r.Network(), opened: now.UnixNano(), ops: map[string]*Op{}}
	c.wire = wire(c)
	c.heard.Store(now.UnixNano())
	c.pinged.Store(now.UnixNano())
	c.ctx, c.cancel = context.WithCancel(actor.WithRequest(context.WithoutCancel(ctx), r))
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.admit(c.network); err != nil {
		c.cancel()
		return nil, err
	}
	h.conns[c] = struct{}{}
	h.unknown[c.network]++
	if h.stop == nil {
		ctx, cancel := context.WithCancel(context.Background())
		h.stop = cancel
		go h.tick(ctx)
	}
	return c, nil
}

// identify makes the connection somebody's, or nobody's for who is nil. Those of nobody
// do not keep others behind the same address out.
func (h *Hub) identify(c *Conn, who *actor.Actor) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, open := h.conns[c]; !open || c.known {
		return nil
	}
	if who == nil {
		if h.addresses[c.network] >= h.limits.PerAddress {
			h.counts.refused("connections")
			return ErrTooMany
		}
		h.addresses[c.network]++
	} else {
		if h.users[who.User] >= h.limits.PerUser {
			h.counts.refused("connections_of_user")
			return ErrTooMany
		}
		h.users[who.User]++
	}
	h.release(h.unknown, c.network)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known = true
	if who != nil {
		c.who = who
		c.ctx = actor.With(c.ctx, who)
	}
	return nil
}

func (h *Hub) release(of map[string]int, key string) {
	if of[key]--; of[key] <= 0 {
		delete(of, key)
	}
}

// forget ends a connection's registration.
func (h *Hub) forget(c *Conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, open := h.conns[c]; !open {
		return
	}
	delete(h.conns, c)
	switch who := c.actor(); {
	case !c.known:
		h.release(h.unknown, c.network)
	case who == nil:
		h.release(h.addresses, c.network)
	default:
		if h.users[who.User]--; h.users[who.User] <= 0 {
			delete(h.users, who.User)
		}
	}
	if len(h.conns) > 0 {
		return
	}
	if h.stop != nil {
		h.stop()
		h.stop = nil
	}
	if h.draining {
		close(h.empty)
	}
}

func (h *Hub) all() []*Conn { return h.list(nil) }

// list appends all connections.
func (h *Hub) list(to []*Conn) []*Conn {
	h.mu.Lock()
	defer h.mu.Unlock()
	to = slices.Grow(to, len(h.conns))
	for c := range h.conns {
		to = append(to, c)
	}
	return to
}

// Shutdown lets queries and mutations that run come to an end, closes every
// connection with Restarting and opens none any more. It returns when all are
// closed, or with the error of ctx when they had to be broken off.
func (h *Hub) Shutdown(ctx context.Context) error {
	h.mu.Lock()
	if !h.draining {
		h.draining = true
		if len(h.conns) == 0 {
			close(h.empty)
		}
	}
	h.mu.Unlock()
	for _, c := range h.all() {
		c.drain()
	}
	select {
	case <-h.empty:
		return nil
	case <-ctx.Done():
	}
	for _, c := range h.all() {
		c.Close(Restarting)
		c.wire.Break()
	}
	<-h.empty
	return ctx.Err()
}

// tick does for all connections what each would need timers for.
func (h *Hub) tick(ctx context.Context) {
	ticker := time.NewTicker(tickEvery)
	defer ticker.Stop()
	looked := time.Now()
	var conns []*Conn
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			conns = h.list(conns[:0])
			for _, c := range conns {
				c.tick(now.UnixNano(), &h.limits)
			}
			clear(conns)
			if h.actors != nil && now.Sub(looked) >= h.limits.Recheck-tickEvery/2 { // ticks are not exact
				looked = now
				if h.looking.CompareAndSwap(false, true) { // a database that hangs holds nothing else up
					go func() {
						defer h.looking.Store(false)
						h.recheck(ctx)
					}()
				}
			}
		}
	}
}

// recheck ends the connections of those whose rights are not what they were,
// wherever they were changed. It is one question for all of them.
func (h *Hub) recheck(ctx context.Context) {
	asked := time.Now()
	conns := h.all()
	asking := make(map[actor.Identity]struct{}, len(conns))
	for _, c := range conns {
		if who := c.actor(); who != nil {
			asking[who.Identity()] = struct{}{}
		}
	}
	if len(asking) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	actors, err := h.actors(ctx, slices.Collect(maps.Keys(asking)))
	if err != nil { // not knowing is no reason to sign anybody out
		if ctx.Err() == nil || !errors.Is(ctx.Err(), context.Canceled) {
			h.log.WarnContext(ctx, "look for changed rights failed", "error", err)
		}
		return
	}
	for _, c := range conns {
		who := c.actor()
		if who == nil || c.opened > asked.UnixNano() {
			continue
		}
		if _, ok := asking[who.Identity()]; !ok { // it said who it is while others were asked for
			continue
		}
		if now := actors[who.Identity()]; now == nil || !who.SameRights(now) {
			c.Close(Revoked)
		}
	}
}
