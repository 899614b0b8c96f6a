// Package trail shows the audit to those who may see it: the provider's staff all of
// it, others what was done within their customers. It writes nothing.
package trail

import (
	"context"
	"log/slog"
	"strconv"
	"time"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/events"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/feed"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/page"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// Connection is a page of entries, and Edge a row of it.
type (
	Connection = page.Connection[*models.AuditEntry]
	Edge       = page.Edge[*models.AuditEntry]
)

// Filter is the graph's AuditFilter. Conditions hold together.
type Filter struct {
	ActorID    *ident.UserID
	CustomerID *ident.CustomerID
	Action     *string
	// ExceptActions are left out, at most maxExcept.
	ExceptActions []string
	ObjectID      *string // opaque; of any kind
	IP            *string // an address, or a network that several requests of one entry came from
	Allowed       *bool
	From, To      *time.Time // from, and before to
}

const maxExcept = 20

// Config is what a Service needs.
type Config struct {
	DB   *store.DB
	Bus  events.Bus
	Look time.Duration // how often the table is asked what is new, a second if 0
	Log  *slog.Logger
}

// A Service is safe for concurrent use. Run must be running for anything to be told.
type Service struct {
	db      *store.DB
	tail    *feed.Tail[*fed, StreamItem]
	exports chan struct{} // that are written right now
}

// NewService returns a Service.
func NewService(c Config) *Service {
	s := &Service{db: c.DB, exports: make(chan struct{}, exportsAtOnce)}
	s.tail = newTail(s, c)
	return s
}

// Run tells those who watch of what was committed, until ctx ends.
func (s *Service) Run(ctx context.Context) { s.tail.Run(ctx) }

var newest = store.Order[*models.AuditEntry]{
	Name: "audit events", Key: "a.id", Type: "bigint", ID: "a.event_id", Desc: true,
	Place: func(e *models.AuditEntry) (string, string) { return strconv.FormatInt(e.Number, 10), e.ID.String() },
	Needs: map[string][]bun.Ident{
		"actor": {"a.user_id"}, "impersonator": {"a.impersonator_id"}, "customer": {"a.customer_id"}, "object": {"a.object_kind", "a.object_id"},
		"objectId": {"a.object_kind", "a.object_id"}, "sessionId": {"a.session_id"}, "apiTokenId": {"a.api_token_id"}, "apiToken": {"a.api_token_id"},
		"ip": {"a.ip", "a.user_id", "a.impersonator_id"}, "userAgent": {"a.user_agent", "a.user_id", "a.impersonator_id"},
		"before": {"a.before"}, "after": {"a.detail"},
	},
}

func visible(q *bun.SelectQuery, who store.Scope, p actor.Permission) *bun.SelectQuery {
	return q.Apply(store.Visible(who, p, "a.customer_id"))
}

var byID = &store.Keyed[ident.AuditEventID, models.AuditEntry]{
	Name: "find audit events", Query: func(q *bun.SelectQuery, who store.Scope, p actor.Permission) *bun.SelectQuery {
		return visible(q, who, p).Where("a.event_id = ANY ($1)")
	},
}

// FindAll returns those of the entries that the caller may see, in one query.
func (s *Service) FindAll(ctx context.Context, ids []ident.AuditEventID) (map[ident.AuditEventID]*models.AuditEntry, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := byID.Read(ctx, s.db, who, actor.AuditRead, ids)
	if err != nil {
		return nil, err
	}
	found := make(map[ident.AuditEventID]*models.AuditEntry, len(rows))
	for _, e := range rows {
		found[e.ID] = e
	}
	return found, nil
}

// List returns a page of the entries that the caller may see, the newest first.
func (s *Service) List(ctx context.Context, args page.Args, f *Filter) (*Connection, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	list := store.NewList(s.db, who, (*models.AuditEntry)(nil))
	list.Apply(store.Visible(list, actor.AuditRead, "a.customer_id"))
	if f != nil {
		if err := f.check(); err != nil {
			return nil, err
		}
		//allow:sql narrow writes the conditions out
		f.narrow(who, func(condition string, values ...any) { list.Where(condition, values...) })
	}
	return store.Rows(ctx, list, args, newest)
}

func (f *Filter) check() error {
	errs := []*fault.Error{store.CheckText("filter.action", f.Action)}
	if len(f.ExceptActions) > maxExcept {
		errs = append(errs, fault.Invalid.New("filter.exceptActions", "At most %d actions can be left out.", maxExcept))
	} else {
		for _, action := range f.ExceptActions {
			errs = append(errs, store.CheckText("filter.exceptActions", &action))
		}
	}
	if f.IP != nil {
		if _, err := networkOf(*f.IP); err != nil {
			errs = append(errs, fault.Invalid.New("filter.ip", "Write an address such as 203.0.113.7, or a network such as 203.0.113.0/24 or 2001:db8::/64."))
		}
	}
	return fault.Join(errs...)
}

// narrow adds the conditions to a query of who. Customers cannot find out in this way
// which of the provider's staff did something.
func (f *Filter) narrow(who *actor.Actor, where func(condition string, values ...any)) {
	switch {
	case f.ActorID == nil:
	case who.IsStaff():
		where("(a.user_id = ? OR a.impersonator_id = ?)", f.ActorID.UUID, f.ActorID.UUID)
	default:
		where("a.user_id = ? AND NOT EXISTS (SELECT FROM users AS u WHERE u.id = a.user_id AND u.provider_role IS NOT NULL)", f.ActorID.UUID)
	}
	if f.CustomerID != nil {
		where("a.customer_id = ?", f.CustomerID.UUID)
	}
	if f.Action != nil {
		where("a.action = ?", *f.Action)
	}
	for _, action := range f.ExceptActions {
		where("a.action <> ?", action)
	}
	if f.ObjectID != nil {
		kind, id, _ := ident.Parse(*f.ObjectID)
		where("a.object_id = ? AND a.object_kind = ?", id, kind)
	}
	if f.IP != nil {
		ip, _ := networkOf(*f.IP) // checked
		if ip.IsSingleIP() {
			where("audit_network(a.ip) = ?::inet", ip.Addr().String()) // the newest first, by the index
		} else {
			where("audit_network(a.ip) <<= ?::inet", ip.String())
		}
		if !who.IsStaff() { // as Addresses
			where("a.impersonator_id IS NULL AND NOT EXISTS (SELECT FROM users AS u WHERE u.id = a.user_id AND u.provider_role IS NOT NULL)")
		}
	}
	if f.Allowed != nil {
		where("a.allowed = ?", *f.Allowed)
	}
	if f.From != nil {
		where("a.at >= ?", *f.From)
	}
	if f.To != nil {
		where("a.at < ?", *f.To)
	}
}

// ObjectID is the id of what an entry is about, as the graph has it; nil without one.
func ObjectID(e *models.AuditEntry) *string {
	if e.ObjectKind == "" {
		return nil
	}
	id := ident.Opaque(e.ObjectKind, e.ObjectID)
	return &id
}
