package store

import (
	"fmt"
	"reflect"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// A columns[M] has, by the name of each column of a model, what puts its value
// into the model's field.
type columns[M any] map[string]func(value, *M) error

// readable are the columns of the models that are read by key, as
// rows.generated.go has them, by the type of the model.
var readable = map[reflect.Type]any{}

// slab is how many rows are allocated at once at most.
const slab = 32

// readRows reads what is left of rows, without reflection. The columns may be
// some of the model's, in any order. NULL leaves a field zero. Memory is taken for as
// many rows as are expected, and then for more and more.
func readRows[M any](rows pgx.Rows, expected int) (out []*M, err error) {
	defer rows.Close()
	var fields []pgconn.FieldDescription
	var readers []func(value, *M) error
	var last []string
	var free []M
	for rows.Next() {
		if readers == nil {
			fields = rows.FieldDescriptions()
			if readers, err = readersOf[M](fields); err != nil {
				return nil, err
			}
			last = make([]string, len(fields))
			out = make([]*M, 0, max(expected, 1))
		}
		if len(free) == 0 {
			free = make([]M, min(max(expected-len(out), len(out), 1), slab))
		}
		row := &free[0]
		free = free[1:]
		for i, raw := range rows.RawValues() {
			if err := readers[i](value{raw, &fields[i], &last[i]}, row); err != nil {
				return nil, err
			}
		}
		out = append(out, row)
	}
	return out, rows.Err()
}

func readersOf[M any](fields []pgconn.FieldDescription) ([]func(value, *M) error, error) {
	all, _ := readable[reflect.TypeFor[M]()].(columns[M])
	readers := make([]func(value, *M) error, len(fields))
	for i, f := range fields {
		if readers[i] = all[f.Name]; readers[i] == nil {
			return nil, fmt.Errorf("%s has no column %s; run make generate", reflect.TypeFor[M](), f.Name)
		}
	}
	return readers, nil
}
