//go:build e2e

package e2e

import (
	"encoding/base32"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/testkit"
)

// S27: of thirty secrets and more that were given to the panel, made by it and shown
// by it, in answers that were lost and asked for again, through a rotation of the
// keys, none is in a log, in a table (events, the journal and the audit among them), in
// what pg_dump writes, in an error or in an event. Every other installation of these
// tests is searched for its own, too, when its test is over.
func TestS27_ThirtyCanaries(t *testing.T) {
	t.Parallel()
	s, admin := fresh(t, launch{})
	kinds := map[string]int{}
	keep := func(kind, secret string) string {
		t.Helper()
		require.GreaterOrEqual(t, len(secret), 6, kind)
		kinds[kind]++
		s.keepSecret(secret)
		return secret
	}
	keep("administrator's password", adminPassword)
	keep("access token", admin.token)
	keep("set-up token", s.setupToken)
	secretKey := keep("secret key", s.secretKey(t))
	box, err := s.box()
	require.NoError(t, err)
	for _, purpose := range []string{"access tokens", "refresh tokens", "messages between nodes", "dump files between nodes", "audit checkpoints", "tries"} {
		keep("key of "+purpose, string(box.Key(purpose)))
	}
	for _, cluster := range []string{"panel cluster", "tenants cluster"} {
		keep("password of the "+cluster, box.Password(cluster).Reveal())
	}

	type shown struct {
		order

		URL *string
	}
	n := 0
	// twice sends a mutation and, as who lost the answer, sends it again.
	twice := func(field, input string, in vars, selection string) shown {
		t.Helper()
		n++
		header := key(keep("idempotency key", fmt.Sprintf("canary-of-an-idempotency-key-%d", n)))
		query := fmt.Sprintf("mutation ($in: %s!) { %s(input: $in) %s }", input, field, selection)
		first := data[map[string]shown](t, admin.with(t, header, query, vars{"in": in}))[field]
		again := data[map[string]shown](t, admin.with(t, header, query, vars{"in": in}))[field]
		require.Equal(t, first.Credentials, again.Credentials, field)
		require.Equal(t, first.URL, again.URL, field)
		if first.URL != nil {
			keep("one-time URL", path.Base(*first.URL))
		} else {
			keep("password of a database", first.Credentials.Password)
		}
		if first.Job != nil {
			admin.awaitSuccess(t, first.Job.ID)
		}
		return first
	}
	customer := admin.createCustomer(t, "Canaries", -1, "")
	const withCredentials = `{ databaseUser { id } credentials { ` + credentialFields + ` } job { id } }`
	var last string
	for i := range 3 {
		o := twice("createDatabase", "CreateDatabaseInput", vars{"customerId": customer, "name": fmt.Sprintf("d%d", i)}, createPayload)
		last = o.Database.ID
		twice("rotateDatabasePassword", "RotateDatabasePasswordInput", vars{"id": last}, createPayload)
		u := twice("createDatabaseUser", "CreateDatabaseUserInput", vars{"databaseId": last, "name": "ann", "rights": "READ_ONLY"}, withCredentials)
		twice("rotateDatabaseUserPassword", "RotateDatabaseUserPasswordInput", vars{"id": u.DatabaseUser.ID}, withCredentials)
		twice("createDatabaseUpload", "CreateDatabaseUploadInput", vars{"databaseId": last}, `{ url }`)
	}
	twice("cloneDatabase", "CloneDatabaseInput", vars{"id": last, "name": "copy"}, createPayload)
	exported := data[struct{ ExportDatabase order }](t, admin.do(t,
		`mutation ($id: ID!) { exportDatabase(input: {id: $id}) { dump { id } job { id } } }`, vars{"id": last})).ExportDatabase
	admin.awaitSuccess(t, exported.Job.ID)
	twice("createDatabaseDumpUrl", "CreateDatabaseDumpUrlInput", vars{"id": exported.Dump.ID}, `{ url }`)

	// What is refused, and what is not what it is taken for.
	const register = `mutation ($in: RegisterDatabaseServerInput!) { registerDatabaseServer(input: $in) { databaseServer { id } } }`
	for i, host := range []string{"127.0.0.1", "nowhere.invalid", "not a host\r\n"} {
		a := admin.do(t, register, vars{"in": vars{"name": fmt.Sprintf("s%d", i), "host": host, "port": 1, "adminUser": "admin", "adminPassword": keep("password of a server", fmt.Sprintf("canary of an admin password %d", i))}})
		require.NotContains(t, string(a.Body), "canary")
	}
	for i, query := range []string{
		`mutation { signIn(input: {email: "root@example.com", password: %q}) { expiresAt } }`,
		`mutation { signIn(input: {email: "root@example.com", password: %q, extra: 1}) { expiresAt } }`,
		`mutation { signIn(input: {email: 5, password: %q}) { expiresAt } }`,
		`{ node(id: %q) { id } }`,
	} {
		a := s.client("").do(t, fmt.Sprintf(query, keep("wrong password", fmt.Sprintf("canary of a wrong password %d", i))), nil)
		require.NotEmpty(t, a.Errors)
	}
	a := s.client(keep("wrong token", "canary.of.a-token")).do(t, `{ viewer { user { email } } }`, nil)
	require.NotEmpty(t, a.Errors)
	require.NotContains(t, string(a.Body), "canary")

	s.canariesOfSessions(t, admin, keep)
	code, said := s.runCommand(t, "", "keys", "rotate")
	require.Zero(t, code, said)
	require.NotContains(t, said, secretKey)
	require.NoError(t, s.searchTold())
	s = s.canariesOfMails(t, keep)

	require.NoError(t, s.searchLogs())
	require.NoError(t, s.searchTold())
	require.NoError(t, s.searchTables(t.Context()))
	require.NoError(t, s.searchDump(t.Context()))
	s.mu.Lock()
	count := len(s.secrets)
	s.mu.Unlock()
	require.GreaterOrEqual(t, count, 30)
	require.GreaterOrEqual(t, len(kinds), 24, "%v", kinds)
	testkit.Reportf(t, "S27: %d secrets of %d kinds: 0 hits in logs, errors, events, tables and pg_dump", count, len(kinds))
}

