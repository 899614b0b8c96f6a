package live

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mpanel/mpanel/internal/actor"
)

// groups are the executions that several subscribers share. Locks are taken in the
// order groups, group, connection.
type groups struct {
	mu    sync.Mutex
	byKey map[string]*group
}

// A group is one execution of a subscription whose events go to all its members.
// It costs its members no goroutine.
type group struct {
	hub    *Hub
	key    string
	cancel context.CancelFunc
	ready  []*Conn // memory for deliver

	mu      sync.Mutex
	members map[*Op]struct{}
}

// share makes an operation whose caller was just allowed to ask, by an execution of
// its own, a member of the group of its key, which is begun if there is none. It
// gives false when nobody wants the operation any more.
func (h *Hub) share(o *Op, key string, exec graphql.GraphExecutor, params graphql.RawParams) bool {
	h.groups.mu.Lock()
	defer h.groups.mu.Unlock()
	g := h.groups.byKey[key]
	begins := g == nil
	if begins {
		g = &group{hub: h, key: key, members: map[*Op]struct{}{}}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	o.conn.mu.Lock()
	defer o.conn.mu.Unlock()
	if o.stopped {
		return false
	}
	o.group = g
	g.members[o] = struct{}{}
	if begins {
		h.groups.byKey[key] = g
		ctx, cancel := context.WithCancel(actor.WithRequest(context.WithValue(context.Background(), sharedKey{}, true), o.conn.request))
		g.cancel = cancel
		if who := o.conn.who; who != nil {
			// Without the user: what depends on who it is, is not to be shared.
			ctx = actor.With(ctx, &actor.Actor{Provider: who.Provider, Grants: who.Grants, Pins: who.Pins})
		}
		go g.run(ctx, exec, params)
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
	delete(g.members, o)
	if len(g.members) == 0 && g.hub.groups.byKey[g.key] == g {
		delete(g.hub.groups.byKey, g.key)
		g.cancel()
	}
}

// run executes and hands each event to all members. None of them can delay it:
// what they have not read yet is replaced.
func (g *group) run(ctx context.Context, exec graphql.GraphExecutor, params graphql.RawParams) {
	defer g.cancel()
	defer func() {
		if p := recover(); p != nil {
			answer := exec.DispatchError(ctx, gqlerror.List{gqlerror.Wrap(fmt.Errorf("panic: %v\n%s", p, debug.Stack()))})
			g.end(Message{Kind: Error, Body: Encoded(answer.Errors)})
		}
	}()
	oc, errs := exec.CreateOperationContext(ctx, &params)
	ctx = graphql.WithOperationContext(ctx, oc)
	if errs != nil {
		g.end(Message{Kind: Error, Body: Encoded(exec.DispatchError(ctx, errs).Errors)})
		return
	}
	next, ctx := exec.DispatchOperation(ctx, oc)
	for answer := next(ctx); answer != nil; answer = next(ctx) {
		g.hub.counts.executions.Add(1)
		g.deliver(answerOf(nil, answer))
	}
	g.end(Message{Kind: Complete})
}

// deliver hands one event's bytes, which are shared from here on, to all members.
func (g *group) deliver(m Message) {
	now := time.Now()
	g.mu.Lock()
	ready := g.ready[:0]
	for o := range g.members {
		m.Op = o
		if o.conn.replace(o, m, now) {
			ready = append(ready, o.conn)
		}
	}
	g.hub.counts.events.Add(int64(len(g.members)))
	g.mu.Unlock()
	g.hub.writers.all(ready)
	clear(ready)
	g.ready = ready
}

// end lets all members go. Who comes later begins another group.
func (g *group) end(last Message) {
	g.hub.groups.mu.Lock()
	if g.hub.groups.byKey[g.key] == g {
		delete(g.hub.groups.byKey, g.key)
	}
	g.hub.groups.mu.Unlock()
	g.mu.Lock()
	members := g.members
	g.members = nil
	g.mu.Unlock()
	for o := range members {
		last.Op = o
		o.finish(last)
		o.cancel()
	}
}

func (g *groups) count() int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return int64(len(g.byKey))
}
