// Package seal makes a change of the audit show. A sealer links entries by hashes to
// all before them, in the order of their commits and within a second; checkpoints,
// signed and kept outside of the database, say how far the chain was and what it
// was; and Verify reads all of it again.
//
// It does not keep anybody from changing the tables: that is for PostgreSQL's roles.
package seal

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/mpanel/mpanel/internal/ident"
)

// version is of how an entry is written as bytes. Another list of columns gets
// another version, and the old one stays for what it has sealed.
const version = 1

// columnsV1 are what an entry consists of, each as a text that depends on no setting.
const columnsV1 = `a.id::text, a.xid::text, (extract(epoch FROM a.at) * 1000000)::bigint::text, a.event_id::text, a.user_id::text,
	a.impersonator_id::text, a.session_id::text, a.api_token_id::text, a.action, a.object_kind, a.object_id::text, a.customer_id::text,
	a.request_id, a.ip, a.user_agent, a.before::text, a.detail::text, a.allowed::text, a.times::text`

// A link is the hash of an entry and of all before it.
type link [sha256.Size]byte

// An entry is one as the chain has it.
type entry struct {
	id    int64
	event string // its id as clients know it, as a UUID
	bytes []byte
}

// name is the entry's id in the graph.
func (e entry) name() string { return nameOf(e.event) }

func nameOf(event string) string {
	id, err := uuid.Parse(event)
	if err != nil {
		return event
	}
	return ident.AuditEventIDOf(id).Opaque()
}

// after is the entry's link, when the one before it is prev.
func (e entry) after(prev link) link {
	h := sha256.New()
	_, _ = h.Write(prev[:]) // which never fails, as below
	_, _ = h.Write(e.bytes)
	return link(h.Sum(nil))
}

// readEntries reads the entries that a query selects with columnsV1 behind their id.
func readEntries(ctx context.Context, tx pgx.Tx, query string, args ...any) ([]entry, error) {
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []entry
	for rows.Next() {
		raw := rows.RawValues()
		e := entry{event: string(raw[3])}
		if _, err := fmt.Sscan(string(raw[0]), &e.id); err != nil {
			return nil, fmt.Errorf("read the id of an entry: %w", err)
		}
		for _, value := range raw {
			e.bytes = appendValue(e.bytes, value)
		}
		out = append(out, e)
	}
	return out, rows.Err()
}

// appendValue writes a value so that no two lists of values are the same bytes.
func appendValue(b, value []byte) []byte {
	if value == nil {
		return append(b, 0)
	}
	b = binary.BigEndian.AppendUint32(append(b, 1), uint32(len(value))) // #nosec G115 -- PostgreSQL's values end at 1 GiB
	return append(b, value...)
}

// A head is a seal without its entries: what the next one is linked to.
type head struct {
	Seq     int64
	AtMicro int64
	Version int64
	Epoch   int64
	Floor   int64
	Tx      int64
	LastID  int64
	Count   int64 // of entries in it
	Entries int64 // with all before
	Hash    link
}

// sum is the hash of a seal that follows prev and whose last link is given.
func (h head) sum(prev, last link) link {
	b := append([]byte("mpanel audit seal\x00"), prev[:]...)
	for _, n := range []int64{h.Seq, h.AtMicro, h.Version, h.Epoch, h.Floor, h.Tx, h.LastID, h.Count, h.Entries} {
		b = binary.BigEndian.AppendUint64(b, uint64(n)) // #nosec G115 -- the same bytes
	}
	return sha256.Sum256(append(b, last[:]...))
}
