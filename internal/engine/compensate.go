package engine

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/models"
)

// errCanceled says that a person asked to take the job back before it could not
// be any more.
var errCanceled = errors.New("engine: the job is to be taken back")

// toTakeBack tells whether a person asked to take the job back, which is
// accepted only before the pivot is begun.
func (r *run) toTakeBack(forth context.Context) bool {
	return r.job.State == models.JobRunning &&
		(r.job.CancelRequestedAt != nil || errors.Is(context.Cause(forth), errCanceled))
}

// untouched tells whether no step was ever begun.
func (r *run) untouched() bool {
	return !slices.ContainsFunc(r.steps, func(s *models.JobStep) bool { return s.State != models.StepPending })
}

// takeBack begins the compensation that a person asked for.
func (r *run) takeBack(ctx context.Context) error {
	r.job.State = models.JobCompensating
	why := "It was canceled."
	compensating := r.event(EventCompensating)
	compensating.Message = &why
	return r.commit(ctx, change{events: []*models.JobEvent{compensating}})
}

// compensate undoes every step that may have had an effect, the last one first.
func (r *run) compensate(ctx context.Context) error {
	for i, s := range slices.Backward(r.steps) {
		if s.State == models.StepPending || s.State == models.StepUndone {
			continue
		}
		if s.State != models.StepUndoing {
			s.Attempt = 1
			s.State = models.StepUndoing
			if err := r.commit(ctx, change{steps: []*models.JobStep{s}, events: []*models.JobEvent{r.stepEvent(EventStepUndoing, s)}}); err != nil {
				return err
			}
		}
		if err := r.undoUntilDone(ctx, i); err != nil {
			return err
		}
		s.State = models.StepUndone
		if err := r.commit(ctx, change{steps: []*models.JobStep{s}, events: []*models.JobEvent{r.stepEvent(EventStepUndone, s)}}); err != nil {
			return err
		}
		if err := r.point(ctx, s, "after-undone"); err != nil {
			return err
		}
	}
	if r.job.CancelRequestedAt != nil && r.job.ErrorCode == nil {
		return r.end(ctx, change{}, models.JobCanceled, EventCanceled)
	}
	return r.end(ctx, change{}, models.JobFailed, EventFailed)
}

// getStuck gives up for an hour, and tells whoever reads the log.
func (r *run) getStuck(ctx context.Context, s *models.JobStep, message string, cause error) error {
	way := "forward"
	if s.State == models.StepUndoing {
		way = "back"
	}
	r.log.ErrorContext(ctx, "job is stuck", "job_id", r.job.ID.Opaque(), "kind", r.job.Kind, "step", s.Name, "way", way, "retry_in", stuck, "error", cause)
	r.job.State = models.JobStuck
	s.Attempt = 1
	c := change{steps: []*models.JobStep{s}, events: []*models.JobEvent{r.event(EventStuck)}, settle: r.told}
	return r.waitWith(ctx, c, message, time.Now().Add(stuck))
}

func (r *run) undoUntilDone(ctx context.Context, i int) error {
	s, step := r.steps[i], r.plan.Steps[i]
	policy := step.Policy().withDefaults()
	for {
		if err := r.point(ctx, s, "before-undo"); err != nil {
			return err
		}
		cause := func() error {
			ctx, cancel := context.WithTimeout(r.withPoints(ctx, s), policy.Timeout)
			defer cancel()
			return guard(func() error { return step.Undo(ctx, r.env, s.Handle) })
		}()
		if cause == nil {
			cause = r.point(ctx, s, "after-undo-effect")
		}
		if cause == nil {
			return nil
		}
		if ctx.Err() != nil {
			return cause
		}
		if w, ok := errors.AsType[*Wait](cause); ok {
			return r.wait(ctx, w.Reason, w.Until)
		}
		_, message := describe(cause)
		if fault.CodeOf(cause) == fault.Unavailable {
			return r.wait(ctx, message, time.Now().Add(min(policy.pause(r.job.Attempts), unreachable)))
		}
		r.log.ErrorContext(ctx, "undo failed", "job_id", r.job.ID.Opaque(), "step", s.Name, "attempt", s.Attempt, "error", cause)
		s.ErrorMessage = &message
		if s.Attempt > policy.Retries {
			return r.getStuck(ctx, s, message, cause)
		}
		d := policy.pause(s.Attempt)
		s.Attempt++
		retrying := r.stepEvent(EventStepRetrying, s)
		retrying.Message = &message
		if err := r.commit(ctx, change{steps: []*models.JobStep{s}, events: []*models.JobEvent{retrying}}); err != nil {
			return err
		}
		if !pause(ctx, d) {
			return ctx.Err()
		}
	}
}
