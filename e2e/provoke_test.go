//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// mostKills bounds how often one round's work is killed, so that it ends.
const mostKills = 4

// begun is a torture of an installation before its first start.
func begun(t *testing.T, r *rand.Rand) *torture {
	t.Helper()
	return &torture{
		installation: install(t), rand: r, mix: mix(), came: map[string]int{},
		live: map[string]*live{}, dumps: map[string]*dump{}, away: map[string]bool{},
		env: []string{"MPANEL_TENANTS_LISTEN=0.0.0.0"}, // so that access can be given to networks
	}
}

func newTorture(t *testing.T, r *rand.Rand) *torture {
	t.Helper()
	k := begun(t, r)
	s := k.start(t, launch{env: k.env})
	k.admin, k.signedIn = k.setUp(t, s), time.Now()
	k.customers = k.makeCustomers(t, k.admin)
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

func (k *torture) violatef(format string, args ...any) {
	k.violations = append(k.violations, fmt.Sprintf(format, args...))
}

// tokenTime is how long an access token is used here; it lasts a little longer.
const tokenTime = 10 * time.Minute

// restart starts the server so that it dies at a random place of its work, or
// does not die.
func (k *torture) restart(t *testing.T, dies bool) {
	t.Helper()
	l := launch{binary: built.fault, env: slices.Clone(k.env)}
	expired := time.Since(k.signedIn) > tokenTime
	dies = dies && !expired // one that goes on with its jobs may die before it lets anybody in
	if dies {
		l.env = append(l.env, "MPANEL_FAULT_POINT="+strconv.Itoa(1+k.rand.IntN(60))+"@*")
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

// fuse kills the server after a while, at no point in particular, unless it is
// put out before.
func (k *torture) fuse() (putOut func()) {
	if k.rand.IntN(3) > 0 {
		return func() {}
	}
	s := k.server
	timer := time.AfterFunc(time.Duration(1+k.rand.IntN(1500))*time.Millisecond, func() { s.signal(syscall.SIGKILL) })
	return func() {
		if !timer.Stop() {
			<-s.exited
		}
	}
}

// round carries out orders, all at once, through every kill.
func (k *torture) round(t *testing.T, orders []*provision) {
	t.Helper()
	putOut := k.fuse()
	kills := 0
	through(t, k, &kills, func() error { return k.push(t, orders) }, func() {
		for _, p := range orders {
			p.interrupted = p.interrupted || p.over == nil && p.answered.Job != nil
		}
	})
	putOut()
	through(t, k, &kills, func() error { return k.calm(t.Context()) }, func() {})
	for _, p := range orders {
		k.settle(t, p)
	}
	k.done += len(orders)
}

// through does something that the server's death makes fail, until it succeeds.
func through(t *testing.T, k *torture, kills *int, do func() error, died func()) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for {
		err := do()
		if err == nil && k.server.runs() {
			return
		}
		select {
		case <-k.server.exited:
			k.kills++
			*kills++
			died()
			k.restart(t, *kills < mostKills)
		case <-time.After(50 * time.Millisecond): // a broken connection is the death's first sign
			if time.Now().After(deadline) {
				require.FailNow(t, "not carried out though the server lives", "%v\n%s", err, k.standstill(t.Context()))
			}
		}
	}
}

// push sends what has no answer yet and follows what has, until all is over or
// the server is dead.
func (k *torture) push(t *testing.T, orders []*provision) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var wg sync.WaitGroup
	for _, p := range orders {
		wg.Go(func() {
			for p.over == nil && ctx.Err() == nil && k.server.runs() {
				p.push(ctx, k, k.admin)
			}
		})
	}
	wg.Wait()
	for _, p := range orders {
		if p.over == nil {
			return fmt.Errorf("%s %v: refused %w, job %+v", p.action.name, p.input, p.refused, p.answered.Job)
		}
	}
	return nil
}

// order sends the order until there is an answer to it.
func (p *provision) order(ctx context.Context, k *torture, c *client) error {
	if p.answered.Job != nil {
		return nil
	}
	if p.action.before != nil && !p.prepared {
		if err := p.action.before(ctx, k, c, p); err != nil {
			return err
		}
		p.prepared = true
	}
	send := p.action.send
	if send == nil {
		send = sendOnce
	}
	o, err := send(ctx, k, c, p)
	if err != nil {
		return err // without an answer: sent again later, with the same key
	}
	p.answered = o
	if o.Credentials != nil {
		p.credentials = o.Credentials
	}
	return nil
}

func sendOnce(ctx context.Context, _ *torture, c *client, p *provision) (order, error) {
	a, err := c.send(ctx, key(p.key), p.mutation, vars{"in": p.input})
	if err != nil {
		return order{}, err
	}
	return orderIn(a)
}

// push sends the order, if need be, and follows its job.
func (p *provision) push(ctx context.Context, k *torture, c *client) {
	if p.refused = p.order(ctx, k, c); p.refused != nil {
		select { // a job of the panel's own may be at work there
		case <-ctx.Done():
		case <-time.After(50 * time.Millisecond):
		}
		return
	}
	if p.cancelAfter > 0 && !p.canceled {
		timer := time.AfterFunc(p.cancelAfter, func() {
			a, err := c.send(ctx, nil, cancelMutation, vars{"in": vars{"id": p.answered.Job.ID}})
			p.canceled = err == nil && len(a.Errors) == 0
		})
		defer timer.Stop()
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
func (k *torture) settle(t *testing.T, p *provision) {
	t.Helper()
	may := p.may
	if len(may) == 0 {
		may = []string{"SUCCEEDED"}
	}
	if !slices.Contains(may, p.over.State) {
		k.violatef("%s: job of %v ended %s: %+v", p.action.name, p.input, p.over.State, p.over.Error)
		return
	}
	if p.interrupted && p.over.FinishedAt.After(k.restarted) {
		k.recovery = append(k.recovery, p.over.FinishedAt.Sub(k.restarted))
	}
	l := k.live[p.id]
	if l != nil {
		l.looked = false
	}
	if p.action.settle != nil {
		p.action.settle(t, k, p, l)
	}
}

// ask asks a cluster as its superuser; an error is also that it has gone.
func (k *torture) ask(ctx context.Context, cluster, database string, do func(*pgx.Conn) error) error {
	dsn, err := k.dsn(cluster, database)
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	return errors.Join(do(conn), conn.Close(context.WithoutCancel(ctx)))
}

// try reads an answer that may not have come.
func try[T any](a answer, err error) (v T, _ error) {
	if err == nil && len(a.Errors) > 0 {
		err = fmt.Errorf("%v", a.Errors)
	}
	if err != nil {
		return v, err
	}
	return v, json.Unmarshal(a.Data, &v)
}

func (k *torture) peakRSS() int64 {
	var most int64
	for _, s := range k.servers {
		most = max(most, s.peakRSS())
	}
	return most
}
