package pgprov

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	// trusted is how long a server that let somebody in is taken to let everybody in.
	trusted = 5 * time.Second
	// patience is how long others wait for the first answer of a server that
	// nobody knows anything of.
	patience = time.Second
	// firstRest and maxRest bound the pause after a failed attempt; it doubles.
	firstRest = 250 * time.Millisecond
	maxRest   = 15 * time.Second
)

// A breaker keeps callers from a server that lets nobody in: one of them tries,
// the others are told at once what the last attempt was told. It counts
// connections only; what the server answers to a statement is not its business.
// A new one knows nothing of its server.
type breaker struct {
	slow error // what is told of a server that has not answered yet

	mu       sync.Mutex
	success  time.Time // of the last attempt that got in
	failures int       // since then
	cause    error     // of the last of them
	rests    time.Time // until then nobody tries
	trying   chan struct{}
	since    time.Time // when whoever tries began
}

// enter tells whether the caller may connect; if so, it must call leave. A
// server that nobody knows anything of is tried by one caller; the others wait a
// moment for what it finds. Error: why the last attempt failed.
func (b *breaker) enter(ctx context.Context) error {
	for {
		tried, wait, err := b.ask()
		if tried == nil {
			return err
		}
		t := time.NewTimer(wait)
		select {
		case <-tried:
			t.Stop()
		case <-t.C:
			return b.slow
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		}
	}
}

// ask decides about one caller; a channel is to be waited on before asking again.
func (b *breaker) ask() (tried <-chan struct{}, wait time.Duration, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	switch {
	case b.failures == 0 && now.Sub(b.success) < trusted:
		return nil, 0, nil
	case now.Before(b.rests):
		return nil, 0, b.cause
	case b.trying == nil:
		b.trying, b.since = make(chan struct{}), now
		return nil, 0, nil
	case b.failures > 0:
		return nil, 0, b.cause
	}
	return b.trying, max(0, patience-now.Sub(b.since)), nil
}

// leave takes the outcome of an attempt, also of one that did not ask: nil, why
// the server let nobody in, or that there is no telling. It says whether that is
// news.
func (b *breaker) leave(cause error, untold bool) (news bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.trying != nil {
		close(b.trying)
		b.trying = nil
	}
	now := time.Now()
	switch {
	case untold:
		return false
	case cause == nil:
		news = b.failures > 0
		b.success, b.failures, b.cause, b.rests = now, 0, nil, time.Time{}
		return news
	case now.Before(b.rests): // attempts that began together are one failure
		return false
	}
	b.failures++
	b.cause = cause
	rest := maxRest
	if doublings := b.failures - 1; doublings < 7 {
		rest = min(maxRest, firstRest<<doublings)
	}
	b.rests = now.Add(rest/2 + rand.N(rest/2)) // #nosec G404 -- so that nodes do not knock in step
	return b.failures == 1
}
