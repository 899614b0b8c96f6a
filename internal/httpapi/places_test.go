package httpapi

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// Each place that the pages know is served, and no other is.
func TestWeb_PlacesAreThoseOfThePages(t *testing.T) {
	t.Parallel()
	known := func(file, pattern string) (places []string) {
		text, err := os.ReadFile(filepath.Join("..", "..", "web", "src", filepath.FromSlash(file)))
		require.NoError(t, err)
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(text), -1) {
			places = append(places, m[1])
		}
		slices.Sort(places)
		return slices.Compact(places)
	}
	require.ElementsMatch(t, appPlaces, known("app/router.tsx", `path: "/([a-z-]+)`))
	require.ElementsMatch(t, accountPlaces, append(known("account/pages.tsx", `case "/([a-z-]+)"`), "sign-in")) // which all else is
}
