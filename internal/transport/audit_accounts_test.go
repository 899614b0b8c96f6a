package transport_test

import (
	"encoding/json"
	"net/url"
	"time"

	"github.com/pquerna/otp/totp"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/testkit"
	"github.com/mpanel/mpanel/models"
)

// later is a password that people choose after the first.
const later = "canary brass lantern seven"

// accountAttempts are otherAttempts of accounts, sessions and second factors. Links come
// from the mails that are really queued, codes from the secret that is really shown.
var accountAttempts = map[string]func(p *panel, s tenant) attempt{
	"setUp": func(p *panel, _ tenant) attempt {
		token, needed, err := p.auth.SetupToken(p.t.Context())
		require.NoError(p.t, err)
		require.True(p.t, needed)
		return attempt{input: vars{"token": token.Reveal(), "email": "first@example.com", "name": "First", "password": correct}}
	},
	"signUp": func(_ *panel, _ tenant) attempt {
		return attempt{input: vars{"email": "new@example.com", "name": "Ada", "password": correct}}
	},
	"signUp of who has an account": func(p *panel, s tenant) attempt {
		return attempt{input: vars{"email": p.addressOf(s), "name": "Ada", "password": correct}}
	},
	"verifyEmail of who signed up": func(p *panel, _ tenant) attempt {
		p.must("", `mutation { signUp(input: {email: "fresh-account@example.com", name: "Ada", password: "`+correct+`", company: "Engines"}) { ok } }`, nil)
		return attempt{input: vars{"token": p.mailed("fresh-account@example.com")}}
	},
	"verifyEmail of a user's own": func(p *panel, s tenant) attempt {
		p.must(s.token, `mutation { requestEmailVerification { ok } }`, nil)
		return attempt{input: vars{"token": p.mailed(p.addressOf(s))}}
	},
	"verifyEmail of a new one": func(p *panel, s tenant) attempt {
		p.must(s.token, `mutation { changeEmail(input: {email: "moved@example.com"}) { ok } }`, nil)
		return attempt{input: vars{"token": p.mailed("moved@example.com")}}
	},
	"requestPasswordReset of an account": func(p *panel, s tenant) attempt {
		return attempt{input: vars{"email": p.addressOf(s)}}
	},
	"requestPasswordReset of nobody": func(_ *panel, _ tenant) attempt {
		return attempt{input: vars{"email": "nobody@example.com"}}
	},
	"resetPassword": func(p *panel, s tenant) attempt {
		p.must("", `mutation($e: String!) { requestPasswordReset(input: {email: $e}) { ok } }`, vars{"e": p.addressOf(s)})
		return attempt{input: vars{"token": p.mailed(p.addressOf(s)), "password": later}}
	},
	"acceptInvitation with a new account": func(p *panel, s tenant) attempt {
		p.invite(s, "welcome@example.com")
		return attempt{input: vars{"token": p.mailed("welcome@example.com"), "name": "Ada", "password": correct}}
	},
	"acceptInvitation with the same account": func(p *panel, s tenant) attempt {
		p.person("known@example.com")
		p.invite(s, "known@example.com")
		return attempt{input: vars{"token": p.mailed("known@example.com")}}
	},
	"requestEmailVerification": func(_ *panel, s tenant) attempt { return attempt{token: s.token} },
	"changePassword": func(p *panel, _ tenant) attempt {
		return attempt{token: p.signedIn("changing@example.com"), input: vars{"currentPassword": correct, "password": later}}
	},
	"changeEmail": func(_ *panel, s tenant) attempt {
		return attempt{token: s.token, input: vars{"email": "other-address@example.com"}}
	},
	"changeEmail to somebody else's": func(p *panel, s tenant) attempt {
		p.person("taken@example.com")
		return attempt{token: s.token, input: vars{"email": "taken@example.com"}}
	},
	"updateProfile": func(_ *panel, s tenant) attempt {
		return attempt{token: s.token, input: vars{"name": "Ada", "language": "DE"}}
	},
	"inviteUser within a customer": func(_ *panel, s tenant) attempt {
		return attempt{token: s.token, input: vars{"email": "asked@example.com", "name": "Ada", "customerId": s.customer.Opaque(), "customerRole": "DEVELOPER"}}
	},
	"inviteUser to the staff": func(p *panel, _ tenant) attempt {
		return attempt{token: p.staff(), input: vars{"email": "asked@example.com", "name": "Ada", "providerRole": "SUPPORT"}}
	},
	"revokeInvitation": func(_ *panel, s tenant) attempt {
		return attempt{token: s.token, input: vars{"id": s.invitation.Opaque()}}
	},
	"changeMembership": func(p *panel, s tenant) attempt {
		return attempt{token: s.token, input: vars{"customerId": s.customer.Opaque(), "userId": p.member(s).Opaque(), "role": "READ_ONLY"}}
	},
	"removeMember": func(p *panel, s tenant) attempt {
		return attempt{token: s.token, input: vars{"customerId": s.customer.Opaque(), "userId": p.member(s).Opaque()}}
	},
	"setProviderRole": func(p *panel, s tenant) attempt {
		return attempt{token: p.staff(), input: vars{"userId": s.user.Opaque(), "role": "SUPPORT"}}
	},
	"setProviderRole to none": func(p *panel, _ tenant) attempt {
		return attempt{token: p.staff(), input: vars{"userId": p.person("former@example.com").ID.Opaque(), "role": nil}}
	},
	"disableUser": func(p *panel, s tenant) attempt {
		return attempt{token: p.staff(), input: vars{"id": s.user.Opaque()}}
	},
	"enableUser": func(p *panel, s tenant) attempt {
		p.exec("UPDATE users SET disabled_at = now() WHERE id = ?", s.user)
		return attempt{token: p.staff(), input: vars{"id": s.user.Opaque()}}
	},
	"signIn": func(p *panel, _ tenant) attempt {
		p.person("audited@example.com")
		return attempt{input: vars{"email": "audited@example.com", "password": correct}}
	},
	"signIn with a code": func(p *panel, _ tenant) attempt { // and from a device that is new
		codes := p.enrol(p.signedIn("coded@example.com"))
		return attempt{input: vars{"email": "coded@example.com", "password": correct, "code": codes[0]}}
	},
	"refreshSession": func(p *panel, _ tenant) attempt {
		p.person("refreshing@example.com")
		_, c := p.signIn("refreshing@example.com")
		return attempt{headers: []string{"Cookie", c.Name + "=" + c.Value}}
	},
	"signOut": func(p *panel, _ tenant) attempt { return attempt{token: p.signedIn("leaving@example.com")} },
	"revokeSession": func(_ *panel, s tenant) attempt {
		return attempt{token: s.token, input: vars{"id": s.session.Opaque()}}
	},
	"revokeSession of all": func(_ *panel, s tenant) attempt { return attempt{token: s.token, input: vars{"all": true}} },
	"markNotificationsRead": func(_ *panel, s tenant) attempt {
		return attempt{token: s.token, input: vars{"ids": []string{s.notification.Opaque()}}}
	},
	"markNotificationsRead of all": func(_ *panel, s tenant) attempt { return attempt{token: s.token, input: vars{"all": true}} },
	"confirmIdentity": func(p *panel, _ tenant) attempt {
		return attempt{token: p.signedIn("confirming@example.com"), input: vars{"password": correct}}
	},
	"confirmIdentity with a code": func(p *panel, _ tenant) attempt {
		token := p.signedIn("confirming-twice@example.com")
		return attempt{token: token, input: vars{"password": correct, "code": p.enrol(token)[0]}}
	},
	"beginTotp": func(p *panel, _ tenant) attempt { return attempt{token: p.signedIn("beginning@example.com")} },
	"confirmTotp": func(p *panel, _ tenant) attempt {
		token := p.signedIn("ending@example.com")
		return attempt{token: token, input: vars{"code": p.firstCode(token)}}
	},
	"disableTotp": func(p *panel, _ tenant) attempt {
		token := p.signedIn("without@example.com")
		p.enrol(token)
		return attempt{token: token}
	},
	"newRecoveryCodes": func(p *panel, _ tenant) attempt {
		token := p.signedIn("recovering@example.com")
		p.enrol(token)
		return attempt{token: token}
	},
}

