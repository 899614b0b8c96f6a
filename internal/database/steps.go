package database

import (
	"context"
	"time"

	"github.com/mpanel/mpanel/internal/engine"
)

// A step is what this domain's steps have in common: moves of one server
// towards the spec. Without undo there is nothing to take back.
type step struct {
	name        string
	policy      engine.Policy
	observe     func(ctx context.Context, s *spec) (engine.Observed, error)
	apply, undo func(ctx context.Context, s *spec) error
}

func (s step) Name() string          { return s.name }
func (s step) Policy() engine.Policy { return s.policy }

func (s step) Observe(ctx context.Context, e *engine.Env) (engine.Observed, error) {
	return s.observe(ctx, specOf(e))
}

func (s step) Apply(ctx context.Context, e *engine.Env) (engine.Handle, error) {
	if err := specOf(e).ready(ctx); err != nil {
		return nil, err
	}
	return nil, s.apply(ctx, specOf(e))
}

func (s step) Undo(ctx context.Context, e *engine.Env, _ engine.Handle) error {
	if s.undo == nil {
		return nil
	}
	if err := specOf(e).ready(ctx); err != nil {
		return err
	}
	return s.undo(ctx, specOf(e))
}

func specOf(e *engine.Env) *spec { return e.Spec.(*spec) } //nolint:forcetypeassert // load makes nothing else

// createSteps make a database: nobody gets in before its rights are set, and it
// gets the name that the customer was told last.
func createSteps() []engine.Step {
	quick := engine.Policy{Timeout: 20 * time.Second}
	return []engine.Step{
		step{
			name: "create-login", policy: quick,
			observe: func(ctx context.Context, s *spec) (engine.Observed, error) {
				return s.server.ObserveLogin(ctx, s.login)
			},
			apply: func(ctx context.Context, s *spec) error { return s.server.EnsureLogin(ctx, s.login) },
			undo:  func(ctx context.Context, s *spec) error { return s.server.DropLogin(ctx, s.login) },
		},
		step{
			name: "create-database", policy: engine.Policy{Timeout: time.Minute},
			observe: func(ctx context.Context, s *spec) (engine.Observed, error) {
				return s.server.ObserveSpace(ctx, s.space)
			},
			apply: func(ctx context.Context, s *spec) error { return s.server.EnsureSpace(ctx, s.space) },
			undo:  func(ctx context.Context, s *spec) error { return s.server.DropSpace(ctx, s.space) },
		},
		step{
			name: "grant-access", policy: quick,
			observe: func(ctx context.Context, s *spec) (engine.Observed, error) { return s.server.ObserveOpen(ctx, s.space) },
			apply:   func(ctx context.Context, s *spec) error { return s.server.OpenSpace(ctx, s.space) },
			undo:    func(ctx context.Context, s *spec) error { return s.server.CloseSpace(ctx, s.space) },
		},
		step{
			name: "publish-name", policy: quick,
			observe: func(ctx context.Context, s *spec) (engine.Observed, error) {
				return s.server.ObservePublished(ctx, s.space)
			},
			apply: func(ctx context.Context, s *spec) error { return s.server.PublishSpace(ctx, s.space) },
			undo:  func(ctx context.Context, s *spec) error { return s.server.WithdrawSpace(ctx, s.space) },
		},
	}
}

// deleteSteps shut everybody out, wait, and only then remove the data: from
// there is no way back.
func deleteSteps() []engine.Step {
	return []engine.Step{
		step{name: "close", policy: engine.Policy{Timeout: time.Minute}, observe: observeClosed, apply: closeAll, undo: reopenAll},
		step{name: "grace-period", observe: observeGrace, apply: awaitGrace},
		step{
			name: "drop-database", policy: engine.Policy{Timeout: 2 * time.Minute, Pivot: true},
			observe: func(ctx context.Context, s *spec) (engine.Observed, error) {
				return gone(s.server.ObserveSpace(ctx, s.space))
			},
			apply: func(ctx context.Context, s *spec) error { return s.server.DropSpace(ctx, s.space) },
		},
		step{
			name: "drop-login", policy: engine.Policy{Timeout: time.Minute},
			observe: func(ctx context.Context, s *spec) (engine.Observed, error) {
				return gone(s.server.ObserveLogin(ctx, s.login)) // the last to go
			},
			apply: dropLogins,
		},
	}
}

// observeClosed answers Matches only when the database is gone: closing again
// what may be half closed costs little, and asking for every part of it costs more.
func observeClosed(ctx context.Context, s *spec) (engine.Observed, error) {
	return gone(s.server.ObserveSpace(ctx, s.space))
}

func closeAll(ctx context.Context, s *spec) error {
	if err := s.server.DisableLogin(ctx, s.login); err != nil {
		return err
	}
	if err := engine.Point(ctx, "login-disabled"); err != nil {
		return err
	}
	if err := disableMembers(ctx, s); err != nil {
		return err
	}
	if err := s.server.CloseSpace(ctx, s.space); err != nil {
		return err
	}
	if err := engine.Point(ctx, "closed"); err != nil {
		return err
	}
	return s.server.WithdrawSpace(ctx, s.space)
}

