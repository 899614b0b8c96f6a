package live

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// An Op is one operation of a client on its connection.
type Op struct {
	ID string
	// Envelope is for the wire: what it writes before each answer.
	Envelope []byte

	conn   *Conn
	cancel context.CancelFunc
	ctx    context.Context //nolint:containedctx // it is the operation's: it ends with it

	// By the connection's lock.
	stream          bool // a subscription
	latest          bool // only the newest answer is of interest
	stopped         bool // nothing more is sent
	left            bool // the id is free
	messages, bytes int  // that wait
	slot            []byte
	group           *group // nil when the execution is its own
}

// Run executes the operation and sends what comes of it. A subscription that is
// shared goes on after it has returned.
func (o *Op) Run(exec graphql.GraphExecutor, params *graphql.RawParams) {
	if !o.run(exec, params) {
		o.cancel()
	}
}

// run tells whether the operation goes on in a group.
func (o *Op) run(exec graphql.GraphExecutor, params *graphql.RawParams) (shared bool) {
	ctx := graphql.StartOperationTrace(o.ctx)
	defer func() {
		if p := recover(); p != nil {
			o.refuse(exec.DispatchError(ctx, gqlerror.List{gqlerror.Wrap(fmt.Errorf("panic: %v\n%s", p, debug.Stack()))}))
		}
	}()
	again := *params // CreateOperationContext may change what it is given
	var oc *graphql.OperationContext
	var errs gqlerror.List
	aside(func() {
		if oc, errs = exec.CreateOperationContext(ctx, params); errs != nil {
			o.refuse(exec.DispatchError(graphql.WithOperationContext(ctx, oc), errs))
		}
	})
	if errs != nil {
		return false
	}
	var d delivery
	if oc.Operation.Operation == ast.Subscription {
		d = deliveryOf(oc)
		if !o.streams(d.latest) {
			return false
		}
		if d.shared && d.latest { // this execution may end before the operation does
			own, over := context.WithCancel(ctx)
			defer over()
			ctx = own
		}
	}
	var next graphql.ResponseHandler
	aside(func() { next, ctx = exec.DispatchOperation(ctx, oc) })
	for {
		answer := next(ctx)
		if answer == nil || !o.send(Message{Kind: Next, Op: o, Body: Encode(answer)}) {
			break
		}
		o.conn.hub.counts.executions.Add(1)
		o.conn.hub.counts.events.Add(1)
		// Of a stream of which only the newest event counts, it does not matter from
		// which execution the next one is. This one has asked whether the caller may.
		if d.shared && d.latest && len(answer.Errors) == 0 {
			if key := shareKey(oc, o.conn.actor()); key != "" {
				return o.conn.hub.share(o, key, exec, again)
			}
		}
	}
	o.finish(Message{Kind: Complete, Op: o})
	return false
}

// aside runs something on a stack of its own. What reads and waits for long has a
// small stack as long as nothing deep is called on it.
func aside(do func()) {
	done := make(chan error, 1)
	go func() {
		defer func() {
			var err error
			if p := recover(); p != nil {
				err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
			}
			done <- err
		}()
		do()
	}()
	if err := <-done; err != nil {
		panic(err)
	}
}

// streams makes the operation one that does not end by itself; false when nobody
// wants it any more.
func (o *Op) streams(latest bool) bool {
	o.conn.mu.Lock()
	wanted := !o.stopped
	if wanted {
		o.conn.hub.counts.streams.Add(1)
		o.stream, o.latest = true, latest
	}
	drained := o.conn.draining && !o.conn.busy()
	o.conn.mu.Unlock()
	if drained {
		o.conn.Close(Restarting)
	}
	return wanted
}

// send queues a message when there is room; false when nobody wants it any more.
func (o *Op) send(m Message) bool { return o.conn.wait(o.ctx, o, m) }

// refuse ends an operation that was not executed.
func (o *Op) refuse(answer *graphql.Response) {
	o.finish(Message{Kind: Error, Op: o, Body: Encoded(answer.Errors)})
}

// finish sends the last message, and frees the id before it is read.
func (o *Op) finish(m Message) {
	c := o.conn
	c.mu.Lock()
	if !o.stopped && o.leave() {
		c.append(m)
		now := time.Now()
		if !o.stream {
			now = time.Time{}
		}
		c.schedule(now)
	}
	drained := c.draining && !c.busy()
	c.mu.Unlock()
	if drained {
		c.Close(Restarting)
	}
}

// stop ends the operation; nothing more is sent of it, and its source ends.
func (o *Op) stop() {
	c := o.conn
	c.mu.Lock()
	o.leave()
	o.stopped = true
	g := o.group
	drained := c.draining && !c.busy()
	c.mu.Unlock()
	o.cancel()
	if g != nil {
		g.leave(o)
	}
	if drained {
		c.Close(Restarting)
	}
}

// leave frees the id. It gives false when that was done before. The lock is held.
func (o *Op) leave() bool {
	if o.left {
		return false
	}
	o.left = true
	if o.conn.ops[o.ID] == o {
		delete(o.conn.ops, o.ID)
	}
	o.conn.hub.counts.operations.Add(-1)
	if o.stream {
		o.conn.hub.counts.streams.Add(-1)
	}
	return true
}

// Encode is an answer as JSON, without reading its data again. There is no data
// where nothing was executed.
func Encode(r *graphql.Response) []byte {
	b := make([]byte, 0, len(r.Data)+len(`{"data":}`))
	b = append(b, '{')
	if len(r.Errors) > 0 {
		b = append(append(append(b, `"errors":`...), Encoded(r.Errors)...), ',')
	}
	if len(r.Data) > 0 {
		b = append(append(append(b, `"data":`...), r.Data...), ',')
	}
	if r.HasNext != nil || r.Label != "" || r.Path != nil { // of @defer
		return Encoded(r)
	}
	if len(r.Extensions) > 0 {
		b = append(append(append(b, `"extensions":`...), Encoded(r.Extensions)...), ',')
	}
	b[len(b)-1] = '}'
	return b
}

// Encoded is v as JSON. Errors are the executor's and always have a form.
func Encoded(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		return []byte(`[{"message":"The answer could not be encoded."}]`)
	}
	return b
}
