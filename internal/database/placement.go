package database

import (
	"context"
	"fmt"
	"strings"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// place finds the server: the one that was asked for, which only staff can
// name, or the reachable one with the fewest databases.
func place(ctx context.Context, tx store.Tx, who *actor.Actor, id *ident.DatabaseServerID) (*models.DatabaseServer, error) {
	row := new(models.DatabaseServer)
	q := tx.NewSelect().Model(row).ExcludeColumn("admin_password_sealed").Limit(1)
	if id != nil {
		if !who.HoldsWithProvider(actor.ServersRead) {
			return nil, store.NotFound("serverId")
		}
		q = q.Where("s.id = ?", id.UUID)
	} else {
		// Counting is only worth its time where there is a choice.
		q = q.Where("NOT s.blocked").Where("s.maintenance IS NULL").
			OrderExpr(`s.reachable DESC, CASE WHEN (SELECT count(*) FROM database_servers) > 1
			THEN (SELECT count(*) FROM databases AS d WHERE d.server_id = s.id) END, s.created_at, s.id`)
	}
	err := q.Scan(ctx)
	switch missing := fault.CodeOf(store.Wrap(err, "place")) == fault.NotFound; {
	case missing && id != nil:
		return nil, store.NotFound("serverId")
	case missing:
		return nil, noServer(ctx, tx)
	case err != nil:
		return nil, store.Wrap(err, "place database")
	case row.Maintenance != nil:
		return nil, fault.Conflict.New("serverId", "%s", inMaintenance(row.Maintenance))
	case row.Blocked:
		return nil, fault.Conflict.New("serverId", "Nothing can be made on this server; checkDatabaseServer tells why.")
	}
	return row, nil
}

func noServer(ctx context.Context, tx store.Tx) error {
	switch some, err := tx.NewSelect().Model((*models.DatabaseServer)(nil)).Exists(ctx); {
	case err != nil:
		return store.Wrap(err, "look for database servers")
	case some:
		return fault.Unavailable.New("serverId", "No database server takes new databases right now; try again later.")
	}
	return fault.Unavailable.New("serverId", "There is no database server yet; register one first.")
}

// leftAlone tells why jobs may do nothing on a server now; customers read it.
func leftAlone(row *models.DatabaseServer) error {
	switch {
	case row.Maintenance != nil:
		return fault.Unavailable.New("", "%s", inMaintenance(row.Maintenance))
	case row.Blocked:
		return fault.Unavailable.New("", "The database server cannot be used right now; the provider's staff can see why.")
	}
	return nil
}

func inMaintenance(m *models.DatabaseServerMaintenance) string {
	return fmt.Sprintf("The server is in maintenance: %s.", strings.TrimRight(m.Reason, ". "))
}

// watchMaintenance looks before each step but the first, for which load has
// looked: a job that runs when maintenance begins finishes its step and then waits.
func (s *Service) watchMaintenance(id ident.DatabaseServerID) func(context.Context) error {
	looked := true
	return func(ctx context.Context) error {
		if looked {
			looked = false
			return nil
		}
		row := new(models.DatabaseServer)
		err := s.db.NewSelect().Model(row).Column("blocked", "maintenance").Where("s.id = ?", id).Scan(ctx)
		if err != nil {
			return store.Wrap(err, "look whether server %s is in maintenance", id)
		}
		return leftAlone(row)
	}
}
