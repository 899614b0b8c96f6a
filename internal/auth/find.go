package auth

import (
	"context"

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
	members := s.db.NewSelect().Model((*models.Membership)(nil)).Column("m.user_id").
		Apply(store.Visible(who, actor.UsersRead, "m.customer_id")).Where("m.user_id = u.id")
	var rows []*models.User
	err = s.db.NewSelect().Model(&rows).Where("u.id IN (?)", bun.List(ids)).
		Where("(u.id = ? OR EXISTS (?))", who.User, members).Scan(ctx)
	if err != nil {
		return nil, store.Wrap(err, "find users")
	}
	found := make(map[ident.UserID]*models.User, len(rows))
	for _, u := range rows {
		found[u.ID] = u
	}
	return found, nil
}
