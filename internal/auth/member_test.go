package auth_test

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/auth"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/page"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/models"
)

// F29: who may change and remove whom within a customer.
func TestMembers_Ranks(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	reseller := p.customer("reseller", nil)
	shop := p.customer("shop", reseller)
	stays := p.user("stays@example.com", "")
	p.member(stays, shop, models.CustomerOwner) // there is always another owner
	callers := map[string]func() context.Context{"provider ADMIN": p.caller(p.user("admin@provider.example", models.ProviderAdmin))}
	for name, at := range map[string]*models.Customer{"shop": shop, "reseller": reseller} {
		for _, role := range []models.CustomerRole{models.CustomerOwner, models.CustomerAdmin} {
			u := p.user(name+string(role[:3])+"@example.com", "")
			p.member(u, at, role)
			callers[name+" "+string(role)] = p.caller(u)
		}
	}
	target := p.user("target@example.com", "")
	for name, caller := range callers {
		ctx := caller()
		for _, before := range []models.CustomerRole{models.CustomerOwner, models.CustomerAdmin, models.CustomerReadOnly} {
			limited := name == "shop ADMIN"
			set := func() {
				p.exec("DELETE FROM memberships WHERE user_id = ?", target.ID)
				p.member(target, shop, before)
			}
			for _, after := range []models.CustomerRole{models.CustomerOwner, models.CustomerAdmin, models.CustomerBilling} {
				set()
				out, err := p.ChangeMembership(ctx, auth.ChangeMembershipInput{UserID: target.ID, CustomerID: shop.ID, Role: after})
				if limited && (before == models.CustomerOwner || after == models.CustomerOwner) {
					refusedAs(t, err, fault.Forbidden, "role", name, before, after)
					require.Equal(t, 1, p.count("SELECT count(*) FROM memberships WHERE user_id = ? AND role = ?", target.ID, before))
					continue
				}
				require.NoError(t, err, "%s: %s to %s", name, before, after)
				require.Equal(t, after, out.Membership.Role)
			}
			set()
			_, err := p.RemoveMember(ctx, auth.RemoveMemberInput{UserID: target.ID, CustomerID: shop.ID})
			if limited && before == models.CustomerOwner {
				refusedAs(t, err, fault.Forbidden, "role", name, before)
				continue
			}
			require.NoError(t, err, "%s removes %s", name, before)
			require.Equal(t, 0, p.count("SELECT count(*) FROM memberships WHERE user_id = ?", target.ID))
		}
	}
	require.True(t, p.wasRevoked(target.ID))
	require.Positive(t, p.count(`SELECT count(*) FROM audit_entries WHERE action = 'membership.change' AND customer_id = ? AND before->>'role' = 'OWNER' AND detail->>'role' = 'ADMIN'`, shop.ID))
}

// Two owners remove each other at the same time, again and again: one is always left.
func TestMembers_TheLastOwnerStays(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	shop := p.customer("shop", nil)
	a, b := p.user("a@example.com", ""), p.user("b@example.com", "")
	p.member(a, shop, models.CustomerOwner)
	p.member(b, shop, models.CustomerOwner)
	asA, asB := p.as(a), p.as(b)
	for range 20 {
		p.exec("DELETE FROM memberships")
		p.member(a, shop, models.CustomerOwner)
		p.member(b, shop, models.CustomerOwner)
		var wg sync.WaitGroup
		errs := make([]error, 2)
		wg.Go(func() {
			_, errs[0] = p.RemoveMember(asA, auth.RemoveMemberInput{UserID: b.ID, CustomerID: shop.ID})
		})
		wg.Go(func() {
			_, errs[1] = p.ChangeMembership(asB, auth.ChangeMembershipInput{UserID: a.ID, CustomerID: shop.ID, Role: models.CustomerReadOnly})
		})
		wg.Wait()
		require.Equal(t, 1, p.count("SELECT count(*) FROM memberships WHERE role = 'OWNER'"), "%v", errs)
	}
	p.exec("DELETE FROM memberships")
	p.member(a, shop, models.CustomerOwner)
	_, err := p.RemoveMember(asA, auth.RemoveMemberInput{UserID: a.ID, CustomerID: shop.ID})
	refusedAs(t, err, fault.Conflict, "userId")
}

