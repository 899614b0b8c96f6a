package auth_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/auth"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/idempotency"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/page"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/models"
)

func toCustomer(email string, c *models.Customer, role models.CustomerRole) auth.InviteUserInput {
	return auth.InviteUserInput{Email: email, Name: "Bob Builder", CustomerID: &c.ID, CustomerRole: &role}
}

// accept uses a link, with a password for a new account.
func (p *post) accept(token secret.Text, with string) (*auth.AcceptInvitationPayload, error) {
	in := auth.AcceptInvitationInput{Token: token}
	if with != "" {
		in.Password = new(secret.New(with))
	}
	return p.AcceptInvitation(p.t.Context(), in)
}

func TestInvite_SomebodyNew(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	owner, shop := p.user("owner@example.com", ""), p.customer("shop", nil)
	p.member(owner, shop, models.CustomerOwner)
	out, err := p.InviteUser(p.as(owner), toCustomer("Bob@example.com", shop, models.CustomerDeveloper))
	require.NoError(t, err)
	require.Equal(t, "bob@example.com", out.User.Email)
	require.Equal(t, out.Invitation.ID.UUID, out.User.ID.UUID)
	require.Equal(t, 0, p.count("SELECT count(*) FROM users WHERE email = 'bob@example.com'"), "nobody is made before they accept")
	l := p.arrived("bob@example.com", "Invitation to shop")
	require.Contains(t, l.Text, "Grace Hopper invites you to shop as developer.")
	require.Contains(t, l.Text, "72 hours")
	token := secret.New(linkOf.FindStringSubmatch(l.Text)[1])

	_, err = p.accept(token, "")
	refusedAs(t, err, fault.Invalid, "password", "who has no account chooses one")
	_, err = p.accept(token, "too short")
	refusedAs(t, err, fault.Invalid, "password")
	accepted, err := p.accept(token, newPassword)
	require.NoError(t, err)
	require.Equal(t, &auth.AcceptInvitationPayload{Email: "bob@example.com", NewAccount: true}, accepted)
	require.True(t, p.signsIn("bob@example.com", newPassword))
	require.Equal(t, 1, p.count("SELECT count(*) FROM memberships AS m JOIN users AS u ON u.id = m.user_id WHERE u.email = 'bob@example.com' AND m.role = 'DEVELOPER' AND u.email_verified_at IS NOT NULL"))
	require.Equal(t, 1, p.count("SELECT count(*) FROM users WHERE id = ?", out.User.ID))
	_, err = p.accept(token, newPassword)
	refusedAs(t, err, fault.NotFound, "token")
	_, err = p.InviteUser(p.as(owner), toCustomer("bob@example.com", shop, models.CustomerAdmin))
	refusedAs(t, err, fault.Conflict, "email", "whom the owner sees as a member")
}

// Whoever has an account keeps it, in as many customers as there are; and who invites
// does not find out that there is one.
func TestInvite_SomebodyWithAnAccount(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	owner, shop, other := p.user("owner@example.com", ""), p.customer("shop", nil), p.customer("other", nil)
	p.member(owner, shop, models.CustomerOwner)
	bob := p.user("bob@example.com", "")
	p.member(bob, other, models.CustomerReadOnly)
	known, err := p.InviteUser(p.as(owner), toCustomer("bob@example.com", shop, models.CustomerAdmin))
	require.NoError(t, err)
	unknown, err := p.InviteUser(p.as(owner), toCustomer("new@example.com", shop, models.CustomerAdmin))
	require.NoError(t, err)
	require.NotEqual(t, bob.ID, known.User.ID)
	require.Equal(t, unknown.User.Name, known.User.Name)
	require.Equal(t, unknown.User.CreatedAt.IsZero(), known.User.CreatedAt.IsZero())
	found, err := p.FindUsers(p.as(owner), []ident.UserID{known.User.ID, unknown.User.ID, bob.ID})
	require.NoError(t, err)
	require.Empty(t, found)

	token := p.link("bob@example.com", "Invitation to shop")
	out, err := p.accept(token, newPassword)
	require.NoError(t, err)
	require.False(t, out.NewAccount)
	require.True(t, p.signsIn("bob@example.com", password), "a link to a customer sets nobody's password")
	require.False(t, p.signsIn("bob@example.com", newPassword))
	require.Equal(t, 2, p.count("SELECT count(*) FROM memberships WHERE user_id = ?", bob.ID))
}

