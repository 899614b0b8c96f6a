package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// rawConns is the size of the panel's pool for keyed reads.
const rawConns = 8

// A raw server knows four operations by their names. It neither authenticates nor
// filters, parses no query, and makes of the rows as PostgreSQL sends them, one
// statement or one batch for each operation, the bytes that it answers.
type raw struct {
	pool    *pgxpool.Pool
	buffers sync.Pool
}

func newRaw(ctx context.Context, url string) (*raw, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, errors.New("the database URL is not one")
	}
	cfg.MaxConns = rawConns
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	return &raw{pool: pool, buffers: sync.Pool{New: func() any { return new([]byte) }}}, nil
}

// A request has the variables of all operations.
type request struct {
	OperationName string
	Variables     struct{ ID, After, State string }
}

func (s *raw) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	var in request
	if err := json.Unmarshal(body, &in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	memory, _ := s.buffers.Get().(*[]byte)
	defer s.buffers.Put(memory)
	b := append((*memory)[:0], `{"data":{`...)
	switch in.OperationName {
	case "Object":
		b, err = s.object(r.Context(), b, in)
	case "Nested":
		b, err = s.nested(r.Context(), b, in)
	case "Page":
		b, err = s.page(r.Context(), b, in)
	case "Dashboard":
		b, err = s.dashboard(r.Context(), b, in)
	default:
		err = errors.New("no such operation")
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	b = append(b, "}}"...)
	*memory = b
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	_, _ = w.Write(b)
}

// bare is the UUID in an opaque id.
func bare(id string) string {
	b, _ := base64.RawURLEncoding.DecodeString(id)
	_, id, _ = strings.Cut(string(b), ":")
	return id
}

func (s *raw) object(ctx context.Context, b []byte, in request) ([]byte, error) {
	rows, err := s.pool.Query(ctx, "SELECT id, name, email, state, created_at FROM customers WHERE id = $1", bare(in.Variables.ID))
	if err != nil {
		return nil, err
	}
	b = append(b, `"customer":`...)
	b, err = each(rows, b, func(b []byte, v [][]byte, _ int) []byte {
		b = appendID(append(b, `{"id":`...), "customer", v[0])
		b = appendText(append(b, `,"name":`...), v[1])
		b = appendText(append(b, `,"email":`...), v[2])
		b = appendText(append(b, `,"state":`...), v[3])
		b = appendTime(append(b, `,"createdAt":`...), v[4])
		return append(b, '}')
	})
	return b, err
}

const nestedSQL = `SELECT c.id, c.name, c.email, d.id, d.name, d.username, j.kind, j.state, j.percent
	FROM (SELECT id, name, email, created_at FROM customers %s ORDER BY created_at, id LIMIT 50) AS c
	LEFT JOIN LATERAL (SELECT id, name, username, created_at FROM databases WHERE customer_id = c.id ORDER BY created_at DESC, id DESC LIMIT 5) AS d ON true
	LEFT JOIN LATERAL (SELECT id, kind, state, percent, created_at FROM jobs WHERE resource_id = d.id ORDER BY created_at DESC, id DESC LIMIT 3) AS j ON true
	ORDER BY c.created_at, c.id, d.created_at DESC, d.id DESC, j.created_at DESC, j.id DESC`

var (
	nestedFirst = fmt.Sprintf(nestedSQL, "")
	nestedAfter = fmt.Sprintf(nestedSQL, "WHERE (created_at, id) > ($1::text::timestamptz, $2::uuid)")
)

func (s *raw) nested(ctx context.Context, b []byte, in request) ([]byte, error) {
	text, args := nestedFirst, []any(nil)
	if in.Variables.After != "" {
		var at [3]string
		cursor, _ := base64.RawURLEncoding.DecodeString(in.Variables.After)
		if err := json.Unmarshal(cursor, &at); err != nil {
			return nil, err
		}
		text, args = nestedAfter, []any{at[1], at[2]}
	}
	rows, err := s.pool.Query(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	b = append(b, `"customers":{"nodes":[`...)
	var customer, database [16]byte
	open := 0 // lists that are open below the outermost
	for rows.Next() {
		v := rows.RawValues()
		if id := [16]byte(v[0]); open == 0 || id != customer {
			b = append(b, []string{"", "]}},", "]}}]}},"}[open]...)
			customer, open = id, 1
			b = appendID(append(b, `{"id":`...), "customer", v[0])
			b = appendText(append(b, `,"name":`...), v[1])
			b = appendText(append(b, `,"email":`...), v[2])
			b = append(b, `,"databases":{"nodes":[`...)
		}
		if v[3] == nil {
			continue
		}
		first := open == 1
		if id := [16]byte(v[3]); first || id != database {
			if !first {
				b = append(b, "]}},"...)
			}
			database, open, first = id, 2, true
			b = appendID(append(b, `{"id":`...), "database", v[3])
			b = appendText(append(b, `,"name":`...), v[4])
			b = appendText(append(b, `,"username":`...), v[5])
			b = append(b, `,"jobs":{"nodes":[`...)
		}
		if v[6] == nil {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		b = appendText(append(b, `{"kind":`...), v[6])
		b = appendText(append(b, `,"state":`...), v[7])
		b = append(appendReal(append(b, `,"percent":`...), v[8]), '}')
	}
	b = append(b, []string{"", "]}}", "]}}]}}"}[open]...)
	return append(b, "]}"...), rows.Err()
}

func (s *raw) page(ctx context.Context, b []byte, in request) ([]byte, error) {
	var batch pgx.Batch
	batch.Queue("SELECT count(*) FROM jobs WHERE state = $1", in.Variables.State)
	batch.Queue("SELECT id, kind, state, percent, created_at FROM jobs WHERE state = $1 ORDER BY created_at DESC, id DESC LIMIT 50", in.Variables.State)
	results := s.pool.SendBatch(ctx, &batch)
	defer func() { _ = results.Close() }()
	b, err := next(results, append(b, `"jobs":{"totalCount":`...), func(b []byte, v [][]byte, _ int) []byte { return appendInt(b, v[0]) })
	if err != nil {
		return nil, err
	}
	b, err = next(results, append(b, `,"nodes":[`...), func(b []byte, v [][]byte, i int) []byte {
		b = appendID(append(comma(b, i), `{"id":`...), "job", v[0])
		b = appendText(append(b, `,"kind":`...), v[1])
		b = appendText(append(b, `,"state":`...), v[2])
		b = appendReal(append(b, `,"percent":`...), v[3])
		b = appendTime(append(b, `,"createdAt":`...), v[4])
		return append(b, '}')
	})
	return append(b, "]}"...), err
}

// What a dashboard asks, all at once: rows below others come with their place.
var dashboardSQL = [...]string{
	"SELECT id, name, email, state FROM customers WHERE id = $1",
	"SELECT name, used, max FROM customer_quotas WHERE customer_id = $1 ORDER BY name",
	"SELECT m.role, u.name, u.email FROM memberships AS m JOIN users AS u ON u.id = m.user_id WHERE m.customer_id = $1 ORDER BY m.created_at, m.user_id LIMIT 5",
	"SELECT d.id, d.name, d.state, s.host FROM databases AS d JOIN database_servers AS s ON s.id = d.server_id WHERE d.customer_id = $1 ORDER BY d.created_at DESC, d.id DESC LIMIT 3",
	`SELECT u.database_id, u.id, u.username, u.rights FROM (SELECT id FROM databases WHERE customer_id = $1 ORDER BY created_at DESC, id DESC LIMIT 3) AS d
		CROSS JOIN LATERAL (SELECT * FROM database_users WHERE database_id = d.id ORDER BY created_at, id LIMIT 2) AS u ORDER BY u.database_id, u.created_at, u.id`,
	`SELECT j.resource_id, j.id, j.kind, j.state, j.created_at FROM (SELECT id FROM databases WHERE customer_id = $1 ORDER BY created_at DESC, id DESC LIMIT 3) AS d
		CROSS JOIN LATERAL (SELECT * FROM jobs WHERE resource_id = d.id ORDER BY created_at DESC, id DESC LIMIT 2) AS j ORDER BY j.resource_id, j.created_at DESC, j.id DESC`,
}

func (s *raw) dashboard(ctx context.Context, b []byte, in request) ([]byte, error) {
	var batch pgx.Batch
	for _, text := range dashboardSQL {
		batch.Queue(text, bare(in.Variables.ID))
	}
	results := s.pool.SendBatch(ctx, &batch)
	defer func() { _ = results.Close() }()
	var err error
	step := func(head string, one func(b []byte, v [][]byte, i int) []byte, tail string) {
		if err == nil {
			b, err = next(results, append(b, head...), one)
			b = append(b, tail...)
		}
	}
	step(`"customer":{`, func(b []byte, v [][]byte, _ int) []byte {
		b = appendID(append(b, `"id":`...), "customer", v[0])
		b = appendText(append(b, `,"name":`...), v[1])
		b = appendText(append(b, `,"email":`...), v[2])
		return appendText(append(b, `,"state":`...), v[3])
	}, "")
	step(`,"quotas":[`, func(b []byte, v [][]byte, i int) []byte {
		b = appendText(append(comma(b, i), `{"name":`...), v[0])
		b = append(appendInt(append(b, `,"used":"`...), v[1]), '"')
		if v[2] == nil {
			return append(b, `,"max":null}`...)
		}
		return append(appendInt(append(b, `,"max":"`...), v[2]), `"}`...)
	}, "]")
	step(`,"memberships":{"nodes":[`, func(b []byte, v [][]byte, i int) []byte {
		b = appendText(append(comma(b, i), `{"role":`...), v[0])
		b = appendText(append(b, `,"user":{"name":`...), v[1])
		b = appendText(append(b, `,"email":`...), v[2])
		return append(b, "}}"...)
	}, "]}")
	// A database's own fields, its users and its jobs are three results.
	type part struct{ id, own, users, jobs []byte }
	var parts []part
	at := func(id []byte) *part {
		for i := range parts {
			if string(parts[i].id) == string(id) {
				return &parts[i]
			}
		}
		return &part{}
	}
	step("", func(b []byte, v [][]byte, _ int) []byte {
		own := appendID([]byte(`{"id":`), "database", v[0])
		own = appendText(append(own, `,"name":`...), v[1])
		own = appendText(append(own, `,"state":`...), v[2])
		own = appendText(append(own, `,"host":`...), v[3])
		parts = append(parts, part{id: append([]byte{}, v[0]...), own: own})
		return b
	}, "")
	step("", func(b []byte, v [][]byte, _ int) []byte {
		p := at(v[0])
		p.users = appendID(append(comma(p.users, len(p.users)), `{"id":`...), "databaseUser", v[1])
		p.users = appendText(append(p.users, `,"username":`...), v[2])
		p.users = append(appendText(append(p.users, `,"rights":`...), v[3]), '}')
		return b
	}, "")
	step("", func(b []byte, v [][]byte, _ int) []byte {
		p := at(v[0])
		p.jobs = appendID(append(comma(p.jobs, len(p.jobs)), `{"id":`...), "job", v[1])
		p.jobs = appendText(append(p.jobs, `,"kind":`...), v[2])
		p.jobs = appendText(append(p.jobs, `,"state":`...), v[3])
		p.jobs = append(appendTime(append(p.jobs, `,"createdAt":`...), v[4]), '}')
		return b
	}, "")
	b = append(b, `,"databases":{"nodes":[`...)
	for i, p := range parts {
		b = append(comma(b, i), p.own...)
		b = append(append(append(b, `,"users":{"nodes":[`...), p.users...), "]}"...)
		b = append(append(append(b, `,"jobs":{"nodes":[`...), p.jobs...), "]}}"...)
	}
	return append(b, "]}}"...), err
}
