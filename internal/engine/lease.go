package engine

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// errFenced says that another runner has the job: stop and write nothing more.
var errFenced = errors.New("engine: the lease is another runner's")

// A lease is what takeJob answers: the job under a new fence, and how it was found.
type lease struct {
	models.Job `bun:",extend"`

	Fresh  bool // nobody had it before
	Begins bool // and it is wanted: the first step's intent is journaled along
	Died   bool // the lease of the one who had it ran out
	Waited *string
	At     time.Time
	First  *string // that step
}

// takeJob gives nothing while another has the job, it waits, or it is over.
const takeJob = `
WITH due AS (
	SELECT id, started_at IS NULL AS fresh, started_at IS NULL AND cancel_requested_at IS NULL AS begins, lease_until IS NOT NULL AS died, waiting_for AS waited, clock_timestamp() AS at
	FROM jobs WHERE id = ? AND state IN (?) AND NOT held
	AND (lease_until IS NULL AND (next_attempt_at IS NULL OR next_attempt_at <= now())
		OR lease_until < now() OR lease_owner = ? AND fence = ?)
	FOR UPDATE SKIP LOCKED
), first AS (
	UPDATE job_steps AS st SET state = 'APPLYING', attempt = 1, started_at = due.at
	FROM due WHERE due.begins AND st.job_id = due.id AND st.idx = 0 RETURNING st.name
), taken AS (
	UPDATE jobs AS j SET
		fence = fence + 1, lease_owner = ?, lease_until = now() + ? * interval '1 second', attempts = attempts + 1,
		waiting_for = NULL, next_attempt_at = NULL, woken = false, started_at = COALESCE(started_at, due.at),
		state = CASE state WHEN 'PENDING' THEN 'RUNNING' WHEN 'STUCK' THEN CASE
			WHEN EXISTS (SELECT FROM job_steps AS st WHERE st.job_id = j.id AND st.state IN ('FAILED', 'UNDOING', 'UNDONE')) THEN 'COMPENSATING'
			ELSE 'RUNNING' END ELSE state END,
		event_seq = event_seq + CASE WHEN due.begins THEN 2 WHEN due.fresh OR due.died THEN 1 ELSE 0 END
	FROM due WHERE j.id = due.id
	RETURNING j.*, due.fresh, due.begins, due.died, due.waited, due.at
), told AS (
	INSERT INTO job_events (job_id, seq, at, kind, state, percent, error_code, error_message)
	SELECT id, CASE WHEN begins THEN event_seq - 1 ELSE event_seq END, at,
		CASE WHEN fresh THEN '` + EventStarted + `' ELSE '` + EventResumed + `' END, state, percent, error_code, error_message
	FROM taken WHERE fresh OR died
), begun AS (
	INSERT INTO job_events (job_id, seq, at, kind, state, percent, step, step_state)
	SELECT id, event_seq, at, '` + EventStepStarted + `', state, percent, first.name, 'APPLYING' FROM taken, first
)
SELECT *, (SELECT name FROM first) AS first FROM taken`

// take gets the lease of a job that is due, or of the one whose lease this node
// holds under the held fence after a broken connection. It returns nil when
// there is nothing to do, and a run with an error when the lease is ours but the
// steps could not be read.
func (e *Engine) take(ctx context.Context, id ident.JobID, held int64) (*run, error) {
	ctx, cancel := e.soon(ctx)
	defer cancel()
	r, l := &run{Engine: e, since: time.Now(), begun: -1}, new(lease)
	err := e.db.NewRaw(takeJob, id, bun.List(Active), e.node, held, e.node, e.lease.Seconds()).Scan(ctx, l)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, store.Wrap(err, "take job %s", id)
	}
	r.job = &l.Job
	if l.Waited != nil {
		r.waited = *l.Waited
	}
	switch {
	case l.Fresh && !l.Begins:
		r.published(l.numbered(r.event(EventStarted)))
	case l.Fresh:
		r.begun = 0
		begun := r.event(EventStepStarted)
		state := models.StepApplying
		begun.Step, begun.StepState = l.First, &state
		r.published(l.numbered(r.event(EventStarted), begun))
	case l.Died:
		r.published(l.numbered(r.event(EventResumed)))
	}
	err = e.db.NewSelect().Model(&r.steps).Where("job_id = ?", id).Order("idx").Scan(ctx)
	return r, store.Wrap(err, "read steps of job %s", id)
}

// soon bounds what is asked of the panel's database in the name of a job: a network may
// have forgotten the connection while the lease is renewed over another one, and without
// the lease there is nothing to write.
func (e *Engine) soon(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, e.lease)
}

// numbered stamps the events that the lease was taken with, the job's newest.
func (l *lease) numbered(events ...*models.JobEvent) []*models.JobEvent {
	for i, ev := range events {
		ev.Seq, ev.At = l.EventSeq-int64(len(events)-1-i), l.At
	}
	return events
}

// interrupted handles what stopped the run, not the job. On shutdown the lease
// is given back, so that another node goes on at once.
func (r *run) interrupted(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); errors.Is(cause, errFenced) || errors.Is(err, errFenced) {
		return errFenced
	}
	if ctx.Err() == nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	_, relErr := r.db.NewUpdate().Model(r.job).Set("lease_owner = NULL, lease_until = NULL").
		Where("id = ?", r.job.ID).Where("fence = ?", r.job.Fence).Exec(ctx)
	return errors.Join(err, relErr)
}

// keepLease renews the lease in the background. The context that it returns
// ends when the lease is lost, with errFenced as cause.
func (r *run) keepLease(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	over := make(chan struct{})
	go func() {
		defer close(over)
		until := r.since.Add(r.lease)
		lost := time.NewTimer(time.Until(until))
		defer lost.Stop()
		tick := time.NewTicker(r.renew)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-lost.C:
				cancel(errFenced)
				return
			case <-tick.C:
			}
			asked := time.Now()
			switch held, err := r.renewLease(ctx, until); {
			case err == nil && held:
				until = asked.Add(r.lease)
				lost.Reset(time.Until(until))
			case err == nil:
				cancel(errFenced)
				return
			}
		}
	}()
	return ctx, func() {
		cancel(nil)
		<-over
	}
}

func (r *run) renewLease(ctx context.Context, until time.Time) (bool, error) {
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	var canceled bool
	err := r.db.NewUpdate().Table("jobs").Set("lease_until = now() + ? * interval '1 second'", r.lease.Seconds()).
		Where("id = ?", r.job.ID).Where("fence = ?", r.job.Fence).Where("lease_owner = ?", r.node).
		Returning("cancel_requested_at IS NOT NULL").Scan(ctx, &canceled)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err == nil && canceled {
		r.stopSteps(errCanceled)
	}
	return err == nil, store.Wrap(err, "renew lease of job %s", r.job.ID)
}
