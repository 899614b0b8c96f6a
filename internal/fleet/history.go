package fleet

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

const (
	// recordEvery is how often this host is measured while nobody watches it.
	recordEvery = 15 * time.Second
	// historyLasts is how long minutes are kept.
	historyLasts = 48 * time.Hour
	// unwritten is how many minutes wait at most for a database that is away.
	unwritten = 60
	// writeTimeout is how long a write may take; a connection may be a dead one.
	writeTimeout = 10 * time.Second
	// MaxPoints is how many points History gives of a server at most.
	MaxPoints = 1000
)

// A recorder makes minutes of samples. It is one goroutine's.
type recorder struct {
	samples []*Metrics // of the minute that is not over
	minutes []*models.ServerMinute
}

// minuteOf is where the minute of a sample begins.
func minuteOf(m *Metrics) time.Time { return m.At.Truncate(time.Minute) }

// add takes a sample. It tells whether a minute is over.
func (r *recorder) add(id ident.ServerID, m *Metrics) (over bool, err error) {
	if len(r.samples) > 0 && !minuteOf(r.samples[0]).Equal(minuteOf(m)) {
		at := minuteOf(r.samples[0])
		text, err := json.Marshal(average(at, r.samples))
		r.samples = r.samples[:0]
		if err != nil {
			return false, fmt.Errorf("encode a minute of metrics: %w", err)
		}
		r.minutes = append(r.minutes, &models.ServerMinute{ServerID: id, At: at, Metrics: text})
		if n := len(r.minutes) - unwritten; n > 0 {
			r.minutes = r.minutes[n:]
		}
		over = true
	}
	r.samples = append(r.samples, m)
	return over, nil
}

// Record keeps what this node's host is doing, minute by minute, until ctx ends. What
// cannot be written is written with the next minute.
func (s *Service) Record(ctx context.Context) {
	tick := time.NewTicker(recordEvery)
	defer tick.Stop()
	var r recorder
	failed := false
	for {
		if err := s.record(ctx, &r); err != nil && ctx.Err() == nil {
			if !failed {
				s.log.WarnContext(ctx, "record the host's metrics failed", "error", err)
			}
			failed = true
		} else {
			failed = false
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (s *Service) record(ctx context.Context, r *recorder) error {
	m, err := s.sampler.now(ctx)
	if err != nil {
		return err
	}
	over, err := r.add(s.sampler.host(), m)
	if err != nil || !over {
		return err
	}
	return s.write(ctx, r)
}

// write writes the minutes that are over, and forgets those that are old, once an hour.
func (s *Service) write(ctx context.Context, r *recorder) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	// The clock may have been set back, so that a minute comes twice.
	if _, err := s.db.NewInsert().Model(&r.minutes).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
		return store.Wrap(err, "write minutes of metrics")
	}
	hour := slices.IndexFunc(r.minutes, func(m *models.ServerMinute) bool { return m.At.Minute() == 0 })
	if hour < 0 {
		r.minutes = nil
		return nil
	}
	old := r.minutes[hour].At.Add(-historyLasts)
	r.minutes = nil
	_, err := s.db.NewDelete().Model((*models.ServerMinute)(nil)).Where("at < ?", old).Exec(ctx)
	return store.Wrap(err, "forget old minutes of metrics")
}

// History returns what each of the servers was doing from one time to another: averages
// over stretches of the same length, as few minutes as maxPoints allows (300 when it is
// nil), each at its beginning, oldest first. A stretch in which nothing was measured has
// none. Error: fault.Invalid for times in the wrong order and for maxPoints that is not
// 1 to MaxPoints.
func (s *Service) History(ctx context.Context, servers []*models.Server, from, to time.Time, maxPoints *int) ([][]*Metrics, error) {
	points := 300
	if maxPoints != nil {
		points = *maxPoints
	}
	if points < 1 || points > MaxPoints {
		return nil, fault.Invalid.New("maxPoints", "Ask for 1 to %d points.", MaxPoints)
	}
	if !from.Before(to) {
		return nil, fault.Invalid.New("from", "It must be before the other end.")
	}
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	out := make([][]*Metrics, len(servers))
	if !who.HoldsWithProvider(actor.ServersRead) {
		return out, nil
	}
	now := time.Now()
	if oldest := now.Add(-historyLasts); from.Before(oldest) {
		from = oldest
	}
	if to.After(now) {
		to = now
	}
	if from = from.Truncate(time.Minute); !from.Before(to) {
		return out, nil
	}
	ids := make([]ident.ServerID, len(servers))
	place := make(map[ident.ServerID]int, len(servers))
	for i, r := range servers {
		ids[i], place[r.ID] = r.ID, i
	}
	var rows []*models.ServerMinute
	err = s.db.NewSelect().Model(&rows).Where("server_id IN (?)", bun.List(ids)).Where("at >= ?", from).Where("at < ?", to).
		Order("server_id", "at").Scan(ctx)
	if err != nil {
		return nil, store.Wrap(err, "read minutes of metrics")
	}
	// Whole minutes, of which the last stretch may have fewer.
	stretch := max(time.Minute, (to.Sub(from)/time.Duration(points) + time.Minute - 1).Truncate(time.Minute))
	begin := func(r *models.ServerMinute) time.Time { return from.Add(r.At.Sub(from).Truncate(stretch)) }
	var of []*Metrics
	for i, row := range rows {
		m := new(Metrics)
		if err := json.Unmarshal(row.Metrics, m); err != nil {
			return nil, fmt.Errorf("decode a minute of metrics: %w", err)
		}
		of = append(of, m)
		if i+1 < len(rows) && rows[i+1].ServerID == row.ServerID && begin(rows[i+1]).Equal(begin(row)) {
			continue
		}
		one := &out[place[row.ServerID]]
		*one = append(*one, average(begin(row).UTC(), of))
		of = nil
	}
	return out, nil
}
