package auth_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/auth"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
)

// S24, F19: each refresh gives another token, and the session stays what it is.
func TestS24_RotatesWithinTheSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.admin("grace@example.com")
	b, first := w.signIn(u)
	require.Len(t, b.token, 76, "57 bytes, of which 32 are the authentication")
	require.WithinDuration(t, w.now().Add(auth.DefaultSessionIdle), b.until, time.Second)
	id := session(w.of(first))

	seen := map[string]bool{b.token: true}
	for range 3 {
		w.wait(auth.RefreshGrace + time.Second)
		out, err := w.RefreshSession(b.in(t.Context()))
		require.NoError(t, err)
		require.False(t, seen[b.token], "a token came twice")
		seen[b.token] = true
		require.Equal(t, u.ID, out.Viewer.User.ID)
		require.Equal(t, id, session(w.of(out)))
		require.NotEqual(t, first.AccessToken, out.AccessToken)
		require.LessOrEqual(t, out.ExpiresAt.Sub(w.now()), 15*time.Minute)
	}
	require.Equal(t, 3, w.count("SELECT count(*) FROM audit_entries WHERE action = 'session.refresh' AND user_id = ? AND object_id = ?", u.ID, id))
	require.Equal(t, 1, w.count("SELECT count(*) FROM sessions WHERE id = ? AND generation = 3 AND ip = '198.51.100.7' AND device = 'Firefox on Linux'", id))
	for token := range seen {
		require.NotContains(t, w.log.String(), token)
		require.Zero(t, w.count("SELECT count(*) FROM sessions WHERE sessions::text LIKE '%' || ? || '%'", token), "a row has a token")
	}
}

// S24, F19: a token that was used before ends the session with all that came of it.
func TestS24_ReuseKillsTheFamily(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		rotations int
		wait      time.Duration
		good      bool
	}{
		"the one before, at once":           {1, 0, true},
		"the one before, within the grace":  {1, auth.RefreshGrace - time.Microsecond, true},
		"the one before, after the grace":   {1, auth.RefreshGrace, false},
		"the one before that, at once":      {2, 0, false},
		"a much older one, after an hour":   {5, time.Hour, false},
		"the newest, however long it takes": {0, auth.DefaultSessionIdle - time.Second, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			b, first := w.signIn(w.admin("grace@example.com"))
			ctx := w.of(first)
			old := b.token
			for range tc.rotations {
				_, err := w.RefreshSession(b.in(t.Context()))
				require.NoError(t, err)
			}
			w.wait(tc.wait)
			next, out, err := w.refresh(old)
			if tc.good {
				require.NoError(t, err)
				if tc.rotations > 0 {
					require.Equal(t, b.token, next, "both windows go on with the same token")
				}
				require.Empty(t, w.revoked.take())
				return
			}
			require.Equal(t, fault.Unauthenticated, fault.CodeOf(err), "%v", out)
			require.Empty(t, next, "and the client throws it away")
			require.Equal(t, []ident.SessionID{session(ctx)}, w.revoked.take(), "what is open ends, too")
			_, _, err = w.refresh(b.token)
			require.Equal(t, fault.Unauthenticated, fault.CodeOf(err), "the newest token is of the same session")
			require.Equal(t, 1, w.count("SELECT count(*) FROM sessions WHERE end_reason = 'TOKEN_REUSED'"))
			require.Equal(t, 1, w.count("SELECT count(*) FROM audit_entries WHERE action = 'session.reuse'"), "the second time there is no session any more")
			require.Contains(t, w.log.String(), "a refresh token was used twice")
		})
	}
}

// A reuse ends the access tokens of the session as well.
func TestRefresh_ReuseEndsAccessTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b, first := w.signIn(w.admin("grace@example.com"))
	old := b.token
	w.of(first)
	out, err := w.RefreshSession(b.in(t.Context()))
	require.NoError(t, err)
	w.of(out)
	w.wait(auth.RefreshGrace)
	_, _, err = w.refresh(old)
	require.Error(t, err)
	for _, token := range []string{first.AccessToken, out.AccessToken} {
		_, err := w.Authenticate(t.Context(), token) // nothing of a second ago is used
		require.Equal(t, fault.Unauthenticated, fault.CodeOf(err))
	}
}