// F29: nobody gives a role above their own.
func TestInvite_Ranks(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	reseller := p.customer("reseller", nil)
	shop := p.customer("shop", reseller)
	other := p.customer("other", nil)
	who := map[string]func() context.Context{}
	for _, role := range []models.ProviderRole{models.ProviderOwner, models.ProviderAdmin, models.ProviderSupport, models.ProviderBilling} {
		who["provider "+string(role)] = p.caller(p.user(strings.ToLower(string(role))+"@provider.example", role))
	}
	for _, role := range []models.CustomerRole{models.CustomerOwner, models.CustomerAdmin, models.CustomerDeveloper, models.CustomerBilling, models.CustomerReadOnly} {
		u := p.user(strings.ToLower(string(role))+"@shop.example", "")
		p.member(u, shop, role)
		who["shop "+string(role)] = p.caller(u)
	}
	above := p.user("admin@reseller.example", "")
	p.member(above, reseller, models.CustomerAdmin)
	who["reseller ADMIN"] = p.caller(above)
	foreign := p.user("owner@other.example", "")
	p.member(foreign, other, models.CustomerOwner)
	who["other OWNER"] = p.caller(foreign)
	both := p.user("both@example.com", "")
	p.member(both, other, models.CustomerOwner)
	p.member(both, shop, models.CustomerReadOnly)
	who["other OWNER, shop READ_ONLY"] = p.caller(both)

	const all, noOwner, nobody, forbidden = "", "FORBIDDEN for OWNER", "NOT_FOUND", "FORBIDDEN"
	for name, want := range map[string]struct{ staff, customer string }{
		"provider OWNER":              {all, all},
		"provider ADMIN":              {noOwner, all},
		"provider SUPPORT":            {forbidden, nobody}, // @auth refuses both before
		"provider BILLING":            {forbidden, nobody},
		"shop OWNER":                  {forbidden, all},
		"shop ADMIN":                  {forbidden, noOwner},
		"shop DEVELOPER":              {forbidden, forbidden},
		"shop BILLING":                {forbidden, forbidden},
		"shop READ_ONLY":              {forbidden, forbidden},
		"reseller ADMIN":              {forbidden, all},
		"other OWNER":                 {forbidden, nobody},
		"other OWNER, shop READ_ONLY": {forbidden, forbidden},
	} {
		check := func(rule, role string, err error) {
			t.Helper()
			code := string(fault.CodeOf(err))
			switch rule {
			case all:
				require.NoError(t, err, "%s gives %s", name, role)
			case noOwner:
				require.Equal(t, role == "OWNER", code == "FORBIDDEN", "%s gives %s: %v", name, role, err)
			case nobody:
				require.Contains(t, []string{"NOT_FOUND", "FORBIDDEN"}, code, "%s gives %s", name, role)
			default:
				require.Equal(t, rule, code, "%s gives %s", name, role)
			}
		}
		for _, role := range []models.ProviderRole{models.ProviderOwner, models.ProviderAdmin, models.ProviderSupport, models.ProviderBilling} {
			_, err := p.InviteUser(who[name](), auth.InviteUserInput{Email: "new@example.com", Name: "New", ProviderRole: &role})
			check(want.staff, string(role), err)
		}
		for _, role := range []models.CustomerRole{models.CustomerOwner, models.CustomerAdmin, models.CustomerDeveloper, models.CustomerBilling, models.CustomerReadOnly} {
			_, err := p.InviteUser(who[name](), toCustomer("new@example.com", shop, role))
			check(want.customer, string(role), err)
		}
	}
	require.LessOrEqual(t, p.count("SELECT count(*) FROM invitations"), 2, "one for each place: the last")
}

