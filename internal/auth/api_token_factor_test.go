package auth_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/auth"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/idempotency"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/models"
)

// Whose role needs a second factor that is missing has it neither by an API token nor as
// somebody else: what was open is nothing any more from the moment on.
func TestSecondFactor_RequiredOfTokensAndImpersonators(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *auth.Config) { c.RequireSecondFactor = []models.ProviderRole{models.ProviderAdmin} })
	shop := w.customer("shop", nil)
	staff, ada := w.user("grace@example.com", models.ProviderOwner), w.user("ada@example.com", "")
	w.member(ada, shop, models.CustomerOwner)
	w.member(staff, shop, models.CustomerOwner)
	ctx := w.as(staff)
	may := []actor.Permission{actor.DatabasesRead}
	everywhere, _ := w.apiToken(ctx, auth.CreateAPITokenInput{Permissions: may})
	ofShop, _ := w.apiToken(ctx, auth.CreateAPITokenInput{Permissions: may, CustomerID: &shop.ID})
	out, err := w.Impersonate(ctx, auth.ImpersonateInput{UserID: ada.ID, Reason: "ticket 4711: no backups", Minutes: 60})
	require.NoError(t, err)
	acting := *out.AccessToken
	require.Equal(t, may, w.may(everywhere).Provider)
	require.Len(t, w.may(ofShop).Grants, 1)
	require.Len(t, w.may(acting).Grants, 1)
	of := func(token string) actor.Identity { return w.may(token).Identity() }
	tokens, by := []actor.Identity{of(everywhere), of(ofShop)}, of(acting)

	w.exec("UPDATE users SET provider_role = 'ADMIN' WHERE id = ?", staff.ID)
	for _, token := range []string{everywhere, ofShop} {
		who := w.may(token)
		require.True(t, who.SecondFactorMissing)
		require.Empty(t, who.Provider)
		require.Empty(t, who.Grants)
	}
	_, err = w.Authenticate(t.Context(), acting)
	require.Equal(t, fault.Unauthenticated, fault.CodeOf(err))
	now, err := w.Actors(t.Context(), append(tokens, by))
	require.NoError(t, err)
	require.Len(t, now, 2, "what is open as somebody else ends")
	require.True(t, now[tokens[0]].SecondFactorMissing)

	a, _ := w.begins(ctx) // where the impersonation began, since other sessions end
	_, err = w.ConfirmTOTP(ctx, auth.ConfirmTOTPInput{Code: secret.New(a.code(0))})
	require.NoError(t, err)
	require.Equal(t, may, w.may(everywhere).Provider)
	require.Len(t, w.may(ofShop).Grants, 1)
	require.Len(t, w.may(acting).Grants, 1)
}

// Who lost the answer gets the token again, as long as it is good and they could make it.
func TestAPIToken_ShownAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	shop := w.customer("shop", nil)
	u := w.user("ada@example.com", "")
	w.member(u, shop, models.CustomerOwner)
	create := func() *auth.CreateAPITokenPayload {
		ctx, err := idempotency.WithKey(w.as(u), "lost")
		require.NoError(t, err)
		out, err := w.CreateAPIToken(ctx, auth.CreateAPITokenInput{Name: "deploy", Permissions: []actor.Permission{actor.DatabasesRead}, CustomerID: &shop.ID})
		require.NoError(t, err)
		return out
	}
	first := create()
	again := create()
	require.Equal(t, first.APIToken.ID, again.APIToken.ID)
	require.Equal(t, *first.Token, *again.Token)
	require.Equal(t, 1, w.count("SELECT count(*) FROM api_tokens"))
	require.Equal(t, 1, w.count("SELECT count(*) FROM mails WHERE kind = 'API_TOKEN_CREATED' AND user_id = ?", u.ID), "told once")
	w.exec("UPDATE memberships SET role = 'BILLING'")
	require.Nil(t, create().Token, "whose role was taken away")
	w.exec("UPDATE memberships SET role = 'OWNER'")
	require.NotNil(t, create().Token)
	_, err := w.RevokeAPIToken(w.as(u), auth.RevokeAPITokenInput{ID: first.APIToken.ID})
	require.NoError(t, err)
	require.Nil(t, create().Token, "it is over")
}

// Whoever a token acts for is told that there is one, and not what it is.
func TestAPIToken_ItsUserIsTold(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	user := p.admin("ada@example.com")
	ctx := from(p.as(user), "192.0.2.7")
	out, err := p.CreateAPIToken(ctx, auth.CreateAPITokenInput{Name: "nightly https://evil.example", Permissions: []actor.Permission{actor.DatabasesRead}})
	require.NoError(t, err)
	l := p.arrived("ada@example.com", "New API token")
	require.Contains(t, l.Text, "acts for your account: “nightly https: //evil[.]example”")
	require.Contains(t, l.Text, "from 192.0.2.7")
	require.NotContains(t, l.Text+l.HTML, *out.Token)
	p.exec(`INSERT INTO api_tokens (id, user_id, name, prefix, hash, permissions, cidrs, pins, created_at)
		SELECT gen_random_uuid(), user_id, name, left(md5(n::text), length(prefix)), sha256(n::text::bytea), permissions, cidrs, pins, created_at FROM api_tokens, generate_series(2, ?) AS n`, auth.MaxAPITokens)
	_, err = p.CreateAPIToken(ctx, auth.CreateAPITokenInput{Name: "one too many", Permissions: []actor.Permission{actor.DatabasesRead}})
	require.Equal(t, fault.Conflict, fault.CodeOf(err))
	p.quiet() // of what was refused
}
