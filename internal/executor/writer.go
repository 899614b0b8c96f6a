package executor

import (
	"context"
	"math"
	"strconv"
	"time"

	"github.com/99designs/gqlgen/graphql"
)

// A Status is what a leaf's encoder did.
type Status uint8

// What encoders do. Only with Written is there something in the buffer.
const (
	Written       Status = iota
	Null                 // the Go value was nil
	NullByEncoder        // a value that is there was turned into null, such as the zero time
	NullElement          // a list has a null where it must not
)

// A Writer is the buffer that an answer is written into. Generated encoders
// append to it; custom scalars see an io.Writer.
type Writer struct {
	Buf []byte
	// Generated is the generated code's execution context.
	Generated any

	badFloats int             // written as null since somebody asked
	ctx       context.Context //nolint:containedctx // of one answer, which the Writer does not outlive
}

// Write appends p; it never fails.
func (w *Writer) Write(p []byte) (int, error) {
	w.Buf = append(w.Buf, p...)
	return len(p), nil
}

// WriteString appends s; it never fails.
func (w *Writer) WriteString(s string) (int, error) {
	w.Buf = append(w.Buf, s...)
	return len(s), nil
}

// Context is the answer's, without a field: for encoders that read its values.
func (w *Writer) Context() context.Context { return w.ctx }

const hexDigits = "0123456789ABCDEF"

// plain marks the bytes that a JSON string may hold as they are.
var plain = func() (t [256]bool) {
	for i := 0x20; i < 256; i++ {
		t[i] = i != '"' && i != '\\'
	}
	return t
}()

// String appends a JSON string, escaped as graphql.MarshalString does.
func (w *Writer) String(s string) Status {
	b := w.Buf
	b = append(b, '"')
	start := 0
	for i := range len(s) {
		c := s[i]
		if plain[c] {
			continue
		}
		b = append(b, s[start:i]...)
		switch c {
		case '\t':
			b = append(b, '\\', 't')
		case '\r':
			b = append(b, '\\', 'r')
		case '\n':
			b = append(b, '\\', 'n')
		case '"', '\\':
			b = append(b, '\\', c)
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		start = i + 1
	}
	w.Buf = append(append(b, s[start:]...), '"')
	return Written
}

// Int appends a number.
func (w *Writer) Int(v int64) Status {
	w.Buf = strconv.AppendInt(w.Buf, v, 10)
	return Written
}

// Uint appends a number.
func (w *Writer) Uint(v uint64) Status {
	w.Buf = strconv.AppendUint(w.Buf, v, 10)
	return Written
}

// IntID appends an id that is a number, as a string.
func (w *Writer) IntID(v int64) Status {
	w.Buf = append(strconv.AppendInt(append(w.Buf, '"'), v, 10), '"')
	return Written
}

// Bool appends true or false.
func (w *Writer) Bool(v bool) Status {
	w.Buf = strconv.AppendBool(w.Buf, v)
	return Written
}

// Float appends a number in the form of %g. What is no number in JSON becomes
// null and an error, also where there may be no null: gqlgen finds out too late.
func (w *Writer) Float(v float64) Status {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		w.badFloats++
		w.null()
		return Written
	}
	w.Buf = strconv.AppendFloat(w.Buf, v, 'g', -1, 64)
	return Written
}

// Time appends a point in time in RFC 3339 with nanoseconds; the zero time is null.
func (w *Writer) Time(t time.Time) Status {
	if t.IsZero() {
		return NullByEncoder
	}
	w.Buf = append(t.AppendFormat(append(w.Buf, '"'), time.RFC3339Nano), '"')
	return Written
}

// Marshal appends what one of gqlgen's marshalers makes of a value.
func (w *Writer) Marshal(m graphql.Marshaler) Status {
	if m == graphql.Null {
		return NullByEncoder
	}
	m.MarshalGQL(w)
	return Written
}
