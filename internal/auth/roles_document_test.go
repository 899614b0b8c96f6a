package auth

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/models"
)

var update = flag.Bool("update", false, "write docs/permissions.md")

// docs/permissions.md is what roles.go says.
func TestRoles_Document(t *testing.T) {
	t.Parallel()
	const file, begin, end = "../../docs/permissions.md", "<!-- table -->\n", "<!-- /table -->\n"
	head, line := "| |", "|---|"
	var columns [][]actor.Permission
	for _, r := range []models.ProviderRole{models.ProviderOwner, models.ProviderAdmin, models.ProviderSupport, models.ProviderBilling} {
		head, line, columns = head+" provider "+string(r)+" |", line+":-:|", append(columns, ProviderPermissions(r))
	}
	for _, r := range []models.CustomerRole{models.CustomerOwner, models.CustomerAdmin, models.CustomerDeveloper, models.CustomerBilling, models.CustomerReadOnly} {
		head, line, columns = head+" customer "+string(r)+" |", line+":-:|", append(columns, CustomerPermissions(r))
	}
	table := head + "\n" + line + "\n"
	for _, p := range allPermissions() {
		table += "| `" + string(p) + "` |"
		for _, held := range columns {
			mark := " "
			if slices.Contains(held, p) {
				mark = "x"
			}
			table += " " + mark + " |"
		}
		table += "\n"
	}
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	before, rest, ok := strings.Cut(string(b), begin)
	require.True(t, ok)
	now, after, ok := strings.Cut(rest, end)
	require.True(t, ok)
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(before+begin+table+end+after), 0o644))
		return
	}
	require.Equal(t, table, now, "write it with: go test ./internal/auth -run TestRoles_Document -update")
}
