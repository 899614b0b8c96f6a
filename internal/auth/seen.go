package auth

import (
	"context"
	"sync"
	"time"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
)

// How sessions are noted as seen: each once in seenEvery at most, all that come within
// gatherFor in one statement, and no more of them than maxSeen.
const (
	seenEvery = time.Minute
	gatherFor = time.Second
	maxSeen   = 10_000
)

// A seen has the sessions that were seen and not noted yet. Requests do not wait for
// the note.
type seen struct {
	mu       sync.Mutex
	sessions map[ident.SessionID]sight
	news     chan struct{} // has something once there are sessions
}

// A sight is when a session was seen, and where.
type sight struct {
	at time.Time
	ip string
}

func newSeen() *seen {
	return &seen{sessions: map[ident.SessionID]sight{}, news: make(chan struct{}, 1)}
}

// add takes a sight. Nobody may be there to note it, and then it is forgotten.
func (s *seen) add(id ident.SessionID, what sight) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.sessions) >= maxSeen {
		return
	}
	s.sessions[id] = what
	select {
	case s.news <- struct{}{}:
	default:
	}
}

func (s *seen) take() map[ident.SessionID]sight {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := s.sessions
	s.sessions = map[ident.SessionID]sight{}
	return taken
}

// see tells that a request came in a session that was last noted as seen at noted.
func (s *Service) see(ctx context.Context, id ident.SessionID, noted time.Time) {
	if now := s.now(); now.Sub(noted) >= seenEvery {
		s.seen.add(id, sight{now, actor.RequestFrom(ctx).IP})
	}
}

// Run notes which sessions are seen, until ctx ends. Each node runs it once.
func (s *Service) Run(ctx context.Context) {
	gather := time.NewTimer(0)
	defer gather.Stop()
	for {
		select {
		case <-s.seen.news:
		case <-ctx.Done():
			return
		}
		gather.Reset(gatherFor)
		select {
		case <-gather.C:
		case <-ctx.Done():
			return
		}
		if err := s.noteSeen(ctx, s.seen.take()); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "sessions were not noted as seen", "error", err)
		}
	}
}

// noteSightings writes what this node saw; another may have seen the same since. Rows
// are taken in the order of their ids, so that two nodes do not wait for each other.
const noteSightings = `
WITH news AS (
	SELECT se.id, n.at, n.ip FROM unnest($1::uuid[], $2::timestamptz[], $3::text[]) AS n (id, at, ip) JOIN sessions AS se ON se.id = n.id
	WHERE se.last_seen_at < n.at AND se.ended_at IS NULL
	ORDER BY se.id FOR NO KEY UPDATE OF se
)
UPDATE sessions AS se SET last_seen_at = news.at, ip = news.ip FROM news WHERE se.id = news.id`

func (s *Service) noteSeen(ctx context.Context, sessions map[ident.SessionID]sight) error {
	if len(sessions) == 0 {
		return nil
	}
	ids, times, ips := make([]string, 0, len(sessions)), make([]time.Time, 0, len(sessions)), make([]string, 0, len(sessions))
	for id, what := range sessions {
		ids, times, ips = append(ids, id.String()), append(times, what.at), append(ips, what.ip)
	}
	_, err := s.db.Pool.Exec(ctx, noteSightings, ids, times, ips)
	return store.Wrap(err, "note %d sessions as seen", len(ids))
}
