package secret_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/secret"
)

func TestBox_DataKeys(t *testing.T) {
	t.Parallel()
	b := box(t, strings.Repeat("a", 32))
	plain := b.Seal(secret.New(canary), "p")
	require.Zero(t, b.CurrentKey())
	require.Zero(t, secret.KeyOf(plain))
	one, two := b.NewDataKey(1), b.NewDataKey(2)
	require.NotContains(t, string(one.Wrapped), b.KeyID())
	require.NoError(t, b.UseKeys([]secret.WrappedKey{one, two}, 1))
	first := b.Seal(secret.New(canary), "p")
	require.EqualValues(t, 1, secret.KeyOf(first))
	require.True(t, bytes.HasPrefix(first, secret.Prefix(1)))
	require.NoError(t, b.UseKeys([]secret.WrappedKey{one, two}, 2))
	second := b.Seal(secret.New(canary), "p")
	require.EqualValues(t, 2, secret.KeyOf(second))
	require.EqualValues(t, 2, b.CurrentKey())
	for name, sealed := range map[string][]byte{"by no data key": plain, "by the one before": first, "by the one of now": second} {
		v, err := b.Open(sealed, "p")
		require.NoError(t, err, name)
		require.Equal(t, canary, v.Reveal(), name)
		_, err = b.Open(sealed, "q")
		require.ErrorIs(t, err, secret.ErrSealed, name)
		for i := range sealed {
			bent := slices.Clone(sealed)
			bent[i] ^= 1
			_, err := b.Open(bent, "p")
			require.Error(t, err, "%s, byte %d", name, i)
			_, err = b.Open(sealed[:i], "p")
			require.Error(t, err, "%s, %d bytes", name, i)
		}
	}
	require.NoError(t, b.UseKeys([]secret.WrappedKey{two}, 2))
	_, err := b.Open(first, "p")
	require.ErrorIs(t, err, secret.ErrSealed, "a key that is gone opens nothing")
}

func TestBox_AsksForAKeyThatItHasNot(t *testing.T) {
	t.Parallel()
	a, b := box(t, strings.Repeat("a", 32)), box(t, strings.Repeat("a", 32))
	one, two := a.NewDataKey(1), a.NewDataKey(2)
	require.NoError(t, a.UseKeys([]secret.WrappedKey{one, two}, 2))
	require.NoError(t, b.UseKeys([]secret.WrappedKey{one}, 1))
	sealed := a.Seal(secret.New("v"), "p")
	_, err := b.Open(sealed, "p")
	require.ErrorIs(t, err, secret.ErrSealed)
	asked, away := 0, errors.New("away")
	b.OnMissing(func() error { asked++; return away })
	_, err = b.Open(sealed, "p")
	require.ErrorIs(t, err, away)
	b.OnMissing(func() error { asked++; return nil })
	_, err = b.Open(sealed, "p")
	require.ErrorIs(t, err, secret.ErrSealed, "there is no such key")
	b.OnMissing(func() error { asked++; return b.UseKeys([]secret.WrappedKey{one, two}, 1) })
	for range 3 {
		v, err := b.Open(sealed, "p")
		require.NoError(t, err)
		require.Equal(t, "v", v.Reveal())
	}
	require.Equal(t, 3, asked, "and not again")
}

func TestBox_UseKeysThatItCannot(t *testing.T) {
	t.Parallel()
	b, other := box(t, strings.Repeat("a", 32)), box(t, strings.Repeat("b", 32))
	one := b.NewDataKey(1)
	require.NoError(t, b.UseKeys([]secret.WrappedKey{one}, 1))
	sealed := b.Seal(secret.New("v"), "p")
	bent := slices.Clone(one.Wrapped)
	bent[20] ^= 1
	for name, k := range map[string]secret.WrappedKey{
		"of another secret key":     other.NewDataKey(1),
		"that says it is ours":      {ID: 1, KeyID: b.KeyID(), Wrapped: other.NewDataKey(1).Wrapped},
		"under another id":          {ID: 2, KeyID: b.KeyID(), Wrapped: one.Wrapped},
		"bent":                      {ID: 1, KeyID: b.KeyID(), Wrapped: bent},
		"empty":                     {ID: 1, KeyID: b.KeyID()},
		"a value in place of a key": {ID: 1, KeyID: b.KeyID(), Wrapped: sealed},
	} {
		err := b.UseKeys([]secret.WrappedKey{k}, k.ID)
		require.ErrorIs(t, err, secret.ErrSealed, name)
		_, err = b.Rewrap(k)
		require.ErrorIs(t, err, secret.ErrSealed, name)
	}
	require.Error(t, b.UseKeys([]secret.WrappedKey{one}, 2), "a current one that is not there")
	require.Error(t, b.UseKeys(nil, 0))
	v, err := b.Open(sealed, "p")
	require.NoError(t, err, "it stays as it was")
	require.Equal(t, "v", v.Reveal())
}

