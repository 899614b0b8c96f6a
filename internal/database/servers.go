package database

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/page"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

func adminPlace(id ident.DatabaseServerID) string {
	return "database_servers.admin_password/" + id.String()
}

func (s *Service) dial(row *models.DatabaseServer) (Server, error) {
	password, err := s.box.Open(row.AdminPasswordSealed, adminPlace(row.ID))
	if err != nil {
		return nil, fmt.Errorf("open admin password of server %s: %w", row.ID, err)
	}
	return s.dialer.Server(Address{Host: row.Host, Port: row.Port, User: row.AdminUser, Password: password, SSLMode: row.SSLMode}), nil
}

// RegisterEmbedded enters the tenants' cluster that the panel itself starts, or
// where it is this time, and tells whether it answers.
func (s *Service) RegisterEmbedded(ctx context.Context, a Address) error {
	row := new(models.DatabaseServer)
	err := store.InTx(ctx, s.db, func(ctx context.Context, tx store.Tx) error {
		var rows []*models.DatabaseServer
		if err := tx.NewSelect().Model(&rows).Where("s.embedded").For("UPDATE").Scan(ctx); err != nil {
			return store.Wrap(err, "look for the embedded server")
		}
		if len(rows) == 0 {
			row = &models.DatabaseServer{ID: ident.NewDatabaseServerID(), Name: "local", Embedded: true, DeleteGraceSeconds: 7 * 24 * 3600}
		} else {
			row = rows[0]
		}
		row.Host, row.Port, row.AdminUser, row.SSLMode = a.Host, a.Port, a.User, a.SSLMode
		row.AdminPasswordSealed = s.box.Seal(a.Password, adminPlace(row.ID))
		_, err := tx.NewInsert().Model(row).On("CONFLICT (id) DO UPDATE").
			Set("host = EXCLUDED.host, port = EXCLUDED.port, admin_user = EXCLUDED.admin_user, ssl_mode = EXCLUDED.ssl_mode").
			Set("admin_password_sealed = EXCLUDED.admin_password_sealed, updated_at = now()").Exec(ctx)
		return store.Wrap(err, "register the embedded server")
	})
	if err != nil {
		return err
	}
	return s.checkServer(ctx, row)
}

// CheckServers asks every server whether it answers and of which version it is.
func (s *Service) CheckServers(ctx context.Context) error {
	var rows []*models.DatabaseServer
	if err := s.db.NewSelect().Model(&rows).Scan(ctx); err != nil {
		return store.Wrap(err, "list database servers")
	}
	var errs []error
	for _, row := range rows {
		errs = append(errs, s.checkServer(ctx, row))
	}
	return errors.Join(errs...)
}

func (s *Service) checkServer(ctx context.Context, row *models.DatabaseServer) error {
	server, err := s.dial(row)
	if err != nil {
		return err
	}
	asking, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	q := s.db.NewUpdate().Model(row).WherePK().Set("checked_at = now()")
	if version, err := server.Version(asking); err != nil {
		q = q.Set("reachable = false") // away; its jobs say why they wait
	} else {
		q = q.Set("reachable = true, version = ?", version)
	}
	_, err = q.Exec(ctx)
	return store.Wrap(err, "note the state of server %s", row.ID)
}

// Servers returns a page of the servers, the oldest first. Only staff get here.
func (s *Service) Servers(ctx context.Context, args page.Args) (*ServerConnection, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	q := s.db.NewSelect().Model((*models.DatabaseServer)(nil)).Apply(visibleServers)
	if !who.HoldsWithProvider(actor.ServersRead) {
		q = q.Where("FALSE")
	}
	return store.Rows(ctx, q, args, store.Order[*models.DatabaseServer]{
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

func (s *Service) serversByID(ctx context.Context, ids []ident.DatabaseServerID) (map[ident.DatabaseServerID]*models.DatabaseServer, error) {
	var rows []*models.DatabaseServer
	if len(ids) > 0 {
		if err := s.db.NewSelect().Model(&rows).Apply(visibleServers).Where("s.id IN (?)", bun.List(ids)).Scan(ctx); err != nil {
			return nil, store.Wrap(err, "find database servers")
		}
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
	var counts []struct {
		ServerID ident.DatabaseServerID
		N        int
	}
	err := s.db.NewSelect().Model((*models.Database)(nil)).Column("server_id").ColumnExpr("count(*) AS n").
		Where("server_id IN (?)", bun.List(ids)).Group("server_id").Scan(ctx, &counts)
	if err != nil {
		return nil, store.Wrap(err, "count databases of servers")
	}
	of := map[ident.DatabaseServerID]int{}
	for _, c := range counts {
		of[c.ServerID] = c.N
	}
	out := make([]int, len(servers))
	for i, id := range ids {
		out[i] = of[id]
	}
	return out, nil
}
