package auth

import (
	"context"
	"slices"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// An authority is how high the roles are that somebody may give and take away.
type authority int

const (
	none authority = iota
	belowOwner
	everyRole
)

// covers tells whether a role is not above the authority; "" is no role.
func (a authority) covers(role string) bool {
	return a == everyRole || a == belowOwner && role != string(models.ProviderOwner) // which customers' owners are called, too
}

// must is fault.Forbidden for a role above the authority.
func (a authority) must(field string, roles ...string) error {
	for _, r := range roles {
		if !a.covers(r) {
			return fault.Forbidden.New(field, "Nobody gives or takes away a role above their own.")
		}
	}
	return nil
}

// overStaff is what the caller may do with the provider's staff. Error:
// fault.Forbidden for those who may not write users for the provider.
func overStaff(ctx context.Context, tx store.Tx, who *actor.Actor, field string) (authority, error) {
	if !who.HoldsWithProvider(actor.UsersWrite) {
		return none, fault.Forbidden.New(field, "Only the provider's staff do that.")
	}
	row := new(models.User)
	err := store.Wrap(tx.NewSelect().Model(row).Column("provider_role").Where("u.id = ?", who.User).Where("u.disabled_at IS NULL").Scan(ctx), "read the role of user %s", who.User)
	switch {
	case fault.CodeOf(err) == fault.NotFound, err == nil && row.ProviderRole == nil: // taken away a moment ago
		return none, store.NotFound(field)
	case err != nil:
		return none, err
	case *row.ProviderRole == models.ProviderOwner:
		return everyRole, nil
	}
	return belowOwner, nil
}

// overMembers is what the caller may do with the members of a customer, whose row is
// locked. Owners of the customer, and whoever stands above it, give every role; its
// administrators none above theirs. Errors: fault.NotFound with the field, or
// fault.Forbidden for those who see the customer; fault.Conflict for an archived one.
func overMembers(ctx context.Context, tx store.Tx, who *actor.Actor, id ident.CustomerID, field, lock string) (authority, error) {
	row := new(models.Customer)
	err := store.Wrap(tx.NewSelect().Model(row).Apply(store.Visible(who, actor.UsersWrite, "c.id")).Where("c.id = ?", id.Bare()).For(lock).Scan(ctx), "lock customer %s", id)
	switch {
	case fault.CodeOf(err) == fault.NotFound:
		return none, store.Denied(ctx, tx.NewSelect().Model(row).Apply(store.Visible(who, actor.CustomersRead, "c.id")).Where("c.id = ?", id.Bare()), field)
	case err != nil:
		return none, err
	case row.State == models.CustomerArchived:
		return none, fault.Conflict.New(field, "This customer is archived.")
	case who.HoldsWithProvider(actor.UsersWrite):
		return everyRole, nil
	}
	roots, _ := who.Customers(actor.UsersWrite)
	var held []struct {
		Role  models.CustomerRole
		Depth int
	}
	//allow:tenant of the caller itself
	err = tx.NewSelect().Model((*models.Membership)(nil)).Column("m.role", "t.depth").Join("JOIN customer_tree AS t ON t.ancestor_id = m.customer_id").
		Where("m.user_id = ?", who.User).Where("t.customer_id = ?", id).Where("m.customer_id IN (?)", bun.List(roots)).Scan(ctx, &held)
	if err != nil {
		return none, store.Wrap(err, "read the roles of user %s", who.User)
	}
	out := none
	for _, h := range held {
		switch writes := slices.Contains(CustomerPermissions(h.Role), actor.UsersWrite); {
		case !writes:
		case h.Depth > 0, h.Role == models.CustomerOwner:
			return everyRole, nil
		default:
			out = belowOwner
		}
	}
	if out == none { // taken away a moment ago
		return none, store.NotFound(field)
	}
	return out, nil
}

// keepOwner refuses to take away the last owner of the provider. It locks all owners,
// so that two cannot remove each other.
func keepOwner(ctx context.Context, tx store.Tx, leaving ident.UserID, field string) error {
	var owners []*models.User
	err := tx.NewSelect().Model(&owners).Column("u.id").Where("u.provider_role = ?", models.ProviderOwner).Where("u.disabled_at IS NULL").
		OrderExpr("u.id").For("UPDATE").Scan(ctx)
	if err != nil {
		return store.Wrap(err, "lock owners")
	}
	if len(owners) == 1 && owners[0].ID == leaving {
		return fault.Conflict.New(field, "This is the last owner; make somebody else an owner first.")
	}
	return nil
}

// keepCustomerOwner refuses to take away the last owner of a customer, whose row is
// locked.
func keepCustomerOwner(ctx context.Context, tx store.Tx, customer ident.CustomerID, leaving ident.UserID) error {
	//allow:tenant of a customer that overMembers has found with the filter
	others, err := tx.NewSelect().Model((*models.Membership)(nil)).Where("m.customer_id = ?", customer).Where("m.user_id <> ?", leaving).
		Where("m.role = ?", models.CustomerOwner).Exists(ctx)
	if err != nil {
		return store.Wrap(err, "look for owners of customer %s", customer)
	}
	if !others {
		return fault.Conflict.New("userId", "This is the customer's last owner; make somebody else an owner first.")
	}
	return nil
}
