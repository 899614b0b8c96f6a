package actor_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/ident"
)

// Whatever changes what somebody may do makes their rights others, so that what is open
// is looked at anew; who they are does not.
func TestSameRights(t *testing.T) {
	t.Parallel()
	customer, pin := ident.NewCustomerID(), uuid.New()
	rights := func(change func(*actor.Actor)) *actor.Actor {
		a := &actor.Actor{
			User: ident.NewUserID(), Provider: []actor.Permission{actor.JobsRead}, Pins: []uuid.UUID{pin},
			Grants: []actor.Grant{{Customer: customer, Permissions: []actor.Permission{actor.DatabasesRead}}},
		}
		change(a)
		return a
	}
	same := rights(func(*actor.Actor) {})
	require.True(t, same.SameRights(rights(func(a *actor.Actor) { a.APIToken, a.Token = ident.NewAPITokenID(), "x" })))
	for name, change := range map[string]func(*actor.Actor){
		"provider":      func(a *actor.Actor) { a.Provider = nil },
		"another pin":   func(a *actor.Actor) { a.Pins = []uuid.UUID{uuid.New()} },
		"no pin":        func(a *actor.Actor) { a.Pins = nil },
		"second factor": func(a *actor.Actor) { a.SecondFactorMissing = true },
		"customer":      func(a *actor.Actor) { a.Grants[0].Customer = ident.NewCustomerID() },
		"permission":    func(a *actor.Actor) { a.Grants[0].Permissions = []actor.Permission{actor.DatabasesWrite} },
	} {
		require.False(t, same.SameRights(rights(change)), name)
		require.False(t, rights(change).SameRights(same), name)
	}
}
