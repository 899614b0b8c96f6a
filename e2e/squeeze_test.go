//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

const (
	quotaMutation   = `mutation ($in: UpdateCustomerInput!) { updateCustomer(input: $in) { customer { id } } }`
	cleanupMutation = `mutation ($in: OpenDatabaseForCleanupInput!) { openDatabaseForCleanup(input: $in) ` + deletePayload + ` }`
)

// squeeze takes a customer's bytes away: everything below it is closed. Then one
// of its databases is opened for cleanup, and at last the bytes are given back.
// All of that is what the panel orders by itself, through every kill.
func (k *torture) squeeze(t *testing.T) {
	t.Helper()
	customer := slices.MaxFunc([]int{0, 2}, func(a, b int) int { return len(k.below(a)) - len(k.below(b)) })
	held := k.below(customer)
	if len(held) == 0 {
		return
	}
	kills := 0
	step := func(want map[*live]bool, most any) { // whether it is shut
		through(t, k, &kills, func() error { return k.limitBytes(t.Context(), customer, most, want) }, func() {})
		for l, shut := range want {
			l.shut = shut
		}
		k.check(t)
	}
	shut, opened := map[*live]bool{}, map[*live]bool{}
	for _, l := range held {
		shut[l], opened[l] = true, false
	}
	step(shut, 1)
	k.judgeSizes(t)

	const mostCleanups = 4 // within 24 hours
	if i := slices.IndexFunc(held, func(l *live) bool { return !l.suspended && l.cleanups < mostCleanups }); i >= 0 {
		p := &provision{key: fmt.Sprintf("cleanup %d", k.named), id: held[i].id, action: &action{name: "cleanup"}}
		k.named++
		held[i].cleanups++
		p.mutation, p.input = cleanupMutation, vars{"id": held[i].id}
		through(t, k, &kills, func() error { return errors.Join(k.push(t, []*provision{p}), k.idle(t.Context())) }, func() {})
		k.settle(t, p)
		shut[held[i]] = false
		step(shut, 1) // and it stays open when the quotas are enforced again
		require.NoError(t, k.ask(t.Context(), "panel", "mpanel", func(conn *pgx.Conn) error {
			_, err := conn.Exec(t.Context(), "UPDATE databases SET cleanup_until = now() WHERE cleanup_until IS NOT NULL")
			return err
		}))
		shut[held[i]] = true
		step(shut, 1) // until its window is over
	}
	step(opened, nil)
	k.squeezed++
}

// below are the databases of a customer and of those below it.
func (k *torture) below(customer int) (list []*live) {
	for _, l := range k.live {
		if l.customer == customer || customer == 0 && l.customer == 1 {
			list = append(list, l)
		}
	}
	slices.SortFunc(list, func(a, b *live) int { return strings.Compare(a.id, b.id) })
	return list
}

// limitBytes limits a customer's bytes and is an error until what is to be shut
// is, and the rest is open.
func (k *torture) limitBytes(ctx context.Context, customer int, most any, want map[*live]bool) error {
	quotas := []vars{{"name": "DATABASE_BYTES", "max": most}}
	_, err := try[struct{}](k.admin.send(ctx, nil, quotaMutation, vars{"in": vars{"id": k.customers[customer], "quotas": quotas}}))
	if err != nil {
		return err
	}
	for _, chore := range []string{"measure-database-servers", "enforce-size-quotas"} {
		if err := k.hurry(ctx, chore); err != nil {
			return err
		}
	}
	if err := k.idle(ctx); err != nil {
		return err
	}
	for l, shut := range want {
		a, err := try[struct{ Database *database }](k.admin.send(ctx, nil, `query ($id: ID!) { database(id: $id) { state } }`, vars{"id": l.id}))
		if err != nil {
			return err
		}
		state := "ACTIVE"
		if shut || l.suspended {
			state = "SUSPENDED"
		}
		if a.Database == nil || a.Database.State != state {
			return fmt.Errorf("%s is %+v and not %s", l.externalName, a.Database, state)
		}
	}
	return k.idle(ctx)
}

// judgeSizes compares what was just measured with the server.
func (k *torture) judgeSizes(t *testing.T) {
	t.Helper()
	const nearly = 1 << 20 // it may be at work on its own tables
	for _, l := range k.live {
		var measured, is int64
		require.NoError(t, k.ask(t.Context(), "panel", "mpanel", func(conn *pgx.Conn) error {
			return conn.QueryRow(t.Context(), "SELECT coalesce(size_bytes, 0) FROM databases WHERE id = $1", uuidOf(t, l.id)).Scan(&measured)
		}))
		require.NoError(t, k.ask(t.Context(), "tenants", "postgres", func(conn *pgx.Conn) error {
			return conn.QueryRow(t.Context(), "SELECT pg_database_size($1)", l.externalName).Scan(&is)
		}))
		if measured < is-nearly || measured > is+nearly {
			k.violatef("bytes: %s has %d and is said to have %d", l.externalName, is, measured)
		}
	}
}
