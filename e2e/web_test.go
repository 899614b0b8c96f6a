//go:build e2e

package e2e

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// The web app in Chromium, with the real panel behind it: each test of web/ is one of
// what a person does there. MPANEL_SHOTS names a folder for screenshots.
func TestWeb(t *testing.T) {
	t.Parallel()
	for file, panel := range map[string]launch{
		"shell": {}, "sessions": {}, "databases": {}, "hostile": {}, "keyboard": {}, "lists": {}, "dashboard": {},
		"accounts": {env: []string{"MPANEL_SIGN_UP=on"}},
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			s, _ := fresh(t, panel)
			run := node(t, "web.mjs", vars{"file": file, "url": s.url, "email": adminEmail, "password": adminPassword, "shots": os.Getenv("MPANEL_SHOTS")})
			seen := 0
			for {
				line, ok := next[struct {
					Test, Failure string
					MS            int
				}](t, run)
				if !ok {
					break
				}
				if line.Test == "" {
					continue // a step of a long one
				}
				seen++
				t.Run(line.Test, func(t *testing.T) { require.Empty(t, line.Failure) })
			}
			require.Positive(t, seen)
		})
	}
}
