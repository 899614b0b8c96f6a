package transport_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
	"github.com/mpanel/mpanel/internal/auth"
	"github.com/mpanel/mpanel/internal/ident"
	"github.com/mpanel/mpanel/models"
)

// A repeated suspension or resumption answers with its job to who stands above
// the customer still. A key does not keep rights.
func TestIdempotency_ARepeatedSuspensionShowsItsJobToThoseAbove(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	server := p.addServer()
	above := p.addTenant("reseller", ident.CustomerID{}, server)
	below := p.addTenant("shop", above.customer, server)
	// The same user later, with the customer alone, and with nothing.
	owner := auth.CustomerPermissions(models.CustomerOwner)
	lesser := p.as(&actor.Actor{User: above.user, Grants: []actor.Grant{{Customer: below.customer, Permissions: owner}}})
	elsewhere := p.addTenant("elsewhere", ident.CustomerID{}, server)
	nothing := p.as(&actor.Actor{User: above.user, Grants: []actor.Grant{{Customer: elsewhere.customer, Permissions: owner}}})
	for _, tc := range []struct{ mutation, input, state string }{
		{"suspendCustomer", `reason: "Unpaid."`, "ACTIVE"},
		{"resumeCustomer", "", "SUSPENDED"},
	} {
		p.exec("UPDATE customers SET state = ?0, suspended = (?0 = 'SUSPENDED') WHERE id = ?1", tc.state, below.customer)
		p.exec("UPDATE jobs SET state = 'CANCELED' WHERE resource_id = ?", below.customer)
		query := `mutation($id: ID!) { it: ` + tc.mutation + `(input: {id: $id, ` + tc.input + `}) { customer { id } job { id } } }`
		id, key := vars{"id": below.customer.Opaque()}, []string{"Idempotency-Key", "again-" + tc.mutation}
		first := p.must(above.token, query, id, key...)
		require.NotNil(t, at(first, "it", "job", "id"))
		require.Equal(t, first, p.must(above.token, query, id, key...), "the same customer and job")
		for who, token := range map[string]string{"the customer itself": lesser, "somebody else": nothing} {
			r := p.post(token, query, id, key...)
			require.Equal(t, []string{"NOT_FOUND"}, r.codes(), "%s by %s: %s", tc.mutation, who, r.body)
			require.NotContains(t, r.body, at(first, "it", "job", "id"))
		}
		require.Equal(t, 1, p.count("SELECT count(*) FROM jobs WHERE resource_id = ? AND state = 'PENDING'", below.customer))
	}
}
