package auth_test

import (
	"context"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/auth"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/notify"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/models"
)

func resetInput(token secret.Text) auth.ResetPasswordInput {
	return auth.ResetPasswordInput{Token: token, Password: secret.New(newPassword)}
}

// S23, and F16: the link leads to the base URL, whatever the request was for.
func TestS23_ResetTokens(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	user := p.admin("ada@example.com")
	signedIn := p.as(user)
	other := p.resetLink("ada@example.com")
	_, err := p.ChangeEmail(signedIn, auth.ChangeEmailInput{Email: "new@example.com"})
	require.NoError(t, err)
	move := p.link("new@example.com", confirmSubject)
	token := p.resetLink("ada@example.com")
	require.Len(t, token.Reveal(), 43, "258 bits")
	require.Equal(t, 3, p.count("SELECT count(*) FROM account_tokens WHERE octet_length(token_hash) = 32 AND expires_at - created_at = interval '30 minutes'"))
	require.True(t, p.signsIn("ada@example.com", password), "asking changes nothing")

	// A password that will not do leaves the link as it is.
	for _, bad := range []string{"short", strings.Repeat("x", 1<<20), "ada@example.com is me", newPassword + "\x00"} {
		_, err := p.ResetPassword(t.Context(), auth.ResetPasswordInput{Token: token, Password: secret.New(bad)})
		refusedAs(t, err, fault.Invalid, "password", len(bad))
	}
	out, err := p.ResetPassword(t.Context(), resetInput(token))
	require.NoError(t, err)
	require.JSONEq(t, `{"OK": true}`, asJSON(t, out), "nobody is signed in: a second factor stays what it is")
	require.Equal(t, 0, p.count("SELECT count(*) FROM sessions WHERE ended_at IS NULL"), "what was signed in with the password before is over")
	require.Contains(t, p.revoked.take(), session(signedIn), "at once")
	require.Contains(t, p.arrived("ada@example.com", changedSubject).Text, "changed")
	require.False(t, p.signsIn("ada@example.com", password))
	require.True(t, p.signsIn("ada@example.com", newPassword))
	require.Equal(t, 1, p.count("SELECT count(*) FROM audit_entries WHERE action = 'user.reset_password' AND user_id = ? AND object_id = ?", user.ID, user.ID))
	require.Equal(t, 1, p.count("SELECT count(*) FROM users WHERE email_verified_at IS NOT NULL"))

	for name, again := range map[string]secret.Text{"used": token, "of before": other} {
		_, err := p.ResetPassword(t.Context(), resetInput(again))
		refusedAs(t, err, fault.NotFound, "token", name)
	}
	_, err = p.VerifyEmail(t.Context(), auth.VerifyEmailInput{Token: move})
	refusedAs(t, err, fault.NotFound, "token", "an address that whoever had the password chose")
}

// S14, S31 and case 35: nothing tells whether there is an account.
func TestRequestPasswordReset_KnownAndUnknownAreAlike(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	p.admin("ada@example.com")
	disabled := p.admin("gone@example.com")
	p.exec("UPDATE users SET disabled_at = now() WHERE id = ?", disabled.ID)
	tired := p.admin("tired@example.com")
	for range 5 {
		p.resetLink(tired.Email)
	}
	written := func() []int {
		return []int{p.count("SELECT count(*) FROM account_tokens"), p.count("SELECT count(*) FROM mails"), p.count("SELECT count(*) FROM audit_entries")}
	}
	var want []string
	for _, email := range []string{"ada@example.com", "eve@example.com", "gone@example.com", "tired@example.com"} {
		before := written()
		var out *auth.OKPayload
		var err error
		asked := p.sql.during(func() { out, err = p.RequestPasswordReset(t.Context(), auth.RequestPasswordResetInput{Email: email}) })
		require.NoError(t, err)
		require.JSONEq(t, `{"OK": true}`, asJSON(t, out))
		for i, n := range written() {
			require.Equal(t, before[i]+1, n, "%s: as many rows", email)
		}
		shapes := p.shapes(asked)
		if want == nil {
			want = shapes
		}
		require.Equal(t, want, shapes, "%s: the same statements", email)
	}
	p.link("ada@example.com", resetSubject)
	p.quiet() // nobody else gets one
	require.Equal(t, 3, p.count("SELECT count(*) FROM account_tokens WHERE expires_at <= created_at"))
}

