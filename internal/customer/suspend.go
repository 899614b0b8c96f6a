package customer

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/audit"
	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/idempotency"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// The kinds of job on customers.
const (
	KindSuspend = "customer.suspend"
	KindResume  = "customer.resume"
)

// MaxReasonLen bounds the reason of a suspension, in characters.
const MaxReasonLen = 500

// A Suspendable is a domain whose things stop with their customer. Each call
// orders what is still to be ordered, as children of the parent job, for the
// customer and everybody below it; things that stand still already, for their
// own sake or another customer's, are left alone.
type Suspendable interface {
	// SuspendAll orders suspensions of what runs. It tells how many things do, and
	// how many of these failed to stop for good.
	SuspendAll(ctx context.Context, parent ident.JobID, customer ident.CustomerID) (left, failed int, err error)
	// ResumeAll orders resumptions of what nothing else holds any more.
	ResumeAll(ctx context.Context, parent ident.JobID, customer ident.CustomerID) (left, failed int, err error)
}

// Plans are the sagas of this domain.
func (s *Service) Plans() []*engine.Plan {
	return []*engine.Plan{
		{
			Kind: KindSuspend, Version: 1, ResourceKind: ident.Customer, Needs: actor.CustomersWrite,
			Load: s.load, Settle: s.settle(models.CustomerSuspended), Again: s.again(true),
			Steps: []engine.Step{step{name: "suspend-services", service: s, suspend: true}},
		},
		{
			Kind: KindResume, Version: 1, ResourceKind: ident.Customer, Needs: actor.CustomersWrite,
			Load: s.load, Settle: s.settle(models.CustomerActive), Again: s.again(false),
			Steps: []engine.Step{step{name: "resume-services", service: s}},
		},
	}
}

func (s *Service) load(_ context.Context, id uuid.UUID) (engine.Target, error) {
	return engine.Target{Spec: ident.CustomerIDOf(id)}, nil
}

// settle lets the state follow the wish. A job that was taken back leaves the
// wish of before, which its undo has written.
func (s *Service) settle(done models.CustomerState) func(context.Context, store.Tx, uuid.UUID, models.JobState) error {
	return func(ctx context.Context, tx store.Tx, id uuid.UUID, outcome models.JobState) error {
		q := tx.NewUpdate().Model((*models.Customer)(nil)).Where("c.id = ?", id).Where("c.state <> ?", models.CustomerArchived).Set("updated_at = now()")
		if outcome == models.JobSucceeded {
			q = q.Set("state = ?", done)
		} else {
			q = q.Set("suspended = (state = ?)", models.CustomerSuspended)
		}
		_, err := q.Exec(ctx)
		return store.Wrap(err, "settle customer %s", id)
	}
}

func (s *Service) again(suspended bool) func(context.Context, store.Tx, uuid.UUID) (int64, error) {
	return func(ctx context.Context, tx store.Tx, id uuid.UUID) (int64, error) {
		row := new(models.Customer)
		if err := tx.NewSelect().Model(row).Where("c.id = ?", id).For("UPDATE").Scan(ctx); err != nil {
			return 0, store.Wrap(err, "lock customer %s", id)
		}
		return 1, wishSuspended(ctx, tx, row, suspended, row.SuspendReason)
	}
}

// wishSuspended writes the wish, from which every service takes its own.
func wishSuspended(ctx context.Context, tx store.Tx, row *models.Customer, suspended bool, reason *string) error {
	want := models.CustomerActive
	if !suspended {
		want = models.CustomerSuspended
	}
	if row.State != want {
		return fault.Conflict.New("id", "This customer is %s already.", map[bool]string{true: "suspended", false: "active"}[suspended])
	}
	row.Suspended, row.SuspendReason = suspended, reason
	_, err := tx.NewUpdate().Model(row).WherePK().Column("suspended", "suspend_reason").Set("updated_at = now()").Returning("*").Exec(ctx)
	return store.Wrap(err, "change customer %s", row.ID)
}

// Suspend stops every service of the customer and of those below it: one job
// with children. Errors: fault.Invalid, fault.NotFound, fault.Forbidden for those
// who do not stand above it, fault.Conflict unless it is ACTIVE.
func (s *Service) Suspend(ctx context.Context, in SuspendInput) (*JobPayload, error) {
	if err := in.Validate(); err != nil {
		return nil, err
	}
	out, err := s.turn(ctx, idempotency.Call{Mutation: "suspendCustomer", Input: in, DryRun: in.DryRun}, KindSuspend, in.ID, true, &in.Reason)
	if err == nil && out.Preview != nil {
		out.Customer = nil // so it was from the beginning
	}
	return out, err
}

