package auth

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/audit"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/idempotency"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/notify"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// Limits of API tokens.
const (
	MaxAPITokens        = 100 // of a user, that are not over
	MaxAPITokenName     = 100 // characters
	MaxAPITokenPins     = 50
	MaxAPITokenNetworks = 50
	MaxAPITokenLifetime = 10 * 366 * 24 * time.Hour
)

// CreateAPITokenInput is the graph's CreateApiTokenInput.
type CreateAPITokenInput struct {
	Name        string
	Permissions []actor.Permission
	CustomerID  *ident.CustomerID
	ObjectIDs   []string
	CIDRs       []string
	ExpiresAt   *time.Time
}

// CreateAPITokenPayload has the token itself, and nil when the mutation is answered again
// after idempotency.ShowAgain.
type CreateAPITokenPayload struct {
	APIToken *models.APIToken
	Token    *string `json:"-"`
}

// Format hides the token from every verb of fmt, as secret.Text does.
func (CreateAPITokenPayload) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "[API token payload]")
}

// An apiTokenRef is what an idempotency key keeps.
type apiTokenRef struct {
	idempotency.Shown `json:"-"`

	APIToken ident.APITokenID `json:"apiToken"`
}

const shownToken = "token" // the name of what is shown again

// validate checks what needs no database, and gives the token's row and its pins.
func (in CreateAPITokenInput) validate(now time.Time) (*models.APIToken, error) {
	row := &models.APIToken{ID: ident.NewAPITokenID(), Name: in.Name, CreatedAt: now, ExpiresAt: in.ExpiresAt, Pins: []string{}, CIDRs: []string{}}
	var faults []*fault.Error
	refuse := func(field, format string, args ...any) {
		faults = append(faults, fault.Invalid.New(field, format, args...))
	}
	if n := utf8.RuneCountInString(in.Name); n < 1 || n > MaxAPITokenName || checkName(in.Name) != nil {
		refuse("name", "A name has 1 to %d characters, no control characters and no spaces around it.", MaxAPITokenName)
	}
	if len(in.Permissions) == 0 {
		refuse("permissions", "A token without permissions may do nothing; give it some.")
	}
	for _, p := range in.Permissions {
		switch {
		case slices.Contains(forPeople(), p):
			refuse("permissions", "%s is for people: only they give somebody else a role, or act as somebody else.", p)
		case len(in.ObjectIDs) > 0 && !slices.Contains(ofObjects(), p):
			refuse("permissions", "%s says nothing of single objects; a token for some databases may have only those for databases and jobs.", p)
		case !slices.Contains(row.Permissions, string(p)):
			row.Permissions = append(row.Permissions, string(p))
		}
	}
	if len(in.ObjectIDs) > MaxAPITokenPins {
		refuse("objectIds", "At most %d objects.", MaxAPITokenPins)
	}
	if len(in.CIDRs) > MaxAPITokenNetworks {
		refuse("cidrs", "At most %d networks.", MaxAPITokenNetworks)
	} else {
		for _, text := range in.CIDRs {
			switch p, err := netip.ParsePrefix(text); {
			case err != nil || p.Addr().Zone() != "" || p.Addr().Is4In6():
				refuse("cidrs", "Write each network as 203.0.113.0/24 or 2001:db8::/32, and one address as 203.0.113.7/32.")
			case p != p.Masked():
				refuse("cidrs", "%s has bits beyond its length; did you mean %s?", text, p.Masked())
			case !slices.Contains(row.CIDRs, p.String()):
				row.CIDRs = append(row.CIDRs, p.String())
			}
		}
	}
	if in.ExpiresAt != nil && (!in.ExpiresAt.After(now) || in.ExpiresAt.Sub(now) > MaxAPITokenLifetime) {
		refuse("expiresAt", "A token ends in the future, and within ten years; without a time, when it is revoked.")
	}
	if in.CustomerID != nil {
		row.CustomerID = *in.CustomerID
	}
	return row, fault.Join(faults...)
}

