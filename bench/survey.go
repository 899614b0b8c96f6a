package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/mpanel/mpanel/internal/database/pgprov"
)

// A pass is what one look at the server costs, on the average of a round.
type pass struct {
	Wall      []time.Duration
	ServerCPU time.Duration // of the tenants' cluster, all its processes
	ClientCPU time.Duration // of who looks: the panel's process, or this one
	Queries   int           // on the tenants' cluster
}

// A surveyRun is everything that is measured of surveys.
type surveyRun struct {
	databases, roles int
	panel, bare      []pass // by round
	latency          latency
}

// measureSurveys makes databases with a further user each, lets the panel survey
// them, and runs the two queries of a survey by themselves.
func measureSurveys(ctx context.Context, o options, p *panel, stdout, progress io.Writer) error {
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(progress, "bench: "+format+"\n", args...) }
	p.extra = []string{"MPANEL_SURVEY_INTERVAL=1h"}
	s, panelDB, err := open(ctx, o, p)
	if err != nil {
		return err
	}
	if err := errors.Join(s.countStatements(ctx), panelDB.Close(ctx)); err != nil {
		return err
	}
	restart := func() error {
		if err := p.stop(); err != nil {
			return err
		}
		_, err := p.start(ctx)
		return err
	}
	if err := restart(); err != nil { // the cluster counts statements now
		return err
	}
	dsn, _, err := p.panelDSN()
	if err != nil {
		return err
	}
	if panelDB, err = pgx.Connect(ctx, dsn.Reveal()); err != nil {
		return fmt.Errorf("connect to the panel's cluster: %w", err)
	}
	say("%d databases with a user each", o.survey)
	if err := s.populate(ctx); err != nil {
		return err
	}
	if err := s.checkpoint(ctx); err != nil { // not in the middle of what is measured
		return err
	}
	r := &surveyRun{databases: o.survey}
	if err := s.surveys(ctx, panelDB, r, say); err != nil {
		return err
	}
	if err := errors.Join(panelDB.Close(ctx), s.checkpoint(ctx)); err != nil {
		return err
	}
	p.extra = []string{"MPANEL_SURVEY_INTERVAL=" + o.interval.String()}
	if err := restart(); err != nil {
		return err
	}
	if panelDB, err = pgx.Connect(ctx, dsn.Reveal()); err != nil {
		return fmt.Errorf("connect to the panel's cluster: %w", err)
	}
	defer func() { _ = panelDB.Close(context.WithoutCancel(ctx)) }()
	say("%d of them harmed, each at a random time", o.harms)
	if r.latency, err = s.harm(ctx, panelDB); err != nil {
		return err
	}
	s.result.end()
	return r.report(ctx, s, stdout)
}

// countStatements makes the tenants' cluster count statements, from its next start on.
func (s *session) countStatements(ctx context.Context) error {
	c, err := s.server.connect(ctx)
	if err != nil {
		return err
	}
	defer c.close(ctx)
	return alone(ctx, c.conn, "CREATE EXTENSION pg_stat_statements SCHEMA public", "ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'")
}

// checkpoint writes what the tenants' cluster has not written yet: of so many new
// databases it is more than a stop has time for.
func (s *session) checkpoint(ctx context.Context) error {
	c, err := s.server.connect(ctx)
	if err != nil {
		return err
	}
	defer c.close(ctx)
	return alone(ctx, c.conn, "CHECKPOINT")
}

