// Package page has the pages of Relay connections: arguments, keyset cursors
// and the connection itself. It builds no SQL; that is store.Rows.
package page

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"

	"github.com/mpanel/mpanel/internal/fault"
)

// Sizes of a page, in rows.
const (
	DefaultSize = 20
	MaxSize     = 100
)

// Args are a connection's arguments as the caller gave them.
type Args struct {
	First, Last   *int
	After, Before *string
	// WithTotal is set when totalCount is selected; it is not computed otherwise.
	WithTotal bool
	// RowsAlone is set when neither edges nor pageInfo are selected: then there are
	// no cursors, and nobody looks whether there are more rows.
	RowsAlone bool
	// Fields are those of the graph's rows that are selected, when nobody needs the
	// rows for more: then columns may be left out. The name of one that a resolver
	// answers, or that is an object, ends with "()". Nil is all.
	Fields []string
}

// A Cursor is the place of one row in one order: its sort key and its id.
type Cursor struct {
	Order string // name of the order, so that a cursor of another one is refused
	Key   string
	ID    string
}

// A Window is what Args ask for, checked.
type Window struct {
	Size          int
	Backward      bool // the last rows instead of the first
	After, Before *Cursor
	WithTotal     bool
	RowsAlone     bool
	Fields        []string
}

// Limit is how many rows to read: one more than the page has, so that the reader
// knows whether there are more, unless nobody asks.
func (w Window) Limit() int {
	if w.RowsAlone {
		return w.Size
	}
	return w.Size + 1
}

// Window checks the arguments for a list in the named order. Errors:
// fault.Invalid for each argument at fault, together.
func (a Args) Window(order string) (Window, error) {
	w := Window{Size: DefaultSize, WithTotal: a.WithTotal, RowsAlone: a.RowsAlone, Fields: a.Fields}
	var size, both *fault.Error
	switch {
	case a.First != nil && a.Last != nil:
		both = fault.Invalid.New("last", "Give first or last, not both.")
	case a.First != nil:
		w.Size, size = checkSize("first", *a.First)
	case a.Last != nil:
		w.Backward = true
		w.Size, size = checkSize("last", *a.Last)
	}
	var after, before *fault.Error
	w.After, after = parseCursor("after", a.After, order)
	w.Before, before = parseCursor("before", a.Before, order)
	return w, fault.Join(both, size, after, before)
}

func checkSize(field string, n int) (int, *fault.Error) {
	if n < 1 || n > MaxSize {
		return 0, fault.Invalid.New(field, "A page has 1 to %d rows.", MaxSize)
	}
	return n, nil
}

func (c Cursor) encode() string {
	b, _ := json.Marshal([3]string{c.Order, c.Key, c.ID}) // strings always marshal
	return base64.RawURLEncoding.EncodeToString(b)
}

func parseCursor(field string, s *string, order string) (*Cursor, *fault.Error) {
	if s == nil {
		return nil, nil
	}
	var part []string
	b, err := base64.RawURLEncoding.DecodeString(*s)
	if err != nil || json.Unmarshal(b, &part) != nil || len(part) != 3 || part[0] != order || strings.ContainsRune(part[1]+part[2], 0) {
		return nil, fault.Invalid.New(field, "This cursor does not belong to this list in this order.")
	}
	return &Cursor{Order: part[0], Key: part[1], ID: part[2]}, nil
}

// Info is the PageInfo of the graph.
type Info struct {
	HasNextPage, HasPreviousPage bool
	StartCursor, EndCursor       *string
}

// An Edge is a row and its place.
type Edge[T any] struct {
	Cursor string
	Node   T
}

// A Connection is one page of a list. One that was read with RowsAlone has neither
// edges nor information on the page.
type Connection[T any] struct {
	Edges    []*Edge[T]
	PageInfo *Info
	rows     []T
	total    *int
}

// Nodes are the rows without their cursors; nobody changes the list.
func (c *Connection[T]) Nodes() []T { return c.rows }

// TotalCount is the number of rows on all pages. Error: fault.Internal when the
// page was read without it, which the resolvers never do for a selected field.
func (c *Connection[T]) TotalCount(context.Context) (int, error) {
	if c.total == nil {
		return 0, fault.Internal.New("", "The total was not counted.")
	}
	return *c.total, nil
}

// Of makes a connection from rows read with store.Rows: in the direction of
// reading, with one row more than the page when there are more. place gives a
// row's sort key and id; total is nil when it was not counted.
func Of[T any](rows []T, w Window, order string, total *int, place func(T) (key, id string)) *Connection[T] {
	more := len(rows) > w.Size
	if more {
		rows = rows[:w.Size]
	}
	if w.Backward {
		slices.Reverse(rows)
	}
	if rows == nil {
		rows = []T{} // a page without rows is a list
	}
	c := &Connection[T]{rows: rows, total: total}
	if w.RowsAlone {
		return c
	}
	c.Edges, c.PageInfo = make([]*Edge[T], len(rows)), &Info{}
	edges := make([]Edge[T], len(rows))
	for i, row := range rows {
		key, id := place(row)
		edges[i] = Edge[T]{Cursor: Cursor{order, key, id}.encode(), Node: row}
		c.Edges[i] = &edges[i]
	}
	// Beyond a cursor that the caller came from there is a row: the cursor's own.
	if w.Backward {
		c.PageInfo.HasPreviousPage, c.PageInfo.HasNextPage = more, w.Before != nil
	} else {
		c.PageInfo.HasNextPage, c.PageInfo.HasPreviousPage = more, w.After != nil
	}
	if n := len(c.Edges); n > 0 {
		c.PageInfo.StartCursor, c.PageInfo.EndCursor = &c.Edges[0].Cursor, &c.Edges[n-1].Cursor
	}
	return c
}

// A Direction is the graph's OrderDirection.
type Direction string

// The directions.
const (
	Asc  Direction = "ASC"
	Desc Direction = "DESC"
)