// CreateAPIToken makes a token for programs that call in the caller's name, shows it
// once, and tells the caller by mail. Errors: fault.Invalid, also for a permission that the caller does not hold
// there; fault.NotFound for a customer or an object that the caller does not see;
// fault.Conflict with too many; fault.Forbidden unless in person. The graph
// asks for StepUp beforehand.
func (s *Service) CreateAPIToken(ctx context.Context, in CreateAPITokenInput) (*CreateAPITokenPayload, error) {
	who, err := inPerson(ctx)
	if err != nil {
		return nil, err
	}
	row, err := in.validate(s.now())
	if err != nil {
		return nil, err
	}
	row.UserID = who.User
	out := &CreateAPITokenPayload{}
	err = idempotency.Once(ctx, s.db, "createApiToken", in, func(ctx context.Context, tx store.Tx) (apiTokenRef, error) {
		if err := s.mayGive(ctx, tx, who, in, row); err != nil {
			return apiTokenRef{}, err
		}
		owner, err := s.roomForAPIToken(ctx, tx, who.User)
		if err != nil {
			return apiTokenRef{}, err
		}
		token, prefix := newAPIToken()
		row.Prefix, row.Hash = prefix, hashOfAPIToken(token.Reveal())
		tx.Queue(tx.NewInsert().Model(row), func(err error) error { return store.Wrap(err, "insert API token %s", row.ID) })
		if err := s.tell(ctx, tx, owner, models.MailAPITokenCreated, notify.Facts{Item: row.Name}); err != nil {
			return apiTokenRef{}, err
		}
		out.APIToken, out.Token = row, new(token.Reveal())
		ref := apiTokenRef{APIToken: row.ID, Shown: idempotency.Show(s.box, map[string]secret.Text{shownToken: token})}
		return ref, audit.Record(ctx, tx, audit.Entry{
			Action: "api_token.create", Kind: ident.APIToken, Object: row.ID.Bare(), Customer: row.CustomerID,
			Detail: map[string]any{
				"name": row.Name, "prefix": row.Prefix, "permissions": row.Permissions, "objects": row.Objects(), "cidrs": row.CIDRs, "expires_at": row.ExpiresAt,
			},
		})
	}, func(ctx context.Context, tx store.Tx, r apiTokenRef) error {
		out.APIToken = new(models.APIToken)
		//allow:tenant the caller's own, by the user's id
		err := tx.NewSelect().Model(out.APIToken).Where("tok.id = ?", r.APIToken).Where("tok.user_id = ?", who.User).Scan(ctx)
		if err != nil {
			return store.Wrap(err, "read API token %s", r.APIToken)
		}
		again := r.Again(s.box)
		if again == nil || out.APIToken.RevokedAt != nil {
			return nil
		}
		// To who could not make it any more it is not shown, either.
		switch err := s.mayGive(ctx, tx, who, in, new(models.APIToken)); fault.CodeOf(err) {
		case "":
			out.Token = new(again[shownToken].Reveal())
		case fault.Invalid, fault.NotFound:
		default:
			return err
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// mayGive checks that the caller sees what the token is for and holds there what it is
// to have; what is taken from the caller later, the token has no more. It enters the pins.
func (s *Service) mayGive(ctx context.Context, tx store.Tx, who *actor.Actor, in CreateAPITokenInput, row *models.APIToken) error {
	whole := []ident.CustomerID(nil) // where all permissions must be held
	if in.CustomerID != nil {
		may, err := store.MayAll(ctx, tx, who, actor.CustomersRead, []ident.CustomerID{*in.CustomerID})
		if err != nil {
			return err
		}
		there, err := tx.NewSelect().Table("customers").Where("id = ?", *in.CustomerID).Exists(ctx)
		if err != nil {
			return store.Wrap(err, "look for customer %s", in.CustomerID)
		}
		if !there || !may[*in.CustomerID] {
			return store.NotFound("customerId")
		}
		whole = append(whole, *in.CustomerID)
	}
	for i, text := range in.ObjectIDs {
		id := ident.ParseDatabaseID(text)
		db := new(models.Database)
		q := tx.NewSelect().Model(db).Column("d.id", "d.customer_id").Apply(store.Visible(who, actor.DatabasesRead, "d.customer_id")).Where("d.id = ?", id.UUID)
		if in.CustomerID != nil {
			q = q.Where("d.customer_id IN (SELECT customer_id FROM customer_tree WHERE ancestor_id = ?)", *in.CustomerID)
		}
		err := store.Wrap(q.Scan(ctx), "look for database %s", id)
		if fault.CodeOf(err) == fault.NotFound {
			return store.NotFound(fmt.Sprintf("objectIds.%d", i))
		}
		if err != nil {
			return err
		}
		if !slices.Contains(row.Pins, id.UUID.String()) {
			row.Pins = append(row.Pins, id.UUID.String())
			whole = append(whole, db.CustomerID)
		}
	}
	slices.Sort(row.Pins)
	for _, p := range in.Permissions {
		held := who.Holds(p)
		if len(whole) > 0 {
			may, err := store.MayAll(ctx, tx, who, p, whole)
			if err != nil {
				return err
			}
			held = !slices.ContainsFunc(whole, func(id ident.CustomerID) bool { return !may[id] })
			// The provider's own is not to be had within a customer.
			held = held && slices.Contains(CustomerPermissions(models.CustomerOwner), p)
		}
		if !held {
			return fault.Invalid.New("permissions", "You do not hold %s there, so a token of yours cannot, either.", p)
		}
	}
	return nil
}

// roomForAPIToken waits for others that the user makes at the same time, and gives the
// user.
func (s *Service) roomForAPIToken(ctx context.Context, tx store.Tx, user ident.UserID) (*models.User, error) {
	owner := new(models.User)
	if err := tx.NewSelect().Model(owner).Where("u.id = ?", user).For("NO KEY UPDATE").Scan(ctx); err != nil {
		return nil, store.Wrap(err, "lock user %s", user)
	}
	//allow:tenant the caller's own, by the user's id
	n, err := tx.NewSelect().Model((*models.APIToken)(nil)).Where("tok.user_id = ?", user).ApplyQueryBuilder(s.livingTokens).Count(ctx)
	if err != nil {
		return nil, store.Wrap(err, "count API tokens of user %s", user)
	}
	if n >= MaxAPITokens {
		return nil, fault.Conflict.New("", "You have %d API tokens; revoke some that are not needed any more.", n)
	}
	return owner, nil
}

// livingTokens are those that are not over.
func (s *Service) livingTokens(q bun.QueryBuilder) bun.QueryBuilder {
	return q.Where("tok.revoked_at IS NULL").Where("(tok.expires_at IS NULL OR tok.expires_at > ?)", s.now())
}

// RevokeAPITokenInput is the graph's RevokeApiTokenInput.
type RevokeAPITokenInput struct{ ID ident.APITokenID }

// RevokeAPITokenPayload has the token that is over.
type RevokeAPITokenPayload struct{ APIToken *models.APIToken }

// RevokeAPIToken ends a token of the caller's, or of a customer where the caller holds
// USERS_WRITE, with all that is open with it. Error: fault.NotFound for one that is
// over, not to be revoked by the caller, or not there.
func (s *Service) RevokeAPIToken(ctx context.Context, in RevokeAPITokenInput) (*RevokeAPITokenPayload, error) {
	who, err := inPerson(ctx)
	if err != nil {
		return nil, err
	}
	out := &RevokeAPITokenPayload{APIToken: new(models.APIToken)}
	err = idempotency.Once(ctx, s.db, "revokeApiToken", in, func(ctx context.Context, tx store.Tx) (ident.APITokenID, error) {
		row := out.APIToken
		// The tenant's filter says of which customers; one's own needs none.
		others := tx.NewSelect().Model((*models.APIToken)(nil)).Column("tok.id").Apply(store.Visible(who, actor.UsersWrite, "tok.customer_id")).Where("tok.id = ?", in.ID)
		//allow:tenant one's own, or one of those that the filter lets through
		err := tx.NewUpdate().Model(row).Set("revoked_at = ?", s.now()).Where("tok.id = ?", in.ID).ApplyQueryBuilder(s.livingTokens).
			Where("(tok.user_id = ? OR tok.id IN (?))", who.User, others).Returning("tok.*").Scan(ctx)
		if err = store.Wrap(err, "revoke API token %s", in.ID); err != nil {
			if fault.CodeOf(err) == fault.NotFound {
				err = store.NotFound("id")
			}
			return in.ID, err
		}
		tx.AfterCommit(func() { s.endedTokens([]ident.APITokenID{row.ID}) })
		return row.ID, audit.Record(ctx, tx, audit.Entry{
			Action: "api_token.revoke", Kind: ident.APIToken, Object: row.ID.Bare(), Customer: row.CustomerID,
			Detail: map[string]any{"name": row.Name, "prefix": row.Prefix, "user": row.UserID},
		})
	}, func(ctx context.Context, tx store.Tx, id ident.APITokenID) error {
		//allow:tenant the id is what the same caller has revoked
		return store.Wrap(tx.NewSelect().Model(out.APIToken).Where("tok.id = ?", id).Scan(ctx), "read API token %s", id)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// endedTokens hurries up what happens anyway once tokens are over.
func (s *Service) endedTokens(ids []ident.APITokenID) {
	s.recent.forget(func(k known) bool { return slices.Contains(ids, k.apiToken) })
	if s.revoker == nil {
		return
	}
	for _, id := range ids {
		s.revoker.RevokeAPIToken(id)
	}
}
