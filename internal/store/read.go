package store

import (
	"fmt"
	"reflect"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// A column puts a value into a model's field.
type column[M any] struct {
	name string
	read func(value, *M) error
}

// columns of each model that is read by key, as rows.generated.go has them: by
// the type of the model, a []column of it.
var columns = map[reflect.Type]any{}

// slab is how many rows are allocated at once.
const slab = 32

// readRows reads what is left of rows, without reflection. The columns may be
// some of the model's, in any order. NULL leaves a field zero.
func readRows[M any](rows pgx.Rows) (out []*M, err error) {
	defer rows.Close()
	var fields []pgconn.FieldDescription
	var readers []func(value, *M) error
	var free []M
	for rows.Next() {
		if readers == nil {
			fields = rows.FieldDescriptions()
			if readers, err = readersOf[M](fields); err != nil {
				return nil, err
			}
		}
		if len(free) == 0 {
			free = make([]M, slab)
		}
		row := &free[0]
		free = free[1:]
		for i, raw := range rows.RawValues() {
			if err := readers[i](value{raw, &fields[i]}, row); err != nil {
				return nil, err
			}
		}
		out = append(out, row)
	}
	return out, rows.Err()
}

func readersOf[M any](fields []pgconn.FieldDescription) ([]func(value, *M) error, error) {
	all, _ := columns[reflect.TypeFor[M]()].([]column[M])
	readers := make([]func(value, *M) error, len(fields))
	for i, f := range fields {
		for _, c := range all {
			if c.name == f.Name {
				readers[i] = c.read
			}
		}
		if readers[i] == nil {
			return nil, fmt.Errorf("%s has no column %s; run make generate", reflect.TypeFor[M](), f.Name)
		}
	}
	return readers, nil
}
