package auth

import (
	"context"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/audit"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/idempotency"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// ChangeMembershipInput is the graph's ChangeMembershipInput.
type ChangeMembershipInput struct {
	UserID     ident.UserID
	CustomerID ident.CustomerID
	Role       models.CustomerRole
}

// MembershipPayload is the membership as it is now.
type MembershipPayload struct{ Membership *models.Membership }

// roleKept is what the audit keeps of a role, as it was and as it is; nil for none.
func roleKept(role string) any {
	if role == "" {
		return nil
	}
	return map[string]string{"role": role}
}

// ChangeMembership gives a member of a customer another role; it holds within a
// second, and the member's connections are closed. Errors: fault.NotFound for
// customer or member; fault.Forbidden for a role above the caller's, before or after;
// fault.Conflict for the last owner and for an archived customer.
func (s *Service) ChangeMembership(ctx context.Context, in ChangeMembershipInput) (*MembershipPayload, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	out := &MembershipPayload{Membership: new(models.Membership)}
	err = idempotency.Once(ctx, s.db, "changeMembership", in, func(ctx context.Context, tx store.Tx) (userRef, error) {
		row, err := lockMember(ctx, tx, who, in.CustomerID, in.UserID, string(in.Role))
		if err != nil {
			return userRef{}, err
		}
		before := row.Role
		if before == models.CustomerOwner && in.Role != before {
			if err := keepCustomerOwner(ctx, tx, in.CustomerID, in.UserID); err != nil {
				return userRef{}, err
			}
		}
		if _, err := tx.NewUpdate().Model(row).Set("role = ?", in.Role).WherePK().Returning("*").Exec(ctx); err != nil {
			return userRef{}, store.Wrap(err, "change a role of user %s", in.UserID)
		}
		out.Membership = row
		if before != in.Role {
			s.changeEnds(tx, in.UserID)
		}
		return userRef{in.UserID}, audit.Record(ctx, tx, audit.Entry{
			Action: "membership.change", Kind: ident.User, Object: in.UserID.Bare(), Customer: in.CustomerID,
			Before: roleKept(string(before)), Detail: roleKept(string(in.Role)),
		})
	}, func(ctx context.Context, tx store.Tx, r userRef) error {
		err := tx.NewSelect().Model(out.Membership).Apply(store.Visible(who, actor.UsersWrite, "m.customer_id")).
			Where("m.user_id = ?", r.User).Where("m.customer_id = ?", in.CustomerID).Scan(ctx)
		return store.Wrap(err, "read membership of user %s", r.User)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// RemoveMemberInput is the graph's RemoveMemberInput.
type RemoveMemberInput struct {
	UserID     ident.UserID
	CustomerID ident.CustomerID
}

// RemoveMember takes a member's role within a customer away, as ChangeMembership does;
// the account stays. Errors: as ChangeMembership.
func (s *Service) RemoveMember(ctx context.Context, in RemoveMemberInput) (*OKPayload, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	err = idempotency.Once(ctx, s.db, "removeMember", in, func(ctx context.Context, tx store.Tx) (userRef, error) {
		row, err := lockMember(ctx, tx, who, in.CustomerID, in.UserID, "")
		if err != nil {
			return userRef{}, err
		}
		if row.Role == models.CustomerOwner {
			if err := keepCustomerOwner(ctx, tx, in.CustomerID, in.UserID); err != nil {
				return userRef{}, err
			}
		}
		if _, err := tx.NewDelete().Model(row).WherePK().Exec(ctx); err != nil {
			return userRef{}, store.Wrap(err, "take a role of user %s away", in.UserID)
		}
		s.changeEnds(tx, in.UserID)
		return userRef{in.UserID}, audit.Record(ctx, tx, audit.Entry{
			Action: "membership.remove", Kind: ident.User, Object: in.UserID.Bare(), Customer: in.CustomerID,
			Before: roleKept(string(row.Role)),
		})
	}, nothingToReplay)
	if err != nil {
		return nil, err
	}
	return &OKPayload{true}, nil
}

// lockMember reads a membership for a change to a role, by somebody who may take the
// one before away and give the one after.
func lockMember(ctx context.Context, tx store.Tx, who *actor.Actor, customer ident.CustomerID, user ident.UserID, after string) (*models.Membership, error) {
	may, err := overMembers(ctx, tx, who, customer, "customerId", "NO KEY UPDATE")
	if err != nil {
		return nil, err
	}
	row := new(models.Membership)
	//allow:tenant overMembers has found the customer with the filter
	err = store.Wrap(tx.NewSelect().Model(row).Where("m.customer_id = ?", customer).Where("m.user_id = ?", user).For("UPDATE").Scan(ctx), "lock membership of user %s", user)
	if fault.CodeOf(err) == fault.NotFound {
		return nil, store.NotFound("userId")
	}
	if err != nil {
		return nil, err
	}
	return row, may.must("role", string(row.Role), after)
}

// SetProviderRoleInput is the graph's SetProviderRoleInput.
type SetProviderRoleInput struct {
	UserID ident.UserID
	Role   *models.ProviderRole // nil: no staff any more
}

// SetProviderRole gives a user a role with the provider, or takes it away. Errors:
// fault.Forbidden for all but the provider's staff, and for a role above the caller's,
// before or after; fault.NotFound; fault.Conflict for the last owner.
func (s *Service) SetProviderRole(ctx context.Context, in SetProviderRoleInput) (*UserPayload, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	out := &UserPayload{}
	err = idempotency.Once(ctx, s.db, "setProviderRole", in, func(ctx context.Context, tx store.Tx) (userRef, error) {
		may, err := overStaff(ctx, tx, who, "userId")
		if err != nil {
			return userRef{}, err
		}
		if err := keepOwnerUnless(ctx, tx, in.UserID, in.Role != nil && *in.Role == models.ProviderOwner); err != nil {
			return userRef{}, err
		}
		row, err := lockUser(ctx, tx, in.UserID, "userId")
		if err != nil {
			return userRef{}, err
		}
		before, after := roleOf(row.ProviderRole), roleOf(in.Role)
		if err := may.must("role", before, after); err != nil {
			return userRef{}, err
		}
		if _, err := tx.NewUpdate().Model(row).Set("provider_role = ?, updated_at = now()", in.Role).WherePK().Returning("*").Exec(ctx); err != nil {
			return userRef{}, store.Wrap(err, "set the role of user %s", row.ID)
		}
		out.User = row
		if before != after {
			s.changeEnds(tx, row.ID)
		}
		return userRef{row.ID}, audit.Record(ctx, tx, audit.Entry{
			Action: "user.set_provider_role", Kind: ident.User, Object: row.ID.Bare(), Before: roleKept(before), Detail: roleKept(after),
		})
	}, replayUser(out))
	if err != nil {
		return nil, err
	}
	return out, nil
}

func keepOwnerUnless(ctx context.Context, tx store.Tx, leaving ident.UserID, stays bool) error {
	if stays {
		return nil
	}
	return keepOwner(ctx, tx, leaving, "userId")
}

func roleOf(r *models.ProviderRole) string {
	if r == nil {
		return ""
	}
	return string(*r)
}
