package transport_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/models"
)

// S14: over the wire, too, nothing but the request id tells an account from none.
func TestAccounts_KnownAndUnknownAreTheSame(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	p.insert(&models.User{ID: ident.NewUserID(), Email: "known@example.com", Name: "Known", PasswordHash: "x"})
	p.insert(&models.User{ID: ident.NewUserID(), Email: "closed@example.com", Name: "Closed", PasswordHash: "x"})
	p.exec("UPDATE users SET disabled_at = now() WHERE email = 'closed@example.com'")
	token := p.staff()
	for name, query := range map[string]string{
		"requestPasswordReset": `mutation { requestPasswordReset(input: {email: %q}) { ok __typename } }`,
		"signIn":               `mutation { signIn(input: {email: %q, password: "not the right one at all"}) { accessToken } }`,
		"signUp":               `mutation { signUp(input: {email: %q, name: "Ada", password: "not the right one at all"}) { ok } }`,
		"changeEmail":          `mutation { changeEmail(input: {email: %q}) { ok __typename } }`,
	} {
		var want reply
		for i, email := range []string{"unknown@example.com", "known@example.com", "closed@example.com"} {
			r := p.post(token, fmt.Sprintf(query, email), nil)
			if i == 0 {
				want = r
			}
			require.Equal(t, want.same(), r.same(), "%s of %s", name, email)
			require.Len(t, r.header, len(want.header), "%s of %s", name, email)
			require.NotContains(t, r.body, "@example.com")
		}
	}
	// And of those who are invited: alike but for what was asked and the fresh ids.
	r := p.post(token, `mutation { a: inviteUser(input: {email: "known@example.com", name: "Ada", providerRole: SUPPORT}) { user { name role emailVerifiedAt disabledAt language memberships { role } } }
		b: inviteUser(input: {email: "unknown@example.com", name: "Ada", providerRole: SUPPORT}) { user { name role emailVerifiedAt disabledAt language memberships { role } } } }`, nil)
	require.Empty(t, r.Errors, r.body)
	require.Equal(t, at(r.Data, "a"), at(r.Data, "b"))
}

// Those who are nobody yet learn whether they can ask for an account, and nothing else with it.
func TestAccounts_EverybodyLearnsWhetherSignUpIsOpen(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	r := p.post("", `{ signUpOpen }`, nil)
	require.Empty(t, r.Errors, r.body)
	require.Equal(t, true, at(r.Data, "signUpOpen"))
	r = p.post("", `{ signUpOpen viewer { user { id } } }`, nil)
	require.Equal(t, []string{"UNAUTHENTICATED"}, r.codes(), r.body)
}

// What the inputs do not have cannot be given: no role, no customer, no flags.
func TestAccounts_NoMassAssignment(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	token := p.staff()
	for _, query := range []string{
		`mutation { signUp(input: {email: "a@example.com", name: "A", password: "correct horse battery", role: OWNER}) { ok } }`,
		`mutation { signUp(input: {email: "a@example.com", name: "A", password: "correct horse battery", providerRole: OWNER}) { ok } }`,
		`mutation { signUp(input: {email: "a@example.com", name: "A", password: "correct horse battery", customerId: "x"}) { ok } }`,
		`mutation { updateProfile(input: {name: "A", role: OWNER}) { user { id } } }`,
		`mutation { updateProfile(input: {name: "A", email: "b@example.com"}) { user { id } } }`,
		`mutation { updateProfile(input: {name: "A", emailVerifiedAt: "2026-01-01T00:00:00Z"}) { user { id } } }`,
		`mutation { acceptInvitation(input: {token: "x", password: "correct horse battery", customerRole: OWNER}) { email } }`,
		`mutation { resetPassword(input: {token: "x", password: "correct horse battery", email: "a@example.com"}) { ok } }`,
	} {
		r := p.post(token, query, nil)
		require.Equal(t, []string{"INVALID"}, r.codes(), r.body)
		require.Contains(t, r.body, "not defined by type")
	}
	require.Zero(t, p.count("SELECT count(*) FROM audit_entries"))
}
