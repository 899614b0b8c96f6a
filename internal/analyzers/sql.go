package analyzers

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"
)

// SQL finds statements that are put together from texts that are not written in the
// code: by +, by Sprintf, from a variable. What varies is an argument, a bun.Ident, or
// goes through a function that quotes.
var SQL = &analysis.Analyzer{
	Name: "sql", Doc: "SQL is not put together from texts that come from elsewhere", Run: runSQL,
}

// statements are the functions that take a statement or a part of one, by package and
// name, and the index of the argument.
var statements = map[string]map[string]int{
	"database/sql": {
		"Exec": 0, "ExecContext": 1, "Query": 0, "QueryContext": 1, "QueryRow": 0, "QueryRowContext": 1, "Prepare": 0, "PrepareContext": 1,
	},
	"github.com/jackc/pgx/v5":         {"Exec": 1, "Query": 1, "QueryRow": 1, "Prepare": 2, "Queue": 0},
	"github.com/jackc/pgx/v5/pgxpool": {"Exec": 1, "Query": 1, "QueryRow": 1},
	"github.com/jackc/pgx/v5/pgconn":  {"Exec": 1, "ExecParams": 1, "Prepare": 2, "CopyFrom": 2, "CopyTo": 2},
	module + "internal/store":         {"Where": 0},
	"github.com/uptrace/bun": {
		"NewRaw": 0, "Where": 0, "WhereOr": 0, "ColumnExpr": 0, "OrderExpr": 0, "TableExpr": 0, "ModelTableExpr": 0, "GroupExpr": 0, "Having": 0,
		"Join": 0, "JoinOn": 0, "JoinOnOr": 0, "DistinctOn": 0, "Set": 0, "SetColumn": 1, "Value": 1, "Returning": 0, "On": 0, "For": 0, "Order": 0,
		"Safe": 0, "SafeQuery": 0, "Exec": -1, "ExecContext": 1, "Query": -1, "QueryContext": 1, "QueryRow": -1, "QueryRowContext": 1,
	},
}

// quoting are functions whose results are SQL whatever they are given. Those of
// packages of ours are ident and literal of the driver, which have a fuzz test.
var quoting = map[string][]string{
	"github.com/jackc/pgx/v5":           {"Sanitize"},
	module + "internal/database/pgprov": {"ident", "literal"},
	module + "internal/database/pgdump": {"ident"},
	module + "internal/devstack":        {"literal"},
	"github.com/uptrace/bun":            {"Safe", "SafeQuery"},
	"strconv":                           {"Itoa", "FormatInt", "FormatUint", "FormatBool"},
	"strings":                           {"Repeat"},
}

func runSQL(pass *analysis.Pass) (any, error) {
	f := collect(pass)
	for _, file := range pass.Files {
		if f.inTest(file) || f.isIn("bench", "bench/", "internal/testkit", "internal/testkit/") {
			continue
		}
		var within *ast.FuncDecl
		ast.Inspect(file, func(n ast.Node) bool {
			if fd, ok := n.(*ast.FuncDecl); ok {
				within = fd
			}
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			fn := callee(pass.TypesInfo, call)
			i, takes := statements[pathOf(fn)][nameOf(fn)]
			if !takes || i < 0 || i >= len(call.Args) {
				return true
			}
			if handsOn(pass.TypesInfo, within, fn, call.Args[i]) {
				return true
			}
			s := sqlCheck{f: f, seen: map[types.Object]bool{}}
			if !isText(pass.TypesInfo.TypeOf(call.Args[i])) || s.written(call.Args[i]) {
				return true
			}
			f.found(call, call.Args[i].Pos(), "this SQL is put together from texts that are not written here: use an argument, bun.Ident, or a function that quotes")
			return true
		})
	}
	f.done()
	return nil, nil //nolint:nilnil // as analysis.Analyzer has it
}

