package database

import (
	"context"
	"time"

	"github.com/mpanel/mpanel/internal/engine"
)

func specOf(e *engine.Env) *spec { return e.Spec.(*spec) } //nolint:forcetypeassert // load makes nothing else

// createLogin makes the role that the customer logs in with.
type createLogin struct{}

func (createLogin) Name() string          { return "create-login" }
func (createLogin) Policy() engine.Policy { return engine.Policy{Timeout: 20 * time.Second} }

func (createLogin) Observe(ctx context.Context, e *engine.Env) (engine.Observed, error) {
	return specOf(e).server.ObserveLogin(ctx, specOf(e).login)
}

func (createLogin) Apply(ctx context.Context, e *engine.Env) (engine.Handle, error) {
	return nil, specOf(e).server.EnsureLogin(ctx, specOf(e).login)
}

func (createLogin) Undo(ctx context.Context, e *engine.Env, _ engine.Handle) error {
	return specOf(e).server.DropLogin(ctx, specOf(e).login)
}

// createSpace makes the database under its working name, closed and marked.
type createSpace struct{}

func (createSpace) Name() string          { return "create-database" }
func (createSpace) Policy() engine.Policy { return engine.Policy{Timeout: time.Minute} }

func (createSpace) Observe(ctx context.Context, e *engine.Env) (engine.Observed, error) {
	return specOf(e).server.ObserveSpace(ctx, specOf(e).space)
}

func (createSpace) Apply(ctx context.Context, e *engine.Env) (engine.Handle, error) {
	return nil, specOf(e).server.EnsureSpace(ctx, specOf(e).space)
}

func (createSpace) Undo(ctx context.Context, e *engine.Env, _ engine.Handle) error {
	return specOf(e).server.DropSpace(ctx, specOf(e).space)
}

// openSpace gives the login its rights.
type openSpace struct{}

func (openSpace) Name() string          { return "grant-access" }
func (openSpace) Policy() engine.Policy { return engine.Policy{Timeout: 20 * time.Second} }

func (openSpace) Observe(ctx context.Context, e *engine.Env) (engine.Observed, error) {
	return specOf(e).server.ObserveOpen(ctx, specOf(e).space)
}

func (openSpace) Apply(ctx context.Context, e *engine.Env) (engine.Handle, error) {
	return nil, specOf(e).server.OpenSpace(ctx, specOf(e).space)
}

func (openSpace) Undo(ctx context.Context, e *engine.Env, _ engine.Handle) error {
	return specOf(e).server.CloseSpace(ctx, specOf(e).space)
}

// publishSpace gives the database the name that the customer was told.
type publishSpace struct{}

func (publishSpace) Name() string          { return "publish-name" }
func (publishSpace) Policy() engine.Policy { return engine.Policy{Timeout: 20 * time.Second} }

func (publishSpace) Observe(ctx context.Context, e *engine.Env) (engine.Observed, error) {
	return specOf(e).server.ObservePublished(ctx, specOf(e).space)
}

func (publishSpace) Apply(ctx context.Context, e *engine.Env) (engine.Handle, error) {
	return nil, specOf(e).server.PublishSpace(ctx, specOf(e).space)
}

func (publishSpace) Undo(ctx context.Context, e *engine.Env, _ engine.Handle) error {
	return specOf(e).server.WithdrawSpace(ctx, specOf(e).space)
}

// closeDatabase shuts everybody out and takes the name away; the data stays.
type closeDatabase struct{}

func (closeDatabase) Name() string          { return "close" }
func (closeDatabase) Policy() engine.Policy { return engine.Policy{Timeout: 30 * time.Second} }

// Observe answers Matches only when the database is gone: closing again what
// may be half closed costs little, and asking for every part of it costs more.
func (closeDatabase) Observe(ctx context.Context, e *engine.Env) (engine.Observed, error) {
	seen, err := specOf(e).server.ObserveSpace(ctx, specOf(e).space)
	switch {
	case err != nil:
		return seen, err
	case seen.State == engine.Absent, seen.State == engine.Foreign: // nothing of ours to close
		return engine.Observed{State: engine.Matches}, nil
	}
	return engine.Observed{State: engine.Differs, Detail: "The database may still be open."}, nil
}

