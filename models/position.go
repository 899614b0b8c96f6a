package models

import (
	"encoding/base64"
	"encoding/binary"
	"io"
	"strconv"

	"github.com/google/uuid"

	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
)

// A Position is a place in a stream of job events or in that of the audit, which the graph shows as an opaque
// StreamPosition. It says which stream it belongs to, so that it is refused for another.
type Position struct {
	Job ident.JobID // the job whose stream it is, or of the event in the feed of all jobs; AuditStream and NotificationStream in those
	Seq int64       // after the job's event of this number
	// Place is where the event stands among those of all jobs; nil in one job's stream.
	Place *FeedPlace
	// Bad is set for what was no position at all; whoever knows the argument refuses it.
	Bad bool
}

// AuditStream stands in the place of a job in positions of the audit's stream. No job
// has this id, which is of version 8.
var AuditStream = ident.JobIDOf(uuid.UUID{'m', 'p', 'a', 'n', 'e', 'l', 0x80, 0, 0x80, 0, 0, 'a', 'u', 'd', 'i', 't'})

// NotificationStream stands there in positions of the streams of notifications.
var NotificationStream = ident.JobIDOf(uuid.UUID{'m', 'p', 'a', 'n', 'e', 'l', 0x80, 0, 0x80, 0, 0, 'i', 'n', 'b', 'o', 'x'})

// OfAudit tells whether the position is one in the stream of the audit.
func (p Position) OfAudit() bool { return p.Job == AuditStream }

// OfNotifications tells whether the position is one in a stream of notifications.
func (p Position) OfNotifications() bool { return p.Job == NotificationStream }

// A FeedPlace orders the rows of a feed by the transactions that wrote them.
type FeedPlace struct {
	Epoch uint64 // says whose transactions are counted; another server counts others
	Tx    uint64
}

// MarshalGQL writes the opaque form.
func (p Position) MarshalGQL(w io.Writer) { _, _ = io.WriteString(w, strconv.Quote(p.String())) }

func (p Position) String() string {
	b := binary.AppendUvarint(append(make([]byte, 0, 48), p.Job.UUID[:]...), uint64(p.Seq)) // #nosec G115 -- never negative
	if p.Place != nil {
		b = binary.AppendUvarint(binary.BigEndian.AppendUint64(b, p.Place.Epoch), p.Place.Tx)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// UnmarshalGQL takes the opaque form. Error: fault.Invalid for what is not a string;
// a string that is not a position is Bad.
func (p *Position) UnmarshalGQL(v any) error {
	s, ok := v.(string)
	if !ok {
		return fault.Invalid.New("", "A StreamPosition is a string.")
	}
	*p = Position{Bad: true}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(b) < 17 {
		return nil //nolint:nilerr // refused by who knows the argument
	}
	job, b := b[:16], b[16:]
	seq, n := binary.Uvarint(b)
	if n <= 0 || seq > 1<<62 {
		return nil
	}
	var place *FeedPlace
	if b = b[n:]; len(b) > 0 {
		if len(b) < 9 {
			return nil
		}
		place = &FeedPlace{Epoch: binary.BigEndian.Uint64(b)}
		if place.Tx, n = binary.Uvarint(b[8:]); n != len(b)-8 || place.Tx > 1<<62 {
			return nil
		}
	}
	*p = Position{Seq: int64(seq), Place: place}
	copy(p.Job.UUID[:], job)
	return nil
}
