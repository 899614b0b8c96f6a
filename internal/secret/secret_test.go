package secret_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/secret"
)

const canary = "canary-hunter2"

// spellings are what a leak looks like: as it is, in hex, as numbers.
func leaks(s string) bool {
	return strings.Contains(s, canary) || strings.Contains(strings.ToLower(s), fmt.Sprintf("%x", canary)) ||
		strings.Contains(s, fmt.Sprint([]byte(canary))[1:10])
}

func TestText_NeverPrinted(t *testing.T) {
	t.Parallel()
	v := secret.New(canary)
	type holder struct{ Password secret.Text }
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "%t", "%08b", "%e", "%U", "%c", "%p"} {
		for name, arg := range map[string]any{
			"value": v, "pointer": &v, "in a field": holder{v}, "in a pointer's field": &holder{v},
			"in a slice": []secret.Text{v}, "in a map": map[string]secret.Text{"k": v}, "as a key": map[secret.Text]int{v: 1},
			"in an interface": []any{v},
		} {
			got := fmt.Sprintf(verb, arg)
			require.False(t, leaks(got), "%s of %s gives %s", verb, name, got)
		}
	}
	require.Equal(t, "[secret]", v.String())
	require.Equal(t, "[secret]", v.GoString())
	require.Equal(t, "[secret]", fmt.Sprintf("%#v", v))
	require.EqualError(t, fmt.Errorf("sign in with %v", v), "sign in with [secret]")
}

// fmt cannot call the methods of an unexported field, so the value itself must
// not be readable by reflection at depth.
func TestText_UnexportedFieldNeverPrinted(t *testing.T) {
	t.Parallel()
	type holder struct{ password secret.Text }
	h := holder{secret.New(canary)}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for name, arg := range map[string]any{"value": h, "pointer": &h, "slice": []holder{h}, "map": map[string]holder{"k": h}} {
			require.False(t, leaks(fmt.Sprintf(verb, arg)), "%s of a %s with an unexported field leaks", verb, name)
		}
	}
	require.Equal(t, canary, h.password.Reveal())
}

func TestText_NeverEncoded(t *testing.T) {
	t.Parallel()
	v := secret.New(canary)
	in := struct {
		Password secret.Text
		Optional *secret.Text
		Keys     map[secret.Text]int
	}{v, &v, map[secret.Text]int{v: 1}}
	b, err := json.Marshal(in)
	require.NoError(t, err)
	require.JSONEq(t, `{"Password":"[secret]","Optional":"[secret]","Keys":{"[secret]":1}}`, string(b))
	type account struct{ Password secret.Text }
	b, err = xml.Marshal(account{v})
	require.NoError(t, err)
	require.False(t, leaks(string(b)), "%s", b)

	var log bytes.Buffer
	for _, h := range []slog.Handler{slog.NewJSONHandler(&log, nil), slog.NewTextHandler(&log, nil)} {
		slog.New(h).InfoContext(t.Context(), "test", "password", v, "in", in, "group", slog.GroupValue(slog.Any("p", v)), "error", fmt.Errorf("with %v", v))
	}
	require.False(t, leaks(log.String()), "%s", log.String())
	require.Contains(t, log.String(), "[secret]")

	var gql strings.Builder
	v.MarshalGQL(&gql)
	require.Equal(t, `"[secret]"`, gql.String())
	text, err := v.MarshalText()
	require.NoError(t, err)
	require.Equal(t, "[secret]", string(text))
}

func TestText_TakesValues(t *testing.T) {
	t.Parallel()
	require.True(t, secret.Text{}.IsZero())
	require.False(t, secret.New("x").IsZero())
	require.Equal(t, canary, secret.New(canary).Reveal())
	require.Equal(t, secret.New("a"), secret.New("a"))
	require.True(t, secret.New("a") == secret.New("a"), "addresses of servers are keys of maps") //nolint:staticcheck // equality is what is tested
	require.False(t, secret.New("a") == secret.New("b"))

	var v secret.Text
	require.NoError(t, v.UnmarshalText([]byte(canary)))
	require.Equal(t, canary, v.Reveal())
	require.NoError(t, v.UnmarshalGQL("other"))
	require.Equal(t, "other", v.Reveal())
	for _, in := range []any{5, nil, true, map[string]any{"password": canary}, []byte(canary)} {
		err := v.UnmarshalGQL(in)
		require.Error(t, err, "%T", in)
		require.False(t, leaks(err.Error()), "%v", err)
	}
	require.Equal(t, "other", v.Reveal(), "a refused value changes nothing")
	var decoded struct{ Password secret.Text }
	require.NoError(t, json.Unmarshal([]byte(`{"Password":"from json"}`), &decoded))
	require.Equal(t, "from json", decoded.Password.Reveal())
}

