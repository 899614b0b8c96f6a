// Package bun stands for the real one.
package bun

import "context"

type Ident string

type Query struct{}

func NewSelect() *SelectQuery { return nil }

type DB struct{}

func (*DB) NewSelect() *SelectQuery                                          { return nil }
func (*DB) NewUpdate() *UpdateQuery                                          { return nil }
func (*DB) NewDelete() *DeleteQuery                                          { return nil }
func (*DB) NewRaw(query string, args ...any) *SelectQuery                    { return nil }
func (*DB) ExecContext(ctx context.Context, query string, args ...any) error { return nil }

type SelectQuery struct{}

func (q *SelectQuery) Model(any) *SelectQuery                               { return q }
func (q *SelectQuery) Where(query string, args ...any) *SelectQuery         { return q }
func (q *SelectQuery) OrderExpr(query string, args ...any) *SelectQuery     { return q }
func (q *SelectQuery) ColumnExpr(query string, args ...any) *SelectQuery    { return q }
func (q *SelectQuery) WherePK() *SelectQuery                                { return q }
func (q *SelectQuery) Apply(f func(*SelectQuery) *SelectQuery) *SelectQuery { return q }
func (q *SelectQuery) Scan(ctx context.Context, dest ...any) error          { return nil }

type UpdateQuery struct{}

func (q *UpdateQuery) Model(any) *UpdateQuery                     { return q }
func (q *UpdateQuery) Set(query string, args ...any) *UpdateQuery { return q }
func (q *UpdateQuery) WherePK() *UpdateQuery                      { return q }
func (q *UpdateQuery) Exec(ctx context.Context) error             { return nil }

type DeleteQuery struct{}

func (q *DeleteQuery) Model(any) *DeleteQuery                       { return q }
func (q *DeleteQuery) Where(query string, args ...any) *DeleteQuery { return q }
func (q *DeleteQuery) Exec(ctx context.Context) error               { return nil }
