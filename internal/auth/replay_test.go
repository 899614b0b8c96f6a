package auth_test

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/auth"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/internal/testkit"
	"github.com/mpanel/mpanel/models"
)

// replayRounds are how often R9 and R10 do the same.
const replayRounds = 20

// atOnce does something so many times at the same moment, and gives what came of each.
func atOnce[T any](times int, do func(i int) T) []T {
	out := make([]T, times)
	var all sync.WaitGroup
	begin := make(chan struct{})
	for i := range out {
		all.Go(func() { <-begin; out[i] = do(i) })
	}
	close(begin)
	all.Wait()
	return out
}

// R9, F19: a hundred windows refresh with one token on two nodes: one rotation, and all
// get the same. Then a hundred copies of the old token are used: the session ends, with
// all that came of it, on one node at once and on the other within a second.
func TestR9_RefreshesAndStolenTokens(t *testing.T) {
	t.Parallel()
	const times = 100
	w := newWorld(t)
	nodes := []*auth.Service{w.Service, w.another()}
	u := w.admin("grace@example.com")
	type answer struct {
		token, access string
		code          fault.Code
	}
	refresh := func(token string) []answer {
		return atOnce(times, func(i int) answer {
			b := &browser{token: token}
			out, err := nodes[i%2].RefreshSession(b.in(t.Context()))
			if err != nil {
				return answer{token: b.token, code: fault.CodeOf(err)}
			}
			return answer{token: b.token, access: out.AccessToken}
		})
	}
	var slowest time.Duration
	for range replayRounds {
		b, first := w.signIn(u)
		id, old := session(w.of(first)), b.token
		got := refresh(old)
		for _, a := range got {
			require.Empty(t, a.code)
			require.Equal(t, got[0].token, a.token, "one new token for all")
			require.NotEqual(t, old, a.token)
			for _, node := range nodes {
				require.NoError(t, second(node.Authenticate(t.Context(), a.access)))
			}
		}
		require.Equal(t, 1, w.count("SELECT count(*) FROM sessions WHERE id = ? AND generation = 1 AND ended_at IS NULL", id))
		require.Equal(t, 1, w.count("SELECT count(*) FROM audit_entries WHERE action = 'session.refresh' AND object_id = ?", id), "one of the hundred")

		w.wait(auth.RefreshGrace)
		for _, node := range nodes { // both know the session
			require.NoError(t, second(node.Authenticate(t.Context(), got[0].access)))
		}
		began := time.Now()
		for _, a := range refresh(old) {
			require.Equal(t, answer{code: fault.Unauthenticated}, a, "and the client throws it away")
		}
		slowest = max(slowest, time.Since(began))
		require.Equal(t, 1, w.count("SELECT count(*) FROM sessions WHERE id = ? AND end_reason = 'TOKEN_REUSED'", id))
		require.Equal(t, 1, w.count("SELECT count(*) FROM audit_entries WHERE action = 'session.reuse' AND object_id = ?", id))
		for _, a := range refresh(got[0].token) {
			require.Equal(t, answer{code: fault.Unauthenticated}, a, "the newest token is of the same session")
		}
		w.wait(time.Second) // what another node may still think
		for i, node := range nodes {
			_, err := node.Authenticate(t.Context(), got[0].access)
			require.Equal(t, fault.Unauthenticated, fault.CodeOf(err), "node %d", i)
		}
	}
	require.Less(t, slowest, 10*time.Second) // of a busy machine; docs/security.md has where it is a second
	testkit.Reportf(t, "R9: %d rounds of %d refreshes of one token on two nodes: %d rotations, the same token to each; %d sessions ended by %d copies of the old token, all of them answered within %v",
		replayRounds, times, w.count("SELECT count(*) FROM audit_entries WHERE action = 'session.refresh'"),
		w.count("SELECT count(*) FROM audit_entries WHERE action = 'session.reuse'"), times, slowest.Round(time.Millisecond))
}

// R10, S23, F17: of fifty at the same moment on two nodes with one code or one link, one
// gets in. Nothing else bounds them here, so that all fifty come to the code.
func TestR10_CodesAndLinksOfFiftyAtOnce(t *testing.T) {
	t.Parallel()
	const times = 50
	unlimited := func(c *auth.Config) { c.Tries = endless{} }
	p := newPost(t, unlimited)
	p.Unbounded()
	grace, ada := p.admin("grace@example.com"), p.admin("ada@example.com")
	a, _ := p.enrol(grace)
	p.arrived(grace.Email, "Second factor switched on")
	nodes := []*auth.Service{p.Service, p.another(unlimited)}

	signIn := func(code string) func(*auth.Service) error {
		in := auth.SignInInput{Email: grace.Email, Password: secret.New(password), Code: new(secret.New(code))}
		return func(s *auth.Service) error { return second(s.SignIn(context.WithoutCancel(t.Context()), in)) }
	}
	won := map[string]int{}
	once := func(name string, lost fault.Code, use func(*auth.Service) error) {
		t.Helper()
		var n atomic.Int64
		for _, code := range atOnce(times, func(i int) fault.Code {
			err := use(nodes[i%2])
			if err == nil {
				n.Add(1)
			}
			return fault.CodeOf(err)
		}) {
			require.Contains(t, []fault.Code{"", lost}, code, name)
		}
		require.EqualValues(t, 1, n.Load(), name)
		won[name]++
	}
	for i := range replayRounds {
		p.wait(auth.TriesWithin)
		once("TOTP codes", fault.Unauthenticated, signIn(a.code(0)))
		once("recovery codes", fault.Unauthenticated, signIn(a.codes[i%auth.RecoveryCodes]))
		if i%auth.RecoveryCodes == auth.RecoveryCodes-1 { // the last one is used
			fresh, err := p.NewRecoveryCodes(p.signedInWith(grace, a))
			require.NoError(t, err)
			a.codes = fresh.RecoveryCodes
			p.arrived(grace.Email, "New recovery codes")
		}
		token := p.resetLink(ada.Email)
		once("reset links", fault.NotFound, func(s *auth.Service) error {
			return second(s.ResetPassword(from(t.Context(), "198.51.100.9"), resetInput(token)))
		})
		p.arrived(ada.Email, changedSubject)
	}
	require.Equal(t, map[string]int{"TOTP codes": replayRounds, "recovery codes": replayRounds, "reset links": replayRounds}, won)
	require.Equal(t, replayRounds, p.count("SELECT count(*) FROM mails WHERE kind = 'PASSWORD_CHANGED'"))
	testkit.Reportf(t, "R10: %d rounds of %d uses at once on two nodes of one TOTP code, one recovery code and one reset link: 1 succeeded in each of the %d", replayRounds, times, replayRounds*len(won))
}

// signedInWith is a request of the user, in a session that began with a fresh code.
func (p *post) signedInWith(u *models.User, a app) context.Context {
	p.t.Helper()
	p.wait(30 * time.Second)
	out, err := p.with(u, a.code(0))
	require.NoError(p.t, err)
	return p.of(out)
}

// However the limits count, too: of fifty at once, one signs in.
func TestTOTP_FiftyAtOnceWithinTheLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.admin("grace@example.com")
	a, _ := w.enrol(u)
	for _, code := range []string{a.code(0), a.codes[4]} {
		codes := atOnce(50, func(int) fault.Code { return fault.CodeOf(second(w.with(u, code))) })
		slices.Sort(codes)
		require.Len(t, slices.DeleteFunc(codes, func(c fault.Code) bool { return c != "" }), 1)
		w.wait(auth.TriesWithin)
	}
}
