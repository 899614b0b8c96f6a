package keys_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/keys"
	"github.com/mpanel/mpanel/internal/secret"
)

func TestOpen_FirstKeyIsMadeOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, boxOf(t, oldKey))
	var all sync.WaitGroup
	boxes := make([]*secret.Box, 8)
	for i := range boxes {
		boxes[i] = boxOf(t, oldKey)
		all.Go(func() {
			if _, err := keys.Open(t.Context(), keys.Config{DB: w.db, Box: boxes[i]}); err != nil {
				t.Errorf("open: %v", err)
			}
		})
	}
	all.Wait()
	require.Equal(t, []uint32{1}, w.keyIDs())
	sealed := boxes[0].Seal(secret.New("v"), "p")
	require.EqualValues(t, 1, secret.KeyOf(sealed))
	for _, b := range boxes {
		v, err := b.Open(sealed, "p")
		require.NoError(t, err)
		require.Equal(t, "v", v.Reveal())
	}
}

func TestOpen_AnotherSecretKeyOpensNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, boxOf(t, oldKey))
	w.open(boxOf(t, oldKey))
	_, err := keys.Open(t.Context(), keys.Config{DB: w.db, Box: boxOf(t, newKey)})
	require.ErrorIs(t, err, secret.ErrSealed)
	require.ErrorContains(t, err, "MPANEL_OLD_SECRET_KEY")
	require.NotContains(t, err.Error(), newKey.Reveal())
	_, err = keys.Open(t.Context(), keys.Config{DB: w.db})
	require.Error(t, err)
}

// S25: what is sealed opens in its own table, column and row, and nowhere else.
func TestS25_SwappedValuesDoNotOpen(t *testing.T) {
	t.Parallel()
	box := boxOf(t, oldKey)
	w := newWorld(t, 2, box)
	w.open(box)
	for _, c := range keys.Columns() { // anew, under a data key
		for _, row := range w.rowsOf(c) {
			w.write(c, row, box.Seal(secret.New(plain(c, row)), c.Place+"/"+row))
		}
	}
	w.expectAll(box, 1)
	swaps := 0
	for _, from := range keys.Columns() {
		for _, row := range w.rowsOf(from) {
			sealed, err := w.read(t.Context(), from, row)
			require.NoError(t, err)
			for _, to := range keys.Columns() {
				for _, other := range w.rowsOf(to) {
					if from == to && row == other {
						continue
					}
					own, err := w.read(t.Context(), to, other)
					require.NoError(t, err)
					w.write(to, other, sealed)
					stolen, err := w.read(t.Context(), to, other)
					require.NoError(t, err)
					require.Equal(t, sealed, stolen)
					v, err := box.Open(stolen, to.Place+"/"+other)
					require.ErrorIs(t, err, secret.ErrSealed, "%s of %s opens as %s of %s", from.Place, row, to.Place, other)
					require.True(t, v.IsZero())
					w.write(to, other, own)
					swaps++
				}
			}
			for i := range sealed { // a header that names another key or format, too
				bent := bytes.Clone(sealed)
				bent[i] ^= 1
				_, err := box.Open(bent, from.Place+"/"+row)
				require.Error(t, err, "byte %d of %s", i, from.Place)
			}
		}
	}
	t.Logf("%d swaps of values between tables, columns and rows, none opens", swaps)
}

func TestRotate_MovesWhatNoDataKeyHasYet(t *testing.T) {
	t.Parallel()
	box := boxOf(t, oldKey)
	w := newWorld(t, 3, box) // as before there were data keys
	for _, c := range keys.Columns() {
		if c.Was != "" { // columns that shared a place then
			for _, row := range w.rowsOf(c) {
				w.write(c, row, boxOf(t, oldKey).Seal(secret.New(plain(c, row)), c.Was+"/"+row))
			}
		}
	}
	r := w.open(box)
	status, err := r.Status(t.Context())
	require.NoError(t, err)
	require.Equal(t, w.values(), status[0].Values, "%+v", status)
	require.Zero(t, status[0].ID)
	report, err := r.Rotate(t.Context(), nil)
	require.NoError(t, err)
	require.EqualValues(t, 2, report.Key)
	require.Equal(t, w.values(), report.Moved)
	require.False(t, report.Continued)
	w.expectAll(box, 2)
}

