package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/mpanel/mpanel/internal/devstack"
	"github.com/mpanel/mpanel/internal/secret"
)

// Where what is measured runs, and everything else.
const (
	serverCore = "0"
	otherCore  = "1"
)

// graphConnections is how many connections the clients of the graph keep busy.
const graphConnections = 32

// raws is what the others are compared with.
const raws = "by hand"

// A graphOperation is sent again and again with other variables.
type graphOperation struct {
	name   string // as docs/performance.md has it
	token  string // of whoever asks
	query  string
	bodies [][]byte
	aim    float64 // of the requests of what is written by hand
}

// A graphPeer is a server that answers the operations.
type graphPeer struct {
	name    string
	panel   *panel
	answers map[string][]string // by operation, in one form for all
}

// A graphBench is everything that measures the graph.
type graphBench struct {
	options

	cluster    *devstack.Cluster
	postgres   int // its process
	client     *client
	operations []*graphOperation
	servers    []*graphPeer
	samples    map[string]map[string][]sample // by operation and peer, one of each round
	machine    machine
}

// measureGraph compares how operations are answered by the panel, by the panel with
// gqlgen's executor, by gqlgen with dataloaders, and by a server written by hand for
// them, one after the other in rounds: the server on one core, PostgreSQL and the
// clients on the other.
func measureGraph(ctx context.Context, o options, p *panel, stdout, progress io.Writer) (err error) {
	if runtime.NumCPU() < 2 {
		return errors.New("this takes two cores: one for the server, one for everything else")
	}
	b := &graphBench{options: o, client: newClient(p.base, 1), samples: map[string]map[string][]sample{}}
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(progress, "bench: "+format+"\n", args...) }
	if b.cluster, err = devstack.Start(ctx, devstack.Config{
		Name: "bench", Dir: filepath.Join(p.dir, "cluster"), Listen: "127.0.0.1", Superuser: "mpanel", Password: secret.New(password),
		Settings: map[string]string{"shared_buffers": "256MB", "max_connections": "200"}, Durable: true, Log: slog.New(slog.DiscardHandler),
	}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.stop(), b.cluster.Stop(context.WithoutCancel(ctx))) }()
	say("making the rows")
	if err := b.prepare(ctx, p); err != nil {
		return err
	}
	for _, pid := range []int{b.postgres, os.Getpid()} { // and what they start from now on
		if err := pin(ctx, pid, otherCore); err != nil {
			return err
		}
	}
	if o.profiles != "" {
		say("profiles of the panel")
		return b.profile(ctx, p)
	}
	if err := b.addPeers(ctx, p); err != nil {
		return err
	}
	b.machine = machineNow(ctx)
	b.machine.PostgreSQL = b.cluster.Version()
	for round := range o.rounds {
		for i := range b.servers {
			peer := b.servers[(round+i)%len(b.servers)] // whoever is first has a colder machine
			say("round %d of %d: %s", round+1, o.rounds, peer.name)
			if err := b.visit(ctx, peer); err != nil {
				return fmt.Errorf("%s: %w", peer.name, err)
			}
		}
	}
	b.machine.LoadAfter = firstFields("/proc/loadavg", 3)
	if err := b.print(stdout); err != nil || len(o.peers) > 0 {
		return err
	}
	say("in process")
	return b.inProcess(ctx, stdout)
}

// pin has a process run on one core only, with all its threads.
func pin(ctx context.Context, pid int, core string) error {
	if out, err := exec.CommandContext(ctx, "taskset", "-a", "-p", "-c", core, strconv.Itoa(pid)).CombinedOutput(); err != nil {
		return fmt.Errorf("keep process %d on core %s: %w: %s", pid, core, err, out)
	}
	return nil
}

// prepare has the panel make its tables and its first administrator, adds rows, and
// finds the operations' variables.
func (b *graphBench) prepare(ctx context.Context, p *panel) error {
	url := b.cluster.ConnString("mpanel")
	admin, err := pgx.Connect(ctx, b.cluster.ConnString("postgres").Reveal())
	if err != nil {
		return fmt.Errorf("connect to the cluster: %w", err)
	}
	_, err = admin.Exec(ctx, "CREATE DATABASE mpanel")
	if err := errors.Join(err, admin.Close(ctx)); err != nil {
		return fmt.Errorf("make the panel's database: %w", err)
	}
	p.extra = []string{"MPANEL_DATABASE_URL=" + url.Reveal(), "MPANEL_SECRET_KEY=" + secretKey}
	if _, err := p.start(ctx); err != nil {
		return err
	}
	token, err := p.setupToken(ctx)
	if err != nil {
		return err
	}
	if err := b.client.setUp(ctx, token); err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, url.Reveal())
	if err != nil {
		return fmt.Errorf("connect to the panel's database: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	for _, text := range graphRows {
		if _, err := conn.Exec(ctx, text); err != nil {
			return fmt.Errorf("make rows: %w\n%s", err, text)
		}
	}
	if err := conn.QueryRow(ctx, "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'").Scan(&b.postgres); err != nil {
		return fmt.Errorf("look for PostgreSQL's process: %w", err)
	}
	if b.postgres, err = parentOf(b.postgres); err != nil {
		return err
	}
	// All but one operation are asked by the reseller above all customers, whose every
	// row must pass the tenant filter; the provider's staff has none.
	staff, tenant := *b.client, *b.client
	if err := errors.Join(staff.signIn(ctx), tenant.signInAs(ctx, tenantEmail), p.stop()); err != nil {
		return err
	}
	return b.findVariables(ctx, conn, staff.token, tenant.token)
}

