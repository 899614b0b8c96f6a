package auth_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/auth"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/models"
)

func signUpInput(email string) auth.SignUpInput {
	return auth.SignUpInput{Email: email, Name: "Ada Lovelace", Password: secret.New(password)}
}

func TestSignUp_MakesTheAccountWhenTheAddressIsProved(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	in := signUpInput("Ada@Example.com")
	in.Company, in.Language = new("Engines"), new(models.German)
	out, err := p.SignUp(t.Context(), in)
	require.NoError(t, err)
	require.True(t, out.OK)
	require.Equal(t, 0, p.count("SELECT count(*) FROM users"), "nobody takes an address in advance")
	require.False(t, p.signsIn("ada@example.com", password))
	token := p.link("ada@example.com", "Bestätigen Sie Ihre E-Mail-Adresse")

	_, err = p.VerifyEmail(t.Context(), auth.VerifyEmailInput{Token: token})
	require.NoError(t, err)
	user, customer := new(models.User), new(models.Customer)
	require.NoError(t, p.db.NewSelect().Model(user).Scan(t.Context()))
	require.NoError(t, p.db.NewSelect().Model(customer).Scan(t.Context()))
	require.Equal(t, "ada@example.com", user.Email)
	require.NotNil(t, user.EmailVerifiedAt)
	require.Equal(t, models.German, *user.Language)
	require.Nil(t, user.ProviderRole)
	require.Equal(t, "Engines", customer.Name)
	require.Equal(t, 1, p.count("SELECT count(*) FROM memberships WHERE user_id = ? AND customer_id = ? AND role = 'OWNER'", user.ID, customer.ID))
	require.Equal(t, 1, p.count("SELECT count(*) FROM audit_entries WHERE action = 'user.verify_email' AND user_id = ? AND customer_id = ?", user.ID, customer.ID))
	require.True(t, p.signsIn("ada@example.com", password))

	_, err = p.VerifyEmail(t.Context(), auth.VerifyEmailInput{Token: token})
	refusedAs(t, err, fault.NotFound, "token")
}

func TestSignUp_SomebodyWithAnAccountIsToldByMailAlone(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	p.admin("ada@example.com")
	out, err := p.SignUp(t.Context(), signUpInput("ada@example.com"))
	require.NoError(t, err)
	other, err := p.SignUp(t.Context(), signUpInput("eve@example.com"))
	require.NoError(t, err)
	require.Equal(t, other, out)
	require.NotContains(t, p.arrived("ada@example.com", existsSubject).Text, "#")
	p.link("eve@example.com", confirmSubject)
	require.Equal(t, 1, p.count("SELECT count(*) FROM account_tokens WHERE email = 'ada@example.com' AND expires_at <= now()"), "a link that works for nobody")
}

// Two sign up with one address: whoever has its mails has the first account, and the
// links of the others do not work any more.
func TestSignUp_TwiceAndBothLinks(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	for range 2 {
		_, err := p.SignUp(t.Context(), signUpInput("ada@example.com"))
		require.NoError(t, err)
	}
	first, second := p.link("ada@example.com", confirmSubject), p.link("ada@example.com", confirmSubject)
	var wg sync.WaitGroup
	errs := make([]error, 2)
	for i, token := range []secret.Text{first, second} {
		wg.Go(func() {
			_, errs[i] = p.VerifyEmail(context.WithoutCancel(t.Context()), auth.VerifyEmailInput{Token: token})
		})
	}
	wg.Wait()
	require.Equal(t, 1, p.count("SELECT count(*) FROM users"))
	require.Equal(t, 1, p.count("SELECT count(*) FROM customers"))
	require.True(t, (errs[0] == nil) != (errs[1] == nil), "%v", errs)
	for _, err := range errs {
		if err != nil {
			require.Contains(t, []fault.Code{fault.NotFound, fault.Conflict}, fault.CodeOf(err), err)
		}
	}
}

