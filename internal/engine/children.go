package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

const (
	// ChildrenAtOnce is how many children of one job are at work at once. Others'
	// jobs have their turn too: it is half of what a node runs by default.
	ChildrenAtOnce = 8
	// LookEvery is when a parent looks by itself, should a child's end not be heard.
	LookEvery = 15 * time.Second
)

// A Tally is how far the children of a job are.
type Tally struct {
	All    int
	Over   int // succeeded, failed or canceled
	Failed int // failed or canceled
}

// lead counts those at work that need a slot: one that waits, such as for the
// end of a grace period or for its server, does not keep others from their turn.
const lead = `
UPDATE jobs SET held = false, waiting_for = NULL WHERE id IN (
	SELECT id FROM jobs WHERE parent_id = ?0 AND held ORDER BY id
	LIMIT greatest(0, ?1 - (SELECT count(*) FROM jobs WHERE parent_id = ?0 AND state IN (?2) AND NOT held
		AND (lease_until IS NOT NULL OR next_attempt_at IS NULL OR next_attempt_at <= now())))
	FOR UPDATE
) RETURNING id`

// Lead lets as many held children of a job go as may be at work at once, in the
// order in which they were ordered, and counts all. It is called whenever the job
// looks; the end of each child, and its first wait, wakes the job up.
func (s *Starter) Lead(ctx context.Context, tx store.Tx, parent ident.JobID) (t Tally, err error) {
	var freed []struct{ ID ident.JobID }
	if err := tx.NewRaw(lead, parent, ChildrenAtOnce, bun.List(Active)).Scan(ctx, &freed); err != nil {
		return t, store.Wrap(err, "let children of job %s go", parent)
	}
	tx.AfterCommit(func() {
		for _, f := range freed {
			s.node.Wake(f.ID)
		}
	})
	err = tx.NewSelect().Model((*models.Job)(nil)).Where("j.parent_id = ?", parent).ColumnExpr(`count(*) AS "all"`).
		ColumnExpr("count(*) FILTER (WHERE j.state NOT IN (?)) AS over", bun.List(Active)).
		ColumnExpr("count(*) FILTER (WHERE j.state IN (?)) AS failed", bun.List(unsuccessful)).Scan(ctx, &t)
	return t, store.Wrap(err, "count the children of job %s", parent)
}

var unsuccessful = []models.JobState{models.JobFailed, models.JobCanceled}

// Follow is the Apply of a step whose work is that of the job's children: it lets
// them go, a few at once, and waits until all are over. Children are sagas of
// their own: what one failed at is not taken back from the others. Error: a
// permanent fault.Conflict that tells how many did not succeed.
func (s *Starter) Follow(ctx context.Context, db *store.DB, e *Env) error {
	t, err := s.look(ctx, db, e.Job)
	if err != nil {
		return err
	}
	if err := Point(ctx, "children-let-go"); err != nil {
		return err
	}
	switch {
	case t.Over < t.All:
		if percent := 100 * float64(t.Over) / float64(t.All); percent > e.Percent {
			if err := e.Progress(ctx, percent, fmt.Sprintf("%d of %d are over.", t.Over, t.All)); err != nil {
				return err
			}
		}
		return &Wait{Until: time.Now().Add(LookEvery), Reason: "The jobs that it ordered."}
	case t.Failed > 0:
		return fault.Conflict.Permanent("", "%d of %d failed; see the jobs that this one ordered.", t.Failed, t.All)
	}
	return nil
}

// Unfollow is that step's Undo: what is not over yet is taken back, as far as it
// can be, and what is over stays.
func (s *Starter) Unfollow(ctx context.Context, db *store.DB, e *Env) error {
	left := 0
	err := store.InTx(ctx, db, func(ctx context.Context, tx store.Tx) (err error) {
		left, err = s.CancelChildren(ctx, tx, e.Job, "")
		return err
	})
	if err == nil && left > 0 {
		return &Wait{Until: time.Now().Add(LookEvery), Reason: "The jobs that it ordered."}
	}
	return err
}

