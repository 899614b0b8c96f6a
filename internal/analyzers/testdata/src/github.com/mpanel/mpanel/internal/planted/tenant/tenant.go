package tenant

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

type Service struct{ db *bun.DB }

func visible() func(*bun.SelectQuery) *bun.SelectQuery { return store.Visible("d.customer_id") }

func (s *Service) Good(ctx context.Context, row *models.Database) {
	_ = s.db.NewSelect().Model(row).Apply(store.Visible("d.customer_id")).Where("d.id = ?", row.ID).Scan(ctx)
	_ = s.db.NewSelect().Model(row).Apply(visible()).Scan(ctx)
	_ = s.db.NewUpdate().Model(row).Set("state = ?", 1).WherePK().Exec(ctx)
	_ = s.db.NewSelect().Model((*models.Setting)(nil)).Scan(ctx) // nobody's
	store.NewList(s.db, nil, (*models.Database)(nil)).Apply(visible())
}

func (s *Service) Find(ctx context.Context, id string) {
	_ = s.db.NewSelect().Model(new(models.Database)).Where("d.id = ?", id).Scan(ctx) // want `this query of Database has no tenant filter`
	s.below(ctx, id)
}

func (s *Service) below(ctx context.Context, id string) {
	_ = s.db.NewDelete().Model((*models.Customer)(nil)).Where("c.id = ?", id).Exec(ctx) // want `this query of Customer has no tenant filter`
}

func (s *Service) List(ctx context.Context) {
	store.NewList(s.db, nil, (*models.Database)(nil)) // want `this list of Database has no tenant filter`
}

func (s *Service) Filtered(ctx context.Context, f func(*bun.SelectQuery) *bun.SelectQuery) {
	_ = s.db.NewSelect().Model(&[]*models.Database{}).Apply(f).Scan(ctx) // want `this query of Database has no tenant filter`
}

// Sweep looks at everybody's.
//
//allow:tenant a chore, for the databases of all
func (s *Service) Sweep(ctx context.Context) {
	_ = s.db.NewSelect().Model(new(models.Database)).Scan(ctx)
	s.sweepOne(ctx)
}

func (s *Service) sweepOne(ctx context.Context) {
	_ = s.db.NewSelect().Model(new(models.Database)).Scan(ctx)
}

func (s *Service) Excused(ctx context.Context) {
	//allow:tenant of a row that was found with the filter
	_ = s.db.NewSelect().Model(new(models.Database)).Scan(ctx)
}

var byID = &store.Keyed[string, models.Database]{
	Query: func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("d.id = ANY ($1)").Apply(visible()) },
}

var unfiltered = &store.Keyed[string, models.Database]{ // want `this read of Database has no tenant filter`
	Query: func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("d.id = ANY ($1)") },
}

var edge = &store.Edge[string, models.Database]{ // want `this read of Database has no tenant filter`
	Rows: func(q *bun.SelectQuery) *bun.SelectQuery { return q },
}
