package plugin

import (
	"fmt"
	"strings"

	"github.com/99designs/gqlgen/codegen/config"
)

// direct are gqlgen's marshalers that the Writer has its own of, with the type
// that their value is converted to.
var direct = map[string]struct{ method, as string }{
	"MarshalString": {"String", "string"}, "MarshalID": {"String", "string"}, "MarshalBoolean": {"Bool", "bool"},
	"MarshalInt": {"Int", "int64"}, "MarshalInt8": {"Int", "int64"}, "MarshalInt16": {"Int", "int64"},
	"MarshalInt32": {"Int", "int64"}, "MarshalInt64": {"Int", "int64"},
	"MarshalUint": {"Uint", "uint64"}, "MarshalUint8": {"Uint", "uint64"}, "MarshalUint16": {"Uint", "uint64"},
	"MarshalUint32": {"Uint", "uint64"}, "MarshalUint64": {"Uint", "uint64"}, "MarshalIntID": {"IntID", "int64"},
	"MarshalFloat": {"Float", "float64"}, "MarshalFloatContext": {"Float", "float64"}, "MarshalTime": {"Time", ""},
}

// runtime is gqlgen's package of marshalers.
const runtime = "github.com/99designs/gqlgen/graphql"

// how tells the way to encode a scalar or enum that is not a list.
type how int

const (
	byWriter how = iota // by one of direct
	bySelf              // it has MarshalGQL
	byGqlgen            // by the generated marshaler, in a context with the field
)

func way(t *config.TypeReference) (how, string) {
	marshaler := ""
	if t.Marshaler != nil && t.Marshaler.Pkg().Path() == runtime && !t.HasEnumValues() {
		marshaler = t.Marshaler.Name()
	}
	if _, ok := direct[marshaler]; ok {
		return byWriter, marshaler
	}
	if t.IsMarshaler && !t.IsContext {
		return bySelf, ""
	}
	return byGqlgen, ""
}

// contextual tells whether an encoder wants the field in its context.
func (g *generator) contextual(t *config.TypeReference) bool {
	for t.IsPtrToSlice() || t.IsPtrToIntf() || t.IsSlice() && t.GQL.Elem != nil || t.IsPtrToPtr() && t.Marshaler == nil && !t.IsMarshaler {
		if t.IsPtrToPtr() {
			return true
		}
		t = t.Elem()
	}
	w, _ := way(t)
	return w == byGqlgen
}

// leaf gives the name of the function that encodes a scalar or enum.
func (g *generator) leaf(t *config.TypeReference) string {
	name := "write" + strings.TrimPrefix(t.MarshalFunc(), "marshal")
	if _, ok := g.leaves[name]; ok {
		return name
	}
	g.leaves[name] = ""
	var b strings.Builder
	fmt.Fprintf(&b, "func %s(w *executor.Writer, v %s) executor.Status {\n", name, g.typeName(t.GO))
	switch {
	case t.IsPtrToPtr() && t.Marshaler == nil && !t.IsMarshaler:
		b.WriteString(g.generatedMarshaler(t))
	case t.IsPtrToSlice() || t.IsPtrToIntf():
		fmt.Fprintf(&b, "if v == nil { return executor.Null }\nreturn %s(w, *v)\n}\n", g.leaf(t.Elem()))
	case t.IsSlice() && t.GQL.Elem != nil:
		b.WriteString(g.listBody(t))
	default:
		b.WriteString(g.scalarBody(t))
	}
	g.leaves[name] = b.String()
	return name
}

func (g *generator) listBody(t *config.TypeReference) string {
	var b strings.Builder
	if !t.GQL.NonNull {
		b.WriteString("if v == nil { return executor.Null }\n")
	}
	elem := t.Elem()
	mark, onNull := "before", "w.Buf = append(w.Buf[:before], \"null\"...)"
	if elem.GQL.NonNull {
		mark = "start"
		onNull = "w.Buf = w.Buf[:start]\nif status == executor.Null { return executor.NullElement }\nreturn status"
	}
	if mark == "start" {
		b.WriteString("start := len(w.Buf)\n")
	}
	b.WriteString("w.Buf = append(w.Buf, '[')\nfor i := range v {\nif i > 0 { w.Buf = append(w.Buf, ',') }\n")
	if mark == "before" {
		b.WriteString("before := len(w.Buf)\n")
	}
	fmt.Fprintf(&b, "if status := %s(w, v[i]); status != executor.Written {\n%s\n}\n}\n", g.leaf(elem), onNull)
	b.WriteString("w.Buf = append(w.Buf, ']')\nreturn executor.Written\n}\n")
	return b.String()
}

func (g *generator) scalarBody(t *config.TypeReference) string {
	var b strings.Builder
	if t.IsNilable() {
		b.WriteString("if v == nil { return executor.Null }\n")
	}
	v := "v"
	if !t.IsTargetNilable() && t.IsNilable() {
		v = "*v"
	}
	w, marshaler := way(t)
	switch d := direct[marshaler]; {
	case w == byWriter && d.as == "":
		fmt.Fprintf(&b, "return w.%s(%s)\n}\n", d.method, v)
	case w == byWriter:
		fmt.Fprintf(&b, "return w.%s(%s(%s))\n}\n", d.method, d.as, v)
	case w == bySelf:
		b.WriteString("v.MarshalGQL(w)\nreturn executor.Written\n}\n")
	default:
		b.WriteString(g.generatedMarshaler(t))
	}
	return b.String()
}

func (g *generator) generatedMarshaler(t *config.TypeReference) string {
	return fmt.Sprintf("return w.Marshal(w.Generated.(*executionContext).%s(w.Context(), nil, v))\n}\n", t.MarshalFunc())
}
