package document

import (
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql/introspection"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/core"

	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/testkit"
	"github.com/mpanel/mpanel/internal/transport/document/hostile"
)

func times(n int, text string) string { return strings.Repeat(text, n) }

// What is at a limit is taken, and one more is not, whoever comes first.
func TestReader_Limits(t *testing.T) {
	t.Parallel()
	l := Anonymous
	for name, tc := range map[string]struct {
		text func(n int) string
		most int
		says string
	}{
		"tokens":     {func(n int) string { return "{ pet { age } }" + times(n-6, "#\n") }, l.Tokens, "tokens"},
		"operations": {func(n int) string { return hostile.Numbered(n, "query Q%d { pet { age } } ") }, l.Operations, "operations"},
		"fragments": {func(n int) string {
			return "{ pet { " + hostile.Numbered(n, "...F%d ") + "} }" + hostile.Numbered(n, " fragment F%d on Pet { age }")
		}, l.Fragments, "fragments"},
		"fields":     {func(n int) string { return "{ pet { " + times(n, "age ") + "} }" }, l.Fields, "selections in one place"},
		"aliases":    {func(n int) string { return "{ pet { " + hostile.Numbered(n, "a%d: age ") + "} }" }, l.Aliases, "aliases"},
		"directives": {func(n int) string { return "{ pet { age " + times(n, "... @include(if: true) { age } ") + "} }" }, l.Directives, "directives"},
		"items":      {func(n int) string { return "{ pet { name(in: {b: [" + times(n, "1,") + "]}) } }" }, l.ListItems, "items in one list"},
		"depth":      {func(n int) string { return "{ pet { " + hostile.Nested(n-2, "mate", "age") + " } }" }, l.Depth, "fields within each other"},
		"introspection": {func(n int) string {
			return "{ __schema { queryType { " + hostile.Nested(n-3, "ofType", "name") + " } } }"
		}, l.IntrospectionDepth, "introspection"},
		"depth through fragments": {func(n int) string {
			return "{ pet { ...A } } fragment A on Pet { mate { mate { ...B } } } fragment B on Pet { " + hostile.Nested(n-4, "mate", "age") + " }"
		}, l.Depth, "fields within each other"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			limits := SignedIn
			if name == "tokens" {
				limits = Anonymous
			}
			r := NewReader(pets)
			doc, errs := r.Read(tc.text(tc.most), limits)
			require.Empty(t, errs)
			require.NotNil(t, doc)
			doc, errs = r.Read(tc.text(tc.most+1), limits)
			require.Nil(t, doc)
			require.Len(t, errs, 1)
			require.Equal(t, fault.TooComplex, fault.CodeOf(errs[0]))
			require.Contains(t, errs[0].Message, tc.says)
			require.Contains(t, errs[0].Message, strconv.Itoa(tc.most))
		})
	}
}

// Fragments that reach each other are looked at as often as they are reached.
func TestReader_Reach(t *testing.T) {
	t.Parallel()
	chain := func(n, fields int) string {
		text := "{ pet { ...F0 } }"
		for i := range n {
			text += fmt.Sprintf(" fragment F%d on Pet { %s", i, times(fields, "age "))
			if i < n-1 {
				text += fmt.Sprintf("...F%d ", i+1)
			}
			text += "}"
		}
		return text
	}
	r := NewReader(pets)
	_, errs := r.Read(chain(20, 40), SignedIn) // 1 + 20 x 40, and of the fragments 40 x (20 + 19 + ...)
	require.Empty(t, errs)
	_, errs = r.Read(chain(40, 40), SignedIn)
	require.Equal(t, fault.TooComplex, fault.CodeOf(errs[0]))
	require.Contains(t, errs[0].Message, "when fragments are put in")
}

// What tools ask to learn a schema is within the limits of anybody.
func TestReader_TheIntrospectionOfTools(t *testing.T) {
	t.Parallel()
	doc, errs := NewReader(pets).Read(introspection.Query, Anonymous)
	require.Empty(t, errs)
	require.NotNil(t, doc)
}

