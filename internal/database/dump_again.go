package database

import (
	"context"
	"database/sql"
	"errors"

	"github.com/google/uuid"

	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// exportAgain makes the dump that failed PENDING again: whoever waits for it has
// its id.
func (d *DumpService) exportAgain(ctx context.Context, tx store.Tx, id uuid.UUID) (int64, error) {
	row, err := openAgain(ctx, tx, id)
	if err != nil {
		return 0, err
	}
	if err := d.canDump(ctx, tx, row); err != nil {
		return 0, err
	}
	if err := dumpsLeft(ctx, tx, row); err != nil {
		return 0, err
	}
	dump := new(models.DatabaseDump)
	err = tx.NewSelect().Model(dump).Where("dd.database_id = ?", id).Where("dd.origin = ?", models.DumpExport).Where("dd.state = ?", models.DumpFailed).
		Where("dd.job_id = (SELECT j.id FROM jobs AS j WHERE j.resource_id = ? ORDER BY j.finished_at DESC, j.id DESC LIMIT 1)", id).For("UPDATE").Scan(ctx)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return 0, fault.Conflict.New("id", "The dump was removed; export anew.")
	case err != nil:
		return 0, store.Wrap(err, "read the dump of database %s", id)
	}
	now, err := store.Now(ctx, tx)
	if err != nil {
		return 0, err
	}
	dump.State, dump.ExpiresAt = models.DumpPending, now.Add(ExportTTL)
	_, err = tx.NewUpdate().Model(dump).WherePK().Column("state", "expires_at").Exec(ctx)
	return row.Generation, store.Wrap(err, "make dump %s again", dump.ID)
}

func exportBegun(tx store.Tx, before, anew *models.Job) {
	tx.Queue(tx.NewUpdate().Model((*models.DatabaseDump)(nil)).Set("job_id = ?", anew.ID).Where("job_id = ?", before.ID).Where("state = ?", models.DumpPending),
		func(err error) error { return store.Wrap(err, "note the job of a dump") })
}
