package engine

import (
	"context"

	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// A Preview is what a dry run found.
type Preview struct {
	Steps  []string        // that the job would take or, one that is taken back, undo; in order
	Quotas []*models.Quota // of the customer, as they would be
}

// Preview tells what a job that the caller's transaction has started or asked to
// take back would do, nothing without one, and what the customer's quotas would be.
func (s *Starter) Preview(ctx context.Context, tx store.Tx, job *models.Job, customer ident.CustomerID) (*Preview, error) {
	p := &Preview{Steps: []string{}}
	switch {
	case job == nil:
	case job.CancelRequestedAt != nil:
		err := tx.NewSelect().Model((*models.JobStep)(nil)).Column("name").Where("job_id = ?", job.ID).
			Where("state NOT IN (?, ?)", models.StepPending, models.StepUndone).OrderExpr("idx DESC").Scan(ctx, &p.Steps)
		if err != nil {
			return nil, store.Wrap(err, "read steps of job %s", job.ID)
		}
	default:
		for _, step := range s.registry().plans[planKey{job.Kind, job.PlanVersion}].Steps {
			p.Steps = append(p.Steps, step.Name())
		}
	}
	err := tx.NewSelect().Model(&p.Quotas).Where("q.customer_id = ?", customer).Order("q.name").Scan(ctx)
	return p, store.Wrap(err, "read quotas of customer %s", customer)
}
