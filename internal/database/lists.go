package database

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/page"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

func visible(who store.Scope, p actor.Permission) func(*bun.SelectQuery) *bun.SelectQuery {
	return store.Visible(who, p, "d.customer_id")
}

// sorted is how a list is ordered; by default the newest database is first.
func sorted(o *Order) store.Order[*models.Database] {
	if o == nil {
		o = &Order{Field: OrderCreatedAt, Direction: page.Desc}
	}
	out := store.Order[*models.Database]{
		Name: "databases." + string(o.Field) + "." + string(o.Direction), ID: "d.id", Desc: o.Direction == page.Desc, Needs: needs,
		Key: "d.created_at", Type: "timestamptz",
		Place: func(d *models.Database) (string, string) { return d.CreatedAt.Format(time.RFC3339Nano), d.ID.String() },
	}
	switch o.Field {
	case OrderName:
		out.Key, out.Type = "d.name", "text"
		out.Place = func(d *models.Database) (string, string) { return d.Name, d.ID.String() }
	case OrderSize:
		out.Key, out.Type = "d.size_rank", "bigint"
		out.Place = func(d *models.Database) (string, string) {
			if d.SizeBytes == nil {
				return "-1", d.ID.String()
			}
			return strconv.FormatInt(*d.SizeBytes, 10), d.ID.String()
		}
	case OrderCreatedAt:
	}
	return out
}

// needs are what the resolvers of a database's fields look at.
var needs = map[string][]bun.Ident{
	"customer": {"d.customer_id"}, "overQuota": {"d.customer_id"}, "jobs": {"d.customer_id"}, "users": {"d.customer_id"}, "dumps": {"d.customer_id"},
	"host": {"d.server_id"}, "port": {"d.server_id"}, "server": {"d.server_id"}, "connectionStrings": {"d.server_id", "d.ext_name", "d.username"},
}

// List returns a page of the databases that the caller may see.
func (s *Service) List(ctx context.Context, args page.Args, f *Filter, o *Order) (*Connection, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	if err := f.check(); err != nil {
		return nil, err
	}
	list := store.NewList(s.db, who, (*models.Database)(nil))
	list.Apply(visible(list, actor.DatabasesRead))
	//allow:sql each writes the conditions out, below
	f.each(who, func(condition string, values ...any) { list.Where(condition, values...) })
	return store.Rows(ctx, list, args, sorted(o))
}

func (f *Filter) check() error {
	if f == nil {
		return nil
	}
	return fault.Join(store.CheckText("filter.search", f.Search))
}

// rows keeps what the filter wants of d; all without one.
func (f *Filter) rows(who *actor.Actor) func(*bun.SelectQuery) *bun.SelectQuery {
	return func(q *bun.SelectQuery) *bun.SelectQuery {
		//allow:sql each writes the conditions out, a few lines above
		f.each(who, func(condition string, values ...any) { q = q.Where(condition, values...) })
		return q
	}
}

// each gives the filter's conditions.
func (f *Filter) each(who *actor.Actor, where func(condition string, values ...any)) {
	if f == nil {
		return
	}
	if f.CustomerID != nil {
		where("d.customer_id = ?", f.CustomerID.UUID)
	}
	if f.ServerID != nil {
		if !who.HoldsWithProvider(actor.ServersRead) { // to others no server exists
			where("FALSE")
		}
		where("d.server_id = ?", f.ServerID.UUID)
	}
	if f.State != nil {
		where("d.state = ?", *f.State)
	}
	if f.Search != nil && *f.Search != "" {
		where("d.ext_name LIKE ?", store.Containing(strings.ToLower(*f.Search)))
	}
}

// Find returns a database, nil when there is none that the caller may see.
func (s *Service) Find(ctx context.Context, id ident.DatabaseID) (*models.Database, error) {
	found, err := s.FindAll(ctx, []ident.DatabaseID{id})
	if err != nil {
		return nil, err
	}
	return found[id], nil
}

