package auth

import (
	"context"
	"slices"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// FindUsers returns those of the users that the caller may see, in one query:
// itself, with the provider's USERS_READ everybody, and with a customer's
// USERS_READ those who have a role in that customer or below it.
func (s *Service) FindUsers(ctx context.Context, ids []ident.UserID) (map[ident.UserID]*models.User, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	if who.HoldsWithProvider(actor.UsersRead) || len(ids) == 0 {
		return s.UsersByID(ctx, ids)
	}
	if roots, _ := who.Customers(actor.UsersRead); len(roots) == 0 { // who sees nobody else
		if !slices.Contains(ids, who.User) {
			return nil, nil //nolint:nilnil // none
		}
		return s.UsersByID(ctx, []ident.UserID{who.User})
	}
	rows, err := usersWithin.Read(ctx, s.db, who, actor.UsersRead, ids, who.User)
	if err != nil {
		return nil, err
	}
	found := make(map[ident.UserID]*models.User, len(rows))
	for _, u := range rows {
		found[u.ID] = u
	}
	return found, nil
}

// usersWithin are the caller, who is $2, and those with a role within its customers.
var usersWithin = &store.Keyed[ident.UserID, models.User]{
	Name: "find users", Query: func(q *bun.SelectQuery, who store.Scope, p actor.Permission) *bun.SelectQuery {
		members := q.NewSelect().Model((*models.Membership)(nil)).Column("m.user_id").
			Apply(store.Visible(who, p, "m.customer_id")).Where("m.user_id = u.id")
		return q.Where("u.id = ANY ($1)").Where("(u.id = $2 OR EXISTS (?))", members)
	},
}
