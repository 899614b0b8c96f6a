package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// lintSchema runs the tools over the schema with replacements in its files: of each
// three, a file, what is there and what comes in its place.
func lintSchema(t *testing.T, planted ...[3]string) (string, error) {
	t.Helper()
	dir := t.TempDir()
	files, err := filepath.Glob("schema/*.graphqls")
	require.NoError(t, err)
	for _, file := range files {
		b, err := os.ReadFile(file)
		require.NoError(t, err)
		text := string(b)
		for _, p := range planted {
			if p[0] == filepath.Base(file) {
				require.Contains(t, text, p[1], "the schema has changed: plant it elsewhere")
				text = strings.Replace(text, p[1], p[2], 1)
			}
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, filepath.Base(file)), []byte(text), 0o600))
	}
	out, err := exec.CommandContext(t.Context(), "scripts/lint-schema", "--schema", dir).CombinedOutput()
	return string(out), err
}

// TestSchemaTools_PassWhatBreaksNobody: the schema as it is, and with a field more.
func TestSchemaTools_PassWhatBreaksNobody(t *testing.T) {
	t.Parallel()
	out, err := lintSchema(t, [3]string{"job.graphqls", "  state: JobState!\n", "  state: JobState!\n  \"What it is worth, in points.\"\n  worth: Int\n"})
	require.NoError(t, err, out)
	require.Empty(t, out)
}

// TestSchemaTools_RefuseWhatIsPlanted: each mistake is found by the tool that is there for it.
func TestSchemaTools_RefuseWhatIsPlanted(t *testing.T) {
	t.Parallel()
	out, err := lintSchema(t,
		[3]string{"job.graphqls", "  percent: Float!\n  \"What it works on", "  how_far: Float!\n  \"What it works on"},
		[3]string{"job.graphqls", "  state: JobState!\n", "  state: JobState\n"},
		[3]string{"job.graphqls", "    customerId: ID\n", "    customerId: ID!\n"},
		[3]string{"job.graphqls", "  edges: [JobEdge!]!\n", "  edges: JobEdge!\n"},
		[3]string{"user.graphqls", "\"Somebody who can sign in.\"\n", "\"Nowhere.\"\ntype Nowhere {\n  it: Int\n}\n\n\"Somebody who can sign in.\"\n"},
	)
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit, out)
	require.Equal(t, 1, exit.ExitCode(), out)
	for _, want := range []string{
		`breaks clients: Field 'percent' was removed from object type 'Job' \(Job\.percent\)`,
		`breaks clients: .*\(Job\.state\)`,
		`breaks clients: .*\(Subscription\.jobFeed\.customerId\)`,
		`job\.graphqls:\d+: .*how_far.*naming-convention`,
		`job\.graphqls:\d+: .*fields-are-camel-cased`,
		`job\.graphqls:\d+: .*relay-connection-types`,
		`user\.graphqls:\d+: .*Nowhere.*no-unreachable-types`,
		`user\.graphqls:\d+: .*Nowhere.*defined-types-are-used`,
		`user\.graphqls:\d+: .*require-description`,
		`user\.graphqls:\d+: .*fields-have-descriptions`,
	} {
		require.Regexp(t, want, out)
	}
}
