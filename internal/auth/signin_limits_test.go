package auth_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/auth"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/secret"
)

// from is a sign-in with a password from an address.
func (w *world) from(ip, email, password string) error {
	ctx := actor.WithRequest(w.t.Context(), actor.Request{IP: ip})
	_, err := w.SignIn(ctx, auth.SignInInput{Email: email, Password: secret.New(password)})
	return err
}

// burn tries wrong passwords until it is refused, and tells how many were let through.
func (w *world) burn(ip, email string) (n int) {
	w.t.Helper()
	for {
		err := w.from(ip, email, "wrong as can be, at length")
		if fault.CodeOf(err) == fault.RateLimited {
			return n
		}
		require.Equal(w.t, fault.Unauthenticated, fault.CodeOf(err))
		n++
		require.Less(w.t, n, 1000)
	}
}

// S30: an account has ten wrong sign-ins from one network, one network a hundred for all
// accounts; right ones do not count.
func TestS30_LimitsPerNetworkAndAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.admin("grace@example.com")
	for range 20 {
		require.NoError(t, w.from("198.51.100.7", u.Email, password))
	}
	require.Equal(t, 10, w.burn("198.51.100.7", u.Email))
	err := w.from("198.51.100.7", strings.ToUpper(u.Email), password)
	require.Equal(t, fault.RateLimited, fault.CodeOf(err), "the right password is not tried, either, however the address is written")
	f, _ := errors.AsType[*fault.Error](err)
	require.InDelta(t, 900, f.Details["retryAfterSeconds"], 5)

	// An unknown address is answered alike, and has a count of its own.
	require.Equal(t, 10, w.burn("198.51.100.7", "nobody@example.com"))
	require.Equal(t, f.Message, w.from("198.51.100.7", "nobody@example.com", password).(*fault.Error).Message) //nolint:errorlint // it is one

	// Password spraying: many accounts from one network.
	through := 20
	for i := 0; ; i++ {
		err := w.from("198.51.100.7", fmt.Sprintf("user%d@example.com", i), "wrong as can be, at length")
		if fault.CodeOf(err) == fault.RateLimited {
			break
		}
		through++
		require.Less(t, i, 1000)
	}
	require.Equal(t, 100, through)
	// Version 6: one line has 2^64 addresses.
	for i := range 10 {
		require.Equal(t, fault.Unauthenticated, fault.CodeOf(w.from(fmt.Sprintf("2001:db8:1:2::%x", i), u.Email, "wrong as can be, at length")))
	}
	require.Equal(t, fault.RateLimited, fault.CodeOf(w.from("2001:db8:1:2:ffff::1", u.Email, password)))
	require.NoError(t, w.from("2001:db8:1:3::1", u.Email, password))
	// What is no address of anybody costs nothing.
	require.Equal(t, fault.Unauthenticated, fault.CodeOf(w.from("203.0.113.1", "no address", password)))
	require.NotContains(t, w.log.String(), "grace@example.com")
}

// Case 34: whoever tries an account from everywhere keeps nobody out of it: neither who
// comes from a network where they signed in before, nor, with the right password, who
// comes from a new one.
func TestS30_AnAttackerLocksNobodyOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.admin("grace@example.com")
	require.NoError(t, w.from("198.51.100.7", u.Email, password))
	through := 0
	for i := range 30 {
		through += w.burn(fmt.Sprintf("203.0.113.%d", i), u.Email)
	}
	require.Equal(t, 10*10+20*3, through, "a hundred from ten networks, and then three from each further one")
	began := time.Now()
	require.NoError(t, w.from("198.51.100.7", u.Email, password), "where she signed in before")
	require.NoError(t, w.from("192.0.2.77", u.Email, password), "from a new network")
	require.Less(t, time.Since(began), 5*time.Second)
	for range 9 {
		require.Equal(t, fault.Unauthenticated, fault.CodeOf(w.from("198.51.100.7", u.Email, "mistyped, which happens")))
	}
	require.NoError(t, w.from("198.51.100.7", u.Email, password), "and with all her tries")
}

// Fifty at the same moment, through two nodes: no more are tried than there are.
func TestS30_FiftyAtOnceOnTwoNodes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Unbounded()
	u := w.admin("grace@example.com")
	var tried atomic.Int64
	w.OnHash(func() { tried.Add(1) })
	other := w.another()
	other.OnHash(func() { tried.Add(1) })
	ctx := actor.WithRequest(t.Context(), actor.Request{IP: "198.51.100.7"})
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			node := []*auth.Service{w.Service, other}[i%2]
			_, err := node.SignIn(ctx, auth.SignInInput{Email: u.Email, Password: secret.New("wrong as can be, at length")})
			if code := fault.CodeOf(err); code != fault.RateLimited && code != fault.Unauthenticated {
				t.Error(err)
			}
		})
	}
	all.Wait()
	require.Equal(t, int64(10), tried.Load())
}

// Where there is no network, such as on the command line, nothing is counted; and a
// database that is away is no reason to call it too many tries.
func TestSignIn_TriesOfNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.admin("grace@example.com")
	for range 30 {
		require.Equal(t, fault.Unauthenticated, fault.CodeOf(w.from("", u.Email, "wrong as can be, at length")))
	}
	require.Zero(t, w.count("SELECT count(*) FROM tries"))
	ctx, stop := context.WithCancel(actor.WithRequest(t.Context(), actor.Request{IP: "198.51.100.7"}))
	stop()
	_, err := w.SignIn(ctx, auth.SignInInput{Email: u.Email, Password: secret.New(password)})
	require.Error(t, err)
	require.NotEqual(t, fault.RateLimited, fault.CodeOf(err))
}

// The table tells nobody whose addresses are tried, nor from where.
func TestTries_TellNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.Equal(t, fault.Unauthenticated, fault.CodeOf(w.from("198.51.100.7", "canary@example.com", "wrong as can be, at length")))
	var keys []string
	require.NoError(t, w.db.NewSelect().Table("tries").Column("key").Scan(t.Context(), &keys))
	require.Len(t, keys, 3)
	for _, key := range keys {
		require.Regexp(t, "^[0-9a-f]{32}$", key)
	}
}