// canariesOfSessions makes what people have of theirs: refresh tokens, API tokens, an
// authenticator app and its recovery codes.
func (s *server) canariesOfSessions(t *testing.T, admin *client, keep func(kind, secret string) string) {
	t.Helper()
	a := s.client("").do(t, signInWith, vars{"e": adminEmail, "p": adminPassword})
	s.client("").kept(t, a)
	for _, c := range (&http.Response{Header: a.Header}).Cookies() {
		keep("refresh token", c.Value)
		bad := s.client("").with(t, http.Header{"Cookie": {c.Name + "=" + keep("wrong refresh token", c.Value[:len(c.Value)-4]+"AAAA")}}, `mutation { refreshSession { accessToken } }`, nil)
		require.Equal(t, "UNAUTHENTICATED", bad.code())
	}
	const create = `mutation { createApiToken(input: {name: "canary", permissions: [DATABASES_READ]}) { apiToken { id } token } }`
	made := data[struct {
		CreateAPIToken struct {
			APIToken struct{ ID string }
			Token    string
		}
	}](t, admin.with(t, key(keep("idempotency key", "canary-of-a-key-for-an-api-token")), create, nil)).CreateAPIToken
	token := keep("API token", made.Token)
	require.Empty(t, s.client(token).do(t, `{ databases { totalCount } }`, nil).Errors)
	require.Equal(t, "FORBIDDEN", s.client(token).do(t, `{ users { totalCount } }`, nil).code())
	require.Empty(t, admin.do(t, `mutation ($id: ID!) { revokeApiToken(input: {id: $id}) { apiToken { id } } }`, vars{"id": made.APIToken.ID}).Errors)
	require.Equal(t, "UNAUTHENTICATED", s.client(token).do(t, `{ databases { totalCount } }`, nil).code())

	begun := data[struct{ BeginTotp struct{ OtpauthURL string } }](t, admin.do(t, `mutation { beginTotp { otpauthUrl } }`, nil))
	uri, err := url.Parse(begun.BeginTotp.OtpauthURL)
	require.NoError(t, err)
	seed := keep("TOTP seed", uri.Query().Get("secret"))
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(seed)
	require.NoError(t, err)
	keep("TOTP seed", string(raw))
	confirmed := data[struct {
		ConfirmTotp struct{ RecoveryCodes []string }
	}](t, admin.do(t, `mutation ($c: String!) { confirmTotp(input: {code: $c}) { recoveryCodes } }`, vars{"c": oathtool(t, seed, time.Now())}))
	for _, code := range confirmed.ConfirmTotp.RecoveryCodes {
		keep("recovery code", code)
	}
	for _, code := range []string{confirmed.ConfirmTotp.RecoveryCodes[0], keep("wrong recovery code", "cana-ryof-arec-over-ycod-efgh")} {
		_ = s.client("").do(t, signInWith, vars{"e": adminEmail, "p": adminPassword, "c": code})
	}
}

