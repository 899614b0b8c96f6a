package auth

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/page"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// Pages of users and invitations, and their rows.
type (
	UserConnection       = page.Connection[*models.User]
	UserEdge             = page.Edge[*models.User]
	InvitationConnection = page.Connection[*models.Invitation]
	InvitationEdge       = page.Edge[*models.Invitation]
)

// UserFilter is the graph's UserFilter.
type UserFilter struct {
	CustomerID *ident.CustomerID // who have a role in it
	Search     *string           // in name and address
}

var oldestUsers = store.Order[*models.User]{
	Name: "users.oldest", Key: "u.created_at", Type: "timestamptz", ID: "u.id",
	Place: func(u *models.User) (string, string) { return u.CreatedAt.Format(time.RFC3339Nano), u.ID.String() },
	Needs: map[string][]bun.Ident{"memberships": {}},
}

// ListUsers returns a page of the users that the caller may see, the oldest first:
// with the provider's USERS_READ everybody, otherwise those with a role within its
// customers. Error: fault.Invalid for the search.
func (s *Service) ListUsers(ctx context.Context, args page.Args, f *UserFilter) (*UserConnection, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	if f == nil {
		f = &UserFilter{}
	}
	if err := fault.Join(store.CheckText("filter.search", f.Search)); err != nil {
		return nil, err
	}
	list := store.NewList(s.db, who, (*models.User)(nil))
	if _, all := who.Customers(actor.UsersRead); !all || f.CustomerID != nil {
		list.Apply(func(q *bun.SelectQuery) *bun.SelectQuery {
			members := s.db.NewSelect().Model((*models.Membership)(nil)).ColumnExpr("1").Where("m.user_id = u.id").
				Apply(store.Visible(list, actor.UsersRead, "m.customer_id"))
			if f.CustomerID != nil {
				members.Where("m.customer_id = ?", f.CustomerID.Bare())
			}
			return q.Where("EXISTS (?)", members)
		})
	}
	if f.Search != nil && *f.Search != "" {
		p := store.Containing(*f.Search)
		list.Where("(u.name ILIKE ? OR u.email ILIKE ?)", p, p)
	}
	return store.Rows(ctx, list, args, oldestUsers)
}

// InvitationFilter is the graph's InvitationFilter.
type InvitationFilter struct{ CustomerID *ident.CustomerID }

var oldestInvitations = store.Order[*models.Invitation]{
	Name: "invitations.oldest", Key: "iv.created_at", Type: "timestamptz", ID: "iv.id",
	Place: func(i *models.Invitation) (string, string) {
		return i.CreatedAt.Format(time.RFC3339Nano), i.ID.String()
	},
	Needs: map[string][]bun.Ident{"customer": {"iv.customer_id"}, "invitedBy": {"iv.invited_by"}},
}

// ListInvitations returns a page of the open invitations to where the caller holds
// USERS_READ, the oldest first; those to the staff for the provider's only.
func (s *Service) ListInvitations(ctx context.Context, args page.Args, f *InvitationFilter) (*InvitationConnection, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	list := store.NewList(s.db, who, (*models.Invitation)(nil))
	list.Apply(store.Visible(list, actor.UsersRead, "iv.customer_id")).Where("iv.expires_at > now()")
	if f != nil && f.CustomerID != nil {
		list.Where("iv.customer_id = ?", *f.CustomerID)
	}
	return store.Rows(ctx, list, args, oldestInvitations)
}

var invitationsByID = &store.Keyed[ident.InvitationID, models.Invitation]{
	Name: "find invitations", Query: func(q *bun.SelectQuery, who store.Scope, p actor.Permission) *bun.SelectQuery {
		return q.Where("iv.id = ANY ($1)").Where("iv.expires_at > now()").Apply(store.Visible(who, p, "iv.customer_id"))
	},
}

// FindInvitations returns those of the open invitations that ListInvitations would.
func (s *Service) FindInvitations(ctx context.Context, ids []ident.InvitationID) (map[ident.InvitationID]*models.Invitation, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := invitationsByID.Read(ctx, s.db, who, actor.UsersRead, ids)
	if err != nil {
		return nil, err
	}
	found := make(map[ident.InvitationID]*models.Invitation, len(rows))
	for _, row := range rows {
		found[row.ID] = row
	}
	return found, nil
}
