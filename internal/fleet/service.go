package fleet

import (
	"context"
	"log/slog"
	"time"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/agent/collect"
	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/events"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/page"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// What a machine is doing, as the graph has it. Nobody changes one that was taken.
type (
	Metrics        = collect.Sample
	DiskMetrics    = collect.Disk
	NetworkMetrics = collect.Network
)

// Connection is a page of servers, and Edge a row of it.
type (
	Connection = page.Connection[*models.Server]
	Edge       = page.Edge[*models.Server]
)

// A Source measures the host of this process.
type Source interface {
	// Host is what does not change while the host runs.
	Host() (collect.Host, error)
	// Sample is what it is doing; rates are over the time since the sample before.
	Sample(ctx context.Context) (*Metrics, error)
}

// Config is what a Service needs. Everything is required.
type Config struct {
	DB      *store.DB
	Bus     events.Bus
	Node    string
	Version string // of this node's program
	Source  Source
	Log     *slog.Logger
}

// A Service is safe for concurrent use.
type Service struct {
	db      *store.DB
	bus     events.Bus
	node    string
	version string
	source  Source
	log     *slog.Logger
	sampler sampler
	others  others
}

// NewService returns a Service. Until RegisterHost was called no server is its own.
func NewService(c Config) *Service {
	s := &Service{db: c.DB, bus: c.Bus, node: c.Node, version: c.Version, source: c.Source, log: c.Log}
	s.sampler = sampler{source: c.Source, log: c.Log, asking: make(chan struct{}, 1), watchers: map[*watcher]struct{}{}}
	s.others = others{bus: c.Bus, latest: map[ident.ServerID]*Metrics{}, came: map[ident.ServerID]time.Time{}, watched: map[ident.ServerID]int{}}
	return s
}

// RegisterHost enters the host of this node, or what is new of it.
func (s *Service) RegisterHost(ctx context.Context) error {
	host, err := s.source.Host()
	if err != nil { // not the panel's business to fail for
		s.log.WarnContext(ctx, "read the host failed", "error", err)
	}
	row := &models.Server{ID: ident.NewServerID(), Node: &s.node, Name: firstRunes(s.node, 100)}
	if host.OSName != "" {
		row.OSName = &host.OSName
	}
	if host.CPUCount > 0 {
		row.CPUCount = &host.CPUCount
	}
	if host.MemoryBytes > 0 {
		row.MemoryBytes = &host.MemoryBytes
	}
	_, err = s.db.NewInsert().Model(row).On("CONFLICT (node) DO UPDATE").
		Set("os_name = EXCLUDED.os_name, cpu_count = EXCLUDED.cpu_count, memory_bytes = EXCLUDED.memory_bytes, updated_at = now()").
		Returning("id").Exec(ctx)
	if err != nil {
		return store.Wrap(err, "register the host")
	}
	s.sampler.own(row.ID)
	return nil
}

func firstRunes(text string, n int) string {
	for i := range text {
		if n--; n < 0 {
			return text[:i]
		}
	}
	return text
}

// List returns a page of the servers that the caller may see, the oldest first.
func (s *Service) List(ctx context.Context, args page.Args) (*Connection, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	list := store.NewList(s.db, who, (*models.Server)(nil))
	if !who.HoldsWithProvider(actor.ServersRead) {
		list.Where("FALSE")
	}
	return store.Rows(ctx, list, args, oldest)
}

var oldest = store.Order[*models.Server]{
	Name: "servers", Key: "srv.created_at", Type: "timestamptz", ID: "srv.id",
	Place: func(r *models.Server) (string, string) { return r.CreatedAt.Format(time.RFC3339Nano), r.ID.String() },
	Needs: map[string][]bun.Ident{"latestMetrics": {}, "metrics": {}},
}

var byID = &store.Keyed[ident.ServerID, models.Server]{
	Name: "find servers", Query: func(q *bun.SelectQuery, _ store.Scope, _ actor.Permission) *bun.SelectQuery {
		return q.Where("srv.id = ANY ($1)")
	},
}

// FindAll returns those of the servers that the caller may see, in one query.
func (s *Service) FindAll(ctx context.Context, ids []ident.ServerID) (map[ident.ServerID]*models.Server, error) {
	who, err := actor.From(ctx)
	if err != nil || !who.HoldsWithProvider(actor.ServersRead) {
		return nil, err
	}
	rows, err := byID.Read(ctx, s.db, who, actor.ServersRead, ids)
	if err != nil {
		return nil, err
	}
	found := make(map[ident.ServerID]*models.Server, len(rows))
	for _, r := range rows {
		found[r.ID] = r
	}
	return found, nil
}

// Find returns a server, nil when there is none that the caller may see.
func (s *Service) Find(ctx context.Context, id ident.ServerID) (*models.Server, error) {
	found, err := s.FindAll(ctx, []ident.ServerID{id})
	if err != nil {
		return nil, err
	}
	return found[id], nil
}
