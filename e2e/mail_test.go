//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"
)

// postman takes every message at an address.
type postman struct{ messages chan string }

func (p postman) NewSession(*smtp.Conn) (smtp.Session, error) { return p, nil }
func (postman) Mail(string, *smtp.MailOptions) error          { return nil }
func (postman) Rcpt(string, *smtp.RcptOptions) error          { return nil }
func (postman) Reset()                                        {}
func (postman) Logout() error                                 { return nil }
func (p postman) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	p.messages <- string(b)
	return err
}

func servePostman(t *testing.T, address string) postman {
	t.Helper()
	p := postman{make(chan string, 100)}
	srv := smtp.NewServer(p)
	srv.Domain, srv.ErrorLog = "localhost", log.New(io.Discard, "", 0)
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", address)
	require.NoError(t, err)
	go func() { _ = srv.Serve(listener) }()
	t.Cleanup(func() { _ = srv.Close() })
	return p
}

const invite = `mutation($input: InviteUserInput!) { inviteUser(input: $input) { invitation { id email } } }`

// TestMail_SurvivesAKill orders a mail while the SMTP server is away, kills the panel,
// and gets it once both are back. Its link works, and is in no log.
func TestMail_SurvivesAKill(t *testing.T) {
	t.Parallel()
	free, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := free.Addr().String()
	require.NoError(t, free.Close())
	l := launch{env: []string{"MPANEL_SMTP_URL=smtp://" + address + "?starttls=off", "MPANEL_MAIL_FROM=MPanel <panel@example.com>", "MPANEL_LANGUAGE=de"}}
	s, admin := fresh(t, l)
	for i := range 3 {
		data[any](t, admin.do(t, invite, vars{"input": vars{"email": fmt.Sprintf("user%d@example.com", i), "name": "Ada", "providerRole": "SUPPORT"}}))
	}
	status, _, _ := request(t, http.MethodGet, s.url+"/mailbox", "", nil)
	require.Equal(t, http.StatusNotFound, status, "with an SMTP server there is no mailbox")
	s.kill(t)
	p := servePostman(t, address)
	s = s.start(t, l)
	for range 3 {
		select {
		case m := <-p.messages:
			link := regexp.MustCompile(`/invitation#(\S{43})`).FindStringSubmatch(strings.ReplaceAll(m, "=\r\n", ""))
			require.NotNil(t, link, m)
			s.keepSecret(link[1])
			require.Contains(t, m, "Subject: Einladung")
			out := s.client("").do(t, `mutation($input: AcceptInvitationInput!) { acceptInvitation(input: $input) { email newAccount } }`,
				vars{"input": vars{"token": link[1], "password": "canary of an invited person"}})
			email := data[struct{ AcceptInvitation struct{ Email string } }](t, out).AcceptInvitation.Email
			s.keepSecret("canary of an invited person")
			data[any](t, s.client("").do(t, `mutation($input: SignInInput!) { signIn(input: $input) { expiresAt } }`, vars{"input": vars{"email": email, "password": "canary of an invited person"}}))
		case <-time.After(time.Minute):
			require.FailNow(t, "a mail was lost")
		}
	}
}

// TestMail_Mailbox has no SMTP server: mails lie at a page that this machine alone
// sees, and their links lead to the panel, whatever host the request named.
func TestMail_Mailbox(t *testing.T) {
	t.Parallel()
	s, _ := fresh(t, launch{})
	evil := http.Header{"Content-Type": {"application/json"}, "X-Forwarded-Host": {"evil.example"}, "X-Forwarded-For": {"192.0.2.1"}, "Forwarded": {"host=evil.example"}}
	ask := func(host string) {
		t.Helper()
		body, err := json.Marshal(vars{"query": `mutation { requestPasswordReset(input: {email: "` + adminEmail + `"}) { ok } }`})
		require.NoError(t, err)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/graphql", strings.NewReader(string(body)))
		require.NoError(t, err)
		req.Header, req.Host = evil, host
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		defer func() { require.NoError(t, res.Body.Close()) }()
		answer, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.JSONEq(t, `{"data":{"requestPasswordReset":{"ok":true}}}`, string(withoutExtensions(t, answer)))
	}
	ask("evil.example")
	letter := regexp.MustCompile(`href="(/mailbox/[0-9a-f-]{36})">Set a new password</a><br>`)
	var page string
	eventually(t, 20*time.Second, func() error {
		_, _, page = request(t, http.MethodGet, s.url+"/mailbox", "", nil)
		if !letter.MatchString(page) {
			return fmt.Errorf("not there yet: %s", page)
		}
		return nil
	})
	_, header, body := request(t, http.MethodGet, s.url+letter.FindStringSubmatch(page)[1], "", nil)
	require.Contains(t, header.Get("Content-Security-Policy"), "frame-src 'self'")
	require.NotContains(t, body, "evil")
	link := regexp.MustCompile(`href="(http://[^"]+/reset-password#(\S{43}))"`).FindStringSubmatch(body)
	require.NotNil(t, link, body)
	require.True(t, strings.HasPrefix(link[1], s.url+"/"), "the link leads to %s", link[1])
	s.keepSecret(link[2])
	_, header, body = request(t, http.MethodGet, s.url+letter.FindStringSubmatch(page)[1]+"/html", "", nil)
	require.Contains(t, header.Get("Content-Security-Policy"), "default-src 'none'")
	require.Contains(t, header.Get("Content-Security-Policy"), "; sandbox")
	require.Contains(t, body, link[2])
	for _, host := range []string{"evil.example", "panel.example.com:8080", "192.0.2.1"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/mailbox", nil)
		require.NoError(t, err)
		req.Host = host
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, http.StatusNotFound, res.StatusCode, "a page whose name leads here sees nothing: %s", host)
	}

	// What people do: open the link, type a password, press the button.
	type step struct {
		Title, Intro, Error string
		Console, Violations []string
	}
	fill := func(link, password string) step {
		t.Helper()
		run := node(t, "account.mjs", vars{"url": link, "password": password})
		line, ok := next[step](t, run)
		require.True(t, ok)
		require.Empty(t, line.Console)
		require.Empty(t, line.Violations)
		return line
	}
	require.Contains(t, fill(link[1], "short").Error, "at least 15 characters")
	const fresh = "canary of a second password"
	s.keepSecret(fresh)
	done := fill(link[1], fresh)
	require.Equal(t, "Done", done.Title)
	require.Contains(t, fill(link[1], fresh).Error, "used already")
	require.Contains(t, fill(s.url+"/reset-password", fresh).Error, "not complete")
	a := s.client("").do(t, `mutation($input: SignInInput!) { signIn(input: $input) { expiresAt } }`, vars{"input": vars{"email": adminEmail, "password": fresh}})
	require.Empty(t, a.Errors)
}

func withoutExtensions(t *testing.T, answer []byte) []byte {
	t.Helper()
	var m map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(answer, &m))
	delete(m, "extensions")
	b, err := json.Marshal(m)
	require.NoError(t, err)
	return b
}
