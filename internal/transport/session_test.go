package transport_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/auth"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/transport"
	"github.com/mpanel/mpanel/models"
)

const (
	correct  = "canary tin orbit valley"
	signInAs = `mutation($e: String!) { signIn(input: {email: $e, password: "canary tin orbit valley"}) { accessToken expiresAt } }`
	refresh  = `mutation { refreshSession { accessToken expiresAt viewer { user { email } sessions { current } } } }`
)

// person makes somebody with a role with the provider.
func (p *panel) person(email string) *models.User {
	p.t.Helper()
	u, err := p.auth.CreateAdmin(p.t.Context(), email, "Grace Hopper", secret.New(correct))
	require.NoError(p.t, err)
	return u
}

// signIn gives an access token and the cookie beside it.
func (p *panel) signIn(email string) (token string, cookie *http.Cookie) {
	p.t.Helper()
	r := p.post("", signInAs, vars{"e": email})
	require.Empty(p.t, r.Errors, r.body)
	token, _ = at(r.Data, "signIn", "accessToken").(string)
	return token, r.cookie(p.t)
}

// cookie is the one that the answer sets.
func (r reply) cookie(t *testing.T) *http.Cookie {
	t.Helper()
	list := (&http.Response{Header: r.header}).Cookies()
	require.Len(t, list, 1, "%v", r.header)
	return list[0]
}

func (p *panel) refresh(c *http.Cookie, headers ...string) reply {
	p.t.Helper()
	return p.post("", refresh, nil, append(headers, "Cookie", c.Name+"="+c.Value)...)
}

func TestRefresh_Cookie(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		secure bool
		cookie string
	}{"https": {true, "__Host-mpanel_refresh"}, "http": {false, "mpanel_refresh"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPanelWith(t, transport.Config{SecureCookies: tc.secure})
			p.person("grace@example.com")
			_, c := p.signIn("grace@example.com")
			wellKept := func(c *http.Cookie) {
				require.Equal(t, tc.cookie, c.Name)
				require.Equal(t, tc.secure, c.Secure)
				require.True(t, c.HttpOnly)
				require.Equal(t, http.SameSiteStrictMode, c.SameSite)
				require.Equal(t, "/", c.Path)
				require.Empty(t, c.Domain, "a browser refuses __Host- with a domain")
			}
			wellKept(c)
			require.InDelta(t, auth.DefaultSessionIdle.Seconds(), c.MaxAge, 60)

			r := p.refresh(c)
			require.Empty(t, r.Errors, r.body)
			next := r.cookie(t)
			wellKept(next)
			require.NotEqual(t, c.Value, next.Value)
			require.Equal(t, []any{map[string]any{"current": true}}, at(r.Data, "refreshSession", "viewer", "sessions"))
			token, _ := at(r.Data, "refreshSession", "accessToken").(string)
			p.must(token, `{ viewer { user { id } } }`, nil)
			require.NotContains(t, r.body, next.Value, "scripts do not see it")

			// Nothing else sets it, and an answer without one keeps what the browser has.
			r = p.post(token, `{ viewer { user { id } } }`, nil, "Cookie", next.Name+"="+next.Value)
			require.Empty(t, r.header.Values("Set-Cookie"))
			r = p.post("", `mutation { signIn(input: {email: "grace@example.com", password: "wrong"}) { accessToken } }`, nil)
			require.Empty(t, r.header.Values("Set-Cookie"))

			r = p.post(token, `mutation { signOut { ok } }`, nil, "Cookie", next.Name+"="+next.Value)
			require.Equal(t, true, at(r.Data, "signOut", "ok"), r.body)
			gone := r.cookie(t)
			wellKept(gone)
			require.Negative(t, gone.MaxAge)
			require.Empty(t, gone.Value)
			require.Equal(t, []string{"UNAUTHENTICATED"}, p.refresh(next).codes())
			require.Equal(t, []string{"UNAUTHENTICATED"}, p.post(token, `{ viewer { user { id } } }`, nil).codes(), "at once on the node that was asked")
			for _, secret := range []string{c.Value, next.Value, token} {
				require.NotContains(t, p.log.String(), secret)
			}
		})
	}
}

func TestRefresh_WrongCookies(t *testing.T) {
	t.Parallel()
	p := newPanelWith(t, transport.Config{SecureCookies: true})
	p.person("grace@example.com")
	token, c := p.signIn("grace@example.com")
	good := c.Name + "=" + c.Value
	for name, cookie := range map[string]string{
		"none": "", "another name": "mpanel_refresh=" + c.Value, "in small letters": "__host-mpanel_refresh=" + c.Value,
		"two, one planted": good + "; " + c.Name + "=planted", "the access token": c.Name + "=" + token, "empty": c.Name + "=",
		"tfa_verified": c.Name + "=x; tfa_verified=1; user=root", "a kilobyte": c.Name + "=" + strings.Repeat("A", 1024),
	} {
		r := p.post("", refresh, nil, "Cookie", cookie)
		require.Equal(t, []string{"UNAUTHENTICATED"}, r.codes(), "%s: %s", name, r.body)
		r.wellFormed(t)
	}
	// Case 11, 31: the refresh token opens nothing else.
	require.Equal(t, []string{"UNAUTHENTICATED"}, p.post(c.Value, `{ viewer { user { id } } }`, nil).codes())
	require.Equal(t, []string{"UNAUTHENTICATED"}, p.post("", `{ viewer { user { id } } }`, nil, "Cookie", good).codes(), "a cookie alone is no sign-in")
	conn := p.dial(t, nil)
	send(t, conn, frame{Type: "connection_init", Payload: initPayload(c.Value)})
	require.Equal(t, 4403, closing(t, conn))
	require.Empty(t, p.refresh(c).Errors)
}

