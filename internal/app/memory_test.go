package app

import (
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
)

// Not parallel: the settings are the process's.
func TestTuneMemory(t *testing.T) { //nolint:paralleltest // as said
	gc, limit := debug.SetGCPercent(100), debug.SetMemoryLimit(-1)
	t.Cleanup(func() { debug.SetGCPercent(gc); debug.SetMemoryLimit(limit) })
	for name, tc := range map[string]struct {
		env       map[string]string
		file      string
		gc        int
		wantLimit int64
	}{
		"no limit":             {nil, "max\n", gcPercent, math.MaxInt64},
		"no control group":     {nil, "", gcPercent, math.MaxInt64},
		"a limit":              {nil, "1000000000\n", gcPercent, 750_000_000},
		"GOGC is kept":         {map[string]string{"GOGC": "50"}, "max", 100, math.MaxInt64},
		"GOMEMLIMIT is kept":   {map[string]string{"GOMEMLIMIT": "1GiB"}, "1000000000", gcPercent, math.MaxInt64},
		"empty is as unset":    {map[string]string{"GOGC": "", "GOMEMLIMIT": ""}, "2000", gcPercent, 1500},
		"something else in it": {nil, "-5 bytes", gcPercent, math.MaxInt64},
	} {
		t.Run(name, func(t *testing.T) {
			debug.SetGCPercent(100)
			debug.SetMemoryLimit(math.MaxInt64)
			file := filepath.Join(t.TempDir(), "memory.max")
			if tc.file != "" {
				require.NoError(t, os.WriteFile(file, []byte(tc.file), 0o600))
			}
			tuneMemory(func(k string) (string, bool) { v, ok := tc.env[k]; return v, ok }, file)
			require.Equal(t, tc.wantLimit, debug.SetMemoryLimit(-1))
			require.Equal(t, tc.gc, debug.SetGCPercent(100))
		})
	}
}
