package feed

import (
	"context"
	"time"

	"github.com/mpanel/mpanel/internal/store"
)

// Follow sends the rows within reach after a place, each once and in order, until ctx
// ends. With gap it begins by saying that nothing is told of what was before.
func (t *Tail[R, I]) Follow(ctx context.Context, reach Reach[R], after Place, gap bool, now Horizon) <-chan I {
	out := make(chan I)
	go func() {
		defer close(out)
		s := &stream[R, I]{tail: t, reach: reach, last: after, epoch: now.Epoch, out: out}
		if gap && !s.send(ctx, t.Gap(after, now.Epoch)) {
			return
		}
		for s.follow(ctx) {
		}
	}()
	return out
}

// A stream is one watcher's place among the rows.
type stream[R Row, I any] struct {
	tail  *Tail[R, I]
	reach Reach[R]
	last  Place
	epoch uint64 // by whose count
	out   chan<- I
}

// follow joins the tail, reads what was before, and passes on what comes, until ctx
// ends (false) or it has fallen behind (true).
func (s *stream[R, I]) follow(ctx context.Context) bool {
	w := &watcher[R]{reach: s.reach}
	// On a stack of its own: the stream's stays for as long as somebody watches, and a
	// query makes it several times as large.
	joined := make(chan bool)
	go func() { joined <- s.join(ctx, w) }()
	ok := <-joined
	defer s.tail.leave(w)
	if !ok {
		return s.pause(ctx)
	}
	for {
		select {
		case some, ok := <-w.items:
			if !ok {
				return true
			}
			for _, r := range some {
				if s.last.Before(r.FeedPlace()) && !s.pass(ctx, r) {
					return false
				}
			}
		case <-ctx.Done():
			return false
		}
	}
}

// join reads the table up to where w has joined the tail. It gives false when that
// is not possible now.
func (s *stream[R, I]) join(ctx context.Context, w *watcher[R]) bool {
	now, err := s.tail.Horizon(ctx)
	if err == nil && now.Epoch != s.epoch {
		// What was before was counted otherwise, and may have been taken back.
		s.epoch, s.last = now.Epoch, Place{Tx: now.Settled}
		if !s.send(ctx, s.tail.Gap(s.last, s.epoch)) {
			return false
		}
	}
	if err == nil {
		upTo, ok := s.tail.join(w, now)
		if !ok {
			return false
		}
		err = s.catchUp(ctx, upTo)
	}
	if err != nil && ctx.Err() == nil {
		s.tail.Log.WarnContext(ctx, "read what was committed failed", "feed", s.tail.Name, "error", err)
	}
	return err == nil && ctx.Err() == nil
}

// catchUp reads the table window by window, so that it gets on also where hardly
// anything is the caller's to see.
func (s *stream[R, I]) catchUp(ctx context.Context, upTo Place) error {
	for s.last.Before(upTo) {
		end, err := s.tail.Window(ctx, s.last, upTo)
		if err != nil {
			return err
		}
		rows, err := s.tail.Read(ctx, s.last, end, s.epoch, s.reach.Narrow)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if !s.pass(ctx, r) {
				return store.Wrap(ctx.Err(), "send %s", s.tail.Name)
			}
		}
		if len(rows) < Batch {
			s.last = end
		}
	}
	return nil
}

func (s *stream[R, I]) pass(ctx context.Context, r R) bool {
	s.last = r.FeedPlace()
	return s.send(ctx, s.tail.Item(r))
}

func (s *stream[R, I]) send(ctx context.Context, item I) bool {
	select {
	case s.out <- item:
		return true
	case <-ctx.Done():
		return false
	}
}

// pause waits until it makes sense to try again.
func (s *stream[R, I]) pause(ctx context.Context) bool {
	select {
	case <-time.After(s.tail.Look):
		return true
	case <-ctx.Done():
		return false
	}
}
