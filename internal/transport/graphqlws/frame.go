package graphqlws

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"syscall"

	"github.com/mpanel/mpanel/internal/live"
)

// Frames of RFC 6455, section 5.2; those of a server are not masked.
const (
	final     = 0x80
	opText    = final | 0x1
	opClose   = final | 0x8
	opPing    = final | 0x9
	opPong    = final | 0xA
	maxReason = 123
)

// shareFrom is from how many bytes on an answer is written from where it is,
// instead of being copied to what else is written.
const shareFrom = 16 << 10

// appendHeader begins a frame of n bytes.
func appendHeader(b []byte, op byte, n int) []byte {
	switch {
	case n < 126:
		return append(b, op, byte(n)) //nolint:gosec // it is less than 126
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(b, op, 126), uint16(n))
	}
	return binary.BigEndian.AppendUint64(append(b, op, 127), uint64(n))
}

// frame is a whole frame.
func frame(op byte, payload []byte) []byte {
	return append(appendHeader(make([]byte, 0, len(payload)+10), op, len(payload)), payload...)
}

// closeFrame says why.
func closeFrame(r live.Reason) []byte {
	payload := binary.BigEndian.AppendUint16(nil, uint16(r.Code)) //nolint:gosec // codes have four digits
	return frame(opClose, append(payload, r.Text[:min(len(r.Text), maxReason)]...))
}

// An envelope is what is around an answer: for each id, as each client has its own.
func appendEnvelope(b []byte, id []byte, kind string, payload bool) []byte {
	b = append(append(append(append(append(b, `{"id":`...), id...), `,"type":"`...), kind...), '"')
	if payload {
		b = append(b, `,"payload":`...)
	}
	return b
}

// envelopeSize is what appendEnvelope and the closing brace take.
func envelopeSize(id []byte, kind string, payload bool) int {
	n := len(`{"id":,"type":""}`) + len(id) + len(kind)
	if payload {
		n += len(`,"payload":`)
	}
	return n
}

// An output gathers frames for one write. Small ones are copied into one piece of
// memory; large answers stay where they are, shared by all who get them.
type output struct {
	buffer   []byte
	pieces   net.Buffers // before what is in buffer
	messages []live.Message

	// Of tryTo, whose function for the system is made once.
	try     func(fd uintptr)
	written int
	failed  error
}

func newOutput() *output {
	o := &output{}
	o.try = func(fd uintptr) {
		for o.written < len(o.buffer) {
			n, err := send(fd, o.buffer[o.written:])
			switch {
			case n > 0:
				o.written += n
			case errors.Is(err, syscall.EINTR):
			case errors.Is(err, syscall.EAGAIN):
				return // and do not wait
			default:
				o.failed = errors.Join(err, io.ErrShortWrite)
				return
			}
		}
	}
	return o
}

func (o *output) reset() {
	clear(o.messages)
	clear(o.pieces)
	o.messages, o.pieces = o.messages[:0], o.pieces[:0]
	if o.buffer = o.buffer[:0]; cap(o.buffer) > 256<<10 {
		o.buffer = nil
	}
}

// add appends the frame of a message.
func (o *output) add(m live.Message, r func() live.Reason) {
	kind := typeComplete
	switch m.Kind {
	case live.Control:
		o.buffer = append(o.buffer, m.Body...)
		return
	case live.End:
		o.buffer = append(o.buffer, closeFrame(r())...)
		return
	case live.Next, live.Data:
		kind = typeNext
	case live.Error:
		kind = typeError
	case live.Complete:
	}
	payload := m.Kind != live.Complete
	o.buffer = appendHeader(o.buffer, opText, envelopeSize(m.Op.Envelope, kind, payload)+m.AnswerSize())
	o.buffer = appendEnvelope(o.buffer, m.Op.Envelope, kind, payload)
	if len(m.Body) < shareFrom {
		o.buffer = m.Answer(o.buffer)
	} else {
		head, tail := m.Around()
		o.buffer = append(o.buffer, head...)
		o.cut()
		o.pieces = append(o.pieces, m.Body)
		o.buffer = append(o.buffer, tail...)
	}
	o.buffer = append(o.buffer, '}')
}

// cut makes what was gathered a piece of its own. The buffer begins anew: what is
// appended later may move it.
func (o *output) cut() {
	if len(o.buffer) > 0 {
		o.pieces = append(o.pieces, o.buffer)
		o.buffer = nil
	}
}

// writeTo sends everything, in one go where the system can.
func (o *output) writeTo(c net.Conn) error {
	if len(o.pieces) == 0 {
		_, err := c.Write(o.buffer)
		return err
	}
	o.cut()
	all := o.pieces
	_, err := all.WriteTo(c)
	return err
}

// tryTo sends what the system takes without waiting, and gives what is left.
func (o *output) tryTo(c syscall.RawConn) (rest net.Buffers, err error) {
	if len(o.pieces) > 0 { // large answers fill buffers anyway
		o.cut()
		return slices.Clone(o.pieces), nil
	}
	o.written, o.failed = 0, nil
	// Control and not Write, which makes ready for waiting, in memory of every socket. Nobody
	// writes at the same time but gorilla/websocket, of a frame that is none.
	if err := errors.Join(c.Control(o.try), o.failed); err != nil {
		return nil, err
	}
	if o.written < len(o.buffer) {
		rest = net.Buffers{slices.Clone(o.buffer[o.written:])}
	}
	return rest, nil
}
