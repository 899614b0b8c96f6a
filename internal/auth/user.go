package auth

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

var usersByID = &store.Keyed[ident.UserID, models.User]{
	Name: "read users", Query: func(q *bun.SelectQuery, _ store.Scope, _ actor.Permission) *bun.SelectQuery {
		return q.Where("u.id = ANY ($1)")
	},
}

// UsersByID reads users for edges, in one query; an unknown id has no entry.
// It filters nothing: who may see the object with the edge may see its user.
func (s *Service) UsersByID(ctx context.Context, ids []ident.UserID) (map[ident.UserID]*models.User, error) {
	rows, err := usersByID.Read(ctx, s.db, nil, "", ids)
	if err != nil {
		return nil, err
	}
	users := make(map[ident.UserID]*models.User, len(ids))
	for _, u := range rows {
		users[u.ID] = u
	}
	return users, nil
}
