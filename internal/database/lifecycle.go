package database

import (
	"context"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/idempotency"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/quota"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// change is a mutation of one database that ends in a job: do moves the locked
// row to the wish and gives the job. After a dry run the row is answered as it is.
func (s *Service) change(ctx context.Context, call idempotency.Call, id ident.DatabaseID, action string,
	do func(ctx context.Context, tx store.Tx, who *actor.Actor, row *models.Database) (*models.Job, error),
) (*ChangePayload, error) {
	return s.changeShowing(ctx, call, id, action, func(ctx context.Context, tx store.Tx, who *actor.Actor, row *models.Database) (*models.Job, *Credentials, error) {
		job, err := do(ctx, tx, who, row)
		return job, nil, err
	})
}

// changeShowing is change for what shows credentials once.
func (s *Service) changeShowing(ctx context.Context, call idempotency.Call, id ident.DatabaseID, action string,
	do func(ctx context.Context, tx store.Tx, who *actor.Actor, row *models.Database) (*models.Job, *Credentials, error),
) (*ChangePayload, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	out := &ChangePayload{}
	var before models.Database
	preview, err := idempotency.Order(ctx, s.db, s.engine, call, func(ctx context.Context, tx store.Tx) (ref, error) {
		row, err := lockForWrite(ctx, tx, who, id)
		if err != nil {
			return ref{}, err
		}
		before = *row
		if out.Job, out.credentials, err = do(ctx, tx, who, row); err != nil {
			return ref{}, err
		}
		out.Database = row
		return s.showing(refTo(row, out.Job), out.credentials), record(ctx, tx, action, &before, row)
	}, func(ctx context.Context, tx store.Tx, r ref) (err error) {
		out.Database, out.Job, err = s.replay(ctx, tx, who, r)
		if err == nil && (out.Database == nil || out.Job == nil) {
			return store.NotFound("id") // deleted since
		}
		if err == nil {
			out.credentials, err = s.shownAgain(ctx, tx, r.Shown, out.Database)
		}
		return err
	})
	if preview != nil {
		return &ChangePayload{Preview: preview, Database: &before}, nil
	}
	return out, err
}

// wish writes what is wished of a row, with a new generation.
func wish(ctx context.Context, tx store.Tx, row *models.Database, columns ...string) error {
	row.Generation++
	_, err := tx.NewUpdate().Model(row).WherePK().Column(append(columns, "generation")...).
		Set("updated_at = now()").Returning("updated_at").Exec(ctx)
	return store.Wrap(err, "change database %s", row.ID)
}

// mustRun refuses a database that is not there to be worked with.
func mustRun(row *models.Database) error {
	switch row.State {
	case models.ResourceActive, models.ResourceDegraded:
		return nil
	case models.ResourceSuspended:
		return fault.Conflict.New("id", "This database is suspended; resume it first.")
	case models.ResourceDeleting:
		return fault.Conflict.New("id", "This database is being deleted.")
	case models.ResourceFailed:
		return fault.Conflict.New("id", "This database could not be made; try its job again or delete it.")
	case models.ResourcePending:
	}
	return fault.Conflict.New("id", "This database is still being made; wait for its job.")
}

// mustBeOpen refuses what lasts, or changes a database, unless it is there to be
// worked with and stays open.
func mustBeOpen(ctx context.Context, tx store.Tx, row *models.Database) error {
	if err := mustRun(row); err != nil {
		return err
	}
	return mustStayOpen(ctx, tx, row, "id")
}

// Restore takes a delete back within its grace period. Errors: fault.NotFound,
// fault.Conflict when it is not being deleted or its data is being dropped.
func (s *Service) Restore(ctx context.Context, in RestoreInput) (*ChangePayload, error) {
	return s.change(ctx, idempotency.Call{Mutation: "restoreDatabase", Input: in, DryRun: in.DryRun}, in.ID, "database.restore", func(ctx context.Context, tx store.Tx, _ *actor.Actor, row *models.Database) (*models.Job, error) {
		if row.State != models.ResourceDeleting {
			return nil, fault.Conflict.New("id", "This database is not being deleted.")
		}
		job, err := s.engine.Active(ctx, tx, row.ID.UUID)
		if err != nil {
			return nil, err
		}
		if job == nil {
			return nil, fault.Conflict.New("id", "Its deletion is over.")
		}
		return s.engine.Cancel(ctx, tx, job.ID)
	})
}

// Rotate gives the login another password, returned once; sessions go on, and
// the old password works until the job has SUCCEEDED. Errors: fault.NotFound,
// fault.Conflict unless it is ACTIVE or DEGRADED and no other job is at work on it.
// With a grace another login takes over; the one of now works until that is over.
// Further errors then: fault.Invalid, fault.Conflict while a grace is not over.
func (s *Service) Rotate(ctx context.Context, in RotateInput) (*RotatePayload, error) {
	if err := in.Validate(); err != nil {
		return nil, err
	}
	fresh := newPassword()
	call := idempotency.Call{Mutation: "rotateDatabasePassword", Input: in, DryRun: in.DryRun}
	out, err := s.changeShowing(ctx, call, in.ID, "database.rotate", func(ctx context.Context, tx store.Tx, who *actor.Actor, row *models.Database) (*models.Job, *Credentials, error) {
		if err := mustBeOpen(ctx, tx, row); err != nil {
			return nil, nil, err
		}
		verifier, err := fresh.verifier()
		if err != nil {
			return nil, nil, err
		}
		row.NextVerifierSealed, row.NextUsername, row.NextGraceSeconds = s.box.Seal(verifier, nextVerifierPlace(row.ID)), nil, nil
		kind, username := KindRotate, &row.Username
		if in.GraceSeconds != nil && *in.GraceSeconds > 0 {
			if err := wishTakeOver(row, *in.GraceSeconds); err != nil {
				return nil, nil, err
			}
			kind, username = KindTakeOver, row.NextUsername
		}
		if err := wish(ctx, tx, row, "next_verifier_sealed", "next_username", "next_grace_seconds", "login_number"); err != nil {
			return nil, nil, err
		}
		shown, err := credentials(ctx, tx, row, *username, fresh.password)
		if err != nil {
			return nil, nil, err
		}
		job, err := s.start(tx, who, kind, row)
		return job, shown, err
	})
	if err != nil {
		return nil, err
	}
	return &RotatePayload{Preview: out.Preview, Database: out.Database, Job: out.Job, Credentials: out.credentials}, nil
}

// customerSuspended tells whether the customer, or one above it, is to be
// suspended, and sees to it that none will be before the transaction is over.
func customerSuspended(ctx context.Context, tx store.Tx, id ident.CustomerID) (bool, error) {
	var held bool
	err := tx.NewSelect().With("line", line(tx, id)).Table("line").ColumnExpr("coalesce(bool_or(suspended), false)").Scan(ctx, &held)
	return held, store.Wrap(err, "look for a suspension above customer %s", id)
}

// line is the customer and everybody above it, the topmost first, none of whom
// is suspended or archived before the transaction is over.
func line(tx store.Tx, id ident.CustomerID) *bun.SelectQuery {
	return tx.NewSelect().TableExpr("customer_tree AS t").Join("JOIN customers AS a ON a.id = t.ancestor_id").
		Column("a.id", "a.state", "a.suspended").Where("t.customer_id = ?", id.UUID).OrderExpr("t.depth DESC").For("KEY SHARE OF a")
}

// What takes up the wish of a job that failed or was canceled.

func (s *Service) createAgain(ctx context.Context, tx store.Tx, id uuid.UUID) (int64, error) {
	row, err := again(ctx, tx, id)
	if err != nil {
		return 0, err
	}
	if row.State != models.ResourceFailed {
		return 0, fault.Conflict.New("id", "This database is there already.")
	}
	held, err := customerSuspended(ctx, tx, row.CustomerID)
	switch {
	case err != nil:
		return 0, err
	case held:
		return 0, fault.Conflict.New("id", "The customer of this database is suspended.")
	}
	who, err := actor.From(ctx)
	if err != nil {
		return 0, err
	}
	if err := quota.Take(ctx, tx, who, row.CustomerID, models.QuotaDatabases); err != nil {
		return 0, err
	}
	if err := quota.Room(ctx, tx, who, row.CustomerID, models.QuotaDatabaseBytes, 0); err != nil {
		return 0, err
	}
	row.State, row.HoldsQuota = models.ResourcePending, true
	err = wish(ctx, tx, row, "state", "holds_quota")
	if store.Violates(err, "databases_name_in_use") {
		return 0, nameInUse(err)
	}
	return row.Generation, err
}

func (s *Service) deleteAgain(ctx context.Context, tx store.Tx, id uuid.UUID) (int64, error) {
	row, err := again(ctx, tx, id)
	if err != nil {
		return 0, err
	}
	err = beginDelete(ctx, tx, row, nil)
	return row.Generation, err
}

func (s *Service) rotateAgain(ctx context.Context, tx store.Tx, id uuid.UUID) (int64, error) {
	row, err := openAgain(ctx, tx, id)
	if err != nil {
		return 0, err
	}
	if row.NextVerifierSealed == nil || row.NextUsername != nil {
		return 0, fault.Conflict.New("id", "The password that was shown is not kept any more; rotate it anew.")
	}
	err = wish(ctx, tx, row)
	return row.Generation, err
}

// openAgain is again for what needs the database open.
func openAgain(ctx context.Context, tx store.Tx, id uuid.UUID) (*models.Database, error) {
	row, err := again(ctx, tx, id)
	if err == nil {
		err = mustBeOpen(ctx, tx, row)
	}
	return row, err
}

func again(ctx context.Context, tx store.Tx, id uuid.UUID) (*models.Database, error) {
	row, err := settled(ctx, tx, id)
	switch {
	case err != nil:
		return nil, err
	case row == nil:
		return nil, fault.Conflict.New("id", "The database is gone.")
	}
	return row, idleAround(ctx, tx, row.ID, "id")
}
