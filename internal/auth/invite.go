package auth

import (
	"context"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/audit"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/idempotency"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/notify"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// InviteUserInput is the graph's InviteUserInput: a role with the provider, or one
// within a customer.
type InviteUserInput struct {
	Email, Name  string
	ProviderRole *models.ProviderRole
	CustomerID   *ident.CustomerID
	CustomerRole *models.CustomerRole
	Language     *models.Language // of the mail
}

// InviteUserPayload is the invitation, and the user as they will be if they have no
// account yet: whether they have one is not told.
type InviteUserPayload struct {
	User       *models.User
	Invitation *models.Invitation
}

// invitationRef is what an idempotency key keeps.
type invitationRef struct {
	Invitation ident.InvitationID `json:"invitation"`
}

// InviteUser sends somebody a link, with which AcceptInvitation gives them the role. An
// open invitation of the address to the same place ends. Errors: fault.Invalid;
// fault.NotFound for the customer; fault.Forbidden for a role above the caller's;
// fault.Conflict for somebody who has a role there, and an archived customer;
// fault.RateLimited.
func (s *Service) InviteUser(ctx context.Context, in InviteUserInput) (*InviteUserPayload, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	email, bad := normalEmail(in.Email)
	if err := fault.Join(bad, checkName(in.Name), in.checkPlace()); err != nil {
		return nil, err
	}
	if _, err := s.limited(ctx, inviteLimit, who.User.String()); err != nil {
		return nil, err
	}
	out := &InviteUserPayload{}
	err = idempotency.Once(ctx, s.db, "inviteUser", in, func(ctx context.Context, tx store.Tx) (invitationRef, error) {
		row := &models.Invitation{ID: ident.NewInvitationID(), Email: email, Name: in.Name, ProviderRole: in.ProviderRole, CustomerRole: in.CustomerRole, InvitedBy: who.User}
		if in.CustomerID != nil {
			row.CustomerID = *in.CustomerID
		}
		facts, err := mayInvite(ctx, tx, who, row)
		if err != nil {
			return invitationRef{}, err
		}
		if err := notThere(ctx, tx, row); err != nil {
			return invitationRef{}, err
		}
		if facts.By, err = nameOf(ctx, tx, who.User); err != nil {
			return invitationRef{}, err
		}
		mail := notify.Mail{Kind: models.MailInvitation, To: email, Name: in.Name, Life: InvitationLife, Facts: facts}
		if in.Language != nil {
			mail.Language = *in.Language
		}
		mail.Token, row.TokenHash = newLink()
		//allow:tenant those for the same address and place, where mayInvite has found that the caller may
		_, err = tx.NewDelete().Model((*models.Invitation)(nil)).Where("email = ?", email).
			Where("customer_id IS NOT DISTINCT FROM ?::uuid", nullable(row.CustomerID)).Exec(ctx)
		if err != nil {
			return invitationRef{}, store.Wrap(err, "end invitations before %s", row.ID)
		}
		_, err = tx.NewInsert().Model(row).Value("expires_at", "now() + ? * interval '1 second'", InvitationLife.Seconds()).Returning("*").Exec(ctx)
		if err != nil {
			return invitationRef{}, store.Wrap(err, "insert invitation %s", row.ID)
		}
		if err := s.accounts.Outbox.Queue(tx, mail); err != nil {
			return invitationRef{}, err
		}
		out.set(row)
		return invitationRef{row.ID}, audit.Record(ctx, tx, audit.Entry{
			Action: "invitation.create", Kind: ident.Invitation, Object: row.ID.Bare(), Customer: row.CustomerID, Detail: roleOfInvitation(row),
		})
	}, func(ctx context.Context, tx store.Tx, r invitationRef) error {
		row := new(models.Invitation)
		err := tx.NewSelect().Model(row).Apply(store.Visible(who, actor.UsersWrite, "iv.customer_id")).Where("iv.id = ?", r.Invitation).Scan(ctx)
		out.set(row)
		return store.Wrap(err, "read invitation %s", r.Invitation)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (p *InviteUserPayload) set(row *models.Invitation) {
	p.Invitation = row
	p.User = &models.User{ID: ident.UserIDOf(row.ID.Bare()), Email: row.Email, Name: row.Name, ProviderRole: row.ProviderRole, CreatedAt: row.CreatedAt}
}

func (in InviteUserInput) checkPlace() *fault.Error {
	if (in.ProviderRole == nil) == (in.CustomerRole == nil) || (in.CustomerID == nil) != (in.CustomerRole == nil) {
		return fault.Invalid.New("", "Give either providerRole, or customerId and customerRole.")
	}
	return nil
}

// mayInvite refuses who may not give the role, and tells what the mail says of it.
func mayInvite(ctx context.Context, tx store.Tx, who *actor.Actor, row *models.Invitation) (notify.Facts, error) {
	if row.ProviderRole != nil {
		may, err := overStaff(ctx, tx, who, "providerRole")
		if err != nil {
			return notify.Facts{}, err
		}
		return notify.Facts{Role: string(*row.ProviderRole)}, may.must("providerRole", string(*row.ProviderRole))
	}
	may, err := overMembers(ctx, tx, who, row.CustomerID, "customerId", "KEY SHARE")
	if err != nil {
		return notify.Facts{}, err
	}
	if err := may.must("customerRole", string(*row.CustomerRole)); err != nil {
		return notify.Facts{}, err
	}
	c := new(models.Customer)
	//allow:tenant overMembers has found the customer with the filter
	if err := tx.NewSelect().Model(c).Column("name").Where("c.id = ?", row.CustomerID).Scan(ctx); err != nil {
		return notify.Facts{}, store.Wrap(err, "read customer %s", row.CustomerID)
	}
	return notify.Facts{Customer: c.Name, Role: string(*row.CustomerRole)}, nil
}

// notThere refuses somebody who has a role in the place already, whom the caller sees.
func notThere(ctx context.Context, tx store.Tx, row *models.Invitation) error {
	q := tx.NewSelect().Model((*models.User)(nil)).Where("u.email = ?", row.Email)
	if row.ProviderRole != nil {
		q.Where("u.provider_role IS NOT NULL")
	} else {
		q.Where("EXISTS (SELECT FROM memberships AS m WHERE m.user_id = u.id AND m.customer_id = ?)", row.CustomerID)
	}
	there, err := q.Exists(ctx)
	if err != nil {
		return store.Wrap(err, "look for members")
	}
	if there {
		return errThere("email")
	}
	return nil
}

func errThere(field string) error {
	return fault.Conflict.New(field, "This person has a role there already; change that.")
}

func nameOf(ctx context.Context, tx store.Tx, id ident.UserID) (name string, err error) {
	err = tx.NewSelect().Model((*models.User)(nil)).Column("name").Where("u.id = ?", id).Scan(ctx, &name)
	return name, store.Wrap(err, "read the name of user %s", id)
}

func nullable(id ident.CustomerID) any {
	if id.IsZero() {
		return nil
	}
	return id
}

// RevokeInvitationInput is the graph's RevokeInvitationInput.
type RevokeInvitationInput struct{ ID ident.InvitationID }

// RevokeInvitation ends an invitation. Errors: fault.NotFound, also for one that was
// accepted or has ended.
func (s *Service) RevokeInvitation(ctx context.Context, in RevokeInvitationInput) (*OKPayload, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	err = idempotency.Once(ctx, s.db, "revokeInvitation", in, func(ctx context.Context, tx store.Tx) (invitationRef, error) {
		row := new(models.Invitation)
		err := store.Wrap(tx.NewSelect().Model(row).Apply(store.Visible(who, actor.UsersWrite, "iv.customer_id")).Where("iv.id = ?", in.ID).
			Where("iv.expires_at > now()").For("UPDATE").Scan(ctx), "lock invitation %s", in.ID)
		if fault.CodeOf(err) == fault.NotFound {
			return invitationRef{}, store.NotFound("id")
		}
		if err != nil {
			return invitationRef{}, err
		}
		if _, err := tx.NewDelete().Model(row).WherePK().Exec(ctx); err != nil {
			return invitationRef{}, store.Wrap(err, "end invitation %s", in.ID)
		}
		return invitationRef{row.ID}, audit.Record(ctx, tx, audit.Entry{
			Action: "invitation.revoke", Kind: ident.Invitation, Object: row.ID.Bare(), Customer: row.CustomerID,
		})
	}, func(context.Context, store.Tx, invitationRef) error { return nil })
	if err != nil {
		return nil, err
	}
	return &OKPayload{true}, nil
}

// roleGiven is what the audit keeps of an invitation: not whom, who is nobody yet.
type roleGiven struct {
	Role string `json:"role"`
}

func roleOfInvitation(row *models.Invitation) roleGiven {
	if row.ProviderRole != nil {
		return roleGiven{string(*row.ProviderRole)}
	}
	return roleGiven{string(*row.CustomerRole)}
}
