package trail

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/audit/seal"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/feed"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// A StreamItem is an *Entry or a *feed.Gap.
type StreamItem interface{ IsAuditStreamItem() }

// An Entry is one in the stream of the audit.
type Entry struct {
	Position models.Position
	Event    *models.AuditEntry
}

// IsAuditStreamItem marks what the stream of the audit consists of.
func (*Entry) IsAuditStreamItem() {}

// Watch sends the entries that the caller may see, after the given position, each once
// and in the order of their commits, until ctx ends. Without a position, or with one
// of before a restore, it begins now, and says so with a gap. Error: fault.Invalid for
// a position of another stream.
func (s *Service) Watch(ctx context.Context, after *models.Position) (<-chan StreamItem, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	if after != nil && (after.Bad || after.Place == nil || !after.OfAudit()) {
		return nil, fault.Invalid.New("after", "This position does not belong to this stream.")
	}
	now, err := s.tail.Horizon(ctx)
	if err != nil {
		return nil, err
	}
	from, gap := feed.Begin(after, now)
	return s.tail.Follow(ctx, reach{who}, from, gap, now), nil
}

func newTail(s *Service, c Config) *feed.Tail[*fed, StreamItem] {
	return feed.NewTail(feed.Source[*fed, StreamItem]{
		Name: "audit entries", Topic: seal.Topic, Bus: c.Bus, Look: cmp.Or(c.Look, time.Second), Log: c.Log,
		Horizon: func(ctx context.Context) (feed.Horizon, error) { return feed.ReadHorizon(ctx, s.db, "audit_entries") },
		Window:  s.window, Read: s.read,
		Item: func(e *fed) StreamItem { return &Entry{positionOf(e.FeedPlace(), e.epoch), &e.AuditEntry} },
		Gap:  func(at feed.Place, epoch uint64) StreamItem { return &feed.Gap{Position: positionOf(at, epoch)} },
	})
}

func positionOf(p feed.Place, epoch uint64) models.Position {
	return models.Position{Job: models.AuditStream, Seq: p.Seq, Place: &models.FeedPlace{Epoch: epoch, Tx: p.Tx}}
}

// A fed entry is one in the stream.
type fed struct {
	models.AuditEntry `bun:",extend"`

	Tx        int64
	Ancestors []string `bun:",array"` // of the customer, and itself
	epoch     uint64
}

// FeedPlace implements feed.Row.
func (e *fed) FeedPlace() feed.Place {
	return feed.Place{Tx: uint64(e.Tx), Seq: e.Number} // #nosec G115 -- never negative
}

// fromHere are the entries that this server's transactions have written: those of
// another's, which a dump has brought, have numbers that this one's come to some day.
const fromHere = "a.id > coalesce((SELECT s.floor FROM audit_seals AS s ORDER BY s.seq DESC LIMIT 1), 0)"

func (s *Service) rows() feed.Numbered {
	return feed.Numbered{DB: s.db, Tx: "a.xid", Number: "a.id"}
}

func (s *Service) between(model any, after, upTo feed.Place) *bun.SelectQuery {
	return s.rows().Between(model, after, upTo).Where(fromHere)
}

func (s *Service) window(ctx context.Context, after, upTo feed.Place) (feed.Place, error) {
	return s.rows().Window(ctx, s.between((*models.AuditEntry)(nil), after, upTo), upTo)
}

func (s *Service) read(ctx context.Context, after, upTo feed.Place, epoch uint64, narrow func(*bun.SelectQuery) *bun.SelectQuery) ([]*fed, error) {
	var rows []*fed
	q := s.between(&rows, after, upTo).
		ColumnExpr("a.id, a.event_id, a.at, a.user_id, a.impersonator_id, a.session_id, a.api_token_id, a.action, a.object_kind, a.object_id").
		ColumnExpr("a.customer_id, a.request_id, a.ip, a.user_agent, a.before, a.detail, a.allowed, a.times, a.xid::text::bigint AS tx").
		ColumnExpr("ARRAY(SELECT t.ancestor_id::text FROM customer_tree AS t WHERE t.customer_id = a.customer_id) AS ancestors").Limit(feed.Batch)
	ctx, cancel := context.WithTimeout(ctx, feed.ReadTime)
	defer cancel()
	if err := q.Apply(narrow).Scan(ctx); err != nil {
		return nil, store.Wrap(err, "read the audit")
	}
	for _, e := range rows {
		e.epoch = epoch
	}
	return rows, nil
}

// A reach is which entries somebody is told.
type reach struct{ who *actor.Actor }

// Narrow implements feed.Reach.
func (r reach) Narrow(q *bun.SelectQuery) *bun.SelectQuery { return visible(q, r.who, actor.AuditRead) }

// Covers implements feed.Reach.
func (r reach) Covers(e *fed) bool {
	if pins := r.who.Pinned(); len(pins) > 0 && !slices.Contains(pins, e.ObjectID) {
		return false
	}
	roots, all := r.who.Customers(actor.AuditRead)
	if all {
		return true
	}
	return slices.ContainsFunc(roots, func(root ident.CustomerID) bool { return slices.Contains(e.Ancestors, root.UUID.String()) })
}