// signedIn is a fresh access token of a new person's.
func (p *panel) signedIn(email string) string {
	p.t.Helper()
	p.person(email)
	token, _ := p.signIn(email)
	return token
}

// firstCode begins to set an authenticator app up, and is what it shows.
func (p *panel) firstCode(token string) string {
	p.t.Helper()
	shown, _ := at(p.must(token, `mutation { beginTotp { otpauthUrl } }`, nil), "beginTotp", "otpauthUrl").(string)
	u, err := url.Parse(shown)
	require.NoError(p.t, err)
	code, err := totp.GenerateCode(u.Query().Get("secret"), time.Now())
	require.NoError(p.t, err)
	return code
}

// enrol gives the user an authenticator app; the recovery codes are what is left of it.
func (p *panel) enrol(token string) (codes []string) {
	p.t.Helper()
	d := p.must(token, `mutation($c: String!) { confirmTotp(input: {code: $c}) { recoveryCodes } }`, vars{"c": p.firstCode(token)})
	list, _ := at(d, "confirmTotp", "recoveryCodes").([]any)
	for _, c := range list {
		code, _ := c.(string)
		codes = append(codes, code)
	}
	require.Len(p.t, codes, 10)
	return codes
}

// invite has the tenant's owner invite somebody.
func (p *panel) invite(s tenant, email string) {
	p.t.Helper()
	p.must(s.token, `mutation($in: InviteUserInput!) { inviteUser(input: $in) { invitation { id } } }`,
		vars{"in": vars{"email": email, "name": "Ada", "customerId": s.customer.Opaque(), "customerRole": "DEVELOPER"}})
}

// addressOf is the address of the tenant's owner.
func (p *panel) addressOf(s tenant) (email string) {
	p.t.Helper()
	require.NoError(p.t, p.db.NewSelect().Model((*models.User)(nil)).Column("u.email").Where("u.id = ?", s.user).Scan(p.t.Context(), &email))
	return email
}

// member is somebody else with a role in the tenant.
func (p *panel) member(s tenant) ident.UserID {
	p.t.Helper()
	id := ident.NewUserID()
	p.insert(&models.User{ID: id, Email: id.String() + "@example.com", Name: "Member", PasswordHash: "x"})
	p.insert(&models.Membership{UserID: id, CustomerID: s.customer, Role: models.CustomerDeveloper})
	return id
}

// mailed is the token of the link in the newest mail to an address, which waits to be
// sent.
func (p *panel) mailed(to string) string {
	p.t.Helper()
	var rows []*models.Mail
	require.NoError(p.t, p.db.NewSelect().Model(&rows).Where("ml.state = ?", models.MailPending).Order("ml.id DESC").Scan(p.t.Context()))
	for _, row := range rows {
		text, err := testkit.Box(p.t).Open(row.ContentSealed, "mails.content/"+row.ID.String())
		require.NoError(p.t, err)
		var content struct{ To, Token string }
		require.NoError(p.t, json.Unmarshal([]byte(text.Reveal()), &content))
		if content.To == to && content.Token != "" {
			return content.Token
		}
	}
	require.FailNow(p.t, "no link was sent", to)
	return ""
}
