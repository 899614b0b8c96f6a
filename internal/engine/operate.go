package engine

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// Cancel asks, in the caller's transaction, to take a job back: what it did is
// undone, and it ends as models.JobCanceled. Errors: fault.NotFound;
// fault.Conflict when it is over, is being taken back already, or has begun what
// cannot be undone.
func (s *Starter) Cancel(ctx context.Context, tx store.Tx, id ident.JobID) (*models.Job, error) {
	job, err := lockJob(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	switch {
	case job.State.Terminal():
		return nil, fault.Conflict.New("id", "This job is over; there is nothing to cancel.")
	case job.State == models.JobCompensating, job.State == models.JobStuck:
		return nil, fault.Conflict.New("id", "This job is taking back what it did already, or can only go on.")
	case job.CancelRequestedAt != nil:
		return job, nil
	}
	plan := s.registry().plans[planKey{job.Kind, job.PlanVersion}]
	if plan == nil {
		return nil, fault.Unavailable.New("id", "This node does not know this kind of job; try another.")
	}
	var begun int
	err = tx.NewSelect().Model((*models.JobStep)(nil)).ColumnExpr("count(*)").
		Where("job_id = ?", id).Where("idx >= ?", plan.pivot()).Where("state <> ?", models.StepPending).Scan(ctx, &begun)
	if err != nil {
		return nil, store.Wrap(err, "read steps of job %s", id)
	}
	final := false
	if plan.Final != nil {
		if final, err = plan.Final(ctx, tx, job.ResourceID); err != nil {
			return nil, err
		}
	}
	if begun > 0 || final {
		return nil, fault.Conflict.New("id", "This job has begun what cannot be undone; it can only go on.")
	}
	_, err = tx.NewUpdate().Model(job).WherePK().Set("cancel_requested_at = now(), held = false").
		Set("next_attempt_at = CASE WHEN lease_until IS NULL THEN now() END").Returning("*").Exec(ctx)
	if err != nil {
		return nil, store.Wrap(err, "cancel job %s", id)
	}
	tx.AfterCommit(func() {
		s.node.Cancel(id)
		s.node.Wake(id)
	})
	return job, nil
}

// Retry lets a job that waits go on at once, and takes up the wish of one that
// FAILED or was CANCELED in a new job. A job that is trying again at this moment
// does not wait again before it has tried once more. Errors: fault.NotFound;
// fault.Conflict while it runs for the first time, when it succeeded, when a later job was at work on the same
// thing, or for what the plan's Again refuses.
func (s *Starter) Retry(ctx context.Context, tx store.Tx, id ident.JobID, by ident.UserID) (*models.Job, error) {
	job, err := lockJob(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	switch {
	case job.State == models.JobSucceeded:
		return nil, fault.Conflict.New("id", "This job has succeeded; there is nothing to try again.")
	case job.State.Terminal():
		return s.again(ctx, tx, job, by)
	}
	due := "next_attempt_at = now()"
	switch {
	case job.LeaseUntil != nil && job.Attempts > 1:
		due = "woken = true" // whoever saw it wait cannot know that it was taken up since
	case job.LeaseUntil != nil || job.NextAttemptAt == nil:
		return nil, fault.Conflict.New("id", "This job is at work.")
	}
	if _, err := tx.NewUpdate().Model(job).WherePK().Set(due).Returning("*").Exec(ctx); err != nil {
		return nil, store.Wrap(err, "make job %s due", id)
	}
	tx.AfterCommit(func() { s.node.Wake(id) })
	return job, nil
}

func (s *Starter) again(ctx context.Context, tx store.Tx, job *models.Job, by ident.UserID) (*models.Job, error) {
	plan := s.registry().latest[job.Kind]
	if plan == nil || plan.Again == nil {
		return nil, fault.Conflict.New("id", "This kind of job cannot be tried again; order it anew.")
	}
	later, err := tx.NewSelect().Model((*models.Job)(nil)).Where("j.resource_id = ?", job.ResourceID).
		Where("j.finished_at IS NULL OR (j.finished_at, j.id) > (?, ?)", job.FinishedAt, job.ID).Exists(ctx)
	if err != nil {
		return nil, store.Wrap(err, "look for later jobs than %s", job.ID)
	}
	if later {
		return nil, fault.Conflict.New("id", "A later job has been at work on the same thing; try that one again.")
	}
	generation, err := plan.Again(ctx, tx, job.ResourceID)
	if err != nil {
		return nil, err
	}
	anew, err := s.Start(tx, Order{Kind: job.Kind, Resource: job.ResourceID, Customer: job.CustomerID, Actor: by, Generation: generation})
	if err != nil {
		return nil, err
	}
	if plan.Begun != nil {
		plan.Begun(tx, job, anew)
	}
	if !plan.Leads {
		return anew, nil
	}
	return anew, s.childrenAgain(ctx, tx, job, anew)
}

// Needs is what a person must hold, beside JOBS_WRITE, to operate a job of the
// kind; empty for an unknown kind, which nobody may operate.
func (s *Starter) Needs(kind string) actor.Permission {
	if plan := s.registry().latest[kind]; plan != nil {
		return plan.Needs
	}
	return ""
}

func lockJob(ctx context.Context, tx store.Tx, id ident.JobID) (*models.Job, error) {
	job := new(models.Job)
	err := tx.NewSelect().Model(job).Where("j.id = ?", id).For("UPDATE").Scan(ctx)
	return job, store.Wrap(err, "lock job %s", id)
}

// Active is the job that is at work on a resource, nil without one, locked so
// that it cannot end before the caller's transaction does.
func (s *Starter) Active(ctx context.Context, tx store.Tx, resource fmt.Stringer) (*models.Job, error) {
	var rows []*models.Job
	err := tx.NewSelect().Model(&rows).Where("j.resource_id = ?", resource.String()).Where("j.state IN (?)", bun.List(Active)).
		For("UPDATE").Scan(ctx)
	if err != nil || len(rows) == 0 {
		return nil, store.Wrap(err, "look for a job at work on %s", resource)
	}
	return rows[0], nil
}
