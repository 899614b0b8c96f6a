package app

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"
)

func TestOptions_Precedence(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "mpanel.json")
	require.NoError(t, os.WriteFile(file, []byte(`{"listen": "from file", "base_url": "from file"}`), 0o600))
	for name, tc := range map[string]struct {
		args   []string
		env    map[string]string
		listen string
		base   string
	}{
		"default":                    {nil, nil, ":8080", ""},
		"variable":                   {nil, map[string]string{"MPANEL_LISTEN": "from env"}, "from env", ""},
		"flag over variable":         {[]string{"--listen=from flag"}, map[string]string{"MPANEL_LISTEN": "from env"}, "from flag", ""},
		"file":                       {[]string{"--config=" + file}, nil, "from file", "from file"},
		"variable over file":         {[]string{"--config=" + file}, map[string]string{"MPANEL_LISTEN": "from env"}, "from env", "from file"},
		"flag over file":             {[]string{"--config=" + file, "--listen=from flag"}, nil, "from flag", "from file"},
		"file named by a variable":   {nil, map[string]string{"MPANEL_CONFIG": file}, "from file", "from file"},
		"an empty variable is unset": {nil, map[string]string{"MPANEL_LISTEN": ""}, ":8080", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lookup := func(name string) (string, bool) { v, ok := tc.env[name]; return v, ok }
			cli, _, err := parse(Env{Args: append(tc.args, "version"), Lookup: lookup, Stdout: &bytes.Buffer{}, Stderr: &bytes.Buffer{}}, kong.Exit(func(int) { t.Error("exit") }))
			require.NoError(t, err)
			require.Equal(t, tc.listen, cli.Listen)
			require.Equal(t, tc.base, cli.BaseURL)
		})
	}
	_, _, err := parse(Env{Args: []string{"--config=/no/such/file", "version"}, Lookup: func(string) (string, bool) { return "", false }, Stdout: &bytes.Buffer{}, Stderr: &bytes.Buffer{}})
	require.Error(t, err)
}