// Links of every other kind and in every state.
func TestLinks_OnlyForWhatTheyWereSent(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	user := p.admin("ada@example.com")
	ctx := p.as(user)
	reset := p.resetLink("ada@example.com")
	_, err := p.RequestEmailVerification(ctx)
	require.NoError(t, err)
	verify := p.link("ada@example.com", confirmSubject)
	_, err = p.SignUp(t.Context(), signUpInput("eve@example.com"))
	require.NoError(t, err)
	signUp := p.link("eve@example.com", confirmSubject)
	invited, err := p.InviteUser(ctx, auth.InviteUserInput{Email: "bob@example.com", Name: "Bob", ProviderRole: new(models.ProviderSupport)})
	require.NoError(t, err)
	require.NotNil(t, invited)
	invitation := p.link("bob@example.com", "Invitation to the provider’s staff")
	signedIn, err := p.SignIn(t.Context(), auth.SignInInput{Email: user.Email, Password: secret.New(password)})
	require.NoError(t, err)
	late := p.resetLink("ada@example.com")
	lateHash := 0
	require.NoError(t, p.db.NewRaw("WITH one AS (UPDATE account_tokens SET expires_at = now() WHERE id = (SELECT max(id::text)::uuid FROM account_tokens) RETURNING 1) SELECT count(*) FROM one").Scan(t.Context(), &lateHash))
	require.Equal(t, 1, lateHash)

	good := map[string]secret.Text{"reset": reset, "verify": verify, "sign-up": signUp, "invitation": invitation}
	maps.Copy(good, map[string]secret.Text{
		"late": late, "empty": {}, "an access token": secret.New(signedIn.AccessToken), "a set-up token's length": secret.NewPassword(43), "one short": secret.New(reset.Reveal()[:42]),
		"one long": secret.New(reset.Reveal() + "A"), "in capitals": secret.New(strings.ToUpper(reset.Reveal())), "spaces": secret.New(" " + reset.Reveal()[1:]),
		"NUL": secret.New(reset.Reveal()[:42] + "\x00"), "a megabyte": secret.New(strings.Repeat("A", 1<<20)), "a pattern": secret.New(strings.Repeat("%", 43)),
		"the hash": secret.New(strings.Repeat("0", 64)),
	})
	for name, token := range good {
		if name != "reset" {
			_, err := p.ResetPassword(t.Context(), resetInput(token))
			refusedAs(t, err, fault.NotFound, "token", name)
		}
		if name != "verify" && name != "sign-up" {
			_, err := p.VerifyEmail(t.Context(), auth.VerifyEmailInput{Token: token})
			refusedAs(t, err, fault.NotFound, "token", name)
		}
		if name != "invitation" {
			_, err := p.AcceptInvitation(t.Context(), auth.AcceptInvitationInput{Token: token, Password: new(secret.New(newPassword))})
			refusedAs(t, err, fault.NotFound, "token", name)
		}
		_, err := p.SetUp(t.Context(), setUpInput(token))
		require.Equal(t, fault.NotFound, fault.CodeOf(err), name)
		_, err = p.Authenticate(t.Context(), token.Reveal())
		if name != "an access token" {
			require.Equal(t, fault.Unauthenticated, fault.CodeOf(err), name)
		}
	}
	// And all that were good are so still.
	_, err = p.VerifyEmail(t.Context(), auth.VerifyEmailInput{Token: verify})
	require.NoError(t, err)
	_, err = p.VerifyEmail(t.Context(), auth.VerifyEmailInput{Token: signUp})
	require.NoError(t, err)
	_, err = p.AcceptInvitation(t.Context(), auth.AcceptInvitationInput{Token: invitation, Password: new(secret.New(newPassword))})
	require.NoError(t, err)
	_, err = p.ResetPassword(t.Context(), resetInput(reset))
	require.NoError(t, err)
}

