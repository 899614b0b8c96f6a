package database

import (
	"context"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/idempotency"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// A standing is where somebody stands who suspends or resumes databases of one customer.
type standing struct {
	above bool // the provider's, or of a customer strictly above
	// owner is whose the job of a suspension is: it must not be the customer's to
	// take back when it is ordered from above. Zero for the provider alone.
	owner ident.CustomerID
}

// standings tells where who stands to each of the customers.
func standings(ctx context.Context, tx store.Tx, who *actor.Actor, ids ...ident.CustomerID) (map[ident.CustomerID]standing, error) {
	var rows []*models.Customer
	//allow:tenant who stands above, of which nothing is told
	if err := tx.NewSelect().Model(&rows).Column("c.id", "c.parent_id").Where("c.id IN (?)", bun.List(ids)).Scan(ctx); err != nil {
		return nil, store.Wrap(err, "read the parents of customers")
	}
	var parents []ident.CustomerID
	for _, c := range rows {
		if !c.ParentID.IsZero() {
			parents = append(parents, c.ParentID)
		}
	}
	may, err := store.MayAll(ctx, tx, who, actor.DatabasesWrite, parents)
	if err != nil {
		return nil, err
	}
	out := make(map[ident.CustomerID]standing, len(rows))
	for _, c := range rows {
		out[c.ID] = standing{owner: c.ID}
		if who.HoldsWithProvider(actor.DatabasesWrite) || !c.ParentID.IsZero() && may[c.ParentID] {
			out[c.ID] = standing{above: true, owner: c.ParentID}
		}
	}
	return out, nil
}

// Suspend refuses the database's logins and ends their sessions; nothing is
// removed, and the password stays. Ordered from above its customer, it is lifted
// from above alone, and its job is not the customer's. Errors: fault.NotFound,
// fault.Invalid, fault.Conflict unless it is ACTIVE or DEGRADED, or shut for
// another reason, and no other job is at work on it.
func (s *Service) Suspend(ctx context.Context, in SuspendInput) (*ChangePayload, error) {
	if err := fault.Join(store.CheckText("reason", in.Reason)); err != nil {
		return nil, err
	}
	return s.change(ctx, idempotency.Call{Mutation: "suspendDatabase", Input: in, DryRun: in.DryRun}, in.ID, "database.suspend", func(ctx context.Context, tx store.Tx, who *actor.Actor, row *models.Database) (*models.Job, error) {
		at, err := standings(ctx, tx, who, row.CustomerID)
		if err != nil {
			return nil, err
		}
		return s.suspend(ctx, tx, engine.Order{Actor: who.User}, row, in.Reason, at[row.CustomerID])
	})
}

// suspend orders the suspension of a locked row.
func (s *Service) suspend(ctx context.Context, tx store.Tx, o engine.Order, row *models.Database, reason *string, by standing) (*models.Job, error) {
	if err := maySuspend(row, by.above); err != nil {
		return nil, err
	}
	if err := wishSuspension(ctx, tx, row, models.DatabaseSuspension{Suspended: true, Reason: reason, FromAbove: by.above}); err != nil {
		return nil, err
	}
	o.Kind, o.Resource, o.Customer, o.Generation = KindSuspend, row.ID.UUID, by.owner, row.Generation
	return s.engine.Start(tx, o)
}

func maySuspend(row *models.Database, fromAbove bool) error {
	switch isShut := row.State == models.ResourceSuspended; {
	case isShut && !row.Suspended: // what its customer's suspension or a quota has shut is kept shut after that
		return nil
	case isShut && fromAbove && !row.SuspendedFromAbove: // what its customer could lift
		return nil
	case row.Suspended:
		return fault.Conflict.New("id", "This database is suspended already.")
	}
	return mustRun(row)
}

// wishSuspension writes what is wished, and keeps what was.
func wishSuspension(ctx context.Context, tx store.Tx, row *models.Database, wished models.DatabaseSuspension) error {
	row.SuspensionBefore = &models.DatabaseSuspension{Suspended: row.Suspended, Reason: row.SuspendReason, FromAbove: row.SuspendedFromAbove}
	setSuspension(row, wished)
	return wish(ctx, tx, row, suspensionColumns...)
}

var suspensionColumns = []string{"suspended", "suspend_reason", "suspended_from_above", "suspension_before", "suspension_tried"}

func setSuspension(row *models.Database, to models.DatabaseSuspension) {
	row.Suspended, row.SuspendReason, row.SuspendedFromAbove = to.Suspended, to.Reason, to.FromAbove
}

// Resume lets the logins in again, with the password of before. Errors:
// fault.NotFound, fault.Forbidden for those who do not stand above what was
// suspended from above, fault.Conflict unless it is SUSPENDED, or while its
// customer is.
func (s *Service) Resume(ctx context.Context, in ResumeInput) (*ChangePayload, error) {
	return s.change(ctx, idempotency.Call{Mutation: "resumeDatabase", Input: in, DryRun: in.DryRun}, in.ID, "database.resume", func(ctx context.Context, tx store.Tx, who *actor.Actor, row *models.Database) (*models.Job, error) {
		at, err := standings(ctx, tx, who, row.CustomerID)
		if err != nil {
			return nil, err
		}
		return s.resume(ctx, tx, engine.Order{Actor: who.User}, row, at[row.CustomerID])
	})
}

// resume orders the resumption of a locked row.
func (s *Service) resume(ctx context.Context, tx store.Tx, o engine.Order, row *models.Database, by standing) (*models.Job, error) {
	if err := mayResume(ctx, tx, row, by); err != nil {
		return nil, err
	}
	if err := wishSuspension(ctx, tx, row, models.DatabaseSuspension{}); err != nil {
		return nil, err
	}
	return s.startAs(tx, o, KindResume, row)
}

func mayResume(ctx context.Context, tx store.Tx, row *models.Database, by standing) error {
	switch {
	case row.State != models.ResourceSuspended:
		return fault.Conflict.New("id", "This database is not suspended.")
	case row.SuspendedFromAbove && !by.above:
		return fault.Forbidden.New("id", "Your provider has suspended this database; only they can resume it.")
	}
	held, err := customerSuspended(ctx, tx, row.CustomerID)
	if held {
		return fault.Conflict.New("id", "The customer of this database is suspended; resume that first.")
	}
	if err != nil {
		return err
	}
	over, err := holds(ctx, tx, row, exceeded)
	if over {
		return fault.Conflict.New("id", "A size quota that counts this database is exceeded; open it for cleanup, or have the quota raised.")
	}
	return err
}

// suspendAgain takes up what was wished, with its reason. What only its customer's
// suspension holds gets no wish of its own by that.
func (s *Service) suspendAgain(ctx context.Context, tx store.Tx, id uuid.UUID) (int64, error) {
	row, err := again(ctx, tx, id)
	if err != nil {
		return 0, err
	}
	if row.SuspensionTried == nil {
		return s.shutAgain(ctx, tx, row)
	}
	if err := maySuspend(row, row.SuspensionTried.FromAbove); err != nil {
		return 0, err
	}
	err = wishSuspension(ctx, tx, row, *row.SuspensionTried)
	return row.Generation, err
}

func (s *Service) shutAgain(ctx context.Context, tx store.Tx, row *models.Database) (int64, error) {
	if err := mustRun(row); err != nil {
		return 0, err
	}
	held, err := holds(ctx, tx, row, shut)
	if err != nil {
		return 0, err
	}
	if !held {
		return 0, fault.Conflict.New("id", "Nothing wants this database suspended any more; order it anew.")
	}
	err = wish(ctx, tx, row)
	return row.Generation, err
}

func (s *Service) resumeAgain(ctx context.Context, tx store.Tx, id uuid.UUID) (int64, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return 0, err
	}
	row, err := again(ctx, tx, id)
	if err != nil {
		return 0, err
	}
	at, err := standings(ctx, tx, who, row.CustomerID)
	if err != nil {
		return 0, err
	}
	if err := mayResume(ctx, tx, row, at[row.CustomerID]); err != nil {
		return 0, err
	}
	err = wishSuspension(ctx, tx, row, models.DatabaseSuspension{})
	return row.Generation, err
}

