package jobs

import (
	"bytes"
	"context"
	"encoding/binary"
	"hash/fnv"
	"slices"
	"strconv"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// A place is where a reader of all jobs' events stands: after the event, or, without
// a job, before all events of the transaction.
type place struct {
	tx  uint64
	job uuid.UUID
	seq int64
}

func (p place) before(q place) bool {
	if p.tx != q.tx {
		return p.tx < q.tx
	}
	if c := bytes.Compare(p.job[:], q.job[:]); c != 0 {
		return c < 0
	}
	return p.seq < q.seq
}

// position is the place as clients have it.
func (p place) position(epoch uint64) models.Position {
	out := models.Position{Seq: p.seq, Place: &models.FeedPlace{Epoch: epoch, Tx: p.tx}}
	out.Job.UUID = p.job
	return out
}

// A horizon is what PostgreSQL says of its transactions.
type horizon struct {
	// Epoch says whose transactions are counted. It is another one for another server
	// or database, as after a restore, and after a change of timeline.
	Epoch uint64
	// Settled is the oldest transaction that may still write: events of those before
	// it are all there, and no further ones will come.
	Settled uint64
	// Next has not begun.
	Next uint64
	// Waits is whether there are events of transactions that are not Settled.
	Waits bool
}

const askHorizon = `
SELECT s.system_identifier::text AS system, c.timeline_id AS timeline, (SELECT oid FROM pg_database WHERE datname = current_database())::bigint AS database,
	pg_snapshot_xmin(now.snapshot)::text::bigint AS settled, pg_snapshot_xmax(now.snapshot)::text::bigint AS next,
	EXISTS (SELECT FROM job_events WHERE xid >= pg_snapshot_xmin(now.snapshot)) AS waits
FROM pg_control_system() s, pg_control_checkpoint() c, pg_current_snapshot() AS now (snapshot)`

func (f *Feed) readHorizon(ctx context.Context) (horizon, error) {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	var got struct {
		System   string
		Timeline int64
		Database int64
		Settled  int64
		Next     int64
		Waits    bool
	}
	if err := f.db.NewRaw(askHorizon).Scan(ctx, &got); err != nil {
		return horizon{}, store.Wrap(err, "read the horizon of job events")
	}
	sum := fnv.New64a()
	_, _ = sum.Write([]byte(got.System)) // which never fails
	_ = binary.Write(sum, binary.BigEndian, []int64{got.Timeline, got.Database})
	return horizon{sum.Sum64(), uint64(got.Settled), uint64(got.Next), got.Waits}, nil // #nosec G115 -- never negative
}

// takeOver puts before all others the events of transactions that this server has not
// begun yet. They come from a dump of another server, and would otherwise be told
// again as soon as it counts so far.
func (f *Feed) takeOver(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	_, err := f.db.NewUpdate().Model((*models.JobEvent)(nil)).Set("xid = '0'").Where("xid >= pg_snapshot_xmax(pg_current_snapshot())").Exec(ctx)
	return store.Wrap(err, "take over job events")
}

// A fed event is one in the feed of all jobs.
type fed struct {
	models.JobEvent `bun:",extend"`

	Tx         int64
	CustomerID ident.CustomerID
	Ancestors  []string  `bun:",array"` // of the customer, and itself
	PinnedTo   uuid.UUID // what the job is about: of a database's user, the database
}

func (e *fed) place() place { return place{uint64(e.Tx), e.JobID.UUID, e.Seq} } // #nosec G115 -- never negative

// windowSize is how many events are looked through at once for somebody's.
const windowSize = 5000

// window gives the place of the windowSize-th event after one place, or upTo if there
// are not so many before it.
func (f *Feed) window(ctx context.Context, after, upTo place) (place, error) {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	var rows []struct {
		Tx    int64
		JobID ident.JobID
		Seq   int64
	}
	//allow:tenant where a page of the feed ends; its rows are read with the filter
	err := f.db.NewSelect().Model((*models.JobEvent)(nil)).ColumnExpr("e.xid::text::bigint AS tx, e.job_id, e.seq").
		Where("(e.xid, e.job_id, e.seq) > ?", tuple(after)).Where("(e.xid, e.job_id, e.seq) <= ?", tuple(upTo)).
		OrderExpr("e.xid, e.job_id, e.seq").Offset(windowSize-1).Limit(1).Scan(ctx, &rows)
	if err != nil || len(rows) == 0 {
		return upTo, store.Wrap(err, "read a window of job events")
	}
	return place{uint64(rows[0].Tx), rows[0].JobID.UUID, rows[0].Seq}, nil // #nosec G115 -- never negative
}

func tuple(p place) schema.QueryWithArgs {
	return bun.SafeQuery("(?::xid8, ?::uuid, ?::bigint)", strconv.FormatUint(p.tx, 10), p.job, p.seq)
}

// readAll reads up to readBatch events after one place and up to another, in their order,
// with their places by the count of epoch.
func (f *Feed) readAll(ctx context.Context, after, upTo place, epoch uint64, narrow func(*bun.SelectQuery) *bun.SelectQuery) ([]*fed, error) {
	var rows []*fed
	q := f.db.NewSelect().Model(&rows).
		ColumnExpr("e.job_id, e.seq, e.at, e.kind, e.state, e.step, e.step_state, e.percent, e.message, e.error_code, e.error_message").
		ColumnExpr("e.xid::text::bigint AS tx, j.customer_id").
		ColumnExpr("ARRAY(SELECT t.ancestor_id::text FROM customer_tree AS t WHERE t.customer_id = j.customer_id) AS ancestors").
		ColumnExpr("COALESCE((SELECT du.database_id FROM database_users AS du WHERE du.id = j.resource_id), j.resource_id) AS pinned_to").
		Join("JOIN jobs AS j ON j.id = e.job_id").
		Where("(e.xid, e.job_id, e.seq) > ?", tuple(after)).Where("(e.xid, e.job_id, e.seq) <= ?", tuple(upTo)).
		OrderExpr("e.xid, e.job_id, e.seq").Limit(readBatch)
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	if err := q.Apply(narrow).Scan(ctx); err != nil {
		return nil, store.Wrap(err, "read events of all jobs")
	}
	for _, e := range rows {
		e.Place = &models.FeedPlace{Epoch: epoch, Tx: e.place().tx}
	}
	return rows, nil
}

// A reach is which jobs' events somebody is told.
type reach struct {
	who      *actor.Actor
	customer ident.CustomerID // only this one's; zero for all
}

func (r reach) narrow(q *bun.SelectQuery) *bun.SelectQuery {
	if !r.customer.IsZero() {
		q = q.Where("j.customer_id = ?", r.customer.UUID)
	}
	return visible(q, r.who, actor.JobsRead)
}

// covers is narrow for one event.
func (r reach) covers(e *fed) bool {
	if !r.customer.IsZero() && e.CustomerID != r.customer {
		return false
	}
	roots, all := r.who.Customers(actor.JobsRead)
	pins := r.who.Pinned()
	if len(pins) > 0 && !slices.Contains(pins, e.PinnedTo) {
		return false
	}
	if all {
		return true
	}
	return slices.ContainsFunc(roots, func(root ident.CustomerID) bool { return slices.Contains(e.Ancestors, root.UUID.String()) })
}

// nothingMore reads the events of all jobs.
func nothingMore(q *bun.SelectQuery) *bun.SelectQuery { return q }
