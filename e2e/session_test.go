//go:build e2e

package e2e

import (
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const signInWith = `mutation ($e: String!, $p: String!, $c: String) { signIn(input: {email: $e, password: $p, code: $c}) { accessToken } }`

// kept is the cookie that an answer sets, as the header of the next request.
func (c *client) kept(t *testing.T, a answer) http.Header {
	t.Helper()
	require.Empty(t, a.Errors, "%s", a.Body)
	list := (&http.Response{Header: a.Header}).Cookies()
	require.Len(t, list, 1)
	require.Equal(t, "mpanel_refresh", list[0].Name, "of a panel that is reached by plain http")
	require.True(t, list[0].HttpOnly)
	c.in.keepSecret(list[0].Value)
	return http.Header{"Cookie": {list[0].Name + "=" + list[0].Value}}
}

// oathtool is the code of a secret at a time, as another program makes it.
func oathtool(t *testing.T, secret string, at time.Time) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "oathtool", "--totp", "--base32", "--now", at.UTC().Format("2006-01-02 15:04:05 UTC"), secret).CombinedOutput()
	require.NoError(t, err, "%s; make deps installs it", out)
	return strings.TrimSpace(string(out))
}

// TestSession_SurvivesARestart: a page goes on where the panel was killed, with its
// cookie alone; then its user sets up an authenticator app, signs in with it, and loses it.
func TestSession_SurvivesARestart(t *testing.T) {
	t.Parallel()
	s, c := fresh(t, launch{})
	first := c.kept(t, s.client("").do(t, signInWith, vars{"e": adminEmail, "p": adminPassword}))
	s.kill(t)
	s = s.start(t, launch{})

	page := s.client("")
	refresh := `mutation { refreshSession { accessToken } }`
	a := page.with(t, first, refresh, nil)
	page.kept(t, a)
	page = s.client(data[struct{ RefreshSession struct{ AccessToken string } }](t, a).RefreshSession.AccessToken)
	list := data[struct {
		Viewer struct {
			Sessions []struct {
				Device  string
				Current bool
			}
		}
	}](t, page.do(t, `{ viewer { sessions { device current } } }`, nil)).Viewer.Sessions
	require.Len(t, list, 2, "the set-up's and this one")
	require.True(t, list[0].Current, "seen last")
	require.Contains(t, list[0].Device, "Go-http-client")

	begun := data[struct{ BeginTotp struct{ OtpauthURL string } }](t, page.do(t, `mutation { beginTotp { otpauthUrl } }`, nil))
	uri, err := url.Parse(begun.BeginTotp.OtpauthURL)
	require.NoError(t, err)
	secret := uri.Query().Get("secret")
	s.keepSecret(secret)
	confirmed := data[struct {
		ConfirmTotp struct{ RecoveryCodes []string }
	}](t, page.do(t,
		`mutation ($c: String!) { confirmTotp(input: {code: $c}) { recoveryCodes } }`, vars{"c": oathtool(t, secret, time.Now())}))
	require.Len(t, confirmed.ConfirmTotp.RecoveryCodes, 10)
	for _, code := range confirmed.ConfirmTotp.RecoveryCodes {
		s.keepSecret(code)
	}
	signIn := func(code any) string {
		t.Helper()
		return s.client("").do(t, signInWith, vars{"e": adminEmail, "p": adminPassword, "c": code}).code()
	}
	require.Equal(t, "SECOND_FACTOR_REQUIRED", signIn(nil))
	next := oathtool(t, secret, time.Now().Add(30*time.Second)) // a clock may be ahead
	require.Empty(t, signIn(next))
	require.Equal(t, "UNAUTHENTICATED", signIn(next), "once")
	require.Empty(t, signIn(confirmed.ConfirmTotp.RecoveryCodes[0]))
	require.Equal(t, "UNAUTHENTICATED", signIn(confirmed.ConfirmTotp.RecoveryCodes[0]), "once")

	code, said := s.runCommand(t, "", "admin", "reset-second-factor", "--email", adminEmail)
	require.Zero(t, code, said)
	require.Empty(t, signIn(nil))
	require.Eventually(t, func() bool {
		return page.do(t, `{ viewer { user { id } } }`, nil).code() == "UNAUTHENTICATED"
	}, 5*time.Second, 50*time.Millisecond, "and nobody goes on with the device that was lost")
}
