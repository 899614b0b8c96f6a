package auth_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/auth"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/secret"
	"github.com/mpanel/mpanel/models"
)

func (w *world) confirm(ctx context.Context, pass, code string) error {
	w.t.Helper()
	in := auth.ConfirmIdentityInput{Password: secret.New(pass)}
	if code != "" {
		in.Code = new(secret.New(code))
	}
	out, err := w.ConfirmIdentity(ctx, in)
	if err == nil {
		require.Equal(w.t, w.now().Add(auth.StepUpWithin), out.ConfirmedUntil)
	}
	return err
}

// S37: five minutes after the sign-in the user is asked once more, in each session.
func TestS37_StepUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.admin("grace@example.com")
	b, out := w.signIn(u)
	_, elsewhere := w.signIn(u)
	ctx, there := w.of(out), w.of(elsewhere)
	require.NoError(t, w.StepUp(ctx))
	w.wait(auth.StepUpWithin - time.Microsecond)
	require.NoError(t, w.StepUp(ctx))
	w.wait(time.Microsecond)
	require.Equal(t, fault.StepUpRequired, fault.CodeOf(w.StepUp(ctx)))
	refreshed, err := w.RefreshSession(b.in(t.Context()))
	require.NoError(t, err)
	require.Equal(t, fault.StepUpRequired, fault.CodeOf(w.StepUp(w.of(refreshed))), "a refresh proves nothing")
	_, err = w.RevokeSession(ctx, auth.RevokeSessionInput{All: true})
	require.Equal(t, fault.StepUpRequired, fault.CodeOf(err))
	w.of(elsewhere)

	require.NoError(t, w.confirm(ctx, password, ""))
	require.NoError(t, w.StepUp(ctx))
	require.Equal(t, fault.StepUpRequired, fault.CodeOf(w.StepUp(there)), "only the session that was confirmed")
	require.Equal(t, 1, w.count("SELECT count(*) FROM audit_entries WHERE action = 'session.confirm' AND object_id = ?", session(ctx)))
	require.NoError(t, second(w.RevokeSession(ctx, auth.RevokeSessionInput{All: true})))
	w.wait(auth.StepUpWithin)
	require.Equal(t, fault.StepUpRequired, fault.CodeOf(w.StepUp(ctx)))

	who, _ := actor.From(ctx)
	for name, change := range map[string]func(*actor.Actor){
		"an API token": func(a *actor.Actor) { a.APIToken = ident.NewAPITokenID() },
		"no session":   func(a *actor.Actor) { a.Session = ident.SessionID{} },
		"staff":        func(a *actor.Actor) { a.Impersonator = ident.NewUserID() },
	} {
		other := *who
		change(&other)
		as := actor.With(t.Context(), &other)
		for _, err := range []error{
			w.StepUp(as), w.confirm(as, password, ""), second(w.BeginTOTP(as)), second(w.DisableTOTP(as)), second(w.NewRecoveryCodes(as)),
			second(w.ConfirmTOTP(as, auth.ConfirmTOTPInput{Code: secret.New("000000")})), second(w.RevokeSession(as, auth.RevokeSessionInput{ID: &who.Session})),
		} {
			require.Equal(t, fault.Forbidden, fault.CodeOf(err), name)
		}
		rows, err := w.Sessions(as)
		require.NoError(t, err)
		require.Empty(t, rows)
		found, err := w.FindSessions(as, []ident.SessionID{who.Session})
		require.NoError(t, err)
		require.Empty(t, found)
	}
	require.NoError(t, second(w.SignOut(ctx)))
	require.Equal(t, fault.Unauthenticated, fault.CodeOf(w.StepUp(ctx)), "whatever a node remembers")
	require.Equal(t, fault.Unauthenticated, fault.CodeOf(w.confirm(ctx, password, "")))
	require.Equal(t, fault.Unauthenticated, fault.CodeOf(w.StepUp(t.Context())))
}

func TestConfirmIdentity_WrongPasswordsAndCodes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.admin("grace@example.com")
	a, ctx := w.enrol(u)
	w.wait(auth.StepUpWithin)
	require.Equal(t, fault.SecondFactorRequired, fault.CodeOf(w.confirm(ctx, password, "")))
	require.EqualError(t, w.confirm(ctx, "wrong", a.code(0)), "password: INVALID: The password is wrong.")
	require.EqualError(t, w.confirm(ctx, strings.Repeat("x", 1<<20), a.code(0)), "password: INVALID: The password is wrong.")
	require.EqualError(t, w.confirm(ctx, password, "000000"), "code: INVALID: The code is wrong or was used already; wait for the next one.")
	require.Equal(t, fault.StepUpRequired, fault.CodeOf(w.StepUp(ctx)))
	require.NoError(t, w.confirm(ctx, password, a.code(0)))
	require.NoError(t, w.StepUp(ctx))
	require.Equal(t, fault.Invalid, fault.CodeOf(w.confirm(ctx, password, a.code(0))), "the code was used")
	require.Equal(t, fault.Unauthenticated, fault.CodeOf(second(w.with(u, a.code(0)))), "for the sign-in, too")
	require.Equal(t, fault.RateLimited, fault.CodeOf(w.confirm(ctx, password, a.code(1))), "five were wrong")
	w.wait(auth.TriesWithin)
	require.NoError(t, w.confirm(ctx, password, a.codes[0]))
}