var byID = &store.Keyed[ident.DatabaseID, models.Database]{
	Name: "find databases", Query: func(q *bun.SelectQuery, who store.Scope, p actor.Permission) *bun.SelectQuery {
		return q.Apply(visible(who, p)).Where("d.id = ANY ($1)")
	},
}

// FindAll returns those of the databases that the caller may see, in one query.
func (s *Service) FindAll(ctx context.Context, ids []ident.DatabaseID) (map[ident.DatabaseID]*models.Database, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := byID.Read(ctx, s.db, who, actor.DatabasesRead, ids)
	if err != nil {
		return nil, err
	}
	found := make(map[ident.DatabaseID]*models.Database, len(rows))
	for _, d := range rows {
		found[d.ID] = d
	}
	return found, nil
}

var ofCustomer = &store.Edge[ident.CustomerID, models.Database]{
	Order: sorted(nil), Parent: "d.customer_id", Of: func(d *models.Database) ident.CustomerID { return d.CustomerID },
	Rows: func(q *bun.SelectQuery, who store.Scope, p actor.Permission) *bun.SelectQuery {
		return q.Apply(visible(who, p))
	},
}

// OfCustomers returns a page of databases for each customer, in one query; nil
// where the caller may see none.
func (s *Service) OfCustomers(ctx context.Context, customers []*models.Customer, args page.Args) ([]*Connection, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	ids := make([]ident.CustomerID, len(customers))
	for i, c := range customers {
		ids[i] = c.ID
	}
	return ofCustomer.PagesWithin(ctx, s.db, who, actor.DatabasesRead, ids, ids, args)
}

// ServersOf returns the server of each database; one query for a whole list.
// Its address belongs to the database's own fields; who may see more of it is
// the schema's to say.
func (s *Service) ServersOf(ctx context.Context, databases []*models.Database) ([]*models.DatabaseServer, error) {
	seen := map[ident.DatabaseServerID]bool{}
	var ids []ident.DatabaseServerID
	for _, d := range databases {
		if !seen[d.ServerID] {
			seen[d.ServerID] = true
			ids = append(ids, d.ServerID)
		}
	}
	found, err := s.serversByID(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make([]*models.DatabaseServer, len(databases))
	for i, d := range databases {
		out[i] = found[d.ServerID]
	}
	return out, nil
}

// Hosts returns the host of each database's server.
func (s *Service) Hosts(ctx context.Context, databases []*models.Database) ([]string, error) {
	return fromServers(ctx, s, databases, func(_ *models.Database, r *models.DatabaseServer) string { return r.Host })
}

// Ports returns the port of each database's server.
func (s *Service) Ports(ctx context.Context, databases []*models.Database) ([]int, error) {
	return fromServers(ctx, s, databases, func(_ *models.Database, r *models.DatabaseServer) int { return r.Port })
}

// ConnectionStrings returns how to reach each database, without a password.
func (s *Service) ConnectionStrings(ctx context.Context, databases []*models.Database) ([][]*ConnectionString, error) {
	return fromServers(ctx, s, databases, func(d *models.Database, r *models.DatabaseServer) []*ConnectionString {
		return connectionStrings(r.Host, r.Port, d.ExtName, d.Username, secret.Text{})
	})
}

func fromServers[T any](ctx context.Context, s *Service, databases []*models.Database, of func(*models.Database, *models.DatabaseServer) T) ([]T, error) {
	servers, err := s.ServersOf(ctx, databases)
	if err != nil {
		return nil, err
	}
	out := make([]T, len(databases))
	for i, d := range databases {
		if servers[i] != nil { // a discarded database's server may be gone
			out[i] = of(d, servers[i])
		}
	}
	return out, nil
}

// Resources are the ids and customers of databases, for edges that are other
// packages'.
func Resources(databases []*models.Database) (ids []uuid.UUID, customers []ident.CustomerID) {
	for _, d := range databases {
		ids, customers = append(ids, d.ID.UUID), append(customers, d.CustomerID)
	}
	return ids, customers
}
