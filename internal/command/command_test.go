package command_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/command"
)

func TestNew_NoShellAndNoRelativePath(t *testing.T) {
	t.Setenv("MPANEL_SECRET_KEY", "a canary")
	for _, path := range []string{"sh", "./sh", "/bin/sh", "/usr/bin/bash", "/bin/../bin/dash", "/usr/bin/env", "/usr/bin/xargs", "/usr/bin/python3", "true", "", "bin/true"} {
		_, err := command.New(t.Context(), path, "-c", "id").Output()
		require.ErrorIs(t, err, command.ErrRefused, path)
	}
	out, err := command.New(t.Context(), "/usr/bin/printenv").Output()
	require.NoError(t, err)
	require.NotContains(t, string(out), "canary")
	require.NotContains(t, string(out), "MPANEL")
	require.Contains(t, string(out), "PATH=/usr/bin:/bin")
}

// What a shell would read stays what it is.
func TestNew_ArgumentsAreTakenAsTheyAre(t *testing.T) {
	t.Parallel()
	hostile := []string{"; id", "$(id)", "`id`", "a\nb", "-rf", "*", "'\"", "||", "\\"}
	out, err := command.New(t.Context(), "/usr/bin/printf", append([]string{"%s\\0"}, hostile...)...).Output()
	require.NoError(t, err)
	require.Equal(t, hostile, strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00"))
}

func TestNew_EndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cmd := command.New(ctx, "/bin/sleep", "600")
	require.NoError(t, cmd.Start())
	cancel()
	require.Error(t, cmd.Wait())
}
