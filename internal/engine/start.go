package engine

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

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
	Parent     ident.JobID      // zero unless a job orders it and waits for it
	Held       bool             // it waits until Lead lets it go
}

// A Starter writes new jobs. Unlike the Engine it runs nothing, so that the
// domains, whose steps the Engine runs, can depend on it.
type Starter struct {
	registry func() *Registry
	node     Node
}

// A Node is told what was committed, so that it happens at once. What it misses
// is found by the next sweep or renewal. An Engine is one.
type Node interface {
	Wake(id ident.JobID)
	Cancel(id ident.JobID)
}

// NewStarter returns a Starter for the plans that registry gives, asked anew
// each time since plans and starters need each other.
func NewStarter(registry func() *Registry, node Node) *Starter {
	return &Starter{registry: registry, node: node}
}

// Start writes a job, its steps and its first event at the end of the caller's
// transaction. Error, then: fault.Conflict while another job is at work on the
// resource.
func (s *Starter) Start(tx store.Tx, o Order) (*models.Job, error) {
	plan := s.registry().latest[o.Kind]
	if plan == nil {
		return nil, fmt.Errorf("start job: no plan %q", o.Kind)
	}
	job := &models.Job{
		ID: ident.NewJobID(), Kind: plan.Kind, PlanVersion: plan.Version,
		CustomerID: o.Customer, ResourceKind: plan.ResourceKind, ResourceID: o.Resource,
		TargetGeneration: o.Generation, ActorUserID: o.Actor, ParentID: o.Parent,
		State: models.JobPending, EventSeq: 1, Held: o.Held,
	}
	if o.Held {
		job.WaitingFor = new("Its turn.")
	}
	// When it was created is PostgreSQL's word, as all times that decide something:
	// clocks of nodes may be hours apart.
	tx.Queue(tx.NewInsert().Model(job).Returning("created_at"), func(err error) error {
		if store.Violates(err, "jobs_one_active") {
			return fault.Conflict.New("id", "Another job is at work on this; wait for it to end.")
		}
		return store.Wrap(err, "insert job")
	}, &job.CreatedAt)
	steps := make([]*models.JobStep, len(plan.Steps))
	for i, step := range plan.Steps {
		steps[i] = &models.JobStep{JobID: job.ID, Idx: i, Name: step.Name(), State: models.StepPending}
	}
	tx.Queue(tx.NewInsert().Model(&steps), wrapped("insert steps of job", job.ID))
	first := &models.JobEvent{JobID: job.ID, Seq: 1, Kind: EventCreated, State: job.State}
	tx.Queue(tx.NewInsert().Model(first), wrapped("insert first event of job", job.ID))
	if !o.Held {
		tx.AfterCommit(func() { s.node.Wake(job.ID) })
	}
	return job, nil
}

// Hurry makes due what waits to try again something of the resources, a query for
// their ids: jobs that are STUCK or wait for at most MaxBackoff. What they waited
// for may be there now; if not, they wait again. After the caller's
// commit this node takes them up.
func (s *Starter) Hurry(ctx context.Context, tx store.Tx, resources *bun.SelectQuery) error {
	var jobs []*models.Job
	err := tx.NewUpdate().Model((*models.Job)(nil)).Set("next_attempt_at = now()").
		Where("state IN (?)", bun.List(Active)).Where("lease_until IS NULL").Where("resource_id IN (?)", resources).
		Where("next_attempt_at > now()").Where("(next_attempt_at <= now() + ? * interval '1 second' OR state = ?)", MaxBackoff.Seconds(), models.JobStuck).
		Returning("id").Scan(ctx, &jobs)
	if err != nil {
		return store.Wrap(err, "hurry jobs")
	}
	tx.AfterCommit(func() {
		for _, j := range jobs {
			s.node.Wake(j.ID)
		}
	})
	return nil
}

func wrapped(what string, id ident.JobID) func(error) error {
	return func(err error) error { return store.Wrap(err, "%s %s", what, id) }
}
