//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
)

// An action is one kind of order in the mix of the tortures. Another one is
// another entry of the mix.
type action struct {
	name string
	// often is how often it comes, beside the others; 0 is 1.
	often int
	// fits tells whether it can be ordered of a database as it is, nil for none;
	// without it, the action makes something new and takes none.
	fits func(k *torture, l *live) bool
	// order fills in what to send. All that is random is drawn here.
	order func(t *testing.T, k *torture, p *provision, l *live)
	// before is done before the order is sent, again and again until it succeeds.
	before func(ctx context.Context, k *torture, c *client, p *provision) error
	// send is for an order that is more than a mutation with an idempotency key.
	send func(ctx context.Context, k *torture, c *client, p *provision) (order, error)
	// settle notes what a job that ended as it may must have left.
	settle func(t *testing.T, k *torture, p *provision, l *live)
}

// mix is what the tortures order.
func mix() []*action { return slices.Concat(basics(), userActions(), loginActions(), dumpActions()) }

// mostLive bounds how many databases there are at once, and with them the disk.
const mostLive = 24

// of is an order about a database by its id alone, with more of the input.
func of(mutation string, more vars) func(*testing.T, *torture, *provision, *live) {
	return func(_ *testing.T, _ *torture, p *provision, l *live) {
		p.mutation, p.input = mutation, vars{"id": l.id}
		maps.Copy(p.input, more)
	}
}

func open(_ *torture, l *live) bool { return l != nil && !l.suspended }

func basics() []*action {
	return []*action{
		{
			name: "create", often: 4,
			order: func(_ *testing.T, k *torture, p *provision, _ *live) {
				p.customer = k.rand.IntN(len(k.customers))
				p.mutation, p.input = createMutation, vars{"customerId": k.customers[p.customer], "name": k.newName()}
			},
			settle: func(t *testing.T, k *torture, p *provision, _ *live) {
				l := k.born(t, p)
				k.seed(t, l)
			},
		},
		{
			name: "delete", often: 2,
			fits:   func(_ *torture, l *live) bool { return l != nil },
			order:  of(deleteMutation, vars{"graceSeconds": 0}),
			settle: func(_ *testing.T, k *torture, _ *provision, l *live) { k.forget(l) },
		},
		{
			name:   "suspend",
			fits:   open,
			order:  of(suspendMutation, vars{"reason": "Torture."}),
			settle: func(_ *testing.T, _ *torture, _ *provision, l *live) { l.suspended = true },
		},
		{
			name:   "resume",
			fits:   func(_ *torture, l *live) bool { return l != nil && l.suspended },
			order:  of(resumeMutation, nil),
			settle: func(_ *testing.T, _ *torture, _ *provision, l *live) { l.suspended = false },
		},
		{
			name:   "rotate",
			fits:   open,
			order:  of(rotateMutation, nil),
			settle: func(_ *testing.T, _ *torture, p *provision, l *live) { l.credentials = p.credentials },
		},
	}
}

var someRights = []string{"READ_ONLY", "READ_WRITE", "OWNER"}

func userActions() []*action {
	invited := func(_ *torture, l *live) bool { return l != nil && !l.suspended && l.user != nil }
	ofUser := func(mutation string, more func(k *torture) vars) func(*testing.T, *torture, *provision, *live) {
		return func(_ *testing.T, k *torture, p *provision, l *live) {
			p.mutation, p.input = mutation, vars{"id": l.user.id}
			if more != nil {
				maps.Copy(p.input, more(k))
			}
		}
	}
	return []*action{
		{
			name: "create user", often: 2,
			fits: func(_ *torture, l *live) bool { return l != nil && !l.suspended && l.user == nil },
			order: func(_ *testing.T, k *torture, p *provision, l *live) {
				p.mutation = createUserMutation
				p.input = vars{"databaseId": l.id, "name": "guest", "rights": someRights[k.rand.IntN(len(someRights))]}
			},
			settle: func(_ *testing.T, _ *torture, p *provision, l *live) {
				u := p.answered.DatabaseUser
				l.user, l.grouped = &user{u.ID, u.Username, u.Rights}, true
			},
		},
		{
			name: "update user", fits: invited,
			order: ofUser(updateUserMutation, func(k *torture) vars { return vars{"rights": someRights[k.rand.IntN(len(someRights))]} }),
			settle: func(_ *testing.T, _ *torture, p *provision, l *live) {
				l.user.rights = p.answered.DatabaseUser.Rights
			},
		},
		{name: "rotate user", fits: invited, order: ofUser(rotateUserMutation, nil)},
		{
			name: "delete user", fits: invited, order: ofUser(deleteUserMutation, nil),
			settle: func(_ *testing.T, _ *torture, _ *provision, l *live) { l.user = nil },
		},
	}
}

// newName is one that no database of this torture had.
func (k *torture) newName() string {
	k.named++
	return fmt.Sprintf("t%d", k.named)
}

// orders makes n orders, each of another database. What came least often comes first.
func (k *torture) orders(t *testing.T, n int) []*provision {
	t.Helper()
	var list []*provision
	chosen := map[string]bool{}
	for range n {
		k.named++
		p := &provision{key: fmt.Sprintf("torture %d", k.named), chosen: chosen}
		var free []string
		for _, id := range slices.Sorted(maps.Keys(k.live)) {
			if !chosen[id] {
				free = append(free, id)
			}
		}
		var l *live
		if len(free) > 0 {
			l = k.live[free[k.rand.IntN(len(free))]]
		}
		p.action = k.choose(l, chosen)
		if p.action.fits == nil {
			l = nil
		} else {
			p.id = l.id
		}
		p.action.order(t, k, p, l)
		if l != nil {
			chosen[l.id] = true
		}
		k.came[p.action.name]++
		list = append(list, p)
	}
	return list
}

// choose draws from the actions that fit those that came least often.
func (k *torture) choose(l *live, chosen map[string]bool) *action {
	var least []*action
	rarest := math.Inf(1)
	k.chosen = chosen
	for _, a := range k.mix {
		if a.fits == nil && len(k.live) >= mostLive || a.fits != nil && !a.fits(k, l) {
			continue
		}
		came := float64(k.came[a.name]) / float64(max(1, a.often))
		switch {
		case came < rarest:
			rarest, least = came, []*action{a}
		case came == rarest:
			least = append(least, a)
		}
	}
	return least[k.rand.IntN(len(least))]
}

// mixed tells how often each action came.
func (k *torture) mixed() string {
	var text []string
	for _, name := range slices.Sorted(maps.Keys(k.came)) {
		text = append(text, fmt.Sprintf("%d %s", k.came[name], name))
	}
	return strings.Join(text, ", ")
}
