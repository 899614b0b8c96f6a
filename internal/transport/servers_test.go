package transport_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/models"
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

func TestDatabaseServers_ThatNeedSomebody(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	for name, how := range map[string]string{
		"fine":                "checked_at = now(), reachable = true",
		"not checked yet":     "checked_at = NULL, reachable = false",
		"brake released":      "checked_at = now(), reachable = true, drift_brake = 'RELEASED'",
		"in maintenance":      `checked_at = now(), reachable = false, blocked = true, drift_brake = 'ON', maintenance = '{"reason": "New disks"}'`,
		"away":                "checked_at = now(), reachable = false",
		"blocked":             "checked_at = now(), reachable = true, blocked = true",
		"with its brake on":   "checked_at = now(), reachable = true, drift_brake = 'ON'",
		"never, but braked":   "checked_at = NULL, reachable = false, drift_brake = 'ON'",
		"away with its brake": "checked_at = now(), reachable = false, drift_brake = 'ON'",
	} {
		p.exec("UPDATE database_servers SET name = ?, "+how+" WHERE id = ?", name, p.addServer())
	}
	names := func(token, filter string) (list []any) {
		found := at(p.must(token, `{ databaseServers`+filter+` { totalCount nodes { name } } }`, nil), "databaseServers")
		for _, node := range at(found, "nodes").([]any) {
			list = append(list, at(node, "name"))
		}
		require.Equal(t, float64(len(list)), at(found, "totalCount"))
		return list
	}
	staff := p.staff()
	need := []any{"away", "blocked", "with its brake on", "never, but braked", "away with its brake"}
	others := []any{"fine", "not checked yet", "brake released", "in maintenance"}
	require.ElementsMatch(t, need, names(staff, "(filter: {needsAttention: true})"))
	require.ElementsMatch(t, others, names(staff, "(filter: {needsAttention: false})"))
	for _, none := range []string{"", "(filter: {})", "(filter: null)", "(filter: {needsAttention: null})"} {
		require.ElementsMatch(t, append(need, others...), names(staff, none), none)
	}
}

func TestDriftFindings_OfOneCustomer(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	server := p.addServer()
	reseller := p.addTenant("reseller", ident.CustomerID{}, server)
	below := p.addTenant("below", reseller.customer, server)
	other := p.addTenant("other", ident.CustomerID{}, server)
	p.insert(&models.DriftFinding{ID: ident.NewDriftFindingID(), ServerID: server, Kind: models.DriftOrphan, ObjectKind: models.ObjectRole, ExternalName: "nobodys", Detail: "x", Surveys: 1, Confirmed: true})
	p.exec("UPDATE drift_findings SET kind = 'FOREIGN' WHERE id = ?", other.finding)
	staff := p.staff()
	for name, tc := range map[string]struct {
		token    string
		customer string
		want     []any
	}{
		"of one that has others below":     {staff, reseller.customer.Opaque(), []any{"c_reseller"}},
		"of one below":                     {staff, below.customer.Opaque(), []any{"c_below"}},
		"what is foreign":                  {staff, other.customer.Opaque(), []any{"c_other"}},
		"for one above":                    {reseller.token, below.customer.Opaque(), []any{"c_below"}},
		"one's own":                        {reseller.token, reseller.customer.Opaque(), []any{"c_reseller"}},
		"what is foreign, for its own":     {other.token, other.customer.Opaque(), nil},
		"one above's":                      {below.token, reseller.customer.Opaque(), nil},
		"another's":                        {reseller.token, other.customer.Opaque(), nil},
		"a missing one's":                  {staff, ident.Opaque(ident.Customer, uuid.New()), nil},
		"a missing one's, for a customer":  {reseller.token, ident.Opaque(ident.Customer, uuid.New()), nil},
		"of what is no customer":           {staff, server.Opaque(), nil},
		"of the zero id, which nobody has": {staff, ident.Opaque(ident.Customer, uuid.UUID{}), nil},
	} {
		found := at(p.must(tc.token, `query($customer: ID) { driftFindings(filter: {customerId: $customer}) { totalCount nodes { externalName } } }`, vars{"customer": tc.customer}), "driftFindings")
		var names []any
		for _, node := range at(found, "nodes").([]any) {
			names = append(names, at(node, "externalName"))
		}
		require.Equal(t, tc.want, names, name)
		require.Equal(t, float64(len(tc.want)), at(found, "totalCount"), name)
	}
	all := p.must(staff, `query($customer: ID) { driftFindings(filter: {customerId: $customer}) { totalCount } }`, nil)
	require.Equal(t, 4.0, at(all, "driftFindings", "totalCount"), "a customer that is not given is no filter")
}