// reopenAll opens in the other order: the login comes last. What is suspended
// stays shut, and what was not closed yet is. Customer and quotas may change
// meanwhile: the state follows what was done here.
func reopenAll(ctx context.Context, s *spec) error {
	open, err := s.reopens(ctx)
	if err != nil {
		return err
	}
	if err := engine.Point(ctx, "decided"); err != nil {
		return err
	}
	if err := s.server.PublishSpace(ctx, s.space); err != nil {
		return err
	}
	if !open {
		if err := disableLogins(undoing(ctx), s); err != nil {
			return err
		}
		return closeDatabase(undoing(ctx), s)
	}
	if err := s.server.OpenSpace(ctx, s.space); err != nil {
		return err
	}
	if err := enableMembers(ctx, s); err != nil {
		return err
	}
	return s.server.EnsureLogin(ctx, s.login)
}

// suspendSteps shut the login out of the server, and everybody out of the
// database: a tenant can undo neither.
func suspendSteps() []engine.Step {
	policy := engine.Policy{Timeout: 30 * time.Second}
	return []engine.Step{
		step{name: "disable-login", policy: policy, observe: observeClosed, apply: disableLogins, undo: undone(unlessWasShut(enableLogins))},
		step{name: "close-database", policy: policy, observe: observeClosed, apply: closeDatabase, undo: undone(unlessWasShut(openDatabase))},
	}
}

// unlessWasShut leaves alone what something else had shut before: its suspension
// only came on top of that, and opening belongs to whatever holds it.
func unlessWasShut(open func(context.Context, *spec) error) func(context.Context, *spec) error {
	return func(ctx context.Context, s *spec) error {
		if s.wasShut {
			return nil
		}
		return open(ctx, s)
	}
}

// resumeSteps open in the other order.
func resumeSteps() []engine.Step {
	policy := engine.Policy{Timeout: 30 * time.Second}
	return []engine.Step{
		step{
			name: "open-database", policy: policy, apply: openForLogin, undo: undone(disableAndClose),
			observe: func(ctx context.Context, s *spec) (engine.Observed, error) { return s.server.ObserveOpen(ctx, s.space) },
		},
		step{
			name: "enable-login", policy: policy, apply: enableLogins, undo: undone(disableLogins), observe: observeNothing,
		},
	}
}

// rotateSteps set the password. Only a superuser could see whether it is set, so
// a resumed step sets it again.
func rotateSteps() []engine.Step {
	return []engine.Step{step{
		name: "set-password", policy: engine.Policy{Timeout: 20 * time.Second},
		observe: observeNothing,
		apply:   func(ctx context.Context, s *spec) error { return s.server.EnsureLogin(ctx, s.next) },
		undo:    enableLogin,
	}}
}

// undone makes an undo of what another step applies.
func undone(apply func(context.Context, *spec) error) func(context.Context, *spec) error {
	return func(ctx context.Context, s *spec) error { return apply(undoing(ctx), s) }
}

// openForLogin makes a login that was dropped by hand while nobody was let in.
func openForLogin(ctx context.Context, s *spec) error {
	seen, err := s.server.ObserveLogin(ctx, s.login)
	if err == nil && seen.State == engine.Absent {
		err = enableLogin(ctx, s)
	}
	if err != nil {
		return err
	}
	return openDatabase(ctx, s)
}

func disableAndClose(ctx context.Context, s *spec) error {
	if err := s.server.DisableLogin(ctx, s.login); err != nil {
		return err
	}
	return closeDatabase(ctx, s)
}

// observeNothing has a resumed step do its work again.
func observeNothing(context.Context, *spec) (engine.Observed, error) {
	return engine.Observed{State: engine.Differs}, nil
}

func disableLogins(ctx context.Context, s *spec) error {
	if err := s.server.DisableLogin(ctx, s.login); err != nil {
		return err
	}
	return disableMembers(ctx, s)
}

func enableLogins(ctx context.Context, s *spec) error {
	if err := enableMembers(ctx, s); err != nil {
		return err
	}
	return enableLogin(ctx, s)
}

func enableLogin(ctx context.Context, s *spec) error   { return s.server.EnsureLogin(ctx, s.login) }
func closeDatabase(ctx context.Context, s *spec) error { return s.server.CloseSpace(ctx, s.space) }
func openDatabase(ctx context.Context, s *spec) error  { return s.server.OpenSpace(ctx, s.space) }

func observeGrace(_ context.Context, s *spec) (engine.Observed, error) {
	if time.Now().Before(s.deleteAfter) {
		return engine.Observed{State: engine.Differs}, nil
	}
	return engine.Observed{State: engine.Matches}, nil
}

func awaitGrace(_ context.Context, s *spec) error {
	if time.Now().Before(s.deleteAfter) {
		return &engine.Wait{Until: s.deleteAfter, Reason: "The grace period before the data is removed."}
	}
	return nil
}

// gone turns what is there into what a removal wants: nothing of ours.
func gone(seen engine.Observed, err error) (engine.Observed, error) {
	if err == nil && (seen.State == engine.Absent || seen.State == engine.Foreign) {
		return engine.Observed{State: engine.Matches}, nil
	}
	return engine.Observed{State: engine.Differs, Detail: seen.Detail}, err
}