// S23: of many uses at once, one; R10 has the links that reset a password.
func TestS23_LinksFiftyTimesAtOnce(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	p.Unbounded()
	user := p.admin("ada@example.com")
	ctx := p.as(user)
	invite := func() secret.Text {
		_, err := p.InviteUser(ctx, auth.InviteUserInput{Email: "bob@example.com", Name: "Bob", ProviderRole: new(models.ProviderSupport)})
		require.NoError(t, err)
		return p.link("bob@example.com", "Invitation to the provider’s staff")
	}
	sign := func() secret.Text {
		_, err := p.SignUp(t.Context(), signUpInput("eve@example.com"))
		require.NoError(t, err)
		return p.link("eve@example.com", confirmSubject)
	}
	for name, tc := range map[string]struct {
		token secret.Text
		use   func(context.Context, secret.Text) error
	}{
		"sign-up": {sign(), func(ctx context.Context, token secret.Text) error {
			_, err := p.VerifyEmail(ctx, auth.VerifyEmailInput{Token: token})
			return err
		}},
		"invitation": {invite(), func(ctx context.Context, token secret.Text) error {
			_, err := p.AcceptInvitation(ctx, auth.AcceptInvitationInput{Token: token, Password: new(secret.New(newPassword))})
			return err
		}},
	} {
		var won atomic.Int64
		var wg sync.WaitGroup
		begin := make(chan struct{})
		for range 50 {
			wg.Go(func() {
				<-begin
				err := tc.use(from(t.Context(), "network of "+name), tc.token)
				switch fault.CodeOf(err) {
				case "":
					won.Add(1)
				case fault.NotFound:
				default:
					t.Errorf("%s: %v", name, err)
				}
			})
		}
		close(begin)
		wg.Wait()
		require.EqualValues(t, 1, won.Load(), name)
	}
	require.Equal(t, 3, p.count("SELECT count(*) FROM users"))
}

func TestChangePassword(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	user := p.admin("ada@example.com")
	ctx, other := p.as(user), p.as(user)
	reset := p.resetLink("ada@example.com")
	change := func(now, then string) error {
		_, err := p.ChangePassword(from(ctx, "192.0.2.1"), auth.ChangePasswordInput{CurrentPassword: secret.New(now), Password: secret.New(then)})
		return err
	}
	refusedAs(t, change(password+"x", newPassword), fault.Invalid, "currentPassword")
	refusedAs(t, change("", newPassword), fault.Invalid, "currentPassword")
	refusedAs(t, change(strings.Repeat("x", 1<<20), newPassword), fault.Invalid, "currentPassword")
	refusedAs(t, change(password, "short"), fault.Invalid, "password")
	p.quiet()
	require.NoError(t, change(password, newPassword))
	l := p.arrived("ada@example.com", changedSubject)
	require.Contains(t, l.Text, "from 192.0.2.1")
	require.Equal(t, []ident.SessionID{session(other)}, p.revoked.take(), "all sessions but the caller's")
	require.False(t, p.signsIn("ada@example.com", password))
	require.True(t, p.signsIn("ada@example.com", newPassword))
	_, err := p.ResetPassword(t.Context(), resetInput(reset))
	refusedAs(t, err, fault.NotFound, "token", "a link of before")
	// Whoever sits at the open session does not get to guess for ever.
	for range 10 {
		_ = change("wrong", password)
	}
	require.Equal(t, fault.RateLimited, fault.CodeOf(change(newPassword, password)))
}

