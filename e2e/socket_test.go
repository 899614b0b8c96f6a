//go:build e2e

package e2e

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A frame is one line of socket.mjs.
type frame struct {
	Open    bool
	Refused int
	Message *struct {
		ID, Type string
		Payload  json.RawMessage
	}
	Close *struct {
		Code   int
		Reason string
	}
}

// types are what the server sent, as the names of messages.
func types(frames []frame) []string {
	var list []string
	for _, f := range frames {
		if f.Message != nil {
			list = append(list, f.Message.Type)
		}
	}
	return list
}

func closed(t *testing.T, frames []frame) int {
	t.Helper()
	require.NotEmpty(t, frames)
	last := frames[len(frames)-1]
	require.NotNil(t, last.Close, "%+v", frames)
	return last.Close.Code
}

func hello(token string) string {
	if token == "" {
		return `{"type":"connection_init"}`
	}
	return `{"type":"connection_init","payload":{"Authorization":"Bearer ` + token + `"}}`
}

func TestSocket_BadToken(t *testing.T) {
	t.Parallel()
	s, admin := shared(t)
	last := len(admin.token) - 5
	for name, token := range map[string]string{
		"not a token":         "nonsense",
		"changed by a letter": admin.token[:last] + string(admin.token[last]^1) + admin.token[last+1:],
		"no signature":        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.",
	} {
		frames := all[frame](t, node(t, "socket.mjs", vars{"url": s.url, "send": []string{hello(token)}}))
		require.Equal(t, 4403, closed(t, frames), name)
		require.NotContains(t, types(frames), "connection_ack", name)
	}
}

// TestSocket_WithoutToken stays open, since there may be public fields, but
// tells nothing.
func TestSocket_WithoutToken(t *testing.T) {
	t.Parallel()
	s, admin := shared(t)
	o := admin.makeDatabase(t, admin.createCustomer(t, "Secret", -1, ""), "secret")
	seen := all[sighting](t, s.client("").watch(t, watch{Name: "nobody", Job: o.Job.ID}))
	require.Empty(t, items(seen, "nobody"))
	codes := []string{}
	for _, line := range seen {
		for _, e := range line.Errors {
			codes = append(codes, e.Extensions.Code)
		}
	}
	require.Equal(t, []string{"UNAUTHENTICATED"}, codes)
}

func TestSocket_ForeignOrigin(t *testing.T) {
	t.Parallel()
	s, _ := shared(t)
	for origin, want := range map[string]int{
		"https://evil.example":           403,
		"null":                           403,
		s.url + ".evil.example":          403,
		"https://evil.example/?" + s.url: 403,
		s.url:                            0,
	} {
		frames := all[frame](t, node(t, "socket.mjs", vars{"url": s.url, "origin": origin, "send": []string{`{"type":"nonsense"}`}}))
		if want == 0 {
			require.True(t, frames[0].Open, origin)
			continue
		}
		require.Equal(t, want, frames[0].Refused, origin)
	}
}

// TestSocket_NoInit is closed soon, and not at once.
func TestSocket_NoInit(t *testing.T) {
	t.Parallel()
	s, _ := shared(t)
	began := time.Now()
	frames := all[frame](t, node(t, "socket.mjs", vars{"url": s.url}))
	require.NotEqual(t, 1000, closed(t, frames))
	require.Empty(t, types(frames))
	require.Greater(t, time.Since(began), 4*time.Second)
	require.Less(t, time.Since(began), 15*time.Second)
}

// TestSocket_HugeFrame ends the connection before the frame is read.
func TestSocket_HugeFrame(t *testing.T) {
	t.Parallel()
	s, admin := shared(t)
	for name, send := range map[string][]string{
		"before init": {}, "after init": {hello(admin.token)},
	} {
		frames := all[frame](t, node(t, "socket.mjs", vars{"url": s.url, "send": send, "bytes": 1 << 20}))
		require.NotEqual(t, 1000, closed(t, frames), name)
	}
	require.Equal(t, adminEmail, admin.email(t), "others are served")
}

// email is who the caller is.
func (c *client) email(t *testing.T) string {
	t.Helper()
	return data[struct {
		Viewer struct{ User struct{ Email string } }
	}](t, c.do(t, `{ viewer { user { email } } }`, nil)).Viewer.User.Email
}
