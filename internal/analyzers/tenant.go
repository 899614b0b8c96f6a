package analyzers

import (
	"go/ast"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"
)

// Tenant finds queries of tables with tenants' rows that anybody's call can reach and
// that do not go through store.Visible. A row that was loaded through it may be written
// by its key. An exception in the comment of a method says that nobody's call comes in
// there: it is for all tenants.
var Tenant = &analysis.Analyzer{
	Name: "tenant", Doc: "queries of tenants' tables that callers reach have the tenant filter", Run: runTenant,
}

// owners are the fields that tie a row to a tenant.
var owners = []string{"CustomerID", "DatabaseID", "JobID"}

// tenantTable gives the name of a model whose rows are tenants'; "" for others.
func tenantTable(t types.Type) string {
	for {
		switch u := types.Unalias(t).(type) {
		case *types.Pointer:
			t = u.Elem()
			continue
		case *types.Slice:
			t = u.Elem()
			continue
		case *types.Named:
			if u.Obj().Pkg() == nil || !strings.HasSuffix(u.Obj().Pkg().Path(), "/models") {
				return ""
			}
			st, ok := u.Underlying().(*types.Struct)
			if !ok {
				return ""
			}
			if u.Obj().Name() == "Customer" {
				return "Customer"
			}
			for field := range st.Fields() {
				if slices.Contains(owners, field.Name()) {
					return u.Obj().Name()
				}
			}
		}
		return ""
	}
}

func runTenant(pass *analysis.Pass) (any, error) {
	f := collect(pass)
	t := &tenantCheck{f: f, bodies: map[*types.Func]*ast.FuncDecl{}, reached: map[*types.Func]bool{}, filtering: map[*types.Func]bool{}}
	for _, file := range pass.Files {
		if f.inTest(file) {
			continue
		}
		for _, d := range file.Decls {
			fd, ok := d.(*ast.FuncDecl)
			if !ok || fd.Body == nil {
				continue
			}
			if fn, ok := pass.TypesInfo.Defs[fd.Name].(*types.Func); ok {
				t.bodies[fn] = fd
			}
		}
	}
	for fn, fd := range t.bodies {
		if isService(fn) && fd.Name.IsExported() && !f.allows(fd) {
			t.reach(fn)
		}
	}
	for fn := range t.reached {
		if fd := t.bodies[fn]; !f.allows(fd) {
			t.look(fd)
		}
	}
	for _, file := range pass.Files {
		if !f.inTest(file) {
			t.prepared(file)
		}
	}
	f.done()
	return nil, nil //nolint:nilnil // as analysis.Analyzer has it
}

// isService tells whether a resolver may call a method.
func isService(fn *types.Func) bool {
	sig, _ := fn.Type().(*types.Signature)
	if sig == nil || sig.Recv() == nil || sig.Params().Len() == 0 {
		return false
	}
	t := sig.Recv().Type()
	if p, ok := t.(*types.Pointer); ok {
		t = p.Elem()
	}
	named, ok := t.(*types.Named)
	return ok && strings.HasSuffix(named.Obj().Name(), "Service") && sig.Params().At(0).Type().String() == "context.Context"
}

type tenantCheck struct {
	f       *findings
	bodies  map[*types.Func]*ast.FuncDecl
	reached map[*types.Func]bool

	filtering map[*types.Func]bool
}

// reach notes a function and all of this package that it names.
func (t *tenantCheck) reach(fn *types.Func) {
	if t.reached[fn] || t.bodies[fn] == nil {
		return
	}
	t.reached[fn] = true
	ast.Inspect(t.bodies[fn].Body, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			if other, ok := t.f.TypesInfo.Uses[id].(*types.Func); ok {
				t.reach(other)
			}
		}
		return true
	})
}

// look finds a function's queries.
func (t *tenantCheck) look(fd *ast.FuncDecl) {
	ast.Inspect(fd.Body, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		if fn := callee(t.f.TypesInfo, call); fn != nil && inStore(fn) && fn.Name() == "NewList" && len(call.Args) == 3 {
			if table := tenantTable(t.f.TypesInfo.TypeOf(call.Args[2])); table != "" && !t.filters(fd.Body) {
				t.f.found(call, call.Pos(), "this list of "+table+" has no tenant filter: apply store.Visible")
			}
		}
		q := t.query(call)
		if q == nil {
			return true
		}
		if q.table != "" && !q.byKey && !q.filtered {
			t.f.found(call, q.at.Pos(), "this query of "+q.table+" has no tenant filter: apply store.Visible, or write a row by its key that was loaded through it")
		}
		return false // its inner calls are the same query's
	})
}

// filters tells whether what is applied has the filter in it, or names a function of
// this package that has.
func (t *tenantCheck) filters(applied ast.Node) (yes bool) {
	ast.Inspect(applied, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		if !ok {
			return !yes
		}
		fn, ok := t.f.TypesInfo.Uses[id].(*types.Func)
		switch {
		case !ok:
		case inStore(fn) && fn.Name() == "Visible":
			yes = true
		case t.bodies[fn] != nil:
			known, seen := t.filtering[fn]
			if !seen {
				t.filtering[fn] = false // what calls itself does not filter by that
				known = t.filters(t.bodies[fn].Body)
				t.filtering[fn] = known
			}
			yes = yes || known
		}
		return !yes
	})
	return yes
}

// prepared finds keyed reads and edges, which are variables of the package.
func (t *tenantCheck) prepared(file *ast.File) {
	ast.Inspect(file, func(n ast.Node) bool {
		lit, ok := n.(*ast.CompositeLit)
		if !ok {
			return true
		}
		named, ok := types.Unalias(t.f.TypesInfo.TypeOf(lit)).(*types.Named)
		if !ok || named.TypeArgs().Len() != 2 || !inStore(named.Obj()) || named.Obj().Name() != "Keyed" && named.Obj().Name() != "Edge" {
			return true
		}
		table := tenantTable(named.TypeArgs().At(1))
		for _, elt := range lit.Elts {
			kv, ok := elt.(*ast.KeyValueExpr)
			if !ok || table == "" {
				continue
			}
			if key, ok := kv.Key.(*ast.Ident); ok && (key.Name == "Query" || key.Name == "Rows") && !t.filters(kv.Value) {
				t.f.found(lit, lit.Pos(), "this read of "+table+" has no tenant filter: apply store.Visible")
			}
		}
		return true
	})
}

func inStore(o types.Object) bool {
	return o != nil && o.Pkg() != nil && strings.HasSuffix(o.Pkg().Path(), "/store")
}

type query struct {
	at    ast.Node
	table string
	byKey bool // of the row in memory

	filtered bool
}

// query reads a chain of calls from its end; nil when it begins with something else
// than a query.
func (t *tenantCheck) query(call *ast.CallExpr) *query {
	q := &query{}
	for {
		sel, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return nil
		}
		fn, _ := t.f.TypesInfo.Uses[sel.Sel].(*types.Func)
		if !strings.HasSuffix(pathOf(fn), "uptrace/bun") {
			return nil
		}
		switch fn.Name() {
		case "Apply":
			q.filtered = q.filtered || t.filters(call.Args[0])
		case "WherePK":
			q.byKey = true
		case "Model":
			if len(call.Args) == 1 {
				q.table = tenantTable(t.f.TypesInfo.TypeOf(call.Args[0]))
			}
		case "NewSelect", "NewUpdate", "NewDelete":
			q.at = sel.Sel
			return q
		}
		next, ok := ast.Unparen(sel.X).(*ast.CallExpr)
		if !ok {
			return nil
		}
		call = next
	}
}
