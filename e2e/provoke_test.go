//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// mostKills bounds how often one round's work is killed, so that it ends.
const mostKills = 4

// A torture is one installation under random kills.
type torture struct {
	*installation
	rand      *rand.Rand
	server    *server
	admin     *client
	signedIn  time.Time
	restarted time.Time
	customers []string
	live      map[string]live // databases that must be there, by id
	named     int

	done, kills int
	recovery    []time.Duration
	violations  []string
}

// live is a database that was acknowledged and not deleted.
type live struct {
	externalName string
	credentials  *credentials // nil when the answer with them was lost
	customer     int
	state        string // ACTIVE or SUSPENDED
	user         *user  // a further user; nil without
	grouped      bool   // it had one, so that it has the groups of users
}

type user struct{ id, username, rights string }

// A provision is one order that must be carried out, whatever dies meanwhile.
type provision struct {
	key      string // idempotency
	mutation string
	input    vars
	customer int    // of a create
	id       string // of the database; "" for a create

	answered    order
	credentials *credentials
	interrupted bool // its job was found by a restart
	over        *job
}

func newTorture(t *testing.T, r *rand.Rand) *torture {
	t.Helper()
	k := &torture{installation: install(t), rand: r, live: map[string]live{}}
	s := k.start(t, launch{})
	admin := k.setUp(t, s)
	k.admin, k.signedIn = admin, time.Now()
	k.customers = k.makeCustomers(t, admin)
	s.stop(t)
	k.restart(t, true)
	return k
}

// makeCustomers makes the customers that judgeQuotas knows.
func (*torture) makeCustomers(t *testing.T, admin *client) []string {
	t.Helper()
	top := admin.createCustomer(t, "Reseller", -1, "")
	return []string{top, admin.createCustomer(t, "Below", -1, top), admin.createCustomer(t, "Apart", 1_000_000, "")}
}

// tokenTime is how long an access token is used here; it lasts a little longer.
const tokenTime = 10 * time.Minute

// restart starts the server so that it dies at a random place of its work, or
// does not die.
func (k *torture) restart(t *testing.T, dies bool) {
	t.Helper()
	l := launch{binary: built.fault}
	expired := time.Since(k.signedIn) > tokenTime
	dies = dies && !expired // one that goes on with its jobs may die before it lets anybody in
	if dies {
		l.env = []string{"MPANEL_FAULT_POINT=" + strconv.Itoa(1+k.rand.IntN(60)) + "@*"}
	}
	k.restarted = time.Now()
	if dies {
		// It takes its jobs up before it says that it is ready, and may die of them.
		k.server, _ = k.tryStart(t, l)
	} else {
		k.server = k.start(t, l)
	}
	if !expired {
		k.admin = k.admin.at(k.server)
		return
	}
	k.admin, k.signedIn = k.server.signIn(t, adminEmail), time.Now()
}

// change orders something of a database that is there.
func (k *torture) change(id string) (mutation string, input vars) {
	u := k.live[id].user
	switch kind := k.rand.IntN(6); {
	case kind == 0:
		return deleteMutation, vars{"id": id, "graceSeconds": 0}
	case k.live[id].state == "SUSPENDED":
		return resumeMutation, vars{"id": id}
	case kind == 1:
		return suspendMutation, vars{"id": id, "reason": "Torture."}
	case kind == 2:
		return rotateMutation, vars{"id": id}
	case u == nil:
		return createUserMutation, vars{"databaseId": id, "name": "guest", "rights": someRights[k.rand.IntN(len(someRights))]}
	case kind == 3:
		return deleteUserMutation, vars{"id": u.id}
	case kind == 4:
		return rotateUserMutation, vars{"id": u.id}
	}
	return updateUserMutation, vars{"id": u.id, "rights": someRights[k.rand.IntN(len(someRights))]}
}

var someRights = []string{"READ_ONLY", "READ_WRITE", "OWNER"}

