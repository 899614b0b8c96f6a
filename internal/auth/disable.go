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

// UserInput names a user.
type UserInput struct{ ID ident.UserID }

// DisableUser closes an account: nobody signs in with it, its connections and links
// end, and its roles stay for the day it is opened again. Errors: fault.Forbidden for
// all but the provider's staff, for a user with a role above the caller's, and for
// the caller; fault.NotFound; fault.Conflict for the last owner.
func (s *Service) DisableUser(ctx context.Context, in UserInput) (*UserPayload, error) {
	return s.open(ctx, in, "disableUser", "user.disable", false)
}

// EnableUser opens an account again. Errors: as DisableUser.
func (s *Service) EnableUser(ctx context.Context, in UserInput) (*UserPayload, error) {
	return s.open(ctx, in, "enableUser", "user.enable", true)
}

func (s *Service) open(ctx context.Context, in UserInput, mutation, action string, open bool) (*UserPayload, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	out := &UserPayload{}
	err = idempotency.Once(ctx, s.db, mutation, in, func(ctx context.Context, tx store.Tx) (userRef, error) {
		may, err := overStaff(ctx, tx, who, "id")
		if err != nil {
			return userRef{}, err
		}
		if in.ID == who.User {
			return userRef{}, fault.Forbidden.New("id", "Nobody closes their own account.")
		}
		if !open {
			if err := keepOwner(ctx, tx, in.ID, "id"); err != nil {
				return userRef{}, err
			}
		}
		row, err := lockUser(ctx, tx, in.ID, "id")
		if err != nil {
			return userRef{}, err
		}
		if err := may.must("id", roleOf(row.ProviderRole)); err != nil {
			return userRef{}, err
		}
		q := tx.NewUpdate().Model(row).Set("disabled_at = NULL, updated_at = now()")
		if !open {
			q = tx.NewUpdate().Model(row).Set("disabled_at = coalesce(disabled_at, now()), updated_at = now()")
			endTokens(tx, row.ID, models.TokenVerifyEmail, models.TokenChangeEmail, models.TokenResetPassword)
			if _, err := s.endSessions(ctx, tx, row.ID, ident.SessionID{}, models.SessionUserDisabled); err != nil {
				return userRef{}, err
			}
			s.changeEnds(tx, row.ID)
		}
		if _, err := q.WherePK().Returning("*").Exec(ctx); err != nil {
			return userRef{}, store.Wrap(err, "%s of user %s", action, row.ID)
		}
		out.User = row
		return userRef{row.ID}, audit.Record(ctx, tx, audit.Entry{Action: action, Kind: ident.User, Object: row.ID.Bare()})
	}, replayUser(out))
	if err != nil {
		return nil, err
	}
	return out, nil
}

// UpdateProfileInput is the graph's UpdateProfileInput. Nil leaves a field as it is.
type UpdateProfileInput struct {
	Name     *string
	Language *models.Language
}

// UpdateProfile changes what the caller may say of themselves. Error: fault.Invalid.
func (s *Service) UpdateProfile(ctx context.Context, in UpdateProfileInput) (*UserPayload, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	if in.Name != nil {
		if bad := checkName(*in.Name); bad != nil {
			return nil, bad
		}
	}
	out := &UserPayload{}
	err = idempotency.Once(ctx, s.db, "updateProfile", in, func(ctx context.Context, tx store.Tx) (userRef, error) {
		row, err := lockUser(ctx, tx, who.User, "")
		if err != nil {
			return userRef{}, err
		}
		before := profile(row)
		if in.Name != nil {
			row.Name = *in.Name
		}
		if in.Language != nil {
			row.Language = in.Language
		}
		if _, err := tx.NewUpdate().Model(row).Column("name", "language").Set("updated_at = now()").WherePK().Returning("*").Exec(ctx); err != nil {
			return userRef{}, store.Wrap(err, "update user %s", row.ID)
		}
		out.User = row
		was, is := audit.Changed(before, profile(row))
		return userRef{row.ID}, audit.Record(ctx, tx, audit.Entry{Action: "user.update_profile", Kind: ident.User, Object: row.ID.Bare(), Before: was, Detail: is})
	}, replayUser(out))
	if err != nil {
		return nil, err
	}
	return out, nil
}

// profile is what the audit tells of a user's own values.
func profile(u *models.User) map[string]any {
	return map[string]any{"name": u.Name, "language": u.Language}
}
