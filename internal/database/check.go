package database

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/audit"
	"github.com/mpanel/mpanel/internal/idempotency"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

const (
	// CheckEvery is the pause between two checks of all servers. Jobs that wait for
	// one of them go on when a check finds it back.
	CheckEvery = 10 * time.Second

	checkTimeout = 10 * time.Second // of one server
	checksAtOnce = 32
)

func (s *Service) address(row *models.DatabaseServer) (Address, error) {
	password, err := s.box.Open(row.AdminPasswordSealed, adminPlace(row.ID))
	if err != nil {
		return Address{}, fmt.Errorf("open admin password of server %s: %w", row.ID, err)
	}
	return Address{Host: row.Host, Port: row.Port, User: row.AdminUser, Password: password, SSLMode: row.SSLMode}, nil
}

func (s *Service) dial(row *models.DatabaseServer) (Server, error) {
	a, err := s.address(row)
	if err != nil {
		return nil, err
	}
	return s.dialer.Server(a), nil
}

// CheckServer asks a server how it is and what its admin may do. Errors:
// fault.NotFound, fault.Forbidden.
func (s *Service) CheckServer(ctx context.Context, in CheckServerInput) (*CheckServerPayload, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	var asked *models.DatabaseServer // nil when the mutation is repeated
	out := &CheckServerPayload{}
	err = idempotency.Once(ctx, s.db, "checkDatabaseServer", in, func(ctx context.Context, tx store.Tx) (_ serverRef, err error) {
		asked, err = lockServer(ctx, tx, who, in.ID)
		if err != nil {
			return serverRef{}, err
		}
		return serverRef{asked.ID}, recordServer(ctx, tx, "database_server.check", nil, asked, nil)
	}, s.replayServer(who, &out.DatabaseServer))
	if err == nil && asked != nil {
		out.DatabaseServer, err = s.checked(ctx, asked)
	}
	if err != nil {
		return nil, err
	}
	out.Problems = out.DatabaseServer.Problems
	return out, nil
}

// CheckServers asks every server how it is; a slow one delays no other.
func (s *Service) CheckServers(ctx context.Context) error {
	var rows []*models.DatabaseServer
	if err := s.db.NewSelect().Model(&rows).Scan(ctx); err != nil {
		return store.Wrap(err, "list database servers")
	}
	return onEach(rows, checksAtOnce, func(row *models.DatabaseServer) error { return s.checkServer(ctx, row) })
}

// onEach does something with several servers at once; one that fails, or is slow,
// keeps it from no other.
func onEach(rows []*models.DatabaseServer, atOnce int, do func(*models.DatabaseServer) error) error {
	errs := make([]error, len(rows))
	var group errgroup.Group
	group.SetLimit(atOnce)
	for i, row := range rows {
		group.Go(func() error {
			errs[i] = do(row)
			return nil
		})
	}
	_ = group.Wait() // they are in errs
	return errors.Join(errs...)
}

// checked checks a server and returns its row as the graph may show it.
func (s *Service) checked(ctx context.Context, row *models.DatabaseServer) (*models.DatabaseServer, error) {
	if err := s.checkServer(ctx, row); err != nil {
		return nil, err
	}
	row.AdminPasswordSealed = nil
	return row, nil
}

