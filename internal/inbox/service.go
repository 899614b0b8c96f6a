package inbox

import (
	"context"
	"log/slog"
	"strconv"
	"time"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/events"
	"github.com/mpanel/mpanel/internal/feed"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/page"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// Retention is how long a notification is kept, read or not.
const Retention = 90 * 24 * time.Hour

// Connection is a page of notifications, and Edge a row of it.
type (
	Connection = page.Connection[*models.Notification]
	Edge       = page.Edge[*models.Notification]
)

// Filter is the graph's NotificationFilter.
type Filter struct {
	Unread *bool // nil is all, false those that were read
}

// Holders are the roles that hold a permission.
type Holders func(p actor.Permission) (provider []models.ProviderRole, customer []models.CustomerRole)

// Config is what a Service needs.
type Config struct {
	DB      *store.DB
	Bus     events.Bus
	Holders Holders
	Look    time.Duration // how often the table is asked what is new, a second if 0
	Log     *slog.Logger
}

// A Service is safe for concurrent use. Run must be running for anything to be told
// to those who watch.
type Service struct {
	db      *store.DB
	bus     events.Bus
	holders Holders
	tail    *feed.Tail[*fed, StreamItem]
}

// NewService returns a Service.
func NewService(c Config) *Service {
	s := &Service{db: c.DB, bus: c.Bus, holders: c.Holders}
	s.tail = newTail(s, c)
	return s
}

// Run tells those who watch of what was committed, until ctx ends.
func (s *Service) Run(ctx context.Context) { s.tail.Run(ctx) }

// owner is whose notifications the caller reads: their own in person, and nobody's, the
// zero id, for an API token, for the staff who act as somebody, and as long as a second
// factor is missing.
func owner(ctx context.Context) (ident.UserID, error) {
	who, err := actor.From(ctx)
	if err != nil || !who.InPerson() || who.SecondFactorMissing {
		return ident.UserID{}, err
	}
	return who.User, nil
}

var newest = store.Order[*models.Notification]{
	Name: "notifications", Key: "n.number", Type: "bigint", ID: "n.id", Desc: true,
	Place: func(n *models.Notification) (string, string) { return strconv.FormatInt(n.Number, 10), n.ID.String() },
	Needs: map[string][]bun.Ident{"object": {"n.object_kind", "n.object_id"}},
}

// List returns a page of the caller's own, the newest first.
func (s *Service) List(ctx context.Context, args page.Args, f *Filter) (*Connection, error) {
	user, err := owner(ctx)
	if err != nil {
		return nil, err
	}
	//allow:tenant the caller's own, which are nobody else's, whatever customer they are about
	list := store.NewList(s.db, nil, (*models.Notification)(nil)).Where("n.user_id = ?", user)
	if f != nil && f.Unread != nil {
		list.Apply(func(q *bun.SelectQuery) *bun.SelectQuery {
			if *f.Unread {
				return q.Where("n.read_at IS NULL")
			}
			return q.Where("n.read_at IS NOT NULL")
		})
	}
	return store.Rows(ctx, list, args, newest)
}

// Unread counts those of the caller's own that were not read.
func (s *Service) Unread(ctx context.Context) (int, error) {
	user, err := owner(ctx)
	if err != nil {
		return 0, err
	}
	numbers, err := unreadOf.Read(ctx, s.db, []ident.UserID{user})
	return numbers[user], err
}

var unreadOf = &store.Tally[ident.UserID]{
	Name: "count unread notifications", Of: ident.UserIDOf,
	Text: "SELECT n.user_id, count(*) FROM notifications AS n WHERE n.user_id = ANY ($1) AND n.read_at IS NULL GROUP BY n.user_id",
}

func (s *Service) unread(ctx context.Context, db bun.IDB, user ident.UserID) (n int, err error) {
	//allow:tenant the user's own
	err = db.NewSelect().Model((*models.Notification)(nil)).ColumnExpr("count(*)").
		Where("n.user_id = ?", user).Where("n.read_at IS NULL").Scan(ctx, &n)
	return n, store.Wrap(err, "count unread notifications of user %s", user)
}

// own are those of some that are the user's, $2.
//
//allow:tenant the user's own
var own = &store.Keyed[ident.NotificationID, models.Notification]{
	Name: "find notifications", Query: func(q *bun.SelectQuery, _ store.Scope, _ actor.Permission) *bun.SelectQuery {
		return q.Where("n.id = ANY ($1)").Where("n.user_id = $2")
	},
}

// FindAll returns those of the notifications that are the caller's own, in one query.
func (s *Service) FindAll(ctx context.Context, ids []ident.NotificationID) (map[ident.NotificationID]*models.Notification, error) {
	user, err := owner(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := own.Read(ctx, s.db, nil, "", ids, user)
	if err != nil {
		return nil, err
	}
	found := make(map[ident.NotificationID]*models.Notification, len(rows))
	for _, n := range rows {
		found[n.ID] = n
	}
	return found, nil
}

// Purge removes what is older than Retention.
func (s *Service) Purge(ctx context.Context) error {
	//allow:tenant a chore, for everybody's
	_, err := s.db.NewDelete().Model((*models.Notification)(nil)).Where("n.at < now() - ? * interval '1 second'", Retention.Seconds()).Exec(ctx)
	return store.Wrap(err, "purge notifications")
}
