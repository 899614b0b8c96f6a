package transport_test

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/ident"
)

const allNotifications = `{ viewer { notifications { totalCount unreadCount pageInfo { hasNextPage } edges { cursor } nodes { id level message readAt object { __typename id } } } } }`

// Nobody reads what somebody else was told, whatever they may do; what it is about is
// shown for as long as the user may see it.
func TestNotifications_OfTheUserAlone(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	server := p.addServer()
	a, b := p.addTenant("canary-a", ident.CustomerID{}, server), p.addTenant("tenant-b", ident.CustomerID{}, server)
	p.notify(ident.NewNotificationID(), b.user, "about a's", ident.Job, a.job.UUID)
	p.notify(ident.NewNotificationID(), b.user, "about what is gone", ident.Database, uuid.New())
	list := func(token string) (messages []string, objects map[string]any, unread any) {
		t.Helper()
		c := at(p.must(token, allNotifications, nil), "viewer", "notifications").(map[string]any)
		objects = map[string]any{}
		for _, n := range c["nodes"].([]any) {
			n := n.(map[string]any)
			messages = append(messages, n["message"].(string))
			objects[n["message"].(string)] = n["object"]
		}
		require.EqualValues(t, len(messages), c["totalCount"])
		return messages, objects, c["unreadCount"]
	}
	messages, objects, unread := list(b.token)
	require.Equal(t, []string{"about what is gone", "about a's", "notice tenant-b"}, messages, "the newest first")
	require.Equal(t, map[string]any{"about what is gone": nil, "about a's": nil, "notice tenant-b": map[string]any{"__typename": "Job", "id": b.job.Opaque()}}, objects)
	require.EqualValues(t, 3, unread)
	token, _ := p.apiToken(b.token, vars{"permissions": []string{"JOBS_READ"}})
	p.exec("DELETE FROM customer_tree WHERE customer_id = ?", b.customer) // who sees it no more
	_, objects, _ = list(b.token)
	require.Nil(t, objects["notice tenant-b"])

	staff := p.staff()
	acting := p.acting(staff, b.user, 5)
	for who, token := range map[string]string{"staff": staff, "an API token": token, "staff who act as the user": acting} {
		messages, _, unread := list(token)
		require.Empty(t, messages, who)
		require.EqualValues(t, 0, unread, who)
		require.Nil(t, at(p.must(token, `query($id: ID!) { node(id: $id) { id } }`, vars{"id": b.notification.Opaque()}), "node"), who)
	}
	require.NotNil(t, at(p.must(b.token, `query($id: ID!) { node(id: $id) { ... on Notification { message } } }`, vars{"id": b.notification.Opaque()}), "node"))
	read := `mutation($in: MarkNotificationsReadInput!) { markNotificationsRead(input: $in) { marked unreadCount } }`
	for who, token := range map[string]string{"an API token": token, "staff who act as the user": acting} {
		require.Equal(t, []string{"FORBIDDEN"}, p.post(token, read, vars{"in": vars{"all": true}}).codes(), who)
	}
	require.Equal(t, []string{"NOT_FOUND"}, p.post(staff, read, vars{"in": vars{"ids": []string{b.notification.Opaque()}}}).codes())
	require.Equal(t, map[string]any{"marked": 1.0, "unreadCount": 2.0}, at(p.must(b.token, read, vars{"in": vars{"ids": []string{b.notification.Opaque()}}}), "markNotificationsRead"))
	require.Equal(t, map[string]any{"marked": 2.0, "unreadCount": 0.0}, at(p.must(b.token, read, vars{"in": vars{"all": true}}), "markNotificationsRead"))
	require.Equal(t, 1, p.count("SELECT count(*) FROM notifications WHERE user_id = ? AND read_at IS NULL", a.user), "nobody else's")
}

// Over the wire: what was told while the connection was away comes with `after`, once.
func TestNotifications_GoOnAfterACut(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	server := p.addServer()
	a, b := p.addTenant("canary-a", ident.CustomerID{}, server), p.addTenant("tenant-b", ident.CustomerID{}, server)
	p.exec("DELETE FROM notifications") // which are told once more while older transactions are open
	var running sync.WaitGroup
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	t.Cleanup(func() { stop(); running.Wait() })
	running.Go(func() { p.inbox.Run(ctx) })
	query := `subscription($after: StreamPosition) { notifications(after: $after) { __typename ... on NotificationEntry { position notification { message } } ... on StreamGap { position } } }`
	watch := func(after any) (next func() map[string]any, cut func()) {
		t.Helper()
		conn := p.open(t, b.token)
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(soon)))
		send(t, conn, frame{Type: "subscribe", ID: "1", Payload: operation(query, vars{"after": after})})
		return func() map[string]any {
			t.Helper()
			for {
				var f frame
				require.NoError(t, conn.ReadJSON(&f))
				require.NotContains(t, string(f.Payload), "canary")
				if f.Type == "next" {
					var payload any
					require.NoError(t, json.Unmarshal(f.Payload, &payload))
					return at(payload, "data", "notifications").(map[string]any)
				}
			}
		}, func() { _ = conn.Close() }
	}
	next, cut := watch(nil)
	require.Equal(t, "StreamGap", next()["__typename"])
	say := func(messages ...string) {
		for _, m := range messages {
			p.notify(ident.NewNotificationID(), a.user, "canary "+m, ident.Job, b.job.UUID)
			p.notify(ident.NewNotificationID(), b.user, m, ident.Job, b.job.UUID)
		}
	}
	message := func(e map[string]any) string { return at(e, "notification", "message").(string) }
	say("one", "two")
	require.Equal(t, "one", message(next()))
	e := next()
	require.Equal(t, "two", message(e))
	cut()
	say("three", "four")
	next, cut = watch(e["position"])
	defer cut()
	require.Equal(t, "three", message(next()))
	require.Equal(t, "four", message(next()))
	say("five")
	require.Equal(t, "five", message(next()))
	require.Equal(t, []string{"INVALID"}, p.overSocketCodes(t, b.token, strings.Replace(query, "$after)", `"rubbish")`, 1)))
}
