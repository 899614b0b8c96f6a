package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

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

// A change is what one commit of the journal writes. Its events are numbered
// and stamped when it is written.
type change struct {
	steps  []*models.JobStep
	events []*models.JobEvent
	// release gives the lease back: the job waits, or is over.
	release bool
	// pause is how long the job waits, nil when it does not.
	pause *time.Duration
	// last is the end of what can be taken back: it is not written once a person
	// asked for that.
	last bool
	// settle runs in the same transaction: what goes with the job's end, or with its
	// being stuck.
	settle func(ctx context.Context, tx store.Tx) error
}

// commit writes the job as r.job has it, and the change, if the fence is still
// ours. Errors: errFenced when it is not, errCanceled for a last change that
// came too late. Any other error leaves the outcome unknown: the journal has to
// be read again.
func (r *run) commit(ctx context.Context, c change) error {
	ctx, cancel := r.soon(ctx)
	defer cancel()
	write := func(ctx context.Context) error { return r.write(ctx, r.db.Pool, c) }
	if c.settle != nil {
		write = func(ctx context.Context) error {
			return store.InTx(ctx, r.db, func(ctx context.Context, tx store.Tx) error {
				err := tx.Pgx(ctx, func(ctx context.Context, ptx pgx.Tx) error { return r.write(ctx, ptx, c) })
				if err != nil {
					return err
				}
				return c.settle(ctx, tx)
			})
		}
	}
	if err := write(ctx); err != nil {
		return err
	}
	r.job.EventSeq += int64(len(c.events))
	r.published(c.events)
	return nil
}

// writeJob is a commit of its own or a part of one. A change comes with a
// handful of rows; as JSON the statement is the same for all and is prepared.
const writeJob = `
WITH written AS (
	UPDATE jobs SET state = $3, percent = $4, error_code = $5, error_message = $6, waiting_for = $7, next_attempt_at = clock_timestamp() + CASE WHEN woken THEN least($8, 0) ELSE $8 END * interval '1 second',
		event_seq = event_seq + jsonb_array_length($12),
		lease_owner = CASE WHEN $9 THEN NULL ELSE lease_owner END,
		lease_until = CASE WHEN $9 THEN NULL ELSE lease_until END,
		finished_at = CASE WHEN $10 THEN clock_timestamp() ELSE finished_at END
	WHERE id = $1 AND fence = $2 AND (cancel_requested_at IS NULL OR NOT $13) RETURNING id, cancel_requested_at, woken
), moved AS (
	UPDATE job_steps AS st SET state = n.state, attempt = n.attempt, handle = n.handle, error_message = n.error_message,
		started_at = CASE n.state WHEN 'APPLYING' THEN coalesce(st.started_at, clock_timestamp()) ELSE st.started_at END,
		finished_at = CASE WHEN n.state IN ('DONE', 'FAILED', 'UNDONE') THEN clock_timestamp()
			WHEN n.state = 'APPLYING' THEN NULL ELSE st.finished_at END
	FROM written, jsonb_to_recordset($11) AS n (idx int, state text, attempt int, handle jsonb, error_message text)
	WHERE st.job_id = written.id AND st.idx = n.idx
), told AS (
	INSERT INTO job_events (job_id, seq, kind, state, step, step_state, percent, message, error_code, error_message)
	SELECT id, seq, kind, state, step, step_state, percent, message, error_code, error_message
	FROM written, jsonb_to_recordset($12) AS n (seq bigint, kind text, state text, step text, step_state text, percent real,
		message text, error_code text, error_message text)
	ORDER BY seq RETURNING seq, at
)
SELECT EXISTS (SELECT FROM written), ARRAY(SELECT at FROM told ORDER BY seq),
	(SELECT cancel_requested_at FROM written), coalesce((SELECT woken FROM written), false)`

type stepRow struct {
	Idx          int                 `json:"idx"`
	State        models.JobStepState `json:"state"`
	Attempt      int                 `json:"attempt"`
	Handle       json.RawMessage     `json:"handle,omitempty"`
	ErrorMessage *string             `json:"error_message"`
}