func (closeDatabase) Apply(ctx context.Context, e *engine.Env) (engine.Handle, error) {
	s := specOf(e)
	if err := s.server.DisableLogin(ctx, s.login); err != nil {
		return nil, err
	}
	if err := engine.Point(ctx, "login-disabled"); err != nil {
		return nil, err
	}
	if err := s.server.CloseSpace(ctx, s.space); err != nil {
		return nil, err
	}
	if err := engine.Point(ctx, "closed"); err != nil {
		return nil, err
	}
	return nil, s.server.WithdrawSpace(ctx, s.space)
}

// Undo opens in the other order: the login comes last.
func (closeDatabase) Undo(ctx context.Context, e *engine.Env, _ engine.Handle) error {
	s := specOf(e)
	if err := s.server.PublishSpace(ctx, s.space); err != nil {
		return err
	}
	if err := s.server.OpenSpace(ctx, s.space); err != nil {
		return err
	}
	return s.server.EnsureLogin(ctx, s.login)
}

// gracePeriod waits until the database may be dropped.
type gracePeriod struct{}

func (gracePeriod) Name() string          { return "grace-period" }
func (gracePeriod) Policy() engine.Policy { return engine.Policy{} }

func (gracePeriod) Observe(_ context.Context, e *engine.Env) (engine.Observed, error) {
	if time.Now().Before(specOf(e).deleteAfter) {
		return engine.Observed{State: engine.Differs}, nil
	}
	return engine.Observed{State: engine.Matches}, nil
}

func (gracePeriod) Apply(_ context.Context, e *engine.Env) (engine.Handle, error) {
	if until := specOf(e).deleteAfter; time.Now().Before(until) {
		return nil, &engine.Wait{Until: until, Reason: "The grace period before the data is removed."}
	}
	return nil, nil
}

func (gracePeriod) Undo(context.Context, *engine.Env, engine.Handle) error { return nil }

// dropSpace removes the data: from here there is no way back.
type dropSpace struct{}

func (dropSpace) Name() string { return "drop-database" }
func (dropSpace) Policy() engine.Policy {
	return engine.Policy{Timeout: 2 * time.Minute, Pivot: true}
}

func (dropSpace) Observe(ctx context.Context, e *engine.Env) (engine.Observed, error) {
	return gone(specOf(e).server.ObserveSpace(ctx, specOf(e).space))
}

func (dropSpace) Apply(ctx context.Context, e *engine.Env) (engine.Handle, error) {
	return nil, specOf(e).server.DropSpace(ctx, specOf(e).space)
}

func (dropSpace) Undo(context.Context, *engine.Env, engine.Handle) error { return nil }

// dropLogin removes the role, which owns nothing any more.
type dropLogin struct{}

func (dropLogin) Name() string          { return "drop-login" }
func (dropLogin) Policy() engine.Policy { return engine.Policy{Timeout: 20 * time.Second} }

func (dropLogin) Observe(ctx context.Context, e *engine.Env) (engine.Observed, error) {
	return gone(specOf(e).server.ObserveLogin(ctx, specOf(e).login))
}

func (dropLogin) Apply(ctx context.Context, e *engine.Env) (engine.Handle, error) {
	return nil, specOf(e).server.DropLogin(ctx, specOf(e).login)
}

func (dropLogin) Undo(context.Context, *engine.Env, engine.Handle) error { return nil }

// gone turns what is there into what a removal wants: nothing of ours.
func gone(seen engine.Observed, err error) (engine.Observed, error) {
	if err == nil && (seen.State == engine.Absent || seen.State == engine.Foreign) {
		return engine.Observed{State: engine.Matches}, nil
	}
	return engine.Observed{State: engine.Differs, Detail: seen.Detail}, err
}
