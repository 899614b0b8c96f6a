package transport_test

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/internal/transport"
)

// large costs more than what never waits.
const large = `{ databases(first: 100) { nodes { id jobs(first: 10) { nodes { id } } } } }`

// While others have all points, large queries wait, and nothing else does.
func TestAdmission_OnlyLargeQueriesWait(t *testing.T) {
	t.Parallel()
	a := transport.NewAdmission(1000)
	p := newPanelWith(t, transport.Config{Admission: a})
	token := p.staff()
	leave, err := a.Enter(t.Context(), "other", 5000) // has all there is
	require.NoError(t, err)
	answered := make(chan reply, 2)
	for range 2 {
		go func() { answered <- p.post(token, large, nil) }()
	}
	for waiting := int64(0); waiting < 2; waiting, _, _ = a.Stats() {
		runtime.Gosched()
	}
	p.must(token, `{ databases(first: 5) { nodes { id } } viewer { user { email } } }`, nil)
	r := p.post(token, `mutation { updateCustomer(input: {id: "bm90aGluZw", name: "x"}) { customer { databases(first: 100) { nodes { jobs(first: 10) { nodes { id } } } } } } }`, nil)
	require.Equal(t, "NOT_FOUND", r.Errors[0].Extensions["code"], "a mutation does not wait: %s", r.body)
	require.Empty(t, answered)
	leave()
	for range 2 {
		r := <-answered
		require.Equal(t, http.StatusOK, r.status)
		require.Empty(t, r.Errors)
	}
	waiting, waited, refused := a.Stats()
	require.Equal(t, []int64{0, 2, 0}, []int64{waiting, waited, refused})
	leave, err = a.Enter(t.Context(), "other", 1000)
	require.NoError(t, err, "everything was given back")
	leave()
}

func TestAdmission_InTheOrderOfTheirComing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := transport.NewAdmission(1000)
		first, err := a.Enter(t.Context(), "other", 600)
		require.NoError(t, err)
		var order []int
		var all sync.WaitGroup
		for i, cost := range []int{600, 300, 1000} { // the second one would fit in
			all.Go(func() {
				leave, err := a.Enter(t.Context(), "other", cost)
				require.NoError(t, err)
				if cost == 1000 { // alone
					order = append(order, i)
				}
				leave()
			})
			synctest.Wait()
			waiting, _, _ := a.Stats()
			require.Equal(t, int64(i+1), waiting)
		}
		first()
		all.Wait()
		require.Equal(t, []int{2}, order)
	})
}

// Whoever asks for much at once waits for itself: others come in between.
func TestAdmission_CallersTakeTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := transport.NewAdmission(1000)
		running, err := a.Enter(t.Context(), "flood", 1000)
		require.NoError(t, err)
		var order []string
		var all sync.WaitGroup
		ask := func(caller string) {
			all.Go(func() {
				leave, err := a.Enter(t.Context(), caller, 800) // one at a time
				require.NoError(t, err)
				order = append(order, caller)
				leave()
			})
			synctest.Wait()
		}
		for range 5 {
			ask("flood")
		}
		ask("one")
		ask("other")
		ask("one")
		running()
		all.Wait()
		require.Equal(t, []string{"flood", "one", "other", "flood", "one", "flood", "flood", "flood"}, order)

		running, err = a.Enter(t.Context(), "one", 1000)
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		for range transport.MaxAdmissionLine {
			all.Go(func() {
				_, err := a.Enter(ctx, "flood", 800)
				require.ErrorIs(t, err, context.Canceled)
			})
		}
		synctest.Wait()
		_, err = a.Enter(t.Context(), "flood", 800)
		require.Equal(t, fault.Unavailable, fault.CodeOf(err), "its line is full")
		ask("other")
		cancel()
		synctest.Wait()
		running()
		all.Wait()
		require.Equal(t, "other", order[len(order)-1], "which nobody else's is")
	})
}

