package auth

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/page"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// MembershipsOfUsers reads each user's memberships, oldest first, in one query:
// all of the caller's own, of others those with customers where the caller
// holds USERS_READ.
func (s *Service) MembershipsOfUsers(ctx context.Context, users []*models.User) ([][]*models.Membership, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	out := make([][]*models.Membership, len(users))
	if len(users) == 0 {
		return out, nil
	}
	ids := make([]ident.UserID, len(users))
	for i, u := range users {
		ids[i] = u.ID
	}
	var rows []*models.Membership
	if roots, all := who.Customers(actor.UsersRead); all || len(roots) > 0 {
		rows, err = membershipsWithin.Read(ctx, s.db, who, actor.UsersRead, ids, who.User)
	} else if slices.Contains(ids, who.User) { // who sees nobody else's
		rows, err = ownMemberships.Read(ctx, s.db, nil, "", []ident.UserID{who.User})
	}
	if err != nil {
		return nil, err
	}
	if rows, err = s.membershipsForTokens(ctx, who, rows); err != nil {
		return nil, err
	}
	of := make(map[ident.UserID][]*models.Membership, len(users))
	for _, m := range rows {
		of[m.UserID] = append(of[m.UserID], m)
	}
	for i, u := range users {
		out[i] = append([]*models.Membership{}, of[u.ID]...) // never nil
	}
	return out, nil
}

// membershipsForTokens leaves an API token those with customers that it may see: it may
// have less than the least of roles, so that its user's are not all for it to see.
func (s *Service) membershipsForTokens(ctx context.Context, who *actor.Actor, rows []*models.Membership) ([]*models.Membership, error) {
	if who.APIToken.IsZero() {
		return rows, nil
	}
	customers := make([]ident.CustomerID, len(rows))
	for i, m := range rows {
		customers[i] = m.CustomerID
	}
	visible := map[ident.CustomerID]bool{}
	for _, p := range []actor.Permission{actor.CustomersRead, actor.UsersRead} {
		may, err := store.MayAll(ctx, s.db, who, p, customers)
		if err != nil {
			return nil, err
		}
		maps.Copy(visible, may)
	}
	return slices.DeleteFunc(rows, func(m *models.Membership) bool { return !visible[m.CustomerID] }), nil
}

var (
	// membershipsWithin are all of the caller's own, who is $2, and others' within
	// its customers.
	membershipsWithin = &store.Keyed[ident.UserID, models.Membership]{
		Name: "read memberships of users", Query: func(q *bun.SelectQuery, who store.Scope, p actor.Permission) *bun.SelectQuery {
			return q.Where("m.user_id = ANY ($1)").WhereGroup(" AND ", func(q *bun.SelectQuery) *bun.SelectQuery {
				return q.Where("m.user_id = $2").WhereGroup(" OR ", func(q *bun.SelectQuery) *bun.SelectQuery {
					// Visible adds nothing for staff, and a group of nothing would vanish.
					return q.Where("TRUE").Apply(store.Visible(who, p, "m.customer_id"))
				})
			}).OrderExpr("m.created_at, m.customer_id")
		},
	}
	//allow:tenant of the caller itself
	ownMemberships = &store.Keyed[ident.UserID, models.Membership]{
		Name: "read one's own memberships", Query: func(q *bun.SelectQuery, _ store.Scope, _ actor.Permission) *bun.SelectQuery {
			return q.Where("m.user_id = ANY ($1)").OrderExpr("m.created_at, m.customer_id")
		},
	}
)

// MembershipsOfCustomers reads a page of each customer's members, oldest first;
// nil for a customer where the caller does not hold USERS_READ. Error:
// fault.Invalid for arguments at fault.
func (s *Service) MembershipsOfCustomers(ctx context.Context, customers []*models.Customer, args page.Args) ([]*page.Connection[*models.Membership], error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	ids := make([]ident.CustomerID, len(customers))
	for i, c := range customers {
		ids[i] = c.ID
	}
	return membersOfCustomer.PagesWithin(ctx, s.db, who, actor.UsersRead, ids, ids, args)
}

// membersOfCustomer is the order of the index memberships_of_customer.
var membersOfCustomer = &store.Edge[ident.CustomerID, models.Membership]{
	Order: store.Order[*models.Membership]{
		Name: "memberships", Key: "m.created_at", Type: "timestamptz", ID: "m.user_id",
		Place: func(m *models.Membership) (key, id string) {
			return m.CreatedAt.UTC().Format(time.RFC3339Nano), m.UserID.String()
		},
		Needs: map[string][]bun.Ident{"user": {"m.user_id"}, "customer": {"m.customer_id"}},
	},
	Parent: "m.customer_id",
	Of:     func(m *models.Membership) ident.CustomerID { return m.CustomerID },
	Rows: func(q *bun.SelectQuery, who store.Scope, p actor.Permission) *bun.SelectQuery {
		return q.Apply(store.Visible(who, p, "m.customer_id"))
	},
}
