package auth_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/auth"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/models"
)

// apiToken makes a token of the user whose request ctx is.
func (w *world) apiToken(ctx context.Context, in auth.CreateAPITokenInput) (token string, id ident.APITokenID) {
	w.t.Helper()
	in.Name = "deploy"
	out, err := w.CreateAPIToken(ctx, in)
	require.NoError(w.t, err)
	return *out.Token, out.APIToken.ID
}

// may is what a token may do, and where.
func (w *world) may(token string) *actor.Actor {
	w.t.Helper()
	w.wait(auth.MaxActorAge)
	who, err := w.Authenticate(w.t.Context(), token)
	require.NoError(w.t, err)
	again, err := w.Actors(w.t.Context(), []actor.Identity{who.Identity()})
	require.NoError(w.t, err)
	require.True(w.t, who.SameRights(again[who.Identity()]), "the look at the tables finds the same")
	return who
}

// F22, F30: what a token may do, is what its user may, below its customer, of what it was
// narrowed to; for each role, and each place in a reseller's tree.
func TestAPIToken_F22_WhatItsUserMayWhereItIsFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	reseller := w.customer("reseller", nil)
	shop := w.customer("shop", reseller)
	branch := w.customer("branch", shop)
	sister := w.customer("sister", reseller)
	other := w.customer("other", nil)
	u := w.user("ada@example.com", "")
	all := []actor.Permission{actor.CustomersRead, actor.DatabasesRead, actor.DatabasesWrite, actor.JobsRead}
	w.member(u, reseller, models.CustomerOwner)
	ctx := w.as(u)
	everywhere, _ := w.apiToken(ctx, auth.CreateAPITokenInput{Permissions: all})
	ofShop, _ := w.apiToken(ctx, auth.CreateAPITokenInput{Permissions: all, CustomerID: &shop.ID})
	ofBranch, _ := w.apiToken(ctx, auth.CreateAPITokenInput{Permissions: all, CustomerID: &branch.ID})
	_, err := w.CreateAPIToken(ctx, auth.CreateAPITokenInput{Name: "x", Permissions: all, CustomerID: &other.ID})
	require.Equal(t, fault.NotFound, fault.CodeOf(err))

	type grants map[ident.CustomerID][]actor.Permission
	held := func(token string) grants {
		who := w.may(token)
		require.Empty(t, who.Provider)
		out := grants{}
		for _, g := range who.Grants {
			out[g.Customer] = g.Permissions
		}
		return out
	}
	few := []actor.Permission{actor.CustomersRead, actor.DatabasesRead, actor.JobsRead}
	require.Equal(t, grants{reseller.ID: all}, held(everywhere))
	require.Equal(t, grants{shop.ID: all}, held(ofShop), "the role of above counts there, and no further up")
	require.Equal(t, grants{branch.ID: all}, held(ofBranch))

	w.exec("UPDATE memberships SET role = 'READ_ONLY'")
	require.Equal(t, grants{reseller.ID: few}, held(everywhere))
	require.Equal(t, grants{shop.ID: few}, held(ofShop))

	w.exec("DELETE FROM memberships")
	for _, token := range []string{everywhere, ofShop, ofBranch} {
		require.Empty(t, held(token))
	}
	w.member(u, sister, models.CustomerOwner)
	require.Equal(t, grants{sister.ID: all}, held(everywhere))
	require.Empty(t, held(ofShop), "a role beside it is none there")
	w.member(u, branch, models.CustomerDeveloper)
	require.Equal(t, grants{branch.ID: all}, held(ofShop), "a role below it is")
	w.member(u, shop, models.CustomerBilling)
	require.Equal(t, grants{branch.ID: all, shop.ID: {actor.CustomersRead}}, held(ofShop))
	require.Equal(t, grants{branch.ID: all}, held(ofBranch), "two roles for one place count together")

	// With the provider: everywhere, or within the customer what is a customer's.
	w.exec("DELETE FROM memberships")
	boss := w.admin("boss@example.com")
	ctx = w.as(boss)
	wide := append(slices.Clone(all), actor.ServersWrite)
	bosses, _ := w.apiToken(ctx, auth.CreateAPITokenInput{Permissions: wide})
	bossesShop, _ := w.apiToken(ctx, auth.CreateAPITokenInput{Permissions: all, CustomerID: &shop.ID})
	require.ElementsMatch(t, wide, w.may(bosses).Provider)
	require.Equal(t, grants{shop.ID: all}, held(bossesShop))
	_, err = w.CreateAPIToken(ctx, auth.CreateAPITokenInput{Name: "x", Permissions: wide, CustomerID: &shop.ID})
	require.Equal(t, fault.Invalid, fault.CodeOf(err), "servers are not a customer's")
	w.exec("UPDATE users SET provider_role = 'SUPPORT' WHERE id = ?", boss.ID)
	require.ElementsMatch(t, few, w.may(bosses).Provider)
	require.Equal(t, grants{shop.ID: few}, held(bossesShop))
	w.exec("UPDATE users SET provider_role = NULL WHERE id = ?", boss.ID)
	require.Empty(t, w.may(bosses).Provider)
	require.Empty(t, held(bossesShop))

	// Whatever is in the table, no token acts as somebody or gives roles.
	w.exec("UPDATE users SET provider_role = 'OWNER' WHERE id = ?", boss.ID)
	w.exec("UPDATE api_tokens SET permissions = '{USERS_IMPERSONATE,USERS_WRITE,DATABASES_READ,NONSENSE}' WHERE user_id = ?", boss.ID)
	require.Equal(t, []actor.Permission{actor.DatabasesRead}, w.may(bosses).Provider)
}

