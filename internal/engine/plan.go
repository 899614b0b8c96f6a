package engine

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// A Plan is how one kind of job is done.
type Plan struct {
	Kind    string // noun.verb, such as database.create
	Version int    // raised when the steps change; jobs begun under another version keep theirs
	// ResourceKind is the kind of the id of what the plan works on, such as ident.Database.
	ResourceKind string
	Steps        []Step
	// Load reads the wish and its secrets; it is called each time a job is taken up.
	Load func(ctx context.Context, resource uuid.UUID) (Target, error)
	// Settle moves the resource's row to where the outcome leaves it, in the
	// transaction that ends the job, so it happens exactly once. The outcome is
	// models.JobSucceeded, models.JobFailed or models.JobCanceled.
	Settle func(ctx context.Context, tx store.Tx, resource uuid.UUID, outcome models.JobState) error
	// Needs is what a person must hold, beside JOBS_WRITE, to operate such a job.
	Needs actor.Permission
	// Again takes up the wish of a job that FAILED or was CANCELED, in the
	// transaction that starts another: state, quota and name. It returns the
	// generation of the wish. Nil where that makes no sense. Errors:
	// fault.Conflict, fault.QuotaExceeded.
	Again func(ctx context.Context, tx store.Tx, resource uuid.UUID) (generation int64, err error)
	// Final tells whether the job cannot be taken back any more although its step is
	// not over, since the step has noted, by Env.Note, an effect that it is about to
	// have and that must not be undone once it is there. Nil: never.
	Final func(ctx context.Context, tx store.Tx, resource uuid.UUID) (bool, error)
	// Long says that such a job may be at work for hours. On each node few of them
	// run at once, half of them for one customer at most, and none in the place of others.
	Long bool
	// Begun notes the job that tries again where the one before was noted, in the same
	// transaction and once it is written; nil where nothing notes a job.
	Begun func(tx store.Tx, before, anew *models.Job)
	// Leads says that such a job is ordered together with its children, which Lead
	// lets go. Trying it again orders those anew that did not succeed.
	Leads bool
}

// A Target is what a plan works towards.
type Target struct {
	Spec      any
	OwnerMark string
}

// pivot is the index of the plan's pivot, len(Steps) without one.
func (p *Plan) pivot() int {
	if i := slices.IndexFunc(p.Steps, func(s Step) bool { return s.Policy().Pivot }); i >= 0 {
		return i
	}
	return len(p.Steps)
}

func (p *Plan) validate() error {
	if p.Kind == "" || p.Version < 1 || p.ResourceKind == "" || p.Load == nil || p.Settle == nil || p.Needs == "" || len(p.Steps) == 0 {
		return fmt.Errorf("engine: plan %q is not complete", p.Kind)
	}
	seen := map[string]bool{}
	for _, s := range p.Steps {
		if s.Name() == "" || seen[s.Name()] {
			return fmt.Errorf("engine: plan %q has two steps %q or one without a name", p.Kind, s.Name())
		}
		seen[s.Name()] = true
	}
	return nil
}

type planKey struct {
	kind    string
	version int
}

// A Registry holds the plans that a node can run. It is filled before the
// engine starts and not changed afterwards.
type Registry struct {
	plans  map[planKey]*Plan
	latest map[string]*Plan
}

// NewRegistry returns a registry of the plans. Error: an incomplete plan or two of one kind and version.
func NewRegistry(plans ...*Plan) (*Registry, error) {
	r := &Registry{plans: map[planKey]*Plan{}, latest: map[string]*Plan{}}
	for _, p := range plans {
		if err := p.validate(); err != nil {
			return nil, err
		}
		key := planKey{p.Kind, p.Version}
		if r.plans[key] != nil {
			return nil, fmt.Errorf("engine: two plans %s of version %d", p.Kind, p.Version)
		}
		r.plans[key] = p
		if l := r.latest[p.Kind]; l == nil || l.Version < p.Version {
			r.latest[p.Kind] = p
		}
	}
	return r, nil
}

// Plans lists the latest version of each kind, by kind.
func (r *Registry) Plans() []*Plan {
	var list []*Plan
	for _, p := range r.latest {
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b *Plan) int {
		if a.Kind < b.Kind {
			return -1
		}
		return 1
	})
	return list
}
