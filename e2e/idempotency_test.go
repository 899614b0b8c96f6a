//go:build e2e

package e2e

import (
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCredentials_ReplayedMutation: one key, by header or by directive, is one
// database and one job; the password is shown once.
func TestCredentials_ReplayedMutation(t *testing.T) {
	t.Parallel()
	_, admin := shared(t)
	customer := admin.createCustomer(t, "Replayed", -1, "")

	header := vars{"in": vars{"customerId": customer, "name": "by_header"}}
	directive := vars{"in": vars{"customerId": customer, "name": "by_directive"}, "key": "replayed directive"}
	const withDirective = `mutation ($in: CreateDatabaseInput!, $key: String!) {
		createDatabase(input: $in) @idempotent(key: $key) ` + createPayload + ` }`
	send := map[string]func() answer{
		"header":    func() answer { return admin.with(t, key("replayed header"), createMutation, header) },
		"directive": func() answer { return admin.do(t, withDirective, directive) },
	}
	for name, do := range send {
		first := created(t, do())
		require.NotNil(t, first.Credentials, name)
		require.NotEmpty(t, first.Credentials.Password, name)
		second := created(t, do())
		require.Equal(t, first.Credentials, second.Credentials, "%s: whoever lost the answer gets the same again", name)
		require.Equal(t, first.Database.ID, second.Database.ID, name)
		require.Equal(t, first.Job.ID, second.Job.ID, name)

		admin.awaitSuccess(t, first.Job.ID)
		third := created(t, do())
		require.Equal(t, first.Credentials, third.Credentials, name)
		require.Equal(t, "ACTIVE", third.Database.State, "%s: as it is now", name)
		login(t, first.Credentials.in(t, "URI")) // a replay does not change the password
	}

	other := vars{"in": vars{"customerId": customer, "name": "other_input"}}
	require.Equal(t, "IDEMPOTENCY_KEY_REUSED", admin.with(t, key("replayed header"), createMutation, other).code())
	require.Equal(t, "IDEMPOTENCY_KEY_REUSED", admin.with(t, key("replayed directive"), createMutation, other).code(),
		"header and directive are one space of keys")

	deletion := vars{"in": vars{"id": created(t, send["header"]()).Database.ID, "graceSeconds": 0}}
	first := data[struct{ DeleteDatabase order }](t, admin.with(t, key("replayed delete"), deleteMutation, deletion)).DeleteDatabase
	admin.awaitSuccess(t, first.Job.ID)
	second := data[struct{ DeleteDatabase order }](t, admin.with(t, key("replayed delete"), deleteMutation, deletion)).DeleteDatabase
	require.Nil(t, second.Database, "it is gone")
	require.Equal(t, first.Job.ID, second.Job.ID)
}

// TestCredentials_OneKeyFiftyTimesAtOnce has all of them answered with the one
// database.
func TestCredentials_OneKeyFiftyTimesAtOnce(t *testing.T) {
	t.Parallel()
	_, admin := shared(t)
	customer := admin.createCustomer(t, "Parallel", 50, "")
	v := vars{"in": vars{"customerId": customer, "name": "once"}}

	answers := make([]answer, 50)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() { answers[i], _ = admin.send(t.Context(), key("fifty at once"), createMutation, v) })
	}
	wg.Wait()

	first := created(t, answers[0])
	require.NotNil(t, first.Credentials)
	for _, a := range answers {
		o := created(t, a)
		require.Equal(t, first.Database.ID, o.Database.ID)
		require.Equal(t, first.Job.ID, o.Job.ID)
		require.Equal(t, first.Credentials, o.Credentials, "all have the key")
	}
	require.Equal(t, "1", admin.quotaUsed(t, customer))
	list := data[struct {
		Databases struct{ TotalCount int }
		Jobs      struct{ TotalCount int }
	}](t, admin.do(t, `query ($id: ID!) { databases(filter: {customerId: $id}) { totalCount } jobs(filter: {customerId: $id}) { totalCount } }`,
		vars{"id": customer}))
	require.Equal(t, 1, list.Databases.TotalCount)
	require.Equal(t, 1, list.Jobs.TotalCount)
	admin.awaitSuccess(t, first.Job.ID)
}

// TestIdempotencyKey_Misused lists what a key cannot be used for.
func TestIdempotencyKey_Misused(t *testing.T) {
	t.Parallel()
	_, admin := shared(t)
	const signIn = `mutation { signIn(input: {email: "root@example.com", password: "not the password"}) { expiresAt } }`
	for name, tc := range map[string]struct {
		header http.Header
		query  string
	}{
		"header with two mutations": {key("two"), `mutation {
			a: createCustomer(input: {name: "A", email: "a@example.com"}) { customer { id } }
			b: createCustomer(input: {name: "B", email: "b@example.com"}) { customer { id } } }`},
		"header with signIn":    {key("sign-in"), signIn},
		"directive with signIn": {nil, `mutation { signIn(input: {email: "root@example.com", password: "not the password"}) @idempotent(key: "k") { expiresAt } }`},
		"empty key":             {nil, `mutation { createCustomer(input: {name: "A", email: "a@example.com"}) @idempotent(key: "") { customer { id } } }`},
		"unprintable key":       {nil, `mutation { createCustomer(input: {name: "A", email: "a@example.com"}) @idempotent(key: "a\u0007b") { customer { id } } }`},
	} {
		require.Equal(t, "INVALID", admin.with(t, tc.header, tc.query, nil).code(), name)
	}
}

// TestIdempotencyKey_FailedMutation keeps nothing: the same key works for what
// comes after.
func TestIdempotencyKey_FailedMutation(t *testing.T) {
	t.Parallel()
	_, admin := shared(t)
	customer := admin.createCustomer(t, "Failed first", -1, "")
	bad := vars{"in": vars{"customerId": customer, "name": "No Such Name"}}
	require.Equal(t, "INVALID", admin.with(t, key("failed"), createMutation, bad).code())
	good := vars{"in": vars{"customerId": customer, "name": "fine"}}
	o := created(t, admin.with(t, key("failed"), createMutation, good))
	require.NotNil(t, o.Credentials)
	admin.awaitSuccess(t, o.Job.ID)
}
