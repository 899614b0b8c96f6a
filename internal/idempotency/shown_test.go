package idempotency_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/idempotency"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/store"
	"github.com/mpanel/mpanel/internal/testkit"
)

type shownRef struct {
	Thing string `json:"thing"`

	idempotency.Shown `json:"-"`
}

const canary = "canary-\u00fc\"\\ "

// show is a mutation that shows another secret each time it is carried out.
func (w *world) show(ctx context.Context, box *secret.Box, input any) (shown map[string]secret.Text, err error) {
	err = idempotency.Once(ctx, w.db, "show", input, func(context.Context, store.Tx) (shownRef, error) {
		n := fmt.Sprint(w.runs.Add(1))
		shown = map[string]secret.Text{"password": secret.New(canary + n), "username": secret.New("u" + n), "empty": {}}
		return shownRef{Thing: n, Shown: idempotency.Show(box, shown)}, nil
	}, func(_ context.Context, _ store.Tx, r shownRef) error {
		shown = r.Again(box)
		return nil
	})
	return shown, err
}

func (w *world) sealed() (n int) {
	w.t.Helper()
	return w.count("idempotency_keys WHERE answer_sealed IS NOT NULL")
}

func TestShown_AgainToWhoHasTheKey(t *testing.T) {
	t.Parallel()
	box := testkit.Box(t)
	w := newWorld(t)
	first, err := w.show(w.as(w.ada, "k"), box, "in")
	require.NoError(t, err)
	require.Equal(t, canary+"1", first["password"].Reveal())
	for range 3 {
		again, err := w.show(w.as(w.ada, "k"), box, "in")
		require.NoError(t, err)
		require.Equal(t, first, again, "the same, byte for byte")
	}
	require.EqualValues(t, 1, w.runs.Load())

	for name, ctx := range map[string]context.Context{
		"another user's same key": w.as(w.bob, "k"), "another key": w.as(w.ada, "l"), "no key": w.as(w.ada, ""),
	} {
		other, err := w.show(ctx, box, "in")
		require.NoError(t, err, name)
		require.NotEqual(t, first, other, "%s: what is shown is one's own", name)
	}
	_, err = w.show(w.as(w.ada, "k"), box, "another input")
	require.Equal(t, fault.IdempotencyKeyReused, fault.CodeOf(err))
}

func TestShown_KeptSoThatNobodyReadsIt(t *testing.T) {
	t.Parallel()
	box := testkit.Box(t)
	w := newWorld(t)
	_, err := w.show(w.as(w.ada, ""), box, "in")
	require.NoError(t, err)
	require.Zero(t, w.count("idempotency_keys"), "without a key nothing is kept")
	first, err := w.show(w.as(w.ada, "canary-key"), box, "in")
	require.NoError(t, err)
	require.Equal(t, 1, w.sealed())
	var text string
	require.NoError(t, w.db.NewRaw("SELECT ik::text || encode(answer_sealed, 'escape') FROM idempotency_keys AS ik").Scan(t.Context(), &text))
	require.NotContains(t, text, "canary")
	require.NotContains(t, text, first["username"].Reveal()+`"`)

	// Neither the panel's key alone nor the row of somebody else opens it.
	w.exec("INSERT INTO idempotency_keys (user_id, key_hash, input_hash, refs, answer_sealed) SELECT ?, key_hash, input_hash, refs, answer_sealed FROM idempotency_keys", w.bob)
	stolen, err := w.show(w.as(w.bob, "canary-key"), box, "in")
	require.NoError(t, err)
	require.Nil(t, stolen, "a row that was copied to another user")
	w.exec("UPDATE idempotency_keys SET key_hash = sha256('mine') WHERE user_id = ?", w.ada)
	stolen, err = w.show(w.as(w.ada, "mine"), box, "in")
	require.NoError(t, err)
	require.Nil(t, stolen, "a row that was given another key")
}

func TestShown_NotToWhoActsAsSomebodyElse(t *testing.T) {
	t.Parallel()
	box := testkit.Box(t)
	w := newWorld(t)
	as := func(key string) context.Context {
		ctx, err := idempotency.WithKey(actor.With(t.Context(), &actor.Actor{User: w.ada, Impersonator: ident.NewUserID()}), key)
		require.NoError(t, err)
		return ctx
	}
	first, err := w.show(w.as(w.ada, "k"), box, "in")
	require.NoError(t, err)
	again, err := w.show(as("k"), box, "in")
	require.NoError(t, err)
	require.Nil(t, again)
	_, err = w.show(as("theirs"), box, "in")
	require.NoError(t, err)
	require.Equal(t, 1, w.sealed(), "and nothing is kept of what they order")
	again, err = w.show(w.as(w.ada, "k"), box, "in")
	require.NoError(t, err)
	require.Equal(t, first, again)
}

func TestShown_ForAQuarterOfAnHour(t *testing.T) {
	t.Parallel()
	box := testkit.Box(t)
	w := newWorld(t)
	first, err := w.show(w.as(w.ada, "k"), box, "in")
	require.NoError(t, err)
	age := func(by string) { w.exec("UPDATE idempotency_keys SET created_at = created_at - ?::interval", by) }
	age("14 minutes 50 seconds")
	require.NoError(t, idempotency.PurgeAnswers(t.Context(), w.db))
	again, err := w.show(w.as(w.ada, "k"), box, "in")
	require.NoError(t, err)
	require.Equal(t, first, again, "just under a quarter of an hour")
	age("11 seconds")
	again, err = w.show(w.as(w.ada, "k"), box, "in")
	require.NoError(t, err)
	require.Nil(t, again, "just over it, also before the purge")
	require.Equal(t, 1, w.sealed())
	require.NoError(t, idempotency.PurgeAnswers(t.Context(), w.db))
	require.Zero(t, w.sealed())
	require.Equal(t, 1, w.count("idempotency_keys"), "the key itself is remembered")
	_, err = w.show(w.as(w.ada, "k"), box, "other")
	require.Equal(t, fault.IdempotencyKeyReused, fault.CodeOf(err))
	// After a day the key begins anew, with another secret.
	age("24 hours")
	fresh, err := w.show(w.as(w.ada, "k"), box, "in")
	require.NoError(t, err)
	require.NotEqual(t, first, fresh)
	again, err = w.show(w.as(w.ada, "k"), box, "in")
	require.NoError(t, err)
	require.Equal(t, fresh, again)
}

func TestShown_AfterTheSecretKeyChanged(t *testing.T) {
	t.Parallel()
	old, next := secret.New(strings.Repeat("old-key-", 8)), secret.New(strings.Repeat("new-key-", 8))
	box := func(key secret.Text, accepted ...secret.Text) *secret.Box {
		b, err := secret.NewBox(key, accepted...)
		require.NoError(t, err)
		return b
	}
	w := newWorld(t)
	first, err := w.show(w.as(w.ada, "k"), box(old), "in")
	require.NoError(t, err)
	again, err := w.show(w.as(w.ada, "k"), box(next, old), "in")
	require.NoError(t, err)
	require.Equal(t, first, again)
	again, err = w.show(w.as(w.ada, "k"), box(next), "in")
	require.NoError(t, err, "it is over, and no failure")
	require.Nil(t, again)
	w.exec("ALTER TABLE idempotency_keys RENAME TO away")
	require.Error(t, idempotency.PurgeAnswers(t.Context(), w.db))
}
