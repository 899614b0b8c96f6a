package database

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// atOnce is how many children one look orders. They are held until it is their
// turn; the end of each wakes the next look.
const atOnce = 100

// SuspendAll orders the suspension of every database of the customer and of
// those below it that still runs, as children of parent. It tells how many do,
// and how many of these failed to.
func (s *Service) SuspendAll(ctx context.Context, parent ident.JobID, customer ident.CustomerID) (left, failed int, err error) {
	due := func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("(d.state IN (?) OR "+aboutToOpen+")", bun.List([]models.ResourceState{models.ResourcePending, models.ResourceActive, models.ResourceDegraded}))
	}
	err = s.stopCarrying(ctx, func(q *bun.SelectQuery) *bun.SelectQuery {
		return due(q).Where("d.customer_id IN (SELECT customer_id FROM customer_tree WHERE ancestor_id = ?)", customer)
	})
	if err != nil {
		return 0, 0, err
	}
	return s.orderAll(ctx, parent, customer, KindSuspend, KindResume, due)
}

// aboutToOpen tells of a row d whether a job that is at work may end with it open,
// although it is shut now: what was decided before a suspension comes after it.
const aboutToOpen = `EXISTS (SELECT FROM jobs AS j WHERE j.resource_id = d.id AND j.finished_at IS NULL AND (j.kind IN ('` + KindResume + `', '` + KindOpen + `')
	OR j.kind = '` + KindDelete + `' AND (j.cancel_requested_at IS NOT NULL OR j.state IN ('COMPENSATING', 'STUCK'))))`

// ResumeAll orders the resumption of every such database that nothing holds any
// more; left and failed as of SuspendAll.
func (s *Service) ResumeAll(ctx context.Context, parent ident.JobID, customer ident.CustomerID) (left, failed int, err error) {
	return s.orderAll(ctx, parent, customer, KindResume, KindSuspend, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("d.state = ?", models.ResourceSuspended).Where("NOT (" + shut + ")")
	})
}

// orderAll also takes back what the parent ordered to the contrary and is not over yet.
func (s *Service) orderAll(ctx context.Context, parent ident.JobID, customer ident.CustomerID, kind, contrary string, due func(*bun.SelectQuery) *bun.SelectQuery) (left, failed int, err error) {
	var rows []struct {
		ID           ident.DatabaseID
		Busy, Failed bool
	}
	//allow:tenant of all below the customer, who was found with the filter
	err = s.db.NewSelect().Model((*models.Database)(nil)).Column("d.id").
		ColumnExpr("d.state = ? OR EXISTS (SELECT FROM jobs AS j WHERE j.resource_id = d.id AND j.state IN (?)) AS busy", models.ResourcePending, bun.List(engine.Active)).
		ColumnExpr("EXISTS (SELECT FROM jobs AS j WHERE j.resource_id = d.id AND j.parent_id = ? AND j.kind = ? AND j.state IN (?)) AS failed",
			parent, kind, bun.List([]models.JobState{models.JobFailed, models.JobCanceled})).
		Join("JOIN customer_tree AS of_tree ON of_tree.customer_id = d.customer_id").Where("of_tree.ancestor_id = ?", customer).
		Apply(due).Order("d.id").Scan(ctx, &rows)
	if err != nil {
		return 0, 0, store.Wrap(err, "list databases of customer %s", customer)
	}
	ordered := 0
	for _, r := range rows {
		switch {
		case r.Failed:
			failed++
		case !r.Busy && ordered < atOnce:
			if err := s.orderOne(ctx, parent, kind, r.ID, due); err != nil {
				return 0, 0, err
			}
			ordered++
		}
	}
	err = store.InTx(ctx, s.db, func(ctx context.Context, tx store.Tx) error {
		if _, err := s.engine.CancelChildren(ctx, tx, parent, contrary); err != nil {
			return err
		}
		t, err := s.engine.Lead(ctx, tx, parent)
		left = max(len(rows), t.All-t.Over)
		return err
	})
	return left, failed, err
}

// orderOne starts a job for a database that is still due, as a child unless parent
// is zero. Another job that was faster is no error: the next look comes after it.
func (s *Service) orderOne(ctx context.Context, parent ident.JobID, kind string, id ident.DatabaseID, due func(*bun.SelectQuery) *bun.SelectQuery) error {
	err := store.InTx(ctx, s.db, func(ctx context.Context, tx store.Tx) error {
		var rows []*models.Database
		//allow:tenant of a database of the customer whose order it is
		err := tx.NewSelect().Model(&rows).Where("d.id = ?", id).Apply(due).For("UPDATE OF d").Scan(ctx)
		if err != nil || len(rows) == 0 {
			return store.Wrap(err, "lock database %s", id)
		}
		if err := idleAround(ctx, tx, id, "id"); err != nil {
			return err
		}
		if err := wish(ctx, tx, rows[0]); err != nil {
			return err
		}
		_, err = s.engine.Start(tx, engine.Order{
			Kind: kind, Resource: id.UUID, Customer: rows[0].CustomerID, Generation: rows[0].Generation,
			Parent: parent, Held: !parent.IsZero(),
		})
		return err
	})
	if fault.CodeOf(err) == fault.Conflict {
		return nil
	}
	return err
}
