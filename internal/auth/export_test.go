package auth

import (
	"context"
	"errors"
	"time"

	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// MakeCheap lets tests hash in microseconds.
func (s *Service) MakeCheap() { s.hasher.cost = cost{memory: 64, passes: 1, threads: 1} }

// MakeDearer raises the cost above MakeCheap's.
func (s *Service) MakeDearer() { s.hasher.cost.passes++ }

// OnHash calls f, which may wait, in each hash.
func (s *Service) OnHash(f func()) {
	next := s.hasher.derive
	s.hasher.derive = func(password, salt []byte, passes, memory uint32, threads uint8, keyLen uint32) []byte {
		f()
		return next(password, salt, passes, memory, threads, keyLen)
	}
}

// SetNow replaces the clock that issues tokens.
func (s *Service) SetNow(now func() time.Time) { s.now = now }

// Unbounded lets fifty hashes run at the same time.
func (s *Service) Unbounded() { s.hasher.slots = make(chan struct{}, 50) }

// EndSessions is endSessions in a transaction of its own, which fails with err.
func (s *Service) EndSessions(ctx context.Context, user ident.UserID, except ident.SessionID, why models.SessionEnd, err error) (n int, _ error) {
	return n, store.InTx(ctx, s.db, func(ctx context.Context, tx store.Tx) error {
		var ended error
		n, ended = s.endSessions(ctx, tx, user, except, why)
		return errors.Join(ended, err)
	})
}

// Issue signs an access token, whatever there is.
func (s *Service) Issue(user ident.UserID, session ident.SessionID) string {
	token, _, err := s.issue(user, session, s.now().Add(time.Hour))
	if err != nil {
		panic(err)
	}
	return token
}

// UseCode is useCode in a transaction of its own.
func (s *Service) UseCode(ctx context.Context, user ident.UserID, code string) (name string, err error) {
	return name, store.InTx(ctx, s.db, func(ctx context.Context, tx store.Tx) error {
		name, err = s.useCode(ctx, tx, user, code)
		return err
	})
}

// Unnoted is how many sessions wait to be noted as seen.
func (s *Service) Unnoted() int {
	s.seen.mu.Lock()
	defer s.seen.mu.Unlock()
	return len(s.seen.sights)
}

// Unused is how many uses of API tokens wait to be noted.
func (s *Service) Unused() int {
	s.used.mu.Lock()
	defer s.used.mu.Unlock()
	return len(s.used.sights)
}
