package transport_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The life of a server that is away, as a client sees it. Its password goes in
// and never comes out.
func TestDatabaseServers_OverTheGraph(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	token := p.staff()
	const fields = `{ id name host port version reachable blocked problems databaseCount checkedAt
		capabilities { name available hint } maintenance { reason since } }`
	server := at(p.must(token, `mutation { registerDatabaseServer(input: {name: "Main", host: "db.example.com", adminUser: "panel", adminPassword: "s3cret-canary"}) { databaseServer `+fields+` } }`, nil),
		"registerDatabaseServer", "databaseServer").(map[string]any)
	require.Equal(t, map[string]any{
		"id": server["id"], "name": "Main", "host": "db.example.com", "port": 5432.0, "version": nil, "reachable": false, "blocked": false,
		"problems": []any{"The server does not answer."}, "databaseCount": 0.0, "checkedAt": server["checkedAt"],
		"capabilities": []any{}, "maintenance": nil,
	}, server)
	require.NotNil(t, server["checkedAt"])
	id := vars{"id": server["id"]}

	d := p.must(token, `mutation($id: ID!) { updateDatabaseServer(input: {id: $id, port: 6432, adminPassword: "an0ther-canary", sslMode: "require"}) { databaseServer { name port } } }`, id)
	require.Equal(t, map[string]any{"name": "Main", "port": 6432.0}, at(d, "updateDatabaseServer", "databaseServer"))
	d = p.must(token, `mutation($id: ID!) { checkDatabaseServer(input: {id: $id}) { databaseServer { problems } problems } }`, id)
	require.Equal(t, []any{"The server does not answer."}, at(d, "checkDatabaseServer", "problems"))
	d = p.must(token, `mutation($id: ID!) { setDatabaseServerMaintenance(input: {id: $id, enabled: true, reason: "New disks"}) { databaseServer { maintenance { reason since } } } }`, id)
	require.Equal(t, "New disks", at(d, "setDatabaseServerMaintenance", "databaseServer", "maintenance", "reason"))
	d = p.must(token, `{ databaseServers { nodes `+fields+` } }`, nil)
	require.Equal(t, "New disks", at(d, "databaseServers", "nodes").([]any)[0].(map[string]any)["maintenance"].(map[string]any)["reason"])

	r := p.post(token, `mutation { registerDatabaseServer(input: {name: "", host: "/tmp", port: 0, adminUser: "", adminPassword: "", sslMode: "x"}) { databaseServer { id } } }`, nil)
	require.Equal(t, []string{"INVALID", "INVALID", "INVALID", "INVALID", "INVALID", "INVALID"}, r.codes())
	r.wellFormed(t)

	d = p.must(token, `mutation($id: ID!) { removeDatabaseServer(input: {id: $id}) { id } }`, id)
	require.Equal(t, server["id"], at(d, "removeDatabaseServer", "id"))
	require.Zero(t, p.count("SELECT count(*) FROM database_servers"))
	require.Equal(t, 5, p.count("SELECT count(*) FROM audit_entries WHERE action LIKE 'database_server.%'"))
	require.Zero(t, p.count("SELECT count(*) FROM audit_entries WHERE detail::text LIKE '%canary%'"))
	require.NotContains(t, p.log.String(), "canary")
}