// A document that is kept is not taken from a caller who may not send it.
func TestReader_CacheHasNoCaller(t *testing.T) {
	t.Parallel()
	text := "{ pet { " + times(150, "age name tags size __typename ... on Dog { bark } ") + "} }"
	r := NewReader(pets)
	limits := SignedIn
	limits.Fields = 2000
	doc, errs := r.Read(text, limits)
	require.Empty(t, errs)
	again, errs := r.Read(text, limits)
	require.Empty(t, errs)
	require.Same(t, doc, again)
	limits.Tokens = 1000
	_, errs = r.Read(text, limits)
	require.Equal(t, fault.TooComplex, fault.CodeOf(errs[0]))
	require.Contains(t, errs[0].Message, "tokens")
}

// What is kept is bounded by its size.
func TestReader_CacheIsBounded(t *testing.T) {
	t.Parallel()
	r := NewReader(pets)
	for i := range 200 {
		_, errs := r.Read(fmt.Sprintf("query Q%d { pet { %s} }", i, times(190, "age name(surname: true) ")), SignedIn)
		require.NotEmpty(t, errs) // 380 in one place
		_, errs = r.Read(fmt.Sprintf("query Q%d { pet { %s} }", i, times(99, "age name(surname: true) ")), SignedIn)
		require.Empty(t, errs)
		_, errs = r.Read(fmt.Sprintf("query Q%d { pet { age } } %s", i, times(60_000, " ,")), Anonymous) // few tokens, much text
		require.Empty(t, errs)
		require.LessOrEqual(t, r.bytes, cachedBytes)
	}
	kept := 0
	for _, e := range r.cache.Values() {
		kept += e.bytes
	}
	require.Equal(t, r.bytes, kept)
	require.Greater(t, kept, cachedBytes/2)
}

func TestReader_Refuses(t *testing.T) {
	t.Parallel()
	r := NewReader(pets)
	for text, says := range map[string]string{
		"":                          "no operation",
		"# nothing":                 "no operation",
		"{ pet { age \x00 } }":      "NUL",
		"{ pet { ag } }":            `Cannot query field "ag" on type "Pet".`,
		"{ pet }":                   `Field "pet" of type "Pet" must have a selection of subfields.`,
		"{ pet { age(x: 1) } }":     `Unknown argument "x" on field "Pet.age".`,
		"{ pet { age } ":            "Expected",
		"fragment F on Pet { age }": "no operation",
		"{ pet { ...F } } fragment F on Pet { ...G } fragment G on Pet { ...F }": "within itself",
		"{ pet { ...F } } fragment F on Pet { mate { ...F } }":                   "within itself",
		"{ pet { ...Missing } }":         `Unknown fragment "Missing"`,
		"query ($v: In) { pet { age } }": `"$v" is never used`,
		"subscription { pet }":           "",
		"type Query { a: Int }":          "",
		"\xff\xfe":                       "",
	} {
		doc, errs := r.Read(text, Anonymous)
		require.Nil(t, doc, text)
		require.NotEmpty(t, errs, text)
		require.Equal(t, fault.Invalid, fault.CodeOf(errs[0]), text)
		require.Contains(t, errs[0].Message, says, text)
		require.NotContains(t, errs[0].Message, "Did you mean", text)
		_, again := r.Read(text, Anonymous) // what is refused is not kept
		require.Equal(t, errs.Error(), again.Error())
	}
	require.Empty(t, r.cache.Len())
}