// handsOn tells whether a method only gives what it was given to the one of the same
// name: its callers are looked at, whatever they know it as.
func handsOn(info *types.Info, within *ast.FuncDecl, fn *types.Func, text ast.Expr) bool {
	id, ok := ast.Unparen(text).(*ast.Ident)
	if !ok || within == nil || within.Recv == nil || within.Name.Name != fn.Name() {
		return false
	}
	v, ok := info.ObjectOf(id).(*types.Var)
	if !ok {
		return false
	}
	i, _ := position(info, within, v)
	return i >= 0
}

func nameOf(f *types.Func) string {
	if f == nil {
		return ""
	}
	return f.Name()
}

func isText(t types.Type) bool {
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Info()&types.IsString != 0
}

// A sqlCheck follows one text to where it comes from.
type sqlCheck struct {
	f    *findings
	seen map[types.Object]bool
}

// written tells whether a text is made of constants and of what is quoted.
func (s *sqlCheck) written(e ast.Expr) bool {
	info := s.f.TypesInfo
	e = ast.Unparen(e)
	tv := info.Types[e]
	if tv.Value != nil { // a constant
		return true
	}
	if tv.Type != nil && !isText(tv.Type) { // numbers and booleans quote nothing
		b, ok := tv.Type.Underlying().(*types.Basic)
		return ok && b.Info()&(types.IsNumeric|types.IsBoolean) != 0
	}
	switch e := e.(type) {
	case *ast.BinaryExpr:
		return e.Op == token.ADD && s.written(e.X) && s.written(e.Y)
	case *ast.CallExpr:
		return s.call(e)
	case *ast.Ident:
		return s.variable(info.ObjectOf(e))
	case *ast.SelectorExpr: // a field: what is put there is looked at where it is
		return s.field(info.ObjectOf(e.Sel))
	case *ast.IndexExpr: // of a table that is written in the code
		if id, ok := ast.Unparen(e.X).(*ast.Ident); ok {
			return s.table(info.ObjectOf(id))
		}
	}
	return false
}

func (s *sqlCheck) call(e *ast.CallExpr) bool {
	info := s.f.TypesInfo
	if tv := info.Types[e.Fun]; tv.IsType() && len(e.Args) == 1 { // a conversion
		return s.written(e.Args[0])
	}
	fn := callee(info, e)
	path, name := pathOf(fn), nameOf(fn)
	if slices.Contains(quoting[path], name) {
		return true
	}
	switch {
	case path == "fmt" && name == "Sprintf", path == "strings" && (name == "ReplaceAll" || name == "TrimSuffix" || name == "TrimPrefix" || name == "TrimSpace"):
		return !slices.ContainsFunc(e.Args, func(a ast.Expr) bool { return !s.written(a) })
	case path == "strings" && name == "Join" && len(e.Args) == 2:
		return s.written(e.Args[1]) && s.list(e.Args[0])
	}
	return s.returned(fn, s.written)
}

// returned tells whether all that a function of this package returns first is good.
func (s *sqlCheck) returned(fn *types.Func, good func(ast.Expr) bool) bool {
	decl := s.declaration(fn)
	if decl == nil || s.seen[fn] {
		return decl != nil
	}
	s.seen[fn] = true
	all := true
	ast.Inspect(decl.Body, func(n ast.Node) bool {
		if r, ok := n.(*ast.ReturnStmt); ok {
			all = all && len(r.Results) > 0 && good(r.Results[0])
		}
		_, inner := n.(*ast.FuncLit)
		return !inner
	})
	return all
}

func (s *sqlCheck) declaration(fn *types.Func) *ast.FuncDecl {
	if fn == nil || fn.Pkg() != s.f.Pkg {
		return nil
	}
	for _, file := range s.f.Files {
		for _, d := range file.Decls {
			if fd, ok := d.(*ast.FuncDecl); ok && fd.Body != nil && s.f.TypesInfo.Defs[fd.Name] == fn {
				return fd
			}
		}
	}
	return nil
}

