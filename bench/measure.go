package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

const (
	batch          = 10 // orders of one client between two clean-ups
	commitsPerPair = 5
	settleTime     = 3 * time.Second // before idle memory is read
	restTime       = time.Second / 2 // between ready and stop; what a start leaves for later is over
)

// A session is everything that measures one server.
type session struct {
	options
	panel    *panel
	client   *client
	customer string
	commits  *committer
	server   *bareServer
	bare     []*bareClient
	names    int
	result   *result
}

// measure does everything in one run.
func measure(ctx context.Context, o options, p *panel, progress io.Writer) (*result, error) {
	s := &session{options: o, panel: p, client: newClient(p.base, o.clients), result: &result{options: o}}
	s.result.begin(ctx)
	say := func(what string) { _, _ = fmt.Fprintln(progress, "bench:", what) }
	say("first start and further starts")
	if err := s.starts(ctx); err != nil {
		return nil, err
	}
	panelDB, err := s.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = panelDB.Close(context.WithoutCancel(ctx)) }()
	defer s.disconnect(ctx)
	if err := s.pairs(ctx, 3, nil); err != nil { // warm up
		return nil, err
	}
	say("one client")
	for done, first := 0, true; done < o.samples; done, first = done+batch, !first {
		if err := s.pairs(ctx, min(batch, o.samples-done), &s.result.single); err != nil {
			return nil, err
		}
	}
	say("many clients")
	if err := s.client.signIn(ctx); err != nil {
		return nil, err
	}
	if _, err := s.round(ctx, true); err != nil { // warm up
		return nil, err
	}
	for i := range o.rounds {
		r, err := s.round(ctx, i%2 == 0)
		if err != nil {
			return nil, err
		}
		s.result.rounds = append(s.result.rounds, r)
	}
	_ = wait(ctx, settleTime)
	if s.result.loaded, err = p.usage(); err != nil {
		return nil, err
	}
	s.result.end()
	return s.result, ctx.Err()
}

// starts measures the first start, makes an administrator, and then measures
// starts on the data that is there. The server runs when it returns.
func (s *session) starts(ctx context.Context) (err error) {
	if s.result.firstStart, err = s.panel.start(ctx); err != nil {
		return err
	}
	token, err := s.panel.setupToken(ctx)
	if err != nil {
		return err
	}
	if err := s.client.setUp(ctx, token); err != nil {
		return err
	}
	for range s.options.starts {
		if err := wait(ctx, restTime); err != nil {
			return err
		}
		if err := s.panel.stop(); err != nil {
			return err
		}
		took, err := s.panel.start(ctx)
		if err != nil {
			return err
		}
		s.result.coldStarts = append(s.result.coldStarts, took)
	}
	if err := wait(ctx, settleTime); err != nil {
		return err
	}
	s.result.idle, err = s.panel.usage()
	return err
}

// connect opens what is kept open: the bench's own connections to both clusters.
func (s *session) connect(ctx context.Context) (*pgx.Conn, error) {
	dsn, box, err := s.panel.panelDSN()
	if err != nil {
		return nil, err
	}
	conn, err := pgx.Connect(ctx, dsn.Reveal())
	if err != nil {
		return nil, fmt.Errorf("connect to the panel's cluster: %w", err)
	}
	s.result.machine.PostgreSQL = conn.PgConn().ParameterStatus("server_version")
	if s.commits, err = newCommitter(ctx, conn); err == nil {
		s.server, err = newBareServer(ctx, conn, box)
	}
	for range s.clients {
		if err != nil {
			break
		}
		var c *bareClient
		if c, err = s.server.connect(ctx); err == nil {
			s.bare = append(s.bare, c)
		}
	}
	if err == nil {
		err = s.client.signIn(ctx)
	}
	if err == nil {
		s.customer, err = s.client.createCustomer(ctx)
	}
	if err != nil {
		s.disconnect(ctx)
		return nil, errors.Join(err, conn.Close(context.WithoutCancel(ctx)))
	}
	return conn, nil
}

func (s *session) disconnect(ctx context.Context) {
	for _, c := range s.bare {
		c.close(ctx)
	}
}

func (s *session) name() string {
	s.names++
	return fmt.Sprintf("bench_%d", s.names)
}

// single are the samples of one client.
type single struct{ commit, bare, panel, mutation []time.Duration }

// pairs takes so many samples of each kind, one after the other and each kind
// first in turn, and then removes what it made.
func (s *session) pairs(ctx context.Context, n int, into *single) error {
	sock, err := s.client.socket(ctx)
	if err != nil {
		return err
	}
	defer sock.close()
	var names, databases []string
	var got single
	bare := func() error {
		name := s.name()
		began := time.Now()
		if err := s.bare[0].create(ctx, name); err != nil {
			return err
		}
		got.bare = append(got.bare, time.Since(began))
		names = append(names, name)
		return nil
	}
	ordered := func() error {
		t, err := s.order(ctx, sock, s.name())
		if err != nil {
			return err
		}
		got.mutation, got.panel = append(got.mutation, t.mutation), append(got.panel, t.total)
		databases = append(databases, t.database)
		return nil
	}
	kinds := []func() error{bare, ordered}
	for i := range n {
		for range commitsPerPair {
			t, err := s.commits.commit(ctx)
			if err != nil {
				return err
			}
			got.commit = append(got.commit, t)
		}
		for k := range kinds {
			if err := kinds[(k+i)%len(kinds)](); err != nil {
				return err
			}
		}
	}
	if into != nil {
		into.add(got)
	}
	return s.clean(ctx, s.bare[0], sock, names, databases)
}

