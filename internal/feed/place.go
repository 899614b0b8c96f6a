// Package feed tells the rows of a table in the order in which they were committed,
// to any number of watchers: each row once, none passed by, first from the table and
// then live. The table only grows, and each of its rows has the id of the transaction
// that wrote it, since numbers that are given out before the commit would let a reader
// pass by what commits later.
//
// It does not know what the rows are, whose they are, and how clients write a place:
// that is of who feeds it.
package feed

import (
	"bytes"
	"context"
	"encoding/binary"
	"hash/fnv"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/store"
)

// ReadTime is how long one look at the tables may take. Over a connection that a
// broken network swallowed it would take for ever, and the stream with it.
const ReadTime = 5 * time.Second

// Batch is how many rows are read from the table at once.
const Batch = 500

// Window is how many rows are looked through at once for somebody's.
const Window = 5000

// A Place is where a reader stands: after the row of that key and number, or, without
// them, before all rows of the transaction.
type Place struct {
	Tx  uint64
	Key uuid.UUID // of what the row belongs to; zero where rows have numbers alone
	Seq int64
}

// Before tells whether p comes first.
func (p Place) Before(q Place) bool {
	if p.Tx != q.Tx {
		return p.Tx < q.Tx
	}
	if c := bytes.Compare(p.Key[:], q.Key[:]); c != 0 {
		return c < 0
	}
	return p.Seq < q.Seq
}

// A Horizon is what PostgreSQL says of its transactions.
type Horizon struct {
	// Epoch says whose transactions are counted. It is another one for another server
	// or database, as after a restore, and after a change of timeline.
	Epoch uint64
	// Settled is the oldest transaction that may still write: rows of those before
	// it are all there, and no further ones will come.
	Settled uint64
	// Next has not begun.
	Next uint64
	// Waits is whether there are rows of transactions that are not Settled.
	Waits bool
}

const askHorizon = `
SELECT s.system_identifier::text AS system, c.timeline_id AS timeline, (SELECT oid FROM pg_database WHERE datname = current_database())::bigint AS database,
	pg_snapshot_xmin(now.snapshot)::text::bigint AS settled, pg_snapshot_xmax(now.snapshot)::text::bigint AS next,
	EXISTS (SELECT FROM ? WHERE xid >= pg_snapshot_xmin(now.snapshot)) AS waits
FROM pg_control_system() s, pg_control_checkpoint() c, pg_current_snapshot() AS now (snapshot)`

// ReadHorizon asks for the horizon of a table, which has a column xid.
func ReadHorizon(ctx context.Context, db bun.IDB, table bun.Ident) (Horizon, error) {
	ctx, cancel := context.WithTimeout(ctx, ReadTime)
	defer cancel()
	var got struct {
		System   string
		Timeline int64
		Database int64
		Settled  int64
		Next     int64
		Waits    bool
	}
	if err := db.NewRaw(askHorizon, table).Scan(ctx, &got); err != nil {
		return Horizon{}, store.Wrap(err, "read the horizon of %s", string(table))
	}
	sum := fnv.New64a()
	_, _ = sum.Write([]byte(got.System)) // which never fails
	_ = binary.Write(sum, binary.BigEndian, []int64{got.Timeline, got.Database})
	return Horizon{sum.Sum64(), uint64(got.Settled), uint64(got.Next), got.Waits}, nil // #nosec G115 -- never negative
}