type eventRow struct {
	Seq          int64                `json:"seq"`
	Kind         string               `json:"kind"`
	State        models.JobState      `json:"state"`
	Step         *string              `json:"step"`
	StepState    *models.JobStepState `json:"step_state"`
	Percent      float64              `json:"percent"`
	Message      *string              `json:"message"`
	ErrorCode    *fault.Code          `json:"error_code"`
	ErrorMessage *string              `json:"error_message"`
}

// A querier is a pool, for a commit of its own, or a transaction.
type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// write sends a change in one round trip. The counter of events is ours alone
// for as long as the fence is, so their numbers are known before.
func (r *run) write(ctx context.Context, db querier, c change) error {
	j := r.job
	steps, events := make([]stepRow, len(c.steps)), make([]eventRow, len(c.events))
	for i, s := range c.steps {
		steps[i] = stepRow{s.Idx, s.State, s.Attempt, s.Handle, s.ErrorMessage}
	}
	for i, ev := range c.events {
		ev.Seq = j.EventSeq + int64(i) + 1
		events[i] = eventRow{ev.Seq, ev.Kind, ev.State, ev.Step, ev.StepState, ev.Percent, ev.Message, ev.ErrorCode, ev.ErrorMessage}
	}
	stepsJSON, err := json.Marshal(steps)
	if err != nil {
		return fmt.Errorf("encode steps of job %s: %w", j.ID, err)
	}
	eventsJSON, err := json.Marshal(events)
	if err != nil {
		return fmt.Errorf("encode events of job %s: %w", j.ID, err)
	}
	var held bool
	var at []time.Time
	var pause *float64 // in seconds; nodes' clocks may differ
	if c.pause != nil {
		seconds := c.pause.Seconds()
		pause = &seconds
	}
	err = db.QueryRow(ctx, writeJob, pgx.QueryExecModeCacheStatement, j.ID.String(), j.Fence, string(j.State), j.Percent,
		(*string)(j.ErrorCode), j.ErrorMessage, j.WaitingFor, pause, c.release, j.State.Terminal(),
		string(stepsJSON), string(eventsJSON), c.last).Scan(&held, &at, &j.CancelRequestedAt, &j.Woken)
	if err != nil {
		return store.Wrap(err, "write job %s", j.ID)
	}
	if !held {
		return r.refused(ctx, db, c)
	}
	for i, ev := range c.events {
		ev.At = at[i]
	}
	return nil
}

// refused tells why a change was not written.
func (r *run) refused(ctx context.Context, db querier, c change) error {
	if !c.last {
		return errFenced
	}
	var canceled bool
	err := db.QueryRow(ctx, "SELECT cancel_requested_at IS NOT NULL FROM jobs WHERE id = $1 AND fence = $2", r.job.ID.String(), r.job.Fence).Scan(&canceled)
	switch {
	case err != nil && !errors.Is(err, pgx.ErrNoRows):
		return store.Wrap(err, "read job %s", r.job.ID)
	case canceled:
		return errCanceled
	}
	return errFenced
}

func (r *run) published(events []*models.JobEvent) {
	for _, ev := range events {
		r.bus.Publish(Topic(ev.JobID), ev)
	}
	if len(events) > 0 {
		r.bus.Publish(CommittedTopic, Committed{})
	}
}

// Committed says that events of some job were committed.
type Committed struct{}

// CommittedTopic is where that is said.
const CommittedTopic = "jobs"

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

// A teller is an error that is no fault, since nobody who reads it can do
// anything about it, and yet has a sentence that is safe to tell, or "".
type teller interface {
	error
	Told() string
}

// describe gives what a customer may know of an error: a fault's own words,
// what a teller tells, and nothing of any other error, which is in the log.
func describe(err error) (fault.Code, string) {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f.Code, f.Message
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fault.Unavailable, "The server took too long to answer."
	}
	if e, ok := errors.AsType[teller](err); ok {
		if told := e.Told(); told != "" {
			return fault.Internal, told
		}
	}
	return fault.Internal, "Something went wrong inside the panel; the provider's staff can see what in the log."
}

// begin moves a step to APPLYING: an error of before is no longer its.
func begin(s *models.JobStep) {
	s.State, s.ErrorMessage = models.StepApplying, nil
}
