package database

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/page"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// The graph's connection of findings.
type (
	FindingConnection = page.Connection[*models.DriftFinding]
	FindingEdge       = page.Edge[*models.DriftFinding]
)

// FindingFilter is the graph's DriftFilter; conditions hold together.
type FindingFilter struct {
	Kind       *models.DriftKind
	Resolved   *bool
	ServerID   *ident.DatabaseServerID
	DatabaseID *ident.DatabaseID
	CustomerID *ident.CustomerID
}

// visibleFindings keeps what is sure enough to be shown, and from customers
// what is foreign or orphaned.
func visibleFindings(who store.Scope, p actor.Permission) func(*bun.SelectQuery) *bun.SelectQuery {
	return func(q *bun.SelectQuery) *bun.SelectQuery {
		q = q.Apply(store.Visible(who, p, "f.customer_id")).Where("f.confirmed")
		if _, all := who.Customers(p); !all {
			q = q.Where("f.kind IN (?)", bun.List([]models.DriftKind{models.DriftMissing, models.DriftDiffers}))
		}
		return q
	}
}

// Findings returns a page of findings, the newest first.
func (s *Service) Findings(ctx context.Context, args page.Args, f *FindingFilter) (*FindingConnection, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	list := store.NewList(s.db, who, (*models.DriftFinding)(nil))
	list.Apply(visibleFindings(list, actor.JobsRead))
	if f != nil {
		if f.Kind != nil {
			list.Where("f.kind = ?", *f.Kind)
		}
		if f.Resolved != nil {
			list.Where("(f.resolved_at IS NOT NULL) = ?", *f.Resolved)
		}
		if f.ServerID != nil {
			if !who.HoldsWithProvider(actor.ServersRead) { // to others no server exists
				list.Where("FALSE")
			}
			list.Where("f.server_id = ?", f.ServerID.UUID)
		}
		if f.DatabaseID != nil {
			list.Where("f.database_id = ?", f.DatabaseID.UUID)
		}
		if f.CustomerID != nil {
			list.Where("f.customer_id = ?", f.CustomerID.UUID)
		}
	}
	return store.Rows(ctx, list, args, store.Order[*models.DriftFinding]{
		Name: "driftFindings", Key: "f.found_at", Type: "timestamptz", ID: "f.id", Desc: true,
		Place: func(f *models.DriftFinding) (string, string) {
			return f.FoundAt.Format(time.RFC3339Nano), f.ID.String()
		},
	})
}

var findingsByID = &store.Keyed[ident.DriftFindingID, models.DriftFinding]{
	Name: "find drift findings", Query: func(q *bun.SelectQuery, who store.Scope, p actor.Permission) *bun.SelectQuery {
		return q.Apply(visibleFindings(who, p)).Where("f.id = ANY ($1)")
	},
}

// FindFindings returns those of the findings that the caller may see, in one query.
func (s *Service) FindFindings(ctx context.Context, ids []ident.DriftFindingID) (map[ident.DriftFindingID]*models.DriftFinding, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := findingsByID.Read(ctx, s.db, who, actor.JobsRead, ids)
	if err != nil {
		return nil, err
	}
	found := make(map[ident.DriftFindingID]*models.DriftFinding, len(rows))
	for _, f := range rows {
		found[f.ID] = f
	}
	return found, nil
}
