package models

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
)

// JobState is where a saga is.
type JobState string

// The states of a job; the last four are described in docs/architecture.md.
const (
	JobPending      JobState = "PENDING"
	JobRunning      JobState = "RUNNING"
	JobCompensating JobState = "COMPENSATING"
	JobSucceeded    JobState = "SUCCEEDED"
	JobFailed       JobState = "FAILED"
	JobCanceled     JobState = "CANCELED"
	JobStuck        JobState = "STUCK"
)

// Terminal tells whether nothing more will happen in this state.
func (s JobState) Terminal() bool {
	return s == JobSucceeded || s == JobFailed || s == JobCanceled
}

// JobStepState is where one step is.
type JobStepState string

// The states of a step.
const (
	StepPending  JobStepState = "PENDING"
	StepApplying JobStepState = "APPLYING"
	StepDone     JobStepState = "DONE"
	StepFailed   JobStepState = "FAILED"
	StepUndoing  JobStepState = "UNDOING"
	StepUndone   JobStepState = "UNDONE"
)

// A Job is one saga of the journal.
type Job struct {
	bun.BaseModel `bun:"table:jobs,alias:j"`

	ID               ident.JobID `bun:"id,pk"`
	Kind             string
	PlanVersion      int
	CustomerID       ident.CustomerID `bun:"customer_id,nullzero"`
	ResourceKind     string
	ResourceID       uuid.UUID
	TargetGeneration int64
	ActorUserID      ident.UserID `bun:"actor_user_id,nullzero"`
	State            JobState
	Fence            int64
	LeaseOwner       *string
	LeaseUntil       *time.Time
	EventSeq         int64
	Percent          float64
	Attempts         int
	ErrorCode        *fault.Code
	ErrorMessage     *string
	WaitingFor       *string
	NextAttemptAt    *time.Time
	CreatedAt        time.Time `bun:",nullzero,default:now()"`
	StartedAt        *time.Time
	FinishedAt       *time.Time
	// CancelRequestedAt is when a person asked to take the job back.
	CancelRequestedAt *time.Time
	// ParentID is the job that ordered this one and waits for it, zero without.
	ParentID ident.JobID `bun:"parent_id,nullzero"`
	Held     bool        // it waits until its parent lets it go
	Woken    bool        // something that it waits for has happened since it was taken up
}

// Failure is why the job failed or takes back what it did; nil otherwise.
func (j *Job) Failure() *JobError { return jobError(j.ErrorCode, j.ErrorMessage) }

// A JobStep is a step of a job as the journal has it.
type JobStep struct {
	bun.BaseModel `bun:"table:job_steps,alias:st"`

	JobID        ident.JobID `bun:"job_id,pk"`
	Idx          int         `bun:"idx,pk"`
	Name         string
	State        JobStepState
	Attempt      int
	Handle       json.RawMessage `bun:"type:jsonb,nullzero"`
	Before       json.RawMessage `bun:"type:jsonb,nullzero"`
	ErrorMessage *string
	StartedAt    *time.Time
	FinishedAt   *time.Time
}

// A JobEvent is one thing that happened to a job, complete in itself.
type JobEvent struct {
	bun.BaseModel `bun:"table:job_events,alias:e"`

	JobID        ident.JobID `bun:"job_id,pk"`
	Seq          int64       `bun:"seq,pk"`
	At           time.Time   `bun:",nullzero,default:clock_timestamp()"`
	Kind         string
	State        JobState
	Step         *string
	StepState    *JobStepState
	Percent      float64
	Message      *string
	ErrorCode    *fault.Code
	ErrorMessage *string
	Data         json.RawMessage `bun:"type:jsonb,nullzero"`

	Place *FeedPlace `bun:"-"` // among those of all jobs; nil where it is read for its job alone
}

// Position is its place in the stream that it is read in.
func (e *JobEvent) Position() Position { return Position{Job: e.JobID, Seq: e.Seq, Place: e.Place} }

// Failure is why the job failed; nil otherwise.
func (e *JobEvent) Failure() *JobError { return jobError(e.ErrorCode, e.ErrorMessage) }

// A JobError is why a job failed.
type JobError struct {
	Code      fault.Code
	Message   string
	Retryable bool
}

func jobError(code *fault.Code, message *string) *JobError {
	if code == nil || message == nil {
		return nil
	}
	return &JobError{Code: *code, Message: *message, Retryable: code.Retryable()}
}
