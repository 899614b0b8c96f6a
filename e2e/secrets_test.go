//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSecrets_NowhereToBeFound hands secrets to the panel and takes some from it,
// in all the ways in which things go well and wrong, and looks for them in every
// log, table and file. Every other installation of these tests is searched, too,
// when its test is over.
func TestSecrets_NowhereToBeFound(t *testing.T) {
	t.Parallel()
	s, admin := fresh(t, launch{})
	const wrong, token, body = "canary of a wrong password", "canary-of-a-wrong-token", "canary of a malformed body"
	for _, c := range []string{wrong, token, body, admin.token} {
		s.keepSecret(c)
	}
	s.client("").do(t, `mutation ($in: SignInInput!) { signIn(input: $in) { accessToken } }`,
		vars{"in": vars{"email": adminEmail, "password": wrong}})
	s.client("").do(t, setUpMutation,
		vars{"in": vars{"token": token, "email": adminEmail, "name": "X", "password": wrong}})
	s.client("").do(t, `mutation { signIn(input: {email: "root@example.com", password: "`+wrong+`", extra: 1}) { accessToken } }`, nil)
	s.client("").do(t, `mutation { signIn(input: {email: 5, password: "`+wrong+`"}) { accessToken } }`, nil)
	s.client(token).do(t, `{ viewer { user { email } } }`, nil)
	request(t, "POST", s.url+"/graphql", `{"password":"`+body+`"`, jsonHeader())
	code, said := s.runCommand(t, wrong, "admin", "create", "--email", "nobody", "--password-stdin")
	require.Equal(t, 1, code, said)

	customer := admin.createCustomer(t, "Secrets", -1, "")
	create := vars{"in": vars{"customerId": customer, "name": "canary"}}
	o := created(t, admin.with(t, key("canary"), createMutation, create))
	created(t, admin.with(t, key("canary"), createMutation, create))
	admin.awaitSuccess(t, o.Job.ID)
	conn := login(t, o.Credentials.in(t, "URI"))
	_, err := conn.Exec(t.Context(), "SELECT no such thing")
	require.Error(t, err)
	admin.awaitSuccess(t, admin.deleteDatabase(t, o.Database.ID, 0).Job.ID)
	taken := admin.makeDatabase(t, customer, "kept").Database.ExternalName
	_, err = s.tenantsDB(t).Exec(t.Context(), "CREATE ROLE "+taken+"2")
	require.NoError(t, err)
	require.Equal(t, "FAILED", admin.await(t, admin.createDatabase(t, customer, "kept2").Job.ID).State)

	require.NoError(t, s.searchLogs())
	require.NoError(t, s.searchTables(t.Context()))
	require.NoError(t, s.searchFiles())
	requireSearchesWork(t, s, o.Credentials.Password)
}

// requireSearchesWork hides a secret in each kind of place: a search that finds
// nothing proves nothing unless it finds these.
func requireSearchesWork(t *testing.T, s *server, secret string) {
	t.Helper()
	db := s.panelDB(t)
	for kind, hidden := range map[string]any{
		"text": secret, "bytea": []byte(secret), "jsonb": map[string]string{"password": secret},
	} {
		table := "hiding_place_" + kind
		_, err := db.Exec(t.Context(), "CREATE TABLE "+table+" (a "+kind+")")
		require.NoError(t, err)
		_, err = db.Exec(t.Context(), "INSERT INTO "+table+" VALUES ($1)", hidden)
		require.NoError(t, err)
		require.ErrorContains(t, s.searchTables(t.Context()), table)
		require.ErrorContains(t, s.searchDump(t.Context()), table)
		_, err = db.Exec(t.Context(), "DROP TABLE "+table)
		require.NoError(t, err)
	}
	require.ErrorContains(t, s.searchFiles(), "has a secret", "what was in a table is still in a file")
	for _, line := range []string{`{"msg":"` + secret + `"}`, hex.EncodeToString([]byte(secret)),
		"ALTER ROLE x PASSWORD 'SCRAM-SHA-256$4096:c2FsdHNhbHRzYWx0$a:b'"} {
		in := &installation{secrets: map[string]bool{secret: true}}
		_, _ = in.newOutput().Write([]byte(line + "\n"))
		require.Error(t, in.searchLogs(), line)
	}
	for _, said := range []string{`[{"message":"` + secret + `"}]`, base64.StdEncoding.EncodeToString([]byte(secret))} {
		in := &installation{secrets: map[string]bool{secret: true}}
		in.tell([]byte(said))
		require.Error(t, in.searchTold(), said)
	}
	require.NoError(t, s.searchTables(context.Background()), "all is tidied up")
	require.NoError(t, s.searchDump(context.Background()))
}

// searchFiles finds secrets in the files of both clusters: tables and what they
// were before, the write-ahead log, temporary files.
func (in *installation) searchFiles() error {
	return filepath.WalkDir(in.data(), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return nil //nolint:nilerr // PostgreSQL has just removed it
		}
		for _, c := range in.canaries() {
			if bytes.Contains(b, []byte(c)) {
				return fmt.Errorf("file %s has a secret in clear text", path)
			}
		}
		return nil
	})
}
