package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	harmEvery   = 200 * time.Millisecond // on the average, at least
	harmPart    = 50                     // at most one of so many in an interval: a tenth would be the brake's
	harmPatient = time.Minute            // until everything is found and repaired
)

// harms are done to a database, its login and its user: in turn, so that each
// survey finds several kinds. %d, %r and %u are their names.
var harms = []struct{ inside, sql string }{
	{"", "ALTER ROLE %r NOLOGIN"},
	{"", "ALTER ROLE %u CONNECTION LIMIT 99"},
	{"", "ALTER DATABASE %d CONNECTION LIMIT -1"},
	{"", "GRANT CONNECT ON DATABASE %d TO PUBLIC"},
	{"", "ALTER ROLE %u SET statement_timeout = 1"},
	{"", "GRANT pg_read_all_data TO %r"},
	{"%d", "ALTER SCHEMA public OWNER TO %u"},
	{"%d", "ALTER SCHEMA public OWNER TO pg_database_owner"},
}

// A latency is how long it took from a harm until it was noted as a finding, and
// until it was repaired.
type latency struct{ found, repaired []time.Duration }

// A victim is what is harmed.
type victim struct {
	id, base, login, user string
	harm                  string
	at                    time.Time
}

// harm does one thing to each of some databases, at random times, and waits until
// everything is found and repaired.
func (s *session) harm(ctx context.Context, panelDB *pgx.Conn) (latency, error) {
	var l latency
	rows, err := panelDB.Query(ctx, `SELECT d.id::text, d.ext_name, d.username, u.username FROM databases AS d
		JOIN database_users AS u ON u.database_id = d.id ORDER BY random() LIMIT $1`, s.harms)
	if err != nil {
		return l, fmt.Errorf("choose databases: %w", err)
	}
	victims, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (*victim, error) {
		v := &victim{}
		return v, row.Scan(&v.id, &v.base, &v.login, &v.user)
	})
	if err != nil {
		return l, fmt.Errorf("choose databases: %w", err)
	}
	c, err := s.server.connect(ctx)
	if err != nil {
		return l, err
	}
	defer c.close(ctx)
	if err := s.untilSurveyed(ctx, panelDB); err != nil {
		return l, err
	}
	pause := float64(max(harmEvery, harmPart*s.interval/time.Duration(s.survey)))
	for i, v := range victims {
		if err := wait(ctx, time.Duration(rand.ExpFloat64()*pause)); err != nil {
			return l, err
		}
		h := harms[i%len(harms)]
		sql := strings.NewReplacer("%d", quoted(v.base), "%r", quoted(v.login), "%u", quoted(v.user)).Replace(h.sql)
		v.harm, v.at = sql, time.Now() // the clusters' clock is this machine's
		if h.inside != "" {
			err = c.inside(ctx, v.base, sql)
		} else {
			err = together(ctx, c.conn, sql)
		}
		if err != nil {
			return l, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, harmPatient)
	defer cancel()
	for _, v := range victims {
		found, repaired, err := s.untilRepaired(ctx, panelDB, v.id)
		if err != nil {
			return l, fmt.Errorf("wait for what %q did: found %v, repaired %v: %w", v.harm, found, repaired, err)
		}
		l.found, l.repaired = append(l.found, found.Sub(v.at)), append(l.repaired, repaired.Sub(v.at))
	}
	return l, nil
}

// untilSurveyed waits for two surveys: the schedule of a server that has just
// started is running.
func (s *session) untilSurveyed(ctx context.Context, panelDB *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, harmPatient)
	defer cancel()
	var last time.Time
	for n := 0; n < 3; { // the first is what is there
		var at time.Time
		if err := panelDB.QueryRow(ctx, "SELECT coalesce(surveyed_at, 'epoch') FROM database_servers").Scan(&at); err != nil {
			return fmt.Errorf("look for a survey: %w", err)
		}
		if !at.Equal(last) {
			n, last = n+1, at
		}
		if err := wait(ctx, s.interval/10); err != nil {
			return fmt.Errorf("wait for a survey: %w", err)
		}
	}
	return nil
}

