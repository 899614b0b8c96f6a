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

// An Op is one operation of a client on its connection. What each event takes is at the
// beginning.
type Op struct {
	conn *Conn
	// Envelope is for the wire: what it writes before each answer.
	Envelope []byte

	// By the connection's lock.
	stream          bool // a subscription
	answered        bool // there was room for an answer
	latest          bool // only the newest answer is of interest
	stopped         bool // nothing more is sent
	left            bool // the id is free
	messages, bytes int  // that wait
	slot            Message

	ID     string
	cancel context.CancelFunc
	ctx    context.Context //nolint:containedctx // it is the operation's: it ends with it
	group  *group          // nil when the execution is its own; by the connection's lock
	place  int             // in the group, by its lock
}

// Run executes the operation and sends what comes of it. A subscription that is
// shared goes on after it has returned.
func (o *Op) Run(exec graphql.GraphExecutor, params *graphql.RawParams) {
	r := &running{op: o, exec: exec, ctx: o.ctx}
	defer r.over()
	if r.begin(params) {
		for r.event() {
		}
	}
}

// A running is an execution that is only this operation's. It is not on the stack of
// what waits for the next event, which is memory of every client.
type running struct {
	op     *Op
	exec   graphql.GraphExecutor
	again  *graphql.RawParams // as they came; nil unless it may be shared
	ctx    context.Context    //nolint:containedctx // it is the execution's: it ends with it
	oc     *graphql.OperationContext
	next   graphql.ResponseHandler
	ended  context.CancelFunc // of an execution that may end before its operation; nil otherwise
	shared bool               // the operation goes on in a group
	share  *share             // what the same streams have encoded; nil when it is the viewer's own
}

// begin tells whether there will be answers.
func (r *running) begin(params *graphql.RawParams) bool {
	o, again := r.op, *params // CreateOperationContext may change what it is given
	var errs gqlerror.List
	aside(func() {
		if r.oc, errs = r.exec.CreateOperationContext(r.ctx, params); errs != nil {
			o.refuse(r.exec.DispatchError(graphql.WithOperationContext(r.ctx, r.oc), errs))
		}
	})
	again.Query = params.Query // a text that was found by its hash may be gone when it is asked for again
	if errs != nil {
		return false
	}
	if r.oc.Operation.Operation == ast.Subscription {
		d := deliveryOf(r.oc)
		if !o.streams(d.latest) {
			return false
		}
		switch {
		case d.shared && d.latest:
			r.ctx, r.ended = context.WithCancel(r.ctx)
			r.again = &again
		case d.shared:
			r.share = o.conn.hub.shares.join(streamKey(r.oc, o.conn.actor()))
			r.ctx = r.share.with(r.ctx)
		}
	}
	aside(func() { r.next, r.ctx = r.exec.DispatchOperation(r.ctx, r.oc) })
	return true
}

// event waits for an answer and sends it; false when there are no more.
func (r *running) event() bool { return r.deliver(r.next(r.ctx)) }

//go:noinline
func (r *running) deliver(answer *graphql.Response) bool {
	o := r.op
	if answer == nil || !o.send(answerOf(o, answer)) {
		o.finish(Message{Kind: Complete, Op: o})
		return false
	}
	o.conn.hub.counts.executions.Add(1)
	o.conn.hub.counts.events.Add(1)
	// Of a stream of which only the newest event counts, it does not matter from
	// which execution the next one is. This one has asked whether the caller may.
	if r.again != nil && len(answer.Errors) == 0 {
		if key := shareKey(r.oc, o.conn.actor()); key != "" {
			r.shared = o.conn.hub.share(o, key, sourceKey(r.oc, o.conn.actor()), r.exec, *r.again)
			return false
		}
	}
	return true
}

// over ends the execution, and the operation if it does not go on in a group.
func (r *running) over() {
	if p := recover(); p != nil {
		r.op.refuse(r.exec.DispatchError(r.ctx, gqlerror.List{gqlerror.Wrap(fmt.Errorf("panic: %v\n%s", p, debug.Stack()))}))
	}
	if r.ended != nil {
		r.ended()
	}
	r.op.conn.hub.shares.leave(r.share)
	c := r.op.conn
	c.mu.Lock()
	c.running--
	c.mu.Unlock()
	c.hub.counts.executing.Add(-1)
	if !r.shared {
		r.op.cancel()
	}
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
		if (m.Kind == Error || !o.answered) && c.full(m) { // whoever asks for more that comes to nothing than it reads
			c.mu.Unlock()
			c.Close(Slow)
			return
		}
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
	c.discard(o)
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

// answerOf is an answer as a message: its data as it is when there is nothing else.
func answerOf(o *Op, r *graphql.Response) Message {
	if len(r.Data) > 0 && len(r.Errors) == 0 && len(r.Extensions) == 0 && r.HasNext == nil && r.Label == "" && r.Path == nil {
		return Message{Kind: Data, Op: o, Body: r.Data}
	}
	return Message{Kind: Next, Op: o, Body: encode(r)}
}

// Quoted is a text as JSON, such as an operation's id.
func Quoted(s string) []byte {
	b, _ := json.Marshal(s) // strings always can be
	return b
}

// encode is an answer as JSON, without reading its data again. There is no data
// where nothing was executed.
func encode(r *graphql.Response) []byte {
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