func (s *single) add(o single) {
	s.commit, s.bare = append(s.commit, o.commit...), append(s.bare, o.bare...)
	s.panel, s.mutation = append(s.panel, o.panel...), append(s.mutation, o.mutation...)
}

// A timing is one order's.
type timing struct {
	database        string
	mutation, total time.Duration
}

// order asks for a database and follows its job to SUCCEEDED.
func (s *session) order(ctx context.Context, sock *socket, name string) (timing, error) {
	began := time.Now()
	o, err := s.client.createDatabase(ctx, s.customer, name)
	if err != nil {
		return timing{}, err
	}
	answered := time.Now()
	ready, err := sock.succeeded(ctx, o.job)
	return timing{o.database, answered.Sub(began), ready.Sub(began)}, err
}

// clean removes databases, which nobody measures.
func (s *session) clean(ctx context.Context, c *bareClient, sock *socket, names, databases []string) error {
	for _, name := range names {
		if err := c.drop(ctx, name); err != nil {
			return err
		}
	}
	for _, id := range databases {
		job, err := s.client.dropDatabase(ctx, id)
		if err != nil {
			return err
		}
		if _, err := sock.succeeded(ctx, job); err != nil {
			return err
		}
	}
	return nil
}

// A round is one comparison with many clients, in orders per second.
type round struct {
	Bare  float64 `json:"bare_per_second"`
	Panel float64 `json:"panel_per_second"`
	CPUMs float64 `json:"cpu_ms_per_order"` // of the server's process, without its PostgreSQLs
}

// round lets every client make its databases, by SQL and by orders.
func (s *session) round(ctx context.Context, bareFirst bool) (r round, err error) {
	sockets := make([]*socket, s.clients)
	names, databases := make([][]string, s.clients), make([][]string, s.clients)
	for i := range names {
		for range s.perClient {
			names[i] = append(names[i], s.name())
		}
		if sockets[i], err = s.client.socket(ctx); err != nil {
			return r, err
		}
		defer sockets[i].close()
	}
	bare := func() error {
		r.Bare, err = s.perSecond(ctx, func(ctx context.Context, i int) error {
			for _, name := range names[i] {
				if err := s.bare[i].create(ctx, name); err != nil {
					return err
				}
			}
			return nil
		})
		return err
	}
	ordered := func() error {
		before, err := s.panel.usage()
		if err != nil {
			return err
		}
		r.Panel, err = s.perSecond(ctx, func(ctx context.Context, i int) error {
			for _, name := range names[i] {
				t, err := s.order(ctx, sockets[i], name)
				if err != nil {
					return err
				}
				databases[i] = append(databases[i], t.database)
			}
			return nil
		})
		if err != nil {
			return err
		}
		after, err := s.panel.usage()
		r.CPUMs = ms(after.CPU-before.CPU) / float64(s.clients*s.perClient)
		return err
	}
	kinds := []func() error{bare, ordered}
	if !bareFirst {
		kinds[0], kinds[1] = ordered, bare
	}
	for _, kind := range kinds {
		if err := kind(); err != nil {
			return r, err
		}
	}
	_, err = s.perSecond(ctx, func(ctx context.Context, i int) error {
		return s.clean(ctx, s.bare[i], sockets[i], names[i], databases[i])
	})
	return r, err
}

// perSecond runs every client at once and counts what they made.
func (s *session) perSecond(ctx context.Context, do func(ctx context.Context, client int) error) (float64, error) {
	began := time.Now()
	all, ctx := errgroup.WithContext(ctx)
	for i := range s.clients {
		all.Go(func() error { return do(ctx, i) })
	}
	err := all.Wait()
	return float64(s.clients*s.perClient) / time.Since(began).Seconds(), err
}

// wait pauses; its error is ctx's.
func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// open starts the server, makes an administrator and a customer, and connects to
// both clusters.
func open(ctx context.Context, o options, p *panel) (*session, *pgx.Conn, error) {
	s := &session{options: o, panel: p, client: newClient(p.base, o.clients), result: &result{options: o}}
	s.result.begin(ctx)
	if _, err := p.start(ctx); err != nil {
		return nil, nil, err
	}
	token, err := p.setupToken(ctx)
	if err != nil {
		return nil, nil, err
	}
	if err := s.client.setUp(ctx, token); err != nil {
		return nil, nil, err
	}
	if err := s.client.signIn(ctx); err != nil {
		return nil, nil, err
	}
	dsn, box, err := p.panelDSN()
	if err != nil {
		return nil, nil, err
	}
	conn, err := pgx.Connect(ctx, dsn.Reveal())
	if err != nil {
		return nil, nil, fmt.Errorf("connect to the panel's cluster: %w", err)
	}
	s.result.machine.PostgreSQL = conn.PgConn().ParameterStatus("server_version")
	if s.server, err = newBareServer(ctx, conn, box); err == nil {
		s.customer, err = s.client.createCustomer(ctx)
	}
	if err != nil {
		return nil, nil, errors.Join(err, conn.Close(context.WithoutCancel(ctx)))
	}
	return s, conn, nil
}
