//go:build e2e

package e2e

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A browsing is what graphiql.mjs says: what it saw, or at last all that happened.
type browsing struct {
	Saw, Authorization                     string
	Requests, Sockets, Console, Violations []string
	Inits                                  []map[string]string
	Events                                 []json.RawMessage
	Stored                                 string
	Overflow                               int // pixels of the page beyond the window
	Readable                               int // pixels that an answer has in width
}

// browse has a person use GraphiQL in Chromium and gives what happened; do is called
// with each thing that was seen. MPANEL_SHOTS names a folder for screenshots.
func (s *server) browse(t *testing.T, more vars, do func(browsing)) browsing {
	t.Helper()
	in := vars{
		"url": s.url, "email": adminEmail, "password": adminPassword,
		"scheme": "light", "width": 1280, "height": 800, "shots": os.Getenv("MPANEL_SHOTS"),
	}
	maps.Copy(in, more)
	run := node(t, "graphiql.mjs", in)
	var last browsing
	for {
		b, ok := next[browsing](t, run)
		if !ok {
			break
		}
		if last = b; b.Saw != "" {
			do(b)
		}
	}
	require.NotEmpty(t, last.Requests, "the script says at last what happened")
	for _, r := range last.Requests {
		require.True(t, strings.HasPrefix(r, s.url+"/") || strings.HasPrefix(r, "data:"), "a request left the origin: %s", r)
	}
	require.Empty(t, last.Console, "errors and warnings of the console")
	require.Empty(t, last.Violations, "violations of the policy")
	require.NotContains(t, last.Stored, "Bearer", "the token is in memory alone")
	require.NotContains(t, last.Stored, adminPassword)
	require.LessOrEqual(t, last.Overflow, 0, "the page is wider than the window")
	require.Greater(t, last.Readable, 250, "the answer is too narrow to be read")
	return last
}

// TestGraphiQL_InABrowser signs in, queries and follows a stream, with a panel that
// shows its schema to who is signed in: nothing leaves the origin and nothing
// breaks the policy.
func TestGraphiQL_InABrowser(t *testing.T) {
	t.Parallel()
	s, admin := fresh(t, launch{env: []string{"MPANEL_INTROSPECTION=signed-in"}})
	customer := admin.createCustomer(t, "GraphiQL", -1, "")
	var saw []string
	token := ""
	b := s.browse(t, vars{"follow": true, "noticeBefore": "shows its schema to nobody who is not signed in"}, func(b browsing) {
		saw = append(saw, b.Saw)
		switch b.Saw {
		case "signed in":
			token = b.Authorization
		case "stream":
			admin.createDatabase(t, customer, "followed")
		}
	})
	require.Equal(t, []string{"notice before", "wrong password refused", "signed in", "query", "stream", "events", "documentation"}, saw)
	require.Regexp(t, `^Bearer \S{20,}$`, token)
	require.Equal(t, []string{strings.Replace(s.url, "http", "ws", 1) + "/graphql"}, b.Sockets)
	require.Equal(t, []map[string]string{{"Authorization": token}}, b.Inits, "the socket's token is the one of the headers tab")
	require.Greater(t, len(b.Events), 5, "a gap, and the events of the job")

	for _, c := range []vars{
		{"scheme": "dark"},
		{"width": 390, "height": 844},
		{"scheme": "dark", "width": 390, "height": 844},
	} {
		saw = nil
		s.browse(t, c, func(b browsing) { saw = append(saw, b.Saw) })
		require.Equal(t, []string{"wrong password refused", "signed in", "query", "documentation"}, saw, "%v", c)
	}
}

// TestGraphiQL_WithoutIntrospection: it is served to who asks for it, works, and says
// what is missing; unasked it is not there.
func TestGraphiQL_WithoutIntrospection(t *testing.T) {
	t.Parallel()
	s, _ := fresh(t, launch{env: []string{"MPANEL_INTROSPECTION=off", "MPANEL_GRAPHIQL=on"}})
	var saw []string
	s.browse(t, vars{"noticeBefore": "perhaps to nobody at all", "noticeAfter": "does not give its schema away"}, func(b browsing) {
		saw = append(saw, b.Saw)
	})
	require.Equal(t, []string{"notice before", "wrong password refused", "signed in", "query"}, saw)
	s.stop(t)

	s = s.start(t, launch{env: []string{"MPANEL_INTROSPECTION=off"}})
	res, err := http.Get(s.url + "/graphiql")
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	_, err = io.Copy(io.Discard, res.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusNotFound, res.StatusCode)
}
