package auth

import (
	"context"
	"sync"
	"time"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/ident"
)

// How sessions and API tokens are noted as seen: each once in seenEvery at most, all that
// come within gatherFor in one statement, and no more of them than maxSeen.
const (
	seenEvery = time.Minute
	gatherFor = time.Second
	maxSeen   = 10_000
)

// A seen has what was seen and not noted yet, by id. Requests do not wait for the note.
type seen[ID comparable] struct {
	mu     sync.Mutex
	sights map[ID]sight
	news   chan struct{} // has something once there are sights
}

// A sight is when something was seen, and where.
type sight struct {
	at time.Time
	ip string
}

func newSeen[ID comparable]() *seen[ID] {
	return &seen[ID]{sights: map[ID]sight{}, news: make(chan struct{}, 1)}
}

// add takes a sight. Nobody may be there to note it, and then it is forgotten.
func (s *seen[ID]) add(id ID, what sight) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.sights) >= maxSeen {
		return
	}
	s.sights[id] = what
	select {
	case s.news <- struct{}{}:
	default:
	}
}

func (s *seen[ID]) take() map[ID]sight {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := s.sights
	s.sights = map[ID]sight{}
	return taken
}

// run has what is seen noted until ctx ends.
func (s *seen[ID]) run(ctx context.Context, note func(context.Context, map[ID]sight)) {
	gather := time.NewTimer(0)
	defer gather.Stop()
	for {
		select {
		case <-s.news:
		case <-ctx.Done():
			return
		}
		gather.Reset(gatherFor)
		select {
		case <-gather.C:
		case <-ctx.Done():
			return
		}
		note(ctx, s.take())
	}
}

// see tells that a request came in a session that was last noted as seen at noted.
func (s *Service) see(ctx context.Context, id ident.SessionID, noted time.Time) {
	if now := s.now(); now.Sub(noted) >= seenEvery {
		s.seen.add(id, sight{now, actor.RequestFrom(ctx).IP})
	}
}

// Run notes which sessions and API tokens are seen, until ctx ends. Each node runs it once.
func (s *Service) Run(ctx context.Context) {
	var both sync.WaitGroup
	both.Go(func() {
		s.seen.run(ctx, func(ctx context.Context, all map[ident.SessionID]sight) { noteSeen(ctx, s, noteSightings, all) })
	})
	both.Go(func() {
		s.used.run(ctx, func(ctx context.Context, all map[ident.APITokenID]sight) { noteSeen(ctx, s, noteUses, all) })
	})
	both.Wait()
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

// noteUses is the same for API tokens.
const noteUses = `
WITH news AS (
	SELECT tok.id, n.at, n.ip FROM unnest($1::uuid[], $2::timestamptz[], $3::text[]) AS n (id, at, ip) JOIN api_tokens AS tok ON tok.id = n.id
	WHERE tok.last_used_at IS NULL OR tok.last_used_at < n.at
	ORDER BY tok.id FOR NO KEY UPDATE OF tok
)
UPDATE api_tokens AS tok SET last_used_at = news.at, last_used_ip = news.ip FROM news WHERE tok.id = news.id`

func noteSeen[ID interface {
	comparable
	String() string
}](ctx context.Context, s *Service, statement string, all map[ID]sight) {
	ids, times, ips := make([]string, 0, len(all)), make([]time.Time, 0, len(all)), make([]string, 0, len(all))
	for id, what := range all {
		ids, times, ips = append(ids, id.String()), append(times, what.at), append(ips, what.ip)
	}
	if _, err := s.db.Pool.Exec(ctx, statement, ids, times, ips); err != nil && ctx.Err() == nil {
		s.log.WarnContext(ctx, "what was seen was not noted", "error", err)
	}
}
