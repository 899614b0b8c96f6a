package natsbus_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/events/natsbus"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/testkit/natsd"
)

// What comes from the wire may be anybody's.
func TestBus_ForgedAndMalformed(t *testing.T) {
	t.Parallel()
	s := natsd.Start(t)
	a, b := open(t, s.URL()).connected(t), open(t, s.URL()).connected(t)
	stranger, err := nats.Connect(s.URL().Reveal())
	require.NoError(t, err)
	defer stranger.Close()
	var mu sync.Mutex
	var overheard [][]byte
	_, err = stranger.Subscribe(">", func(m *nats.Msg) {
		mu.Lock()
		defer mu.Unlock()
		if strings.HasSuffix(m.Subject, ".note.1") {
			overheard = append(overheard, bytes.Clone(m.Data))
		}
	})
	require.NoError(t, err)
	require.NoError(t, stranger.Flush())
	c, end := b.Subscribe("note.1")
	defer end()
	another, endAnother := b.Subscribe("note.2")
	defer endAnother()
	reach(t, a, "note.1", c)
	reach(t, a, "note.2", another)
	a.Publish("note.1", &note{Topic: "note.1", N: 1, Text: "private"})
	require.Equal(t, "private", next(t, c).Text)
	require.Eventually(t, func() bool { mu.Lock(); defer mu.Unlock(); return len(overheard) > 0 }, soon, time.Millisecond)
	mu.Lock()
	last := overheard[len(overheard)-1]
	require.NotContains(t, string(bytes.Join(overheard, nil)), "private")
	require.NotContains(t, string(bytes.Join(overheard, nil)), "note")
	mu.Unlock()

	plain, err := json.Marshal(note{Topic: "note.1", N: 2})
	require.NoError(t, err)
	flipped := bytes.Clone(last)
	flipped[len(flipped)-1] ^= 1
	forged := map[string][]byte{
		"nothing": {}, "text": []byte("hello"), "the plain message": plain, "one bit": flipped, "cut": last[:len(last)-1], "only the nonce": last[:25],
		"another format": append([]byte{2}, last[1:]...), "huge": make([]byte, 900<<10),
	}
	before := b.value(t, "lost_messages_total forged")
	for _, body := range forged {
		require.NoError(t, stranger.Publish(prefix+".note.1", body))
	}
	require.NoError(t, stranger.Publish(prefix+".note.2", last), "a true message in another place")
	b.wait(t, "lost_messages_total forged", before+float64(len(forged))+1)

	// Who has the key can still be of another version, or wrong.
	peer := func(change func(*natsbus.Config)) node { return open(t, s.URL(), change).connected(t) }
	wrong := peer(func(c *natsbus.Config) {
		c.Kinds = map[string]natsbus.Kind{"note": natsbus.KindOf(func(v any) any { return v }, func(_ string, v any) (any, bool) { return v, true })}
	})
	for _, body := range []any{json.RawMessage("null"), 1, "text", []int{1}, map[string]any{"topic": "note.1", "n": "one"}, map[string]any{"topic": "note.2"}} {
		wrong.Publish("note.1", body)
	}
	b.wait(t, "lost_messages_total malformed", 6)
	strangers := peer(func(c *natsbus.Config) { c.Key = bytes.Repeat([]byte{8}, 32) })
	strangers.say("note.1", 3)
	b.wait(t, "lost_messages_total forged", before+float64(len(forged))+2)
	apart := peer(func(c *natsbus.Config) { c.Prefix = "mpanel.other" })
	apart.say("note.1", 4)

	a.say("note.1", 5)
	require.Equal(t, 5, next(t, c).N, "nothing else was delivered, and the bus is well")
	require.Empty(t, another)
}

// What is of no kind stays on its node.
func TestBus_NotForTheWire(t *testing.T) {
	t.Parallel()
	s := natsd.Start(t)
	a, b := open(t, s.URL()).connected(t), open(t, s.URL()).connected(t)
	own, endOwn := a.Subscribe("local.1")
	defer endOwn()
	other, endOther := b.Subscribe("local.1")
	defer endOther()
	c, end := b.Subscribe("note.1")
	defer end()
	a.Publish("local.1", 1)
	require.Equal(t, 1, <-own)
	reach(t, a, "note.1", c)
	require.Empty(t, other)
	require.InDelta(t, 1, a.value(t, "lost_messages_total unregistered"), 0)
	a.Publish("local.2", 1)
	require.Equal(t, 1, strings.Count(a.log.String(), "stay on this node"), "said once")
	a.Publish("note.1", "another type than the topic's")
	require.InDelta(t, 3, a.value(t, "lost_messages_total unregistered"), 0)
	a.Publish("note.1", &note{Topic: "note.1", Text: strings.Repeat("x", 64<<10)})
	require.InDelta(t, 1, a.value(t, "lost_messages_total too_large"), 0)
}

func TestBus_Credentials(t *testing.T) {
	t.Parallel()
	const password = "correct-horse"
	s := natsd.Start(t, func(o *server.Options) { o.Username, o.Password = "panel", password })
	with := func(userinfo string) secret.Text { return secret.New("nats://" + userinfo + "@" + s.Address()) }
	a, b := open(t, with("panel:"+password)).connected(t), open(t, with("panel:"+password)).connected(t)
	c, end := b.Subscribe("note.1")
	defer end()
	reach(t, a, "note.1", c)
	refused := open(t, with("panel:wrong-"+password))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	err := refused.Ping(ctx)
	require.ErrorIs(t, err, nats.ErrAuthorization)
	require.NotContains(t, err.Error()+refused.log.String(), password)
	require.Zero(t, refused.value(t, "connected"))
}
