package web_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2"

	"github.com/mpanel/mpanel/graph"
	"github.com/mpanel/mpanel/web"
)

// Each document of the list has the hash that it is listed by, and can be executed.
func TestDocuments(t *testing.T) {
	t.Parallel()
	text, err := web.Documents()
	require.NoError(t, err)
	require.NotNil(t, text, "scripts/build-web makes it")
	var list map[string]string
	require.NoError(t, json.Unmarshal(text, &list))
	schema := graph.NewExecutableSchema(graph.Config{}).Schema()
	seen := map[string]int{}
	for hash, document := range list {
		sum := sha256.Sum256([]byte(document))
		require.Equal(t, hex.EncodeToString(sum[:]), hash, document)
		parsed, invalid := gqlparser.LoadQueryWithRules(schema, document, nil)
		require.Empty(t, invalid, document)
		require.Len(t, parsed.Operations, 1, document)
		seen[parsed.Operations[0].Name]++
	}
	require.Greater(t, len(seen), 100)
	for name, n := range seen {
		require.Equal(t, 2, n, "%s: as it is written, and with __typename", name)
	}
}