// cpu is what this thread has used.
func cpu(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	require.NoError(t, syscall.Getrusage(1 /* RUSAGE_THREAD */, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// petWords are those of pets.
var petWords = hostile.Words{
	Object: "pet", Type: "Pet", Scalars: [3]string{"age", "name", "tags"}, Same: "mate", List: "friends { %s }",
	Any: "any", Types: [2]string{"Dog", "Cat"}, Third: "Home { size }",
	Arguments: "name(surname: true, in: {a: 1, b: [1, 2, 3]})", Value: "name(in: {b: %s})", Variable: "name(surname: $v%d)", VariableOf: "Boolean",
	Wrong: `friends(first: "x") { age }`,
}

// Whatever the text, reading it costs milliseconds: this is what stands before
// everybody. Times are told; what is asserted is that the answer is bounded, and below
// what they come from.
func TestReader_HostileDocuments(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	type row struct {
		name   string
		took   time.Duration
		taken  bool
		tokens int
		why    string
	}
	var rows []row
	for name, text := range hostile.Documents(petWords, SignedIn.Tokens) {
		fastest, taken, why := time.Hour, false, ""
		for range 3 {
			const runs = 5
			readers := [runs]*Reader{}
			for i := range readers {
				readers[i] = NewReader(pets)
			}
			began := cpu(t)
			for _, r := range readers[1:] {
				_, _ = r.Read(text, SignedIn)
			}
			doc, errs := readers[0].Read(text, SignedIn)
			fastest, taken = min(fastest, (cpu(t)-began)/runs), doc != nil
			require.LessOrEqual(t, len(errs), MaxErrors, name)
			if len(errs) > 0 {
				why = errs[0].Message[:min(len(errs[0].Message), 90)]
			}
			require.Less(t, len(errs.Error()), MaxErrors*(maxMessage+50), name)
		}
		rows = append(rows, row{name, fastest, taken, countTokens(text, 1<<20), why})
	}
	slices.SortFunc(rows, func(a, b row) int { return int(b.took - a.took) })
	var worst [2]row
	for _, r := range rows {
		t.Logf("%-32s %6d tokens %8v, taken: %v %s", r.name, r.tokens, r.took.Round(10*time.Microsecond), r.taken, r.why)
		i := 0
		if r.taken {
			i = 1
		}
		if worst[i].took < r.took {
			worst[i] = r
		}
	}
	testkit.Reportf(t, "the worst of %d hostile documents: refused after %v (%s), taken after %v (%s)", len(rows), worst[0].took, worst[0].name, worst[1].took, worst[1].name)
	require.NotZero(t, worst[1].took, "some must be taken")
}

// What is parsed is looked at no more often than the limits have it, whoever made it up: the
// walk of validation comes to each field that is reached once, and merging has its allowance.
func TestReader_WorkOfHostileDocuments(t *testing.T) {
	t.Parallel()
	mostFields, mostMerged := 0, 0
	for name, text := range hostile.Documents(petWords, SignedIn.Tokens) {
		doc, s, errs := parse(text, SignedIn)
		if errs != nil {
			continue
		}
		m := newMerge()
		_ = NewReader(pets).validate(doc, m)
		merged := mergeWork - m.left
		require.LessOrEqual(t, merged, mergeWork+SignedIn.Fields, "%s: what is left to do is left at once", name)

		fields, count := 0, new(core.Events)
		count.OnField(func(*core.Walker, *ast.Field) { fields++ })
		validator.Walk(pets, doc, count)
		require.Equal(t, s.reach, fields, name)
		require.LessOrEqual(t, fields, SignedIn.Reach, name)
		mostFields, mostMerged = max(mostFields, fields), max(mostMerged, merged)
	}
	require.Greater(t, mostFields, SignedIn.Reach*9/10, "some must come near to it")
	require.Greater(t, mostMerged, mergeWork, "and some beyond it")
}

func FuzzRead(f *testing.F) {
	for _, text := range hostile.Documents(petWords, SignedIn.Tokens) {
		f.Add(text[:min(len(text), 2000)])
	}
	f.Add("{ pet { name: age ...F } } fragment F on Pet { name }")
	f.Add("query Q($v: In = {a: 1}) { pet { name(in: $v) } }")
	r := NewReader(pets)
	f.Fuzz(func(t *testing.T, text string) {
		doc, errs := r.Read(text, Anonymous)
		require.Equal(t, doc == nil, len(errs) > 0)
		for _, err := range errs {
			require.Contains(t, []fault.Code{fault.Invalid, fault.TooComplex}, fault.CodeOf(err))
		}
		if doc != nil {
			require.NotEmpty(t, doc.Operations)
			require.IsType(t, &ast.QueryDocument{}, doc)
		}
	})
}
