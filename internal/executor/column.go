package executor

import (
	"fmt"

	"github.com/99designs/gqlgen/graphql"
)

// A Column holds the values of one field for all objects of a frame. Generated
// code fills it.
type Column struct {
	objects  []any   // of all parents; nil is null
	offsets  []int32 // lists: objects[offsets[i]:offsets[i+1]] belong to parent i
	nilLists []bool  // lists: parent i has none; unset when all have one
	values   any     // scalars: a []T, one for each parent

	all      error   // why there is no value for any parent
	each     []error // why there is none for parent i
	none     bool    // a directive gave null in the place of the whole column
	nulls    []bool  // a directive gave null for parent i
	required []bool  // parent i may not have null, whatever the schema says

	args  map[string]any
	level *graphql.FieldContext // that it was loaded with; nil of what is in memory

	root    graphql.Marshaler // what a middleware made of a root field: standIn, or something else
	standIn *inPlace

	kids  []*frame // the objects, by possible type
	kind  []uint8  // abstract types: which of kids has object i
	place []int32  // index of object i in its kid, noObject or unknown; unset: i
}

// SetValues takes scalars, one for each parent.
func SetValues[T any](c *Column, in []T) { c.values = in }

// SetPointers takes objects, one for each parent.
func SetPointers[T any](c *Column, in []*T) {
	c.objects = make([]any, len(in))
	for i, v := range in {
		if v != nil {
			c.objects[i] = v
		}
	}
}

// SetInterfaces takes objects, one for each parent.
func SetInterfaces[T any](c *Column, in []T) {
	c.objects = make([]any, len(in))
	for i, v := range in {
		c.objects[i] = v
	}
}

// SetStructs takes objects, one for each parent.
func SetStructs[T any](c *Column, in []T) {
	c.objects = make([]any, len(in))
	for i := range in {
		c.objects[i] = &in[i]
	}
}

// SetPointerLists takes a list of objects for each parent; a nil list is null
// when nullable and empty when not.
func SetPointerLists[T any](c *Column, in [][]*T, nullable bool) {
	setLists(c, in, nullable, func(v **T) any {
		if *v == nil {
			return nil
		}
		return *v
	})
}

// SetInterfaceLists does what SetPointerLists does.
func SetInterfaceLists[T any](c *Column, in [][]T, nullable bool) {
	setLists(c, in, nullable, func(v *T) any { return *v })
}

// SetStructLists does what SetPointerLists does.
func SetStructLists[T any](c *Column, in [][]T, nullable bool) {
	setLists(c, in, nullable, func(v *T) any { return v })
}

func setLists[T any](c *Column, in [][]T, nullable bool, object func(*T) any) {
	n := 0
	for _, list := range in {
		n += len(list)
	}
	c.objects, c.offsets = make([]any, 0, n), make([]int32, len(in)+1)
	for i, list := range in {
		for j := range list {
			c.objects = append(c.objects, object(&list[j]))
		}
		if list == nil && nullable {
			if c.nilLists == nil {
				c.nilLists = make([]bool, len(in))
			}
			c.nilLists[i] = true
		}
		c.offsets[i+1] = int32(len(c.objects)) //nolint:gosec // so many objects do not fit into memory
	}
}

// Typed gives a batch resolver its parents.
func Typed[T any](parents []any) []T {
	out := make([]T, len(parents))
	for i, p := range parents {
		out[i], _ = p.(T)
	}
	return out
}

// Results gives Collect the values of Each as what they are. What a directive
// made of another type is an error of its parent; null is noted.
func Results[T any](c *Column, results []any) []T {
	out := make([]T, len(results))
	for i, v := range results {
		if v == nil {
			if c.nulls == nil {
				c.nulls = make([]bool, len(results))
			}
			c.nulls[i] = true
			continue
		}
		t, ok := v.(T)
		if !ok {
			c.setError(i, len(results), bareError{fmt.Errorf("unexpected type %T from middleware/directive chain, should be %T", v, t)})
			continue
		}
		out[i] = t
	}
	return out
}

// BatchFailed notes the error of a batch resolver and tells whether its results
// cannot be used. got is how many there are, want how many parents, and name
// the field as Type.field.
func (c *Column) BatchFailed(err error, got, want int, name string) bool {
	if err == nil {
		if got != want {
			c.all = batchError{fmt.Errorf("batch resolver %s returned %d results for %d parents", name, got, want)}
		}
		return got != want
	}
	several, ok := err.(graphql.BatchErrors) //nolint:errorlint // as gqlgen looks at it: wrapped ones are one error
	if !ok {
		c.all = batchError{err}
		return true
	}
	errs := several.Errors()
	switch {
	case got != want:
		c.all = batchError{fmt.Errorf("batch resolver %s returned %d results for %d parents", name, got, want)}
	case len(errs) != want:
		c.all = batchError{fmt.Errorf("batch resolver %s returned %d errors for %d parents", name, len(errs), want)}
	default:
		for i, e := range errs {
			if e != nil {
				c.setError(i, want, batchError{e})
			}
		}
	}
	return c.all != nil
}

func (c *Column) setError(i, n int, err error) {
	if c.each == nil {
		c.each = make([]error, n)
	}
	c.each[i] = err
}

// discard drops what a resolver left behind that did not come to its end.
func (c *Column) discard(err error) {
	*c = Column{all: err, args: c.args, level: c.level, required: c.required}
}
