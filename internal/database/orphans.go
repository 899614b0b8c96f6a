package database

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// An orphan is a stray whose row is not there to be worked with.
type orphan struct {
	Stray
	id   uuid.UUID
	left *models.Job // the job that is known to have left it; nil for none
	row  bool        // its row is there, and is another object's
	lent bool        // it let a job into a database, and that job is over
}

// removable tells whether a job of ours is known to have left it, as one does
// that was paused and wakes up when another has taken its work back, or done it,
// or that was canceled while its statement was on the way to the server.
// A database must still have its working name, so that no customer has data in
// it. Everything else is for a person to decide.
func (o orphan) removable() bool {
	return o.lent || o.left != nil && !o.row && (o.Kind == models.ObjectRole || o.Unpublished)
}

func (o orphan) detail() string {
	switch what := strings.ToLower(string(o.Kind)); {
	case o.lent:
		return "The role let a job into a database, and that job is over."
	case o.row:
		return fmt.Sprintf("The %s bears the mark of an object that is called otherwise.", what)
	case o.left != nil:
		return fmt.Sprintf("The %s was left by a job that is over.", what)
	default:
		return fmt.Sprintf("The %s bears a mark of this installation, which knows nothing of it.", what)
	}
}

// orphans are the strays that belong to no row that a job or a survey cares for.
// It asks after the look, so that what came to be since has a row.
func (s *Service) orphansOf(ctx context.Context, db bun.IDB, l *looked) (out []orphan, err error) {
	ids := make([]uuid.UUID, 0, len(l.survey.Strays))
	strays := make([]orphan, 0, len(l.survey.Strays))
	for _, stray := range l.survey.Strays {
		id, err := uuid.Parse(strings.TrimPrefix(stray.Mark, s.marks()))
		if err == nil {
			ids = append(ids, id)
		}
		strays = append(strays, orphan{Stray: stray, id: id})
	}
	if len(strays) == 0 {
		return nil, nil
	}
	live, left := map[uuid.UUID]bool{}, map[uuid.UUID]*models.Job{}
	if len(ids) > 0 {
		if live, err = liveIDs(ctx, db, ids); err != nil {
			return nil, err
		}
		if left, err = lastJobs(ctx, db, ids); err != nil {
			return nil, err
		}
	}
	judged := map[uuid.UUID]bool{}
	for _, row := range l.rows {
		judged[row.ID.UUID] = true
	}
	for _, o := range strays {
		if live[o.id] && !judged[o.id] {
			continue // a job, or a decision, has it in hand
		}
		o.row, o.left = live[o.id], left[o.id]
		o.lent = o.Kind == models.ObjectRole && judged[o.id] && isJobRole(o.Name, o.id) // what is judged has no job at work
		out = append(out, o)
	}
	return out, nil
}

// liveIDs are those of rows that have something on a server, or will have.
func liveIDs(ctx context.Context, db bun.IDB, ids []uuid.UUID) (map[uuid.UUID]bool, error) {
	var found []uuid.UUID
	err := db.NewRaw(`SELECT id FROM databases WHERE id IN (?0) AND state <> 'FAILED'
		UNION ALL SELECT id FROM database_users WHERE id IN (?0) AND state <> 'FAILED'
		UNION ALL SELECT resource_id FROM jobs WHERE resource_id IN (?0) AND state IN (?1)`, bun.List(ids), bun.List(engine.Active)).Scan(ctx, &found)
	live := map[uuid.UUID]bool{}
	for _, id := range found {
		live[id] = true
	}
	return live, store.Wrap(err, "look for the rows of strays")
}

