package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// Pauses of a job that cannot go on by itself.
const (
	inPlace     = 3 * time.Second  // shorter ones are slept through with the lease kept
	unreachable = 15 * time.Second // most between two tries at a server that is away
	stuck       = time.Hour        // between two tries at an undo that keeps failing
)

// A run is one lease of one job.
type run struct {
	*Engine
	job    *models.Job
	steps  []*models.JobStep
	plan   *Plan
	env    *Env
	since  time.Time // just before the lease was taken
	waited string    // what the job waited for until this lease
	begun  int       // the step whose intent this run journaled with the end of the one before

	// stopSteps ends what goes forward, and only that.
	stopSteps context.CancelCauseFunc
	leaveSlot func() // gives the slot to another job
}

// do goes on with the job until it is over, waits, or cannot be written. A nil
// error means that the lease was given back.
func (r *run) do(ctx context.Context) error {
	ctx, stop := r.keepLease(ctx)
	defer stop()
	forth, stopSteps := context.WithCancelCause(ctx)
	defer stopSteps(nil)
	r.stopSteps = stopSteps
	defer r.Engine.leased(r)()
	switch err := r.goOn(ctx, forth); {
	case errors.Is(err, errReleased):
		return nil
	case err != nil:
		return r.interrupted(ctx, err)
	}
	r.log.InfoContext(ctx, "job over", "job_id", r.job.ID.Opaque(), "kind", r.job.Kind, "state", r.job.State, "attempts", r.job.Attempts)
	return nil
}

// goOn goes on with the job. Forth is for what goes forward; it also ends when
// the job is to be taken back.
func (r *run) goOn(ctx, forth context.Context) error {
	r.plan = r.registry.plans[planKey{r.job.Kind, r.job.PlanVersion}]
	if r.plan == nil {
		r.log.ErrorContext(ctx, "no such plan on this node", "job_id", r.job.ID.Opaque(), "kind", r.job.Kind, "version", r.job.PlanVersion)
		return r.wait(ctx, "A node that knows this kind of job.", time.Now().Add(MaxBackoff))
	}
	if r.toTakeBack(forth) && r.untouched() { // nothing outside has to be asked
		return r.end(ctx, change{}, models.JobCanceled, EventCanceled)
	}
	if r.plan.Long && r.job.State == models.JobRunning {
		over, ok := r.moveToLong(r)
		if !ok {
			return r.wait(ctx, "Its turn: other exports, imports and clones are at work on this node of the panel.", time.Now().Add(longPause))
		}
		defer over()
	}
	var target Target
	err := guard(func() (err error) {
		ctx, cancel := r.soon(ctx)
		defer cancel()
		target, err = r.plan.Load(ctx, r.job.ResourceID)
		return err
	})
	if err != nil && ctx.Err() == nil {
		// Not the step's failure, so it is no attempt of it; and it may last.
		if fault.CodeOf(err) != fault.Unavailable { // which is no mistake: a server in maintenance
			r.log.ErrorContext(ctx, "load failed", "job_id", r.job.ID.Opaque(), "kind", r.job.Kind, "error", err)
		}
		_, message := describe(err)
		return r.wait(ctx, message, time.Now().Add(Policy{}.withDefaults().pause(r.job.Attempts)))
	}
	if err != nil {
		return fmt.Errorf("load %s: %w", r.job.Kind, err)
	}
	r.env = &Env{Job: r.job.ID, Resource: r.job.ResourceID, Spec: target.Spec, OwnerMark: target.OwnerMark, Percent: r.job.Percent, Note: r.note}
	if r.job.State == models.JobRunning {
		if err := r.forward(ctx, forth); err != nil {
			return err
		}
	}
	if r.job.State == models.JobCompensating {
		return r.compensate(ctx)
	}
	return nil
}

// errReleased says that the job waits and the lease was given back.
var errReleased = errors.New("engine: the job waits")

// forward applies the steps that are not done, in order.
func (r *run) forward(ctx, forth context.Context) error {
	for i, s := range r.steps {
		if s.State == models.StepDone {
			continue
		}
		if r.toTakeBack(forth) {
			return r.takeBack(ctx)
		}
		resumed := s.State == models.StepApplying && i != r.begun
		if err := r.point(ctx, s, "before-intent"); err != nil {
			return err
		}
		if s.State != models.StepApplying {
			s.Attempt++
			begin(s)
			c := change{steps: []*models.JobStep{s}, events: []*models.JobEvent{r.stepEvent(EventStepStarted, s)}, last: i == r.plan.pivot()}
			if err := r.commit(ctx, c); err != nil {
				return err
			}
		}
		if err := r.applyUntilDone(ctx, forth, i, resumed); err != nil {
			return err
		}
		if r.job.State != models.JobRunning {
			return nil
		}
	}
	if r.job.State == models.JobRunning { // every step was done when the job was taken up
		return r.end(ctx, change{last: r.plan.pivot() == len(r.steps)}, models.JobSucceeded, EventSucceeded)
	}
	return nil
}

