package notify

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// Stats are what a node has done since it started.
type Stats struct {
	Sent int64
	// Failed are attempts by what went wrong, of which MailRefused and MailExpired are
	// mails that were given up. Each class that there can be is there, if with 0.
	Failed map[models.MailError]int64
}

// stats count what becomes of mails.
type stats struct {
	mu sync.Mutex
	Stats
}

func newStats() *stats {
	return &stats{Stats: Stats{Failed: map[models.MailError]int64{
		models.MailUnreachable: 0, models.MailSignIn: 0, models.MailDeferred: 0, models.MailUnreadable: 0, models.MailRefused: 0, models.MailExpired: 0,
	}}}
}

func (s *stats) succeeded() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Sent++
}

func (s *stats) failed(class models.MailError, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Failed[class] += int64(n)
}

// Stats tells what this Sender has done.
func (s *Sender) Stats() Stats {
	s.stats.mu.Lock()
	defer s.stats.mu.Unlock()
	return Stats{Sent: s.stats.Sent, Failed: maps.Clone(s.stats.Failed)}
}

// A Backlog is what waits to be sent, by whatever node.
type Backlog struct {
	Mails int64
	Age   time.Duration // of the mail that waits for longest; 0 without one
}

// Waiting tells how much waits.
func Waiting(ctx context.Context, db *store.DB) (b Backlog, err error) {
	var seconds float64
	err = db.NewSelect().Model((*models.Mail)(nil)).ColumnExpr("count(*)").
		ColumnExpr("coalesce(extract(epoch FROM now() - min(ml.created_at)), 0)::float8").Where("ml.state = ?", models.MailPending).
		Scan(ctx, &b.Mails, &seconds)
	b.Age = max(0, time.Duration(seconds*float64(time.Second)))
	return b, store.Wrap(err, "count mails that wait")
}
