package inbox_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/idempotency"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/inbox"
	"github.com/mpanel/mpanel/internal/page"
	"github.com/mpanel/mpanel/models"
)

func TestList_NewestFirstAndOnesOwn(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	dev, boss := r.member("dev", r.below, models.CustomerDeveloper), r.user("boss", models.ProviderOwner)
	var ids []ident.NotificationID
	for i := range 5 {
		job := r.job(r.below, dev, models.JobSucceeded)
		job.Kind = fmt.Sprint("thing.", i)
		r.tell(job, r.job(r.below, boss, models.JobFailed))
	}
	for _, n := range r.rows() {
		if n.UserID == dev {
			ids = append([]ident.NotificationID{n.ID}, ids...)
		}
	}
	ctx := as(t.Context(), dev)
	list := func(args page.Args, f *inbox.Filter) (got []ident.NotificationID, c *inbox.Connection) {
		c, err := r.List(ctx, args, f)
		require.NoError(t, err)
		for _, n := range c.Nodes() {
			got = append(got, n.ID)
		}
		return got, c
	}
	got, c := list(page.Args{WithTotal: true}, nil)
	require.Equal(t, ids, got)
	require.Equal(t, 5, total(t, c))
	got, c = list(page.Args{First: new(2)}, nil)
	require.Equal(t, ids[:2], got)
	got, _ = list(page.Args{First: new(2), After: c.PageInfo.EndCursor}, nil)
	require.Equal(t, ids[2:4], got)

	require.NoError(t, markErr(r.MarkRead(ctx, inbox.MarkReadInput{IDs: ids[1:3]})))
	got, _ = list(page.Args{}, &inbox.Filter{Unread: new(true)})
	require.Equal(t, []ident.NotificationID{ids[0], ids[3], ids[4]}, got)
	got, _ = list(page.Args{}, &inbox.Filter{Unread: new(false)})
	require.Equal(t, ids[1:3], got)
	n, err := r.Unread(ctx)
	require.NoError(t, err)
	require.Equal(t, 3, n)

	found, err := r.FindAll(ctx, ids)
	require.NoError(t, err)
	require.Len(t, found, 5)
	found, err = r.FindAll(as(t.Context(), boss), ids)
	require.NoError(t, err)
	require.Empty(t, found, "nobody else's, also not the staff's")
	for name, ctx := range others(t.Context(), dev) {
		c, err := r.List(ctx, page.Args{WithTotal: true}, nil)
		require.NoError(t, err)
		require.Empty(t, c.Nodes(), name)
		require.Zero(t, total(t, c), name)
		n, err := r.Unread(ctx)
		require.NoError(t, err)
		require.Zero(t, n, name)
		found, err := r.FindAll(ctx, ids)
		require.NoError(t, err)
		require.Empty(t, found, name)
		if name == "without the factor" { // which @auth refuses
			continue
		}
		_, err = r.MarkRead(ctx, inbox.MarkReadInput{All: true})
		require.Equal(t, fault.Forbidden, fault.CodeOf(err), name)
	}
	_, err = r.List(t.Context(), page.Args{}, nil)
	require.Equal(t, fault.Unauthenticated, fault.CodeOf(err))
}

func total(t *testing.T, c *inbox.Connection) int {
	t.Helper()
	n, err := c.TotalCount(t.Context())
	require.NoError(t, err)
	return n
}

func markErr(_ *inbox.MarkReadPayload, err error) error { return err }