func TestInvite_Refuses(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	ctx, shop := p.as(p.admin("owner@example.com")), p.customer("shop", nil)
	role, staff, missing := models.CustomerAdmin, models.ProviderAdmin, ident.NewCustomerID()
	for name, tc := range map[string]struct {
		in    auth.InviteUserInput
		code  fault.Code
		field string
	}{
		"no place":              {auth.InviteUserInput{Email: "a@example.com", Name: "A"}, fault.Invalid, ""},
		"two places":            {auth.InviteUserInput{Email: "a@example.com", Name: "A", ProviderRole: &staff, CustomerID: &shop.ID, CustomerRole: &role}, fault.Invalid, ""},
		"a customer alone":      {auth.InviteUserInput{Email: "a@example.com", Name: "A", CustomerID: &shop.ID}, fault.Invalid, ""},
		"a role alone":          {auth.InviteUserInput{Email: "a@example.com", Name: "A", CustomerRole: &role}, fault.Invalid, ""},
		"staff and a customer":  {auth.InviteUserInput{Email: "a@example.com", Name: "A", ProviderRole: &staff, CustomerID: &shop.ID}, fault.Invalid, ""},
		"no address":            {auth.InviteUserInput{Name: "A", ProviderRole: &staff}, fault.Invalid, "email"},
		"CRLF in the address":   {auth.InviteUserInput{Email: "a@example.com\r\nBcc: b@example.com", Name: "A", ProviderRole: &staff}, fault.Invalid, "email"},
		"CRLF in the name":      {auth.InviteUserInput{Email: "a@example.com", Name: "A\r\nBcc: b@example.com", ProviderRole: &staff}, fault.Invalid, "name"},
		"a megabyte of name":    {auth.InviteUserInput{Email: "a@example.com", Name: strings.Repeat("A", 1<<20), ProviderRole: &staff}, fault.Invalid, "name"},
		"a customer of nobody":  {auth.InviteUserInput{Email: "a@example.com", Name: "A", CustomerID: &missing, CustomerRole: &role}, fault.NotFound, "customerId"},
		"somebody of the staff": {auth.InviteUserInput{Email: "owner@example.com", Name: "A", ProviderRole: &staff}, fault.Conflict, "email"},
	} {
		_, err := p.InviteUser(ctx, tc.in)
		refusedAs(t, err, tc.code, tc.field, name)
	}
	p.exec("UPDATE customers SET state = 'ARCHIVED'")
	_, err := p.InviteUser(ctx, toCustomer("a@example.com", shop, role))
	refusedAs(t, err, fault.Conflict, "customerId")
	require.Equal(t, 0, p.count("SELECT count(*) FROM invitations"))
	p.quiet()
}

// What an invitation gives is decided when it is accepted.
func TestInvite_EndsWithTheRightToGiveIt(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	shop := p.customer("shop", nil)
	for name, end := range map[string]func(u *models.User){
		"disabled":     func(u *models.User) { p.exec("UPDATE users SET disabled_at = now() WHERE id = ?", u.ID) },
		"demoted":      func(u *models.User) { p.exec("UPDATE memberships SET role = 'READ_ONLY' WHERE user_id = ?", u.ID) },
		"lowered":      func(u *models.User) { p.exec("UPDATE memberships SET role = 'ADMIN' WHERE user_id = ?", u.ID) },
		"removed":      func(u *models.User) { p.exec("DELETE FROM memberships WHERE user_id = ?", u.ID) },
		"gone":         func(u *models.User) { p.exec("DELETE FROM users WHERE id = ?", u.ID) },
		"too late":     func(*models.User) { p.exec("UPDATE invitations SET expires_at = now()") },
		"shop is over": func(*models.User) { p.exec("UPDATE customers SET state = 'ARCHIVED'") },
	} {
		p.exec("UPDATE customers SET state = 'ACTIVE'")
		owner := p.user(strings.ReplaceAll(name, " ", "-")+"@example.com", "")
		p.member(owner, shop, models.CustomerOwner)
		_, err := p.InviteUser(p.as(owner), toCustomer("bob@example.com", shop, models.CustomerOwner))
		require.NoError(t, err, name)
		token := p.link("bob@example.com", "Invitation to shop")
		end(owner)
		_, err = p.accept(token, newPassword)
		refusedAs(t, err, fault.NotFound, "token", name)
		require.Equal(t, 0, p.count("SELECT count(*) FROM users WHERE email = 'bob@example.com'"), name)
	}
}

