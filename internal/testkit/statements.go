package testkit

import (
	"context"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// Statements are what reached the database: a tracer for the configuration of a pool.
type Statements struct {
	mu    sync.Mutex
	trips []*trip
}

// A trip is one statement, or the statements of one batch.
type trip struct {
	statements []string
	values     [][]any
}

type tripKey struct{}

// TraceQueryStart implements pgx.QueryTracer.
func (s *Statements) TraceQueryStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !strings.HasPrefix(d.SQL, "--") { // a ping
		s.trips = append(s.trips, &trip{[]string{d.SQL}, [][]any{d.Args}})
	}
	return ctx
}

// TraceBatchStart implements pgx.BatchTracer.
func (s *Statements) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := new(trip)
	s.trips = append(s.trips, t)
	return context.WithValue(ctx, tripKey{}, t)
}

// TraceBatchQuery implements pgx.BatchTracer.
func (s *Statements) TraceBatchQuery(ctx context.Context, _ *pgx.Conn, d pgx.TraceBatchQueryData) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t, ok := ctx.Value(tripKey{}).(*trip); ok {
		t.statements, t.values = append(t.statements, d.SQL), append(t.values, d.Args)
	}
}

// TraceBatchEnd implements pgx.BatchTracer.
func (*Statements) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// TraceQueryEnd implements pgx.QueryTracer.
func (*Statements) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// During gives the statements of fn.
func (s *Statements) During(fn func()) []string {
	s.mu.Lock()
	s.trips = nil
	s.mu.Unlock()
	fn()
	return slices.Concat(s.Trips()...)
}

// RoundTrips is how often the database was asked during the last During: the
// statements, of which those of one batch are one.
func (s *Statements) RoundTrips() int { return len(s.Trips()) }

// Written are the statements of the last During as they would be without parameters,
// for EXPLAIN.
func (s *Statements) Written() (out []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.trips {
		for i, text := range t.statements {
			out = append(out, parameters.ReplaceAllStringFunc(text, func(place string) string {
				n, _ := strconv.Atoi(place[1:])
				return literal(t.values[i][n-1])
			}))
		}
	}
	return out
}

var parameters = regexp.MustCompile(`\$[0-9]+`)

// literal writes a value of a parameter as SQL.
func literal(v any) string {
	quoted := func(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
	switch v := v.(type) {
	case pgtype.UUID:
		return quoted(uuid.UUID(v.Bytes).String())
	case bool:
		return strconv.FormatBool(v)
	}
	if list := reflect.ValueOf(v); list.Kind() == reflect.Slice { // of ids or numbers
		var items []string
		for _, item := range list.Seq2() {
			items = append(items, fmt.Sprint(item.Interface()))
		}
		return quoted("{" + strings.Join(items, ",") + "}")
	}
	return quoted(fmt.Sprint(v))
}

// Trips are the statements of each round trip of the last During, in order.
func (s *Statements) Trips() [][]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([][]string, len(s.trips))
	for i, t := range s.trips {
		out[i] = slices.Clone(t.statements)
	}
	return out
}
