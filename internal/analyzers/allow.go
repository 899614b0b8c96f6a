package analyzers

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"
)

const module = "github.com/mpanel/mpanel/"

// A findings collects what an analyzer finds in a package, and what is allowed.
type findings struct {
	*analysis.Pass
	allowed map[line]*allowance
}

type line struct {
	file string
	n    int
}

type allowance struct {
	pos    token.Pos
	reason string
	used   bool
}

// collect reads the exceptions from an analyzer.
func collect(pass *analysis.Pass) *findings {
	f := &findings{Pass: pass, allowed: map[line]*allowance{}}
	for _, file := range pass.Files {
		for _, group := range file.Comments {
			for _, c := range group.List {
				text, ok := strings.CutPrefix(c.Text, "//allow:"+pass.Analyzer.Name)
				if !ok || text != "" && text[0] != ' ' {
					continue
				}
				at := pass.Fset.Position(c.Pos())
				a := &allowance{pos: c.Pos(), reason: strings.TrimSpace(text)}
				f.allowed[line{at.Filename, at.Line}] = a
			}
		}
	}
	return f
}

// found reports a violation, unless it is allowed where it begins or where it is.
func (f *findings) found(n ast.Node, at token.Pos, message string) {
	for _, pos := range []token.Pos{n.Pos(), at} {
		p := f.Fset.Position(pos)
		for _, l := range []int{p.Line, p.Line - 1} {
			if a := f.allowed[line{p.Filename, l}]; a != nil {
				a.used = true
				return
			}
		}
	}
	f.Reportf(at, "%s", message)
}

// allows tells whether there is an exception in a function's comment.
func (f *findings) allows(fd *ast.FuncDecl) bool {
	if fd.Doc == nil {
		return false
	}
	for _, c := range fd.Doc.List {
		at := f.Fset.Position(c.Pos())
		if a := f.allowed[line{at.Filename, at.Line}]; a != nil {
			a.used = true
			return true
		}
	}
	return false
}

// done reports exceptions that are none.
func (f *findings) done() {
	for _, a := range f.allowed {
		switch {
		case !a.used:
			f.Reportf(a.pos, "this exception is not needed: there is nothing to allow")
		case len(a.reason) < 10:
			f.Reportf(a.pos, "this exception says no reason")
		}
	}
}

// inTest tells whether a file is a test's.
func (f *findings) inTest(file *ast.File) bool {
	return strings.HasSuffix(f.Fset.Position(file.Pos()).Filename, "_test.go")
}

// isIn tells whether the package is one of those, or below one that ends with a slash.
func (f *findings) isIn(folders ...string) bool {
	path := strings.TrimPrefix(f.Pkg.Path(), module)
	return slices.ContainsFunc(folders, func(folder string) bool {
		return path == folder || strings.HasSuffix(folder, "/") && strings.HasPrefix(path, folder)
	})
}

// callee is the function or method that a call is of; nil for conversions, closures
// and builtins.
func callee(info *types.Info, call *ast.CallExpr) *types.Func {
	var id *ast.Ident
	switch fun := ast.Unparen(call.Fun).(type) {
	case *ast.Ident:
		id = fun
	case *ast.SelectorExpr:
		id = fun.Sel
	case *ast.IndexExpr:
		switch x := fun.X.(type) {
		case *ast.Ident:
			id = x
		case *ast.SelectorExpr:
			id = x.Sel
		}
	}
	if id == nil {
		return nil
	}
	if f, ok := info.Uses[id].(*types.Func); ok {
		return f.Origin() // of a generic one
	}
	return nil
}

// pathOf is the package of a function; "" for the universe's.
func pathOf(f *types.Func) string {
	if f == nil || f.Pkg() == nil {
		return ""
	}
	return f.Pkg().Path()
}