// variable looks at everything that is assigned to a variable of this package.
func (s *sqlCheck) variable(obj types.Object) bool {
	v, ok := obj.(*types.Var)
	if !ok || v.Pkg() != s.f.Pkg {
		return false
	}
	if s.seen[v] {
		return true
	}
	s.seen[v] = true
	assigned, good := false, true
	note := func(e ast.Expr) {
		assigned = true
		good = good && s.written(e)
	}
	for _, file := range s.f.Files {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.AssignStmt:
				for i, l := range n.Lhs {
					if id, ok := l.(*ast.Ident); ok && s.f.TypesInfo.ObjectOf(id) == v {
						switch {
						case len(n.Rhs) == len(n.Lhs):
							note(n.Rhs[i])
						default: // of a call with several results
							assigned, good = true, false
						}
					}
				}
			case *ast.ValueSpec:
				for i, id := range n.Names {
					if s.f.TypesInfo.Defs[id] == v && i < len(n.Values) {
						note(n.Values[i])
					}
				}
			case *ast.RangeStmt:
				for _, l := range []ast.Expr{n.Key, n.Value} {
					if id, ok := l.(*ast.Ident); ok && s.f.TypesInfo.ObjectOf(id) == v {
						assigned = true
						good = good && s.list(n.X)
					}
				}
			case *ast.UnaryExpr: // somebody else may write to it
				if id, ok := n.X.(*ast.Ident); ok && n.Op == token.AND && s.f.TypesInfo.ObjectOf(id) == v {
					assigned, good = true, false
				}
			}
			return true
		})
	}
	return assigned && good || !assigned && s.given(v, false)
}

// given tells whether all callers give a parameter something good: a text, or with list
// a list of texts, of which a variadic one has each. All callers are in this package when
// the function is not exported.
func (s *sqlCheck) given(v *types.Var, list bool) bool {
	for _, in := range s.f.Files {
		for _, d := range in.Decls {
			fd, ok := d.(*ast.FuncDecl)
			if !ok || fd.Name.IsExported() || fd.Type.Params == nil {
				continue
			}
			if i, variadic := position(s.f.TypesInfo, fd, v); i >= 0 {
				return (list || !variadic) && s.calls(s.f.TypesInfo.Defs[fd.Name], i, list, variadic)
			}
		}
	}
	return false
}

func position(info *types.Info, fd *ast.FuncDecl, v *types.Var) (i int, variadic bool) {
	n := 0
	for _, p := range fd.Type.Params.List {
		_, variadic := p.Type.(*ast.Ellipsis)
		for _, name := range p.Names {
			if info.Defs[name] == v {
				return n, variadic
			}
			n++
		}
		if len(p.Names) == 0 {
			n++
		}
	}
	return -1, false
}

// calls looks at argument i of all calls of a function.
func (s *sqlCheck) calls(fn types.Object, i int, list, variadic bool) bool {
	called, good := false, true
	for _, in := range s.f.Files {
		if s.f.inTest(in) {
			continue
		}
		ast.Inspect(in, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || types.Object(callee(s.f.TypesInfo, call)) != fn {
				return true
			}
			called = true
			switch {
			case variadic && !call.Ellipsis.IsValid():
				for _, a := range call.Args[min(i, len(call.Args)):] {
					good = good && s.written(a)
				}
			case i >= len(call.Args):
				good = good && variadic
			case list:
				good = good && s.list(call.Args[i])
			default:
				good = good && s.written(call.Args[i])
			}
			return true
		})
	}
	return called && good
}

