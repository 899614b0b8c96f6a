package pgdump

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/fault"
)

// install makes programs that only tell their version.
func install(t *testing.T, majors ...int) string {
	t.Helper()
	root := t.TempDir()
	for _, m := range majors {
		dir := filepath.Join(root, strconv.Itoa(m), "bin")
		require.NoError(t, os.MkdirAll(dir, 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "pg_dump"), []byte("#!/bin/false\n"), 0o755))
	}
	return root
}

func TestTools_MatchingVersionOrAClearMessage(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		installed []int
		server    string
		want      string // the folder of the program, or a part of the message
	}{
		"the same":        {[]int{13, 15, 17}, "15.18", "15"},
		"the next newer":  {[]int{13, 17, 18}, "15.18", "17"},
		"a beta":          {[]int{17, 19}, "19beta1", "19"},
		"only older":      {[]int{13, 15}, "16.2", "pg_dump 16 or newer on the panel's machine, and version 15 is installed: run: apt-get update && apt-get install -y postgresql-client-16"},
		"none":            {nil, "16.2", "none is installed"},
		"no version":      {[]int{15}, "", "is not known yet"},
		"no version text": {[]int{15}, "devel", "is not known yet"},
	} {
		tools := NewIn(install(t, tc.installed...), "")
		path, err := tools.pgDump(tc.server)
		if err == nil {
			require.Equal(t, tc.want, filepath.Base(filepath.Dir(filepath.Dir(path))), name)
			require.NoError(t, tools.Check(tc.server), name)
			continue
		}
		require.Equal(t, fault.Unavailable, fault.CodeOf(err), name)
		require.ErrorContains(t, err, tc.want, name)
		require.Error(t, tools.Check(tc.server), name)
	}
	path, err := exec.LookPath("pg_dump")
	require.NoError(t, err)
	_, err = NewIn("", filepath.Dir(path)).pgDump("9.6")
	require.NoError(t, err, "what is in PATH is asked for its version")
	_, err = NewIn("", "").newest("pg_restore")
	require.ErrorContains(t, err, "apt-get install -y postgresql-client")
}

// dialer inspects as it is told.
type dialer struct {
	database.Dialer

	version string
}

func (d dialer) Inspect(context.Context, database.Address) (database.Inspection, error) {
	return database.Inspection{Version: d.version}, nil
}

func TestInspecting_AddsTheCapability(t *testing.T) {
	t.Parallel()
	tools := NewIn(install(t, 15), "")
	for version, available := range map[string]bool{"15.18": true, "17.1": false} {
		seen, err := Inspecting(dialer{version: version}, tools).Inspect(t.Context(), database.Address{})
		require.NoError(t, err)
		require.Len(t, seen.Capabilities, 1)
		require.Equal(t, Capability, seen.Capabilities[0].Name)
		require.Equal(t, available, seen.Capabilities[0].Available)
		if !available {
			require.Contains(t, *seen.Capabilities[0].Hint, "postgresql-client-17")
		}
	}
	seen, err := Inspecting(dialer{}, tools).Inspect(t.Context(), database.Address{})
	require.NoError(t, err)
	require.Empty(t, seen.Capabilities, "nothing is known of a server that was not reached")
}
