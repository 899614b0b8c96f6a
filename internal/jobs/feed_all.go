package jobs

import (
	"context"
	"slices"
	"strconv"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/feed"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// newTail tells the events of all jobs.
func newTail(f *Feed) *feed.Tail[*fed, StreamItem] {
	return feed.NewTail(feed.Source[*fed, StreamItem]{
		Name: "events of all jobs", Topic: engine.CommittedTopic, Bus: f.bus, Look: f.look, Log: f.log,
		Horizon: func(ctx context.Context) (feed.Horizon, error) { return f.horizon(ctx) },
		Window:  f.window, Read: f.readAll, Restored: f.takeOver,
		Item: func(e *fed) StreamItem { return &e.JobEvent },
		Gap:  func(at feed.Place, epoch uint64) StreamItem { return &Gap{Position: positionOf(at, epoch)} },
	})
}

// positionOf is the place as clients have it: after an event of the job.
func positionOf(p feed.Place, epoch uint64) models.Position {
	out := models.Position{Seq: p.Seq, Place: &models.FeedPlace{Epoch: epoch, Tx: p.Tx}}
	out.Job.UUID = p.Key
	return out
}

func (f *Feed) readHorizon(ctx context.Context) (feed.Horizon, error) {
	return feed.ReadHorizon(ctx, f.db, "job_events")
}

// takeOver puts before all others the events of transactions that this server has not
// begun yet. They come from a dump of another server, and would otherwise be told
// again as soon as it counts so far.
func (f *Feed) takeOver(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, feed.ReadTime)
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

// FeedPlace implements feed.Row.
func (e *fed) FeedPlace() feed.Place {
	return feed.Place{Tx: uint64(e.Tx), Key: e.JobID.UUID, Seq: e.Seq} // #nosec G115 -- never negative
}

func (f *Feed) window(ctx context.Context, after, upTo feed.Place) (feed.Place, error) {
	ctx, cancel := context.WithTimeout(ctx, feed.ReadTime)
	defer cancel()
	var rows []struct {
		Tx    int64
		JobID ident.JobID
		Seq   int64
	}
	err := f.db.NewSelect().Model((*models.JobEvent)(nil)).ColumnExpr("e.xid::text::bigint AS tx, e.job_id, e.seq").
		Where("(e.xid, e.job_id, e.seq) > ?", tuple(after)).Where("(e.xid, e.job_id, e.seq) <= ?", tuple(upTo)).
		OrderExpr("e.xid, e.job_id, e.seq").Offset(feed.Window-1).Limit(1).Scan(ctx, &rows)
	if err != nil || len(rows) == 0 {
		return upTo, store.Wrap(err, "read a window of job events")
	}
	return feed.Place{Tx: uint64(rows[0].Tx), Key: rows[0].JobID.UUID, Seq: rows[0].Seq}, nil // #nosec G115 -- never negative
}

func tuple(p feed.Place) schema.QueryWithArgs {
	return bun.SafeQuery("(?::xid8, ?::uuid, ?::bigint)", strconv.FormatUint(p.Tx, 10), p.Key, p.Seq)
}

func (f *Feed) readAll(ctx context.Context, after, upTo feed.Place, epoch uint64, narrow func(*bun.SelectQuery) *bun.SelectQuery) ([]*fed, error) {
	var rows []*fed
	q := f.db.NewSelect().Model(&rows).
		ColumnExpr("e.job_id, e.seq, e.at, e.kind, e.state, e.step, e.step_state, e.percent, e.message, e.error_code, e.error_message").
		ColumnExpr("e.xid::text::bigint AS tx, j.customer_id").
		ColumnExpr("ARRAY(SELECT t.ancestor_id::text FROM customer_tree AS t WHERE t.customer_id = j.customer_id) AS ancestors").
		ColumnExpr("COALESCE((SELECT du.database_id FROM database_users AS du WHERE du.id = j.resource_id), j.resource_id) AS pinned_to").
		Join("JOIN jobs AS j ON j.id = e.job_id").
		Where("(e.xid, e.job_id, e.seq) > ?", tuple(after)).Where("(e.xid, e.job_id, e.seq) <= ?", tuple(upTo)).
		OrderExpr("e.xid, e.job_id, e.seq").Limit(feed.Batch)
	ctx, cancel := context.WithTimeout(ctx, feed.ReadTime)
	defer cancel()
	if err := q.Apply(narrow).Scan(ctx); err != nil {
		return nil, store.Wrap(err, "read events of all jobs")
	}
	for _, e := range rows {
		e.Place = &models.FeedPlace{Epoch: epoch, Tx: e.FeedPlace().Tx}
	}
	return rows, nil
}

// A reach is which jobs' events somebody is told.
type reach struct {
	who      *actor.Actor
	customer ident.CustomerID // only this one's; zero for all
}

// Narrow implements feed.Reach.
func (r reach) Narrow(q *bun.SelectQuery) *bun.SelectQuery {
	if !r.customer.IsZero() {
		q = q.Where("j.customer_id = ?", r.customer.UUID)
	}
	return visible(q, r.who, actor.JobsRead)
}

// Covers implements feed.Reach.
func (r reach) Covers(e *fed) bool {
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
