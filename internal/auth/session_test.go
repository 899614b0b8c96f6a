package auth_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/auth"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/idempotency"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/models"
)

// A browser keeps a token as a cookie does.
type browser struct {
	mu    sync.Mutex
	token string
	until time.Time
	kept  int // how often
}

func (b *browser) Kept() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.token
}

func (b *browser) Keep(token string, until time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.token, b.until = token, until
	b.kept++
}

func (b *browser) Forget() { b.Keep("", time.Time{}) }

// revoked are the sessions whose connections were ended.
type revoked struct {
	mu  sync.Mutex
	ids []ident.SessionID
}

func (r *revoked) RevokeSession(id ident.SessionID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ids = append(r.ids, id)
}

func (r *revoked) RevokeAPIToken(id ident.APITokenID) { r.RevokeSession(ident.SessionIDOf(id.UUID)) }
func (r *revoked) RevokeImpersonation(id ident.ImpersonationID) {
	r.RevokeSession(ident.SessionIDOf(id.UUID))
}

func (r *revoked) take() []ident.SessionID {
	r.mu.Lock()
	defer r.mu.Unlock()
	ids := r.ids
	r.ids = nil
	return ids
}

// signIn is one more session of the user, in a browser of its own.
func (w *world) signIn(u *models.User) (*browser, *auth.SignInPayload) {
	w.t.Helper()
	b := new(browser)
	out, err := w.SignIn(b.in(w.t.Context()), auth.SignInInput{Email: u.Email, Password: secret.New(password)})
	require.NoError(w.t, err)
	return b, out
}

