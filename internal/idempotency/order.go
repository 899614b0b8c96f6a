package idempotency

import (
	"context"

	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// A Call is one mutation that may start a job.
type Call struct {
	Mutation string // its field in the graph
	Input    any    // without DryRun, which no key remembers: tag it json:"-"
	DryRun   bool
}

// Ordered is what such a mutation did. It is embedded in the ids that a key
// keeps, where it is not kept: tag it json:"-".
type Ordered struct {
	Begun    *models.Job      // nil when there is nothing to do outside
	Customer ident.CustomerID // whose quotas a preview tells; zero for none
}

func (o Ordered) ordered() Ordered { return o }

// Order is Once for a mutation that may start a job. As a dry run it does the
// same, with the same refusals, tells what the job would do, and takes all of it
// back: no row, no key, no audit entry is left, and nothing runs. It asks what
// would happen now, so it looks at no key. A preview comes after a dry run only.
func Order[R interface{ ordered() Ordered }](ctx context.Context, db *store.DB, starter *engine.Starter, call Call,
	do func(ctx context.Context, tx store.Tx) (R, error), replay func(ctx context.Context, tx store.Tx, refs R) error,
) (preview *engine.Preview, err error) {
	if !call.DryRun {
		return nil, Once(ctx, db, call.Mutation, call.Input, do, replay)
	}
	err = store.DryRun(ctx, db, func(ctx context.Context, tx store.Tx) error {
		refs, err := do(ctx, tx)
		if err != nil {
			return err
		}
		did := refs.ordered()
		preview, err = starter.Preview(ctx, tx, did.Begun, did.Customer)
		return err
	})
	if err != nil {
		return nil, err
	}
	return preview, nil
}
