// Package fault holds the errors that a caller may see: a code from the
// schema's enum ErrorCode, the input field at fault and one sentence. Any
// other error type stays in the log and reaches the client as INTERNAL.
//
// It knows neither GraphQL nor PostgreSQL: the transport renders faults, and
// package store maps the database's errors to them.
package fault

import (
	"errors"
	"fmt"
)

// A Code is a value of the schema's enum ErrorCode. docs/errors.md explains each.
type Code string

// The codes, as clients see them in extensions.code.
const (
	Unauthenticated      Code = "UNAUTHENTICATED"
	Forbidden            Code = "FORBIDDEN"
	NotFound             Code = "NOT_FOUND"
	Invalid              Code = "INVALID"
	Conflict             Code = "CONFLICT"
	QuotaExceeded        Code = "QUOTA_EXCEEDED"
	RateLimited          Code = "RATE_LIMITED"
	TooComplex           Code = "TOO_COMPLEX"
	IdempotencyKeyReused Code = "IDEMPOTENCY_KEY_REUSED"
	StepUpRequired       Code = "STEP_UP_REQUIRED"
	SecondFactorRequired Code = "SECOND_FACTOR_REQUIRED"
	Unavailable          Code = "UNAVAILABLE"
	Internal             Code = "INTERNAL"
)

// Codes lists every code; the schema's enum and docs/errors.md are tested against it.
func Codes() []Code {
	return []Code{
		Unauthenticated, Forbidden, NotFound, Invalid, Conflict, QuotaExceeded,
		RateLimited, TooComplex, IdempotencyKeyReused, StepUpRequired, SecondFactorRequired, Unavailable, Internal,
	}
}

// Retryable tells whether the same request may succeed later without a change.
func (c Code) Retryable() bool { return c == Unavailable || c == RateLimited }

// An Error is safe to show to the caller.
type Error struct {
	Code    Code
	Field   string         // path of the input field at fault, "" when it is the request as a whole
	Message string         // one sentence for a person, no internals
	Details map[string]any // further extensions, such as used and max of a quota
	Err     error          // cause, for the log only

	permanent bool
}

// New returns a fault without a cause.
func (c Code) New(field, format string, args ...any) *Error {
	return &Error{Code: c, Field: field, Message: fmt.Sprintf(format, args...)}
}

// Wrap returns a fault whose cause goes to the log.
func (c Code) Wrap(err error, field, format string, args ...any) *Error {
	f := c.New(field, format, args...)
	f.Err = err
	return f
}

// Permanent returns a fault after which a step is not tried again.
func (c Code) Permanent(field, format string, args ...any) *Error {
	f := c.New(field, format, args...)
	f.permanent = true
	return f
}

func (e *Error) Error() string {
	s := string(e.Code) + ": " + e.Message
	if e.Field != "" {
		s = e.Field + ": " + s
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// CodeOf is the code of the first fault in err's tree, Internal for any other
// error and "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if f, ok := errors.AsType[*Error](err); ok {
		return f.Code
	}
	return Internal
}

// IsPermanent tells whether trying again is pointless.
func IsPermanent(err error) bool {
	f, ok := errors.AsType[*Error](err)
	return ok && f.permanent
}

// All lists the errors that Join brought together, or err alone.
func All(err error) []error {
	if err == nil {
		return nil
	}
	if list, ok := errors.AsType[joined](err); ok {
		return list
	}
	return []error{err}
}

// Join brings the faults of one input together, so that a caller sees all of
// them at once. Nil entries are dropped; without any fault it returns nil.
func Join(faults ...*Error) error {
	var list joined
	for _, f := range faults {
		if f != nil {
			list = append(list, f)
		}
	}
	if list == nil {
		return nil
	}
	return list
}

type joined []error

func (j joined) Error() string { return errors.Join(j...).Error() }

func (j joined) Unwrap() []error { return j }
