package executor

import (
	"context"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
)

// Tables describe a schema to the executor. Package plugin generates them; the
// values called generated are the generated code's execution context.
type Tables struct {
	Objects   map[string]*Object
	Abstracts map[string]*Abstract
	// Inputs lets directives read input objects by name, as
	// graphql.UnmarshalInputFromContext does.
	Inputs func(generated any) *graphql.InputUnmarshalerIndex
	// Refused has a sentence for everything in the schema that would behave
	// otherwise than with gqlgen's executor without anybody being told.
	Refused []string
}

// An Object is an object type.
type Object struct {
	Name string
	// Satisfies is the type itself, its interfaces and its unions: the type
	// conditions of fragments that apply.
	Satisfies []string
	Fields    map[string]*Field
}

// What Abstract.Of says of values that are no object.
const (
	NoObject      = -1 // null
	UnknownObject = -2 // of a Go type that is bound to no possible type
)

// An Abstract is an interface or a union.
type Abstract struct {
	Name     string
	Possible []string // the object types
	// Of gives the index in Possible and the object as its resolvers take it.
	Of func(value any) (kind int, object any)
}

// A Field is one field of one object type. It has one of Leaf, Fill, Batch,
// Each and Stream, which say where its value comes from.
type Field struct {
	Name, Type  string // Type is the named type, without lists
	GraphQL     string // the type as the schema has it, such as [User!]!
	Element     string // of lists, the elements' type
	NonNull     bool
	List        bool
	ElemNonNull bool // of lists of objects
	IsMethod    bool // what error messages say of a null's source
	IsResolver  bool
	// Concurrent says that Each may wait for something.
	Concurrent bool
	// Guarded says that Leaf runs foreign code, which may panic; Contextual, that
	// Leaf and LeafAt need a context with the field in it.
	Guarded, Contextual bool
	// Uncovered, when not empty, is why operations with this field are left to
	// gqlgen's executor.
	Uncovered string

	Args func(ctx context.Context, generated any, raw map[string]any) (map[string]any, error)
	// Directives runs the schema's directives around next. With Each, parent is
	// the one object; else it is a Parents, and next loads for all of them.
	Directives func(ctx context.Context, generated, parent any, next graphql.Resolver) (any, error)

	// Leaf writes a scalar that is in the parent.
	Leaf func(w *Writer, parent any) Status
	// LeafAt writes the scalar of parent i from a column's values.
	LeafAt func(w *Writer, values any, i int) Status
	// Fill reads objects that are in the parents' memory.
	Fill func(parents []any, c *Column)
	// Batch calls a resolver once for all parents.
	Batch func(ctx context.Context, generated any, parents []any, args map[string]any, c *Column)
	// Each calls a resolver or method for one parent; Collect makes a column of
	// the results.
	Each    func(ctx context.Context, generated, parent any, args map[string]any) (any, error)
	Collect func(c *Column, results []any)
	// Stream starts a subscription; the function it gives waits for an event.
	Stream func(ctx context.Context, generated any, args map[string]any) (func(context.Context) (any, bool), error)
}

// A Constant is an argument that the schema gives a directive. It is decoded when it is
// asked for first, and everybody gets the same, which nobody changes.
type Constant[T any] struct{ value atomic.Pointer[T] }

// Get gives the argument; an error is decode's, and is not kept.
func (c *Constant[T]) Get(decode func() (T, error)) (T, error) {
	if v := c.value.Load(); v != nil {
		return *v, nil
	}
	v, err := decode()
	if err == nil {
		c.value.Store(&v)
	}
	return v, err
}

// inMemory tells that loading is only reading.
func (f *Field) inMemory() bool { return f.Fill != nil && f.Directives == nil }

// method tells that loading is calling a method of the model, which nobody else is
// told of.
func (f *Field) method() bool {
	return f.Each != nil && !f.Concurrent && f.Args == nil && f.Directives == nil
}

// Parents is what a directive gets in the place of an object when it runs once
// for a whole level: all objects of the level whose field it guards.
type Parents []any