// field looks at everything that a field of a type of this package is given.
func (s *sqlCheck) field(obj types.Object) bool {
	v, ok := obj.(*types.Var)
	if !ok {
		return false
	}
	if !v.IsField() { // of another package: what is exported as a constant is one
		return false
	}
	if v.Pkg() != s.f.Pkg {
		return strings.HasPrefix(v.Pkg().Path(), module) && v.Name() == "Text"
	}
	if s.seen[v] {
		return true
	}
	s.seen[v] = true
	assigned, good := false, true
	for _, file := range s.f.Files {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CompositeLit:
				for i, elt := range n.Elts {
					switch kv, keyed := elt.(*ast.KeyValueExpr); {
					case keyed:
						if id, ok := kv.Key.(*ast.Ident); ok && s.f.TypesInfo.ObjectOf(id) == v {
							assigned, good = true, good && s.written(kv.Value)
						}
					default:
						if st, ok := structOf(s.f.TypesInfo.TypeOf(n)); ok && i < st.NumFields() && st.Field(i) == v {
							assigned, good = true, good && s.written(elt)
						}
					}
				}
			case *ast.AssignStmt:
				for i, l := range n.Lhs {
					if sel, ok := l.(*ast.SelectorExpr); ok && s.f.TypesInfo.ObjectOf(sel.Sel) == v {
						assigned = true
						good = good && len(n.Rhs) == len(n.Lhs) && s.written(n.Rhs[i])
					}
				}
			}
			return true
		})
	}
	return assigned && good
}

func structOf(t types.Type) (*types.Struct, bool) {
	if t == nil {
		return nil, false
	}
	st, ok := t.Underlying().(*types.Struct)
	return st, ok
}

// list tells the same of every element.
func (s *sqlCheck) list(e ast.Expr) bool {
	e = ast.Unparen(e)
	switch e := e.(type) {
	case *ast.CompositeLit:
		return !slices.ContainsFunc(e.Elts, func(elt ast.Expr) bool {
			if kv, ok := elt.(*ast.KeyValueExpr); ok {
				elt = kv.Value
			}
			return !s.written(elt)
		})
	case *ast.Ident:
		return s.table(s.f.TypesInfo.ObjectOf(e))
	case *ast.CallExpr:
		if id, ok := e.Fun.(*ast.Ident); ok && id.Name == "append" && len(e.Args) > 0 {
			if e.Ellipsis.IsValid() {
				return s.list(e.Args[0]) && s.list(e.Args[1])
			}
			return s.list(e.Args[0]) && !slices.ContainsFunc(e.Args[1:], func(a ast.Expr) bool { return !s.written(a) })
		}
		if id, ok := e.Fun.(*ast.Ident); ok && id.Name == "make" {
			return true
		}
		return s.returned(callee(s.f.TypesInfo, e), s.list)
	}
	return false
}

// table tells it of a variable that holds a list.
func (s *sqlCheck) table(obj types.Object) bool {
	v, ok := obj.(*types.Var)
	if !ok || v.Pkg() != s.f.Pkg {
		return false
	}
	if s.seen[v] {
		return true
	}
	s.seen[v] = true
	assigned, good := false, true
	for _, in := range s.f.Files {
		ast.Inspect(in, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.AssignStmt:
				for i, l := range n.Lhs {
					switch l := l.(type) {
					case *ast.Ident:
						if s.f.TypesInfo.ObjectOf(l) == v {
							assigned = true
							good = good && len(n.Rhs) == len(n.Lhs) && s.list(n.Rhs[i])
						}
					case *ast.IndexExpr:
						if id, ok := l.X.(*ast.Ident); ok && s.f.TypesInfo.ObjectOf(id) == v {
							assigned = true
							good = good && len(n.Rhs) == len(n.Lhs) && s.written(n.Rhs[i])
						}
					}
				}
			case *ast.ValueSpec:
				for i, id := range n.Names {
					if s.f.TypesInfo.Defs[id] == v {
						assigned = true
						if i < len(n.Values) {
							good = good && s.list(n.Values[i])
						}
					}
				}
			}
			return true
		})
	}
	if !assigned {
		return s.given(v, true)
	}
	return good
}