// S17: a page of somebody else's can neither refresh nor sign anybody out, whatever
// cookies the browser sends along.
func TestRefresh_CSRF(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	p.person("grace@example.com")
	token, c := p.signIn("grace@example.com")
	cookie := c.Name + "=" + c.Value
	for name, headers := range map[string][]string{
		"another origin":  {"Origin", "https://evil.example"},
		"a sandbox":       {"Origin", "null"},
		"a sibling":       {"Sec-Fetch-Site", "same-site"},
		"another site":    {"Sec-Fetch-Site", "cross-site"},
		"another's child": {"Origin", origin + ".evil.example"},
	} {
		for _, operation := range []string{refresh, `mutation { signOut { ok } }`, signInAs} {
			r := p.post("", operation, vars{"e": "grace@example.com"}, append(headers, "Cookie", cookie)...)
			require.Equal(t, http.StatusForbidden, r.status, "%s: %s", name, r.body)
			require.Empty(t, r.header.Values("Set-Cookie"))
			require.Empty(t, r.header.Get("Access-Control-Allow-Credentials"))
		}
	}
	body, err := json.Marshal(map[string]string{"query": refresh})
	require.NoError(t, err)
	form := url.Values{"query": {refresh}}.Encode()
	for _, simple := range []struct{ method, target, kind, body string }{ // what a form sends without asking
		{http.MethodPost, "/graphql", "text/plain", string(body)},
		{http.MethodPost, "/graphql", "application/x-www-form-urlencoded", form},
		{http.MethodPost, "/graphql", "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"query\"\r\n\r\n" + refresh + "\r\n--x--\r\n"},
		{http.MethodGet, "/graphql?" + form, "", ""},
	} {
		r := p.do(simple.method, simple.target, "", simple.kind, strings.NewReader(simple.body), "Cookie", cookie)
		require.NotEqual(t, http.StatusOK, r.status, "%s %s: %s", simple.method, simple.kind, r.body)
		require.Empty(t, r.header.Values("Set-Cookie"))
	}
	require.Equal(t, 1, p.count("SELECT count(*) FROM sessions WHERE generation = 0 AND ended_at IS NULL"), "nothing happened")

	r := p.refresh(c, "Origin", origin)
	require.Empty(t, r.Errors, r.body)
	require.Equal(t, "true", r.header.Get("Access-Control-Allow-Credentials"), "a page that is allowed may")
	p.must(token, `{ viewer { user { id } } }`, nil)
}

// Only a plain answer can have a cookie.
func TestRefresh_NotOverSocketsAndStreams(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	p.person("grace@example.com")
	token, c := p.signIn("grace@example.com")
	for _, token := range []string{token, ""} {
		conn := p.dial(t, http.Header{"Cookie": {c.Name + "=" + c.Value}})
		send(t, conn, frame{Type: "connection_init", Payload: initPayload(token)})
		require.Equal(t, "connection_ack", receive(t, conn).Type)
		send(t, conn, frame{Type: "subscribe", ID: "1", Payload: operation(refresh, nil)})
		f := receive(t, conn)
		require.Contains(t, string(f.Payload), `"INVALID"`)
	}
	r := p.refresh(c, "Accept", "text/event-stream")
	require.Contains(t, r.body, `"INVALID"`)
	require.Empty(t, r.header.Values("Set-Cookie"))
	require.Empty(t, p.refresh(c).Errors)
}

// stream is an open SSE stream; ended is what its reader came to.
func (p *panel) stream(t *testing.T, token, query string, variables vars) (began, ended chan string) {
	t.Helper()
	b, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.URL+"/graphql", bytes.NewReader(b))
	require.NoError(t, err)
	for name, value := range map[string]string{"Content-Type": "application/json", "Accept": "text/event-stream", "Authorization": "Bearer " + token} {
		req.Header.Set(name, value)
	}
	res, err := p.Client().Do(req)
	require.NoError(t, err)
	t.Cleanup(func() { _ = res.Body.Close() })
	began, ended = make(chan string, 1), make(chan string, 1)
	go func() {
		in := bufio.NewReader(res.Body)
		first, _ := in.ReadString('\n')
		began <- first
		rest, err := io.ReadAll(in)
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			rest = fmt.Append(rest, err)
		}
		ended <- string(rest)
	}()
	return began, ended
}

