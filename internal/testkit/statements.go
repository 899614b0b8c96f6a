package testkit

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
)

// Statements are what reached the database: a tracer for the configuration of a pool.
type Statements struct {
	mu    sync.Mutex
	trips []*trip
}

// A trip is one statement, or the statements of one batch.
type trip struct{ statements []string }

type tripKey struct{}

// TraceQueryStart implements pgx.QueryTracer.
func (s *Statements) TraceQueryStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !strings.HasPrefix(d.SQL, "--") { // a ping
		s.trips = append(s.trips, &trip{[]string{d.SQL}})
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
		t.statements = append(t.statements, d.SQL)
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
