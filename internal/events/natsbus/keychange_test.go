package natsbus_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/events/natsbus"
	"github.com/mpanel/mpanel/internal/testkit/natsd"
)

// While nodes change from one key to another they take each other's messages;
// afterwards nothing of the key before.
func TestBus_WhileTheKeyChanges(t *testing.T) {
	t.Parallel()
	s := natsd.Start(t)
	fresh := bytes.Repeat([]byte{8}, 32)
	old := open(t, s.URL(), func(c *natsbus.Config) { c.Accepted = [][]byte{fresh} }).connected(t)
	changed := open(t, s.URL(), func(c *natsbus.Config) { c.Key, c.Accepted = fresh, [][]byte{key} }).connected(t)
	after := open(t, s.URL(), func(c *natsbus.Config) { c.Key = fresh }).connected(t)
	atOld, end := old.Subscribe("note.1")
	defer end()
	atChanged, end := changed.Subscribe("note.1")
	defer end()
	atAfter, end := after.Subscribe("note.1")
	defer end()
	reach(t, changed, "note.1", atOld)
	reach(t, changed, "note.1", atAfter)
	reach(t, old, "note.1", atChanged)
	said := func(c <-chan any) int { // apart from what was said to reach them
		for {
			if n := next(t, c).N; n > 0 {
				return n
			}
		}
	}
	changed.say("note.1", 1)
	old.say("note.1", 2)
	require.Equal(t, 1, said(atAfter))
	require.Equal(t, 3, said(atOld)+said(atOld))
	require.Equal(t, 3, said(atChanged)+said(atChanged))
	changed.say("note.1", 3) // behind the one of the key before
	require.Equal(t, 3, said(atAfter), "what was sealed with the key before is not taken")
}
