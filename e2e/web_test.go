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
		"shell": {}, "sessions": {}, "databases": {}, "hostile": {}, "security": {}, "audit": {},
		"customers": {}, "host": {}, "german": {}, "lists": {}, "dashboard": {}, "hidden": {},
		"accounts": {env: []string{"MPANEL_SIGN_UP=on"}},
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			s, _ := fresh(t, panel)
			browse(t, vars{"file": file, "url": s.url}, nil)
		})
	}
}

// Everything by keyboard alone begins with the panel's set-up.
func TestWeb_Keyboard(t *testing.T) {
	t.Parallel()
	in := install(t)
	s := in.start(t, launch{})
	in.hasAdmin() // as soon as the first test is over
	browse(t, vars{"file": "keyboard", "url": s.url, "setupToken": s.setupToken}, nil)
}

// The line between the browser and the panel is cut, with requests and sockets alike.
func TestWeb_Line(t *testing.T) {
	t.Parallel()
	in := install(t)
	listen := freeAddress(t)
	l := newLine(t, listen)
	panel := launch{env: []string{"MPANEL_LISTEN=" + listen, "MPANEL_BASE_URL=" + l.front}}
	s := in.start(t, panel)
	in.setUp(t, s)
	browse(t, vars{"file": "line", "url": l.front, "beside": l.beside, "control": l.control}, func() {
		s.stop(t)
		s = in.start(t, panel)
	})
}

// Of a panel that executes listed documents alone, and has no list but that of its pages.
func TestWeb_TrustedDocuments(t *testing.T) {
	t.Parallel()
	in := install(t)
	s := in.start(t, launch{env: []string{"MPANEL_DOCUMENTS=trusted"}})
	browse(t, vars{"file": "trusted", "url": s.url, "setupToken": s.setupToken}, nil)
}

// browse runs the tests of one file of web/; restart is called when one asks for it.
func browse(t *testing.T, input vars, restart func()) {
	t.Helper()
	input["email"], input["password"], input["shots"] = adminEmail, adminPassword, os.Getenv("MPANEL_SHOTS")
	run := node(t, "web.mjs", input)
	seen := 0
	for {
		line, ok := next[struct {
			Test, Failure, Do string
			MS                int
		}](t, run)
		if !ok {
			break
		}
		if line.Do == "restart" {
			restart()
		}
		if line.Test == "" {
			continue // a step of a long one
		}
		seen++
		t.Run(line.Test, func(t *testing.T) { require.Empty(t, line.Failure) })
	}
	require.Positive(t, seen)
}