// Resume lets everything run again that nothing else holds. Errors as of Suspend,
// fault.Conflict unless it is SUSPENDED.
func (s *Service) Resume(ctx context.Context, in ResumeInput) (*JobPayload, error) {
	return s.turn(ctx, idempotency.Call{Mutation: "resumeCustomer", Input: in, DryRun: in.DryRun}, KindResume, in.ID, false, nil)
}

func (s *Service) turn(ctx context.Context, call idempotency.Call, kind string, id ident.CustomerID, suspended bool, reason *string) (*JobPayload, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	out := &JobPayload{}
	var before models.Customer
	preview, err := idempotency.Order(ctx, s.db, s.engine, call, func(ctx context.Context, tx store.Tx) (turnRef, error) {
		row, err := lockForWrite(ctx, tx, who, id, "id", "UPDATE")
		if err != nil {
			return turnRef{}, err
		}
		if err := fromAbove(ctx, tx, who, row, "id"); err != nil {
			return turnRef{}, err
		}
		before = *row
		if err := wishSuspended(ctx, tx, row, suspended, reason); err != nil {
			return turnRef{}, err
		}
		// It belongs to those above: the customer itself must not take it back.
		job, err := s.engine.Start(tx, engine.Order{Kind: kind, Resource: row.ID.UUID, Customer: row.ParentID, Actor: who.User, Generation: 1})
		if err != nil {
			return turnRef{}, err
		}
		out.Customer, out.Job = row, job
		return turnRef{row.ID, job.ID, idempotency.Ordered{Begun: job, Customer: row.ID}}, audit.Record(ctx, tx, audit.Entry{
			Action: kind, Kind: ident.Customer, Object: row.ID.UUID, Customer: row.ID, Detail: map[string]any{"reason": reason},
		})
	}, func(ctx context.Context, tx store.Tx, r turnRef) error {
		out.Customer, out.Job = new(models.Customer), new(models.Job)
		if err := tx.NewSelect().Model(out.Customer).Apply(visible(who, actor.CustomersWrite)).Where("c.id = ?", r.Customer).Scan(ctx); err != nil {
			return store.Wrap(err, "read customer %s", r.Customer)
		}
		err := tx.NewSelect().Model(out.Job).Apply(store.Visible(who, actor.CustomersWrite, "j.customer_id")).Where("j.id = ?", r.Job).Scan(ctx)
		return store.Wrap(err, "read job %s", r.Job)
	})
	if preview != nil {
		return &JobPayload{Preview: preview, Customer: &before}, nil
	}
	return out, err
}

type turnRef struct {
	Customer ident.CustomerID `json:"customer"`
	Job      ident.JobID      `json:"job"`

	idempotency.Ordered `json:"-"`
}

// A step turns every service of a customer off, or on again.
type step struct {
	name    string
	service *Service
	suspend bool
}

func (s step) Name() string { return s.name }

// Policy has no retries to speak of: what fails are the children, each with its own.
func (s step) Policy() engine.Policy { return engine.Policy{Timeout: 2 * time.Minute} }

// Observe leaves it to Apply to find what is left.
func (s step) Observe(context.Context, *engine.Env) (engine.Observed, error) {
	return engine.Observed{State: engine.Differs}, nil
}

// Apply orders the children and waits until they are over; the end of each
// wakes it up.
func (s step) Apply(ctx context.Context, e *engine.Env) (engine.Handle, error) {
	return nil, s.service.turnAll(ctx, e, s.suspend)
}

// Undo writes the wish of before and turns back what was turned.
func (s step) Undo(ctx context.Context, e *engine.Env, _ engine.Handle) error {
	_, err := s.service.db.NewUpdate().Model((*models.Customer)(nil)).Where("c.id = ?", e.Resource).Set("suspended = ?", !s.suspend).Exec(ctx)
	if err != nil {
		return store.Wrap(err, "take back the wish of customer %s", e.Resource)
	}
	return s.service.turnAll(ctx, e, !s.suspend)
}

func (s *Service) turnAll(ctx context.Context, e *engine.Env, suspend bool) error {
	customer, _ := e.Spec.(ident.CustomerID)
	var left, failed int
	for _, d := range s.services {
		turn := d.ResumeAll
		if suspend {
			turn = d.SuspendAll
		}
		l, f, err := turn(ctx, e.Job, customer)
		if err != nil {
			return err
		}
		left, failed = left+l, failed+f
	}
	switch {
	case failed > 0:
		return fault.Conflict.Permanent("", "%d services could not be changed; see the jobs that this one ordered.", failed)
	case left > 0:
		return &engine.Wait{Until: time.Now().Add(engine.LookEvery), Reason: fmt.Sprintf("%d services are still to follow.", left)}
	}
	return nil
}
