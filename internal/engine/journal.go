package engine

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// The kinds of job events; docs/architecture.md has the table.
const (
	EventCreated      = "job.created"
	EventStarted      = "job.started"
	EventResumed      = "job.resumed" // taken over from a runner that died or waited
	EventWaiting      = "job.waiting"
	EventCompensating = "job.compensating"
	EventSucceeded    = "job.succeeded"
	EventFailed       = "job.failed"
	EventCanceled     = "job.canceled"
	EventStuck        = "job.stuck"
	EventStepStarted  = "step.started"
	EventStepProgress = "step.progress"
	EventStepDone     = "step.done"
	EventStepRetrying = "step.retrying"
	EventStepFailed   = "step.failed"
	EventStepUndoing  = "step.undoing"
	EventStepUndone   = "step.undone"
)

// Active are the states in which a job still has something to do.
var Active = []models.JobState{models.JobPending, models.JobRunning, models.JobCompensating, models.JobStuck}

// errFenced says that another runner has the job: stop and write nothing more.
var errFenced = errors.New("engine: the lease is another runner's")

// take gets the lease of a job that is due, or of the one whose lease this node
// holds under the held fence after a broken connection. It returns nil when
// there is nothing to do.
func (e *Engine) take(ctx context.Context, id ident.JobID, held int64) (*run, error) {
	var r *run
	var events []*models.JobEvent
	err := store.InTx(ctx, e.db, func(ctx context.Context, tx store.Tx) error {
		r, events = &run{Engine: e, job: new(models.Job), leased: time.Now(), begun: -1}, nil
		j := r.job
		err := tx.NewSelect().Model(j).Where("id = ?", id).Where("state IN (?)", bun.List(Active)).
			WhereGroup(" AND ", func(q *bun.SelectQuery) *bun.SelectQuery {
				return q.Where("lease_until IS NULL AND (next_attempt_at IS NULL OR next_attempt_at <= now())").
					WhereOr("lease_until < now()").
					WhereOr("lease_owner = ? AND fence = ?", e.node, held)
			}).
			For("UPDATE SKIP LOCKED").Scan(ctx)
		if err != nil {
			return err
		}
		died := j.LeaseUntil != nil
		if j.WaitingFor != nil {
			r.waited = *j.WaitingFor
		}
		kind := ""
		switch {
		case j.StartedAt == nil:
			kind = EventStarted
		case died:
			kind = EventResumed
		}
		q := tx.NewUpdate().Model(j).WherePK().
			Set("fence = fence + 1, lease_owner = ?, lease_until = now() + ? * interval '1 second'", e.node, e.lease.Seconds()).
			Set("attempts = attempts + 1, waiting_for = NULL, next_attempt_at = NULL").
			Set("started_at = COALESCE(started_at, clock_timestamp())").
			Set("state = CASE state WHEN 'PENDING' THEN 'RUNNING' WHEN 'STUCK' THEN 'COMPENSATING' ELSE state END")
		if kind != "" {
			q = q.Set("event_seq = event_seq + 1")
		}
		j.WaitingFor, j.NextAttemptAt = nil, nil // bun leaves what is there for a NULL
		if err := q.Returning("*").Scan(ctx); err != nil {
			return err
		}
		if kind != "" {
			events = []*models.JobEvent{r.event(kind)}
			events[0].Seq = j.EventSeq
			if _, err := tx.NewInsert().Model(events[0]).Returning("at").Exec(ctx); err != nil {
				return store.Wrap(err, "insert event of job %s", id)
			}
		}
		return tx.NewSelect().Model(&r.steps).Where("job_id = ?", id).Order("idx").Scan(ctx)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, store.Wrap(err, "take job %s", id)
	}
	r.published(events)
	return r, nil
}

// A change is what one commit of the journal writes. Its events are numbered
// and stamped when it is written.
type change struct {
	steps  []*models.JobStep
	events []*models.JobEvent
	// release gives the lease back: the job waits, or is over.
	release bool
	// settle runs in the same transaction; it ends the job.
	settle func(ctx context.Context, tx store.Tx) error
}

// commit writes the job as r.job has it, and the change, if the fence is still
// ours. Error: errFenced when it is not. Any other error leaves the outcome
// unknown: the journal has to be read again.
func (r *run) commit(ctx context.Context, c change) error {
	err := store.InTx(ctx, r.db, func(ctx context.Context, tx store.Tx) error {
		err := tx.Pgx(ctx, func(ctx context.Context, ptx pgx.Tx) error { return r.write(ctx, ptx, c) })
		if err != nil || c.settle == nil {
			return err
		}
		return c.settle(ctx, tx)
	})
	if err != nil {
		return err
	}
	r.job.EventSeq += int64(len(c.events))
	r.published(c.events)
	return nil
}

// write sends a change in one round trip. The counter of events is ours alone
// for as long as the fence is, so their numbers are known before.
func (r *run) write(ctx context.Context, ptx pgx.Tx, c change) error {
	j, id := r.job, r.job.ID.String()
	b := &pgx.Batch{}
	b.Queue(`UPDATE jobs SET state = $3, percent = $4, error_code = $5, error_message = $6, waiting_for = $7,
			next_attempt_at = $8::timestamptz, event_seq = event_seq + $9::bigint,
			lease_owner = CASE WHEN $10::boolean THEN NULL ELSE lease_owner END,
			lease_until = CASE WHEN $10::boolean THEN NULL ELSE lease_until END,
			finished_at = CASE WHEN $11::boolean THEN clock_timestamp() ELSE finished_at END
		WHERE id = $1::uuid AND fence = $2::bigint`,
		id, j.Fence, string(j.State), j.Percent, (*string)(j.ErrorCode), j.ErrorMessage, j.WaitingFor,
		j.NextAttemptAt, int64(len(c.events)), c.release, j.State.Terminal())
	for _, s := range c.steps {
		b.Queue(`UPDATE job_steps SET state = $3, attempt = $4::int, handle = $5::jsonb, error_message = $6,
				started_at = $7::timestamptz, finished_at = $8::timestamptz
			WHERE job_id = $1::uuid AND idx = $2::int`,
			id, s.Idx, string(s.State), s.Attempt, jsonText(s.Handle), s.ErrorMessage, s.StartedAt, s.FinishedAt)
	}
	for i, ev := range c.events {
		ev.Seq = j.EventSeq + int64(i) + 1
		b.Queue(`INSERT INTO job_events (job_id, seq, kind, state, step, step_state, percent, message, error_code, error_message)
			VALUES ($1::uuid, $2::bigint, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING at`,
			id, ev.Seq, ev.Kind, string(ev.State), ev.Step, (*string)(ev.StepState), ev.Percent, ev.Message, (*string)(ev.ErrorCode), ev.ErrorMessage)
	}
	results := ptx.SendBatch(ctx, b)
	err := func() error {
		if tag, err := results.Exec(); err != nil {
			return store.Wrap(err, "write job %s", j.ID)
		} else if tag.RowsAffected() == 0 {
			return errFenced
		}
		for _, s := range c.steps {
			if _, err := results.Exec(); err != nil {
				return store.Wrap(err, "write step %s of job %s", s.Name, j.ID)
			}
		}
		for _, ev := range c.events {
			if err := results.QueryRow().Scan(&ev.At); err != nil {
				return store.Wrap(err, "insert event %s of job %s", ev.Kind, j.ID)
			}
		}
		return nil
	}()
	if closing := results.Close(); err == nil {
		err = store.Wrap(closing, "write job %s", j.ID)
	}
	return err
}

// jsonText is JSON as a text parameter, NULL for none.
func jsonText(b json.RawMessage) *string {
	if b == nil {
		return nil
	}
	s := string(b)
	return &s
}

func (r *run) published(events []*models.JobEvent) {
	for _, ev := range events {
		r.bus.Publish(Topic(ev.JobID), ev)
	}
}

// Topic is where the events of a job are published after their commit.
func Topic(id ident.JobID) string { return "job." + id.String() }

// event describes the job as it is now.
func (r *run) event(kind string) *models.JobEvent {
	return &models.JobEvent{
		JobID: r.job.ID, Kind: kind, State: r.job.State, Percent: r.job.Percent,
		ErrorCode: r.job.ErrorCode, ErrorMessage: r.job.ErrorMessage,
	}
}

// stepEvent describes a step as it is now.
func (r *run) stepEvent(kind string, s *models.JobStep) *models.JobEvent {
	ev := r.event(kind)
	state := s.State
	ev.Step, ev.StepState = &s.Name, &state
	return ev
}

// fail notes the error on the job, as the customer may read it.
func (r *run) fail(err error) {
	code, message := describe(err)
	r.job.ErrorCode, r.job.ErrorMessage = &code, &message
}

// describe gives what a customer may know of an error: a fault's own words,
// and nothing of any other error, which is in the log.
func describe(err error) (fault.Code, string) {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f.Code, f.Message
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fault.Unavailable, "The server took too long to answer."
	}
	return fault.Internal, "Something went wrong inside the panel; the provider's staff can see what in the log."
}

func (r *run) mark(s *models.JobStep, state models.JobStepState) {
	now := time.Now().UTC()
	s.State = state
	switch state {
	case models.StepApplying:
		if s.StartedAt == nil {
			s.StartedAt = &now
		}
		s.FinishedAt, s.ErrorMessage = nil, nil
	case models.StepDone, models.StepFailed, models.StepUndone:
		s.FinishedAt = &now
	case models.StepPending, models.StepUndoing:
	}
}
