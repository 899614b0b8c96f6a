//go:build e2e

package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDoctor_FindsAndChangesNothing asks with the server running; the server
// itself then finds and mends the same.
func TestDoctor_FindsAndChangesNothing(t *testing.T) {
	t.Parallel()
	s, admin := fresh(t, launch{})
	customer := admin.createCustomer(t, "Patient", -1, "")
	o := admin.makeDatabase(t, customer, "patient")
	code, said := s.runCommand(t, "", "doctor")
	require.Zero(t, code, said)
	require.Equal(t, "Everything is as it should be.\n", said)

	pause(t, admin, true)
	name := o.Database.ExternalName
	server := s.tenantsDB(t)
	_, err := server.Exec(t.Context(), "ALTER ROLE "+name+" NOLOGIN")
	require.NoError(t, err)
	for range 2 {
		code, said = s.runCommand(t, "", "doctor", "--json")
		require.Equal(t, 1, code)
		var report struct {
			Complaints []struct{ Where, What, Detail string }
		}
		require.NoError(t, json.NewDecoder(strings.NewReader(said)).Decode(&report), said)
		require.Len(t, report.Complaints, 2, said)
		require.Equal(t, "MAINTENANCE", report.Complaints[0].What)
		require.Equal(t, "DIFFERS ROLE "+name, report.Complaints[1].What)
		require.Equal(t, "The role may not log in.", report.Complaints[1].Detail)
	}
	code, said = s.runCommand(t, "", "doctor")
	require.Equal(t, 1, code)
	require.Contains(t, said, "DIFFERS ROLE "+name)

	id := pause(t, admin, false)
	survey := func() {
		data[struct {
			SurveyDatabaseServer struct{ DatabaseServer struct{ ID string } }
		}](t, admin.do(t,
			`mutation ($in: SurveyDatabaseServerInput!) { surveyDatabaseServer(input: $in) { databaseServer { id } } }`, vars{"in": vars{"id": id}}))
	}
	survey()
	eventually(t, jobTime, func() error { return s.noJobsOf(t, customer) })
	login(t, o.Credentials.in(t, "URI"))
	survey()
	found := data[struct {
		DriftFindings struct {
			Nodes []struct {
				Kind, ExternalName string
				ResolvedAt         *string
				Job                struct{ Kind, State string }
			}
		}
	}](t, admin.do(t, `{ driftFindings { nodes { kind externalName resolvedAt job { kind state } } } }`, nil)).DriftFindings.Nodes
	require.Len(t, found, 1)
	require.NotNil(t, found[0].ResolvedAt)
	require.Equal(t, "database.repair", found[0].Job.Kind)
	require.Equal(t, "SUCCEEDED", found[0].Job.State)
	res, err := http.Get(s.url + "/metrics")
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Contains(t, string(body), `mpanel_drift_findings{kind="DIFFERS"} 0`)
}

// pause begins or ends maintenance of the only server, and gives its id.
func pause(t *testing.T, c *client, enabled bool) string {
	t.Helper()
	out := data[struct {
		DatabaseServers struct{ Nodes []struct{ ID string } }
	}](t, c.do(t, `{ databaseServers { nodes { id } } }`, nil))
	id := out.DatabaseServers.Nodes[0].ID
	data[struct {
		SetDatabaseServerMaintenance struct{ DatabaseServer struct{ ID string } }
	}](t, c.do(t, `mutation ($in: SetDatabaseServerMaintenanceInput!) { setDatabaseServerMaintenance(input: $in) { databaseServer { id } } }`,
		vars{"in": vars{"id": id, "enabled": enabled, "reason": "The doctor is here."}}))
	return id
}
