package main_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2"
	gql "github.com/vektah/gqlparser/v2/ast"

	"github.com/mpanel/mpanel/internal/fault"
)

// `make generate` and `make build` run this file alone, before there is code
// that could be wrong; so it uses nothing of the repository but leaves.

func TestSchema_EveryRootFieldSaysWhoMayCallIt(t *testing.T) {
	t.Parallel()
	assert.Empty(t, unguarded(readSchema(t)), "put @auth or @public on these fields")
}

func TestSchema_EverythingIsDescribed(t *testing.T) {
	t.Parallel()
	assert.Empty(t, undescribed(readSchema(t)), "describe these: units, when a value is null, which errors")
}

func TestSchema_PlantedMistakesAreFound(t *testing.T) {
	t.Parallel()
	schema := load(t, &gql.Source{Name: "planted.graphqls", Input: `
		directive @auth on FIELD_DEFINITION
		"Open."
		directive @public(to: String) on FIELD_DEFINITION
		"Reads."
		type Query {
			"No rule."
			open: Int
			"Both rules."
			both: Int @auth @public
			"Fine." fine(size: Int): Thing @auth
		}
		"Changes." type Mutation { "No rule." change(input: In): Int }
		"Streams." type Subscription { "No rule." watch: Int }
		type Thing { name: String }
		input In { value: E }
		enum E { A }
		scalar S
		union U = Thing
	`})
	assert.Equal(t, []string{"Mutation.change", "Query.both", "Query.open", "Subscription.watch"}, unguarded(schema))
	assert.Equal(t, []string{
		"@auth", "@public(to)", "E", "E.A", "In", "In.value", "Mutation.change(input)", "Query.fine(size)", "S", "Thing", "Thing.name", "U",
	}, undescribed(schema))
}

func TestSchema_ErrorCodesAreTheSameEverywhere(t *testing.T) {
	t.Parallel()
	retryable := map[string]string{}
	for _, c := range fault.Codes() {
		retryable[string(c)] = map[bool]string{true: "yes", false: "no"}[c.Retryable()]
	}
	inSchema := map[string]string{}
	for _, v := range readSchema(t).Types["ErrorCode"].EnumValues {
		inSchema[v.Name] = retryable[v.Name]
	}
	assert.Equal(t, retryable, inSchema, "the enum ErrorCode and fault.Codes()")

	doc, err := os.ReadFile("docs/errors.md")
	require.NoError(t, err)
	inTable := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([A-Z_]+)` \\| (yes|no) \\|").FindAllStringSubmatch(string(doc), -1) {
		inTable[row[1]] = row[2]
	}
	assert.Equal(t, retryable, inTable, "fault.Codes() and the first table of docs/errors.md: code and whether it is retryable")
	var sections []string
	for _, heading := range regexp.MustCompile("(?m)^## `([A-Z_]+)`$").FindAllStringSubmatch(string(doc), -1) {
		sections = append(sections, heading[1])
	}
	assert.Len(t, sections, len(retryable), "docs/errors.md has one section for each code")
	for _, code := range sections {
		assert.Contains(t, retryable, code, "a section of docs/errors.md")
	}
}

func TestSchema_JobEventsAreDocumented(t *testing.T) {
	t.Parallel()
	inCode := eventKinds(t)
	require.NotEmpty(t, inCode)
	doc, err := os.ReadFile("docs/architecture.md")
	require.NoError(t, err)
	var inTable []string
	for _, row := range regexp.MustCompile("(?m)^\\| `((?:job|step)\\.[a-z]+)` \\|").FindAllStringSubmatch(string(doc), -1) {
		inTable = append(inTable, row[1])
	}
	slices.Sort(inTable)
	assert.Equal(t, inCode, inTable, "the Event constants of internal/engine and the table of docs/architecture.md")
}

func TestSchema_NoModelIsLeftToTheGenerator(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "graph/models_gen.go", nil, 0)
	if os.IsNotExist(err) { // make generate has just removed it
		return
	}
	require.NoError(t, err)
	for _, decl := range file.Decls {
		if d, ok := decl.(*ast.GenDecl); ok && d.Tok == token.TYPE {
			for _, spec := range d.Specs {
				if s, ok := spec.(*ast.TypeSpec); ok {
					assert.Contains(t, []string{"Query", "Mutation", "Subscription"}, s.Name.Name,
						"bind this type to a hand-written one in gqlgen.yml")
				}
			}
		}
	}
}

func readSchema(t *testing.T) *gql.Schema {
	t.Helper()
	files, err := filepath.Glob("schema/*.graphqls")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	sources := make([]*gql.Source, len(files))
	for i, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		sources[i] = &gql.Source{Name: file, Input: string(text)}
	}
	return load(t, sources...)
}

func load(t *testing.T, sources ...*gql.Source) *gql.Schema {
	t.Helper()
	schema, err := gqlparser.LoadSchema(sources...)
	require.NoError(t, err)
	return schema
}

// unguarded lists the root fields that do not have exactly one of @auth and @public.
func unguarded(s *gql.Schema) (found []string) {
	for _, root := range []*gql.Definition{s.Query, s.Mutation, s.Subscription} {
		if root == nil {
			continue
		}
		for _, f := range root.Fields {
			guarded := f.Directives.ForName("auth") != nil
			public := f.Directives.ForName("public") != nil
			if guarded == public && !strings.HasPrefix(f.Name, "__") {
				found = append(found, root.Name+"."+f.Name)
			}
		}
	}
	slices.Sort(found)
	return found
}

// undescribed lists what has no description: types, fields, arguments, values
// of enums, and directives other than the generator's own.
func undescribed(s *gql.Schema) (found []string) {
	note := func(name, description string) {
		if strings.TrimSpace(description) == "" {
			found = append(found, name)
		}
	}
	for _, d := range s.Directives {
		if d.Position.Src.BuiltIn || d.Name == "goField" {
			continue
		}
		note("@"+d.Name, d.Description)
		for _, a := range d.Arguments {
			note("@"+d.Name+"("+a.Name+")", a.Description)
		}
	}
	for _, t := range s.Types {
		if t.BuiltIn {
			continue
		}
		note(t.Name, t.Description)
		for _, f := range t.Fields {
			if strings.HasPrefix(f.Name, "__") {
				continue
			}
			note(t.Name+"."+f.Name, f.Description)
			for _, a := range f.Arguments {
				note(t.Name+"."+f.Name+"("+a.Name+")", a.Description)
			}
		}
		for _, v := range t.EnumValues {
			note(t.Name+"."+v.Name, v.Description)
		}
	}
	slices.Sort(found)
	return found
}

// eventKinds are the values of the constants Event... of package engine.
func eventKinds(t *testing.T) (kinds []string) {
	t.Helper()
	files, err := filepath.Glob("internal/engine/*.go")
	require.NoError(t, err)
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		require.NoError(t, err)
		ast.Inspect(parsed, func(n ast.Node) bool {
			s, ok := n.(*ast.ValueSpec)
			if !ok || len(s.Names) != len(s.Values) {
				return true
			}
			for i, name := range s.Names {
				if value, ok := s.Values[i].(*ast.BasicLit); ok && regexp.MustCompile(`^Event[A-Z]`).MatchString(name.Name) {
					kind, err := strconv.Unquote(value.Value)
					require.NoError(t, err)
					kinds = append(kinds, kind)
				}
			}
			return true
		})
	}
	slices.Sort(kinds)
	return kinds
}