// applyUntilDone applies the i-th step, whose intent is journaled, and journals
// the outcome: done, with the next step's intent or the job's success in the
// same commit, or the beginning of compensation.
func (r *run) applyUntilDone(ctx, forth context.Context, i int, resumed bool) error {
	s, step := r.steps[i], r.plan.Steps[i]
	for {
		err := r.point(ctx, s, "after-intent")
		if err == nil {
			err = r.apply(forth, i, resumed)
		}
		if err == nil {
			err = r.point(ctx, s, "after-effect")
		}
		if err == nil {
			break
		}
		if ctx.Err() != nil || errors.Is(err, errCanceled) {
			return err
		}
		if r.toTakeBack(forth) {
			return r.takeBack(ctx)
		}
		resumed = true // what Apply left behind is unknown
		again, err := r.failed(ctx, i, err)
		if err != nil || !again {
			return err
		}
		if !pause(forth, step.Policy().withDefaults().pause(s.Attempt-1)) && ctx.Err() != nil {
			return ctx.Err()
		}
	}
	s.State = models.StepDone
	r.job.Percent = 100 * float64(i+1) / float64(len(r.steps))
	c := change{
		steps: []*models.JobStep{s}, events: []*models.JobEvent{r.stepEvent(EventStepDone, s)},
		last: i+1 == r.plan.pivot(), // either the pivot is next or all is done
	}
	if i+1 == len(r.steps) {
		if err := r.end(ctx, c, models.JobSucceeded, EventSucceeded); err != nil {
			return err
		}
		return r.point(ctx, s, "after-done")
	}
	next := r.steps[i+1]
	if next.State == models.StepPending {
		next.Attempt++
		begin(next)
		r.begun = i + 1
		c.steps = append(c.steps, next)
		c.events = append(c.events, r.stepEvent(EventStepStarted, next))
	}
	if err := r.commit(ctx, c); err != nil {
		return err
	}
	return r.point(ctx, s, "after-done")
}

// apply runs the step once. After a crash, observing decides whether there is
// anything left to do.
func (r *run) apply(ctx context.Context, i int, resumed bool) error {
	s, step := r.steps[i], r.plan.Steps[i]
	ctx, cancel := context.WithTimeout(r.withPoints(ctx, s), step.Policy().withDefaults().Timeout)
	defer cancel()
	r.env.Progress = r.progress(i)
	if resumed {
		var seen Observed
		err := guard(func() (err error) {
			seen, err = step.Observe(ctx, r.env)
			return err
		})
		switch {
		case err != nil:
			return err
		case seen.State == Matches:
			return nil
		case seen.State == Foreign:
			return fault.Conflict.Permanent("name", "%s", seen.Detail)
		}
	}
	return guard(func() error {
		handle, err := step.Apply(ctx, r.env)
		if handle != nil {
			s.Handle = handle
		}
		return err
	})
}

// guard makes an error of a step's panic, so that one step's mistake costs its
// job an attempt and not the process.
func guard(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return f()
}

// failed journals a failure of the i-th step and decides: again at once, later
// with the lease given back (errReleased), or compensation.
func (r *run) failed(ctx context.Context, i int, cause error) (again bool, err error) {
	s, policy := r.steps[i], r.plan.Steps[i].Policy().withDefaults()
	if w, ok := errors.AsType[*Wait](cause); ok {
		return false, r.wait(ctx, w.Reason, w.Until)
	}
	_, message := describe(cause)
	if fault.CodeOf(cause) == fault.Unavailable && !fault.IsPermanent(cause) {
		return false, r.wait(ctx, message, time.Now().Add(min(policy.pause(r.job.Attempts), unreachable)))
	}
	s.ErrorMessage = &message
	r.log.WarnContext(ctx, "step failed", "job_id", r.job.ID.Opaque(), "step", s.Name, "attempt", s.Attempt, "error", cause)

	if onlyForward := i >= r.plan.pivot(); !onlyForward && (fault.IsPermanent(cause) || s.Attempt > policy.Retries) {
		s.State = models.StepFailed
		r.fail(cause)
		stepFailed := r.stepEvent(EventStepFailed, s)
		r.job.State = models.JobCompensating
		return false, r.commit(ctx, change{
			steps:  []*models.JobStep{s},
			events: []*models.JobEvent{stepFailed, r.event(EventCompensating)},
		})
	}
	if s.Attempt > policy.Retries { // after the pivot: there is no way but on
		return false, r.getStuck(ctx, s, message, cause)
	}
	d := policy.pause(s.Attempt)
	s.Attempt++
	retrying := r.stepEvent(EventStepRetrying, s)
	retrying.Message = &message
	c := change{steps: []*models.JobStep{s}, events: []*models.JobEvent{retrying}}
	if d <= inPlace {
		return true, r.commit(ctx, c)
	}
	return false, r.waitWith(ctx, c, message, time.Now().Add(d))
}