// Fifteen characters, not one less, in every way to a password, also of who has a
// second factor: nothing is left of it when app and codes are lost.
func TestPassword_FifteenCharactersWithASecondFactorToo(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	user := p.admin("ada@example.com")
	_, ctx := p.enrol(user)
	p.arrived(user.Email, "Second factor switched on")
	const fourteen = "tin orbit vale"
	require.Len(t, fourteen, auth.MinPasswordLen-1)
	_, err := p.ChangePassword(ctx, auth.ChangePasswordInput{CurrentPassword: secret.New(password), Password: secret.New(fourteen)})
	refusedAs(t, err, fault.Invalid, "password")
	link := p.resetLink(user.Email)
	_, err = p.ResetPassword(t.Context(), auth.ResetPasswordInput{Token: link, Password: secret.New(fourteen)})
	refusedAs(t, err, fault.Invalid, "password")
	_, err = p.ResetPassword(t.Context(), auth.ResetPasswordInput{Token: link, Password: secret.New(fourteen + "y")})
	require.NoError(t, err)
	p.arrived(user.Email, changedSubject)
	_, err = p.ResetSecondFactor(t.Context(), user.Email)
	require.NoError(t, err)
	require.True(t, p.signsIn(user.Email, fourteen+"y"), "what is left is a password of fifteen")
}

func TestChangeEmail(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	user := p.admin("ada@example.com")
	p.admin("grace@example.com")
	ctx := p.as(user)
	reset := p.resetLink("ada@example.com")
	change := func(email string) error {
		out, err := p.ChangeEmail(ctx, auth.ChangeEmailInput{Email: email})
		if err == nil {
			require.JSONEq(t, `{"OK": true}`, asJSON(t, out))
		}
		return err
	}
	for _, bad := range []string{"", "ada", "ada@example.com\r\nBcc: x@example.com", strings.Repeat("a", 1<<20), "Ada <ada@example.com>"} {
		refusedAs(t, change(bad), fault.Invalid, "email")
	}
	require.NoError(t, change("grace@example.com"), "the same answer when somebody has it")
	p.quiet()
	require.NoError(t, change("New@example.com"))
	token := p.link("new@example.com", confirmSubject)
	require.Equal(t, 1, p.count("SELECT count(*) FROM users WHERE email = 'ada@example.com'"), "not before it is proved")
	_, err := p.VerifyEmail(t.Context(), auth.VerifyEmailInput{Token: token})
	require.NoError(t, err)
	l := p.arrived("ada@example.com", movedSubject)
	require.Contains(t, l.Text, "new@example.com")
	require.False(t, p.signsIn("ada@example.com", password))
	require.True(t, p.signsIn("new@example.com", password))
	_, err = p.ResetPassword(t.Context(), resetInput(reset))
	refusedAs(t, err, fault.NotFound, "token", "a link that lies in the mailbox of the address before")

	// Somebody gets the address between the mail and its link.
	require.NoError(t, change("late@example.com"))
	token = p.link("late@example.com", confirmSubject)
	p.admin("late@example.com")
	_, err = p.VerifyEmail(t.Context(), auth.VerifyEmailInput{Token: token})
	refusedAs(t, err, fault.Conflict, "token")
	require.True(t, p.signsIn("new@example.com", password))
}