func (s *Starter) look(ctx context.Context, db *store.DB, parent ident.JobID) (t Tally, err error) {
	err = store.InTx(ctx, db, func(ctx context.Context, tx store.Tx) (err error) {
		t, err = s.Lead(ctx, tx, parent)
		return err
	})
	return t, err
}

// CancelChildren asks for all children of a job, of a kind unless that is empty,
// to be taken back, where that can be, and counts those that are not over.
func (s *Starter) CancelChildren(ctx context.Context, tx store.Tx, parent ident.JobID, kind string) (left int, err error) {
	var children []*models.Job
	q := tx.NewSelect().Model(&children).Where("j.parent_id = ?", parent).Where("j.state IN (?)", bun.List(Active)).Order("j.id")
	if kind != "" {
		q = q.Where("j.kind = ?", kind)
	}
	if err := q.Scan(ctx); err != nil {
		return 0, store.Wrap(err, "list children of job %s", parent)
	}
	for _, c := range children {
		if c.CancelRequestedAt != nil {
			continue
		}
		switch _, err := s.Cancel(ctx, tx, c.ID); fault.CodeOf(err) {
		case "", fault.Conflict, fault.Unavailable: // it is over, or can only go on
		default:
			return 0, err
		}
	}
	return len(children), nil
}

// Release is for the Settle of a plan that Leads: no child may wait for a job
// that is over, such as one that was canceled before it began.
func (s *Starter) Release(ctx context.Context, tx store.Tx, resource fmt.Stringer) error {
	var parents []*models.Job
	err := tx.NewSelect().Model(&parents).Column("id").Where("j.resource_id = ?", resource.String()).
		Where("EXISTS (SELECT FROM jobs AS c WHERE c.parent_id = j.id AND c.held)").Scan(ctx)
	if err != nil {
		return store.Wrap(err, "look for held jobs")
	}
	for _, p := range parents {
		if _, err := s.CancelChildren(ctx, tx, p.ID, ""); err != nil {
			return err
		}
	}
	return nil
}

// childrenAgain orders anew, as children of anew, what did not succeed as a child
// of before and nobody has been at work on since. Errors: fault.Conflict when
// nothing is left, and what the orders themselves are refused with.
func (s *Starter) childrenAgain(ctx context.Context, tx store.Tx, before, anew *models.Job) error {
	var failed []*models.Job
	err := tx.NewSelect().Model(&failed).Where("j.parent_id = ?", before.ID).Where("j.state IN (?)", bun.List(unsuccessful)).
		Where("NOT EXISTS (SELECT FROM jobs AS later WHERE later.resource_id = j.resource_id AND (later.finished_at IS NULL OR (later.finished_at, later.id) > (j.finished_at, j.id)))").
		Order("j.id").Scan(ctx)
	if err != nil {
		return store.Wrap(err, "list failed children of job %s", before.ID)
	}
	if len(failed) == 0 {
		return fault.Conflict.New("id", "Nothing of this job is left to be tried again.")
	}
	for _, c := range failed {
		plan := s.registry().latest[c.Kind]
		if plan == nil || plan.Again == nil {
			return fault.Conflict.New("id", "This kind of job cannot be tried again; order it anew.")
		}
		generation, err := plan.Again(ctx, tx, c.ResourceID)
		if err != nil {
			return err
		}
		child, err := s.Start(tx, Order{
			Kind: c.Kind, Resource: c.ResourceID, Customer: c.CustomerID, Actor: anew.ActorUserID, Generation: generation,
			Parent: anew.ID, Held: true,
		})
		if err != nil {
			return err
		}
		if plan.Begun != nil {
			plan.Begun(tx, c, child)
		}
	}
	return nil
}

// wakeParent makes the job's parent look again, also when it is looking now.
func (r *run) wakeParent(db bun.IDB) *bun.UpdateQuery {
	return db.NewUpdate().Table("jobs").Set("woken = true").
		Set("next_attempt_at = CASE WHEN lease_until IS NULL THEN least(next_attempt_at, now()) ELSE next_attempt_at END").
		Where("id = ?", r.job.ParentID).Where("state IN (?)", bun.List(Active))
}