// untilRepaired is when a database's finding was noted, and when it was resolved.
func (s *session) untilRepaired(ctx context.Context, panelDB *pgx.Conn, id string) (found, repaired time.Time, err error) {
	for {
		var n, open int
		err := panelDB.QueryRow(ctx, `SELECT count(*)::int, count(*) FILTER (WHERE resolved_at IS NULL)::int, coalesce(min(found_at), 'epoch'), coalesce(max(resolved_at), 'epoch')
			FROM drift_findings WHERE database_id = $1`, id).Scan(&n, &open, &found, &repaired)
		if err != nil {
			return found, repaired, fmt.Errorf("look for a finding: %w", err)
		}
		if n > 0 && open == 0 {
			return found, repaired, nil
		}
		if err := wait(ctx, s.interval/10); err != nil {
			return found, repaired, err
		}
	}
}

// goals compares the latency with its goal.
func (r *surveyRun) goals(o options) []goal {
	g := goal{What: "drift found, p99", Measured: intervals(percentile(r.latency.found, 99), o), Goal: 2, Unit: "intervals"}
	g.Met = g.Measured <= g.Goal
	q := goal{What: "queries of a survey", Goal: 2, Unit: "queries"}
	for _, p := range r.panel {
		q.Measured = max(q.Measured, float64(p.Queries))
	}
	q.Met = q.Measured <= q.Goal
	return []goal{q, g}
}

func intervals(d time.Duration, o options) float64 { return float64(d) / float64(o.interval) }

// A passRow is a pass of one side in figures.
type passRow struct {
	Wall      row     `json:"wall"`
	ServerCPU float64 `json:"server_cpu_ms"`
	ClientCPU float64 `json:"client_cpu_ms"`
	Queries   int     `json:"queries"`
}

func passRowOf(rounds []pass) passRow {
	var wall, server, client []time.Duration
	out := passRow{}
	for _, p := range rounds {
		wall, server, client = append(wall, p.Wall...), append(server, p.ServerCPU), append(client, p.ClientCPU)
		out.Queries = max(out.Queries, p.Queries)
	}
	out.Wall, out.ServerCPU, out.ClientCPU = rowOf(wall), ms(median(server)), ms(median(client))
	return out
}

// report prints a run and keeps it when that was asked for.
func (r *surveyRun) report(ctx context.Context, s *session, stdout io.Writer) error {
	p := func(format string, args ...any) { _, _ = fmt.Fprintf(stdout, format+"\n", args...) }
	own, bare := passRowOf(r.panel), passRowOf(r.bare)
	p("A survey of %d databases and %d roles, against its two queries by pgx, in ms; %d rounds of %d", r.databases, r.roles, len(r.panel), s.passes)
	p("                                     bare    panel    ratio")
	for _, line := range []struct {
		what      string
		bare, own float64
	}{
		{"queries", float64(bare.Queries), float64(own.Queries)},
		{"time, p50", bare.Wall.P50, own.Wall.P50},
		{"time, p99", bare.Wall.P99, own.Wall.P99},
		{"CPU of the server that is surveyed", bare.ServerCPU, own.ServerCPU},
		{"CPU of who surveys", bare.ClientCPU, own.ClientCPU},
	} {
		p("  %-34s %6.1f   %6.1f   %6.2f", line.what, line.bare, line.own, line.own/line.bare)
	}
	perMinute := 60 * 1000.0
	p("  at one survey a minute: %.2f %% of a core of the server, %.2f %% of the panel, %.3f queries per second\n",
		100*own.ServerCPU/perMinute, 100*own.ClientCPU/perMinute, float64(own.Queries)/60)
	l := r.latency
	p("%d harms at random times, surveys every %v give or take a tenth        p50      p99", len(l.found), s.interval)
	p("  from the harm until it is found, in intervals               %6.2f   %6.2f", intervals(median(l.found), s.options), intervals(percentile(l.found, 99), s.options))
	p("  from the harm until it is repaired, in s                    %6.2f   %6.2f\n", median(l.repaired).Seconds(), percentile(l.repaired, 99).Seconds())
	for _, g := range r.goals(s.options) {
		verdict := "met"
		if !g.Met {
			verdict = "NOT met"
		}
		p("  %-44s %9.2f %9.2f %-2s  %s", g.What, g.Measured, g.Goal, g.Unit, verdict)
	}
	if !s.json {
		return nil
	}
	return keep(ctx, stdout, s.result.machine, "survey", map[string]any{
		"machine": s.result.machine, "databases": r.databases, "roles": r.roles, "panel": own, "bare": bare,
		"interval_ms": ms(s.interval), "found": rowOf(l.found), "repaired": rowOf(l.repaired), "goals": r.goals(s.options),
	})
}
