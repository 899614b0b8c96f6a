package auth_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/auth"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/models"
)

func TestSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.admin("ada@example.com")
	other := w.admin("grace@example.com")
	// The request may carry another user's token.
	ctx := actor.WithRequest(actor.With(t.Context(), &actor.Actor{User: other.ID}), actor.Request{ID: "req-2", IP: "192.0.2.8"})
	now := time.Now().Truncate(time.Second)
	w.SetNow(fixed(now))
	out, err := w.SignIn(ctx, auth.SignInInput{Email: "ADA@example.com", Password: secret.New(password)})
	require.NoError(t, err)
	require.Equal(t, u.ID, out.Viewer.User.ID)
	require.Equal(t, now.Add(auth.AccessTokenTTL), out.ExpiresAt)
	require.ElementsMatch(t, auth.ProviderPermissions(models.ProviderOwner), out.Viewer.Actor().Provider)
	who, err := w.Authenticate(t.Context(), out.AccessToken)
	require.NoError(t, err)
	require.NotEmpty(t, who.Token)
	who.Token = "" // which only whoever sends it has
	require.Equal(t, u.ID, who.User)

	entry := new(models.AuditEntry)
	require.NoError(t, w.db.NewSelect().Model(entry).Where("action = 'user.sign_in'").Scan(t.Context()))
	require.Equal(t, u.ID, entry.UserID)
	require.Equal(t, u.ID.UUID, entry.ObjectID)
	require.Equal(t, "192.0.2.8", entry.IP)
}

func TestSignIn_RefusalsAreAlike(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.admin("ada@example.com")
	disabled := w.admin("gone@example.com")
	broken := w.admin("broken@example.com")
	w.exec("UPDATE users SET disabled_at = now() WHERE id = ?", disabled.ID)
	w.exec("UPDATE users SET password_hash = '$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc' WHERE id = ?", broken.ID)
	var hashes atomic.Int64
	w.OnHash(func() { hashes.Add(1) })
	entries := w.count("SELECT count(*) FROM audit_entries")
	ctx := actor.WithRequest(t.Context(), actor.Request{IP: "192.0.2.9"})

	want := *fault.Unauthenticated.New("", "The e-mail address or the password is wrong.")
	for name, tc := range map[string]struct {
		email, password string
		hashes          int64
		reason          string
	}{
		"unknown user":              {"eve@example.com", password, 1, "unknown user"},
		"wrong password":            {"ada@example.com", password + "X", 1, "wrong password"},
		"no password":               {"ada@example.com", "", 1, "wrong password"},
		"NUL in the password":       {"ada@example.com", password + "\x00", 1, "wrong password"},
		"other case":                {"ada@example.com", strings.ToUpper(password), 1, "wrong password"},
		"disabled, right password":  {"gone@example.com", password, 1, "disabled user"},
		"disabled, wrong password":  {"gone@example.com", password + "X", 1, "wrong password"},
		"hash out of bounds":        {"broken@example.com", password, 1, "stored hash out of bounds"},
		"longest password":          {"eve@example.com", strings.Repeat("x", 256), 1, "unknown user"},
		"password one too long":     {"ada@example.com", strings.Repeat("x", 257), 0, "input out of bounds"},
		"password of a megabyte":    {"ada@example.com", strings.Repeat("x", 1<<20), 0, "input out of bounds"},
		"e-mail of a megabyte":      {strings.Repeat("x", 1<<20), password, 0, "input out of bounds"},
		"NUL in the e-mail":         {"ada@example.com\x00", password, 0, "input out of bounds"},
		"not UTF-8 in the e-mail":   {"ada\xff@example.com", password, 0, "input out of bounds"},
		"space around":              {" ada@example.com", password, 0, "input out of bounds"},
		"no e-mail":                 {"", password, 0, "input out of bounds"},
		"SQL in the e-mail":         {"'or''='@example.com", password, 1, "unknown user"},
		"pattern in the e-mail":     {"a%@example.com", password, 1, "unknown user"},
		"e-mail of another mailbox": {"ada+x@example.com", password, 1, "unknown user"},
	} {
		hashes.Store(0)
		before := len(w.log.String())
		out, err := w.SignIn(ctx, auth.SignInInput{Email: tc.email, Password: secret.New(tc.password)})
		require.Nil(t, out, name)
		f := new(fault.Error)
		require.ErrorAs(t, err, &f, name)
		require.Equal(t, want, *f, name)
		require.Equal(t, tc.hashes, hashes.Load(), "%s: the same work for all that could be a user's", name)

		var line struct{ Level, Msg, Reason, IP string }
		require.NoError(t, json.Unmarshal([]byte(w.log.String()[before:]), &line), name)
		require.Equal(t, "WARN sign-in refused "+tc.reason+" 192.0.2.9", strings.Join([]string{line.Level, line.Msg, line.Reason, line.IP}, " "), name)
	}
	require.Equal(t, entries, w.count("SELECT count(*) FROM audit_entries"), "refusals are logged, not audited")
}

