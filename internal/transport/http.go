package transport

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/budget"
	"github.com/mpanel/mpanel/internal/executor"
	"github.com/mpanel/mpanel/internal/fault"
)

// What answers are written as.
const (
	mediaJSON    = "application/json"
	mediaGraphQL = "application/graphql-response+json"
)

// contentTypes are not changed.
var contentTypes = map[string][]string{mediaJSON: {mediaJSON}, mediaGraphQL: {mediaGraphQL}}

// buffered is from where an answer does not fit into net/http's own buffer, which is
// sent when the handler is over.
const buffered = 2 << 10

// How long an answer that holds memory may take to be read: a time, and more for a long
// one. Others have the server's time.
const (
	writeTimeout = 10 * time.Second
	slowest      = 16 << 10 // bytes in a second
)

// single is one operation and one answer: a POST, or a GET of a query. The data goes
// out as the executor wrote it, from pooled memory, without being read again.
func (c *core) single(ctx *operationContext, a *answer) {
	ctx.operation = &ctx.own
	op := ctx.operation
	own, errs := c.take(ctx, op, &ctx.received.params)
	own.tell(a.w.Header(), errs)
	if errs == nil {
		if errs = a.unfit(op); errs != nil {
			c.Refusals.WithLabelValues(reasonMethod).Inc()
		}
	}
	if errs != nil {
		a.send(a.refusedStatus(errs), c.DispatchError(ctx, errs), nil)
		return
	}
	ctx.state, ctx.buffer.Head, ctx.buffered = own.state, `{"data":`, true
	a.query = op.Operation.Operation == ast.Query
	if own.state.Limit > 0 {
		a.cost = &ctx.state
	}
	var jar *cookieJar // nothing else than a mutation needs one
	if !a.query {
		jar = &cookieJar{request: a.r, secure: c.SecureCookies}
		ctx.Context = actor.WithKeeper(ctx.Context, jar)
	}
	e, all, response := c.begin(ctx)
	switch {
	case e == nil:
	case c.waits(op, own):
		response = c.admitted(own.cost, e.answer)(all)
	default:
		response = e.answer(all)
	}
	if jar != nil {
		jar.write(a.w.Header())
	}
	a.send(http.StatusOK, response, &ctx.buffer)
	ctx.buffer.Release() // not when something panics: who knows who else has it then
}

// An answer is what a request gets.
type answer struct {
	w    http.ResponseWriter
	r    *http.Request
	kind string // its media type
	not  int    // the status of what cannot be asked in this way; 0 of what can

	cost *budget.State // of what was executed; nil without a budget

	// query is of answers without secrets, which those of mutations may have: how
	// well they can be compressed would tell of them.
	query bool
}

// unfit refuses what another method or transport is for. Anybody's page can make a
// browser send a GET, so it must not change anything.
func (a *answer) unfit(op *graphql.OperationContext) gqlerror.List {
	var f *fault.Error
	switch kind := op.Operation.Operation; {
	case kind == ast.Subscription:
		a.not = http.StatusNotAcceptable
		f = fault.Invalid.New("", "A subscription needs a WebSocket with graphql-transport-ws, or Accept: text/event-stream.")
	case kind == ast.Mutation && a.r.Method == http.MethodGet:
		a.not = http.StatusMethodNotAllowed
		a.w.Header().Set("Allow", "POST")
		f = fault.Invalid.New("", "Only queries can be sent by GET.")
	default:
		return nil
	}
	return gqlerror.List{gqlerror.WrapPath(nil, f)}
}

// refusedStatus is that of an operation that is not executed. Clients of plain JSON
// take another one than 200 for a failure of the network.
// https://graphql.github.io/graphql-over-http/draft/#sec-Status-Codes
func (a *answer) refusedStatus(errs gqlerror.List) int {
	switch {
	case a.not != 0:
		return a.not
	case a.kind == mediaJSON:
		return http.StatusOK
	case fault.CodeOf(errs) == fault.RateLimited:
		return http.StatusTooManyRequests
	}
	return http.StatusBadRequest
}

