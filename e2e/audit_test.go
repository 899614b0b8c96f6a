//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAudit_FromTheMutationToTheVerifier: what is done is sealed, also by a server that
// is stopped at once or killed; the panel's own role cannot change it; and what
// somebody changes who owns the database is found.
func TestAudit_FromTheMutationToTheVerifier(t *testing.T) {
	t.Parallel()
	s, admin := fresh(t, launch{})
	customer := admin.createCustomer(t, `<script>alert(1)</script>`, -1, "")
	admin.makeDatabase(t, customer, "audited")
	require.NotContains(t, s.out.String(), "not protected from the panel itself")
	verify := func(args ...string) (code int, report struct {
		Entries, Pending, Seals     int
		Checkpoints, Unknown, Found int
		Problems                    []struct{ What, Entry, Detail string }
	}) {
		t.Helper()
		code, said := s.runCommand(t, "", append([]string{"audit", "verify", "--json"}, args...)...)
		require.NoError(t, json.Unmarshal([]byte(strings.SplitN(said, "\n", 2)[0]), &report), said)
		return code, report
	}
	eventually(t, jobTime, func() error {
		code, r := verify()
		require.Zero(t, code, "while the server runs: %v", r.Problems)
		if r.Pending > 0 {
			return fmt.Errorf("%d entries are not sealed", r.Pending)
		}
		require.GreaterOrEqual(t, r.Entries, 3)
		return nil
	})
	for token, want := range map[string]int{admin.token: 200, "": 401, "nonsense": 401} {
		for _, format := range []string{"csv", "json"} {
			status, header, body := request(t, "GET", s.url+"/audit/export?format="+format+"&action=customer.create", "", http.Header{"Authorization": {"Bearer " + token}})
			require.Equal(t, want, status, body)
			if want == 200 {
				require.Contains(t, body, "customer.create")
				require.Contains(t, header.Get("Content-Disposition"), "attachment; filename=\"audit-")
				require.Equal(t, map[string]string{"csv": "text/csv; charset=utf-8; header=present", "json": "application/jsonl"}[format], header.Get("Content-Type"))
			} else {
				require.Equal(t, "Bearer", header.Get("WWW-Authenticate"))
			}
		}
	}
	status, _, body := request(t, "GET", s.url+"/audit/export?format=pdf&from=x", "", http.Header{"Authorization": {"Bearer " + admin.token}})
	require.Equal(t, 400, status, body)
	_, _, metrics := request(t, "GET", s.url+"/metrics", "", nil)
	require.Contains(t, metrics, "mpanel_audit_unsealed_entries ")
	require.Contains(t, metrics, "mpanel_audit_seal_lag_seconds ")

	code, said := s.runCommand(t, "", "audit", "key")
	require.Zero(t, code)
	key := strings.TrimSpace(said)

	s.stop(t)
	code, r := verify("--public-key=" + key)
	require.Zero(t, code)
	require.Zero(t, r.Pending, "a server that stops leaves nothing unsealed")
	require.Positive(t, r.Checkpoints)
	require.Zero(t, r.Unknown)
	code, r = verify("--public-key=" + strings.Repeat("A", 43) + "=")
	require.Zero(t, code)
	require.Zero(t, r.Checkpoints, "another key has signed nothing")
	require.Positive(t, r.Unknown)

	s = s.start(t, launch{})
	admin = s.signIn(t, adminEmail)
	admin.createCustomer(t, "Second", -1, "")
	s.kill(t)
	s = s.start(t, launch{})
	s.signIn(t, adminEmail)
	var panelRole, attributes string
	owner := s.panelDB(t)
	require.NoError(t, owner.QueryRow(t.Context(), `SELECT usename, (SELECT rolsuper::text || rolcreaterole || rolcreatedb || rolbypassrls || rolreplication FROM pg_roles WHERE rolname = usename)
		FROM pg_stat_activity WHERE datname = 'mpanel' AND pid <> pg_backend_pid() AND backend_type = 'client backend' LIMIT 1`).Scan(&panelRole, &attributes))
	require.Equal(t, "mpanel_node", panelRole)
	require.Equal(t, "falsefalsefalsefalsefalse", attributes)
	s.stop(t)
	code, r = verify()
	require.Zero(t, code, "after a kill and a restart: %v", r.Problems)
	require.Zero(t, r.Pending)
	sealed := r.Entries

	s = s.start(t, launch{})
	tag, err := s.panelDB(t).Exec(t.Context(), "UPDATE audit_entries SET detail = '{}' WHERE action = 'customer.create' AND detail::text LIKE '%Second%'")
	require.NoError(t, err)
	require.EqualValues(t, 1, tag.RowsAffected())
	code, r = verify()
	require.Equal(t, 1, code)
	require.Equal(t, 1, r.Found)
	require.Equal(t, "ENTRY CHANGED", r.Problems[0].What)
	_, err = s.panelDB(t).Exec(t.Context(), "TRUNCATE audit_entries, audit_seals")
	require.NoError(t, err)
	code, r = verify()
	require.Equal(t, 1, code)
	require.Equal(t, "TAIL MISSING", r.Problems[0].What)
	require.Greater(t, sealed, 5)
	code, said = s.runCommand(t, "", "audit", "verify")
	require.Equal(t, 1, code)
	require.Contains(t, said, "its end was cut off")
}
