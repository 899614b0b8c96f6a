//go:build e2e

package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// nodeTime bounds how long a script of the independent client says nothing.
const nodeTime = 2 * time.Minute

// A script is a running script of client/.
type script struct {
	lines  chan json.RawMessage // closed at its end
	last   json.RawMessage      // the newest that was read
	stderr bytes.Buffer
	cmd    *exec.Cmd
}

// node starts a script with its input.
func node(t *testing.T, name string, input any) *script {
	t.Helper()
	in, err := json.Marshal(input)
	require.NoError(t, err)
	s := &script{lines: make(chan json.RawMessage, 1000), cmd: exec.CommandContext(t.Context(), "node", name)}
	s.cmd.Dir, s.cmd.Stdin, s.cmd.Stderr = "client", bytes.NewReader(in), &s.stderr
	s.cmd.Env = environment("NODE_OPTIONS=--preserve-symlinks") // client/ts finds its peers beside this
	out, err := s.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, s.cmd.Start())
	go func() {
		defer close(s.lines)
		lines := bufio.NewScanner(out)
		lines.Buffer(nil, 4<<20)
		for lines.Scan() {
			s.lines <- bytes.Clone(lines.Bytes())
		}
	}()
	return s
}

// next reads one line; false at the script's end, which must be a good one.
func next[T any](t *testing.T, s *script) (v T, ok bool) {
	t.Helper()
	select {
	case line, ok := <-s.lines:
		if !ok {
			err := s.cmd.Wait()
			require.NoError(t, err, "after %s\n%s", s.last, s.stderr.String())
			return v, false
		}
		s.last = line
		require.NoError(t, json.Unmarshal(line, &v), "%s", line)
		return v, true
	case <-time.After(nodeTime):
		_ = s.cmd.Process.Kill()
		require.FailNow(t, "the script says nothing", "after %s\n%s", s.last, s.stderr.String())
		return v, false
	}
}

// all reads every line.
func all[T any](t *testing.T, s *script) []T {
	t.Helper()
	var list []T
	for {
		v, ok := next[T](t, s)
		if !ok {
			return list
		}
		list = append(list, v)
	}
}

// throughNode sends one operation with the independent client.
func (c *client) throughNode(t *testing.T, query string, v vars) answer {
	t.Helper()
	got := all[struct {
		Status int
		Body   json.RawMessage
	}](t, node(t, "query.mjs", vars{"url": c.url, "token": c.token, "query": query, "variables": v}))
	require.Len(t, got, 1)
	a := answer{Status: got[0].Status, Body: got[0].Body}
	require.NoError(t, json.Unmarshal(a.Body, &a))
	for _, m := range handedOut.FindAllSubmatch(a.Body, -1) {
		c.in.keepSecret(string(m[1]))
	}
	return a
}

// A cut ends one connection of a watch after so many events or milliseconds.
type cut struct {
	Events *int `json:"events,omitempty"`
	Ms     *int `json:"ms,omitempty"`
}

// A watch is one job to follow.
type watch struct {
	Name  string `json:"name"`
	Job   string `json:"job"`
	After string `json:"after,omitempty"`
	Cuts  []cut  `json:"cuts,omitempty"`
}

// A sighting is one line of watch.mjs.
type sighting struct {
	Name      string
	Connected bool
	Item      *event
	Cut       *int
	Errors    []gqlError
	Complete  bool
	Closed    *struct {
		Code   int
		Reason string
	}
}

// watch follows jobs with the stock graphql-ws client.
func (c *client) watch(t *testing.T, watches ...watch) *script {
	t.Helper()
	return node(t, "watch.mjs", vars{"url": c.url, "token": c.token, "watches": watches})
}

// items are the events that a watch brought.
func items(seen []sighting, name string) []event {
	var events []event
	for _, s := range seen {
		if s.Name == name && s.Item != nil {
			events = append(events, *s.Item)
		}
	}
	return events
}
