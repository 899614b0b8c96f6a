package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/executor/plugin"
)

const schema = `
directive @auth on FIELD_DEFINITION
directive @owner on FIELD_DEFINITION
directive @subscriptionContext on FIELD_DEFINITION
directive @goField(forceResolver: Boolean, name: String, batch: Boolean) on FIELD_DEFINITION
type Query { thing: Thing }
type Thing {
  id: ID!
  guarded: [Thing!] @auth @goField(forceResolver: true, batch: true)
  owned: [Thing!] @owner @goField(forceResolver: true, batch: true)
  single: Thing @owner @goField(forceResolver: true, batch: false)
  raw: Raw
  query: Query
  grid: [[Thing]]
}
type Raw { size: Int }
type Subscription { things: Thing @subscriptionContext counts: Int! }
`

// folder is a module of its own with a schema, that has the repository's
// dependencies.
func folder(t *testing.T, more string) string {
	t.Helper()
	dir := t.TempDir()
	root, err := filepath.Abs("../../..")
	require.NoError(t, err)
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	require.NoError(t, err)
	sum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	require.NoError(t, err)
	for name, text := range map[string]string{
		"go.mod": strings.Replace(string(mod), "module github.com/mpanel/mpanel", "module github.com/mpanel/mpanel/things", 1) +
			"\nrequire github.com/mpanel/mpanel v0.0.0\nreplace github.com/mpanel/mpanel => " + root + "\n",
		"go.sum":          string(sum),
		"schema.graphqls": schema,
		"gqlgen.yml": `schema: [schema.graphqls]
exec: {package: things, filename: generated.go}
model: {package: things, filename: models_gen.go}
skip_mod_tidy: true
models:
  Raw: {model: "map[string]interface{}"}
` + more,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	return dir
}

// What would be skipped without a word is in the tables, so that the server
// refuses to start; what is not covered says why.
func TestRun_SaysWhatIsNotCovered(t *testing.T) {
	dir := folder(t, "")
	t.Chdir(dir)
	require.NoError(t, run([]string{"-level-safe", "auth,other"}, io.Discard))
	text, err := os.ReadFile(plugin.FileName)
	require.NoError(t, err)
	tables := string(text)
	for _, want := range []string{
		"Thing.owned is a batch resolver under a directive that is not marked level-safe",
		"Subscription.things has @subscriptionContext",
		`Uncovered: "it is bound to a map"`,
		`Uncovered: "it gives a root type"`,
		`Uncovered: "it is a list of lists of objects"`,
		`Uncovered: "its events are not pointers to objects"`,
	} {
		require.Contains(t, tables, want)
	}
	require.NotContains(t, tables, "Thing.guarded is a batch")
	require.NotContains(t, tables, "Thing.single is a batch")
}

func TestRun_Fails(t *testing.T) {
	dir := folder(t, "use_function_syntax_for_execution_context: true\n")
	t.Chdir(dir)
	require.ErrorContains(t, run(nil, io.Discard), "use_function_syntax_for_execution_context")
	require.Error(t, run([]string{"-config", "missing.yml"}, io.Discard))
	require.Error(t, run([]string{"-unknown"}, io.Discard))
}

// The tables of the torture schema are what is made of it: each kind of field,
// scalar and directive is in there.
func TestRun_MakesTheTortureTables(t *testing.T) {
	const torture = "../testdata/torture/"
	config, err := os.ReadFile(torture + "gqlgen.yml")
	require.NoError(t, err)
	text, err := os.ReadFile(torture + "schema.graphqls")
	require.NoError(t, err)
	want, err := os.ReadFile(torture + "graph/" + plugin.FileName)
	require.NoError(t, err)
	dir := folder(t, "")
	paths := strings.NewReplacer("[internal/executor/testdata/torture/", "[", "filename: internal/executor/testdata/torture/graph/", "filename: ")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "gqlgen.yml"), []byte(paths.Replace(string(config))), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "schema.graphqls"), text, 0o600))
	t.Chdir(dir)
	require.NoError(t, run([]string{"-level-safe", "auth"}, io.Discard))
	got, err := os.ReadFile(plugin.FileName)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got))
}
