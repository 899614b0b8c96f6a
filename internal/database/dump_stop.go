package database

import (
	"context"
	"errors"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// stopCarrying asks to take back every job that reads or writes the content of a
// database that is due to be closed: it may last for hours, and would keep the
// database open for as long.
func (s *Service) stopCarrying(ctx context.Context, due func(*bun.SelectQuery) *bun.SelectQuery) error {
	//allow:tenant of all below a customer who was found with the filter
	closing := s.db.NewSelect().Model((*models.Database)(nil)).ColumnExpr("1").
		Where("(d.id = j.resource_id OR j.kind = ? AND d.id = (SELECT source_id FROM database_loads AS l WHERE l.database_id = j.resource_id))", KindClone).
		Apply(due)
	var found []struct{ ID ident.JobID }
	//allow:tenant of all below a customer who was found with the filter
	err := s.db.NewSelect().Model((*models.Job)(nil)).Column("j.id").Where("j.state IN (?)", bun.List(engine.Active)).
		Where("j.kind IN (?)", bun.List([]string{KindExport, KindImport, KindClone})).Where("j.cancel_requested_at IS NULL").
		Where("EXISTS (?)", closing).Order("j.id").Scan(ctx, &found)
	if err != nil {
		return store.Wrap(err, "list jobs that keep databases open")
	}
	var errs []error
	for _, job := range found {
		err := store.InTx(ctx, s.db, func(ctx context.Context, tx store.Tx) error {
			_, err := s.engine.Cancel(ctx, tx, job.ID)
			return err
		})
		if fault.CodeOf(err) != fault.Conflict { // it is over, or nearly
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
