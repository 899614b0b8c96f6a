package budget

import (
	"context"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/mpanel/mpanel/internal/fault"
)

// Tries bound how often somebody may try something, such as a password: so many at
// once, which come back evenly within a time. Every node has its own. They are safe for
// concurrent use.
type Tries struct {
	now func() time.Time

	mu   sync.Mutex
	full *lru.LRU[string, time.Time] // by kind and caller: when everything is back
}

// NewTries returns tries of which none are used. now may be nil.
func NewTries(now func() time.Time) *Tries {
	if now == nil {
		now = time.Now
	}
	full, _ := lru.NewLRU[string, time.Time](callers, nil) // which fails for sizes below 1 only
	return &Tries{now: now, full: full}
}

// Take counts one try of a kind by somebody, of whom there are at most so many within
// the window. Error: fault.RateLimited with retryAfterSeconds; nothing is counted then.
func (t *Tries) Take(_ context.Context, kind, who string, most int, window time.Duration) error {
	key, now := kind+"\x00"+who, t.now()
	one := window / time.Duration(most)
	t.mu.Lock()
	defer t.mu.Unlock()
	full, _ := t.full.Get(key)
	if full.Before(now) {
		full = now
	}
	full = full.Add(one)
	if over := full.Sub(now) - window; over > 0 {
		f := fault.RateLimited.New("", "That was tried too often; wait a while and try again.")
		f.Details = map[string]any{"retryAfterSeconds": int((over + time.Second - 1) / time.Second)}
		return f
	}
	t.full.Add(key, full)
	return nil
}

// Give takes back one try that turned out well.
func (t *Tries) Give(_ context.Context, kind, who string, most int, window time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if full, ok := t.full.Get(kind + "\x00" + who); ok {
		t.full.Add(kind+"\x00"+who, full.Add(-window/time.Duration(most)))
	}
}
