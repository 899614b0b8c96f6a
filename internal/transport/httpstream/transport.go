// Package httpstream sends the answers of an operation one after the other, as the
// answer of one POST: as server-sent events, or in parts, as Apollo's clients ask for
// subscriptions.
// https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md (distinct connections)
// https://www.apollographql.com/docs/graphos/routing/operations/subscriptions/multipart-protocol
//
// What runs on a connection, and for how long, is package live's; who calls and what
// errors look like is package transport's.
package httpstream

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/gorilla/websocket"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/live"
)

// A Transport answers requests that accept one of the two forms, and those about
// single connections of server-sent events; every field is required.
type Transport struct {
	Hub          *live.Hub
	Reservations *Reservations
	// Received is the operation of a request that has one.
	Received func(*http.Request) *graphql.RawParams
	// Refuse answers a request that is not accepted.
	Refuse func(w http.ResponseWriter, r *http.Request, status int, code fault.Code, message string)
}

var _ graphql.Transport = (*Transport)(nil)

// Supports implements graphql.Transport.
func (t *Transport) Supports(r *http.Request) bool {
	return !websocket.IsWebSocketUpgrade(r) && (formOf(r) != nil || IsAboutConnection(r) || Token(r) != "")
}

// Do implements graphql.Transport.
func (t *Transport) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	if IsAboutConnection(r) || Token(r) != "" {
		t.single(w, r, exec)
		return
	}
	s := newStream(w, formOf(r))
	ran := make(chan struct{})
	if !t.open(w, r, s, func() (*actor.Actor, int) {
		who, _ := actor.From(r.Context()) // nobody may ask, too
		return who, 0
	}) {
		return
	}
	defer s.conn.Closed()
	defer s.end()
	op, err := s.conn.Begin("")
	if err != nil { // it was closed meanwhile
		return
	}
	go func() {
		defer close(ran)
		op.Run(reading{exec, r.Method == http.MethodGet}, goOn(r, t.Received(r)))
	}()
	s.wait(r)
	s.conn.Closed()
	<-ran // what it reads may be the request's
}

// open begins a stream for whoever it turns out to be for; on false the answer is
// written.
func (t *Transport) open(w http.ResponseWriter, r *http.Request, s *stream, owner func() (*actor.Actor, int)) bool {
	var status int
	var err error
	// Who a connection is comes from its owner alone.
	if _, err = t.Hub.Open(actor.With(r.Context(), nil), actor.RequestFrom(r.Context()), func(c *live.Conn) live.Wire { s.conn = c; return s }); err == nil {
		var who *actor.Actor
		if who, status = owner(); status == 0 {
			err = s.conn.Acknowledge(who)
		}
	}
	switch {
	case status == http.StatusConflict:
		t.Refuse(w, r, status, fault.Conflict, "The stream of this token is open already.")
	case status != 0:
		t.Refuse(w, r, status, fault.NotFound, "There is no stream with this token.")
	case errors.Is(err, live.ErrRestarting):
		t.Refuse(w, r, http.StatusServiceUnavailable, fault.Unavailable, "The server restarts; try again in a moment.")
	case err != nil:
		w.Header().Set("Retry-After", "10")
		t.Refuse(w, r, http.StatusTooManyRequests, fault.RateLimited, "There are too many connections; try again later.")
	default:
		_ = s.control.SetWriteDeadline(time.Time{}) // the connection sees to it that it is read
		w.Header().Set("Content-Type", s.form.contentType)
		w.Header().Set("X-Accel-Buffering", "no") // nginx gathers what comes otherwise
		w.WriteHeader(http.StatusOK)
		s.conn.Send(live.Message{Kind: live.Control, Body: s.form.sign})
		return true
	}
	if s.conn != nil {
		s.end()
		s.conn.Closed()
	}
	return false
}

// goOn has the operation of a browser that has lost its connection, and says which
// event it saw last, go on after it.
func goOn(r *http.Request, p *graphql.RawParams) *graphql.RawParams {
	if last := r.Header.Get("Last-Event-ID"); last != "" {
		if p.Variables == nil {
			p.Variables = map[string]any{}
		}
		p.Variables["after"] = last
	}
	return p
}

// A stream is one answer that goes on.
type stream struct {
	form    *form
	conn    *live.Conn
	control *http.ResponseController

	mu    sync.Mutex // held while something is written
	w     http.ResponseWriter
	ended bool // the handler returns; nothing may be written any more

	once sync.Once
	over chan struct{} // closed when there is nothing more to write
}

func newStream(w http.ResponseWriter, f *form) *stream {
	return &stream{form: f, w: w, control: http.NewResponseController(w), over: make(chan struct{})}
}

// wait is until the stream is over, or nobody reads it any more.
func (s *stream) wait(r *http.Request) {
	select {
	case <-s.over:
	case <-r.Context().Done():
	}
}

// Flush implements live.Wire.
func (s *stream) Flush(wait bool) bool {
	if !wait { // which an http.ResponseWriter always may
		return false
	}
	var list []live.Message
	for {
		list = s.conn.Take(list[:0])
		if len(list) == 0 {
			return true
		}
		var b []byte
		last := false
		for _, m := range list {
			switch m.Kind {
			case live.Control:
				b = append(b, m.Body...)
			case live.Next, live.Data:
				b = s.form.next(b, m)
			case live.Error:
				b, last = s.form.refused(b, m.Op, m.Body), s.form != &shared
			case live.Complete:
				b, last = s.form.complete(b, m.Op), s.form != &shared
			case live.End:
				b, last = s.form.broken(b, s.conn.Reason()), true
			}
		}
		if !s.write(b) || last {
			s.finish()
			return true
		}
		s.conn.Heard() // in time, or it would not be written
	}
}

func (s *stream) write(b []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return false
	}
	if _, err := s.w.Write(b); err != nil {
		return false
	}
	return s.control.Flush() == nil
}

// finish lets the handler return.
func (s *stream) finish() { s.once.Do(func() { close(s.over) }) }

// lastWords is how long what ends an answer may take to be read.
const lastWords = 10 * time.Second

// end waits for a write that is under way, and forbids others.
func (s *stream) end() {
	s.finish()
	timer := time.AfterFunc(time.Second, func() { _ = s.control.SetWriteDeadline(time.Now()) })
	defer timer.Stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ended && timer.Stop() { // net/http writes the end
		_ = s.control.SetWriteDeadline(time.Now().Add(lastWords))
	}
	s.ended = true
}

// Ping implements live.Wire.
func (s *stream) Ping() { s.conn.Send(live.Message{Kind: live.Control, Body: s.form.sign}) }

// Break implements live.Wire.
func (s *stream) Break() {
	_ = s.control.SetWriteDeadline(time.Now())
	s.finish()
}

// A reading executor does not change anything for a GET, which anybody's page can
// make a browser send.
type reading struct {
	graphql.GraphExecutor
	get bool
}

// CreateOperationContext implements graphql.GraphExecutor.
func (e reading) CreateOperationContext(ctx context.Context, params *graphql.RawParams) (*graphql.OperationContext, gqlerror.List) {
	op, errs := e.GraphExecutor.CreateOperationContext(ctx, params)
	if errs == nil && e.get && op.Operation.Operation == ast.Mutation {
		errs = gqlerror.List{gqlerror.WrapPath(nil, fault.Invalid.New("", "Only queries and subscriptions can be sent by GET."))}
	}
	return op, errs
}
