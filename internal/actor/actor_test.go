package actor_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
)

func TestActor_WhatItHolds(t *testing.T) {
	t.Parallel()
	a, b := ident.NewCustomerID(), ident.NewCustomerID()
	read, write := actor.DatabasesRead, actor.DatabasesWrite
	member := &actor.Actor{Grants: []actor.Grant{
		{Customer: a, Permissions: []actor.Permission{read}},
		{Customer: b, Permissions: []actor.Permission{read, write}},
	}}
	both := &actor.Actor{Provider: []actor.Permission{read}, Grants: member.Grants}
	for name, tc := range map[string]struct {
		who                  *actor.Actor
		p                    actor.Permission
		holds, provider, all bool
		roots                []ident.CustomerID
	}{
		"nobody's role":               {&actor.Actor{}, read, false, false, false, nil},
		"in two customers":            {member, read, true, false, false, []ident.CustomerID{a, b}},
		"in one of them":              {member, write, true, false, false, []ident.CustomerID{b}},
		"not held":                    {member, actor.ServersRead, false, false, false, nil},
		"with the provider":           {both, read, true, true, true, nil},
		"staff, but held as a member": {both, write, true, false, false, []ident.CustomerID{b}},
		"staff without it":            {both, actor.ServersRead, false, false, false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tc.holds, tc.who.Holds(tc.p))
			require.Equal(t, tc.provider, tc.who.HoldsWithProvider(tc.p))
			roots, all := tc.who.Customers(tc.p)
			require.Equal(t, tc.all, all)
			require.Equal(t, tc.roots, roots)
		})
	}
	require.True(t, both.IsStaff())
	require.False(t, member.IsStaff())
}

func TestFrom_WithoutAnActor(t *testing.T) {
	t.Parallel()
	for name, ctx := range map[string]context.Context{
		"empty":     t.Context(),
		"nil actor": actor.With(t.Context(), nil),
	} {
		who, err := actor.From(ctx)
		require.Nil(t, who, name)
		require.Equal(t, fault.Unauthenticated, fault.CodeOf(err), name)
	}
	a := &actor.Actor{User: ident.NewUserID()}
	who, err := actor.From(actor.With(t.Context(), a))
	require.NoError(t, err)
	require.Same(t, a, who)
}

func TestRequestFrom(t *testing.T) {
	t.Parallel()
	require.Zero(t, actor.RequestFrom(t.Context()))
	r := actor.Request{ID: "r1", IP: "192.0.2.1", UserAgent: "curl"}
	require.Equal(t, r, actor.RequestFrom(actor.WithRequest(t.Context(), r)))
}

func TestSignedIn_ForTheRestOfTheOperation(t *testing.T) {
	t.Parallel()
	ada, bob := &actor.Actor{User: ident.NewUserID()}, &actor.Actor{User: ident.NewUserID()}
	operation := actor.WithSignIn(t.Context())
	_, err := actor.From(operation)
	require.Equal(t, fault.Unauthenticated, fault.CodeOf(err), "nobody yet")
	field := actor.WithRequest(operation, actor.Request{ID: "r1"}) // what a resolver sees is below the operation
	actor.SignedIn(field, ada)
	who, err := actor.From(operation)
	require.NoError(t, err)
	require.Same(t, ada, who)

	_, err = actor.From(actor.WithSignIn(t.Context()))
	require.Equal(t, fault.Unauthenticated, fault.CodeOf(err), "another operation is another matter")
	had := actor.With(operation, bob)
	actor.SignedIn(had, ada)
	who, err = actor.From(had)
	require.NoError(t, err)
	require.Same(t, bob, who, "who had a token stays who they were")
	actor.SignedIn(t.Context(), ada) // outside of an operation, such as on the command line
	_, err = actor.From(t.Context())
	require.Error(t, err)
}

func TestRequest_Network(t *testing.T) {
	t.Parallel()
	for ip, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "::ffff:192.0.2.1": "::ffff:192.0.2.1", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
		"2001:db8:1:2:ffff::": "2001:db8:1:2::/64", "2001:db8:1:3::1": "2001:db8:1:3::/64", "@": "@", "": "",
	} {
		require.Equal(t, want, actor.Request{IP: ip}.Network(), ip)
	}
}
