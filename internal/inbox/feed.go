package inbox

import (
	"cmp"
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/feed"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// A StreamItem is an *Entry or a *feed.Gap.
type StreamItem interface{ IsNotificationStreamItem() }

// An Entry is a notification in its user's stream.
type Entry struct {
	Position     models.Position
	Notification *models.Notification
}

// IsNotificationStreamItem marks what a stream of notifications consists of.
func (*Entry) IsNotificationStreamItem() {}

// Watch sends the caller's own notifications after the given position, each once and in
// the order of their commits, until ctx ends; none to an API token and to staff who act
// as somebody. Without a position, or with one of before a restore, it begins now, and
// says so with a gap. Error: fault.Invalid for a position of another stream.
func (s *Service) Watch(ctx context.Context, after *models.Position) (<-chan StreamItem, error) {
	user, err := owner(ctx)
	if err != nil {
		return nil, err
	}
	if after != nil && (after.Bad || after.Place == nil || !after.OfNotifications()) {
		return nil, fault.Invalid.New("after", "This position does not belong to this stream.")
	}
	now, err := s.tail.Horizon(ctx)
	if err != nil {
		return nil, err
	}
	from, gap := feed.Begin(after, now)
	return s.tail.Follow(ctx, reach{user}, from, gap, now), nil
}

func newTail(s *Service, c Config) *feed.Tail[*fed, StreamItem] {
	return feed.NewTail(feed.Source[*fed, StreamItem]{
		Name: "notifications", Topic: Topic, Bus: c.Bus, Look: cmp.Or(c.Look, time.Second), Log: c.Log,
		Horizon: func(ctx context.Context) (feed.Horizon, error) { return feed.ReadHorizon(ctx, s.db, "notifications") },
		Window:  s.window, Read: s.read, Restored: s.takeOver,
		Item: func(n *fed) StreamItem { return &Entry{positionOf(n.FeedPlace(), n.epoch), &n.Notification} },
		Gap:  func(at feed.Place, epoch uint64) StreamItem { return &feed.Gap{Position: positionOf(at, epoch)} },
	})
}

func positionOf(p feed.Place, epoch uint64) models.Position {
	return models.Position{Job: models.NotificationStream, Seq: p.Seq, Place: &models.FeedPlace{Epoch: epoch, Tx: p.Tx}}
}

// takeOver puts before all others the notifications of transactions that this server
// has not begun yet. They come from a dump of another server, and would otherwise be
// told again as soon as it counts so far.
func (s *Service) takeOver(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, feed.ReadTime)
	defer cancel()
	_, err := s.db.NewUpdate().Model((*models.Notification)(nil)).Set("xid = '0'").Where("xid >= pg_snapshot_xmax(pg_current_snapshot())").Exec(ctx)
	return store.Wrap(err, "take over notifications")
}

// A fed notification is one in the stream.
type fed struct {
	models.Notification `bun:",extend"`

	Tx    int64
	epoch uint64
}

// FeedPlace implements feed.Row.
func (n *fed) FeedPlace() feed.Place {
	return feed.Place{Tx: uint64(n.Tx), Seq: n.Number} // #nosec G115 -- never negative
}

func (s *Service) rows() feed.Numbered {
	return feed.Numbered{DB: s.db, Tx: "n.xid", Number: "n.number"}
}

func (s *Service) between(model any, after, upTo feed.Place) *bun.SelectQuery {
	return s.rows().Between(model, after, upTo)
}

func (s *Service) window(ctx context.Context, after, upTo feed.Place) (feed.Place, error) {
	return s.rows().Window(ctx, s.between((*models.Notification)(nil), after, upTo), upTo)
}

func (s *Service) read(ctx context.Context, after, upTo feed.Place, epoch uint64, narrow func(*bun.SelectQuery) *bun.SelectQuery) ([]*fed, error) {
	var rows []*fed
	q := s.between(&rows, after, upTo).
		ColumnExpr("n.id, n.number, n.user_id, n.at, n.level, n.kind, n.message, n.object_kind, n.object_id, n.customer_id, n.read_at").
		ColumnExpr("n.xid::text::bigint AS tx").Limit(feed.Batch)
	ctx, cancel := context.WithTimeout(ctx, feed.ReadTime)
	defer cancel()
	if err := q.Apply(narrow).Scan(ctx); err != nil {
		return nil, store.Wrap(err, "read notifications")
	}
	for _, n := range rows {
		n.epoch = epoch
	}
	return rows, nil
}

// A reach is whose notifications somebody is told: the zero id has none.
type reach struct{ user ident.UserID }

// Narrow implements feed.Reach.
func (r reach) Narrow(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("n.user_id = ?", r.user) }

// Covers implements feed.Reach.
func (r reach) Covers(n *fed) bool { return !r.user.IsZero() && n.UserID == r.user }
