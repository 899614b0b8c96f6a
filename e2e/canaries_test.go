//go:build e2e

package e2e

import (
	"fmt"
	"path"
	"testing"

	"github.com/stretchr/testify/require"
)

// S27: of thirty secrets and more that were given to the panel, made by it and shown
// by it, in answers that were lost and asked for again, through a rotation of the
// keys, none is in a log, in a table (events, the journal and the audit among them) or in an error.
func TestS27_ThirtyCanaries(t *testing.T) {
	t.Parallel()
	s, admin := fresh(t, launch{})
	keep := func(secret string) string { s.keepSecret(secret); return secret }
	keep(admin.token)
	keep(s.setupToken)
	secretKey := keep(s.secretKey(t))

	type shown struct {
		order

		URL *string
	}
	n := 0
	// twice sends a mutation and, as who lost the answer, sends it again.
	twice := func(field, input string, in vars, selection string) shown {
		t.Helper()
		n++
		header := key(keep(fmt.Sprintf("canary-of-an-idempotency-key-%d", n)))
		query := fmt.Sprintf("mutation ($in: %s!) { %s(input: $in) %s }", input, field, selection)
		first := data[map[string]shown](t, admin.with(t, header, query, vars{"in": in}))[field]
		again := data[map[string]shown](t, admin.with(t, header, query, vars{"in": in}))[field]
		require.Equal(t, first.Credentials, again.Credentials, field)
		require.Equal(t, first.URL, again.URL, field)
		if first.URL != nil {
			keep(path.Base(*first.URL))
		} else {
			require.NotEmpty(t, first.Credentials.Password, field)
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
		a := admin.do(t, register, vars{"in": vars{"name": fmt.Sprintf("s%d", i), "host": host, "port": 1, "adminUser": "admin", "adminPassword": keep(fmt.Sprintf("canary of an admin password %d", i))}})
		require.NotContains(t, string(a.Body), "canary")
	}
	for i, query := range []string{
		`mutation { signIn(input: {email: "root@example.com", password: %q}) { expiresAt } }`,
		`mutation { signIn(input: {email: "root@example.com", password: %q, extra: 1}) { expiresAt } }`,
		`mutation { signIn(input: {email: 5, password: %q}) { expiresAt } }`,
		`{ node(id: %q) { id } }`,
	} {
		a := s.client("").do(t, fmt.Sprintf(query, keep(fmt.Sprintf("canary of a wrong password %d", i))), nil)
		require.NotEmpty(t, a.Errors)
	}
	a := s.client(keep("canary.of.a-token")).do(t, `{ viewer { user { email } } }`, nil)
	require.NotEmpty(t, a.Errors)
	require.NotContains(t, string(a.Body), "canary")

	code, said := s.runCommand(t, "", "keys", "rotate")
	require.Zero(t, code, said)
	require.NotContains(t, said, secretKey)
	require.NoError(t, s.searchLogs())
	require.NoError(t, s.searchTables(t.Context()))
	s.mu.Lock()
	count := len(s.secrets)
	s.mu.Unlock()
	require.GreaterOrEqual(t, count, 30)
	t.Logf("%d canaries, in no log and no table", count)
}
