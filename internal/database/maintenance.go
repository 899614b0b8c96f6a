package database

import (
	"context"
	"time"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/idempotency"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// SetServerMaintenance begins or ends maintenance of a server: meanwhile nothing
// is placed on it and its jobs wait before their next step. Beginning it again
// changes the reason. Errors: fault.Invalid, fault.NotFound, fault.Forbidden.
func (s *Service) SetServerMaintenance(ctx context.Context, in SetServerMaintenanceInput) (*ServerPayload, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	if err := in.Validate(); err != nil {
		return nil, err
	}
	out := &ServerPayload{}
	err = idempotency.Once(ctx, s.db, "setDatabaseServerMaintenance", in, func(ctx context.Context, tx store.Tx) (serverRef, error) {
		row, err := lockServer(ctx, tx, who, in.ID)
		if err != nil {
			return serverRef{}, err
		}
		before := map[string]any{"maintenance": nil}
		if m := row.Maintenance; m != nil {
			before["maintenance"] = *m
		}
		ended := row.Maintenance != nil && !in.Enabled
		switch {
		case !in.Enabled:
			row.Maintenance = nil
		case row.Maintenance != nil:
			row.Maintenance.Reason = *in.Reason
		default:
			row.Maintenance = &models.DatabaseServerMaintenance{Reason: *in.Reason, Since: time.Now().UTC().Truncate(time.Microsecond)}
		}
		if _, err := tx.NewUpdate().Model(row).WherePK().Column("maintenance").Set("updated_at = now()").Exec(ctx); err != nil {
			return serverRef{}, store.Wrap(err, "set maintenance of server %s", row.ID)
		}
		if ended {
			if err := s.hurry(ctx, tx, row.ID); err != nil {
				return serverRef{}, err
			}
		}
		row.AdminPasswordSealed = nil
		out.DatabaseServer = row
		return serverRef{row.ID}, recordServer(ctx, tx, "database_server.set_maintenance", before, row,
			map[string]any{"enabled": in.Enabled, "reason": in.Reason})
	}, s.replayServer(who, &out.DatabaseServer))
	return out, err
}
