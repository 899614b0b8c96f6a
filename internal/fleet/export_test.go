package fleet

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/models"
)

// Own makes a server this node's host, as RegisterHost does.
func Own(s *Service, id ident.ServerID) { s.sampler.own(id) }

// WatchOwn and WatchOther are Watch without a look at the rows, which a test with a
// clock of its own cannot take.

func WatchOwn(ctx context.Context, s *Service, every int) <-chan *Metrics {
	return s.sampler.watch(ctx, every)
}

func WatchOther(ctx context.Context, s *Service, id ident.ServerID, every int) <-chan *Metrics {
	return s.others.watch(ctx, id, every)
}

// Average is what History makes of several minutes.
var Average = average

// A Recorder is Record, step by step.
type Recorder struct {
	s *Service
	r recorder
}

// NewRecorder returns one without samples.
func NewRecorder(s *Service) *Recorder { return &Recorder{s: s} }

// Add measures the host and tells whether a minute is over.
func (r *Recorder) Add(ctx context.Context) (bool, error) {
	m, err := r.s.sampler.now(ctx)
	if err != nil {
		return false, err
	}
	return r.r.add(r.s.sampler.host(), m)
}

// AddSample takes what was measured.
func (r *Recorder) AddSample(t *testing.T, m *Metrics) {
	t.Helper()
	_, err := r.r.add(r.s.sampler.host(), m)
	require.NoError(t, err)
}

// Write writes what waits.
func (r *Recorder) Write(ctx context.Context) error { return r.s.write(ctx, &r.r) }

// Minutes are those that wait to be written.
func (r *Recorder) Minutes() []*models.ServerMinute { return r.r.minutes }
