package auth

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/audit"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/idempotency"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// Limits of impersonations.
const (
	MaxImpersonation       = time.Hour
	MinImpersonationReason = 10 // characters
	MaxImpersonationReason = 500
	// ImpersonationsShown is how many a user is shown of those who acted as them.
	ImpersonationsShown = 100
)

// ImpersonateInput is the graph's ImpersonateInput.
type ImpersonateInput struct {
	UserID  ident.UserID
	Reason  string
	Minutes int
}

// ImpersonatePayload has the access token, and nil when the mutation is answered again:
// of what is good for minutes and is asked for with a reason, nothing is kept.
type ImpersonatePayload struct {
	Impersonation *models.Impersonation
	AccessToken   *string `json:"-"`
	ExpiresAt     time.Time
}

// Format hides the token from every verb of fmt, as secret.Text does.
func (ImpersonatePayload) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "[impersonation payload]")
}

func (in ImpersonateInput) validate() error {
	var faults []*fault.Error
	n := utf8.RuneCountInString(in.Reason)
	if n < MinImpersonationReason || n > MaxImpersonationReason || !clean(in.Reason) {
		faults = append(faults, fault.Invalid.New("reason", "Say why in %d to %d characters, without control characters; the user can read it.", MinImpersonationReason, MaxImpersonationReason))
	}
	if most := int(MaxImpersonation / time.Minute); in.Minutes < 1 || in.Minutes > most {
		faults = append(faults, fault.Invalid.New("minutes", "1 to %d minutes.", most))
	}
	return fault.Join(faults...)
}