// settleSuspend goes back to the wish of before when the suspension was taken
// back, and keeps its own for another attempt.
func settleSuspend(ctx context.Context, tx store.Tx, id uuid.UUID, outcome models.JobState) error {
	return settleWish(ctx, tx, id, func(row *models.Database, before *models.DatabaseSuspension) error {
		switch {
		case outcome == models.JobSucceeded:
			row.State = models.ResourceSuspended
		case before != nil:
			row.SuspensionTried = &models.DatabaseSuspension{Suspended: true, Reason: row.SuspendReason, FromAbove: row.SuspendedFromAbove}
			setSuspension(row, *before)
		case row.State != models.ResourceSuspended: // it had no wish of its own
			setSuspension(row, models.DatabaseSuspension{})
		}
		return nil
	})
}

// settleResume keeps a database suspended when that failed: as it was or, when
// nothing holds it any more, for its own sake, so that it can be tried again.
func settleResume(ctx context.Context, tx store.Tx, id uuid.UUID, outcome models.JobState) error {
	return settleWish(ctx, tx, id, func(row *models.Database, before *models.DatabaseSuspension) error {
		switch {
		case outcome == models.JobSucceeded:
			row.State = models.ResourceActive
		case before != nil && before.Suspended:
			setSuspension(row, *before)
		default:
			held, err := holds(ctx, tx, row, shut)
			row.Suspended = row.Suspended || !held
			return err
		}
		return nil
	})
}

// settleWish ends what wishSuspension began: move leaves the row as the outcome
// has it. A row that is gone is no error.
func settleWish(ctx context.Context, tx store.Tx, id uuid.UUID, move func(row *models.Database, before *models.DatabaseSuspension) error) error {
	row, err := settled(ctx, tx, id)
	if row == nil || err != nil {
		return err
	}
	before := row.SuspensionBefore
	row.SuspensionBefore, row.SuspensionTried = nil, nil
	if err := move(row, before); err != nil {
		return err
	}
	_, err = tx.NewUpdate().Model(row).WherePK().Column(append(suspensionColumns, "state")...).Set("updated_at = now()").Exec(ctx)
	return store.Wrap(err, "settle the suspension of database %s", id)
}

// reopens decides for the undo of a deletion whether the database is opened, from
// what holds it now, and notes the state that it has then.
func (s *Service) reopens(id uuid.UUID) func(context.Context) (bool, error) {
	return func(ctx context.Context) (open bool, err error) {
		err = s.db.NewUpdate().Model((*models.Database)(nil)).Set("reopens_as = CASE WHEN "+shut+" THEN ? ELSE ? END", models.ResourceSuspended, models.ResourceActive).
			Where("d.id = ?", id).Where("d.state = ?", models.ResourceDeleting).Returning("reopens_as = ?", models.ResourceActive).Scan(ctx, &open)
		return open, store.Wrap(err, "decide whether database %s is opened", id)
	}
}
