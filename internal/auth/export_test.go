package auth

import "time"

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
