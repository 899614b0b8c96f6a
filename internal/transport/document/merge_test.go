package document

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"github.com/mpanel/mpanel/internal/transport/document/hostile"
)

// pets is a schema in which fields of one name can be at odds in every way.
var pets = gqlparser.MustLoadSchema(&ast.Source{Input: `
	interface Pet { name(surname: Boolean, in: In): String  mate: Pet  age: Int  tags: [String!]  size: String  friends(first: Int): [Pet!]! }
	type Dog implements Pet { name(surname: Boolean, in: In): String  mate: Pet  age: Int  tags: [String!]  size: String  friends(first: Int): [Pet!]!  bark: Int!  home: Home  box: Home }
	type Cat implements Pet { name(surname: Boolean, in: In): String  mate: Pet  age: Int  tags: [String!]  size: String  friends(first: Int): [Pet!]!  bark: String  home: Home  box: Bag }
	type Home { id: ID!  size: Int  of: Pet  box: Bag }
	type Bag { id: ID!  size: Float  of: Pet  home: Home }
	union Any = Dog | Cat | Home | Bag
	input In { a: Int  b: [Int]  c: In }
	type Query { pet: Pet  dog: Dog  cat: Cat  any: Any  pets: [Pet!]!  home: Home }
`})

// randomDocument is valid but for what fields of one name are.
type randomDocument struct {
	*rand.Rand
	strings.Builder
	fragments []string // type conditions, by number
}

func (d *randomDocument) one(of ...string) string { return of[d.IntN(len(of))] }

func (d *randomDocument) selection(on string, depth, from int) {
	d.WriteString("{ ")
	for range 1 + d.IntN(4) {
		switch d.IntN(6) {
		case 0:
			def := pets.Types[on]
			to := d.one("Dog", "Cat", "Pet", "Home", "Bag")
			if def.Kind == ast.Object {
				to = on
			}
			if on == "Pet" {
				to = d.one("Dog", "Cat", "Pet")
			}
			d.WriteString("... on " + to + " ")
			d.selection(to, depth, from)
		case 1:
			var fits []int
			for i := from; i < len(d.fragments); i++ { // only later ones: no circles
				if d.fragments[i] == on || pets.Types[on].Kind != ast.Object && on == "Pet" && slices.Contains([]string{"Dog", "Cat", "Pet"}, d.fragments[i]) {
					fits = append(fits, i)
				}
			}
			if len(fits) > 0 {
				d.WriteString(fmt.Sprintf("...F%d ", fits[d.IntN(len(fits))]))
				break
			}
			fallthrough
		default:
			d.field(on, depth, from)
		}
	}
	d.WriteString("__typename } ")
}

func (d *randomDocument) field(on string, depth, from int) {
	def := pets.Types[on]
	var fits []*ast.FieldDefinition
	for _, f := range def.Fields {
		if strings.HasPrefix(f.Name, "__") || !pets.Types[f.Type.Name()].IsLeafType() && depth == 0 {
			continue
		}
		fits = append(fits, f)
	}
	if len(fits) == 0 {
		return
	}
	f := fits[d.IntN(len(fits))]
	if d.IntN(3) == 0 {
		d.WriteString(d.one("x", "y", "name", "size", "box") + ": ")
	}
	d.WriteString(f.Name)
	switch {
	case f.Name == "name" && d.IntN(3) == 0:
		d.WriteString(d.one("(surname: true)", "(in: {a: 1, b: [1, 2]}, surname: true)", "(surname: true, in: {b: [1, 2], a: 1})", "(in: {c: {a: 1}})", "(in: {c: {a: 2}})"))
	case f.Name == "friends":
		d.WriteString(d.one("", "(first: 1)", "(first: 1)", "(first: 2)"))
	}
	d.WriteString(" ")
	if to := f.Type.Name(); !pets.Types[to].IsLeafType() {
		d.selection(to, depth-1, from)
	}
}

func newRandomDocument(r *rand.Rand) string {
	d := &randomDocument{Rand: r}
	for range r.IntN(5) {
		d.fragments = append(d.fragments, d.one("Dog", "Cat", "Pet", "Home", "Bag"))
	}
	d.WriteString("query ")
	d.selection("Query", 4, 0)
	for i, on := range d.fragments {
		d.WriteString(fmt.Sprintf("fragment F%d on %s ", i, on))
		d.selection(on, 2, i+1)
	}
	return d.String()
}

func mergeErrors(t *testing.T, text string, ours bool) []string {
	t.Helper()
	doc, err := parser.ParseQuery(&ast.Source{Input: text})
	require.NoError(t, err, text)
	m := newMerge()
	set := rules.NewRules(rules.OverlappingFieldsCanBeMergedRule)
	if ours {
		set.ReplaceRule(rules.OverlappingFieldsCanBeMergedRule.Name, m.rule)
	}
	var list []string
	for _, e := range validator.ValidateWithRules(pets, doc, set) {
		list = append(list, e.Message)
	}
	require.GreaterOrEqual(t, m.left, 0)
	return list
}

func unused(t *testing.T, text string) bool {
	t.Helper()
	doc, err := parser.ParseQuery(&ast.Source{Input: text})
	require.NoError(t, err, text)
	return len(validator.ValidateWithRules(pets, doc, rules.NewRules(rules.NoUnusedFragmentsRule))) > 0
}

// Both rules take and refuse the same documents.
func TestMerging_AsGqlparser(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	taken, refused := 0, 0
	for range 6000 {
		text := newRandomDocument(r)
		if unused(t, text) {
			continue // another rule refuses it
		}
		stock, ours := mergeErrors(t, text, false), mergeErrors(t, text, true)
		require.Equal(t, len(stock) > 0, len(ours) > 0, "%s\n%q\n%q", text, stock, ours)
		if len(ours) == 0 {
			taken++
			continue
		}
		refused++
		require.Len(t, ours, 1)
	}
	require.Greater(t, taken, 200)
	require.Greater(t, refused, 200)
}

// What is told is what gqlparser tells, where the conflict is in one place.
func TestMerging_Messages(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`{ pet { name: age name } }`,
		`{ dog { name(surname: true) name } }`,
		`{ dog { name(in: {b: [1, 2]}) name(in: {b: [2, 1]}) } }`,
		`{ any { ... on Home { size } ... on Bag { size } } }`,
		`{ any { ... on Dog { bark } ... on Cat { bark } } }`,
		`{ pet { x: age x: tags } }`,
	} {
		stock := mergeErrors(t, text, false)
		require.NotEmpty(t, stock, text)
		require.Equal(t, stock[:1], mergeErrors(t, text, true), text)
	}
}

// All operations of a document share one allowance.
func TestMerging_WorkOfADocument(t *testing.T) {
	t.Parallel()
	texts := hostile.Documents(petWords, SignedIn.Tokens)
	for name, want := range map[string]string{
		"merged again and again":                "",
		"operations that merge again and again": ReasonMerging,
		"values compared again and again":       ReasonMerging,
	} {
		_, errs := NewReader(pets).Read(texts[name], SignedIn)
		require.Equal(t, want, Reason(errs), "%s: %v", name, errs)
	}
}