// in is a request of the browser.
func (b *browser) in(ctx context.Context) context.Context {
	return actor.WithRequest(actor.WithKeeper(ctx, b), actor.Request{IP: "198.51.100.7", UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"})
}

// refresh is the answer to another browser with the token.
func (w *world) refresh(token string) (next string, out *auth.SignInPayload, err error) {
	b := &browser{token: token}
	out, err = w.RefreshSession(b.in(w.t.Context()))
	return b.token, out, err
}

// of is a request with the access token.
func (w *world) of(out *auth.SignInPayload) context.Context {
	w.t.Helper()
	who, err := w.Authenticate(w.t.Context(), out.AccessToken)
	require.NoError(w.t, err)
	return actor.With(w.t.Context(), who)
}

func session(ctx context.Context) ident.SessionID {
	who, _ := actor.From(ctx)
	return who.Session
}

// F20: list with device, address and last seen; the current one is marked; one or all
// others can be ended.
func TestSessions_F20_ListAndRevoke(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u, stranger := w.admin("grace@example.com"), w.admin("ada@example.com")
	_, here := w.signIn(u)
	w.wait(time.Second)
	there, there2 := w.signIn(u)
	w.wait(time.Second)
	_, third := w.signIn(u)
	_, foreign := w.signIn(stranger)
	ctx := w.of(here)

	list := func() (ids []ident.SessionID) {
		rows, err := w.Sessions(ctx)
		require.NoError(t, err)
		current, err := w.AreCurrent(ctx, rows)
		require.NoError(t, err)
		for i, row := range rows {
			ids = append(ids, row.ID)
			require.Equal(t, row.ID == session(ctx), current[i])
			require.Equal(t, "Firefox on Linux", row.Device)
			require.Equal(t, "198.51.100.7", row.IP)
			require.Empty(t, row.Seed)
			require.Equal(t, auth.DefaultSessionLifetime, row.ExpiresAt.Sub(row.CreatedAt))
		}
		return ids
	}
	one, two, three, alien := session(ctx), session(w.of(there2)), session(w.of(third)), session(w.of(foreign))
	require.Equal(t, []ident.SessionID{three, two, one}, list(), "seen last first")
	found, err := w.FindSessions(ctx, []ident.SessionID{alien, two, ident.NewSessionID()})
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Equal(t, "Firefox on Linux", found[two].Device)

	// S14: what is not mine is as if it were not there.
	var answers []string
	for _, id := range []ident.SessionID{alien, ident.NewSessionID(), {}} {
		_, err := w.RevokeSession(ctx, auth.RevokeSessionInput{ID: &id})
		answers = append(answers, err.Error())
	}
	require.Len(t, slices.Compact(answers), 1)
	require.Contains(t, answers[0], "NOT_FOUND")
	w.of(foreign)
	for _, in := range []auth.RevokeSessionInput{{}, {ID: &two, All: true}} {
		_, err := w.RevokeSession(ctx, in)
		require.Equal(t, fault.Invalid, fault.CodeOf(err))
	}

	out, err := w.RevokeSession(ctx, auth.RevokeSessionInput{ID: &two})
	require.NoError(t, err)
	require.Equal(t, 1, out.Revoked)
	require.Equal(t, []ident.SessionID{two}, w.revoked.take())
	require.Equal(t, []ident.SessionID{three, one}, list())
	_, err = w.Authenticate(t.Context(), there2.AccessToken)
	require.Equal(t, fault.Unauthenticated, fault.CodeOf(err))
	_, _, err = w.refresh(there.token)
	require.Equal(t, fault.Unauthenticated, fault.CodeOf(err))
	_, err = w.RevokeSession(ctx, auth.RevokeSessionInput{ID: &two})
	require.Equal(t, fault.NotFound, fault.CodeOf(err), "it is over")
	found, err = w.FindSessions(ctx, []ident.SessionID{two})
	require.NoError(t, err)
	require.Empty(t, found)

	w.signIn(u)
	keyed, err := idempotency.WithKey(ctx, "k")
	require.NoError(t, err)
	for range 2 { // the second time it is told what the first did
		out, err = w.RevokeSession(keyed, auth.RevokeSessionInput{All: true})
		require.NoError(t, err)
		require.Equal(t, 2, out.Revoked)
	}
	require.Len(t, w.revoked.take(), 2)
	require.Equal(t, []ident.SessionID{one}, list())
	require.Equal(t, 1, w.count("SELECT count(*) FROM audit_entries WHERE action = 'session.revoke' AND object_id = ?", two))
	require.Equal(t, 1, w.count("SELECT count(*) FROM audit_entries WHERE action = 'session.revoke_all' AND object_id = ? AND detail = '{\"sessions\": 2}'", u.ID))
	w.of(foreign)
}

func TestSignOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b, out := w.signIn(w.admin("grace@example.com"))
	token := b.token
	ctx := b.in(w.of(out))
	done, err := w.SignOut(ctx)
	require.NoError(t, err)
	require.True(t, done.OK)
	require.Empty(t, b.token, "the cookie is thrown away")
	require.Equal(t, []ident.SessionID{session(ctx)}, w.revoked.take())
	_, err = w.Authenticate(t.Context(), out.AccessToken)
	require.Equal(t, fault.Unauthenticated, fault.CodeOf(err))
	_, _, err = w.refresh(token)
	require.Equal(t, fault.Unauthenticated, fault.CodeOf(err))
	require.Equal(t, 1, w.count("SELECT count(*) FROM audit_entries WHERE action = 'session.sign_out' AND object_id = ?", session(ctx)))
	require.Equal(t, 1, w.count("SELECT count(*) FROM sessions WHERE end_reason = 'SIGNED_OUT'"))

	_, err = w.SignOut(actor.With(t.Context(), &actor.Actor{User: ident.NewUserID(), APIToken: ident.NewAPITokenID()}))
	require.Equal(t, fault.Invalid, fault.CodeOf(err), "an API token has no session")
	_, err = w.SignOut(t.Context())
	require.Equal(t, fault.Unauthenticated, fault.CodeOf(err))
}

// What takes a user's rights away ends the sessions in its own transaction, or not at all.
func TestEndSessions_WithTheTransaction(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.admin("grace@example.com")
	_, one := w.signIn(u)
	_, two := w.signIn(u)
	ctx := w.of(one)
	w.of(two)
	boom := fmt.Errorf("boom")
	_, err := w.EndSessions(t.Context(), u.ID, ident.SessionID{}, models.SessionUserDisabled, boom)
	require.ErrorIs(t, err, boom)
	require.Empty(t, w.revoked.take())
	w.of(two)
	n, err := w.EndSessions(t.Context(), u.ID, session(ctx), models.SessionPasswordChanged, nil)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	w.of(one)
	_, err = w.Authenticate(t.Context(), two.AccessToken)
	require.Equal(t, fault.Unauthenticated, fault.CodeOf(err))
	n, err = w.EndSessions(t.Context(), u.ID, ident.SessionID{}, models.SessionUserDisabled, nil)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Len(t, w.revoked.take(), 2)
	_, err = w.Authenticate(t.Context(), one.AccessToken)
	require.Equal(t, fault.Unauthenticated, fault.CodeOf(err))
}

// Another node's end of a session is noticed within a second, and by the hub's question.
func TestAuthenticate_SessionEndedElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, out := w.signIn(w.admin("grace@example.com"))
	ctx := w.of(out)
	who, _ := actor.From(ctx)
	live, err := w.Actors(t.Context(), []actor.Identity{who.Identity(), {User: who.User}})
	require.NoError(t, err)
	require.Len(t, live, 1)
	require.True(t, who.SameRights(live[who.Identity()]))

	w.exec("UPDATE sessions SET ended_at = now(), end_reason = 'REVOKED'")
	live, err = w.Actors(t.Context(), []actor.Identity{who.Identity()})
	require.NoError(t, err)
	require.Empty(t, live)
	w.wait(auth.MaxActorAge - time.Nanosecond)
	w.of(out)
	w.wait(time.Nanosecond)
	_, err = w.Authenticate(t.Context(), out.AccessToken)
	require.Equal(t, fault.Unauthenticated, fault.CodeOf(err))
}