func TestRefresh_Limits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.admin("grace@example.com")
	b, _ := w.signIn(u)
	idle, _ := w.signIn(u)
	for range 3 { // used every ten days it lives for thirty
		require.NoError(t, second(w.RefreshSession(b.in(t.Context()))))
		w.wait(10*24*time.Hour - time.Minute)
	}
	_, _, err := w.refresh(idle.token)
	require.Equal(t, fault.Unauthenticated, fault.CodeOf(err), "not seen for two weeks")
	out, err := w.RefreshSession(b.in(t.Context()))
	require.NoError(t, err)
	require.WithinDuration(t, w.now().Add(3*time.Minute), b.until, time.Second, "the cookie ends with the session")
	require.LessOrEqual(t, out.ExpiresAt.Sub(w.now()), 3*time.Minute, "and so does the access token")
	w.of(out)
	w.wait(3 * time.Minute)
	_, err = w.RefreshSession(b.in(t.Context()))
	require.Equal(t, fault.Unauthenticated, fault.CodeOf(err))
	_, err = w.Authenticate(t.Context(), out.AccessToken)
	require.Equal(t, fault.Unauthenticated, fault.CodeOf(err))
	require.Zero(t, w.count("SELECT count(*) FROM sessions WHERE ended_at IS NOT NULL"), "nobody ended them")
}

func second[T any](_ T, err error) error { return err }

func TestRefresh_Refused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.admin("grace@example.com")
	b, out := w.signIn(u)
	other, _ := w.signIn(u)
	other2 := newWorld(t) // the same key, another database
	foreign, _ := other2.signIn(other2.admin("grace@example.com"))
	end := len(b.token) - 1
	another := map[bool]string{false: "_", true: "-"}[strings.HasSuffix(b.token, "_")]
	entries := w.count("SELECT count(*) FROM audit_entries")
	for name, token := range map[string]string{
		"empty": "", "cut": b.token[:end], "one more": b.token + "A", "padded": b.token + "=",
		"access token": out.AccessToken, "another end": b.token[:end] + another, "the other's authentication": b.token[:34] + other.token[34:],
		"another installation's": foreign.token, "zeros": strings.Repeat("A", 76), "version 2": "Ag" + b.token[2:], "CRLF": b.token[:74] + "\r\n",
		"not ASCII": strings.Repeat("ü", 38), "a megabyte": strings.Repeat("A", 1<<20), "negative": b.token[:24] + "_____" + b.token[29:],
	} {
		require.NotEqual(t, b.token, token, name)
		_, _, err := w.refresh(token)
		require.EqualError(t, err, "UNAUTHENTICATED: There is no session to go on with, or it is over; sign in again.", name)
	}
	require.Equal(t, entries, w.count("SELECT count(*) FROM audit_entries"))
	require.Equal(t, 2, w.count("SELECT count(*) FROM sessions WHERE ended_at IS NULL AND generation = 0"), "a forged token ends nothing")

	_, err := w.RefreshSession(t.Context())
	require.Equal(t, fault.Invalid, fault.CodeOf(err), "a socket has no cookies")

	w.exec("UPDATE users SET disabled_at = now()")
	_, _, err = w.refresh(b.token)
	require.Equal(t, fault.Unauthenticated, fault.CodeOf(err))
	w.exec("UPDATE users SET disabled_at = NULL")
	_, _, err = w.refresh(b.token)
	require.NoError(t, err)
	w.exec("UPDATE sessions SET seed = sha256('x') WHERE user_id = ?", u.ID)
	_, _, err = w.refresh(other.token)
	require.Equal(t, fault.Unauthenticated, fault.CodeOf(err), "the panel's key alone makes no token")
}