// S30, case 34: an attacker uses up the tries for an account, and the person it belongs to
// signs in from elsewhere.
func TestS30_NobodyIsLockedOutFromElsewhere(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	p.admin("ada@example.com")
	in := func(with string) auth.SignInInput {
		return auth.SignInInput{Email: "ada@example.com", Password: secret.New(with)}
	}
	attacker, victim := from(t.Context(), "192.0.2.66"), from(t.Context(), "198.51.100.1")
	for range 10 {
		_, err := p.SignIn(attacker, in("wrong"))
		require.Equal(t, fault.Unauthenticated, fault.CodeOf(err))
	}
	f := new(fault.Error)
	_, err := p.SignIn(attacker, in(password))
	require.ErrorAs(t, err, &f)
	require.Equal(t, fault.RateLimited, f.Code, "also with the right password: it tells nothing")
	require.Positive(t, f.Details["retryAfterSeconds"])
	begun := time.Now()
	_, err = p.SignIn(victim, in(password))
	require.NoError(t, err)
	require.Less(t, time.Since(begun), 5*time.Second)
	// IPv6: a line's whole 64 bits are one.
	for i := range 11 {
		_, err = p.SignIn(from(t.Context(), "2001:db8::"+string(rune('1'+i%9))), in("wrong"))
	}
	require.Equal(t, fault.RateLimited, fault.CodeOf(err))
	// Trying many accounts from one network ends, too; others go on.
	for i := range 101 {
		_, err = p.SignIn(from(t.Context(), "192.0.2.67"), auth.SignInInput{Email: strings.Repeat("x", i+1) + "@example.com", Password: secret.New(password)})
	}
	require.Equal(t, fault.RateLimited, fault.CodeOf(err))
	_, err = p.SignIn(victim, in(password))
	require.NoError(t, err)
	// What turned out well is not counted.
	for range 120 {
		_, err = p.SignIn(victim, in(password))
		require.NoError(t, err)
	}
	p.wait(15 * time.Minute)
	_, err = p.SignIn(attacker, in(password))
	require.NoError(t, err, "and after a while all is forgotten")

	// Resets: from everywhere, a mailbox gets five in a quarter of an hour, and the links in
	// these work.
	var token secret.Text
	for i := range 8 {
		_, err := p.RequestPasswordReset(from(t.Context(), "203.0.113."+string(rune('1'+i))), auth.RequestPasswordResetInput{Email: "ada@example.com"})
		require.NoError(t, err)
		if i < 5 {
			token = p.link("ada@example.com", resetSubject)
		}
	}
	p.quiet()
	for range 5 {
		_, err = p.RequestPasswordReset(attacker, auth.RequestPasswordResetInput{Email: "ada@example.com"})
		require.NoError(t, err)
	}
	_, err = p.RequestPasswordReset(attacker, auth.RequestPasswordResetInput{Email: "ada@example.com"})
	require.Equal(t, fault.RateLimited, fault.CodeOf(err))
	_, err = p.ResetPassword(victim, resetInput(token))
	require.NoError(t, err)
}

// Neither log nor tables have a link, a password or, in the log, an address.
func TestAccounts_NoSecretIsWritten(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	user := p.admin("ada@example.com")
	ctx := p.as(user)
	reset := p.resetLink("ada@example.com")
	_, err := p.SignUp(t.Context(), signUpInput("eve@example.com"))
	require.NoError(t, err)
	signUp := p.link("eve@example.com", confirmSubject)
	_, err = p.InviteUser(ctx, auth.InviteUserInput{Email: "bob@example.com", Name: "Bob", ProviderRole: new(models.ProviderSupport)})
	require.NoError(t, err)
	invitation := p.link("bob@example.com", "Invitation to the provider’s staff")
	p.quiet()
	var rows []string
	for _, table := range []string{"account_tokens", "invitations", "mails", "audit_entries", "idempotency_keys"} {
		var list []string
		require.NoError(t, p.db.NewRaw("SELECT r::text FROM "+table+" AS r").Scan(t.Context(), &list))
		rows = append(rows, list...)
	}
	seen := strings.Join(rows, "\n") + p.log.String()
	for _, v := range []any{auth.ResetPasswordInput{Token: reset}, auth.VerifyEmailInput{Token: signUp}, auth.AcceptInvitationInput{Token: invitation}, notify.Mail{Token: reset, To: "ada@example.com"}} {
		seen += asJSON(t, v)
	}
	for _, hidden := range []string{reset.Reveal(), signUp.Reveal(), invitation.Reveal(), password, "canary"} {
		require.NotContains(t, seen, hidden)
	}
	require.NotContains(t, p.log.String(), "example.com")
}

// S23: a link does not get past a second factor.
func TestS23_AResetLeavesTheSecondFactor(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	user := p.admin("ada@example.com")
	a, _ := p.enrol(user)
	require.Contains(t, p.arrived("ada@example.com", "Second factor switched on").Text, "has a second factor now")
	_, err := p.ResetPassword(t.Context(), resetInput(p.resetLink("ada@example.com")))
	require.NoError(t, err)
	p.arrived("ada@example.com", changedSubject)
	in := auth.SignInInput{Email: "ada@example.com", Password: secret.New(newPassword)}
	_, err = p.SignIn(t.Context(), in)
	require.Equal(t, fault.SecondFactorRequired, fault.CodeOf(err))
	p.wait(time.Minute)
	in.Code = new(secret.New(a.code(0)))
	_, err = p.SignIn(t.Context(), in)
	require.NoError(t, err)
}