// S26: values are moved while others write them, and read them, on other nodes.
func TestS26_RotateUnderLoad(t *testing.T) {
	t.Parallel()
	box := boxOf(t, oldKey)
	w := newWorld(t, 150, box)
	r := w.open(box)
	_, err := r.Rotate(t.Context(), nil)
	require.NoError(t, err)
	kept := map[string][]byte{} // values under the key before, as in an old copy
	for _, c := range keys.Columns() {
		for _, row := range w.rowsOf(c)[:1] {
			kept[c.Place+"/"+row], err = w.read(t.Context(), c, row)
			require.NoError(t, err)
		}
	}

	ctx, stop := context.WithCancel(t.Context())
	var (
		load          sync.WaitGroup
		writes, reads atomic.Int64
	)
	for n := range 3 { // each as a node of its own
		node := boxOf(t, oldKey)
		ring := w.open(node)
		load.Go(func() { ring.Follow(ctx) })
		random := rand.New(rand.NewPCG(uint64(n), 7))
		load.Go(func() {
			for ctx.Err() == nil {
				c := keys.Columns()[random.IntN(len(keys.Columns()))]
				row := w.rowsOf(c)[random.IntN(len(w.rowsOf(c)))]
				if random.IntN(2) == 0 {
					if err := w.tryWrite(ctx, c, row, node.Seal(secret.New(plain(c, row)), c.Place+"/"+row)); err != nil {
						if ctx.Err() == nil {
							t.Errorf("write: %v", err)
						}
						return
					}
					writes.Add(1)
					continue
				}
				sealed, err := w.read(ctx, c, row)
				if err == nil {
					var v secret.Text
					if v, err = node.Open(sealed, c.Place+"/"+row); err == nil && v.Reveal() != plain(c, row) {
						err = fmt.Errorf("another value")
					}
				}
				if err != nil {
					if ctx.Err() == nil {
						t.Errorf("read %s of %s: %v", c.Place, row, err)
					}
					return
				}
				reads.Add(1)
			}
		})
	}
	report, err := r.Rotate(t.Context(), nil)
	require.NoError(t, err)
	require.EqualValues(t, 3, report.Key)
	during := writes.Load()
	require.Eventually(t, func() bool { return writes.Load() > during+50 }, 10*time.Second, time.Millisecond, "writers go on")
	stop()
	load.Wait()
	w.expectAll(box, 3)
	t.Logf("%d values moved in %v among %d writes and %d reads", report.Moved, report.Took.Round(time.Millisecond), writes.Load(), reads.Load())
	require.Positive(t, during, "writers were at work meanwhile")

	// The keys before are kept for a while, and then open nothing.
	require.NoError(t, r.Tidy(t.Context()))
	require.Equal(t, []uint32{1, 2, 3}, w.keyIDs())
	w.exec("UPDATE encryption_keys SET retired_at = now() - ? * interval '1 second' WHERE retired_at IS NOT NULL", keys.KeepRetired.Seconds()+1)
	require.NoError(t, r.Tidy(t.Context()))
	require.Equal(t, []uint32{3}, w.keyIDs())
	fresh := boxOf(t, oldKey)
	w.open(fresh)
	w.expectAll(fresh, 3)
	for place, sealed := range kept {
		require.EqualValues(t, 2, secret.KeyOf(sealed))
		_, err := fresh.Open(sealed, place)
		require.ErrorIs(t, err, secret.ErrSealed, "the key of before opens nothing")
	}
}

// What was encrypted before a rotation and is written after it is found.
func TestTidy_MovesWhatComesLate(t *testing.T) {
	t.Parallel()
	box := boxOf(t, oldKey)
	w := newWorld(t, 2, box)
	r := w.open(box)
	c := keys.Columns()[1]
	late := box.Seal(secret.New(plain(c, w.rows[0])), c.Place+"/"+w.rows[0])
	_, err := r.Rotate(t.Context(), nil)
	require.NoError(t, err)
	w.write(c, w.rows[0], late)
	other := boxOf(t, oldKey)
	w.open(other)
	v, err := other.Open(late, c.Place+"/"+w.rows[0])
	require.NoError(t, err, "it can still be read")
	require.Equal(t, plain(c, w.rows[0]), v.Reveal())
	w.exec("UPDATE encryption_keys SET retired_at = now() - interval '1 hour' WHERE retired_at IS NOT NULL")
	require.NoError(t, r.Tidy(t.Context()))
	require.Equal(t, []uint32{2}, w.keyIDs())
	w.expectAll(box, 2)
}

