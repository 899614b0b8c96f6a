package jobs

import (
	"context"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/audit"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/idempotency"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// CancelInput is the graph's CancelJobInput.
type CancelInput struct{ ID ident.JobID }

// RetryInput is the graph's RetryJobInput.
type RetryInput struct{ ID ident.JobID }

// Payload is what every mutation of a job returns.
type Payload struct{ Job *models.Job }

// ref is what an idempotency key keeps.
type ref struct {
	Job ident.JobID `json:"job"`
}

// Cancel asks a job to take back what it did. Errors: fault.NotFound,
// fault.Conflict when it is over, takes back already, or cannot go back any more.
func (s *Service) Cancel(ctx context.Context, in CancelInput) (*Payload, error) {
	return s.operate(ctx, "cancelJob", "job.cancel", in, in.ID, func(ctx context.Context, tx store.Tx, _ *actor.Actor) (*models.Job, error) {
		return s.starter.Cancel(ctx, tx, in.ID)
	})
}

// Retry makes a job that waits go on at once, and orders again what FAILED or
// was CANCELED: in a new job, with the credentials that were shown. Errors:
// fault.NotFound, fault.Conflict, and what the order itself would be refused
// with, such as fault.QuotaExceeded.
func (s *Service) Retry(ctx context.Context, in RetryInput) (*Payload, error) {
	return s.operate(ctx, "retryJob", "job.retry", in, in.ID, func(ctx context.Context, tx store.Tx, who *actor.Actor) (*models.Job, error) {
		return s.starter.Retry(ctx, tx, in.ID, who.User)
	})
}

func (s *Service) operate(ctx context.Context, mutation, action string, in any, id ident.JobID,
	do func(ctx context.Context, tx store.Tx, who *actor.Actor) (*models.Job, error),
) (*Payload, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	out := &Payload{}
	err = idempotency.Once(ctx, s.db, mutation, in, func(ctx context.Context, tx store.Tx) (ref, error) {
		job, err := s.mayOperate(ctx, tx, who, id)
		if err != nil {
			return ref{}, err
		}
		if out.Job, err = do(ctx, tx, who); err != nil {
			return ref{}, err
		}
		return ref{out.Job.ID}, audit.Record(ctx, tx, audit.Entry{
			Action: action, Kind: ident.Job, Object: id.UUID, Customer: job.CustomerID, Detail: map[string]any{"kind": job.Kind},
		})
	}, func(ctx context.Context, tx store.Tx, r ref) error {
		out.Job = new(models.Job)
		err := tx.NewSelect().Model(out.Job).Apply(store.Visible(who, actor.JobsWrite, "j.customer_id")).Where("j.id = ?", r.Job).Scan(ctx)
		return store.Wrap(err, "read job %s", r.Job)
	})
	return out, err
}

// mayOperate wants JOBS_WRITE and what the order itself needs, such as
// DATABASES_WRITE: trying a job again is ordering it.
func (s *Service) mayOperate(ctx context.Context, tx store.Tx, who *actor.Actor, id ident.JobID) (*models.Job, error) {
	job := new(models.Job)
	err := tx.NewSelect().Model(job).Apply(store.Visible(who, actor.JobsWrite, "j.customer_id")).Where("j.id = ?", id.UUID).Scan(ctx)
	if fault.CodeOf(store.Wrap(err, "read")) == fault.NotFound {
		return nil, store.Denied(ctx, tx.NewSelect().Model(job).Apply(store.Visible(who, actor.JobsRead, "j.customer_id")).Where("j.id = ?", id.UUID), "id")
	}
	if err != nil {
		return nil, store.Wrap(err, "read job %s", id)
	}
	line := []*models.Job{job} // a part is operated by those who may operate the whole
	if !job.ParentID.IsZero() {
		parent := new(models.Job)
		//allow:tenant the whole of a part that was found with the filter; whether the caller may is asked below
		if err := tx.NewSelect().Model(parent).Where("j.id = ?", job.ParentID).Scan(ctx); err != nil {
			return nil, store.Wrap(err, "read parent of job %s", id)
		}
		line = append(line, parent)
	}
	for _, j := range line {
		may, err := tx.NewSelect().Model((*models.Job)(nil)).Apply(store.Visible(who, s.starter.Needs(j.Kind), "j.customer_id")).
			Where("j.id = ?", j.ID).Exists(ctx)
		if err != nil {
			return nil, store.Wrap(err, "check rights on job %s", id)
		}
		if !may {
			return nil, fault.Forbidden.New("id", "You may see this job, but not operate it.")
		}
	}
	return job, nil
}
