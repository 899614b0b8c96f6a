package live

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/executor"
)

// groups are the executions that several subscribers share. Locks are taken in the
// order groups, group, source or connection.
type groups struct {
	mu      sync.Mutex
	byKey   map[string]*group
	sources map[string]*source
}

// A group is one execution of a subscription whose events go to all its members.
// It costs its members no goroutine, and has none itself while it reads from a source.
type group struct {
	hub    *Hub
	key    string
	exec   graphql.GraphExecutor
	ctx    context.Context //nolint:containedctx // it is the execution's: it ends with it
	cancel context.CancelFunc
	next   graphql.ResponseHandler
	reader *executor.Reader // what next answers to; nil when it waits for events by itself

	source *source // nil when it needs none any more, by the lock of groups
	at     int     // its place there, by the source's lock
	gone   bool    // it has none any more, by the same

	mu      sync.Mutex
	members []*Op
	first   atomic.Pointer[Op] // of the members, for near; nil when there are none
	one     [1]*Op             // room for members: most groups have one
}

// share makes an operation whose caller was just allowed to ask, by an execution of
// its own, a member of the group of its key, which is begun if there is none; stream is
// the key of its source. It gives false when nobody wants the operation any more.
func (h *Hub) share(o *Op, key, stream string, exec graphql.GraphExecutor, params graphql.RawParams) bool {
	h.groups.mu.Lock()
	defer h.groups.mu.Unlock()
	g := h.groups.byKey[key]
	begins := g == nil
	if begins {
		g = &group{hub: h, key: key, exec: exec}
		g.members = g.one[:0]
		g.first.Store(o)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	o.conn.mu.Lock()
	defer o.conn.mu.Unlock()
	if o.stopped {
		return false
	}
	o.group, o.place = g, len(g.members)
	g.members = append(g.members, o)
	if begins {
		h.groups.byKey[key] = g
		begin := func() (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(actor.WithRequest(context.WithValue(context.Background(), sharedKey{}, true), o.conn.request))
			if who := o.conn.who; who != nil {
				// Without the user: what depends on who it is, is not to be shared.
				ctx = actor.With(ctx, &actor.Actor{Provider: who.Provider, Grants: who.Grants, Pins: who.Pins})
			}
			return ctx, cancel
		}
		s, opens := h.groups.source(stream, begin)
		if g.source = s; opens {
			g.ctx, g.cancel = s.ctx, s.cancel
		} else {
			g.ctx, g.cancel = begin()
		}
		go g.run(s, opens, params)
	}
	return true
}

type sharedKey struct{}

// IsShared tells whether an execution is that of a group, each of whose members has
// begun with one of its own.
func IsShared(ctx context.Context) bool { return ctx.Value(sharedKey{}) != nil }

// leave takes a member away; the last one ends the execution.
func (g *group) leave(o *Op) {
	g.hub.groups.mu.Lock()
	defer g.hub.groups.mu.Unlock()
	g.mu.Lock()
	defer g.mu.Unlock()
	if last := len(g.members) - 1; o.place <= last && g.members[o.place] == o {
		g.members[o.place], g.members[last].place = g.members[last], o.place
		g.members[last] = nil
		if g.members = g.members[:last]; last > 0 {
			g.first.Store(g.members[0])
		} else {
			g.first.Store(nil)
		}
	}
	if len(g.members) == 0 && g.hub.groups.byKey[g.key] == g {
		delete(g.hub.groups.byKey, g.key)
		g.over()
	}
}

// over ends the execution, with the lock of groups held.
func (g *group) over() {
	g.cancel()
	if s := g.source; s != nil && s.ctx.Err() != nil { // it was to be opened by this one
		g.hub.groups.forget(s)
	}
	g.release()
}

// release is for a group that needs its source no more, with the lock of groups held.
func (g *group) release() {
	if s := g.source; s != nil {
		g.source = nil
		s.remove(g)
		g.hub.groups.release(s)
	}
}

// run executes, and hands each event to all members. None of them can delay it: what
// they have not read yet is replaced. When another group leads the source, it returns
// as soon as the events come from there.
func (g *group) run(s *source, opens bool, params graphql.RawParams) {
	g.hub.counts.executing.Add(1)
	defer g.hub.counts.executing.Add(-1)
	defer func() {
		if p := recover(); p != nil {
			g.end(g.failure(p))
		}
	}()
	var began bool
	if opens {
		began = g.open(s, params)
	} else {
		select {
		case <-s.opened:
		case <-g.ctx.Done(): // nobody wants it any more
			return
		}
		var r *executor.Reader
		if s.shared {
			r = s.Reader()
		}
		began = g.begin(r, params)
	}
	switch {
	case !began:
		return
	case g.reader == nil:
		if !opens {
			g.hub.groups.mu.Lock()
			g.release()
			g.hub.groups.mu.Unlock()
		}
		var ready []*Conn
		for more := true; more; {
			ready, more = g.answer(ready[:0])
			g.hub.writers.all(ready)
			clear(ready)
		}
	case opens:
		s.add(g)
		g.lead(s)
	case !s.add(g): // the stream is over, or nobody wants it any more
		g.end(Message{Kind: Complete})
	}
}

// open is begin for who opens the source; others may know then whether it is shared.
func (g *group) open(s *source, params graphql.RawParams) (began bool) {
	defer func() {
		g.hub.groups.mu.Lock()
		if s.shared = began && g.reader != nil && s.ctx.Err() == nil; s.shared {
			g.cancel = func() {} // others may go on with it
		} else {
			g.hub.groups.forget(s)
		}
		g.hub.groups.mu.Unlock()
		close(s.opened)
	}()
	return g.begin(s.Reader(), params)
}

// begin begins the execution, which reads from a source if it can; what is wrong ends
// the group.
func (g *group) begin(r *executor.Reader, params graphql.RawParams) bool {
	ctx := g.ctx
	if r != nil {
		ctx = executor.WithReader(ctx, r)
	}
	oc, errs := g.exec.CreateOperationContext(ctx, &params)
	ctx = graphql.WithOperationContext(ctx, oc)
	if errs != nil {
		g.end(Message{Kind: Error, Body: Encoded(g.exec.DispatchError(ctx, errs).Errors)})
		return false
	}
	g.next, g.ctx = g.exec.DispatchOperation(ctx, oc)
	if r != nil && r.Reads() {
		g.reader = r
	}
	return true
}

// lead has all groups of a source answer its events, until there are no more.
func (g *group) lead(s *source) {
	last := Message{Kind: Complete}
	defer func() {
		if p := recover(); p != nil {
			last = g.failure(p)
		}
		g.hub.groups.mu.Lock()
		g.hub.groups.forget(s)
		g.hub.groups.mu.Unlock()
		for _, left := range s.end() {
			left.end(last)
		}
	}()
	s.run()
}

// answer queues the next answer for all members, and appends those whose queues are to be
// written to ready; more is false when there is none.
func (g *group) answer(ready []*Conn) (_ []*Conn, more bool) {
	answer := g.next(g.ctx)
	if answer == nil {
		g.end(Message{Kind: Complete})
		return ready, false
	}
	g.hub.counts.executions.Add(1)
	return g.deliver(answerOf(nil, answer), ready), true
}

// read is answer to an event of the source.
func (g *group) read(event any, ready []*Conn) (with []*Conn) {
	defer func() {
		if p := recover(); p != nil {
			g.end(g.failure(p))
			with = ready
		}
	}()
	g.reader.Give(event)
	with, _ = g.answer(ready)
	return with
}

// failure is the last message after a panic.
func (g *group) failure(p any) Message {
	answer := g.exec.DispatchError(g.ctx, gqlerror.List{gqlerror.Wrap(fmt.Errorf("panic: %v\n%s", p, debug.Stack()))})
	return Message{Kind: Error, Body: Encoded(answer.Errors)}
}

// deliver queues one event's bytes, which are shared from here on, for all members, and
// appends those whose queues are to be written to ready.
func (g *group) deliver(m Message, ready []*Conn) []*Conn {
	now := time.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, o := range g.members {
		m.Op = o
		if o.conn.replace(o, m, now) {
			ready = append(ready, o.conn)
		}
	}
	g.hub.counts.events.Add(int64(len(g.members)))
	return ready
}

// end lets all members go. Who comes later begins another group.
func (g *group) end(last Message) {
	g.hub.groups.mu.Lock()
	if g.hub.groups.byKey[g.key] == g {
		delete(g.hub.groups.byKey, g.key)
	}
	g.over()
	g.hub.groups.mu.Unlock()
	g.mu.Lock()
	members := g.members
	g.members = nil
	g.first.Store(nil)
	g.mu.Unlock()
	for _, o := range members {
		last.Op = o
		o.finish(last)
		o.cancel()
	}
}

func (g *groups) count() (groups, sources int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return int64(len(g.byKey)), int64(len(g.sources))
}