func TestRotate_WhatCannotBeOpenedIsKept(t *testing.T) {
	t.Parallel()
	box := boxOf(t, oldKey)
	w := newWorld(t, 5, box)
	r := w.open(box)
	c, row := keys.Columns()[1], w.rows[2]
	damaged := box.Seal(secret.New("x"), "another place")
	w.write(c, row, damaged)
	_, err := r.Rotate(t.Context(), nil)
	require.ErrorContains(t, err, "1 values cannot be opened, such as databases.verifier_sealed of row "+row)
	left, err := w.read(t.Context(), c, row)
	require.NoError(t, err)
	require.Equal(t, damaged, left)
	w.exec("UPDATE encryption_keys SET created_at = now() - interval '1 day'")
	require.Error(t, r.Tidy(t.Context()), "it goes on complaining")
	require.Equal(t, []uint32{1, 2}, w.keyIDs(), "and keeps the key")
	w.write(c, row, box.Seal(secret.New(plain(c, row)), c.Place+"/"+row))
	report, err := r.Rotate(t.Context(), nil)
	require.NoError(t, err)
	require.True(t, report.Continued)
	w.expectAll(box, 2)
}

func TestRotate_PassesLockedRowsBy(t *testing.T) {
	t.Parallel()
	box := boxOf(t, oldKey)
	w := newWorld(t, 5, box)
	r := w.open(box)
	tx, err := w.db.Pool.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = tx.Rollback(context.Background()) }()
	_, err = tx.Exec(t.Context(), "SELECT FROM databases WHERE id = $1 FOR UPDATE", w.rows[0])
	require.NoError(t, err)
	all, done := make(chan struct{}), make(chan error, 1)
	go func() {
		_, err := r.Rotate(t.Context(), func(n int) {
			if n == w.values()-3 {
				close(all)
			}
		})
		done <- err
	}()
	select {
	case <-all: // all but the three values of the row
	case err := <-done:
		t.Fatalf("it did not wait for the row: %v", err)
	}
	_, err = r.Rotate(t.Context(), nil)
	require.ErrorIs(t, err, keys.ErrRotating)
	require.NoError(t, tx.Commit(t.Context()))
	require.NoError(t, <-done)
	w.expectAll(box, 2)
}

// S26: after the change of the secret key the one of before opens nothing.
func TestS26_OldSecretKeyIsUnusable(t *testing.T) {
	t.Parallel()
	before := boxOf(t, oldKey)
	w := newWorld(t, 20, before)
	w.open(before)
	copied := w.rowsOfKeys()

	both := boxOf(t, newKey, oldKey)
	r := w.open(both)
	// A node that has the old one alone works until the change.
	c, row := keys.Columns()[1], w.rows[0]
	w.write(c, row, both.Seal(secret.New(plain(c, row)), c.Place+"/"+row))
	sealed, err := w.read(t.Context(), c, row)
	require.NoError(t, err)
	_, err = before.Open(sealed, c.Place+"/"+row)
	require.NoError(t, err)

	n, err := r.Rewrap(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, n)
	_, err = r.Rotate(t.Context(), nil)
	require.NoError(t, err)
	w.expectAll(both, 2)
	_, err = keys.Open(t.Context(), keys.Config{DB: w.db, Box: boxOf(t, oldKey)})
	require.ErrorIs(t, err, secret.ErrSealed)
	after := boxOf(t, newKey)
	r = w.open(after)
	w.expectAll(after, 2)
	// Not even with the data keys of an old copy.
	stolen := boxOf(t, oldKey)
	require.NoError(t, stolen.UseKeys(copied, 1))
	for _, c := range keys.Columns() {
		sealed, err := w.read(t.Context(), c, w.rowsOf(c)[0])
		require.NoError(t, err)
		_, err = stolen.Open(sealed, c.Place+"/"+w.rowsOf(c)[0])
		require.ErrorIs(t, err, secret.ErrSealed)
	}
	n, err = r.Rewrap(t.Context())
	require.NoError(t, err)
	require.Zero(t, n, "there is nothing left to wrap")
}

func TestLoad_DatabaseErrors(t *testing.T) {
	t.Parallel()
	box := boxOf(t, oldKey)
	w := newWorld(t, 1, box)
	r := w.open(box)
	w.exec("DELETE FROM encryption_keys")
	require.ErrorContains(t, r.Load(t.Context()), "no data keys")
	w.exec("ALTER TABLE encryption_keys RENAME TO away")
	require.Error(t, r.Load(t.Context()))
	require.Error(t, r.Tidy(t.Context()))
	_, err := r.Rotate(t.Context(), nil)
	require.Error(t, err)
	_, err = r.Rewrap(t.Context())
	require.Error(t, err)
	_, err = r.Status(t.Context())
	require.Error(t, err)
	require.EqualValues(t, 1, box.CurrentKey(), "what it had stays")
	_, err = box.Open(append(secret.Prefix(99), make([]byte, 40)...), "p")
	require.ErrorContains(t, err, "look for data key 99")
}