func TestSignUp_Refuses(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	long := strings.Repeat("x", 1<<20)
	for name, tc := range map[string]struct {
		change func(*auth.SignUpInput)
		field  string
	}{
		"CRLF in the address":        {func(in *auth.SignUpInput) { in.Email = "ada@example.com\r\nBcc: x@example.com" }, "email"},
		"NUL in the address":         {func(in *auth.SignUpInput) { in.Email = "ada\x00@example.com" }, "email"},
		"a display name":             {func(in *auth.SignUpInput) { in.Email = "Ada <ada@example.com>" }, "email"},
		"two addresses":              {func(in *auth.SignUpInput) { in.Email = "ada@example.com, eve@example.com" }, "email"},
		"a megabyte of address":      {func(in *auth.SignUpInput) { in.Email = long + "@example.com" }, "email"},
		"an override in the address": {func(in *auth.SignUpInput) { in.Email = "ada\u202e@example.com" }, "email"},
		"CRLF in the name":           {func(in *auth.SignUpInput) { in.Name = "Ada\r\nBcc: x@example.com" }, "name"},
		"NUL in the name":            {func(in *auth.SignUpInput) { in.Name = "Ada\x00" }, "name"},
		"a megabyte of name":         {func(in *auth.SignUpInput) { in.Name = long }, "name"},
		"a line separator":           {func(in *auth.SignUpInput) { in.Name = "Ada\u2028Lovelace" }, "name"},
		"CRLF in the company":        {func(in *auth.SignUpInput) { in.Company = new("Engines\r\nX: y") }, "company"},
		"a megabyte of company":      {func(in *auth.SignUpInput) { in.Company = &long }, "company"},
		"a megabyte of password":     {func(in *auth.SignUpInput) { in.Password = secret.New(long) }, "password"},
		"NUL in the password":        {func(in *auth.SignUpInput) { in.Password = secret.New(password + "\x00") }, "password"},
		"14 characters":              {func(in *auth.SignUpInput) { in.Password = secret.New("kqzvbnmptrwlfj") }, "password"},
		"a common one":               {func(in *auth.SignUpInput) { in.Password = secret.New("0123456789abcdef") }, "password"},
		"the name in the password":   {func(in *auth.SignUpInput) { in.Password = secret.New("xx ada lovelace xx") }, "password"},
	} {
		in := signUpInput("ada@example.com")
		tc.change(&in)
		_, err := p.SignUp(from(t.Context(), "192.0.2.1"), in)
		refusedAs(t, err, fault.Invalid, tc.field, name)
	}
	require.Equal(t, 0, p.count("SELECT count(*) FROM account_tokens"))
	p.quiet()
	// A tag makes another address, as do letters that look alike: each gets its own mail.
	for i, email := range []string{"ada@example.com", "ada+tag@example.com", "аdа@example.com"} {
		_, err := p.SignUp(from(t.Context(), "192.0.2.1"), signUpInput(email))
		require.NoError(t, err)
		p.link(email, confirmSubject)
		require.Equal(t, i+1, p.count("SELECT count(DISTINCT email) FROM account_tokens"))
	}

	off := newPost(t, func(c *auth.Config) { c.Accounts.OpenCustomer = nil })
	require.True(t, newPost(t).SignUpOpen())
	require.False(t, off.SignUpOpen())
	_, err := off.SignUp(t.Context(), signUpInput("ada@example.com"))
	refusedAs(t, err, fault.Forbidden, "")
}

// S14: as with resets, by nothing that one could measure.
func TestSignUp_KnownAndUnknownAreAlike(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	p.admin("ada@example.com")
	var hashes atomic.Int64
	p.OnHash(func() { hashes.Add(1) })
	var want []string
	for i, email := range []string{"eve@example.com", "ada@example.com"} {
		hashes.Store(0)
		var err error
		asked := p.sql.during(func() { _, err = p.SignUp(t.Context(), signUpInput(email)) })
		require.NoError(t, err)
		require.EqualValues(t, 1, hashes.Load())
		shapes := p.shapes(asked)
		if i == 0 {
			want = shapes
		}
		require.Equal(t, want, shapes)
		require.Equal(t, i+1, p.count("SELECT count(*) FROM account_tokens"))
		require.Equal(t, i+1, p.count("SELECT count(*) FROM mails"))
	}
}