// A token of one user in another's session is no token.
func TestAuthenticate_SessionOfAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u, other := w.admin("grace@example.com"), w.admin("ada@example.com")
	_, out := w.signIn(u)
	who, _ := actor.From(w.of(out))
	token := w.Issue(u.ID, who.Session)
	_, err := w.Authenticate(t.Context(), token)
	require.NoError(t, err)
	for _, token := range []string{w.Issue(other.ID, who.Session), w.Issue(u.ID, ident.NewSessionID())} {
		_, err = w.Authenticate(t.Context(), token)
		require.Equal(t, fault.Unauthenticated, fault.CodeOf(err))
	}
}

func TestSessions_AtMostAHundred(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.admin("grace@example.com")
	_, oldest := w.signIn(u)
	w.of(oldest)
	w.exec(`INSERT INTO sessions (id, user_id, seed, rotated_at, device, created_at, last_seen_at, confirmed_at, expires_at)
		SELECT gen_random_uuid(), ?, sha256('x'), now(), 'curl', now(), now() + interval '1 minute', now(), now() + interval '1 hour' FROM generate_series(1, ?)`, u.ID, auth.MaxSessions-2)
	w.wait(2 * time.Minute)
	w.signIn(u)
	w.of(oldest)
	w.signIn(u)
	w.wait(auth.MaxActorAge)
	_, err := w.Authenticate(t.Context(), oldest.AccessToken)
	require.Equal(t, fault.Unauthenticated, fault.CodeOf(err))
	require.Equal(t, auth.MaxSessions, w.count("SELECT count(*) FROM sessions WHERE ended_at IS NULL"))
	require.Equal(t, 1, w.count("SELECT count(*) FROM sessions WHERE end_reason = 'SUPERSEDED'"))
}

