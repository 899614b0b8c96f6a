// Package store stands for the real one.
package store

import "github.com/uptrace/bun"

func Visible(column bun.Ident) func(*bun.SelectQuery) *bun.SelectQuery { return nil }

type Keyed[K comparable, M any] struct {
	Name  string
	Query func(q *bun.SelectQuery) *bun.SelectQuery
}

type Edge[K comparable, M any] struct {
	Rows func(q *bun.SelectQuery) *bun.SelectQuery
}

type List struct{}

func NewList(db *bun.DB, who, model any) *List { return nil }

func (l *List) Apply(f func(*bun.SelectQuery) *bun.SelectQuery) *List { return l }
func (l *List) Where(condition string, values ...any) *List           { return l }