// send writes an answer, which is nil when the request was given up. The buffer is
// nil when nothing was executed.
func (a *answer) send(status int, response *graphql.Response, buffer *executor.Buffer) {
	body := encoded(response, buffer, a.cost)
	header := a.w.Header()
	header["Content-Type"] = contentTypes[a.kind]
	if a.query && len(body) >= minCompressed {
		header.Add("Vary", "Accept-Encoding")
		if accepts(a.r.Header.Get("Accept-Encoding"), "gzip") {
			header.Set("Content-Encoding", "gzip")
			z := compressed(body)
			defer compressors.Put(z)
			body = z.to.Bytes()
		}
	}
	if len(body) >= buffered { // less has the server's time, and net/http tells its length
		header["Content-Length"] = []string{strconv.Itoa(len(body))}
		// Who does not read holds the answer's memory. The next request has a time of its own.
		_ = http.NewResponseController(a.w).SetWriteDeadline(time.Now().Add(writeTimeout + time.Duration(len(body))*time.Second/slowest)) // of a test there is none
	}
	a.w.WriteHeader(status)
	_, _ = a.w.Write(body) // the client may be gone
}

// encoded is an answer as JSON, errors first. It is good until the buffer is
// released. What was not executed has no data.
func encoded(r *graphql.Response, buffer *executor.Buffer, cost *budget.State) []byte {
	switch {
	case r == nil:
		return marshaled(r)
	case len(r.Errors) == 0 && len(r.Extensions) == 0 && len(r.Data) > 0 && r.HasNext == nil: // as nearly all are
		var tail [160]byte
		return buffer.Complete(r.Data, append(appendCost(tail[:0], cost), '}'))
	}
	if cost != nil {
		extend(r, "cost", cost)
	}
	if r.HasNext != nil || r.Label != "" || r.Path != nil { // of @defer; rare
		return marshaled(r)
	}
	body := []byte{'{'}
	if len(r.Errors) > 0 {
		body = append(append(body, `"errors":`...), marshaled(r.Errors)...)
	}
	if buffer != nil {
		body = append(body, `,"data":`...)
		if len(r.Data) > 0 {
			body = append(body, r.Data...)
		} else {
			body = append(body, "null"...)
		}
	}
	if len(r.Extensions) > 0 {
		body = append(append(body, `,"extensions":`...), marshaled(r.Extensions)...)
	}
	return append(body, '}')
}

// appendCost appends the extension that tells what an operation cost.
func appendCost(b []byte, s *budget.State) []byte {
	if s == nil {
		return b
	}
	b = strconv.AppendInt(append(b, `,"extensions":{"cost":{"cost":`...), int64(s.Cost), 10)
	b = strconv.AppendInt(append(b, `,"limit":`...), int64(s.Limit), 10)
	b = strconv.AppendInt(append(b, `,"remaining":`...), int64(s.Remaining), 10)
	b = s.ResetAt.AppendFormat(append(b, `,"resetAt":"`...), time.RFC3339Nano)
	return append(b, `"}}`...)
}

// marshaled is v as JSON; the handler answers for a panic.
func marshaled(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Errorf("encode an answer: %w", err))
	}
	return b
}

// negotiated is the first type of an Accept header that we write; plain JSON for
// who takes anything, and GraphQL's own type for who takes neither.
func negotiated(accept string) string {
	if accept == "" || accept == "*/*" || accept == mediaJSON { // as nearly everybody writes it
		return mediaJSON
	}
	for part := range strings.SplitSeq(accept, ",") {
		switch kind, _, err := mime.ParseMediaType(strings.TrimSpace(part)); {
		case err != nil:
		case kind == mediaGraphQL:
			return mediaGraphQL
		case kind == mediaJSON, kind == "*/*", kind == "application/*":
			return mediaJSON
		}
	}
	return mediaGraphQL
}