func TestProviderRole_RanksAndTheLastOwner(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	owner, admin, target := p.user("owner@example.com", models.ProviderOwner), p.user("admin@example.com", models.ProviderAdmin), p.user("target@example.com", "")
	asOwner, asAdmin := p.as(owner), p.as(admin)
	set := func(ctx context.Context, u *models.User, role models.ProviderRole) error {
		in := auth.SetProviderRoleInput{UserID: u.ID}
		if role != "" {
			in.Role = &role
		}
		_, err := p.SetProviderRole(ctx, in)
		return err
	}
	require.NoError(t, set(asAdmin, target, models.ProviderAdmin))
	refusedAs(t, set(asAdmin, target, models.ProviderOwner), fault.Forbidden, "role")
	refusedAs(t, set(asAdmin, admin, models.ProviderOwner), fault.Forbidden, "role", "not oneself either")
	refusedAs(t, set(asOwner, owner, models.ProviderAdmin), fault.Conflict, "userId", "the last owner")
	refusedAs(t, set(asOwner, owner, ""), fault.Conflict, "userId")
	require.NoError(t, set(asOwner, target, models.ProviderOwner))
	refusedAs(t, set(asAdmin, target, models.ProviderSupport), fault.Forbidden, "role")
	refusedAs(t, set(asAdmin, target, ""), fault.Forbidden, "role")
	require.NoError(t, set(asOwner, target, ""))
	refusedAs(t, set(asOwner, &models.User{ID: ident.NewUserID()}, models.ProviderAdmin), fault.NotFound, "userId")

	// Two owners lower each other at once.
	for range 10 {
		p.exec("UPDATE users SET provider_role = 'OWNER' WHERE id IN (?, ?)", owner.ID, target.ID)
		var wg sync.WaitGroup
		wg.Go(func() { _ = set(asOwner, target, models.ProviderSupport) })
		wg.Go(func() { _ = set(p.as(target), owner, models.ProviderSupport) })
		wg.Wait()
		require.Equal(t, 1, p.count("SELECT count(*) FROM users WHERE provider_role = 'OWNER'"))
	}
}

func TestDisableUser(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	owner, admin := p.user("owner@example.com", models.ProviderOwner), p.user("admin@example.com", models.ProviderAdmin)
	shop := p.customer("shop", nil)
	bob, boss := p.user("bob@example.com", ""), p.user("boss@example.com", "")
	p.member(bob, shop, models.CustomerOwner)
	p.member(boss, shop, models.CustomerOwner)
	out, err := p.SignIn(t.Context(), auth.SignInInput{Email: bob.Email, Password: secret.New(password)})
	require.NoError(t, err)
	_, err = p.Authenticate(t.Context(), out.AccessToken)
	require.NoError(t, err)
	reset := p.resetLink("bob@example.com")
	disable := func(ctx context.Context, id ident.UserID) error {
		_, err := p.DisableUser(ctx, auth.UserInput{ID: id})
		return err
	}
	refusedAs(t, disable(p.as(boss), bob.ID), fault.Forbidden, "id", "an account is not one customer's to close")
	refusedAs(t, disable(p.as(boss), ident.NewUserID()), fault.Forbidden, "id")
	refusedAs(t, disable(p.as(admin), owner.ID), fault.Conflict, "id", "the last owner")
	refusedAs(t, disable(p.as(admin), admin.ID), fault.Forbidden, "id", "oneself")
	refusedAs(t, disable(p.as(owner), ident.NewUserID()), fault.NotFound, "id")
	second := p.user("second@example.com", models.ProviderOwner)
	refusedAs(t, disable(p.as(admin), second.ID), fault.Forbidden, "id", "above the caller")

	require.NoError(t, disable(p.as(admin), bob.ID))
	require.True(t, p.wasRevoked(bob.ID))
	p.wait(auth.MaxActorAge)
	_, err = p.Authenticate(t.Context(), out.AccessToken)
	require.Equal(t, fault.Unauthenticated, fault.CodeOf(err), "within a second")
	require.False(t, p.signsIn("bob@example.com", password))
	_, err = p.ResetPassword(t.Context(), resetInput(reset))
	refusedAs(t, err, fault.NotFound, "token")
	_, err = p.RequestPasswordReset(t.Context(), auth.RequestPasswordResetInput{Email: "bob@example.com"})
	require.NoError(t, err)
	p.quiet()
	// An invitation that was on its way does not open the account.
	_, err = p.InviteUser(p.as(owner), auth.InviteUserInput{Email: "bob@example.com", Name: "Bob", ProviderRole: new(models.ProviderSupport)})
	require.NoError(t, err)
	_, err = p.accept(p.link("bob@example.com", "Invitation to the provider’s staff"), newPassword)
	refusedAs(t, err, fault.NotFound, "token")

	_, err = p.EnableUser(p.as(owner), auth.UserInput{ID: bob.ID})
	require.NoError(t, err)
	require.True(t, p.signsIn("bob@example.com", password))
	require.Equal(t, 1, p.count("SELECT count(*) FROM memberships WHERE user_id = ?", bob.ID), "with what it had")
}

