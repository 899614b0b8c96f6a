package store

import (
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"
)

// maxNarrow is of how many selections an edge has a text of its own; what clients
// select beyond them is read with all columns.
const maxNarrow = 64

// narrow names the columns that an edge reads when no more than some fields of the
// graph's rows are asked for: theirs, and what the edge itself looks at. It gives
// nothing, for all columns, when a field is not simply a column of the row's type, and
// it is not known which ones its resolver looks at.
func narrow(db bun.IDB, row reflect.Type, needs map[string][]bun.Ident, fields []string, own ...bun.Ident) []string {
	if fields == nil {
		return nil
	}
	table := db.Dialect().Tables().Get(row)
	columns := make([]string, 0, len(fields)+len(own))
	for _, name := range fields {
		if resolved, ok := strings.CutSuffix(name, "()"); ok {
			needed, known := needs[resolved]
			if !known {
				return nil
			}
			own = append(own, needed...)
			continue
		}
		column := known(name, row, table.Fields)
		if column == "" {
			return nil
		}
		columns = append(columns, column)
	}
	for _, c := range own {
		_, name, _ := strings.Cut(string(c), ".")
		columns = append(columns, name)
	}
	slices.Sort(columns)
	return slices.Compact(columns)
}

// of selects no more than the columns of a row, which the query calls as in column;
// all without any.
func of(columns []string, column bun.Ident) func(*bun.SelectQuery) *bun.SelectQuery {
	return func(q *bun.SelectQuery) *bun.SelectQuery {
		alias, _, _ := strings.Cut(string(column), ".")
		for _, c := range columns {
			q = q.Column(alias + "." + c)
		}
		return q
	}
}

// columnsOf are what columnOf has found out: the schema has no end of documents, but
// few fields.
var columnsOf sync.Map

func known(name string, row reflect.Type, fields []*schema.Field) string {
	type field struct {
		row  reflect.Type
		name string
	}
	if column, ok := columnsOf.Load(field{row, name}); ok {
		return column.(string) //nolint:forcetypeassert // nothing else is stored
	}
	column := columnOf(name, row, fields)
	columnsOf.Store(field{row, name}, column)
	return column
}

// columnOf is the column of a field of the graph, which gqlgen binds to the field or
// method of the model with that name, whatever the case. It is empty for a method and
// for what is no column.
func columnOf(name string, row reflect.Type, fields []*schema.Field) string {
	pointer := reflect.PointerTo(row)
	for method := range pointer.Methods() {
		if strings.EqualFold(method.Name, name) {
			return ""
		}
	}
	for _, f := range fields {
		if strings.EqualFold(f.GoName, name) {
			return f.Name
		}
	}
	return ""
}