// orders makes n orders: creates, and changes of what is there.
func (k *torture) orders(n int) []*provision {
	var list []*provision
	chosen := map[string]bool{}
	for range n {
		k.named++
		p := &provision{key: fmt.Sprintf("torture %d", k.named)}
		if k.rand.IntN(2) == 0 {
			for _, id := range slices.Sorted(maps.Keys(k.live)) {
				if !chosen[id] {
					chosen[id], p.id = true, id
					break
				}
			}
		}
		if p.id != "" {
			p.mutation, p.input = k.change(p.id)
		} else {
			p.customer = k.rand.IntN(len(k.customers))
			p.mutation, p.input = createMutation, vars{"customerId": k.customers[p.customer], "name": fmt.Sprintf("t%d", k.named)}
		}
		list = append(list, p)
	}
	return list
}

// round carries out orders, all at once, through every kill.
func (k *torture) round(t *testing.T, orders []*provision) {
	t.Helper()
	for kills := 0; ; {
		k.push(t, orders)
		if k.server.runs() {
			break
		}
		k.kills++
		kills++
		for _, p := range orders {
			p.interrupted = p.interrupted || p.over == nil && p.answered.Job != nil
		}
		k.restart(t, kills < mostKills)
	}
	for _, p := range orders {
		k.settle(p)
	}
	k.done += len(orders)
}

// push sends what has no answer yet and follows what has, until all is over or
// the server is dead.
func (k *torture) push(t *testing.T, orders []*provision) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var wg sync.WaitGroup
	for _, p := range orders {
		if p.over == nil {
			wg.Go(func() { p.push(ctx, k.admin) })
		}
	}
	wg.Wait()
	for _, p := range orders {
		if p.over == nil {
			select { // a broken connection is the death's first sign
			case <-k.server.exited:
			case <-time.After(stopTime):
				require.FailNow(t, "an order is not carried out though the server lives", "%+v %+v", p.input, p.answered.Job)
			}
			return
		}
	}
}

// order sends the order until there is an answer to it.
func (p *provision) order(ctx context.Context, c *client) {
	if p.answered.Job != nil {
		return
	}
	a, err := c.send(ctx, key(p.key), p.mutation, vars{"in": p.input})
	if err != nil {
		return // no answer: sent again later, with the same key
	}
	o, err := orderIn(a)
	if err != nil {
		return
	}
	p.answered = o
	if o.Credentials != nil {
		p.credentials = o.Credentials
	}
}

// push sends the order, if need be, and follows its job.
func (p *provision) push(ctx context.Context, c *client) {
	if p.order(ctx, c); p.answered.Job == nil {
		return
	}
	if _, err := c.follow(ctx, p.answered.Job.ID, ""); err != nil {
		return
	}
	a, err := c.send(ctx, nil, `query ($id: ID!) { job(id: $id) { `+jobFields+` } }`, vars{"id": p.answered.Job.ID})
	if err != nil {
		return
	}
	if j, err := jobIn(a); err == nil && j.over() {
		p.over = j
	}
}

// settle notes what an order that is over must have left.
func (k *torture) settle(p *provision) {
	if p.over.State != "SUCCEEDED" {
		k.violations = append(k.violations, fmt.Sprintf("job of %v ended %s: %+v", p.input, p.over.State, p.over.Error))
		return
	}
	if p.interrupted && p.over.FinishedAt.After(k.restarted) {
		k.recovery = append(k.recovery, p.over.FinishedAt.Sub(k.restarted))
	}
	l := k.live[p.id]
	switch p.mutation {
	case createMutation:
		k.live[p.answered.Database.ID] = live{
			externalName: p.answered.Database.ExternalName, credentials: p.credentials, customer: p.customer, state: "ACTIVE",
		}
		return
	case deleteMutation:
		delete(k.live, p.id)
		return
	case suspendMutation:
		l.state = "SUSPENDED"
	case resumeMutation:
		l.state = "ACTIVE"
	case rotateMutation:
		l.credentials = p.credentials
	case createUserMutation:
		u := p.answered.DatabaseUser
		l.user, l.grouped = &user{u.ID, u.Username, u.Rights}, true
	case updateUserMutation:
		l.user = &user{l.user.id, l.user.username, p.answered.DatabaseUser.Rights}
	case deleteUserMutation:
		l.user = nil
	}
	k.live[p.id] = l
}

func (k *torture) peakRSS() int64 {
	var most int64
	for _, s := range k.servers {
		most = max(most, s.peakRSS())
	}
	return most
}
