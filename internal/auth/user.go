package auth

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// UsersByID reads users for edges, in one query; an unknown id has no entry.
// It filters nothing: who may see the object with the edge may see its user.
func (s *Service) UsersByID(ctx context.Context, ids []ident.UserID) (map[ident.UserID]*models.User, error) {
	users := make(map[ident.UserID]*models.User, len(ids))
	if len(ids) == 0 {
		return users, nil
	}
	var rows []*models.User
	if err := s.db.NewSelect().Model(&rows).Where("u.id IN (?)", bun.List(ids)).Scan(ctx); err != nil {
		return nil, store.Wrap(err, "read %d users", len(ids))
	}
	for _, u := range rows {
		users[u.ID] = u
	}
	return users, nil
}