// S18: a hash that cost less is made anew by whoever knows the password.
func TestS18_HashedAgainOnSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.admin("ada@example.com")
	w.as(u)
	require.Equal(t, 1, w.count("SELECT count(*) FROM users WHERE password_hash = ?", string(u.PasswordHash)), "nothing to do")

	w.MakeDearer()
	w.as(u)
	require.Equal(t, 0, w.count("SELECT count(*) FROM users WHERE password_hash = ?", string(u.PasswordHash)))
	require.Equal(t, 1, w.count("SELECT count(*) FROM users WHERE password_hash LIKE '$argon2id$v=19$m=64,t=2,p=1$%'"))
	w.as(u)
	_, err := w.SignIn(t.Context(), auth.SignInInput{Email: u.Email, Password: secret.New(password + "X")})
	require.Equal(t, fault.Unauthenticated, fault.CodeOf(err))
}

// The hash that is on its way must not bring an old password back.
func TestSignIn_PasswordChangedMeanwhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.admin("ada@example.com")
	w.MakeDearer()
	var n int
	w.OnHash(func() {
		if n++; n == 2 { // the fresh one
			w.exec("UPDATE users SET password_hash = 'changed' WHERE id = ?", u.ID)
		}
	})
	_, err := w.SignIn(t.Context(), auth.SignInInput{Email: u.Email, Password: secret.New(password)})
	require.Equal(t, fault.Unauthenticated, fault.CodeOf(err), "nor begin a session with it, which nobody would end")
	require.Equal(t, 3, n)
	require.Equal(t, 1, w.count("SELECT count(*) FROM users WHERE password_hash = 'changed'"))
	require.Zero(t, w.count("SELECT count(*) FROM sessions"))
}

// Several at the same time, each with a fresh hash of its own, do not keep each other out.
func TestSignIn_HashedAgainByMany(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.admin("ada@example.com")
	w.MakeDearer()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			_, err := w.SignIn(t.Context(), auth.SignInInput{Email: u.Email, Password: secret.New(password)})
			assert.NoError(t, err)
		})
	}
	all.Wait()
	require.Equal(t, 8, w.count("SELECT count(*) FROM sessions"))
}

// A user who is disabled during the sign-in gets no session that outlives it.
func TestSignIn_DisabledMeanwhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.admin("ada@example.com")
	w.OnHash(func() { w.exec("UPDATE users SET disabled_at = now() WHERE id = ?", u.ID) })
	_, err := w.SignIn(t.Context(), auth.SignInInput{Email: u.Email, Password: secret.New(password)})
	require.Equal(t, fault.Unauthenticated, fault.CodeOf(err))
	require.Zero(t, w.count("SELECT count(*) FROM sessions"))
}

func TestSignIn_CallerGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	w.OnHash(cancel)
	w.admin("ada@example.com")
	_, err := w.SignIn(ctx, auth.SignInInput{Email: "ada@example.com", Password: secret.New(password)})
	require.Error(t, err)
	require.Equal(t, 0, w.count("SELECT count(*) FROM audit_entries WHERE action = 'user.sign_in'"))
}