func TestNewPassword(t *testing.T) {
	t.Parallel()
	seen, letters := map[string]bool{}, map[rune]int{}
	for range 2000 {
		p := secret.NewPassword(24).Reveal()
		require.Len(t, p, 24)
		require.False(t, seen[p], "the same password twice")
		seen[p] = true
		for _, r := range p {
			letters[r]++
			require.True(t, r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z', "%q", r)
		}
	}
	require.Len(t, letters, 64, "every sign of the alphabet comes")
	for r, n := range letters { // 750 expected, 27 is one standard deviation
		require.InDelta(t, 750, n, 270, "%q is drawn unevenly", r)
	}
	require.True(t, secret.NewPassword(0).IsZero())
}

func box(t *testing.T, key string) *secret.Box {
	t.Helper()
	b, err := secret.NewBox(secret.New(key))
	require.NoError(t, err)
	return b
}

func TestNewBox_KeyLength(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		key string
		ok  bool
	}{
		"empty":         {"", false},
		"one too short": {strings.Repeat("k", secret.MinKeyLen-1), false},
		"shortest":      {strings.Repeat("k", secret.MinKeyLen), true},
		"long":          {strings.Repeat("k", 4096), true},
	} {
		_, err := secret.NewBox(secret.New(tc.key))
		require.Equal(t, tc.ok, err == nil, "%s: %v", name, err)
		if err != nil && tc.key != "" {
			require.NotContains(t, err.Error(), tc.key, name)
		}
	}
}

func TestBox_OpensOnlyWhatItSealedForThePlace(t *testing.T) {
	t.Parallel()
	b, other := box(t, strings.Repeat("a", 32)), box(t, strings.Repeat("b", 32))
	v := secret.New(canary)
	sealed := b.Seal(v, "users.password/1")
	require.False(t, bytes.Contains(sealed, []byte(canary)))
	require.NotEqual(t, sealed, b.Seal(v, "users.password/1"), "each seal has its own nonce")
	got, err := b.Open(sealed, "users.password/1")
	require.NoError(t, err)
	require.Equal(t, canary, got.Reveal())
	again := box(t, strings.Repeat("a", 32))
	got, err = again.Open(sealed, "users.password/1")
	require.NoError(t, err, "the same key opens it after a restart")
	require.Equal(t, canary, got.Reveal())
	empty, err := b.Open(b.Seal(secret.Text{}, "p"), "p")
	require.NoError(t, err)
	require.True(t, empty.IsZero())

	flipped := func(i int) []byte {
		c := bytes.Clone(sealed)
		c[i] ^= 1
		return c
	}
	for name, tc := range map[string]struct {
		box    *secret.Box
		sealed []byte
		place  string
	}{
		"another place":         {b, sealed, "users.password/2"},
		"no place":              {b, sealed, ""},
		"another key":           {other, sealed, "users.password/1"},
		"another format":        {b, flipped(0), "users.password/1"},
		"nonce changed":         {b, flipped(1), "users.password/1"},
		"value changed":         {b, flipped(14), "users.password/1"},
		"tag changed":           {b, flipped(len(sealed) - 1), "users.password/1"},
		"cut off":               {b, sealed[:len(sealed)-1], "users.password/1"},
		"format and nonce only": {b, sealed[:13], "users.password/1"},
		"shorter than a nonce":  {b, sealed[:12], "users.password/1"},
		"nothing":               {b, nil, "users.password/1"},
	} {
		got, err := tc.box.Open(tc.sealed, tc.place)
		require.ErrorIs(t, err, secret.ErrSealed, name)
		require.True(t, errors.Is(err, secret.ErrSealed) && got.IsZero(), name)
	}
}

func TestBox_DerivedKeysAreStableAndApart(t *testing.T) {
	t.Parallel()
	b, again, other := box(t, strings.Repeat("a", 32)), box(t, strings.Repeat("a", 32)), box(t, strings.Repeat("b", 32))
	require.Len(t, b.Key("tokens"), 32)
	require.Equal(t, b.Key("tokens"), again.Key("tokens"))
	require.NotEqual(t, b.Key("tokens"), b.Key("links"))
	require.NotEqual(t, b.Key("tokens"), other.Key("tokens"))
	p := b.Password("tenants")
	require.Len(t, p.Reveal(), 48)
	require.Equal(t, p.Reveal(), again.Password("tenants").Reveal())
	require.NotEqual(t, p.Reveal(), b.Password("panel").Reveal())
	require.NotEqual(t, p.Reveal(), fmt.Sprintf("%x", b.Key("tenants"))[:48], "a password is no key")
}
