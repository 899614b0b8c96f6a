package app

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/inbox"
)

// The web app says in words what each kind of job does, in both languages, and knows no
// kind that is not there.
func TestJobTitles_OfEveryPlan(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "web", "src", "components", "job-title.tsx"))
	require.NoError(t, err)
	english, german, ok := strings.Cut(string(text), "  de: {")
	require.True(t, ok)
	german, _, _ = strings.Cut(german, "\n});")

	var kinds []string
	for kind := range scenarios { // one for each plan, as TestPlans_FaultMatrix sees to
		kinds = append(kinds, strings.ReplaceAll(kind, ".", "_"))
	}
	slices.Sort(kinds)
	key := regexp.MustCompile(`\b([a-z_]+_[a-z_]+): "([^"]*)"`)
	for _, texts := range []string{english, german} {
		var titles []string
		for _, m := range key.FindAllStringSubmatch(texts, -1) {
			titles = append(titles, m[1])
		}
		slices.Sort(titles)
		require.Equal(t, kinds, titles)
	}
	said := map[string]string{}
	for _, m := range key.FindAllStringSubmatch(english, -1) {
		said[m[1]] = m[2]
	}
	for kind := range scenarios {
		require.Equal(t, said[strings.ReplaceAll(kind, ".", "_")], inbox.JobTitle(kind), "notifications say %s as the web app does", kind)
	}
}
