package app

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The web app says in words what each action of the audit is, in both languages, and
// knows none that the panel does not record.
func TestActionTitles_OfEveryAction(t *testing.T) {
	t.Parallel()
	english, german := titles(t, "action-titles.ts", regexp.MustCompile(`\b([a-z_]+__[A-Za-z_]+): "([^"]+)"`))
	recorded := recordedActions(t)
	require.Greater(t, len(recorded), 50)
	for _, texts := range []map[string]string{english, german} {
		var said []string
		for key := range texts {
			said = append(said, strings.Replace(key, "__", ".", 1))
		}
		slices.Sort(said)
		require.Equal(t, recorded, said)
	}
}

// recordedActions are the actions of all entries that the panel's sources make: each is
// a constant there, wherever it is handed on.
func recordedActions(t *testing.T) []string {
	t.Helper()
	packages := map[string][]*ast.File{}
	require.NoError(t, filepath.WalkDir("..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "testdata") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		packages[filepath.Dir(path)] = append(packages[filepath.Dir(path)], file)
		return err
	}))
	var all []string
	for dir, files := range packages {
		p := actionsOf{t: t, dir: dir, files: files, consts: map[string]ast.Expr{}, asked: map[string]bool{}}
		p.collect()
		all = append(all, p.found...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// actionsOf finds the actions of one package.
type actionsOf struct {
	t      *testing.T
	dir    string
	files  []*ast.File
	consts map[string]ast.Expr
	asked  map[string]bool // parameters that were followed to their callers
	found  []string
}

func (p *actionsOf) collect() {
	for _, file := range p.files {
		for _, decl := range file.Decls {
			if d, ok := decl.(*ast.GenDecl); ok && d.Tok == token.CONST {
				for _, spec := range d.Specs {
					s, _ := spec.(*ast.ValueSpec)
					for i, value := range s.Values {
						p.consts[s.Names[i].Name] = value
					}
				}
			}
		}
	}
	p.eachIn(func(fn *ast.FuncDecl, n ast.Node) {
		lit, ok := n.(*ast.CompositeLit)
		if !ok {
			return
		}
		of := named(lit.Type)
		for _, e := range lit.Elts {
			field, ok := e.(*ast.KeyValueExpr)
			if !ok || !strings.EqualFold(named(field.Key), "Action") {
				continue
			}
			// What is refused is a root field else, which the app says as such.
			_, constant := field.Value.(*ast.BasicLit)
			if of == "Entry" || constant && (of == "Refusal" || of == "counted") {
				p.add(fn, field.Value)
			}
		}
	})
}

// eachIn calls do for everything within the package's functions.
func (p *actionsOf) eachIn(do func(*ast.FuncDecl, ast.Node)) {
	for _, file := range p.files {
		for _, decl := range file.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok {
				ast.Inspect(fn, func(n ast.Node) bool { do(fn, n); return true })
			}
		}
	}
}

// add takes what an expression in a function can be.
func (p *actionsOf) add(fn *ast.FuncDecl, e ast.Expr) {
	switch e := e.(type) {
	case *ast.BasicLit:
		action, err := strconv.Unquote(e.Value)
		require.NoError(p.t, err)
		p.found = append(p.found, action)
		return
	case *ast.IndexExpr: // of a map that is written there
		if of, ok := e.X.(*ast.CompositeLit); ok {
			for _, value := range of.Elts {
				p.add(fn, value.(*ast.KeyValueExpr).Value)
			}
			return
		}
	case *ast.Ident:
		if value, ok := p.consts[e.Name]; ok {
			p.add(fn, value)
			return
		}
		if p.assigned(fn, e.Name) || p.handedOn(fn, e.Name) {
			return
		}
	}
	p.t.Errorf("%s: what is the action in %s?", p.dir, fn.Name.Name)
}

// assigned takes what a variable of a function is set to.
func (p *actionsOf) assigned(fn *ast.FuncDecl, name string) (ok bool) {
	ast.Inspect(fn, func(n ast.Node) bool {
		if set, is := n.(*ast.AssignStmt); is && len(set.Lhs) == len(set.Rhs) {
			for i, to := range set.Lhs {
				if named(to) == name {
					ok = true
					p.add(fn, set.Rhs[i])
				}
			}
		}
		return true
	})
	return ok
}

// handedOn takes what the callers of a function give it as the parameter of that name.
func (p *actionsOf) handedOn(fn *ast.FuncDecl, name string) bool {
	at := 0
	for _, param := range fn.Type.Params.List {
		for _, one := range param.Names {
			if one.Name != name {
				at++
				continue
			}
			if asked := fmt.Sprint(fn.Name.Name, fn.Recv == nil, at); !p.asked[asked] {
				p.asked[asked] = true
				p.eachIn(func(caller *ast.FuncDecl, n ast.Node) {
					call, ok := n.(*ast.CallExpr)
					if !ok || named(call.Fun) != fn.Name.Name || at >= len(call.Args) {
						return
					}
					if _, bare := call.Fun.(*ast.Ident); bare == (fn.Recv == nil) { // or it is a variable of that name
						p.add(caller, call.Args[at])
					}
				})
			}
			return true
		}
	}
	return false
}

// named is the last name of an expression, "" of one that has none.
func named(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}