func TestInvite_RevokedReplacedAndRepeated(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	owner, shop, other := p.user("owner@example.com", ""), p.customer("shop", nil), p.customer("other", nil)
	p.member(owner, shop, models.CustomerOwner)
	foreign := p.user("foreign@example.com", "")
	p.member(foreign, other, models.CustomerOwner)
	ctx := p.as(owner)
	keyed, err := idempotency.WithKey(ctx, "key")
	require.NoError(t, err)
	in := toCustomer("bob@example.com", shop, models.CustomerAdmin)
	first, err := p.InviteUser(keyed, in)
	require.NoError(t, err)
	again, err := p.InviteUser(keyed, in)
	require.NoError(t, err)
	require.Equal(t, first.User.ID, again.User.ID, "sent twice, it happens once")
	old := p.link("bob@example.com", "Invitation to shop")
	p.quiet()

	_, err = p.InviteUser(ctx, toCustomer("bob@example.com", shop, models.CustomerReadOnly))
	require.NoError(t, err)
	token := p.link("bob@example.com", "Invitation to shop")
	_, err = p.accept(old, newPassword)
	refusedAs(t, err, fault.NotFound, "token", "a new one takes its place")

	list, err := p.ListInvitations(ctx, page.Args{}, nil)
	require.NoError(t, err)
	require.Len(t, list.Nodes(), 1)
	id := list.Nodes()[0].ID
	empty, err := p.ListInvitations(p.as(foreign), page.Args{}, nil)
	require.NoError(t, err)
	require.Empty(t, empty.Nodes())
	_, err = p.RevokeInvitation(p.as(foreign), auth.RevokeInvitationInput{ID: id})
	refusedAs(t, err, fault.NotFound, "id")
	_, err = p.RevokeInvitation(ctx, auth.RevokeInvitationInput{ID: id})
	require.NoError(t, err)
	_, err = p.RevokeInvitation(ctx, auth.RevokeInvitationInput{ID: id})
	refusedAs(t, err, fault.NotFound, "id")
	_, err = p.accept(token, newPassword)
	refusedAs(t, err, fault.NotFound, "token")
}

// Two people are invited by one address, to two customers, and accept at once.
func TestInvite_TwoPlacesAtOnce(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	ctx := p.as(p.admin("owner@example.com"))
	var tokens []secret.Text
	for _, name := range []string{"shop", "other"} {
		_, err := p.InviteUser(ctx, toCustomer("bob@example.com", p.customer(name, nil), models.CustomerAdmin))
		require.NoError(t, err)
		tokens = append(tokens, p.link("bob@example.com", "Invitation to "+name))
	}
	errs := make([]error, 2)
	var wg sync.WaitGroup
	for i, token := range tokens {
		wg.Go(func() { _, errs[i] = p.accept(token, newPassword) })
	}
	wg.Wait()
	require.Equal(t, 1, p.count("SELECT count(*) FROM users WHERE email = 'bob@example.com'"))
	for i, err := range errs {
		if err != nil { // the account was made at the same moment; the link still works
			require.Equal(t, fault.Conflict, fault.CodeOf(err), err)
			_, err = p.accept(tokens[i], newPassword)
			require.NoError(t, err)
		}
	}
	require.Equal(t, 2, p.count("SELECT count(*) FROM memberships AS m JOIN users AS u ON u.id = m.user_id WHERE u.email = 'bob@example.com'"))
}
