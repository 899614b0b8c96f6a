package database

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/page"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// visibleUsers keeps the users of the databases that the caller may see.
func visibleUsers(who store.Scope, p actor.Permission) func(*bun.SelectQuery) *bun.SelectQuery {
	return func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Join("JOIN databases AS d ON d.id = du.database_id").Apply(visible(who, p))
	}
}

// FindUser returns a user, nil when there is none that the caller may see.
func (s *Service) FindUser(ctx context.Context, id ident.DatabaseUserID) (*models.DatabaseUser, error) {
	found, err := s.FindUsers(ctx, []ident.DatabaseUserID{id})
	if err != nil {
		return nil, err
	}
	return found[id], nil
}

var usersByID = &store.Keyed[ident.DatabaseUserID, models.DatabaseUser]{
	Name: "find database users", Query: func(q *bun.SelectQuery, who store.Scope, p actor.Permission) *bun.SelectQuery {
		return q.Apply(visibleUsers(who, p)).Where("du.id = ANY ($1)")
	},
}

// FindUsers returns those of the users that the caller may see, in one query.
func (s *Service) FindUsers(ctx context.Context, ids []ident.DatabaseUserID) (map[ident.DatabaseUserID]*models.DatabaseUser, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := usersByID.Read(ctx, s.db, who, actor.DatabasesRead, ids)
	if err != nil {
		return nil, err
	}
	found := make(map[ident.DatabaseUserID]*models.DatabaseUser, len(rows))
	for _, u := range rows {
		found[u.ID] = u
	}
	return found, nil
}

var usersOf = &store.Edge[ident.DatabaseID, models.DatabaseUser]{
	Order: store.Order[*models.DatabaseUser]{
		Name: "databaseUsers", Key: "du.created_at", Type: "timestamptz", ID: "du.id",
		Place: func(u *models.DatabaseUser) (string, string) {
			return u.CreatedAt.Format(time.RFC3339Nano), u.ID.String()
		},
	},
	Parent: "du.database_id", Of: func(u *models.DatabaseUser) ident.DatabaseID { return u.DatabaseID },
	Rows: func(q *bun.SelectQuery, who store.Scope, p actor.Permission) *bun.SelectQuery {
		return q.Apply(visibleUsers(who, p))
	},
}

// UsersOf returns a page of users for each database, the oldest first, in one
// query; nil where the caller may see none.
func (s *Service) UsersOf(ctx context.Context, databases []*models.Database, args page.Args) ([]*UserConnection, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	ids, customers := make([]ident.DatabaseID, len(databases)), make([]ident.CustomerID, len(databases))
	for i, d := range databases {
		ids[i], customers[i] = d.ID, d.CustomerID
	}
	return usersOf.PagesWithin(ctx, s.db, who, actor.DatabasesRead, ids, customers, args)
}
