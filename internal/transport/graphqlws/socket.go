package graphqlws

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime/debug"
	"sync"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
	"github.com/gorilla/websocket"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/live"
)

// How a socket is closed whose client does not keep to the protocol.
var (
	badMessage    = live.Reason{Name: "bad_message", Code: 4400, Text: "Not a message of the protocol"}
	unauthorized  = live.Reason{Name: "unauthorized", Code: 4401, Text: "Unauthorized"}
	notAcceptable = live.Reason{Name: "subprotocol", Code: 4406, Text: "Subprotocol not acceptable"}
	duplicate     = live.Reason{Name: "duplicate_id", Code: 4409, Text: "An operation with this id exists already"}
	secondInit    = live.Reason{Name: "second_init", Code: 4429, Text: "Too many initialisation requests"}
	badText       = live.Reason{Name: "bad_text", Code: websocket.CloseInvalidFramePayloadData, Text: "Not UTF-8"}
)

// brokenOff is how long what a client still sends is read when it is over.
const brokenOff = time.Second

// A socket is one connection. Its one goroutine reads; others exist only while
// something is executed or written.
type socket struct {
	t    *Transport
	ws   *websocket.Conn // reads
	net  net.Conn        // is written to
	raw  syscall.RawConn // the same, for writes that do not wait; nil where there are none
	conn *live.Conn

	writing  sync.Mutex
	rest     net.Buffers // what a write that does not wait has left
	closeOut bool        // a close was written, after which there is nothing

	exec  graphql.GraphExecutor
	acked bool // the first message was accepted
}

// inputs is memory for messages while they are parsed.
var inputs = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// read takes what the client sends until the socket is gone.
func (s *socket) read() {
	defer s.conn.Closed()
	defer func() { _ = s.net.Close() }()
	defer s.recovered()
	for {
		kind, r, err := s.ws.NextReader()
		if err == nil {
			s.conn.Heard()
			err = s.message(kind, r)
		}
		if err == nil {
			continue
		}
		if _, closed := errors.AsType[*websocket.CloseError](err); closed {
			return
		}
		_, broken := errors.AsType[net.Error](err)
		switch {
		case errors.Is(err, websocket.ErrReadLimit):
			s.t.Hub.Refuse("frame_size")
		case !broken && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
			s.t.Hub.Refuse("frame")
		}
		s.linger() // gorilla/websocket has written why
		return
	}
}

// recovered ends the socket, and not the server, for a mistake of ours.
func (s *socket) recovered() {
	if p := recover(); p != nil {
		s.t.Log.Error("socket panicked", "request_id", s.conn.Request().ID, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		_ = s.net.Close()
	}
}

// linger reads what is still under way: to close before would make the system
// reset the connection, and the client might never read our last words.
func (s *socket) linger() {
	if half, ok := s.net.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
	_ = s.net.SetReadDeadline(time.Now().Add(brokenOff))
	_, _ = io.Copy(io.Discard, io.LimitReader(s.net, 4<<20))
	_ = s.net.Close()
}

// message reads one message and does what it says. Its error is the socket's.
func (s *socket) message(kind int, r io.Reader) error {
	buffer, _ := inputs.Get().(*bytes.Buffer)
	defer inputs.Put(buffer)
	buffer.Reset()
	if _, err := buffer.ReadFrom(r); err != nil {
		return err
	}
	if s.conn.IsClosing() {
		return nil
	}
	switch {
	case kind != websocket.TextMessage:
		s.conn.Close(badMessage)
		return nil
	case !utf8.Valid(buffer.Bytes()):
		s.conn.Close(badText)
		return nil
	}
	m, err := parse(buffer.Bytes())
	if err != nil {
		s.conn.Close(badMessage)
		return nil
	}
	s.handle(m)
	return nil
}

func (s *socket) handle(m message) {
	switch m.kind {
	case typeInit:
		s.init(m.auth)
	case typePing:
		answer := []byte(`{"type":"pong"`)
		if m.payload != nil {
			answer = append(append(answer, `,"payload":`...), m.payload...)
		}
		s.send(append(answer, '}'))
	case typeComplete:
		s.conn.Stop(m.id)
	case typeSubscribe:
		s.subscribe(m)
	}
}

// init authenticates the socket. Without a token it is nobody's; with one that is
// not valid it is closed.
func (s *socket) init(authorization string) {
	if !s.conn.Inited() {
		s.conn.Close(secondInit)
		return
	}
	token, ok := actor.Bearer(authorization)
	if !ok {
		s.acknowledge(s.conn.Acknowledge(nil))
		return
	}
	// On a stack of its own, since this one stays, and need not be large for it.
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer s.recovered()
		s.authenticate(token)
	}()
	<-done
}