// canariesOfMails resets a password by a link, and starts the panel anew with passwords
// for a mail server and for a database that are not there.
func (s *server) canariesOfMails(t *testing.T, keep func(kind, secret string) string) *server {
	t.Helper()
	const ask = `mutation { requestPasswordReset(input: {email: "` + adminEmail + `"}) { ok } }`
	require.Empty(t, s.client("").do(t, ask, nil).Errors)
	letter, link := regexp.MustCompile(`href="(/mailbox/[0-9a-f-]{36})">Set a new password</a>`), regexp.MustCompile(`/reset-password#(\S{43})"`)
	var token string
	eventually(t, 20*time.Second, func() error {
		_, _, page := request(t, http.MethodGet, s.url+"/mailbox", "", nil)
		at := letter.FindStringSubmatch(page)
		if at == nil {
			return errors.New("the letter is not there yet")
		}
		_, _, page = request(t, http.MethodGet, s.url+at[1], "", nil)
		found := link.FindStringSubmatch(page)
		if found == nil {
			return errors.New("the letter has no link")
		}
		token = keep("reset token", found[1])
		return nil
	})
	reset := func(password string) answer {
		return s.client("").do(t, `mutation ($t: String!, $p: String!) { resetPassword(input: {token: $t, password: $p}) { ok } }`, vars{"t": token, "p": keep("new password", password)})
	}
	require.Equal(t, "INVALID", reset("canary-short").code())
	require.Empty(t, reset("canary of a password after the reset").Errors)
	require.Equal(t, "NOT_FOUND", reset("canary of a password that comes too late").code())

	s.stop(t)
	for _, env := range [][]string{
		{"MPANEL_SMTP_URL=smtp://mailer:" + keep("SMTP password", "canary-of-a-refused-smtp-url") + "@127.0.0.1:99999"},
		{"MPANEL_DATABASE_URL=postgres://panel:" + keep("panel's database password", "canary-of-the-panels-database") + "@127.0.0.1:1/panel?sslmode=disable", "MPANEL_SECRET_KEY=" + keep("secret key", strings.Repeat("canary-secret-key", 4))},
	} {
		code, said := s.refused(t, env...)
		require.NotZero(t, code)
		require.NotContains(t, said, "canary")
	}
	s = s.start(t, launch{env: []string{"MPANEL_MAIL_FROM=panel@example.com",
		"MPANEL_SMTP_URL=smtp://mailer:" + keep("SMTP password", "canary-of-the-smtp-password") + "@127.0.0.1:1?starttls=off"}})
	require.Empty(t, s.client("").do(t, ask, nil).Errors)
	eventually(t, 20*time.Second, func() error {
		if !strings.Contains(s.out.String(), `"mail not sent"`) {
			return errors.New("the mail server was not asked yet")
		}
		return nil
	})
	return s
}
