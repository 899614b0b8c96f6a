//go:build e2e

package e2e

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The web app in Chromium, with the real panel behind it: each test of web/ is one of
// what a person does there. MPANEL_SHOTS names a folder for screenshots.
func TestWeb(t *testing.T) {
	t.Parallel()
	open := launch{env: []string{"MPANEL_SIGN_UP=on"}}
	remote := launch{env: []string{"MPANEL_TENANTS_LISTEN=0.0.0.0"}} // so that access can be given to networks
	for _, panel := range []struct {
		file string
		launch
		before func(*testing.T, *server, *client) // what no page can do
	}{ // the longest first, so that none is alone at the end
		{file: "german"}, {file: "hostile", launch: open}, {file: "shell"}, {file: "keyboard-staff", launch: remote}, {file: "keyboard-own"}, {file: "accounts", launch: open},
		{file: "databases", before: nameTaken}, {file: "operations", before: drifted}, {file: "navigation", before: drifted}, {file: "customers"}, {file: "security"},
		{file: "lists"}, {file: "audit"}, {file: "hidden"}, {file: "dashboard"}, {file: "host"}, {file: "sessions"}, {file: "stopped"},
	} {
		t.Run(panel.file, func(t *testing.T) {
			t.Parallel()
			s, admin := fresh(t, panel.launch)
			if panel.before != nil {
				panel.before(t, s, admin)
			}
			tenants, err := s.dsn("tenants", "postgres")
			require.NoError(t, err)
			own, err := s.dsn("panel", "mpanel")
			require.NoError(t, err)
			browse(t, vars{"file": panel.file, "url": s.url, "tenants": tenants, "panel": own}, nil)
		})
	}
}

// nameTaken makes a customer of whose database "space" the second step fails: the server
// has one of that name that is not ours.
func nameTaken(t *testing.T, s *server, admin *client) {
	t.Helper()
	first := admin.makeDatabase(t, admin.createCustomer(t, "Taken", 5, ""), "first")
	_, err := s.tenantsDB(t).Exec(t.Context(), "CREATE DATABASE "+strings.TrimSuffix(first.Database.ExternalName, "first")+"space")
	require.NoError(t, err)
}

// drifted makes a database whose role is not as it is to be, which is only reported.
func drifted(t *testing.T, s *server, admin *client) {
	t.Helper()
	o := admin.makeDatabase(t, admin.createCustomer(t, "Drifted", 5, ""), "drifted")
	data[any](t, admin.do(t, `mutation ($in: SetDatabaseDriftPolicyInput!) { setDatabaseDriftPolicy(input: $in) { database { id } } }`, vars{"in": vars{"id": o.Database.ID, "policy": "REPORT"}}))
	_, err := s.tenantsDB(t).Exec(t.Context(), "ALTER ROLE "+o.Database.ExternalName+" NOLOGIN")
	require.NoError(t, err)
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
