// Package hostile makes documents that cost as much as they can for their size, for
// tests and for the bench.
package hostile

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/lexer"
)

// Words are those of a schema. A %s is where a selection is put, a %d a number.
type Words struct {
	Object     string // a root field that gives an object, with its arguments
	Type       string // its type
	Scalars    [3]string
	Same       string    // a field that gives an object of its type
	List       string    // a list of such objects, with its selection: `friends { %s }`
	Any        string    // a root field that gives an object of several types
	Types      [2]string // of which it can be, with Scalars and Same; may be the same
	Third      string    // another of which it can be, with its selection
	Arguments  string    // a field with as many arguments as there can be
	Value      string    // a field with a value in the place of %s
	Variable   string    // a field with the variable $v%d, which is of VariableOf
	VariableOf string
	Wrong      string // a field with a value of the wrong type
}

// Documents are of at most so many tokens, by what is hostile about them.
func Documents(w Words, tokens int) map[string]string {
	fill := func(head, part, tail string, fixed int) string {
		return head + strings.Repeat(part, (tokens-fixed)/countTokens(part)) + tail
	}
	fragments := func(n int, of func(i int) string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, " fragment F%d on %s { %s }", i, w.Type, of(i))
		}
		return b.String()
	}
	object := func(selection string) string { return w.Object + " { " + selection + " } " }
	list := func(selection string) string { return fmt.Sprintf(w.List, selection) + " " }
	same := func(selection string) string { return w.Same + " { " + selection + " } " }
	on := func(i int, selection string) string { return "... on " + w.Types[i] + " { " + selection + " } " }
	value := func(v string) string { return strings.Replace(w.Value, "%s", v, 1) }
	var places func(depth int) string // 2 to the power of depth, in each of which F0 is merged anew
	places = func(depth int) string {
		if depth == 0 {
			return "...F0 "
		}
		return same(places(depth-1)) + list(places(depth-1))
	}
	one, two, all := w.Scalars[0]+" ", w.Scalars[1]+" ", strings.Join(w.Scalars[:], " ")+" "
	manyFields := fragments(4, func(i int) string { return strings.Repeat(one, 140) + strings.Join(later(i, 4)[:min(1, 3-i)], "") })
	return map[string]string{
		"one field, again and again":     "{ " + object(strings.Repeat("a ", 60_000)) + "}",
		"as many as may be in one place": fill("{ ", object(strings.Repeat(one, 198)), "}", 2),
		"each with its arguments":        fill("{ ", object(strings.Repeat(w.Arguments+" ", 100)), "}", 2),
		"unknown fields":                 fill("{ ", object(Numbered(198, "u%d ")), "}", 2),
		"unknown directives":             "{ " + object(strings.Repeat(one+"@x ", 20_000)) + "}",
		"cyclic fragments":               "{ " + object("...F0") + "}" + fragments(1000, func(i int) string { return fmt.Sprintf("...F%d", (i+1)%1000) }),
		"cyclic fragments, few":          "{ " + object("...F0") + "}" + fragments(50, func(int) string { return Numbered(50, "...F%d ") }),
		"fragments that double": "{ " + object("...F0") + "}" + fragments(9, func(i int) string {
			next := fmt.Sprintf("...F%d", i+1)
			return same(next) + list(next)
		}) + " fragment F9 on " + w.Type + " { " + one + "}",
		"fragments within fragments":     "{ " + object("...F0") + "}" + fragments(50, func(i int) string { return strings.Repeat(one+two, 2) + strings.Join(later(i, 50), " ") }),
		"fields of many types":           fill("{ ", w.Any+" { "+strings.Repeat(on(0, two)+on(1, two)+"... on "+w.Third+" ", 40)+"} ", "}", 2),
		"inline fragments in each other": "{ " + object(Nested(1500, "...", "{ "+one+"}")) + "}",
		"lists in lists":                 "{ " + object(value(strings.Repeat("[", 4900)+strings.Repeat("]", 4900))) + "}",
		"objects in objects":             "{ " + object(value(strings.Repeat("{c: ", 2400)+"{}"+strings.Repeat("}", 2400))) + "}",
		"variables":                      "query (" + Numbered(1200, "$v%d: "+w.VariableOf+" ") + ") { " + fill("", object(Numbered(190, w.Variable+" ")), "", 5000) + " }",
		"wrong values":                   fill("{ ", object(strings.Repeat(w.Wrong+" ", 190)), "}", 2),
		"a long name":                    "{ " + strings.Repeat("a", 65_000) + " }",
		"a long string":                  "{ " + object(value(`"`+strings.Repeat(`\u0041`, 10_000)+`"`)) + "}",
		"comments":                       strings.Repeat("#\n", 30_000) + "{ " + object(one) + "}",
		"operations":                     Numbered(10, "query Q%d { "+strings.Repeat(object(strings.Repeat(one, 90)), 9)+"} "),
		"operations with one fragment": Numbered(10, "query Q%d { "+object("...F0")+"} ") + fragments(9, func(i int) string {
			return strings.Repeat(same(strings.Repeat(one, 8)), 10) + strings.Join(later(i, 9)[:min(1, 8-i)], "")
		}),
		"conflicts of sets": "{ " + strings.Repeat(w.Any+" { "+on(0, same("...F0"))+on(1, same("...F1"))+on(0, list("...F2"))+"} ", 50) + " }" +
			fragments(3, func(int) string { return strings.Repeat(same(one+"...G "), 60) }) + " fragment G on " + w.Type + " { " + strings.Repeat(all, 66) + " }",
		"merged sets of sets":                   mergedSets(w),
		"merged again and again":                "{ " + object(places(5)) + "}" + manyFields,
		"operations that merge again and again": Numbered(10, "query Q%d { "+object(places(5))+"} ") + manyFields,
		"values compared again and again":       "{ " + object(places(3)) + "}" + fragments(1, func(int) string { return strings.Repeat(value("["+strings.Repeat("1 ", 35)+"]")+" ", 190) }),
	}
}