// Impersonate lets somebody of the staff act as a user for some minutes, with the
// user's rights but for whatever is the user's own: see actor.InPerson. It ends with
// the session that it began in. Errors: fault.Invalid; fault.NotFound; fault.Forbidden
// for one of the staff, and unless in a session of one's own; fault.Conflict for a user
// who is disabled. The graph asks for StepUp beforehand.
func (s *Service) Impersonate(ctx context.Context, in ImpersonateInput) (*ImpersonatePayload, error) {
	who, err := s.inSession(ctx)
	if err != nil {
		return nil, err
	}
	if err := in.validate(); err != nil {
		return nil, err
	}
	out := &ImpersonatePayload{}
	err = idempotency.Once(ctx, s.db, "impersonate", in, func(ctx context.Context, tx store.Tx) (ident.ImpersonationID, error) {
		user := new(models.User)
		err := store.Wrap(tx.NewSelect().Model(user).Where("u.id = ?", in.UserID).For("KEY SHARE").Scan(ctx), "read user %s", in.UserID)
		switch {
		case fault.CodeOf(err) == fault.NotFound:
			return ident.ImpersonationID{}, store.NotFound("userId")
		case err != nil:
			return ident.ImpersonationID{}, err
		case user.ProviderRole != nil:
			return ident.ImpersonationID{}, fault.Forbidden.New("userId", "Nobody acts as somebody of the provider's staff.")
		case user.DisabledAt != nil:
			return ident.ImpersonationID{}, fault.Conflict.New("userId", "This user is disabled.")
		}
		now := s.now()
		row := &models.Impersonation{
			ID: ident.NewImpersonationID(), StaffID: who.User, SessionID: who.Session, UserID: user.ID, Reason: in.Reason,
			StartedAt: now, ExpiresAt: now.Add(time.Duration(in.Minutes) * time.Minute),
		}
		token, expires, err := s.sign(user.ID, row.ID.Opaque(), row.ExpiresAt.Truncate(time.Second))
		if err != nil {
			return row.ID, err
		}
		out.Impersonation, out.AccessToken, out.ExpiresAt = row, &token, expires
		tx.Queue(tx.NewInsert().Model(row), func(err error) error { return store.Wrap(err, "insert impersonation %s", row.ID) })
		return row.ID, audit.Record(ctx, tx, audit.Entry{
			Action: "user.impersonate", Kind: ident.User, Object: user.ID.Bare(),
			Detail: map[string]any{"impersonation": row.ID, "reason": row.Reason, "expires_at": row.ExpiresAt},
		})
	}, func(ctx context.Context, tx store.Tx, id ident.ImpersonationID) error {
		out.Impersonation = new(models.Impersonation)
		err := store.Wrap(tx.NewSelect().Model(out.Impersonation).Where("im.id = ?", id).Scan(ctx), "read impersonation %s", id)
		out.ExpiresAt = out.Impersonation.ExpiresAt
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// EndImpersonationPayload tells that it is over.
type EndImpersonationPayload struct{ Impersonation *models.Impersonation }

// EndImpersonation ends the impersonation that the caller acts by, with all that is
// open with its token. Error: fault.Invalid for a caller who acts as nobody else.
func (s *Service) EndImpersonation(ctx context.Context) (*EndImpersonationPayload, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	if who.Impersonation.IsZero() {
		return nil, fault.Invalid.New("", "You act as nobody but yourself.")
	}
	out := &EndImpersonationPayload{Impersonation: new(models.Impersonation)}
	err = idempotency.Once(ctx, s.db, "endImpersonation", nil, func(ctx context.Context, tx store.Tx) (ident.ImpersonationID, error) {
		err := tx.NewUpdate().Model(out.Impersonation).Set("ended_at = coalesce(ended_at, ?)", s.now()).Where("im.id = ?", who.Impersonation).Returning("im.*").Scan(ctx)
		if err != nil {
			return who.Impersonation, store.Wrap(err, "end impersonation %s", who.Impersonation)
		}
		tx.AfterCommit(func() { s.endedImpersonation(who.Impersonation) })
		return who.Impersonation, audit.Record(ctx, tx, audit.Entry{
			Action: "user.end_impersonation", Kind: ident.User, Object: who.User.Bare(),
			Detail: map[string]any{"impersonation": who.Impersonation, "impersonator": who.Impersonator},
		})
	}, func(ctx context.Context, tx store.Tx, id ident.ImpersonationID) error {
		return store.Wrap(tx.NewSelect().Model(out.Impersonation).Where("im.id = ?", id).Scan(ctx), "read impersonation %s", id)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// endedImpersonation hurries up what happens anyway once it is over.
func (s *Service) endedImpersonation(id ident.ImpersonationID) {
	s.recent.forget(func(k known) bool { return k.impersonation == id })
	if s.revoker != nil {
		s.revoker.RevokeImpersonation(id)
	}
}

// impersonators reads who acts as somebody else by impersonations, and what they may do
// now: what the user may, but for inviting people and for what needs the user in
// person. Of those that are over, whose staff may not do it any more, lacks the second
// factor that the role needs, or whose session is over, there is nothing in the answer.
func (s *Service) impersonators(ctx context.Context, ids []ident.ImpersonationID) (map[ident.ImpersonationID]*actor.Actor, error) {
	var rows []struct {
		ID         ident.ImpersonationID
		StaffID    ident.UserID
		StaffRole  models.ProviderRole
		UserID     ident.UserID
		CustomerID ident.CustomerID
		Role       *models.CustomerRole
		Enrolled   bool
	}
	err := s.db.NewSelect().Model((*models.Impersonation)(nil)).
		ColumnExpr("im.id, im.staff_id, staff.provider_role AS staff_role, im.user_id, m.customer_id, m.role").
		ColumnExpr("EXISTS (SELECT FROM user_totp AS ut WHERE ut.user_id = staff.id AND ut.confirmed_at IS NOT NULL) AS enrolled").
		Join("JOIN users AS staff ON staff.id = im.staff_id").Join("JOIN sessions AS se ON se.id = im.session_id").
		Join("JOIN users AS u ON u.id = im.user_id").Join("LEFT JOIN memberships AS m ON m.user_id = u.id").
		Where("im.id IN (?)", bun.List(ids)).Where("im.ended_at IS NULL").Where("im.expires_at > ?", s.now()).ApplyQueryBuilder(s.living).
		Where("staff.disabled_at IS NULL").Where("staff.provider_role IS NOT NULL").
		Where("u.disabled_at IS NULL").Where("u.provider_role IS NULL").OrderExpr("m.customer_id").Scan(ctx, &rows)
	if err != nil {
		return nil, store.Wrap(err, "read %d impersonations", len(ids))
	}
	out := make(map[ident.ImpersonationID]*actor.Actor, len(ids))
	for _, row := range rows {
		if !slices.Contains(ProviderPermissions(row.StaffRole), actor.UsersImpersonate) || s.needsSecondFactor(&row.StaffRole) && !row.Enrolled {
			continue
		}
		a := out[row.ID]
		if a == nil {
			a = &actor.Actor{User: row.UserID, Impersonator: row.StaffID, Impersonation: row.ID}
			out[row.ID] = a
		}
		if row.Role != nil {
			held := slices.DeleteFunc(CustomerPermissions(*row.Role), func(p actor.Permission) bool { return p == actor.UsersWrite })
			a.Grants = append(a.Grants, actor.Grant{Customer: row.CustomerID, Permissions: held})
		}
	}
	return out, nil
}

// Impersonations are those of the staff who acted as the caller, the newest first; none
// for an API token.
func (s *Service) Impersonations(ctx context.Context) ([]*models.Impersonation, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	if !who.APIToken.IsZero() {
		return nil, nil
	}
	return impersonationsOfUser.Read(ctx, s.db, nil, "", []ident.UserID{who.User})
}

var impersonationsOfUser = &store.Keyed[ident.UserID, models.Impersonation]{
	Name: "read impersonations", Query: func(q *bun.SelectQuery, _ store.Scope, _ actor.Permission) *bun.SelectQuery {
		return q.Where("im.user_id = ANY ($1)").OrderExpr("im.started_at DESC, im.id DESC").Limit(ImpersonationsShown)
	},
}

// ImpersonatedBy is somebody of the staff who acts as the caller; nil when the caller is
// who they are.
func (s *Service) ImpersonatedBy(ctx context.Context) (*models.User, error) {
	who, err := actor.From(ctx)
	if err != nil || who.Impersonator.IsZero() {
		return nil, err
	}
	found, err := s.UsersByID(ctx, []ident.UserID{who.Impersonator})
	return found[who.Impersonator], err
}

// StaffNames are the full names of the staff of impersonations.
func (s *Service) StaffNames(ctx context.Context, rows []*models.Impersonation) ([]string, error) {
	ids := make([]ident.UserID, len(rows))
	for i, row := range rows {
		ids[i] = row.StaffID
	}
	found, err := s.UsersByID(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make([]string, len(rows))
	for i, id := range ids {
		if u := found[id]; u != nil {
			out[i] = u.Name
		}
	}
	return out, nil
}
