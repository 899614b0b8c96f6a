package devstack

import (
	"context"
	"time"
)

// How long to wait before postgres is started again, at first and at most.
const (
	minBackoff = 100 * time.Millisecond
	maxBackoff = 5 * time.Second
	// steadyAfter is how long it must have run to start with minBackoff again.
	steadyAfter = 30 * time.Second
)

// A restart is a caller's wish on its way to the supervisor. It carries the
// caller's ctx because that call waits for the answer.
type restart struct {
	ctx       context.Context //nolint:containedctx // of the call that waits, not of the supervisor
	immediate bool
	answer    chan error // has room for one
}

// A supervisor owns the running postgres of a cluster; all of it happens in
// one goroutine.
type supervisor struct {
	*Cluster
	p       *process
	up      time.Time // when p let clients in
	backoff time.Duration
}

// supervise keeps postgres running until ctx ends, then stops it, giving up
// the patience for that when patient ends.
func (c *Cluster) supervise(ctx, patient context.Context, p *process) {
	s := &supervisor{Cluster: c, p: p, up: time.Now(), backoff: minBackoff}
	defer s.finish()
	for s.p != nil {
		select {
		case <-ctx.Done():
			if s.p.halt(patient, false) {
				c.cfg.Log.WarnContext(ctx, "postgres did not stop in time and was stopped the hard way")
			}
			return
		case r := <-c.restarts:
			err := s.restart(ctx, patient, r)
			r.answer <- err
			if err != nil {
				s.revive(ctx)
			}
		case <-s.p.exited:
			if ctx.Err() != nil {
				return // Stop wins over what it finds
			}
			c.cfg.Log.ErrorContext(ctx, "postgres ended without being asked to", "pid", s.p.pid(), "state", s.p.cmd.ProcessState.String())
			s.revive(ctx)
		}
	}
}

// restart does as told. On an error no postgres is running.
func (s *supervisor) restart(ctx, patient context.Context, r restart) (err error) {
	// Stop must not have to wait for a start that takes long.
	bootCtx, cancel := context.WithCancel(r.ctx)
	defer cancel()
	defer context.AfterFunc(ctx, cancel)()
	hurry, cancelHurry := context.WithCancel(r.ctx)
	defer cancelHurry()
	defer context.AfterFunc(patient, cancelHurry)()

	s.p.halt(hurry, r.immediate)
	if s.p, err = s.boot(bootCtx, false); err == nil {
		s.up = time.Now()
	}
	if ctx.Err() != nil && err != nil {
		return ErrStopped
	}
	return err
}

// revive starts postgres again and again until it is up; s.p is nil when ctx
// ended before that.
func (s *supervisor) revive(ctx context.Context) {
	if time.Since(s.up) > steadyAfter {
		s.backoff = minBackoff
	}
	for {
		select {
		case <-ctx.Done():
			s.p = nil
			return
		case <-time.After(s.backoff):
		}
		s.backoff = min(2*s.backoff, maxBackoff)
		p, err := s.boot(ctx, false)
		if err == nil {
			s.p, s.up = p, time.Now()
			return
		}
		if ctx.Err() == nil {
			s.cfg.Log.ErrorContext(ctx, "postgres did not come back", "error", err, "next_try_in", s.backoff)
		}
	}
}

// finish leaves the folder as an orderly process does: free, and with nobody
// at work in it.
func (s *supervisor) finish() {
	ctx, cancel := context.WithTimeout(context.Background(), immediateGrace+time.Second)
	defer cancel()
	// A postmaster that was killed leaves its sessions to themselves.
	s.stopError = s.folder.sweep(ctx, s.socketDir, s.cfg.Log)
	s.removeSocketDir()
	s.folder.close()
	s.hurry()
	close(s.done)
	s.cfg.Log.InfoContext(ctx, "postgres is stopped")
}