func TestBox_AcceptedKeys(t *testing.T) {
	t.Parallel()
	old, next := secret.New(strings.Repeat("o", 32)), secret.New(strings.Repeat("n", 32))
	before := box(t, old.Reveal())
	both, err := secret.NewBox(next, secret.Text{}, old, next)
	require.NoError(t, err)
	require.Len(t, both.Keys("tokens"), 2, "none twice, and not the one that is not given")
	require.Equal(t, both.Key("tokens"), both.Keys("tokens")[0])
	require.Equal(t, before.Key("tokens"), both.Keys("tokens")[1])
	require.Equal(t, both.Password("x"), both.Passwords("x")[0])
	require.Equal(t, before.Password("x"), both.Passwords("x")[1])
	require.True(t, both.Accepts(before.KeyID()))
	require.False(t, before.Accepts(both.KeyID()))
	require.NotContains(t, both.KeyID(), next.Reveal()[:4])

	_, err = both.Open(before.Seal(secret.New("v"), "p"), "p")
	require.NoError(t, err)
	_, err = before.Open(both.Seal(secret.New("v"), "p"), "p")
	require.ErrorIs(t, err, secret.ErrSealed)
	k := before.NewDataKey(1)
	rewrapped, err := both.Rewrap(k)
	require.NoError(t, err)
	require.Equal(t, both.KeyID(), rewrapped.KeyID)
	require.NoError(t, before.UseKeys([]secret.WrappedKey{k}, 1))
	require.ErrorIs(t, before.UseKeys([]secret.WrappedKey{rewrapped}, 1), secret.ErrSealed)
	require.NoError(t, both.UseKeys([]secret.WrappedKey{rewrapped}, 1))
	v, err := both.Open(before.Seal(secret.New("same key"), "p"), "p")
	require.NoError(t, err)
	require.Equal(t, "same key", v.Reveal())
	_, err = secret.NewBox(next, secret.New("short"))
	require.Error(t, err)
}

func TestBox_ForAHolder(t *testing.T) {
	t.Parallel()
	b, other := box(t, strings.Repeat("a", 32)), box(t, strings.Repeat("b", 32))
	holder := secret.New("the client's key")
	sealed := b.SealFor(holder, secret.New(canary), "p")
	require.False(t, bytes.Contains(sealed, []byte(canary)))
	v, err := b.OpenFor(holder, sealed, "p")
	require.NoError(t, err)
	require.Equal(t, canary, v.Reveal())
	changed, err := secret.NewBox(secret.New(strings.Repeat("b", 32)), secret.New(strings.Repeat("a", 32)))
	require.NoError(t, err)
	_, err = changed.OpenFor(holder, sealed, "p")
	require.NoError(t, err)
	for name, open := range map[string]func() (secret.Text, error){
		"another holder": func() (secret.Text, error) { return b.OpenFor(secret.New("the client's kez"), sealed, "p") },
		"no holder":      func() (secret.Text, error) { return b.OpenFor(secret.Text{}, sealed, "p") },
		"another box":    func() (secret.Text, error) { return other.OpenFor(holder, sealed, "p") },
		"another place":  func() (secret.Text, error) { return b.OpenFor(holder, sealed, "q") },
		"as a value":     func() (secret.Text, error) { return b.Open(sealed, "p") },
		"a value":        func() (secret.Text, error) { return b.OpenFor(holder, b.Seal(secret.New("v"), "p"), "p") },
		"nothing":        func() (secret.Text, error) { return b.OpenFor(holder, nil, "p") },
		"cut off":        func() (secret.Text, error) { return b.OpenFor(holder, sealed[:9], "p") },
	} {
		v, err := open()
		require.ErrorIs(t, err, secret.ErrSealed, name)
		require.True(t, v.IsZero(), name)
	}
}
