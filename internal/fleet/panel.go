package fleet

import (
	"context"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/models"
)

// Panel tells what this node is. Error: fault.Forbidden for who does not hold
// SERVERS_READ with the provider.
func (s *Service) Panel(ctx context.Context) (*models.Panel, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	if !who.HoldsWithProvider(actor.ServersRead) {
		return nil, fault.Forbidden.New("", "This needs the permission %s.", actor.ServersRead)
	}
	return &models.Panel{Version: s.version}, nil
}
