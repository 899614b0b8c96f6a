package jobs

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/feed"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/page"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// Connection is a page of jobs, and Edge a row of it.
type (
	Connection = page.Connection[*models.Job]
	Edge       = page.Edge[*models.Job]
)

// Filter is the graph's JobFilter.
type Filter struct {
	State      *models.JobState
	Kind       *string
	CustomerID *ident.CustomerID
	ResourceID *string // opaque; of any kind
	Since      *time.Time
}

// A Service shows jobs to those who may see them, and lets those who may
// operate them.
type Service struct {
	db      *store.DB
	feed    *Feed
	starter *engine.Starter
}

// NewService returns a Service. A Service that only shows needs no starter.
func NewService(db *store.DB, feed *Feed, starter *engine.Starter) *Service {
	return &Service{db: db, feed: feed, starter: starter}
}

var newest = store.Order[*models.Job]{
	Name: "jobs.newest", Key: "j.created_at", Type: "timestamptz", ID: "j.id", Desc: true,
	Place: func(j *models.Job) (string, string) { return j.CreatedAt.Format(time.RFC3339Nano), j.ID.String() },
	Needs: map[string][]bun.Ident{
		"customer": {"j.customer_id"}, "actor": {"j.actor_user_id"}, "resource": {"j.resource_kind", "j.resource_id"}, "parent": {"j.parent_id"},
		"error": {"j.error_code", "j.error_message"}, "position": {"j.event_seq"}, "steps": {}, "events": {}, "children": {},
	},
}

func visible(q *bun.SelectQuery, who store.Scope, p actor.Permission) *bun.SelectQuery {
	return q.Apply(store.Visible(who, p, "j.customer_id"))
}

// Find returns a job, nil when there is none that the caller may see.
func (s *Service) Find(ctx context.Context, id ident.JobID) (*models.Job, error) {
	found, err := s.FindAll(ctx, []ident.JobID{id})
	if err != nil {
		return nil, err
	}
	return found[id], nil
}

var byID = &store.Keyed[ident.JobID, models.Job]{
	Name: "find jobs", Query: func(q *bun.SelectQuery, who store.Scope, p actor.Permission) *bun.SelectQuery {
		return visible(q, who, p).Where("j.id = ANY ($1)")
	},
}

// FindAll returns those of the jobs that the caller may see, in one query.
func (s *Service) FindAll(ctx context.Context, ids []ident.JobID) (map[ident.JobID]*models.Job, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := byID.Read(ctx, s.db, who, actor.JobsRead, ids)
	if err != nil {
		return nil, err
	}
	found := make(map[ident.JobID]*models.Job, len(rows))
	for _, j := range rows {
		found[j.ID] = j
	}
	return found, nil
}

// List returns a page of the jobs that the caller may see, newest first.
func (s *Service) List(ctx context.Context, args page.Args, f *Filter) (*Connection, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	list := store.NewList(s.db, who, (*models.Job)(nil))
	list.Apply(store.Visible(list, actor.JobsRead, "j.customer_id"))
	if (f == nil || f.Kind == nil && f.ResourceID == nil && f.Since == nil) && len(who.Pinned()) == 0 {
		list.CountedIn("job_counts")
	}
	if f != nil {
		if err := fault.Join(store.CheckText("filter.kind", f.Kind)); err != nil {
			return nil, err
		}
		if f.State != nil {
			list.Where("j.state = ?", *f.State)
		}
		if f.Kind != nil {
			list.Where("j.kind = ?", *f.Kind)
		}
		if f.CustomerID != nil {
			list.Where("j.customer_id = ?", f.CustomerID.UUID)
		}
		if f.ResourceID != nil {
			kind, id, _ := ident.Parse(*f.ResourceID)
			list.Where("j.resource_id = ? AND j.resource_kind = ?", id, kind)
		}
		if f.Since != nil { // of what the list is sorted by, so that each of its indexes ends there
			list.Where("j.created_at >= ?", *f.Since)
		}
	}
	return store.Rows(ctx, list, args, newest)
}

var (
	ofResource = &store.Edge[uuid.UUID, models.Job]{
		Order: newest, Parent: "j.resource_id", Of: func(j *models.Job) uuid.UUID { return j.ResourceID }, Rows: visible,
		Customer: func(j *models.Job) ident.CustomerID { return j.CustomerID }, Reads: []bun.Ident{"j.customer_id"}, // one above may have ordered several at once
	}
	children = &store.Edge[ident.JobID, models.Job]{
		Order: newest, Parent: "j.parent_id", Of: func(j *models.Job) ident.JobID { return j.ParentID }, Rows: visible,
	}
)

// OfResources returns a page of jobs for each of the resources, whose customers
// are given beside them, in one query; nil where the caller may see no jobs.
func (s *Service) OfResources(ctx context.Context, resources []uuid.UUID, customers []ident.CustomerID, args page.Args) ([]*Connection, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	return ofResource.PagesWithin(ctx, s.db, who, actor.JobsRead, resources, customers, args)
}