func TestAuthenticate_UserAndRolesAreReadAgainWithinASecond(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.user("ada@example.com", models.ProviderSupport)
	shop := w.customer("shop", nil)
	out, err := w.SignIn(t.Context(), auth.SignInInput{Email: u.Email, Password: secret.New(password)})
	require.NoError(t, err)
	authenticate := func() (*actor.Actor, error) { return w.Authenticate(t.Context(), out.AccessToken) }

	var who *actor.Actor
	asked := w.sql.during(func() { who, err = authenticate() })
	require.NoError(t, err)
	require.Len(t, asked, 1)
	require.Equal(t, auth.ProviderPermissions(models.ProviderSupport), who.Provider)
	require.Empty(t, who.Grants)

	w.exec("UPDATE users SET provider_role = NULL WHERE id = ?", u.ID)
	w.member(u, shop, models.CustomerDeveloper)
	require.Equal(t, time.Second, auth.MaxActorAge)
	for _, d := range []time.Duration{0, auth.MaxActorAge - 1} {
		w.wait(d)
		asked = w.sql.during(func() { who, err = authenticate() })
		require.NoError(t, err)
		require.Empty(t, asked, "nothing is read for a while")
		require.True(t, who.IsStaff())
	}
	w.wait(1)
	asked = w.sql.during(func() { who, err = authenticate() })
	require.NoError(t, err)
	require.Len(t, asked, 1)
	require.False(t, who.IsStaff())
	require.Equal(t, []actor.Grant{{Customer: shop.ID, Permissions: auth.CustomerPermissions(models.CustomerDeveloper)}}, who.Grants)

	requireRefused := func(what string) {
		t.Helper()
		_, err := authenticate()
		f := new(fault.Error)
		require.ErrorAs(t, err, &f, what)
		require.Equal(t, fault.Unauthenticated, f.Code)
		require.Equal(t, "The access token is not valid or has expired; sign in again.", f.Message)
	}
	w.exec("UPDATE users SET disabled_at = now() WHERE id = ?", u.ID)
	w.wait(auth.MaxActorAge)
	requireRefused("disabled")
	w.exec("UPDATE users SET disabled_at = NULL WHERE id = ?", u.ID)
	_, err = authenticate()
	require.NoError(t, err, "a refusal is not kept")
	w.exec("DELETE FROM users WHERE id = ?", u.ID)
	w.wait(auth.MaxActorAge)
	requireRefused("gone")
	w.wait(auth.AccessTokenTTL + time.Minute)
	requireRefused("over")
	out.AccessToken = out.AccessToken[1:]
	requireRefused("damaged")
	out.AccessToken = ""
	requireRefused("empty")
}

func TestAuthenticate_DatabaseAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	out, err := w.SignIn(t.Context(), auth.SignInInput{Email: w.admin("ada@example.com").Email, Password: secret.New(password)})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = w.Authenticate(ctx, out.AccessToken)
	require.ErrorIs(t, err, context.Canceled)
	require.NotEqual(t, fault.Unauthenticated, fault.CodeOf(err), "nobody is signed out because the database is slow")
}

// Everything secret carries the word canary, or is looked for by itself.
func TestNoSecretIsWritten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token, _, err := w.SetupToken(t.Context())
	require.NoError(t, err)
	in := setUpInput(token)
	short := in
	short.Password = secret.New("canary")
	out, err := w.SetUp(t.Context(), in)
	require.NoError(t, err)
	signIn := auth.SignInInput{Email: "ada@example.com", Password: secret.New(password)}
	wrong := auth.SignInInput{Email: "ada@example.com", Password: secret.New("canary" + password)}
	huge := auth.SignInInput{Email: "ada@example.com", Password: secret.New(strings.Repeat("canary", 1<<10))}

	var seen strings.Builder
	for _, v := range []any{in, &in, short, out, *out, signIn, &signIn, out.Viewer} {
		b, err := json.Marshal(v)
		require.NoError(t, err)
		seen.Write(b)
		fmt.Fprintf(&seen, "%v %+v %#v %s %q %x %d\n", v, v, v, v, v, v, v)
	}
	again, err := w.SignIn(t.Context(), signIn)
	require.NoError(t, err)
	_, err1 := w.SignIn(t.Context(), wrong)
	_, err2 := w.SignIn(t.Context(), huge)
	_, err3 := w.SetUp(t.Context(), short)
	_, err4 := w.Authenticate(t.Context(), out.AccessToken+"x")
	_, err5 := w.CreateAdmin(t.Context(), "ada@example.com", "Ada", secret.New(password))
	_, err6 := w.CreateAdmin(t.Context(), "grace@example.com", "Grace", secret.New("canary"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err7 := w.SignIn(ctx, signIn)
	_, err8 := w.CreateAdmin(ctx, "grace@example.com", "Grace", secret.New(password))
	for _, err := range []error{err1, err2, err3, err4, err5, err6, err7, err8} {
		require.Error(t, err)
		fmt.Fprintf(&seen, "%v %+v\n", err, err)
	}
	var details []string
	require.NoError(t, w.db.NewRaw("SELECT a::text FROM audit_entries AS a").Scan(t.Context(), &details))
	seen.WriteString(strings.Join(details, "\n") + w.log.String())

	require.Contains(t, seen.String(), "sign-in refused")
	for _, s := range []string{"canary", "63616e617279", token.Reveal(), out.AccessToken, again.AccessToken, "argon2id"} {
		require.NotContains(t, seen.String(), s)
	}
	require.NotContains(t, w.log.String(), "example.com", "no e-mail address in the log")
	require.NotContains(t, w.log.String(), "Lovelace")
}