// populate makes the databases, and a user for each, with all clients at once.
func (s *session) populate(ctx context.Context) error {
	if err := s.client.signIn(ctx); err != nil {
		return err
	}
	all, ctx := errgroup.WithContext(ctx)
	for i := range s.clients {
		all.Go(func() error {
			sock, err := s.client.socket(ctx)
			if err != nil {
				return err
			}
			defer sock.close()
			for n := i; n < s.survey; n += s.clients {
				o, err := s.client.createDatabase(ctx, s.customer, fmt.Sprintf("survey_%d", n))
				if err != nil {
					return err
				}
				if _, err := sock.succeeded(ctx, o.job); err != nil {
					return err
				}
				job, err := s.client.createUser(ctx, o.database)
				if err != nil {
					return err
				}
				if _, err := sock.succeeded(ctx, job); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return all.Wait()
}

// surveys takes rounds of panel and bare by turns, each first in turn.
func (s *session) surveys(ctx context.Context, panelDB *pgx.Conn, r *surveyRun, say func(string, ...any)) error {
	server, err := s.client.onlyServer(ctx)
	if err != nil {
		return err
	}
	bare, err := s.newBareSurvey(ctx, panelDB)
	if err != nil {
		return err
	}
	defer bare.close(ctx)
	r.roles = len(bare.roles)
	for i := range s.rounds + 1 {
		say("round %d of surveys", i)
		for _, own := range []bool{i%2 == 0, i%2 != 0} {
			var p pass
			if own {
				p, err = s.takePasses(ctx, bare, s.panelCPU, func() error { return s.client.survey(ctx, server) })
			} else {
				p, err = s.takePasses(ctx, bare, ownCPU, func() error { return bare.look(ctx) })
			}
			switch {
			case err != nil:
				return err
			case i == 0: // warm up
			case own:
				r.panel = append(r.panel, p)
			default:
				r.bare = append(r.bare, p)
			}
		}
	}
	return nil
}

// takePasses measures a round. Background work of the panel is in it, as it would
// be anyhow; queries are counted that every pass asks.
func (s *session) takePasses(ctx context.Context, bare *bareSurvey, clientCPU func() (time.Duration, error), one func() error) (p pass, err error) {
	if err := bare.forget(ctx); err != nil {
		return p, err
	}
	server, err := s.clusterCPU()
	if err != nil {
		return p, err
	}
	client, err := clientCPU()
	if err != nil {
		return p, err
	}
	for range s.passes {
		began := time.Now()
		if err := one(); err != nil {
			return p, err
		}
		p.Wall = append(p.Wall, time.Since(began))
	}
	clientAfter, err := clientCPU()
	if err != nil {
		return p, err
	}
	serverAfter, err := s.clusterCPU()
	if err != nil {
		return p, err
	}
	n := time.Duration(s.passes)
	p.ServerCPU, p.ClientCPU = (serverAfter-server)/n, (clientAfter-client)/n
	p.Queries, err = bare.queries(ctx, s.passes)
	return p, err
}

func (s *session) panelCPU() (time.Duration, error) {
	u, err := s.panel.usage()
	return u.CPU, err
}

// ownCPU is what this process took.
func ownCPU() (time.Duration, error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, fmt.Errorf("read the bench's CPU time: %w", err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), nil
}

// clusterCPU is what the tenants' cluster took: its main process, which counts
// those that ended, and those that it has.
func (s *session) clusterCPU() (time.Duration, error) {
	b, err := os.ReadFile(filepath.Join(s.panel.dataDir(), "tenants", "data", "postmaster.pid"))
	if err != nil {
		return 0, fmt.Errorf("look for the tenants' cluster: %w", err)
	}
	main, _, _ := strings.Cut(string(b), "\n")
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0, fmt.Errorf("list processes: %w", err)
	}
	var sum time.Duration
	for _, file := range stats {
		b, err := os.ReadFile(file)
		if err != nil {
			continue // it ended
		}
		// After the name in parentheses: state, parent; utime, stime, and those of
		// children that were waited for are the 12th to 15th, in hundredths of a second.
		fields := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
		of := fields[11:13]
		switch {
		case filepath.Base(filepath.Dir(file)) == main:
			of = fields[11:15]
		case string(fields[1]) != main:
			continue
		}
		for _, f := range of {
			ticks, err := strconv.ParseInt(string(f), 10, 64)
			if err != nil {
				return 0, fmt.Errorf("read CPU time: %w", err)
			}
			sum += time.Duration(ticks) * 10 * time.Millisecond
		}
	}
	return sum, nil
}

// A bareSurvey is the two queries of a survey by pgx, and nothing done with the rows.
type bareSurvey struct {
	conn                   *pgx.Conn
	counts                 *pgx.Conn // in the same database: what was counted
	prefix                 string
	roles, bases           []string
	rolesQuery, basesQuery string
}

// newBareSurvey takes names and marks from the panel's tables.
func (s *session) newBareSurvey(ctx context.Context, panelDB *pgx.Conn) (*bareSurvey, error) {
	b := &bareSurvey{}
	err := panelDB.QueryRow(ctx, `
SELECT array_agg(DISTINCT role), array_agg(DISTINCT base) FROM (
	SELECT username AS role, ext_name AS base FROM databases
	UNION ALL SELECT username, 'mp_' || replace(database_id::text, '-', '') FROM database_users
	UNION ALL SELECT 'mp_' || replace(id::text, '-', '') || suffix, ext_name FROM databases, (VALUES ('_ro'), ('_rw')) AS g(suffix)
) AS all_of_them`).Scan(&b.roles, &b.bases)
	if err != nil {
		return nil, fmt.Errorf("list names: %w", err)
	}
	b.rolesQuery, b.basesQuery = pgprov.SurveyQueries()
	cfg := s.server.config.Copy()
	cfg.DefaultQueryExecMode = pgx.QueryExecModeCacheStatement // as the panel's
	if b.conn, err = pgx.ConnectConfig(ctx, cfg); err != nil {
		return nil, fmt.Errorf("connect to the tenants' cluster: %w", err)
	}
	if b.counts, err = pgx.ConnectConfig(ctx, s.server.config.Copy()); err != nil {
		return nil, fmt.Errorf("connect to the tenants' cluster: %w", err)
	}
	err = b.conn.QueryRow(ctx, "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = ANY ($1) LIMIT 1", b.bases).Scan(&b.prefix)
	if err != nil {
		return nil, fmt.Errorf("read a mark: %w", err)
	}
	b.prefix = b.prefix[:strings.LastIndexByte(b.prefix, ':')+1]
	return b, nil
}

func (b *bareSurvey) look(ctx context.Context) error {
	for _, q := range []struct {
		sql   string
		names []string
	}{{b.rolesQuery, b.roles}, {b.basesQuery, b.bases}} {
		rows, err := b.conn.Query(ctx, q.sql, b.prefix, q.names)
		if err != nil {
			return fmt.Errorf("bare query: %w", err)
		}
		n := 0
		for rows.Next() {
			n += len(rows.RawValues())
		}
		if err := rows.Err(); err != nil {
			return fmt.Errorf("bare query: %w", err)
		}
		if n == 0 {
			return errors.New("bare query: nothing was found")
		}
	}
	return nil
}

func (b *bareSurvey) close(ctx context.Context) {
	_ = b.conn.Close(context.WithoutCancel(ctx))
	_ = b.counts.Close(context.WithoutCancel(ctx))
}

// forget makes the server count from 0.
func (b *bareSurvey) forget(ctx context.Context) error {
	_, err := b.counts.Exec(ctx, "SELECT public.pg_stat_statements_reset()")
	if err != nil {
		return fmt.Errorf("reset what was counted: %w", err)
	}
	return nil
}

// queries is how many statements each of so many passes sent; what was sent less
// often is not theirs.
func (b *bareSurvey) queries(ctx context.Context, passes int) (int, error) {
	var n int
	err := b.counts.QueryRow(ctx, "SELECT coalesce(sum(calls / $1), 0)::int FROM public.pg_stat_statements WHERE query NOT LIKE '%pg_stat_statements%'", passes).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count statements: %w", err)
	}
	return n, nil
}
