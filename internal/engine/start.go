package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// An Order asks for a job.
type Order struct {
	Kind       string // of a registered plan
	Resource   uuid.UUID
	Customer   ident.CustomerID // zero for what belongs to no customer
	Actor      ident.UserID     // zero for the panel itself
	Generation int64            // of the resource's wish
}

// A Trigger wakes a worker up for a job once the transaction is committed.
type Trigger interface {
	Trigger(ctx context.Context, tx store.Tx, job ident.JobID) error
}

// A Starter writes new jobs. Unlike the Engine it runs nothing, so that the
// domains, whose steps the Engine runs, can depend on it.
type Starter struct {
	registry func() *Registry
	trigger  Trigger
}

// NewStarter returns a Starter for the plans that registry gives, asked anew
// each time since plans and starters need each other.
func NewStarter(registry func() *Registry, trigger Trigger) *Starter {
	return &Starter{registry: registry, trigger: trigger}
}

// Start writes a job, its steps and its first event in the caller's
// transaction, and wakes up a worker when that is committed. Error:
// fault.Conflict while another job is at work on the resource.
func (s *Starter) Start(ctx context.Context, tx store.Tx, o Order) (*models.Job, error) {
	plan := s.registry().latest[o.Kind]
	if plan == nil {
		return nil, fmt.Errorf("start job: no plan %q", o.Kind)
	}
	job := &models.Job{
		ID: ident.NewJobID(), Kind: plan.Kind, PlanVersion: plan.Version,
		CustomerID: o.Customer, ResourceKind: plan.ResourceKind, ResourceID: o.Resource,
		TargetGeneration: o.Generation, ActorUserID: o.Actor,
		State: models.JobPending, EventSeq: 1, CreatedAt: time.Now().UTC().Truncate(time.Microsecond),
	}
	if _, err := tx.NewInsert().Model(job).Exec(ctx); err != nil {
		if store.Violates(err, "jobs_one_active") {
			return nil, fault.Conflict.New("id", "Another job is at work on this; wait for it to end.")
		}
		return nil, store.Wrap(err, "insert job")
	}
	steps := make([]*models.JobStep, len(plan.Steps))
	for i, step := range plan.Steps {
		steps[i] = &models.JobStep{JobID: job.ID, Idx: i, Name: step.Name(), State: models.StepPending}
	}
	if _, err := tx.NewInsert().Model(&steps).Exec(ctx); err != nil {
		return nil, store.Wrap(err, "insert steps of job %s", job.ID)
	}
	first := &models.JobEvent{JobID: job.ID, Seq: 1, Kind: EventCreated, State: job.State}
	if _, err := tx.NewInsert().Model(first).Exec(ctx); err != nil {
		return nil, store.Wrap(err, "insert first event of job %s", job.ID)
	}
	if err := s.trigger.Trigger(ctx, tx, job.ID); err != nil {
		return nil, store.Wrap(err, "trigger job %s", job.ID)
	}
	return job, nil
}