func (s *socket) authenticate(token string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.conn.Context()), s.t.Hub.Limits().InitTimeout)
	defer cancel()
	who, err := s.t.Authenticate(ctx, token)
	switch fault.CodeOf(err) {
	case "":
		s.acknowledge(s.conn.Acknowledge(who))
	case fault.Unauthenticated:
		s.conn.Close(live.Forbidden)
	default: // not knowing is no reason to sign anybody out
		s.t.Log.ErrorContext(ctx, "authentication failed", "request_id", s.conn.Request().ID, "error", err)
		s.conn.Close(live.Unavailable)
	}
}

func (s *socket) acknowledge(err error) {
	if err != nil {
		s.conn.Close(live.TooMany)
		return
	}
	s.acked = true
	s.send([]byte(`{"type":"` + typeAck + `"}`))
}

func (s *socket) subscribe(m message) {
	if !s.acked {
		s.conn.Close(unauthorized)
		return
	}
	op, err := s.conn.Begin(m.id)
	switch {
	case err == nil:
		op.Envelope = live.Quoted(m.id)
		go op.Run(s.exec, m.params)
	case errors.Is(err, live.ErrDuplicate):
		s.conn.Close(duplicate)
	case errors.Is(err, live.ErrTooManyOperations):
		fail := fault.RateLimited.New("", "Too many operations at once on this connection; complete some first.")
		errs := s.exec.DispatchError(graphql.WithOperationContext(s.conn.Context(), &graphql.OperationContext{}), gqlerror.List{gqlerror.Wrap(fail)}).Errors
		s.send(append(append(appendEnvelope(nil, live.Quoted(m.id), typeError, true), live.Encoded(errs)...), '}'))
	}
}

// send queues a message that is not an operation's.
func (s *socket) send(json []byte) {
	s.conn.Send(live.Message{Kind: live.Control, Body: frame(opText, json)})
}

// pinged answers a ping frame, which comes from proxies and other libraries.
func (s *socket) pinged(data string) error {
	s.conn.Heard()
	if !s.conn.IsClosing() {
		s.conn.Send(live.Message{Kind: live.Control, Body: frame(opPong, []byte(data))})
	}
	return nil
}

// closed answers a close frame, unless it is an answer itself.
func (s *socket) closed(code int, _ string) error {
	var payload []byte
	if code != websocket.CloseNoStatusReceived {
		payload = websocket.FormatCloseMessage(code, "")
	}
	s.last(frame(opClose, payload))
	return nil
}

// last writes a close, unless one was written, after what was begun to be written. Nothing
// comes after it.
func (s *socket) last(closing []byte) {
	// Whoever writes now has no longer, either: only this goroutine would notice that the
	// client is gone.
	_ = s.net.SetWriteDeadline(time.Now().Add(brokenOff))
	s.writing.Lock()
	defer s.writing.Unlock()
	all := s.rest
	s.rest = nil
	if !s.closeOut {
		s.closeOut = true
		all = append(all, closing)
	}
	_, _ = all.WriteTo(s.net) // the client may be gone
}

// mostAtOnce is how often a socket is written to before others take their turn.
const mostAtOnce = 2

// outputs is memory for what is written.
var outputs = sync.Pool{New: func() any { return newOutput() }}

// Flush implements live.Wire.
func (s *socket) Flush(wait bool) bool {
	if !wait && s.raw == nil {
		return false
	}
	out, _ := outputs.Get().(*output)
	defer outputs.Put(out)
	defer out.reset()
	for batch := 0; wait || batch < mostAtOnce; batch++ {
		if over, stuck := s.write(out, wait); over || stuck {
			return over
		}
	}
	return false
}

// write writes what waits now. It is over when there is nothing, and stuck where it would
// have to wait and is not to.
func (s *socket) write(out *output, wait bool) (over, stuck bool) {
	if wait {
		s.writing.Lock()
	} else if !s.writing.TryLock() {
		return false, true // a close is being answered
	}
	defer s.writing.Unlock()
	var err error
	if len(s.rest) > 0 {
		if !wait {
			return false, true
		}
		_, err = s.rest.WriteTo(s.net)
		s.rest = nil
	}
	out.reset()
	if err == nil && !s.closeOut {
		out.messages = s.conn.Take(out.messages)
	}
	if err == nil && len(out.messages) == 0 {
		return true, false
	}
	for _, m := range out.messages {
		out.add(m, s.conn.Reason)
		if s.closeOut = m.Kind == live.End; s.closeOut {
			break
		}
	}
	switch {
	case err != nil:
	case wait:
		err = out.writeTo(s.net)
	default:
		s.rest, err = out.tryTo(s.raw)
	}
	if err != nil {
		_ = s.net.Close() // which the reader notices
	}
	return err != nil, len(s.rest) > 0
}

// Ping implements live.Wire. It is a frame's ping, which every client answers
// without knowing.
func (s *socket) Ping() {
	s.conn.Send(live.Message{Kind: live.Control, Body: []byte{opPing, 0}})
}

// Break implements live.Wire.
func (s *socket) Break() { _ = s.net.Close() }
