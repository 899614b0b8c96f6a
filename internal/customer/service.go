package customer

import (
	"context"
	"slices"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/audit"
	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/idempotency"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// A Service is safe for concurrent use. The zero value is not usable.
type Service struct {
	db       *store.DB
	engine   *engine.Starter
	services []Suspendable
}

// NewService returns a Service for customers whose services are given.
func NewService(db *store.DB, starter *engine.Starter, services ...Suspendable) *Service {
	return &Service{db: db, engine: starter, services: services}
}

// ref is what an idempotency key keeps.
type ref struct {
	Customer ident.CustomerID `json:"customer"`
}

// Create adds a customer, below parentId if that is given. Errors:
// fault.Invalid, fault.NotFound for the parent, fault.Forbidden without one for
// callers who are not the provider's.
func (s *Service) Create(ctx context.Context, in CreateInput) (*Payload, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	if err := in.Validate(); err != nil {
		return nil, err
	}
	out := &Payload{}
	err = idempotency.Once(ctx, s.db, "createCustomer", in, func(ctx context.Context, tx store.Tx) (ref, error) {
		row := &models.Customer{
			ID: ident.NewCustomerID(), Name: in.Name, Email: in.Email, Company: filled(in.Company), Country: filled(in.Country),
			State: models.CustomerActive,
		}
		if err := s.underParent(ctx, tx, who, row, in.ParentID); err != nil {
			return ref{}, err
		}
		if _, err := tx.NewInsert().Model(row).Returning("*").Exec(ctx); err != nil {
			return ref{}, store.Wrap(err, "insert customer %s", row.ID)
		}
		if err := insertTree(ctx, tx, row); err != nil {
			return ref{}, err
		}
		if err := insertQuotas(ctx, tx, row.ID, in.Quotas); err != nil {
			return ref{}, err
		}
		out.Customer = row
		return ref{row.ID}, audit.Record(ctx, tx, audit.Entry{
			Action: "customer.create", Kind: ident.Customer, Object: row.ID.UUID, Customer: row.ID, Detail: withQuotas(told(row), in.Quotas),
		})
	}, s.replay(who, out))
	return out, err
}

// told is what the audit says of a customer.
func told(row *models.Customer) map[string]any {
	return map[string]any{"name": row.Name, "email": row.Email, "company": row.Company, "country": row.Country, "state": row.State}
}

func withQuotas(m map[string]any, quotas []*QuotaInput) map[string]any {
	if len(quotas) > 0 {
		limits := map[models.QuotaName]*int64{}
		for _, q := range quotas {
			limits[q.Name] = q.Max
		}
		m["quotas"] = limits
	}
	return m
}

// replay answers a repeated mutation with the customer as it is now.
func (s *Service) replay(who *actor.Actor, out *Payload) func(context.Context, store.Tx, ref) error {
	return func(ctx context.Context, tx store.Tx, r ref) (err error) {
		out.Customer = new(models.Customer)
		err = tx.NewSelect().Model(out.Customer).Apply(visible(who, actor.CustomersWrite)).Where("c.id = ?", r.Customer).Scan(ctx)
		return store.Wrap(err, "read customer %s", r.Customer)
	}
}

// underParent checks and locks the parent, so that it is not archived meanwhile.
func (s *Service) underParent(ctx context.Context, tx store.Tx, who *actor.Actor, row *models.Customer, parent *ident.CustomerID) error {
	if parent == nil {
		if !who.HoldsWithProvider(actor.CustomersWrite) {
			return fault.Forbidden.New("parentId", "Only the provider's staff create customers at the top; give one of yours as parentId.")
		}
		return nil
	}
	above, err := lockForWrite(ctx, tx, who, *parent, "parentId", "KEY SHARE")
	if err != nil {
		return err
	}
	var depth int
	if err := tx.NewSelect().Table("customer_tree").ColumnExpr("max(depth)").Where("customer_id = ?", above.ID).Scan(ctx, &depth); err != nil {
		return store.Wrap(err, "read depth of customer %s", above.ID)
	}
	if depth+1 > MaxDepth {
		return fault.Invalid.New("parentId", "At most %d resellers can stand above a customer.", MaxDepth)
	}
	row.ParentID = above.ID
	return nil
}

func insertTree(ctx context.Context, tx store.Tx, row *models.Customer) error {
	_, err := tx.NewRaw(`INSERT INTO customer_tree (ancestor_id, customer_id, depth)
		SELECT ancestor_id, ?0::uuid, depth + 1 FROM customer_tree WHERE customer_id = ?1 UNION ALL SELECT ?0::uuid, ?0::uuid, 0`,
		row.ID, row.ParentID).Exec(ctx)
	return store.Wrap(err, "place customer %s in the tree", row.ID)
}

func insertQuotas(ctx context.Context, tx store.Tx, id ident.CustomerID, list []*QuotaInput) error {
	limits := map[models.QuotaName]*int64{}
	for _, q := range list {
		limits[q.Name] = q.Max
	}
	var rows []*models.Quota
	for _, name := range models.QuotaNames() {
		rows = append(rows, &models.Quota{CustomerID: id, Name: name, Max: limits[name]})
	}
	_, err := tx.NewInsert().Model(&rows).Exec(ctx)
	return store.Wrap(err, "insert quotas of customer %s", id)
}

// inOrder is the order in which whoever moves several quotas does.
func inOrder(a, b *QuotaInput) int {
	return slices.Index(models.QuotaNames(), a.Name) - slices.Index(models.QuotaNames(), b.Name)
}

// Update changes the fields that are given. Errors: fault.Invalid,
// fault.NotFound, fault.Conflict for an archived customer, and fault.Forbidden
// for quotas, which are set by those above the customer.
func (s *Service) Update(ctx context.Context, in UpdateInput) (*Payload, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	if err := in.Validate(); err != nil {
		return nil, err
	}
	out := &Payload{}
	err = idempotency.Once(ctx, s.db, "updateCustomer", in, func(ctx context.Context, tx store.Tx) (ref, error) {
		row, err := lockForWrite(ctx, tx, who, in.ID, "id", "UPDATE")
		if err != nil {
			return ref{}, err
		}
		if len(in.Quotas) > 0 {
			if err := fromAbove(ctx, tx, who, row, "quotas"); err != nil {
				return ref{}, err
			}
		}
		before := told(row)
		in.apply(row)
		if _, err := tx.NewUpdate().Model(row).WherePK().Column("name", "email", "company", "country").
			Set("updated_at = now()").Returning("*").Exec(ctx); err != nil {
			return ref{}, store.Wrap(err, "update customer %s", row.ID)
		}
		for _, q := range slices.SortedFunc(slices.Values(in.Quotas), inOrder) {
			//allow:tenant of a customer that lockForWrite has found with the filter
			if _, err := tx.NewUpdate().Model((*models.Quota)(nil)).Set("max = ?", q.Max).
				Where("customer_id = ?", row.ID).Where("name = ?", q.Name).Exec(ctx); err != nil {
				return ref{}, store.Wrap(err, "set quota of customer %s", row.ID)
			}
		}
		out.Customer = row
		was, is := audit.Changed(before, told(row))
		return ref{row.ID}, audit.Record(ctx, tx, audit.Entry{
			Action: "customer.update", Kind: ident.Customer, Object: row.ID.UUID, Customer: row.ID, Before: was, Detail: withQuotas(is, in.Quotas),
		})
	}, s.replay(who, out))
	return out, err
}

func (in UpdateInput) apply(row *models.Customer) {
	if in.Name != nil {
		row.Name = *in.Name
	}
	if in.Email != nil {
		row.Email = *in.Email
	}
	if in.Company != nil {
		row.Company = filled(in.Company)
	}
	if in.Country != nil {
		row.Country = filled(in.Country)
	}
}

// Archive ends a customer that has nothing left. Errors: fault.NotFound,
// fault.Forbidden for those who do not stand above it, fault.Conflict while it
// has databases or customers of its own.
func (s *Service) Archive(ctx context.Context, in ArchiveInput) (*Payload, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	out := &Payload{}
	err = idempotency.Once(ctx, s.db, "archiveCustomer", in, func(ctx context.Context, tx store.Tx) (ref, error) {
		row, err := lockForWrite(ctx, tx, who, in.ID, "id", "UPDATE")
		if err != nil {
			return ref{}, err
		}
		if err := fromAbove(ctx, tx, who, row, "id"); err != nil {
			return ref{}, err
		}
		if err := mustBeEmpty(ctx, tx, row.ID); err != nil {
			return ref{}, err
		}
		if _, err := tx.NewUpdate().Model(row).WherePK().Set("state = ?, updated_at = now()", models.CustomerArchived).
			Returning("*").Exec(ctx); err != nil {
			return ref{}, store.Wrap(err, "archive customer %s", row.ID)
		}
		out.Customer = row
		return ref{row.ID}, audit.Record(ctx, tx, audit.Entry{
			Action: "customer.archive", Kind: ident.Customer, Object: row.ID.UUID, Customer: row.ID,
		})
	}, s.replay(who, out))
	return out, err
}

func mustBeEmpty(ctx context.Context, tx store.Tx, id ident.CustomerID) error {
	var left struct{ Databases, Customers int }
	err := tx.NewSelect().
		ColumnExpr("(SELECT count(*) FROM databases WHERE customer_id = ?) AS databases", id).
		ColumnExpr("(SELECT count(*) FROM customers WHERE parent_id = ? AND state <> ?) AS customers", id, models.CustomerArchived).
		Scan(ctx, &left)
	if err != nil {
		return store.Wrap(err, "look what customer %s has", id)
	}
	if left.Databases+left.Customers > 0 {
		return fault.Conflict.New("id", "This customer still has %d databases and %d customers; delete and archive those first.", left.Databases, left.Customers)
	}
	return nil
}

// lockForWrite reads a customer that the caller may change, with a row lock.
func lockForWrite(ctx context.Context, tx store.Tx, who *actor.Actor, id ident.CustomerID, field, lock string) (*models.Customer, error) {
	row := new(models.Customer)
	err := tx.NewSelect().Model(row).Apply(visible(who, actor.CustomersWrite)).Where("c.id = ?", id.UUID).For(lock).Scan(ctx)
	switch {
	case fault.CodeOf(store.Wrap(err, "lock")) == fault.NotFound:
		return nil, store.Denied(ctx, tx.NewSelect().Model(row).Apply(visible(who, actor.CustomersRead)).Where("c.id = ?", id.UUID), field)
	case err != nil:
		return nil, store.Wrap(err, "lock customer %s", id)
	case row.State == models.CustomerArchived:
		return nil, fault.Conflict.New(field, "This customer is archived.")
	}
	return row, nil
}

// fromAbove refuses callers whose role begins at the customer itself: limits
// are set by those who sell to it.
func fromAbove(ctx context.Context, tx store.Tx, who *actor.Actor, row *models.Customer, field string) error {
	if who.HoldsWithProvider(actor.CustomersWrite) {
		return nil
	}
	if !row.ParentID.IsZero() {
		may, err := tx.NewSelect().Model((*models.Customer)(nil)).Apply(visible(who, actor.CustomersWrite)).Where("c.id = ?", row.ParentID).Exists(ctx)
		if err != nil || may {
			return store.Wrap(err, "look for the reseller above customer %s", row.ID)
		}
	}
	return fault.Forbidden.New(field, "Only the provider or the reseller above this customer can do that.")
}

func visible(who store.Scope, p actor.Permission) func(*bun.SelectQuery) *bun.SelectQuery {
	return store.Visible(who, p, "c.id")
}

// filled gives nil for an empty text.
func filled(s *string) *string {
	if s == nil || *s == "" {
		return nil
	}
	return s
}
