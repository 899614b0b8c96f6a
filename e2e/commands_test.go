//go:build e2e

package e2e

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAdminCreate_ServerStoppedAndRunning makes administrators in both ways; the
// set-up link ends with the first.
func TestAdminCreate_ServerStoppedAndRunning(t *testing.T) {
	t.Parallel()
	in := install(t)
	code, said := in.runCommand(t, adminPassword+"\n", "admin", "create", "--email", adminEmail, "--password-stdin")
	require.Zero(t, code, said)
	require.Equal(t, "Administrator created: "+adminEmail+"\n", said)
	in.hasAdmin()

	s := in.start(t, launch{})
	require.NotContains(t, s.out.String(), "/setup#", "no link once there is an administrator")
	require.Equal(t, adminEmail, s.signIn(t, adminEmail).email(t))

	code, said = in.runCommand(t, adminPassword+"\n", "admin", "create", "--email", "Second@Example.com", "--name", "Second", "--password-stdin")
	require.Zero(t, code, said)
	require.Equal(t, "second@example.com", s.signIn(t, "second@example.com").email(t))

	code, said = in.runCommand(t, adminPassword, "admin", "create", "--email", adminEmail, "--password-stdin")
	require.Equal(t, 1, code)
	require.Contains(t, said, "exists already")
	require.Equal(t, 1, strings.Count(said, "\n"), said)

	code, said = in.runCommand(t, "", "migrate")
	require.Zero(t, code, "%s: also while the server runs", said)
	s.stop(t)
	code, said = in.runCommand(t, "", "migrate")
	require.Zero(t, code, said)
}

// TestAdminCreate_EndsTheSetUpLink refuses the link that a running server had
// printed before.
func TestAdminCreate_EndsTheSetUpLink(t *testing.T) {
	t.Parallel()
	in := install(t)
	s := in.start(t, launch{})
	code, said := in.runCommand(t, adminPassword, "admin", "create", "--email", adminEmail, "--password-stdin")
	require.Zero(t, code, said)
	in.hasAdmin()
	link := vars{"token": s.setupToken, "email": "late@example.com", "name": "Late", "password": adminPassword}
	wrong := vars{"token": strings.Repeat("x", len(s.setupToken)), "email": "late@example.com", "name": "Late", "password": adminPassword}
	require.Equal(t, "NOT_FOUND", s.client("").do(t, setUpMutation, vars{"in": link}).code())
	require.Equal(t, "NOT_FOUND", s.client("").do(t, setUpMutation, vars{"in": wrong}).code())
}

// TestAdminCreate_BadInput says in plain lines what is wrong, and starts nothing
// for it.
func TestAdminCreate_BadInput(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		stdin, email string
		says         []string
		lines        int
	}{
		"short password": {"short\n", adminEmail, []string{"password: ", "15"}, 1},
		"no password":    {"", adminEmail, []string{"no password on standard input"}, 1},
		"bad address":    {adminPassword, "nobody", []string{"email: "}, 1},
		"short and bad":  {"short", "nobody", []string{"password: ", "email: "}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, said := install(t).runCommand(t, tc.stdin, "admin", "create", "--email", tc.email, "--password-stdin")
			require.Equal(t, 1, code)
			for _, words := range tc.says {
				require.Contains(t, said, words)
			}
			require.Equal(t, tc.lines, strings.Count(said, "\n"), said)
		})
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	in := install(t)
	code, said := in.runCommand(t, "", "version")
	require.Zero(t, code)
	require.Regexp(t, `^mpanel \S+.*\n$`, said)
	require.NoDirExists(t, in.data())
}

// TestCommandLine_Mistake names the mistake and the way to help.
func TestCommandLine_Mistake(t *testing.T) {
	t.Parallel()
	in := install(t)
	for _, args := range [][]string{{"serv"}, {"--no-such-flag"}, {"admin"}, {"admin", "create"}} {
		code, said := in.runCommand(t, "", args...)
		require.Equal(t, 1, code, args)
		require.Contains(t, said, "mpanel:", args)
		require.NotContains(t, said, "goroutine", args)
	}
	code, said := in.runCommand(t, "", "--help")
	require.Zero(t, code)
	require.Contains(t, said, "MPANEL_DATABASE_URL")
	require.NoDirExists(t, in.data())
}
