package app

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/inbox"
)

// titles are the titles of a file of the web app's, by their keys, in English and in German.
func titles(t *testing.T, file string, key *regexp.Regexp) (english, german map[string]string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "web", "src", "components", file))
	require.NoError(t, err)
	first, second, ok := strings.Cut(string(text), "  de: {")
	require.True(t, ok)
	second, _, _ = strings.Cut(second, "\n});")
	of := func(texts string) map[string]string {
		said := map[string]string{}
		for _, m := range key.FindAllStringSubmatch(texts, -1) {
			require.NotContains(t, said, m[1], "it is there twice")
			said[m[1]] = m[2]
		}
		return said
	}
	return of(first), of(second)
}

// The web app says in words what each kind of job does, in both languages, and knows no
// kind that is not there.
func TestJobTitles_OfEveryPlan(t *testing.T) {
	t.Parallel()
	english, german := titles(t, "job-title.tsx", regexp.MustCompile(`\b([a-z_]+_[a-z_]+): "([^"]*)"`))
	var kinds []string
	for kind := range scenarios { // one for each plan, as TestPlans_FaultMatrix sees to
		key := strings.ReplaceAll(kind, ".", "_")
		kinds = append(kinds, key)
		require.Equal(t, english[key], inbox.JobTitle(kind), "notifications say %s as the web app does", kind)
	}
	slices.Sort(kinds)
	require.Equal(t, kinds, slices.Sorted(maps.Keys(english)))
	require.Equal(t, kinds, slices.Sorted(maps.Keys(german)))
}