// lastJobs are the last jobs of resources of which nothing may be left: a
// creation that was taken back, or a removal that succeeded.
func lastJobs(ctx context.Context, db bun.IDB, ids []uuid.UUID) (map[uuid.UUID]*models.Job, error) {
	var last []*models.Job
	//allow:tenant a survey compares all of a server
	err := db.NewSelect().Model(&last).DistinctOn("j.resource_id").Where("j.resource_id IN (?)", bun.List(ids)).
		OrderExpr("j.resource_id, j.created_at DESC, j.id DESC").Scan(ctx)
	if err != nil {
		return nil, store.Wrap(err, "look for the jobs of strays")
	}
	left := map[uuid.UUID]*models.Job{}
	for _, j := range last {
		undone := j.State == models.JobFailed || j.State == models.JobCanceled
		if creates(j.Kind) && undone || removes(j.Kind) && j.State == models.JobSucceeded {
			left[j.ResourceID] = j
		}
	}
	return left, nil
}

func creates(kind string) bool {
	return kind == KindCreate || kind == KindClone || kind == KindCreateUser
}
func removes(kind string) bool { return kind == KindDelete || kind == KindDeleteUser }

// removeOrphan orders the removal of an orphan.
func (s *Service) removeOrphan(tx store.Tx, f *models.DriftFinding, by ident.UserID) (*models.Job, error) {
	job, err := s.engine.Start(tx, engine.Order{Kind: KindRemoveOrphan, Resource: f.ID.UUID, Actor: by, Generation: 1})
	if err != nil {
		return nil, err
	}
	noteJob(tx, job, []*models.DriftFinding{f})
	return job, nil
}

// unlessAtWork refuses to remove what a job has taken up since it was seen.
func (s *Service) unlessAtWork(mark string) func(context.Context) error {
	return func(ctx context.Context) error {
		busy, err := s.db.NewSelect().Model((*models.Job)(nil)).Where("j.resource_id::text = ?", strings.TrimPrefix(mark, s.marks())).
			Where("j.state IN (?)", bun.List(engine.Active)).Exists(ctx)
		switch {
		case err != nil:
			return store.Wrap(err, "look for a job of %s", mark)
		case busy:
			return fault.Conflict.Permanent("", "A job is at work on this.")
		}
		return nil
	}
}

func removeOrphan() engine.Step {
	drop := func(ctx context.Context, s *spec) error { return s.server.RemoveStray(ctx, s.stray) }
	return step{name: "remove", policy: engine.Policy{Timeout: time.Minute, Pivot: true}, observe: observeNothing, apply: drop}
}

func (s *Service) loadOrphan(ctx context.Context, id uuid.UUID) (engine.Target, error) {
	f, server := new(models.DriftFinding), new(models.DatabaseServer)
	if err := s.db.NewSelect().Model(f).Where("f.id = ?", id).Scan(ctx); err != nil {
		return engine.Target{}, store.Wrap(err, "read finding %s", id)
	}
	if f.Kind != models.DriftOrphan || f.Mark == "" {
		return engine.Target{}, fault.Conflict.Permanent("", "This is no orphan any more.")
	}
	if err := s.db.NewSelect().Model(server).Where("s.id = ?", f.ServerID).Scan(ctx); err != nil {
		return engine.Target{}, store.Wrap(err, "read database server %s", f.ServerID)
	}
	if err := leftAlone(server); err != nil {
		return engine.Target{}, err
	}
	conn, err := s.dial(server)
	calm, idle := s.watchMaintenance(server.ID), s.unlessAtWork(f.Mark)
	return engine.Target{OwnerMark: f.Mark, Spec: &spec{
		server: conn, ready: func(ctx context.Context) error { return errors.Join(calm(ctx), idle(ctx)) }, stray: Stray{Kind: f.ObjectKind, Name: f.ExternalName, Mark: f.Mark},
	}}, err
}

func settleOrphan(ctx context.Context, tx store.Tx, id uuid.UUID, outcome models.JobState) error {
	if outcome != models.JobSucceeded {
		return nil
	}
	_, err := tx.NewUpdate().Model((*models.DriftFinding)(nil)).Set("resolved_at = now()").Where("f.id = ?", id).Where("f.resolved_at IS NULL").Exec(ctx)
	return store.Wrap(err, "resolve finding %s", id)
}