func (s *Service) inspect(ctx context.Context, row *models.DatabaseServer) (Inspection, error) {
	a, err := s.address(row)
	if err != nil {
		return Inspection{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	return s.dialer.Inspect(ctx, a)
}

// checkServer looks at the server and notes what it finds, on the row, too. When
// the server can be used again, what waits for it goes on.
func (s *Service) checkServer(ctx context.Context, row *models.DatabaseServer) error {
	seen, err := s.inspect(ctx, row)
	if err != nil {
		return fmt.Errorf("inspect database server %s: %w", row.ID, err)
	}
	if seen.Cluster != 0 {
		seen.Capabilities = append(seen.Capabilities, s.remoteAccess(row))
	}
	usable := row.Reachable && !row.Blocked
	return store.InTx(ctx, s.db, func(ctx context.Context, tx store.Tx) error {
		current, err := note(ctx, tx, row, seen)
		if err != nil || !current || usable || !row.Reachable || row.Blocked {
			return err
		}
		return s.hurry(ctx, tx, row.ID)
	})
}

// note writes what was seen, unless the server was changed meanwhile or is gone.
func note(ctx context.Context, tx store.Tx, row *models.DatabaseServer, seen Inspection) (current bool, err error) {
	twin, err := registeredAs(ctx, tx, row.ID, seen.Cluster)
	if err != nil {
		return false, err
	}
	row.Reachable, row.Problems = seen.Reachable, seen.Problems
	if seen.Reachable {
		row.Blocked = seen.Blocked || twin != ""
	}
	if seen.Cluster != 0 {
		row.Version, row.Capabilities = &seen.Version, seen.Capabilities
	}
	switch {
	case twin != "":
		problem := fmt.Sprintf("This PostgreSQL cluster is registered already, as %s. Remove one of the two.", twin)
		row.Problems = append([]string{problem}, seen.Problems...)
	case seen.Cluster != 0:
		row.SystemIdentifier = seen.Cluster
	}
	res, err := tx.NewUpdate().Model(row).WherePK().Set("checked_at = now()").
		Column("reachable", "problems", "blocked", "version", "capabilities", "system_identifier").
		Where("host = ? AND port = ? AND admin_user = ? AND ssl_mode = ?", row.Host, row.Port, row.AdminUser, row.SSLMode).
		Where("admin_password_sealed = ?", row.AdminPasswordSealed).Returning("*").Exec(ctx)
	if err != nil {
		return false, store.Wrap(err, "note the state of server %s", row.ID)
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

// registeredAs is the name of another server that is the same cluster, or "".
func registeredAs(ctx context.Context, tx store.Tx, id ident.DatabaseServerID, cluster int64) (string, error) {
	var names []string
	if cluster != 0 {
		err := tx.NewSelect().Model((*models.DatabaseServer)(nil)).Column("name").
			Where("s.system_identifier = ?", cluster).Where("s.id <> ?", id).Scan(ctx, &names)
		if err != nil {
			return "", store.Wrap(err, "look for the cluster of server %s", id)
		}
	}
	if len(names) == 0 {
		return "", nil
	}
	return names[0], nil
}

// hurry lets what waits for a server go on.
func (s *Service) hurry(ctx context.Context, tx store.Tx, id ident.DatabaseServerID) error {
	//allow:tenant a server that is back hurries whoever waits for it
	return s.engine.Hurry(ctx, tx, tx.NewSelect().Model((*models.Database)(nil)).Column("id").Where("d.server_id = ?", id).
		Union(tx.NewSelect().Model((*models.DatabaseUser)(nil)).Column("du.id").
			Join("JOIN databases AS d ON d.id = du.database_id").Where("d.server_id = ?", id)))
}

// recordServer writes what became of a server into the audit; before is what toldServer
// said of it, nil when nothing of that changes.
func recordServer(ctx context.Context, tx store.Tx, action string, before map[string]any, row *models.DatabaseServer, detail map[string]any) error {
	e := audit.Entry{Action: action, Kind: ident.DatabaseServer, Object: row.ID.UUID}
	all := toldServer(row)
	if before != nil {
		e.Before, _ = audit.Changed(before, all)
	}
	maps.Copy(all, detail)
	e.Detail = all
	return audit.Record(ctx, tx, e)
}

// toldServer is what the audit says of a server.
func toldServer(row *models.DatabaseServer) map[string]any {
	return map[string]any{
		"name": row.Name, "host": row.Host, "port": row.Port, "admin_user": row.AdminUser, "ssl_mode": row.SSLMode, "maintenance": row.Maintenance,
	}
}
