package database

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/audit"
	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/idempotency"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// KindBulk is the kind of job that changes several databases: its children, each
// of the ordinary kind, do.
const KindBulk = "database.bulk"

// bulkResource is what such a job works on. It has no row: the job and its
// children are all there is of it.
const bulkResource = "databaseBatch"

// MaxBulk is how many databases are changed at once.
const MaxBulk = 100

// Action is what can be done to several databases at once.
type Action string

// The actions.
const (
	ActionSuspend Action = "SUSPEND"
	ActionResume  Action = "RESUME"
	ActionDelete  Action = "DELETE"
)

// BulkInput is the graph's ChangeDatabasesInput: either IDs or Filter.
type BulkInput struct {
	Action       Action
	IDs          []ident.DatabaseID
	Filter       *Filter
	Reason       *string // of a suspension
	GraceSeconds *int    // of a deletion
	DryRun       bool    `json:"-"`
}

// BulkPayload is the graph's ChangeDatabasesPayload. After a dry run Databases
// are as they are, and Job is nil.
type BulkPayload struct {
	Preview   *engine.Preview
	Databases []*models.Database // in the order of their ids; those that were removed, too
	Job       *models.Job        // nil when there was nothing to do on a server
}

// Validate checks every field but what the rows say; all that is wrong comes together.
func (in BulkInput) Validate() error {
	faults := []*fault.Error{store.CheckText("reason", in.Reason)}
	add := func(field, format string, args ...any) {
		faults = append(faults, fault.Invalid.New(field, format, args...))
	}
	switch {
	case (in.IDs == nil) == (in.Filter == nil):
		add("ids", "Say which databases: by `ids` or by `filter`, one of the two.")
	case in.Filter == nil && (len(in.IDs) == 0 || len(in.IDs) > MaxBulk):
		add("ids", "Between 1 and %d databases at once.", MaxBulk)
	}
	seen := map[ident.DatabaseID]bool{}
	for i, id := range in.IDs {
		if seen[id] && !id.IsZero() { // a malformed id is a missing one
			add(fmt.Sprintf("ids.%d", i), "This database is given twice.")
		}
		seen[id] = true
	}
	if in.Reason != nil && in.Action != ActionSuspend {
		add("reason", "Only a suspension has a reason.")
	}
	if g := in.GraceSeconds; g != nil && in.Action != ActionDelete {
		add("graceSeconds", "Only a deletion has a grace period.")
	} else if g != nil && (*g < 0 || *g > MaxGraceSeconds) {
		add("graceSeconds", "Between 0 and %d seconds.", MaxGraceSeconds)
	}
	return fault.Join(faults...)
}

// bulkRef is what an idempotency key keeps.
type bulkRef struct {
	Databases []ident.DatabaseID `json:"databases"`
	Job       ident.JobID        `json:"job"`

	idempotency.Ordered `json:"-"`
}

// ChangeAll suspends, resumes or deletes up to MaxBulk databases: all are ordered,
// in one transaction, or none is. Errors: fault.Invalid, and for each database
// what the mutation of it alone is refused with, with its place in the ids as field.
func (s *Service) ChangeAll(ctx context.Context, in BulkInput) (*BulkPayload, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	if err := in.Validate(); err != nil {
		return nil, err
	}
	if err := in.Filter.check(); err != nil {
		return nil, err
	}
	out := &BulkPayload{}
	var before []*models.Database
	call := idempotency.Call{Mutation: "changeDatabases", Input: in, DryRun: in.DryRun}
	preview, err := idempotency.Order(ctx, s.db, s.engine, call, func(ctx context.Context, tx store.Tx) (bulkRef, error) {
		list, err := s.choose(ctx, tx, who, in)
		if err != nil {
			return bulkRef{}, err
		}
		before, *out = make([]*models.Database, len(list)), BulkPayload{Databases: make([]*models.Database, len(list))}
		for i, c := range list {
			as := *c.row
			before[c.place], out.Databases[c.place] = &as, list[i].row
		}
		if err := stand(ctx, tx, who, list); err != nil {
			return bulkRef{}, err
		}
		owner, err := s.lead(ctx, tx, who, in, list, out)
		if err != nil {
			return bulkRef{}, err
		}
		r := bulkRef{Ordered: idempotency.Ordered{Begun: out.Job, Customer: owner}}
		entry := audit.Entry{Action: KindBulk, Kind: ident.Customer, Object: owner.UUID, Customer: owner}
		if out.Job != nil {
			r.Job = out.Job.ID
			entry.Kind, entry.Object = ident.Job, out.Job.ID.UUID
		}
		for _, row := range out.Databases {
			r.Databases = append(r.Databases, row.ID)
		}
		entry.Detail = map[string]any{"action": in.Action, "databases": r.Databases, "reason": in.Reason}
		if err := s.orderEach(ctx, tx, who, in, list, out.Job); err != nil {
			return bulkRef{}, err
		}
		return r, audit.Record(ctx, tx, entry)
	}, func(ctx context.Context, tx store.Tx, r bulkRef) (err error) {
		out.Databases = []*models.Database{}
		err = tx.NewSelect().Model(&out.Databases).Apply(visible(who, actor.DatabasesWrite)).Where("d.id IN (?)", bun.List(r.Databases)).Scan(ctx)
		if err != nil {
			return store.Wrap(err, "read databases")
		}
		slices.SortFunc(out.Databases, func(a, b *models.Database) int {
			return cmp.Compare(slices.Index(r.Databases, a.ID), slices.Index(r.Databases, b.ID))
		})
		out.Job, err = replayJob(ctx, tx, who, r.Job)
		return err
	})
	if preview != nil {
		return &BulkPayload{Preview: preview, Databases: before}, nil
	}
	return out, err
}

func (s *Service) bulkPlan() *engine.Plan {
	return &engine.Plan{
		Kind: KindBulk, Version: 1, ResourceKind: bulkResource, Needs: actor.DatabasesWrite, Leads: true,
		Steps: []engine.Step{bulkStep{s}},
		Load:  func(context.Context, uuid.UUID) (engine.Target, error) { return engine.Target{}, nil },
		Settle: func(ctx context.Context, tx store.Tx, id uuid.UUID, _ models.JobState) error {
			return s.engine.Release(ctx, tx, id)
		},
		// The children take their own wishes up again.
		Again: func(context.Context, store.Tx, uuid.UUID) (int64, error) { return 1, nil },
	}
}

// A bulkStep waits for the children.
type bulkStep struct{ service *Service }

func (bulkStep) Name() string          { return "change-each" }
func (bulkStep) Policy() engine.Policy { return engine.Policy{} }

// Observe leaves it to Apply to look how far the children are.
func (bulkStep) Observe(context.Context, *engine.Env) (engine.Observed, error) {
	return engine.Observed{State: engine.Differs}, nil
}

func (b bulkStep) Apply(ctx context.Context, e *engine.Env) (engine.Handle, error) {
	return nil, b.service.engine.Follow(ctx, b.service.db, e)
}

func (b bulkStep) Undo(ctx context.Context, e *engine.Env, _ engine.Handle) error {
	return b.service.engine.Unfollow(ctx, b.service.db, e)
}