// Who gives up keeps nobody waiting who would fit in.
func TestAdmission_GivingUpLetsOthersIn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := transport.NewAdmission(1000)
		leave, err := a.Enter(t.Context(), "one", 600)
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() {
			_, err := a.Enter(ctx, "large", 1000)
			require.ErrorIs(t, err, context.Canceled)
		})
		synctest.Wait()
		all.Go(func() {
			leave, err := a.Enter(t.Context(), "small", 400)
			require.NoError(t, err)
			leave()
		})
		synctest.Wait()
		waiting, _, _ := a.Stats()
		require.EqualValues(t, 2, waiting)
		cancel()
		all.Wait()
		leave()
		leave, err = a.Enter(t.Context(), "one", 1000)
		require.NoError(t, err)
		leave()
	})
}

// Who waits for too long, or behind too many, is told to come again.
func TestAdmission_NobodyWaitsForEver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := transport.NewAdmission(1000)
		leave, err := a.Enter(t.Context(), "other", 1000)
		require.NoError(t, err)
		began := time.Now()
		_, err = a.Enter(t.Context(), "other", 501)
		require.Equal(t, fault.Unavailable, fault.CodeOf(err))
		require.Equal(t, transport.AdmissionWait, time.Since(began))

		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for i := range transport.MaxAdmissionQueue {
			all.Go(func() {
				_, err := a.Enter(ctx, fmt.Sprint(i), 501)
				require.ErrorIs(t, err, context.Canceled)
			})
		}
		synctest.Wait()
		_, err = a.Enter(t.Context(), "other", 501)
		require.Equal(t, fault.Unavailable, fault.CodeOf(err), "one too many")
		cancel()
		all.Wait()
		waiting, waited, refused := a.Stats()
		require.Equal(t, []int64{0, 1 + transport.MaxAdmissionQueue, 2}, []int64{waiting, waited, refused})
		leave()
		leave, err = a.Enter(t.Context(), "other", 1000)
		require.NoError(t, err)
		leave()
	})
}

// A user's tokens and sessions are one caller, whoever else's are others.
func TestAdmission_OfWhom(t *testing.T) {
	t.Parallel()
	user, other, staff := ident.NewUserID(), ident.NewUserID(), ident.NewUserID()
	of := func(who *actor.Actor, address string) string {
		ctx := actor.WithRequest(t.Context(), actor.Request{IP: address})
		if who != nil {
			ctx = actor.With(ctx, who)
		}
		return transport.CallerOf(ctx)
	}
	mine := of(&actor.Actor{User: user}, "192.0.2.1")
	require.Equal(t, mine, of(&actor.Actor{User: user, APIToken: ident.NewAPITokenID()}, "192.0.2.2"))
	require.NotEqual(t, mine, of(&actor.Actor{User: other}, "192.0.2.1"))
	require.NotEqual(t, mine, of(&actor.Actor{User: user, Impersonator: staff}, "192.0.2.1"))
	require.Equal(t, of(&actor.Actor{User: staff}, "192.0.2.1"), of(&actor.Actor{User: user, Impersonator: staff}, "192.0.2.1"))
	require.Equal(t, of(nil, "192.0.2.1"), of(nil, "192.0.2.1"))
	require.NotEqual(t, of(nil, "192.0.2.1"), of(nil, "198.51.100.1"))
}

// Over a socket a query that waits too long is refused once, and one that is answered
// does not wait for its end.
func TestAdmission_OverASocket(t *testing.T) {
	t.Parallel()
	a := transport.NewAdmission(1000)
	p := newPanelWith(t, transport.Config{Admission: a})
	conn := p.open(t, p.staff())
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(3*soon)))
	send(t, conn, frame{Type: "subscribe", ID: "1", Payload: operation(large, nil)})
	require.Equal(t, "next", receive(t, conn).Type)
	require.Equal(t, "complete", receive(t, conn).Type)
	leave, err := a.Enter(t.Context(), "other", 5000)
	require.NoError(t, err)
	defer leave()
	send(t, conn, frame{Type: "subscribe", ID: "2", Payload: operation(large, nil)})
	refusal := receive(t, conn)
	require.Equal(t, "next", refusal.Type)
	require.Contains(t, string(refusal.Payload), "UNAVAILABLE")
	require.Equal(t, "complete", receive(t, conn).Type)
	waiting, waited, refused := a.Stats()
	require.Equal(t, []int64{0, 1, 1}, []int64{waiting, waited, refused})
}