// Sessions are noted as seen once a minute, by a statement of its own for all.
func TestSessions_LastSeen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.admin("grace@example.com")
	_, one := w.signIn(u)
	_, two := w.signIn(u)
	authenticate := func(out *auth.SignInPayload) {
		_, err := w.Authenticate(actor.WithRequest(t.Context(), actor.Request{IP: "203.0.113.9"}), out.AccessToken)
		require.NoError(t, err)
	}
	w.wait(59 * time.Second)
	authenticate(one)
	require.Zero(t, w.Unnoted(), "it was noted when it began")
	w.wait(2 * time.Second)
	require.Len(t, w.sql.during(func() { authenticate(one); authenticate(two) }), 2, "one statement for each request, as ever")
	require.Equal(t, 2, w.Unnoted())
	require.Zero(t, w.count("SELECT count(*) FROM sessions WHERE ip = '203.0.113.9'"))

	ctx, stop := context.WithCancel(t.Context())
	ran := make(chan struct{})
	go func() { defer close(ran); w.Run(ctx) }()
	require.Eventually(t, func() bool { return w.count("SELECT count(*) FROM sessions WHERE ip = '203.0.113.9'") == 2 }, 10*time.Second, 20*time.Millisecond)
	stop()
	<-ran
	rows, err := w.Sessions(w.of(one))
	require.NoError(t, err)
	for _, row := range rows {
		require.WithinDuration(t, w.now(), row.LastSeenAt, time.Millisecond)
	}
	w.wait(30 * time.Second)
	authenticate(one)
	require.Zero(t, w.Unnoted())
}

func TestPurgeSessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.admin("grace@example.com")
	_, out := w.signIn(u)
	b, _ := w.signIn(u)
	_, err := w.SignOut(w.of(out))
	require.NoError(t, err)
	for _, step := range []struct {
		wait time.Duration
		left int
	}{{auth.SessionRetention, 2}, {time.Second, 1}, {auth.DefaultSessionIdle - time.Second, 1}, {time.Second, 0}} {
		w.wait(step.wait)
		require.NoError(t, w.PurgeSessions(t.Context()))
		require.Equal(t, step.left, w.count("SELECT count(*) FROM sessions"), step.wait)
	}
	_, _, err = w.refresh(b.token)
	require.Equal(t, fault.Unauthenticated, fault.CodeOf(err))
}

// A client may call itself anything.
func TestSignIn_HostileUserAgent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.admin("grace@example.com")
	for agent, device := range map[string]string{
		"":                                "Unknown device",
		"  ":                              "Unknown device",
		"curl/8.5.0":                      "curl/8.5.0",
		"a\xffb\tc\r\nSet-Cookie: x=1":    "a?b?c??Set-Cookie:",
		strings.Repeat("é", 300):          strings.Repeat("é", 60),
		"<script>alert(1)</script>":       "<script>alert(1)</script>",
		"\u202eevil":                      "?evil",
		"'; DROP TABLE sessions; --":      "';",
		"Mozilla/5.0 tfa_verified=1":      "Mozilla/5.0",
		strings.Repeat("Chrome/1 ", 5000): "Chrome/1",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0":              "Edge on Windows",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1":    "Safari on iPhone",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36":                      "Chrome on macOS",
		"Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36": "Samsung Internet on Android",
		"Mozilla/5.0 (compatible; Firefox/1.0)": "Firefox",
		"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/140.0.0.0 Safari/537.36" + strings.Repeat(" padding", 300): "Chrome on ChromeOS",
	} {
		ctx := actor.WithRequest(t.Context(), actor.Request{UserAgent: agent})
		out, err := w.SignIn(ctx, auth.SignInInput{Email: u.Email, Password: secret.New(password)})
		require.NoError(t, err, "%q", agent)
		found, err := w.FindSessions(w.of(out), []ident.SessionID{session(w.of(out))})
		require.NoError(t, err)
		for _, row := range found {
			require.Equal(t, device, row.Device, "%q", agent)
			require.LessOrEqual(t, len(row.UserAgent), 256)
		}
		require.Len(t, found, 1)
	}
}