// S23, S30, case 34: five wrong codes within a quarter of an hour from one network; who
// comes from elsewhere gets in.
func TestS23_FiveTries(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u, other := w.admin("grace@example.com"), w.admin("ada@example.com")
	a, _ := w.enrol(u)
	b, _ := w.enrol(other)
	evil, home := "2001:db8::1", "192.0.2.1"
	for i := range auth.MaxTries {
		evil = fmt.Sprintf("2001:db8::%d", i) // of one line all are one
		require.Equal(t, fault.Unauthenticated, fault.CodeOf(second(w.withFrom(u, "000000", evil))))
		w.wait(time.Minute)
	}
	_, err := w.withFrom(u, a.code(0), evil)
	require.Equal(t, fault.RateLimited, fault.CodeOf(err), "even the right one")
	f := fault.All(err)[0].(*fault.Error) //nolint:errorlint // it is
	require.Equal(t, 600, f.Details["retryAfterSeconds"])
	require.NoError(t, second(w.withFrom(u, a.code(0), home)), "the owner is not locked out")
	require.NoError(t, second(w.withFrom(other, b.code(0), evil)), "and neither are their neighbours")
	w.wait(10*time.Minute - time.Microsecond)
	require.Equal(t, fault.RateLimited, fault.CodeOf(second(w.withFrom(u, a.code(0), evil))))
	w.wait(time.Microsecond)
	require.Equal(t, fault.Unauthenticated, fault.CodeOf(second(w.withFrom(u, "000000", evil))), "one came free")
	require.Equal(t, fault.RateLimited, fault.CodeOf(second(w.withFrom(u, a.code(0), evil))), "and no more")

	// From many places it ends as well.
	w.wait(time.Hour)
	wrong := 0
	for i := range 30 {
		if fault.CodeOf(second(w.withFrom(u, "000000", fmt.Sprintf("198.51.100.%d", i)))) == fault.Unauthenticated {
			wrong++
		}
	}
	require.Equal(t, auth.MaxTriesOfAccount, wrong)
	w.wait(auth.TriesWithin)
	require.NoError(t, second(w.withFrom(u, a.code(0), home)))
	w.wait(auth.TriesWithin + time.Second)
	require.NoError(t, w.PurgeTries(t.Context()))
	require.Zero(t, w.count("SELECT count(*) FROM tries"))
}

// Good codes do not use tries up, and of many wrong ones at once five count.
func TestTries_CountedBeforeTheyAreKnown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.admin("grace@example.com")
	a, _ := w.enrol(u)
	for range 2 * auth.MaxTries {
		require.NoError(t, second(w.withFrom(u, a.code(0), "192.0.2.1")))
		w.wait(30 * time.Second)
	}
	require.Zero(t, w.count("SELECT count(*) FROM tries WHERE cardinality(times) > 0"))
	var mu sync.Mutex
	codes := map[fault.Code]int{}
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			_, err := w.withFrom(u, "000000", "192.0.2.1")
			mu.Lock()
			defer mu.Unlock()
			codes[fault.CodeOf(err)]++
		})
	}
	all.Wait()
	require.Equal(t, map[fault.Code]int{fault.Unauthenticated: auth.MaxTries, fault.RateLimited: 50 - auth.MaxTries}, codes)
}

// "Required for role": nothing but setting it up, until it is.
func TestSecondFactor_RequiredForARole(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *auth.Config) {
		c.RequireSecondFactor = []models.ProviderRole{models.ProviderAdmin, models.ProviderSupport}
	})
	owner, admin, nobody := w.user("owner@example.com", models.ProviderOwner), w.user("admin@example.com", models.ProviderAdmin), w.user("nobody@example.com", "")
	shop := w.customer("shop", nil)
	w.member(admin, shop, models.CustomerOwner)
	w.member(nobody, shop, models.CustomerOwner)
	for _, u := range []*models.User{owner, nobody} {
		_, out := w.signIn(u)
		require.False(t, out.Viewer.SecondFactorMissing())
	}
	_, out := w.signIn(admin)
	require.True(t, out.Viewer.SecondFactorMissing())
	ctx := w.of(out)
	who, _ := actor.From(ctx)
	require.Empty(t, who.Provider, "a check that is forgotten somewhere gives nothing away")
	require.Empty(t, who.Grants)
	before, err := w.Actors(t.Context(), []actor.Identity{who.Identity()})
	require.NoError(t, err)

	a, _ := w.begins(ctx)
	_, err = w.ConfirmTOTP(ctx, auth.ConfirmTOTPInput{Code: secret.New(a.code(0))})
	require.NoError(t, err)
	who, _ = actor.From(w.of(out))
	require.False(t, who.SecondFactorMissing, "at once on this node")
	require.Equal(t, auth.ProviderPermissions(models.ProviderAdmin), who.Provider)
	require.Len(t, who.Grants, 1)
	after, err := w.Actors(t.Context(), []actor.Identity{who.Identity()})
	require.NoError(t, err)
	require.False(t, before[who.Identity()].SameRights(after[who.Identity()]), "sockets are opened anew")
	_, err = w.DisableTOTP(w.of(out))
	require.Equal(t, fault.Forbidden, fault.CodeOf(err))
}
