package jobs

import (
	"encoding/base64"
	"encoding/binary"
	"io"
	"strconv"

	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
)

// A Position is a place in the stream of one job: after its Seq-th event. In
// the graph it is an opaque StreamPosition that names the job, so that one
// job's position is refused for another's stream.
type Position struct {
	Job ident.JobID
	Seq int64
	bad bool
}

// MarshalGQL writes the opaque form.
func (p Position) MarshalGQL(w io.Writer) { _, _ = io.WriteString(w, strconv.Quote(p.String())) }

func (p Position) String() string {
	b := append([]byte{}, p.Job.UUID[:]...)
	return base64.RawURLEncoding.EncodeToString(binary.AppendUvarint(b, uint64(p.Seq))) // #nosec G115 -- never negative
}

// UnmarshalGQL takes the opaque form; what is not one is refused by in, with
// the name of the argument.
func (p *Position) UnmarshalGQL(v any) error {
	s, ok := v.(string)
	if !ok {
		return fault.Invalid.New("", "A StreamPosition is a string.")
	}
	*p = Position{bad: true}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(b) < 17 {
		return nil //nolint:nilerr // refused by in, which knows the argument
	}
	seq, n := binary.Uvarint(b[16:])
	if n != len(b)-16 || seq > 1<<62 {
		return nil
	}
	copy(p.Job.UUID[:], b)
	p.Seq, p.bad = int64(seq), false
	return nil
}

// in gives the place in the job's stream, its beginning for nil. Error:
// fault.Invalid for what is not a position of this stream.
func (p *Position) in(job ident.JobID) (int64, error) {
	switch {
	case p == nil:
		return 0, nil
	case p.bad || p.Job != job:
		return 0, fault.Invalid.New("after", "This position does not belong to this stream.")
	}
	return p.Seq, nil
}
