//go:build e2e

package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/testkit"
)

// TestConformance_HTTP has the audits of graphql-http judge the server: all of
// GraphQL over HTTP, what should be and what may be included.
func TestConformance_HTTP(t *testing.T) {
	t.Parallel()
	s, _ := shared(t)
	audits := all[struct{ ID, Name, Status, Reason string }](t, node(t, "audit.mjs", vars{"url": s.url}))
	require.GreaterOrEqual(t, len(audits), 61)
	ok := 0
	for _, a := range audits {
		if a.Status == "ok" {
			ok++
			continue
		}
		t.Errorf("%s %s: %s: %s", a.Status, a.ID, a.Name, a.Reason)
	}
	testkit.Reportf(t, "graphql-http: %d of %d audits ok", ok, len(audits))
}