// mergedSets has fields of one name whose selections come together in many ways.
func mergedSets(w Words) string {
	var b strings.Builder
	b.WriteString("{ " + w.Object + " { ")
	for i := range 40 {
		fmt.Fprintf(&b, "... on %s { %s { ...F%d ...F%d } } ... on %s { %s { ...F%d } } ", w.Types[0], w.Same, i, (i*7+1)%40, w.Types[1], w.Same, (i*3+2)%40)
	}
	b.WriteString("} }")
	for i := range 40 {
		fmt.Fprintf(&b, " fragment F%[1]d on %[2]s { %[3]s { ... on %[6]s { %[3]s { %[4]s %[3]s { %[4]s } } } ... on %[7]s { %[3]s { %[3]s { %[3]s { %[4]s } } } } } %[5]s }",
			i, w.Type, w.Same, w.Scalars[0], strings.Repeat(strings.Join(w.Scalars[:], " ")+" ", 3), w.Types[0], w.Types[1])
	}
	return b.String()
}

// later spreads the fragments after i.
func later(i, n int) (list []string) {
	for j := i + 1; j < n; j++ {
		list = append(list, fmt.Sprintf("...F%d", j))
	}
	return list
}

// Numbered puts a number in each place of %d.
func Numbered(n int, text string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.ReplaceAll(text, "%d", strconv.Itoa(i)))
	}
	return b.String()
}

// Nested has a selection within so many others.
func Nested(n int, outer, inner string) string {
	return strings.Repeat(outer+" { ", n) + inner + strings.Repeat(" }", n)
}

func countTokens(text string) (n int) {
	for l := lexer.New(&ast.Source{Input: text}); ; n++ {
		if t, err := l.ReadToken(); err != nil || t.Kind == lexer.EOF {
			return max(n, 1)
		}
	}
}