func TestMarkRead(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	dev, boss := r.member("dev", r.below, models.CustomerDeveloper), r.user("boss", models.ProviderOwner)
	for range 4 {
		r.tell(r.job(r.below, dev, models.JobSucceeded))
	}
	r.tell(r.job(r.below, boss, models.JobSucceeded))
	rows := r.rows()
	ctx := as(t.Context(), dev)
	for name, tc := range map[string]struct {
		in    inbox.MarkReadInput
		code  fault.Code
		field string
	}{
		"nothing":           {inbox.MarkReadInput{}, fault.Invalid, "ids"},
		"both":              {inbox.MarkReadInput{IDs: []ident.NotificationID{rows[0].ID}, All: true}, fault.Invalid, "ids"},
		"too many":          {inbox.MarkReadInput{IDs: make([]ident.NotificationID, 101)}, fault.Invalid, "ids"},
		"somebody else's":   {inbox.MarkReadInput{IDs: []ident.NotificationID{rows[0].ID, rows[4].ID}}, fault.NotFound, "ids.1"},
		"one that is not":   {inbox.MarkReadInput{IDs: []ident.NotificationID{ident.NewNotificationID()}}, fault.NotFound, "ids.0"},
		"no id of anything": {inbox.MarkReadInput{IDs: []ident.NotificationID{{}}}, fault.NotFound, "ids.0"},
	} {
		_, err := r.MarkRead(ctx, tc.in)
		require.Equal(t, tc.code, fault.CodeOf(err), name)
		require.Equal(t, tc.field, fieldOf(t, err), name)
	}
	for _, n := range r.rows() {
		require.Nil(t, n.ReadAt, "a refusal marks nothing")
	}
	keyed, err := idempotency.WithKey(ctx, "once")
	require.NoError(t, err)
	in := inbox.MarkReadInput{IDs: []ident.NotificationID{rows[0].ID, rows[1].ID, rows[0].ID}}
	out, err := r.MarkRead(keyed, in)
	require.NoError(t, err)
	require.Equal(t, &inbox.MarkReadPayload{Marked: 2, UnreadCount: 2}, out)
	at := r.rows()[0].ReadAt
	require.NotNil(t, at)
	out, err = r.MarkRead(keyed, in)
	require.NoError(t, err)
	require.Equal(t, &inbox.MarkReadPayload{Marked: 2, UnreadCount: 2}, out, "the same answer again")
	out, err = r.MarkRead(ctx, inbox.MarkReadInput{All: true})
	require.NoError(t, err)
	require.Equal(t, &inbox.MarkReadPayload{Marked: 2}, out)
	rows = r.rows()
	require.Equal(t, at, rows[0].ReadAt, "what was read stays")
	require.NotNil(t, rows[3].ReadAt)
	require.Nil(t, rows[4].ReadAt, "all is not everybody's")
	var details []json.RawMessage
	require.NoError(t, r.db.NewRaw("SELECT detail FROM audit_entries WHERE action = 'notification.mark_read' AND allowed AND user_id = ? ORDER BY id", dev).Scan(t.Context(), &details))
	require.Len(t, details, 2, "one entry for each that was done")
	require.JSONEq(t, `{"marked": 2, "all": false}`, string(details[0]))
}

func fieldOf(t *testing.T, err error) string {
	t.Helper()
	var f *fault.Error
	require.ErrorAs(t, err, &f)
	return f.Field
}

func TestPurge(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	dev := r.member("dev", r.below, models.CustomerDeveloper)
	for range 3 {
		r.tell(r.job(r.below, dev, models.JobSucceeded))
	}
	rows := r.rows()
	r.exec("UPDATE notifications SET at = now() - ? * interval '1 second' WHERE id = ?", (inbox.Retention + time.Minute).Seconds(), rows[0].ID)
	r.exec("UPDATE notifications SET at = now() - ? * interval '1 second' WHERE id = ?", (inbox.Retention - time.Minute).Seconds(), rows[1].ID)
	require.NoError(t, r.Purge(t.Context()))
	left := r.rows()
	require.Len(t, left, 2)
	require.Equal(t, rows[1].ID, left[0].ID)
	require.NoError(t, r.Purge(t.Context()))
	require.Len(t, r.rows(), 2)
	r.exec("DELETE FROM users WHERE id = ?", dev)
	require.Empty(t, r.rows(), "they go with their user")
}
