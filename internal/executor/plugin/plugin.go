// Package plugin is the gqlgen plugin that writes the tables package executor
// runs on: a file beside the generated code, which it calls and leaves alone.
//
// What the tables mean is package executor's; what is in the schema, gqlgen's.
package plugin

import (
	"fmt"
	"go/format"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/99designs/gqlgen/codegen"
	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// Version is the gqlgen that the plugin was written against. It calls names of
// the generated code that gqlgen does not promise to keep.
const Version = "v0.17.98"

// FileName is what the plugin writes, in the folder of the generated code.
const FileName = "executor.generated.go"

// A Plugin writes the tables.
type Plugin struct {
	// Runtime is the import path of package executor.
	Runtime string
	// LevelSafe are the directives that may run once for all objects of a level,
	// because they neither look at the object nor change the value. Others run
	// for each object, which a batch resolver cannot offer.
	LevelSafe []string
}

// Name implements gqlgen's plugin.Plugin.
func (Plugin) Name() string { return "executor" }

// GenerateCode implements gqlgen's plugin.CodeGenerator.
func (p Plugin) GenerateCode(d *codegen.Data) error {
	if graphql.Version != Version {
		return fmt.Errorf("this is gqlgen %s, and the plugin is for %s: see docs/executor.md on upgrades", graphql.Version, Version)
	}
	if d.Config.UseFunctionSyntaxForExecutionContext {
		return fmt.Errorf("use_function_syntax_for_execution_context gives the generated code names that the executor's tables do not know")
	}
	g := &generator{
		plugin: p, leaves: map[string]string{},
		imports: map[string]string{}, constants: map[string]string{}, home: d.Config.Exec.ImportPath(),
	}
	source, err := format.Source([]byte(g.file(d)))
	if err != nil {
		return fmt.Errorf("the executor's tables are not Go: %w", err)
	}
	return os.WriteFile(filepath.Join(d.Config.Exec.Dir(), FileName), source, 0o644) //nolint:gosec // source code is for everybody
}

// A generator writes one file.
type generator struct {
	plugin  Plugin
	out     strings.Builder
	leaves  map[string]string // functions that encode scalars, by name
	refused []string
	imports map[string]string // path to name
	home    string            // the package that is written into
	// constants are the variables of directives' arguments, by what decodes them, and
	// declared their declarations.
	constants map[string]string
	declared  []string
}

func (g *generator) linef(format string, args ...any) { fmt.Fprintf(&g.out, format+"\n", args...) }

// use imports a package and gives its name.
func (g *generator) use(path, name string) string {
	if known, ok := g.imports[path]; ok {
		return known
	}
	taken := func(n string) bool {
		for _, other := range g.imports {
			if other == n {
				return true
			}
		}
		return false
	}
	unique := name
	for i := 1; taken(unique); i++ {
		unique = name + strconv.Itoa(i)
	}
	g.imports[path] = unique
	return unique
}

func (g *generator) typeName(t types.Type) string {
	return types.TypeString(t, func(p *types.Package) string {
		if p.Path() == g.home {
			return ""
		}
		return g.use(p.Path(), p.Name())
	})
}

func (g *generator) file(d *codegen.Data) string {
	g.use("context", "context")
	g.use("github.com/99designs/gqlgen/graphql", "graphql")
	g.use(g.plugin.Runtime, "executor")
	g.linef(`// NewExecutor wraps the schema in the compiled executor. It fails when something
// in the schema would behave otherwise without anybody being told.
func NewExecutor(cfg Config, o executor.Options) (*executor.Schema, error) {
	stock := &executableSchema{SchemaData: cfg.Schema, Resolvers: cfg.Resolvers, Directives: cfg.Directives, ComplexityRoot: cfg.Complexity}
	return executor.New(stock, executorTables, func(op *graphql.OperationContext) any { return newExecutionContext(op, stock, nil) }, o)
}

var executorTables = &executor.Tables{
	Objects: map[string]*executor.Object{`)
	for _, o := range d.Objects {
		if !o.IsReserved() {
			g.object(o)
		}
	}
	g.linef("},\nAbstracts: map[string]*executor.Abstract{")
	names := make([]string, 0, len(d.Interfaces))
	for name := range d.Interfaces {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		g.abstract(d.Interfaces[name])
	}
	g.linef("},\nInputs: func(generated any) *graphql.InputUnmarshalerIndex {\nec := generated.(*executionContext)\n_ = ec\nreturn graphql.NewInputUnmarshalerIndex(")
	for _, in := range d.Inputs {
		if !in.HasUnmarshal() {
			g.linef("graphql.NewInputUnmarshaler(%q, ec.unmarshalInput%s),", in.Name, in.Name)
		}
	}
	g.linef(")\n},")
	if len(g.refused) > 0 {
		slices.Sort(g.refused)
		g.linef("Refused: %#v,", g.refused)
	}
	g.linef("}\n")
	functions := make([]string, 0, len(g.leaves))
	for _, source := range g.leaves {
		functions = append(functions, source)
	}
	sort.Strings(functions)
	body := g.out.String() + strings.Join(g.declared, "") + "\n" + strings.Join(functions, "\n")
	return g.head(d.Config.Exec.Package, body) + body
}

func (g *generator) head(name, body string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "// Code generated by the executor's plugin for gqlgen, DO NOT EDIT.\n\npackage %s\n\nimport (\n", name)
	paths := make([]string, 0, len(g.imports))
	for path := range g.imports {
		paths = append(paths, path)
	}
	sort.Strings(paths)
	for _, path := range paths {
		if name := g.imports[path]; strings.Contains(body, name+".") {
			if name == path[strings.LastIndex(path, "/")+1:] {
				name = ""
			}
			fmt.Fprintf(&b, "%s %q\n", name, path)
		}
	}
	b.WriteString(")\n\n")
	return b.String()
}

func (g *generator) object(o *codegen.Object) {
	satisfies := []string{o.Name}
	for _, i := range o.Implements {
		satisfies = append(satisfies, i.Name)
	}
	g.linef("%q: {Name: %q, Satisfies: %#v, Fields: map[string]*executor.Field{", o.Name, o.Name, satisfies)
	for _, f := range o.Fields {
		if !f.IsReserved() {
			g.field(o, f)
		}
	}
	g.linef("}},")
}

// maxPossible is how many types a column can tell apart.
const maxPossible = 256

func (g *generator) abstract(i *codegen.Interface) {
	var possible []string
	index := map[string]int{}
	for _, im := range i.Implementors {
		// An interface that implements this one has its objects in the list, too.
		if _, ok := index[im.Name]; !ok && im.Kind == ast.Object {
			index[im.Name] = len(possible)
			possible = append(possible, im.Name)
		}
	}
	if len(possible) > maxPossible {
		g.refused = append(g.refused, fmt.Sprintf("%s has %d possible types, and the executor can tell %d apart", i.Name, len(possible), maxPossible))
	}
	g.linef("%q: {Name: %q, Possible: %#v, Of: func(value any) (int, any) { switch v := value.(type) {\ncase nil: return executor.NoObject, nil", i.Name, i.Name, possible)
	for _, im := range i.Implementors {
		if im.Kind != ast.Object {
			continue
		}
		g.linef("case %s:", g.typeName(im.Type))
		if im.CanBeNil() {
			g.linef("if v == nil { return executor.NoObject, nil }")
		}
		ref := "v"
		if im.TakeRef {
			ref = "&v"
		}
		g.linef("return %d, %s", index[im.Name], ref)
	}
	g.linef("}\nreturn executor.UnknownObject, value\n}},")
}