const secretKey = "a key of thirty-two characters or more, of a bench"

// findVariables makes the bodies of all operations.
func (b *graphBench) findVariables(ctx context.Context, conn *pgx.Conn, staff, tenant string) error {
	add := func(name, token string, aim float64, query string, variables []vars) error {
		op := &graphOperation{name: name, token: token, query: query, aim: aim}
		operation, _, _ := strings.Cut(strings.TrimPrefix(query, "query "), "(")
		for _, v := range variables {
			body, err := json.Marshal(map[string]any{"query": query, "operationName": operation, "variables": v})
			if err != nil {
				return fmt.Errorf("encode operation: %w", err)
			}
			op.bodies = append(op.bodies, body)
		}
		b.operations = append(b.operations, op)
		return nil
	}
	var ids, pages []vars
	rows, err := conn.Query(ctx, "SELECT id::text, created_at::text FROM customers WHERE parent_id IS NOT NULL ORDER BY created_at, id")
	if err != nil {
		return fmt.Errorf("look for customers: %w", err)
	}
	var id, at string
	if _, err = pgx.ForEachRow(rows, []any{&id, &at}, func() error {
		ids = append(ids, vars{"id": opaque("customer:" + id)})
		cursor, err := json.Marshal([]string{"customers.CREATED_AT.ASC", at, id})
		if len(ids) <= graphCustomers-nestedRows {
			pages = append(pages, vars{"after": opaque(string(cursor))})
		}
		return err
	}); err != nil {
		return fmt.Errorf("look for customers: %w", err)
	}
	states := []vars{{"state": "SUCCEEDED"}, {"state": "FAILED"}, {"state": "CANCELED"}}
	const page = `query Page($state: JobState!) { jobs(first: 50, filter: {state: $state}) { totalCount nodes { id kind state percent createdAt } } }`
	return errors.Join(
		add("one object by its id", tenant, 0.75, `query Object($id: ID!) { customer(id: $id) { id name email state createdAt } }`, ids),
		add("50 x 5 x 3 rows", tenant, 1, `query Nested($after: Cursor) { customers(first: 50, after: $after) { nodes { id name email
			databases(first: 5) { nodes { id name username jobs(first: 3) { nodes { kind state percent } } } } } } }`, pages),
		add("a page and its total", tenant, 0.9, page, states),
		add("a page and its total, for staff", staff, 0.9, page, states),
		add("a dashboard of three levels", tenant, 0.6, `query Dashboard($id: ID!) { customer(id: $id) { id name email state quotas { name used max }
			memberships(first: 5) { nodes { role user { name email } } }
			databases(first: 3) { nodes { id name state host users(first: 2) { nodes { id username rights } } jobs(first: 2) { nodes { id kind state createdAt } } } } } }`, ids),
	)
}

func opaque(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// addPeers builds what is measured beside the panel.
func (b *graphBench) addPeers(ctx context.Context, p *panel) error {
	binary := filepath.Join(p.dir, "peers")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", binary, ".")
	build.Dir = filepath.Join("bench", "peers")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the peers: %w\n%s", err, out)
	}
	add := func(name, program string, args []string, environment ...string) {
		if len(b.peers) > 0 && !slices.Contains(b.peers, name) {
			return
		}
		peer := *p
		peer.binary, peer.args, peer.core = program, args, serverCore
		peer.extra = append(append([]string{"GOMAXPROCS=1"}, p.extra...), environment...)
		b.servers = append(b.servers, &graphPeer{name: name, panel: &peer})
	}
	add(raws, binary, []string{"raw"})
	add("gqlgen, batch", p.binary, nil, "MPANEL_EXECUTOR=stock")
	add("gqlgen, dataloaders", binary, []string{"dataloaders"})
	add("panel", p.binary, nil)
	for _, percent := range b.gogc {
		add("panel, GOGC="+percent, p.binary, nil, "GOGC="+percent)
	}
	return nil
}

// visit measures every operation with one peer.
func (b *graphBench) visit(ctx context.Context, peer *graphPeer) (err error) {
	if _, err := peer.panel.start(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, peer.panel.stop()) }()
	for _, op := range b.operations {
		if peer.answers == nil || peer.answers[op.name] == nil {
			if err := b.compare(ctx, peer, op); err != nil {
				return err
			}
		}
	}
	for _, op := range b.operations {
		s, err := b.sample(ctx, peer, op)
		if err != nil {
			return fmt.Errorf("%s: %w", op.name, err)
		}
		if b.samples[op.name] == nil {
			b.samples[op.name] = map[string][]sample{}
		}
		b.samples[op.name][peer.name] = append(b.samples[op.name][peer.name], s)
	}
	return nil
}
