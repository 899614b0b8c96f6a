package jobs

import (
	"context"
	"sync/atomic"

	"github.com/mpanel/mpanel/internal/feed"
)

// OfAnotherServer lets a feed believe, once it is called, that another server has taken
// over, which counts transactions from where the one before was at back.
func (f *Feed) OfAnotherServer() (takeOver func()) {
	var taken atomic.Bool
	f.horizon = func(ctx context.Context) (feed.Horizon, error) {
		h, err := f.readHorizon(ctx)
		if taken.Load() {
			h.Epoch++
		}
		return h, err
	}
	return func() { taken.Store(true) }
}
