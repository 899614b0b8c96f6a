package store_test

import (
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// bun would take the name of the struct where a model does not say its table's.
func TestModels_SayTheirTables(t *testing.T) {
	t.Parallel()
	n := 0
	for _, dir := range []string{"../../models", "../../internal", "../../resolvers"} {
		require.NoError(t, fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") {
				return err
			}
			text, err := os.ReadFile(dir + "/" + path)
			for line := range strings.Lines(string(text)) {
				if strings.HasPrefix(line, "\tbun.BaseModel") {
					n++
					require.Contains(t, line, "`bun:\"table:", path)
				}
			}
			return err
		}))
	}
	require.Greater(t, n, 20)
}