// F7, F20, F26, S24, case 28: what is open in a session ends with it within a second,
// with 4403, by the message and by the look at the tables; others are not disturbed.
func TestS24_SocketsAndStreamsEndWithTheSession(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		deaf bool // the message is lost
		end  func(p *panel, token string, c *http.Cookie, other string)
	}{
		"signed out": {false, func(p *panel, token string, _ *http.Cookie, _ string) {
			p.must(token, `mutation { signOut { ok } }`, nil)
		}},
		"signed out, unheard": {true, func(p *panel, token string, _ *http.Cookie, _ string) {
			p.must(token, `mutation { signOut { ok } }`, nil)
		}},
		"all others, unheard": {true, func(p *panel, _ string, _ *http.Cookie, other string) {
			p.must(other, `mutation { revokeSession(input: {all: true}) { revoked } }`, nil)
		}},
		"ended by another's hand": {true, func(p *panel, _ string, _ *http.Cookie, _ string) {
			p.exec("UPDATE sessions SET ended_at = now(), end_reason = 'USER_DISABLED' WHERE generation = 2")
		}},
		"over": {true, func(p *panel, _ string, _ *http.Cookie, _ string) {
			p.exec("UPDATE sessions SET expires_at = created_at + interval '1 microsecond' WHERE generation = 2")
		}},
		"disabled": {true, func(p *panel, _ string, _ *http.Cookie, _ string) {
			p.exec("UPDATE users SET disabled_at = now() WHERE email LIKE 'grace%'")
		}},
		"another's copy of the token": {false, func(p *panel, _ string, c *http.Cookie, _ string) {
			require.Equal(p.t, []string{"UNAUTHENTICATED"}, p.refresh(c).codes()) // two generations old
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPanel(t)
			p.person("grace@example.com")
			p.person("ada@example.com")
			a := p.addTenant("a", zeroCustomer, p.addServer())
			p.running(a, 0, 0)
			_, c := p.signIn("grace@example.com")
			first := c
			var token string
			for range 2 {
				r := p.refresh(c)
				require.Empty(t, r.Errors, r.body)
				token, _ = at(r.Data, "refreshSession", "accessToken").(string)
				c = r.cookie(t)
			}
			other, _ := p.signIn("grace@example.com")
			stranger, _ := p.signIn("ada@example.com")
			conn, beside, aside := p.open(t, token), p.open(t, other), p.open(t, stranger)
			follow(t, conn, "1", a.job)
			require.Equal(t, "next", receive(t, conn).Type)
			began, ended := p.stream(t, token, followed, vars{"id": a.job.Opaque()})
			require.NotEmpty(t, <-began)
			p.deaf.Store(tc.deaf)

			tc.end(p, token, first, other)
			at := time.Now()
			require.Equal(t, 4403, closing(t, conn))
			require.NotContains(t, <-ended, "event: complete", "the stream breaks off")
			t.Logf("closed after %v", time.Since(at).Round(time.Millisecond))
			require.Less(t, time.Since(at), 3*time.Second)
			require.Eventually(t, func() bool {
				return fmt.Sprint(p.post(token, `{ viewer { user { id } } }`, nil).codes()) == "[UNAUTHENTICATED]"
			}, soon, 20*time.Millisecond, "and HTTP")
			open := p.dial(t, nil)
			send(t, open, frame{Type: "connection_init", Payload: initPayload(token)})
			require.Equal(t, 4403, closing(t, open))
			send(t, aside, frame{Type: "subscribe", ID: "1", Payload: operation("{ viewer { user { email } } }", nil)})
			require.Equal(t, "next", receive(t, aside).Type, "strangers go on")
			if name == "disabled" {
				require.Equal(t, 4403, closing(t, beside))
				return
			}
			send(t, beside, frame{Type: "subscribe", ID: "1", Payload: operation("{ viewer { sessions { current device } } }", nil)})
			require.Equal(t, "next", receive(t, beside).Type, "and so do the user's other sessions")
		})
	}
}

// F26: a socket lives as long as its session, not as the token that it was opened with.
func TestSession_F26_SocketOutlivesItsToken(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	p.person("grace@example.com")
	token, c := p.signIn("grace@example.com")
	conn := p.open(t, token)
	p.ahead.Store(int64(auth.AccessTokenTTL + time.Minute))
	require.Equal(t, []string{"UNAUTHENTICATED"}, p.post(token, `{ viewer { user { id } } }`, nil).codes())
	late := p.dial(t, nil)
	send(t, late, frame{Type: "connection_init", Payload: initPayload(token)})
	require.Equal(t, 4403, closing(t, late), "the token opens nothing any more")
	looks := p.looks.Load()
	require.Eventually(t, func() bool { return p.looks.Load() >= looks+2 }, soon, 10*time.Millisecond)
	send(t, conn, frame{Type: "subscribe", ID: "1", Payload: operation("{ viewer { user { email } } }", nil)})
	require.Equal(t, "next", receive(t, conn).Type)
	p.must(at(p.refresh(c).Data, "refreshSession", "accessToken").(string), `{ viewer { user { id } } }`, nil)

	p.ahead.Store(int64(auth.DefaultSessionLifetime)) // at which the session is over
	require.Equal(t, 4403, closing(t, conn))
}