// Parents returns the job that ordered each of the jobs and waits for it, nil
// for those that none did: one query.
func (s *Service) Parents(ctx context.Context, jobs []*models.Job) ([]*models.Job, error) {
	var ids []ident.JobID
	for _, j := range jobs {
		if !j.ParentID.IsZero() {
			ids = append(ids, j.ParentID)
		}
	}
	found, err := s.FindAll(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make([]*models.Job, len(jobs))
	for i, j := range jobs {
		out[i] = found[j.ParentID]
	}
	return out, nil
}

// Children returns a page of the jobs that each of the jobs ordered, newest
// first: one query.
func (s *Service) Children(ctx context.Context, jobs []*models.Job, args page.Args) ([]*Connection, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	ids := idsOf(jobs)
	pages, err := children.Pages(ctx, s.db, who, actor.JobsRead, ids, args)
	if err != nil {
		return nil, err
	}
	out := make([]*Connection, len(ids))
	for i, id := range ids {
		out[i] = pages[id]
	}
	return out, nil
}

var (
	//allow:tenant of jobs that were found with the filter
	stepsOf = &store.Keyed[ident.JobID, models.JobStep]{
		Name: "read steps", Query: func(q *bun.SelectQuery, _ store.Scope, _ actor.Permission) *bun.SelectQuery {
			return q.Where("job_id = ANY ($1)").Order("job_id", "idx")
		},
	}
	//allow:tenant of jobs that were found with the filter
	eventsOf = &store.Keyed[ident.JobID, models.JobEvent]{
		Name: "read events", Query: func(q *bun.SelectQuery, _ store.Scope, _ actor.Permission) *bun.SelectQuery {
			return q.Where("job_id = ANY ($1)").Where("seq > $2 AND seq <= $3").Order("job_id", "seq")
		},
	}
)

func idsOf(jobs []*models.Job) []ident.JobID {
	ids := make([]ident.JobID, len(jobs))
	for i, j := range jobs {
		ids[i] = j.ID
	}
	return ids
}

// Steps returns the steps of each job, in the order of the plan: one query.
func (s *Service) Steps(ctx context.Context, jobs []*models.Job) ([][]*models.JobStep, error) {
	rows, err := stepsOf.Read(ctx, s.db, nil, "", idsOf(jobs))
	if err != nil {
		return nil, err
	}
	byJob := map[ident.JobID][]*models.JobStep{}
	for _, r := range rows {
		byJob[r.JobID] = append(byJob[r.JobID], r)
	}
	out := make([][]*models.JobStep, len(jobs))
	for i, j := range jobs {
		out[i] = byJob[j.ID]
	}
	return out, nil
}

// Events returns up to first events of each job after a position: one query.
func (s *Service) Events(ctx context.Context, jobs []*models.Job, first *int, after *models.Position) ([][]*models.JobEvent, error) {
	n := page.DefaultSize
	if first != nil {
		n = *first
	}
	if n < 1 || n > page.MaxSize {
		return nil, fault.Invalid.New("first", "A page has 1 to %d rows.", page.MaxSize)
	}
	ids, seq := make([]ident.JobID, len(jobs)), int64(0)
	for i, j := range jobs {
		ids[i] = j.ID
		var err error
		if seq, err = placeIn(after, j.ID); err != nil {
			return nil, err
		}
	}
	// seq is gapless, so the n events after a place are a range.
	rows, err := eventsOf.Read(ctx, s.db, nil, "", ids, seq, seq+int64(n))
	if err != nil {
		return nil, err
	}
	byJob := map[ident.JobID][]*models.JobEvent{}
	for _, r := range rows {
		byJob[r.JobID] = append(byJob[r.JobID], r)
	}
	out := make([][]*models.JobEvent, len(jobs))
	for i, j := range jobs {
		out[i] = byJob[j.ID]
	}
	return out, nil
}

// Watch sends every event of a job after the given position, each once and in
// order, first from the table and then live, or a gap where events are gone; it
// closes the channel when the job ends or ctx does. Errors: fault.NotFound,
// fault.Invalid for a position of another stream.
func (s *Service) Watch(ctx context.Context, id ident.JobID, after *models.Position) (<-chan StreamItem, error) {
	job, err := s.Find(ctx, id)
	if err != nil {
		return nil, err
	}
	if job == nil {
		return nil, store.NotFound("id")
	}
	seq, err := placeIn(after, id)
	if err != nil {
		return nil, err
	}
	gap := seq > job.EventSeq // a position from before a restore of the panel's database
	seq = min(seq, job.EventSeq)
	return s.feed.follow(ctx, id, seq, gap, job.State.Terminal() && seq == job.EventSeq), nil
}

// WatchAll sends the events of all jobs that the caller may see, or of those of one
// customer, after the given position, each once and in order, until ctx ends.
// Without a position, or with one of before a restore, it begins now, and says so
// with a gap. Errors: fault.NotFound, fault.Invalid for a position of another stream.
func (s *Service) WatchAll(ctx context.Context, customer *string, after *models.Position) (<-chan StreamItem, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	r := reach{who: who}
	if customer != nil {
		r.customer = ident.ParseCustomerID(*customer)
		seen, err := s.db.NewSelect().Table("customers").Where("id = ?", r.customer.UUID).Apply(store.Visible(who, actor.JobsRead, "id")).Exists(ctx)
		switch {
		case err != nil:
			return nil, store.Wrap(err, "read customer")
		case !seen:
			return nil, store.NotFound("customerId")
		}
	}
	if after != nil && (after.Bad || after.Place == nil || after.OfAudit() || after.OfNotifications()) {
		return nil, notOfThisStream()
	}
	now, err := s.feed.horizon(ctx)
	if err != nil {
		return nil, err
	}
	from, gap := feed.Begin(after, now)
	return s.feed.tail.Follow(ctx, r, from, gap, now), nil
}

// DurationMs is how long a step took, in milliseconds; nil while it is not over.
func DurationMs(s *models.JobStep) *int {
	if s.StartedAt == nil || s.FinishedAt == nil {
		return nil
	}
	ms := int(s.FinishedAt.Sub(*s.StartedAt).Milliseconds())
	return &ms
}