// One statement for a request with a token that was not seen for a second, and none
// within it; its use is noted once a minute, apart.
func TestAPIToken_OneLookup(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token, id := w.apiToken(w.as(w.admin("grace@example.com")), auth.CreateAPITokenInput{Permissions: []actor.Permission{actor.CustomersRead}})
	from := actor.WithRequest(t.Context(), actor.Request{IP: "203.0.113.9"})
	use := func() {
		_, err := w.Authenticate(from, token)
		require.NoError(t, err)
	}
	require.Len(t, w.sql.during(use), 1)
	require.Empty(t, w.sql.during(func() {
		for range 100 {
			use()
		}
	}))
	require.Equal(t, 1, w.Unused())
	w.wait(auth.MaxActorAge)
	require.Len(t, w.sql.during(use), 1)
	require.Zero(t, w.count("SELECT count(*) FROM api_tokens WHERE last_used_at IS NOT NULL"))

	ctx, stop := context.WithCancel(t.Context())
	ran := make(chan struct{})
	go func() { defer close(ran); w.Run(ctx) }()
	require.Eventually(t, func() bool {
		return w.count("SELECT count(*) FROM api_tokens WHERE id = ? AND last_used_ip = '203.0.113.9'", id) == 1
	}, 10*time.Second, 20*time.Millisecond)
	stop()
	<-ran
	w.wait(30 * time.Second)
	use()
	require.Zero(t, w.Unused(), "it was noted half a minute ago")
	w.wait(time.Minute)
	use()
	require.Equal(t, 1, w.Unused())

	// What is mistyped is not asked for.
	wrong := token[:20] + strings.ToLower(token[20:])
	require.Empty(t, w.sql.during(func() {
		_, err := w.Authenticate(from, wrong)
		require.Equal(t, fault.Unauthenticated, fault.CodeOf(err))
	}))
	require.NotContains(t, fmt.Sprintf("%+v %v", auth.CreateAPITokenPayload{Token: &token}, auth.ImpersonatePayload{AccessToken: &token}), token)
}

// What is a token's own is not its user's, and a stranger's is nobody's.
func TestAPIToken_Lists(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	shop := w.customer("shop", nil)
	ada, bob, eve := w.user("ada@example.com", ""), w.user("bob@example.com", ""), w.user("eve@example.com", "")
	w.member(ada, shop, models.CustomerDeveloper)
	w.member(bob, shop, models.CustomerAdmin)
	may := []actor.Permission{actor.DatabasesRead}
	_, personal := w.apiToken(w.as(ada), auth.CreateAPITokenInput{Permissions: may})
	token, ofShop := w.apiToken(w.as(ada), auth.CreateAPITokenInput{Permissions: may, CustomerID: &shop.ID})
	found := func(ctx context.Context) (ids []ident.APITokenID) {
		rows, err := w.FindAPITokens(ctx, []ident.APITokenID{personal, ofShop, ident.NewAPITokenID()})
		require.NoError(t, err)
		for id, row := range rows {
			require.Empty(t, row.Hash)
			ids = append(ids, id)
		}
		return ids
	}
	require.ElementsMatch(t, []ident.APITokenID{personal, ofShop}, found(w.as(ada)))
	require.Equal(t, []ident.APITokenID{ofShop}, found(w.as(bob)))
	require.Empty(t, found(w.as(eve)))
	require.Empty(t, found(actor.With(t.Context(), w.may(token))))
	own, err := w.APITokens(w.as(ada))
	require.NoError(t, err)
	require.Len(t, own, 2)
	require.Equal(t, ofShop, own[0].ID, "the newest first")
	own, err = w.APITokens(actor.With(t.Context(), w.may(token)))
	require.NoError(t, err)
	require.Empty(t, own)
}
