//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	keepMutation   = `mutation ($in: KeepPreviousDatabaseLoginInput!) { keepPreviousDatabaseLogin(input: $in) ` + deletePayload + ` }`
	accessMutation = `mutation ($in: SetDatabaseAccessInput!) { setDatabaseAccess(input: $in) ` + deletePayload + ` }`
	surveyMutation = `mutation ($in: SurveyDatabaseServerInput!) { surveyDatabaseServer(input: $in) { databaseServer { driftBrake } } }`
)

// A previous login works beside the one that took over, until it is retired.
type previous struct {
	username    string
	credentials *credentials // nil when the answer with them was lost
	ends        bool         // its grace is short, so that it is over now
}

var someNetworks = []string{"192.0.2.0/24", "198.51.100.7/32", "203.0.113.0/28", "2001:db8::/32", "2001:db8:1::/48"}

// loginActions are about who gets in from where, and what to do when somebody
// changed that by hand.
func loginActions() []*action {
	withGrace := func(seconds int) *action {
		return &action{
			name: fmt.Sprintf("rotate with a grace of %d s", seconds),
			fits: func(_ *torture, l *live) bool { return l != nil && !l.suspended && l.previous == nil },
			// A grace that is over needs nothing but time.
			order: of(rotateMutation, vars{"graceSeconds": seconds}),
			settle: func(t *testing.T, k *torture, p *provision, l *live) {
				l.previous, l.tookOver = &previous{l.username, l.credentials, seconds < 60}, true
				l.credentials, l.username = p.credentials, k.row(t, l.id).username
			},
		}
	}
	return []*action{
		withGrace(1), withGrace(3600),
		{
			name: "keep previous login",
			fits: func(_ *torture, l *live) bool {
				return l != nil && !l.suspended && l.previous != nil && !l.previous.ends
			},
			order: of(keepMutation, nil),
			settle: func(_ *testing.T, _ *torture, _ *provision, l *live) {
				l.username, l.credentials, l.previous = l.previous.username, l.previous.credentials, nil
			},
		},
		{
			name: "set access", often: 2,
			fits: open,
			order: func(_ *testing.T, k *torture, p *provision, l *live) {
				p.cidrs = []string{}
				for _, n := range someNetworks {
					if k.rand.IntN(2) == 0 {
						p.cidrs = append(p.cidrs, n)
					}
				}
				p.mutation, p.input = accessMutation, vars{"id": l.id, "cidrs": p.cidrs}
			},
			settle: func(_ *testing.T, _ *torture, p *provision, l *live) { l.cidrs = p.cidrs },
		},
		{
			name: "repair", often: 2,
			fits: func(k *torture, l *live) bool { return open(k, l) && k.repairs() < 2 }, // more, and the brake holds them
			order: func(_ *testing.T, k *torture, p *provision, l *live) {
				p.damage = damages(l)
				p.damage = p.damage[k.rand.IntN(len(p.damage)):][:1]
				p.input = vars{"id": l.id, "damage": p.damage[0]}
				k.damaged = append(k.damaged, p)
			},
			before: harm,
			send:   repair,
		},
	}
}

// repairs counts those that were ordered for this round.
func (k *torture) repairs() (n int) {
	for _, p := range k.damaged {
		if p.over == nil {
			n++
		}
	}
	return n
}

// damages are what an administrator might do to a database by hand.
func damages(l *live) []string {
	role, name := pgx.Identifier{l.username}.Sanitize(), pgx.Identifier{l.externalName}.Sanitize()
	list := []string{
		"ALTER ROLE " + role + " NOLOGIN",
		"ALTER ROLE " + role + " CONNECTION LIMIT 77",
		"ALTER ROLE " + role + " PASSWORD 'another'",
		"ALTER ROLE " + role + " CREATEDB",
		"ALTER ROLE " + role + " RENAME TO renamed_" + l.username[:min(50, len(l.username))],
		"REVOKE CONNECT ON DATABASE " + name + " FROM " + role,
		"GRANT CONNECT ON DATABASE " + name + " TO PUBLIC",
		"ALTER DATABASE " + name + " CONNECTION LIMIT 0",
		"ALTER DATABASE " + name + " RENAME TO renamed_" + l.externalName[:min(50, len(l.externalName))],
	}
	if l.user != nil {
		list = append(list, "ALTER ROLE "+pgx.Identifier{l.user.username}.Sanitize()+" NOLOGIN")
	}
	return list
}

// harm does the damage, having noted which repairs there were before.
func harm(ctx context.Context, k *torture, c *client, p *provision) error {
	if p.seen == nil {
		ids, err := repairsOf(ctx, c, p.id)
		if err != nil {
			return err
		}
		p.seen = append([]string{""}, ids...)
	}
	return k.ask(ctx, "tenants", "postgres", func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, p.damage[0])
		if pg, ok := errors.AsType[*pgconn.PgError](err); ok && (pg.Code == "42704" || pg.Code == "3D000") {
			return nil // it has another name already
		}
		return err
	})
}

// repair has the server surveyed until there is a job that mends the damage.
func repair(ctx context.Context, k *torture, c *client, p *provision) (order, error) {
	if err := k.survey(ctx, c); err != nil {
		return order{}, err
	}
	ids, err := repairsOf(ctx, c, p.id)
	if err != nil {
		return order{}, err
	}
	for _, id := range ids {
		if !slices.Contains(p.seen, id) {
			return order{Job: &job{ID: id}}, nil
		}
	}
	return order{}, errors.New("the damage is not found yet")
}

// repairsOf lists the jobs that repaired a database, the newest first.
func repairsOf(ctx context.Context, c *client, id string) (ids []string, err error) {
	out, err := try[struct {
		Database struct {
			Jobs struct{ Nodes []struct{ ID, Kind string } }
		}
	}](c.send(ctx, nil, `query ($id: ID!) { database(id: $id) { jobs(first: 100) { nodes { id kind } } } }`, vars{"id": id}))
	for _, j := range out.Database.Jobs.Nodes {
		if j.Kind == "database.repair" {
			ids = append(ids, j.ID)
		}
	}
	return ids, err
}

// survey compares the tenants' server with what is wished, at once.
func (k *torture) survey(ctx context.Context, c *client) error {
	servers, err := try[struct {
		DatabaseServers struct{ Nodes []struct{ ID string } }
	}](c.send(ctx, nil, `{ databaseServers { nodes { id } } }`, nil))
	if err != nil {
		return err
	}
	for _, s := range servers.DatabaseServers.Nodes {
		_, err := try[struct{}](c.send(ctx, nil, surveyMutation, vars{"in": vars{"id": s.ID}}))
		if err != nil {
			return err
		}
	}
	return nil
}
