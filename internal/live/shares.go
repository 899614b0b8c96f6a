package live

import (
	"context"
	"sync"

	"github.com/mpanel/mpanel/internal/executor"
)

// shares are what the executions of streams have in common whose events all must
// be delivered: each has its own place and its own pace, but an event that looks
// the same to several is encoded once.
type shares struct {
	mu    sync.Mutex
	byKey map[string]*share
}

type share struct {
	executor.Shared

	key     string
	members int // by the lock of shares
}

// join gives the share of a key, for which the caller is to leave it; nil for "".
func (s *shares) join(key string) *share {
	if key == "" {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.byKey[key]
	if one == nil {
		one = &share{key: key}
		s.byKey[key] = one
	}
	one.members++
	return one
}

func (s *shares) leave(one *share) {
	if one == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if one.members--; one.members == 0 {
		delete(s.byKey, one.key)
	}
}

func (one *share) with(ctx context.Context) context.Context {
	if one == nil {
		return ctx
	}
	return executor.WithShared(ctx, &one.Shared)
}
