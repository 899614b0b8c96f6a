package auth

import (
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/page"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/models"
)

// APITokenConnection is a page of API tokens, and APITokenEdge a row of it.
type (
	APITokenConnection = page.Connection[*models.APIToken]
	APITokenEdge       = page.Edge[*models.APIToken]
)

// APITokens are the caller's own that are not over, the newest first; none for a caller
// who is an API token.
func (s *Service) APITokens(ctx context.Context) ([]*models.APIToken, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	if !who.APIToken.IsZero() {
		return nil, nil
	}
	return apiTokensOfUser.Read(ctx, s.db, nil, "", []ident.UserID{who.User}, s.now())
}

// FindAPITokens returns those of the tokens that are not over and that the caller may
// see: its own, unless it is an API token, and those of customers where it holds
// USERS_READ.
func (s *Service) FindAPITokens(ctx context.Context, ids []ident.APITokenID) (map[ident.APITokenID]*models.APIToken, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	var own, within []*models.APIToken
	reads := []func(context.Context) error{func(ctx context.Context) (err error) {
		within, err = apiTokensWithin.Read(ctx, s.db, who, actor.UsersRead, ids, s.now())
		return err
	}}
	if who.APIToken.IsZero() {
		reads = append(reads, func(ctx context.Context) (err error) {
			own, err = ownAPITokens.Read(ctx, s.db, nil, "", ids, who.User, s.now())
			return err
		})
	}
	if err := store.SideBySide(ctx, reads...); err != nil {
		return nil, err
	}
	found := make(map[ident.APITokenID]*models.APIToken, len(ids))
	for _, row := range slices.Concat(own, within) {
		found[row.ID] = row
	}
	return found, nil
}

var (
	// apiTokensOfUser are those that live, as livingTokens has it.
	//allow:tenant the caller's own, by the user's id
	apiTokensOfUser = &store.Keyed[ident.UserID, models.APIToken]{
		Name: "read API tokens", Query: func(q *bun.SelectQuery, _ store.Scope, _ actor.Permission) *bun.SelectQuery {
			return q.ExcludeColumn("hash").Where("tok.user_id = ANY ($1)").Where("tok.revoked_at IS NULL").
				Where("(tok.expires_at IS NULL OR tok.expires_at > $2)").OrderExpr("tok.created_at DESC, tok.id DESC").Limit(MaxAPITokens)
		},
	}
	// ownAPITokens are those of the user $2 that live, as livingTokens has it.
	//allow:tenant the caller's own, by the user's id
	ownAPITokens = &store.Keyed[ident.APITokenID, models.APIToken]{
		Name: "find own API tokens", Query: func(q *bun.SelectQuery, _ store.Scope, _ actor.Permission) *bun.SelectQuery {
			return q.ExcludeColumn("hash").Where("tok.id = ANY ($1)").Where("tok.user_id = $2").Where("tok.revoked_at IS NULL").
				Where("(tok.expires_at IS NULL OR tok.expires_at > $3)")
		},
	}
	apiTokensWithin = &store.Keyed[ident.APITokenID, models.APIToken]{
		Name: "find API tokens", Query: func(q *bun.SelectQuery, who store.Scope, p actor.Permission) *bun.SelectQuery {
			return q.ExcludeColumn("hash").Apply(store.Visible(who, p, "tok.customer_id")).Where("tok.id = ANY ($1)").
				Where("tok.revoked_at IS NULL").Where("(tok.expires_at IS NULL OR tok.expires_at > $2)")
		},
	}
)

// APITokensOfCustomers reads a page of the tokens that are for each customer and not
// revoked, the newest first; nil for a customer where the caller does not hold
// USERS_READ. Error: fault.Invalid for arguments at fault.
func (s *Service) APITokensOfCustomers(ctx context.Context, customers []*models.Customer, args page.Args) ([]*APITokenConnection, error) {
	who, err := actor.From(ctx)
	if err != nil {
		return nil, err
	}
	ids := make([]ident.CustomerID, len(customers))
	for i, c := range customers {
		ids[i] = c.ID
	}
	return apiTokensOfCustomer.PagesWithin(ctx, s.db, who, actor.UsersRead, ids, ids, args)
}

// apiTokensOfCustomer is the order of the index api_tokens_of_customer.
var apiTokensOfCustomer = &store.Edge[ident.CustomerID, models.APIToken]{
	Order: store.Order[*models.APIToken]{
		Name: "apiTokens", Key: "tok.created_at", Type: "timestamptz", ID: "tok.id", Desc: true,
		Place: func(t *models.APIToken) (key, id string) {
			return t.CreatedAt.UTC().Format(time.RFC3339Nano), t.ID.String()
		},
	},
	Parent: "tok.customer_id",
	Of:     func(t *models.APIToken) ident.CustomerID { return t.CustomerID },
	Rows: func(q *bun.SelectQuery, who store.Scope, p actor.Permission) *bun.SelectQuery {
		return q.Apply(store.Visible(who, p, "tok.customer_id")).Where("tok.revoked_at IS NULL")
	},
}