func TestUpdateProfile(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	ctx := p.as(p.admin("ada@example.com"))
	out, err := p.UpdateProfile(ctx, auth.UpdateProfileInput{Name: new("Ada King"), Language: new(models.German)})
	require.NoError(t, err)
	require.Equal(t, "Ada King", out.User.Name)
	_, err = p.UpdateProfile(ctx, auth.UpdateProfileInput{Name: new("Ada\r\nBcc: x")})
	refusedAs(t, err, fault.Invalid, "name")
	_, err = p.RequestPasswordReset(t.Context(), auth.RequestPasswordResetInput{Email: "ada@example.com"})
	require.NoError(t, err)
	require.Contains(t, p.arrived("ada@example.com", "Neues Passwort setzen").Text, "Guten Tag Ada King,")
}

func TestListUsers_ThoseOfTheCallersCustomers(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	reseller := p.customer("reseller", nil)
	shop, other := p.customer("shop", reseller), p.customer("other", nil)
	staff := p.admin("staff@example.com")
	a, b, c := p.user("ann@example.com", ""), p.user("bob@example.com", ""), p.user("cyd@example.com", "")
	p.member(a, reseller, models.CustomerAdmin)
	p.member(b, shop, models.CustomerAdmin)
	p.member(c, other, models.CustomerAdmin)
	p.member(c, shop, models.CustomerReadOnly)
	list := func(who *models.User, f *auth.UserFilter) (emails []string) {
		t.Helper()
		out, err := p.ListUsers(p.as(who), page.Args{WithTotal: true}, f)
		require.NoError(t, err)
		for _, u := range out.Nodes() {
			emails = append(emails, u.Email)
		}
		total, err := out.TotalCount(t.Context())
		require.NoError(t, err)
		require.Len(t, emails, total)
		return emails
	}
	require.Equal(t, []string{"staff@example.com", "ann@example.com", "bob@example.com", "cyd@example.com"}, list(staff, nil))
	require.Equal(t, []string{"ann@example.com", "bob@example.com", "cyd@example.com"}, list(a, nil))
	require.Equal(t, []string{"bob@example.com", "cyd@example.com"}, list(b, nil))
	require.Equal(t, []string{"cyd@example.com"}, list(c, nil))
	require.Equal(t, []string{"bob@example.com", "cyd@example.com"}, list(a, &auth.UserFilter{CustomerID: &shop.ID}))
	require.Empty(t, list(b, &auth.UserFilter{CustomerID: &reseller.ID}))
	require.Empty(t, list(c, &auth.UserFilter{CustomerID: &shop.ID}), "who only reads there does not see who else does")
	require.Equal(t, []string{"cyd@example.com"}, list(staff, &auth.UserFilter{CustomerID: &other.ID}))
	require.Equal(t, []string{"bob@example.com"}, list(a, &auth.UserFilter{Search: new("BOB@")}))
	require.Empty(t, list(b, &auth.UserFilter{Search: new("ann")}))
	require.Empty(t, list(staff, &auth.UserFilter{Search: new("%' OR true --")}))
	_, err := p.ListUsers(p.as(a), page.Args{}, &auth.UserFilter{Search: new("\x00")})
	refusedAs(t, err, fault.Invalid, "filter.search")
}
