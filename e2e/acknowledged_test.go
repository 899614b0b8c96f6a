//go:build e2e

package e2e

import (
	"math/rand/v2"
	"testing"
	"time"
)

// A torture is one installation under random kills.
type torture struct {
	*installation
	rand      *rand.Rand
	server    *server
	admin     *client
	signedIn  time.Time
	restarted time.Time
	env       []string // of every start
	customers []string

	mix     []*action
	came    map[string]int  // how often each action came
	chosen  map[string]bool // databases that the round at work is about
	named   int
	live    map[string]*live // databases that must be there, by id
	dumps   map[string]*dump // dumps that must be there, by id
	away    map[string]bool  // dumps on a node that does not come back
	damaged []*provision     // whose database was damaged by hand

	done, kills int
	squeezed    int // how often a size quota was exceeded
	recovery    []time.Duration
	violations  []string
}

// live is a database that was acknowledged and not deleted.
type live struct {
	id, name, externalName string
	username               string       // of its own login
	credentials            *credentials // nil when the answer with them was lost
	previous               *previous    // the login before; nil without
	customer               int
	suspended              bool     // for its own sake
	shut                   bool     // by a size quota
	cleanups               int      // how often it was opened for cleanup
	user                   *user    // a further user; nil without
	grouped                bool     // it had one, so that it has the groups of users
	tookOver               bool     // a login of it took over from another, with a grace
	content                []string // fingerprints, one of which it must have
	cidrs                  []string
	looked                 bool // its content was compared since it changed
}

type user struct{ id, username, rights string }

// A provision is one order that must be carried out, whatever dies meanwhile.
type provision struct {
	action   *action
	key      string // idempotency
	mutation string
	input    vars
	customer int             // of something new
	id       string          // of the database; "" for something new
	chosen   map[string]bool // databases of the same round
	may      []string        // how its job may end; SUCCEEDED alone when empty

	// Of single actions.
	cancelAfter time.Duration // 0: nobody does
	dump        *dump         // that is loaded
	upload      []byte        // what is sent to be loaded
	foreign     string        // a role of somebody else
	cidrs       []string
	damage      []string
	seen        []string // repairs of before

	prepared    bool
	answered    order
	refused     error // the last refusal, for whoever wonders why it is not carried out
	credentials *credentials
	canceled    bool
	interrupted bool // its job was found by a restart
	over        *job
}

// born notes the database that an order made.
func (k *torture) born(t *testing.T, p *provision) *live {
	t.Helper()
	d := p.answered.Database
	l := &live{
		id: d.ID, name: d.Name, externalName: d.ExternalName, username: d.Username, credentials: p.credentials, customer: p.customer,
	}
	k.live[l.id] = l
	return l
}

// forget drops what is known of a deleted database; its dumps go with it.
func (k *torture) forget(l *live) {
	delete(k.live, l.id)
	for id, d := range k.dumps {
		if d.of == l.id {
			delete(k.dumps, id)
		}
	}
}
