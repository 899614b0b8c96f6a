package database

import (
	"context"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// What takes up the mending of drift that failed or was canceled, where the
// finding is still open.

func repairAgain(ctx context.Context, tx store.Tx, id uuid.UUID) (int64, error) {
	return mendAgain(ctx, tx, id, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("NOT f.ignored").Where("f.kind <> ?", models.DriftForeign).
			Where("NOT (f.kind = ? AND f.object_kind = ?)", models.DriftMissing, models.ObjectDatabase)
	})
}

func recreateAgain(ctx context.Context, tx store.Tx, id uuid.UUID) (int64, error) {
	return mendAgain(ctx, tx, id, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("NOT f.ignored").Where("f.kind = ?", models.DriftMissing).Where("f.object_kind = ?", models.ObjectDatabase)
	})
}

// adoptAgain takes up what was decided of the findings of the job that failed alone.
func adoptAgain(ctx context.Context, tx store.Tx, id uuid.UUID) (int64, error) {
	ofLast := func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("NOT f.ignored").Where("f.kind = ?", models.DriftForeign).
			Where("f.job_id = (SELECT j.id FROM jobs AS j WHERE j.resource_id = ? ORDER BY j.finished_at DESC, j.id DESC LIMIT 1)", id)
	}
	generation, err := mendAgain(ctx, tx, id, ofLast)
	if err != nil {
		return 0, err
	}
	found := tx.NewSelect().Model((*models.DriftFinding)(nil)).Column("f.id").Where("f.database_id = ?", id).Where("f.resolved_at IS NULL").Apply(ofLast)
	_, err = tx.NewUpdate().Model((*models.DriftFinding)(nil)).Set("adopted = true").Where("f.id IN (?)", found).Exec(ctx)
	return generation, store.Wrap(err, "adopt what was decided of database %s", id)
}

func mendAgain(ctx context.Context, tx store.Tx, id uuid.UUID, of func(*bun.SelectQuery) *bun.SelectQuery) (int64, error) {
	row, err := mendable(ctx, tx, id)
	if err != nil {
		return 0, err
	}
	open, err := tx.NewSelect().Model((*models.DriftFinding)(nil)).Where("f.database_id = ?", id).Where("f.resolved_at IS NULL").Apply(of).Exists(ctx)
	switch {
	case err != nil:
		return 0, store.Wrap(err, "look for findings of database %s", id)
	case !open:
		return 0, fault.Conflict.New("id", "What this job was to mend is not found any more; nothing is left to be tried again.")
	}
	return row.Generation, nil
}

// noteAgain notes the job that tries again on the findings of the one before.
func noteAgain(tx store.Tx, before, anew *models.Job) {
	tx.Queue(tx.NewUpdate().Model((*models.DriftFinding)(nil)).Set("job_id = ?", anew.ID).Where("f.job_id = ?", before.ID).Where("f.resolved_at IS NULL"),
		func(err error) error { return store.Wrap(err, "note the job of findings") })
}