// end journals the end of the job and lets the plan settle its resource.
func (r *run) end(ctx context.Context, c change, state models.JobState, kind string) error {
	r.job.State = state
	if state == models.JobSucceeded {
		r.job.Percent = 100
		r.job.ErrorCode, r.job.ErrorMessage = nil, nil
	}
	c.release = true
	c.events = append(c.events, r.event(kind))
	c.settle = func(ctx context.Context, tx store.Tx) error {
		if !r.job.ParentID.IsZero() {
			tx.Queue(r.wakeParent(tx), wrapped("wake the parent of job", r.job.ID))
			tx.AfterCommit(func() { r.Wake(r.job.ParentID) })
		}
		if err := r.told(ctx, tx); err != nil {
			return err
		}
		return guard(func() error { return r.plan.Settle(ctx, tx, r.job.ResourceID, state) })
	}
	return r.commit(ctx, c)
}

// told tells of the job as it is now.
func (r *run) told(_ context.Context, tx store.Tx) error {
	if r.tell == nil {
		return nil
	}
	return guard(func() error { return r.tell(tx, r.job) })
}

// wait gives the lease back until a time. It always returns an error: errReleased
// when that was journaled.
func (r *run) wait(ctx context.Context, reason string, until time.Time) error {
	return r.waitWith(ctx, change{}, reason, until)
}

func (r *run) waitWith(ctx context.Context, c change, reason string, until time.Time) error {
	pause := max(0, time.Until(until))
	r.job.WaitingFor, c.pause = &reason, &pause
	if reason != r.waited || len(c.events) > 0 { // waiting on for the same is no news
		waiting := r.event(EventWaiting)
		waiting.Message = &reason
		c.events = append(c.events, waiting)
	}
	c.release = true
	if err := r.commit(ctx, c); err != nil {
		return err
	}
	if !r.job.ParentID.IsZero() && reason != r.waited { // another child may have its turn meanwhile
		asking, cancel := r.soon(ctx)
		defer cancel()
		if _, err := r.wakeParent(r.db).Exec(asking); err != nil { // it looks by itself, later
			r.log.WarnContext(ctx, "parent was not told", "job_id", r.job.ID.Opaque(), "error", err)
		}
		r.Wake(r.job.ParentID)
	}
	if r.job.Woken { // while it was at work
		r.Wake(r.job.ID)
	}
	return errReleased
}

// progress lets the i-th step tell how far it is.
func (r *run) progress(i int) func(context.Context, float64, string) error {
	return func(ctx context.Context, percent float64, message string) error {
		now := (float64(i)*100 + min(max(percent, 0), 100)) / float64(len(r.steps))
		r.job.Percent = max(r.job.Percent, now) // a step that is tried again has been there
		ev := r.stepEvent(EventStepProgress, r.steps[i])
		ev.Message = &message
		return r.commit(ctx, change{events: []*models.JobEvent{ev}})
	}
}

// note leaves the run as it is, so that a step may call it beside Progress.
func (r *run) note(ctx context.Context, note func(context.Context, store.Tx) error) error {
	ctx, cancel := r.soon(ctx)
	defer cancel()
	return store.InTx(ctx, r.db, func(ctx context.Context, tx store.Tx) error {
		var fence int64
		var canceled bool
		err := tx.NewSelect().Model((*models.Job)(nil)).Column("j.fence").ColumnExpr("j.cancel_requested_at IS NOT NULL").
			Where("j.id = ?", r.job.ID).For("SHARE").Scan(ctx, &fence, &canceled)
		switch {
		case err != nil:
			return store.Wrap(err, "look whose job %s is", r.job.ID)
		case fence != r.job.Fence:
			return errFenced
		case canceled && r.job.State == models.JobRunning:
			return errCanceled
		}
		return note(ctx, tx)
	})
}

// point tells the probe, when there is one, where the run is.
func (r *run) point(ctx context.Context, s *models.JobStep, name string) error {
	if r.probe == nil {
		return nil
	}
	return r.probe(ctx, r.job.Kind+"/"+s.Name+":"+name)
}

func (r *run) withPoints(ctx context.Context, s *models.JobStep) context.Context {
	if r.probe == nil {
		return ctx
	}
	return WithPoints(ctx, func(name string) error { return r.point(ctx, s, name) })
}
