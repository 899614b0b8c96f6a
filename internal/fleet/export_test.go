package fleet

import (
	"context"

	"github.com/mpanel/mpanel/internal/ident"
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
