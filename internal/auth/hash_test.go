package auth

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/secret"
)

func cheapHasher(concurrency int) *Hasher {
	h := NewHasher(concurrency)
	h.cost = cost{memory: 64, passes: 1, threads: 1}
	return h
}

// From the test suite of the reference implementation, src/test.c.
const referenceHash = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"

func TestHasher_HashOfTheReferenceImplementation(t *testing.T) {
	t.Parallel()
	h := NewHasher(1)
	ok, outdated, err := h.Verify(t.Context(), referenceHash, secret.New("password"))
	require.NoError(t, err)
	require.True(t, ok)
	require.False(t, outdated, "64 MiB are more than ours")

	ok, _, err = h.Verify(t.Context(), referenceHash, secret.New("Password"))
	require.NoError(t, err)
	require.False(t, ok)
}

// S18: the parameters are in the stored hash, and are those of OWASP.
func TestS18_ParametersAreReadBackFromTheHash(t *testing.T) {
	t.Parallel()
	h := NewHasher(1)
	one, err := h.Hash(t.Context(), secret.New("a long enough password"))
	require.NoError(t, err)
	require.Regexp(t, `^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$`, one)
	ok, outdated, err := h.Verify(t.Context(), one, secret.New("a long enough password"))
	require.NoError(t, err)
	require.True(t, ok)
	require.False(t, outdated)

	two, err := h.Hash(t.Context(), secret.New("a long enough password"))
	require.NoError(t, err)
	require.NotEqual(t, one, two, "each hash has its own salt")
}

func TestHasher_EveryByteCounts(t *testing.T) {
	t.Parallel()
	h := cheapHasher(1)
	base := strings.Repeat("a", 72)
	for name, other := range map[string]string{
		"73rd byte":         base + "X",
		"71 bytes":          base[1:],
		"255 against 256":   strings.Repeat("a", 255),
		"space at the end":  base + " ",
		"other case":        strings.ToUpper(base),
		"after a NUL":       base + "\x00b",
		"composed differs":  "e\u0301" + base,
		"nothing":           "",
		"72 bytes and more": base + strings.Repeat("b", 184),
	} {
		stored, err := h.Hash(t.Context(), secret.New(base))
		require.NoError(t, err)
		ok, _, err := h.Verify(t.Context(), stored, secret.New(other))
		require.NoError(t, err)
		require.False(t, ok, name)
	}
}

func TestHasher_StoredHashOutOfBounds(t *testing.T) {
	t.Parallel()
	h := NewHasher(1)
	h.derive = func([]byte, []byte, uint32, uint32, uint8, uint32) []byte {
		t.Error("a hash out of bounds was computed")
		return nil
	}
	const salt, key = "c29tZXNhbHQ", "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	for name, stored := range map[string]string{
		"empty":              "",
		"bcrypt":             "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
		"argon2i":            "$argon2i$v=19$m=19456,t=2,p=1$" + salt + "$" + key,
		"old version":        "$argon2id$v=16$m=19456,t=2,p=1$" + salt + "$" + key,
		"4 GiB":              "$argon2id$v=19$m=4194304,t=2,p=1$" + salt + "$" + key,
		"one KiB too much":   "$argon2id$v=19$m=131073,t=2,p=1$" + salt + "$" + key,
		"many passes":        "$argon2id$v=19$m=19456,t=9,p=1$" + salt + "$" + key,
		"no passes":          "$argon2id$v=19$m=19456,t=0,p=1$" + salt + "$" + key,
		"no threads":         "$argon2id$v=19$m=19456,t=2,p=0$" + salt + "$" + key,
		"threads overflow":   "$argon2id$v=19$m=19456,t=2,p=257$" + salt + "$" + key,
		"memory overflows":   "$argon2id$v=19$m=4294967297,t=2,p=1$" + salt + "$" + key,
		"no memory":          "$argon2id$v=19$m=7,t=2,p=1$" + salt + "$" + key,
		"signs":              "$argon2id$v=19$m=+19456,t=2,p=1$" + salt + "$" + key,
		"parameter more":     "$argon2id$v=19$m=19456,t=2,p=1,keyid=x$" + salt + "$" + key,
		"short salt":         "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$" + key,
		"short key":          "$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$CTFhFQ",
		"no key":             "$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$",
		"padding":            "$argon2id$v=19$m=19456,t=2,p=1$" + salt + "=$" + key,
		"line end in base64": "$argon2id$v=19$m=19456,t=2,p=1$" + salt + "\n$" + key,
		"part more":          "$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$" + key + "$",
		"long":               referenceHash + strings.Repeat("A", 256),
	} {
		ok, _, err := h.Verify(t.Context(), stored, secret.New("password"))
		require.ErrorIs(t, err, ErrHash, name)
		require.False(t, ok, name)
	}
}

func TestHasher_OutdatedHash(t *testing.T) {
	t.Parallel()
	h := cheapHasher(1)
	stored, err := h.Hash(t.Context(), secret.New("pass"))
	require.NoError(t, err)
	for name, tc := range map[string]struct {
		cost cost
		want bool
	}{
		"same":        {cost{64, 1, 1}, false},
		"more memory": {cost{65, 1, 1}, true},
		"more passes": {cost{64, 2, 1}, true},
		"less":        {cost{32, 1, 1}, false},
	} {
		h.cost = tc.cost
		ok, outdated, err := h.Verify(t.Context(), stored, secret.New("pass"))
		require.NoError(t, err)
		require.True(t, ok, name)
		require.Equal(t, tc.want, outdated, name)
	}
}

// S18: of however many, no more are hashed at the same time than there are slots.
func TestS18_NoMoreAtOnceThanTheBound(t *testing.T) {
	t.Parallel()
	const bound, callers = 3, 40
	h := cheapHasher(bound)
	var inFlight, most atomic.Int64
	full, next := make(chan struct{}), h.derive
	var once sync.Once
	h.derive = func(password, salt []byte, passes, memory uint32, threads uint8, keyLen uint32) []byte {
		n := inFlight.Add(1)
		defer inFlight.Add(-1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		if n == bound {
			once.Do(func() { close(full) })
		}
		<-full // the first ones stay until all slots are taken
		return next(password, salt, passes, memory, threads, keyLen)
	}
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			_, err := h.Hash(t.Context(), secret.New("pass"))
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, bound, most.Load())
}

func TestHasher_NoSlot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := cheapHasher(1)
		h.slots <- struct{}{}
		start := time.Now()
		_, err := h.Hash(t.Context(), secret.New("pass"))
		require.Equal(t, fault.RateLimited, fault.CodeOf(err))
		require.Equal(t, maxHashWait, time.Since(start))

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, _, err = h.Verify(ctx, referenceHash, secret.New("pass"))
		require.ErrorIs(t, err, context.DeadlineExceeded)

		<-h.slots
		_, err = h.Hash(t.Context(), secret.New("pass"))
		require.NoError(t, err, "a caller that gave up keeps no slot")

		for range 30 { // of a free slot and an end, select takes either
			_, err = h.Hash(ctx, secret.New("pass"))
			require.ErrorIs(t, err, context.DeadlineExceeded, "nobody waits for this one")
		}
	})
}

func FuzzParsePHC(f *testing.F) {
	f.Add(referenceHash)
	f.Add("$argon2id$v=19$m=1,t=1,p=1$$")
	f.Fuzz(func(t *testing.T, s string) {
		p, err := parsePHC(s)
		if err == nil && (p.String() != s || !p.bounded()) {
			t.Errorf("parsePHC(%q) accepts what Hash never makes", s)
		}
	})
}
