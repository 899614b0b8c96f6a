package customer

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/page"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// sorted is how a list is ordered; by default the oldest customer is first.
func sorted(o *Order) store.Order[*models.Customer] {
	if o == nil {
		o = &Order{Field: OrderCreatedAt, Direction: page.Asc}
	}
	out := store.Order[*models.Customer]{ID: "c.id", Desc: o.Direction == page.Desc, Needs: needs}
	key := func(c *models.Customer) string { return c.CreatedAt.Format(time.RFC3339Nano) }
	switch o.Field {
	case OrderName:
		out.Key, out.Type, key = "c.name", "text", func(c *models.Customer) string { return c.Name }
	case OrderEmail:
		out.Key, out.Type, key = "c.email", "text", func(c *models.Customer) string { return c.Email }
	case OrderCreatedAt:
		out.Key, out.Type = "c.created_at", "timestamptz"
	}
	out.Name = "customers." + string(o.Field) + "." + string(o.Direction)
	out.Place = func(c *models.Customer) (string, string) { return key(c), c.ID.String() }
	return out
}

// needs are what the resolvers of a customer's fields look at.
var needs = map[string][]bun.Ident{"parent": {"c.parent_id"}, "memberships": {}, "children": {}, "quotas": {}, "databases": {}}

// reached are the conditions for quotas at a level or a higher one, by the partial indexes.
var reached = map[models.QuotaLevel]string{
	models.QuotaWarning:  "q.level <> 'NORMAL'",
	models.QuotaCritical: "q.level <> 'NORMAL' AND q.level <> 'WARNING'",
	models.QuotaExceeded: "q.level = 'EXCEEDED'",
}

// List returns a page of the customers that the caller may see.
func (s *Service) List(ctx context.Context, args page.Args, f *Filter, o *Order) (*Connection, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	list := store.NewList(s.db, who, (*models.Customer)(nil))
	list.Apply(visible(list, actor.CustomersRead))
	if f != nil {
		if err := fault.Join(store.CheckText("filter.search", f.Search), store.CheckText("filter.country", f.Country)); err != nil {
			return nil, err
		}
		if f.Search != nil && *f.Search != "" {
			p := store.Containing(*f.Search)
			list.Where("(c.name ILIKE ? OR c.email ILIKE ? OR c.company ILIKE ?)", p, p, p)
		}
		if f.State != nil {
			list.Where("c.state = ?", *f.State)
		}
		if f.Country != nil {
			list.Where("c.country = ?", *f.Country)
		}
		if f.QuotaLevel != nil && *f.QuotaLevel != models.QuotaNormal {
			list.Where("c.id IN (SELECT q.customer_id FROM customer_quotas AS q WHERE " + reached[*f.QuotaLevel] + ")")
		}
	}
	return store.Rows(ctx, list, args, sorted(o))
}

// Find returns a customer, nil when there is none that the caller may see.
func (s *Service) Find(ctx context.Context, id ident.CustomerID) (*models.Customer, error) {
	found, err := s.FindAll(ctx, []ident.CustomerID{id}, actor.CustomersRead)
	if err != nil {
		return nil, err
	}
	return found[id], nil
}

func filter(q *bun.SelectQuery, who store.Scope, p actor.Permission) *bun.SelectQuery {
	return q.Apply(visible(who, p))
}

var byID = &store.Keyed[ident.CustomerID, models.Customer]{
	Name: "find customers", Query: func(q *bun.SelectQuery, who store.Scope, p actor.Permission) *bun.SelectQuery {
		return filter(q, who, p).Where("c.id = ANY ($1)")
	},
}

// FindAll returns those of the customers for which the caller holds p, in one
// query: who may see a thing may see whose it is.
func (s *Service) FindAll(ctx context.Context, ids []ident.CustomerID, p actor.Permission) (map[ident.CustomerID]*models.Customer, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := byID.Read(ctx, s.db, who, p, ids)
	if err != nil {
		return nil, err
	}
	found := make(map[ident.CustomerID]*models.Customer, len(rows))
	for _, c := range rows {
		found[c.ID] = c
	}
	return found, nil
}

// Parents returns the reseller above each customer, nil at the top and where
// the caller may not see it.
func (s *Service) Parents(ctx context.Context, customers []*models.Customer) ([]*models.Customer, error) {
	var ids []ident.CustomerID
	for _, c := range customers {
		if !c.ParentID.IsZero() {
			ids = append(ids, c.ParentID)
		}
	}
	found, err := s.FindAll(ctx, ids, actor.CustomersRead)
	if err != nil {
		return nil, err
	}
	out := make([]*models.Customer, len(customers))
	for i, c := range customers {
		out[i] = found[c.ParentID]
	}
	return out, nil
}

// Children returns a page of the customers directly below each one.
func (s *Service) Children(ctx context.Context, customers []*models.Customer, args page.Args) ([]*Connection, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	ids := idsOf(customers)
	pages, err := children.Pages(ctx, s.db, who, actor.CustomersRead, ids, args)
	if err != nil {
		return nil, err
	}
	out := make([]*Connection, len(ids))
	for i, id := range ids {
		out[i] = pages[id]
	}
	return out, nil
}

var children = &store.Edge[ident.CustomerID, models.Customer]{
	Order: sorted(nil), Parent: "c.parent_id", Of: func(c *models.Customer) ident.CustomerID { return c.ParentID },
	Rows: filter,
}

//allow:tenant of customers that were found with the filter
var quotasOf = &store.Keyed[ident.CustomerID, models.Quota]{
	Name: "read quotas", Query: func(q *bun.SelectQuery, _ store.Scope, _ actor.Permission) *bun.SelectQuery {
		return q.Where("q.customer_id = ANY ($1)").Order("q.name")
	},
}

// Quotas returns the counters of each customer, in the order of their names.
func (s *Service) Quotas(ctx context.Context, customers []*models.Customer) ([][]*models.Quota, error) {
	rows, err := quotasOf.Read(ctx, s.db, nil, "", idsOf(customers))
	if err != nil {
		return nil, err
	}
	of := map[ident.CustomerID][]*models.Quota{}
	for _, q := range rows {
		of[q.CustomerID] = append(of[q.CustomerID], q)
	}
	out := make([][]*models.Quota, len(customers))
	for i, c := range customers {
		out[i] = of[c.ID]
	}
	return out, nil
}

func idsOf(customers []*models.Customer) []ident.CustomerID {
	ids := make([]ident.CustomerID, len(customers))
	for i, c := range customers {
		ids[i] = c.ID
	}
	return ids
}
