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
	messages, bytes int  // that wait
	slot            []byte
}

// Run executes the operation to its end and sends what comes of it.
func (o *Op) Run(exec graphql.GraphExecutor, params *graphql.RawParams) {
	defer o.cancel()
	ctx := graphql.StartOperationTrace(o.ctx)
	defer func() {
		if p := recover(); p != nil {
			o.refuse(exec.DispatchError(ctx, gqlerror.List{gqlerror.Wrap(fmt.Errorf("panic: %v\n%s", p, debug.Stack()))}))
		}
	}()
	oc, errs := exec.CreateOperationContext(ctx, params)
	ctx = graphql.WithOperationContext(ctx, oc)
	if errs != nil {
		o.refuse(exec.DispatchError(ctx, errs))
		return
	}
	if oc.Operation.Operation == ast.Subscription {
		o.streams(policyOf(oc))
		defer o.conn.hub.counts.streams.Add(-1)
	}
	next, ctx := exec.DispatchOperation(ctx, oc)
	for {
		answer := next(ctx)
		if answer == nil || !o.send(Message{Kind: Next, Op: o, Body: Encode(answer)}) {
			break
		}
		o.conn.hub.counts.events.Add(1)
	}
	o.finish(Message{Kind: Complete, Op: o})
}

// streams makes the operation one that does not end by itself.
func (o *Op) streams(p Policy) {
	o.conn.hub.counts.streams.Add(1)
	o.conn.mu.Lock()
	o.stream, o.latest = true, p == Latest
	drained := o.conn.draining && !o.conn.busy()
	o.conn.mu.Unlock()
	if drained {
		o.conn.Close(Restarting)
	}
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
	if o.stopped {
		c.mu.Unlock()
		return
	}
	o.leave()
	c.append(m)
	now := time.Now()
	if !o.stream {
		now = time.Time{}
	}
	c.schedule(now)
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
	if !o.stopped {
		o.stopped = true
		o.leave()
	}
	drained := c.draining && !c.busy()
	c.mu.Unlock()
	o.cancel()
	if drained {
		c.Close(Restarting)
	}
}

// leave frees the id.
func (o *Op) leave() {
	if o.conn.ops[o.ID] == o {
		delete(o.conn.ops, o.ID)
		o.conn.hub.counts.operations.Add(-1)
	}
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
