package testkit

import (
	"context"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
)

// Statements are what reached the database: a tracer for the configuration of a pool.
type Statements struct {
	mu               sync.Mutex
	list             []string
	batches, batched int // how many batches, with how many statements
}

// TraceQueryStart implements pgx.QueryTracer.
func (s *Statements) TraceQueryStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !strings.HasPrefix(d.SQL, "--") { // a ping
		s.list = append(s.list, d.SQL)
	}
	return ctx
}

// TraceBatchStart implements pgx.BatchTracer.
func (s *Statements) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.batches++
	return ctx
}

// TraceBatchQuery implements pgx.BatchTracer.
func (s *Statements) TraceBatchQuery(_ context.Context, _ *pgx.Conn, d pgx.TraceBatchQueryData) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = append(s.list, d.SQL)
	s.batched++
}

// TraceBatchEnd implements pgx.BatchTracer.
func (*Statements) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// TraceQueryEnd implements pgx.QueryTracer.
func (*Statements) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// During gives the statements of fn.
func (s *Statements) During(fn func()) []string {
	s.mu.Lock()
	s.list, s.batches, s.batched = nil, 0, 0
	s.mu.Unlock()
	fn()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.list
}

// RoundTrips is how often the database was asked during the last During: the
// statements, of which those of one batch are one.
func (s *Statements) RoundTrips() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.list) - s.batched + s.batches
}
