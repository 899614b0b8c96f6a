package transport_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/ident"
)

// An entry tells by which API token it was done, and who acted as the user; of the
// provider's staff a customer learns no more than that.
func TestAudit_TokenAndImpersonator(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	b := p.addTenant("tenant-b", ident.CustomerID{}, p.addServer())
	grace := p.person("grace@example.com")
	staff, _ := p.signIn(grace.Email)
	token, id := p.apiToken(b.token, vars{"permissions": []string{"DATABASES_READ", "DATABASES_WRITE"}})
	acting := p.acting(staff, b.user, 5)
	policy := `mutation($id: ID!, $policy: DriftPolicy!) { setDatabaseDriftPolicy(input: {id: $id, policy: $policy}) { database { id } } }`
	last := func(by string) map[string]any {
		t.Helper()
		d := p.must(by, `{ auditEvents(first: 1, filter: {action: "database.set_drift_policy"}) { nodes { actor { id } impersonator { id } sessionId apiTokenId apiToken { id name } } } }`, nil)
		e, _ := at(d, "auditEvents", "nodes", 0).(map[string]any)
		return e
	}
	user, none := map[string]any{"id": b.user.Opaque()}, any(nil)

	p.must(token, policy, vars{"id": b.database.Opaque(), "policy": "REPORT"})
	own := last(b.token)
	require.Equal(t, map[string]any{"actor": user, "impersonator": none, "sessionId": none, "apiTokenId": id, "apiToken": map[string]any{"id": id, "name": "deploy"}}, own)
	require.Nil(t, last(staff)["impersonator"])

	p.must(acting, policy, vars{"id": b.database.Opaque(), "policy": "IGNORE"})
	require.Equal(t, map[string]any{
		"actor": user, "impersonator": map[string]any{"id": grace.ID.Opaque()}, "sessionId": none, "apiTokenId": none, "apiToken": none,
	}, last(staff))
	require.Equal(t, map[string]any{"actor": user, "impersonator": none, "sessionId": none, "apiTokenId": none, "apiToken": none}, last(b.token))

	// Of a token that is over only its id is left.
	p.must(token, policy, vars{"id": b.database.Opaque(), "policy": "REPAIR"})
	p.must(b.token, `mutation($id: ID!) { revokeApiToken(input: {id: $id}) { apiToken { id } } }`, vars{"id": id})
	over := last(b.token)
	require.Equal(t, id, over["apiTokenId"])
	require.Nil(t, over["apiToken"])
}
