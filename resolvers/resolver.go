// Package resolvers joins the graph to the domains: each resolver is one call.
// It parses nothing, checks nothing and opens no transaction; what the schema
// says of permissions is done by the directives in this package.
package resolvers

import (
	"context"

	"github.com/mpanel/mpanel/internal/audit/trail"
	"github.com/mpanel/mpanel/internal/auth"
	"github.com/mpanel/mpanel/internal/customer"
	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/fleet"
	"github.com/mpanel/mpanel/internal/inbox"
	"github.com/mpanel/mpanel/internal/jobs"
)

// A Resolver has the services that the fields call.
type Resolver struct {
	AuthService     *auth.Service
	CustomerService *customer.Service
	DatabaseService *database.Service
	DumpService     *database.DumpService
	FleetService    *fleet.Service
	JobService      *jobs.Service
	TrailService    *trail.Service
	InboxService    *inbox.Service
	// SideBySide calls what reads, so that it shares a round trip; it is store.SideBySide.
	SideBySide func(ctx context.Context, read ...func(context.Context) error) error
}
