package analyzers_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/go/analysis/analysistest"

	"github.com/mpanel/mpanel/internal/analyzers"
)

// Each analyzer finds what is planted, and nothing beside it.
func TestAnalyzers_FindWhatIsPlanted(t *testing.T) {
	t.Parallel()
	all := analyzers.All()
	require.Len(t, all, 4)
	for _, a := range all {
		t.Run(a.Name, func(t *testing.T) {
			t.Parallel()
			results := analysistest.Run(t, analysistest.TestData(), a, "github.com/mpanel/mpanel/internal/planted/"+a.Name)
			found := 0
			for _, r := range results {
				found += len(r.Diagnostics)
			}
			require.NotZero(t, found)
		})
	}
}

// The packages that may do it do it.
func TestAnalyzers_WhoMay(t *testing.T) {
	t.Parallel()
	analysistest.Run(t, analysistest.TestData(), analyzers.Command, "github.com/mpanel/mpanel/internal/command")
	analysistest.Run(t, analysistest.TestData(), analyzers.Client, "github.com/mpanel/mpanel/internal/outbound")
}
