package auth

import (
	"context"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/audit"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// AcceptInvitationInput is the graph's AcceptInvitationInput.
type AcceptInvitationInput struct {
	Token    secret.Text
	Name     *string      // nil: as in the invitation; of a new account only
	Password *secret.Text // of a new account only
	Language *models.Language
}

// AcceptInvitationPayload tells with which address to sign in.
type AcceptInvitationPayload struct {
	Email      string
	NewAccount bool
}

// AcceptInvitation gives whoever has the link the role. Somebody with an account keeps
// it as it is, password included; otherwise one is made. It signs nobody in. Errors:
// fault.NotFound for a link that does not work, also since who invited may not give
// the role any more; fault.Invalid with the field password when there is no account
// yet and none is given, or it will not do; fault.Conflict for somebody who has a
// role there; fault.RateLimited.
func (s *Service) AcceptInvitation(ctx context.Context, in AcceptInvitationInput) (*AcceptInvitationPayload, error) {
	well, err := s.limited(ctx, linkLimit, "")
	if err != nil {
		return nil, err
	}
	if len(in.Token.Reveal()) != linkTokenLen {
		return nil, errLink()
	}
	invitation := new(models.Invitation)
	//allow:tenant the token of the invitation is the permission
	err = s.db.NewSelect().Model(invitation).Where("iv.token_hash = ?", hashOfLink(in.Token)).Where("iv.expires_at > now()").Scan(ctx)
	if err != nil {
		return nil, linkError(err, "find invitation")
	}
	there, err := s.db.NewSelect().Model((*models.User)(nil)).Where("u.email = ?", invitation.Email).Exists(ctx)
	if err != nil {
		return nil, store.Wrap(err, "look for the invited user")
	}
	var fresh *models.User
	if !there {
		if fresh, err = s.invited(ctx, invitation, in); err != nil {
			return nil, err
		}
	}
	err = store.InTx(ctx, s.db, func(ctx context.Context, tx store.Tx) error { return s.accept(ctx, tx, invitation, fresh) })
	if err != nil {
		return nil, err
	}
	well()
	return &AcceptInvitationPayload{Email: invitation.Email, NewAccount: !there}, nil
}

// invited is the account of somebody who has none, to be inserted.
func (s *Service) invited(ctx context.Context, invitation *models.Invitation, in AcceptInvitationInput) (*models.User, error) {
	if in.Password == nil {
		return nil, fault.Invalid.New("password", "There is no account with this address yet: choose a password.")
	}
	name := invitation.Name
	if in.Name != nil {
		name = *in.Name
	}
	person, err := checkUser(invitation.Email, name, *in.Password)
	if err != nil {
		return nil, err
	}
	hash, err := s.hasher.Hash(ctx, *in.Password)
	if err != nil {
		return nil, err
	}
	return &models.User{
		ID: ident.UserIDOf(invitation.ID.Bare()), Email: person.email, Name: person.name, PasswordHash: models.PasswordHash(hash),
		Language: in.Language, EmailVerifiedAt: new(s.now()),
	}, nil
}

// accept uses the invitation up. fresh is nil for somebody who has an account.
func (s *Service) accept(ctx context.Context, tx store.Tx, invitation *models.Invitation, fresh *models.User) error {
	//allow:tenant the token of the invitation is the permission
	err := tx.NewDelete().Model((*models.Invitation)(nil)).Where("id = ?", invitation.ID).Where("expires_at > now()").Returning("id").Scan(ctx, new(ident.InvitationID))
	if err != nil {
		return linkError(err, "use invitation")
	}
	inviter, err := inviterOf(ctx, tx, invitation.InvitedBy)
	if err == nil {
		_, err = mayInvite(ctx, tx, inviter, invitation)
	}
	switch fault.CodeOf(err) {
	case "":
	case fault.Forbidden, fault.NotFound, fault.Conflict: // who invited may not any more
		return errLink()
	default:
		return err
	}
	user := fresh
	if fresh != nil {
		if err := insertUser(ctx, tx, fresh); err != nil {
			return err
		}
	} else {
		user = new(models.User)
		err := tx.NewSelect().Model(user).Where("u.email = ?", invitation.Email).Where("u.disabled_at IS NULL").For("UPDATE").Scan(ctx)
		if err != nil {
			return linkError(err, "lock the invited user")
		}
	}
	if err := takeRole(ctx, tx, user, invitation); err != nil {
		return err
	}
	s.changeEnds(tx, user.ID)
	return audit.Record(as(ctx, user.ID), tx, audit.Entry{
		Action: "invitation.accept", Kind: ident.User, Object: user.ID.Bare(), Customer: invitation.CustomerID, Detail: roleOfInvitation(invitation),
	})
}

// inviterOf is what somebody who is perhaps not signed in may do now. Error:
// fault.NotFound for a user who is disabled or gone.
func inviterOf(ctx context.Context, tx store.Tx, id ident.UserID) (*actor.Actor, error) {
	user, memberships := new(models.User), []*models.Membership{}
	if err := tx.NewSelect().Model(user).Where("u.id = ?", id).Where("u.disabled_at IS NULL").Scan(ctx); err != nil {
		return nil, store.Wrap(err, "read inviting user %s", id)
	}
	//allow:tenant of the inviter, whose rights are looked at once more
	if err := tx.NewSelect().Model(&memberships).Where("m.user_id = ?", id).Scan(ctx); err != nil {
		return nil, store.Wrap(err, "read memberships of user %s", id)
	}
	who := &actor.Actor{User: id}
	if user.ProviderRole != nil {
		who.Provider = ProviderPermissions(*user.ProviderRole)
	}
	for _, m := range memberships {
		who.Grants = append(who.Grants, actor.Grant{Customer: m.CustomerID, Permissions: CustomerPermissions(m.Role)})
	}
	return who, nil
}

// takeRole gives the user what the invitation says, unless they have a role there.
func takeRole(ctx context.Context, tx store.Tx, user *models.User, invitation *models.Invitation) error {
	if invitation.ProviderRole == nil {
		err := insertMembership(ctx, tx, &models.Membership{UserID: user.ID, CustomerID: invitation.CustomerID, Role: *invitation.CustomerRole})
		if store.Violates(err, "memberships_pkey") {
			return errThere("token")
		}
		return err
	}
	if user.ProviderRole != nil {
		return errThere("token")
	}
	_, err := tx.NewUpdate().Model((*models.User)(nil)).Set("provider_role = ?, updated_at = now()", *invitation.ProviderRole).Where("id = ?", user.ID).Exec(ctx)
	return store.Wrap(err, "give user %s a role", user.ID)
}
