package customer

import (
	"context"

	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// Open makes a customer at the top for somebody who signs up, in the transaction that
// makes their account and records both; what they may have is the provider's to say.
// Error: fault.Invalid.
func (s *Service) Open(ctx context.Context, tx store.Tx, in CreateInput) (ident.CustomerID, error) {
	if err := in.Validate(); err != nil {
		return ident.CustomerID{}, err
	}
	row := &models.Customer{
		ID: ident.NewCustomerID(), Name: in.Name, Email: in.Email, Company: filled(in.Company), Country: filled(in.Country), State: models.CustomerActive,
	}
	if _, err := tx.NewInsert().Model(row).Returning("*").Exec(ctx); err != nil {
		return ident.CustomerID{}, store.Wrap(err, "insert customer %s", row.ID)
	}
	if err := insertTree(ctx, tx, row); err != nil {
		return ident.CustomerID{}, err
	}
	if err := insertQuotas(ctx, tx, row.ID, in.Quotas); err != nil {
		return ident.CustomerID{}, err
	}
	return row.ID, nil
}
