//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/testkit"
)

// TestS30_Hydra has a program that others guess passwords with try a word list; each of
// its requests says that it comes from another network. It finds a password that is
// among the first, and not one that is behind the limit; the person that this belongs
// to signs in from another address meanwhile.
func TestS30_Hydra(t *testing.T) {
	t.Parallel()
	s, _ := fresh(t, launch{})
	const tries, right = 200, 60
	words := make([]string, tries) // which are addresses, each of a network of its own
	for i := range words {
		words[i] = fmt.Sprintf("2001:db8:0:%x::1", 0x1000+i)
	}
	file := filepath.Join(t.TempDir(), "words")
	require.NoError(t, os.WriteFile(file, []byte(strings.Join(words, "\n")+"\n"), 0o600))
	for email, password := range map[string]string{"careless@example.com": words[4], "victim@example.com": words[right]} {
		s.keepSecret(password)
		code, said := s.runCommand(t, password, "admin", "create", "--email", email, "--name", "Ann", "--password-stdin")
		require.Zero(t, code, said)
	}
	refused := func() int { return strings.Count(s.out.String(), `"reason":"too many tries","ip":"127.0.0.1"`) }
	signIn := func(from string) (code string, took time.Duration) {
		t.Helper()
		begun := time.Now()
		a, err := s.client("").from(from).send(t.Context(), nil, signInWith, vars{"e": "victim@example.com", "p": words[right]})
		require.NoError(t, err)
		return a.code(), time.Since(begun)
	}

	found, said, err := s.hydra(t.Context(), t.TempDir(), "careless@example.com", file)
	require.NoError(t, err, said)
	require.Equal(t, []string{words[4]}, found, "what can be guessed is guessed: %s", said)
	require.Zero(t, refused())

	over := make(chan error, 1)
	go func() {
		found, said, err = s.hydra(t.Context(), t.TempDir(), "victim@example.com", file)
		over <- err
	}()
	eventually(t, time.Minute, func() error {
		if n := refused(); n < 20 {
			return fmt.Errorf("only %d were refused", n)
		}
		return nil
	})
	code, during := signIn("127.0.0.2")
	require.Empty(t, code)
	require.NoError(t, <-over, said)
	require.Empty(t, found, said)
	require.Contains(t, said, "0 valid password")
	n := refused()
	require.Equal(t, tries-10, n, "ten were let through to the password")
	code, _ = signIn("127.0.0.1")
	require.Equal(t, "RATE_LIMITED", code, "from where it is guessed, the right one is not tried")
	code, after := signIn("127.0.0.3")
	require.Empty(t, code)
	require.Less(t, max(during, after), 10*time.Second) // on a busy machine; the report has how long it took
	testkit.Reportf(t, "S30: hydra tried %d passwords, of which number %d was right: %d let through, %d refused, 0 found; from other addresses its owner signed in within %v during that and %v after it",
		tries, right+1, tries-n, n, during.Round(time.Millisecond), after.Round(time.Millisecond))
}

// from is the same caller at another address of this machine.
func (c *client) from(ip string) *client {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(ip)}}
	return &client{in: c.in, url: c.url, token: c.token, http: &http.Client{Transport: &http.Transport{DialContext: d.DialContext, DisableKeepAlives: true}}}
}

var foundByHydra = regexp.MustCompile(`(?m)^\[\d+\]\[http-post-form\] .*password: (\S+)`)

// hydra guesses the password of an account with the words of a file, one after another,
// until it is right.
func (s *server) hydra(ctx context.Context, dir, email, words string) (found []string, said string, err error) {
	u, err := url.Parse(s.url)
	if err != nil {
		return nil, "", err
	}
	host, port, err := net.SplitHostPort(u.Host)
	if err != nil {
		return nil, "", err
	}
	escape := strings.NewReplacer(":", `\:`)
	form := strings.Join([]string{
		"/graphql",
		escape.Replace(`{"query":"mutation ($e: String!, $p: String!) { signIn(input: {email: $e, password: $p}) { accessToken } }","variables":{"e":"^USER^","p":"^PASS^"}}`),
		"g=", // asks for no page first
		`H=Content-Type\: application/json`,
		`H=X-Forwarded-For\: ^PASS^`,
		`S="accessToken"\:"`,
	}, ":")
	// One at a time: what is let through is the beginning of the list.
	cmd := exec.CommandContext(ctx, "hydra", "-I", "-f", "-t", "1", "-l", email, "-P", words, "-s", port, host, "http-post-form", form)
	cmd.Dir = dir // where it keeps how far it came
	out, err := cmd.CombinedOutput()
	for _, m := range foundByHydra.FindAllStringSubmatch(string(out), -1) {
		found = append(found, m[1])
	}
	return found, string(out), err
}
