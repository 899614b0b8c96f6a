package database

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

// ServerFilter is the graph's DatabaseServerFilter.
type ServerFilter struct{ NeedsAttention *bool }

// Servers returns a page of the servers, the oldest first. Only staff get here.
func (s *Service) Servers(ctx context.Context, args page.Args, f *ServerFilter) (*ServerConnection, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	list := store.NewList(s.db, who, (*models.DatabaseServer)(nil)).Apply(visibleServers)
	if !who.HoldsWithProvider(actor.ServersRead) {
		list.Where("FALSE")
	}
	if f != nil && f.NeedsAttention != nil {
		list.Where("(s.maintenance IS NULL AND (s.checked_at IS NOT NULL AND NOT s.reachable OR s.blocked OR s.drift_brake = 'ON')) = ?", *f.NeedsAttention)
	}
	return store.Rows(ctx, list, args, store.Order[*models.DatabaseServer]{
		Name: "databaseServers", Key: "s.created_at", Type: "timestamptz", ID: "s.id",
		Place: func(r *models.DatabaseServer) (string, string) {
			return r.CreatedAt.Format(time.RFC3339Nano), r.ID.String()
		},
	})
}

// FindServers returns those of the servers that the caller may see, in one query.
func (s *Service) FindServers(ctx context.Context, ids []ident.DatabaseServerID) (map[ident.DatabaseServerID]*models.DatabaseServer, error) {
	who, err := actor.From(ctx)
	if err != nil || !who.HoldsWithProvider(actor.ServersRead) {
		return nil, err
	}
	return s.serversByID(ctx, ids)
}

// lockServer reads a server that the caller may change, with a row lock; with
// its password, so that it is not for the graph before that is removed.
func lockServer(ctx context.Context, tx store.Tx, who *actor.Actor, id ident.DatabaseServerID) (*models.DatabaseServer, error) {
	row := new(models.DatabaseServer)
	find := func() *bun.SelectQuery { return tx.NewSelect().Model(row).Where("s.id = ?", id.UUID) }
	if !who.HoldsWithProvider(actor.ServersWrite) {
		return nil, store.Denied(ctx, find().Where("?", who.HoldsWithProvider(actor.ServersRead)), "id")
	}
	if err := find().For("UPDATE").Scan(ctx); fault.CodeOf(store.Wrap(err, "lock")) == fault.NotFound {
		return nil, store.NotFound("id")
	} else if err != nil {
		return nil, store.Wrap(err, "lock database server %s", id)
	}
	return row, nil
}

var serversByID = &store.Keyed[ident.DatabaseServerID, models.DatabaseServer]{
	Name: "find database servers", Query: func(q *bun.SelectQuery, _ store.Scope, _ actor.Permission) *bun.SelectQuery {
		return q.Apply(visibleServers).Where("s.id = ANY ($1)")
	},
}

func (s *Service) serversByID(ctx context.Context, ids []ident.DatabaseServerID) (map[ident.DatabaseServerID]*models.DatabaseServer, error) {
	rows, err := serversByID.Read(ctx, s.db, nil, "", ids)
	if err != nil {
		return nil, err
	}
	found := make(map[ident.DatabaseServerID]*models.DatabaseServer, len(rows))
	for _, r := range rows {
		found[r.ID] = r
	}
	return found, nil
}

// DatabaseCounts tells how many databases each server has, in one query.
func (s *Service) DatabaseCounts(ctx context.Context, servers []*models.DatabaseServer) ([]int, error) {
	ids := make([]ident.DatabaseServerID, len(servers))
	for i, r := range servers {
		ids[i] = r.ID
	}
	counts, err := databaseCounts.Read(ctx, s.db, ids)
	if err != nil {
		return nil, err
	}
	out := make([]int, len(servers))
	for i, id := range ids {
		out[i] = counts[id]
	}
	return out, nil
}

var databaseCounts = &store.Tally[ident.DatabaseServerID]{
	Name: "count databases of servers", Of: ident.DatabaseServerIDOf,
	Text: "SELECT server_id, count(*) FROM databases WHERE server_id = ANY ($1) GROUP BY server_id",
}
