package analyzers

import (
	"go/ast"
	"go/types"

	"golang.org/x/tools/go/analysis"
)

// Client finds HTTP clients that package outbound has not made: they follow redirects,
// connect to wherever a name leads, and wait for ever.
var Client = &analysis.Analyzer{
	Name: "client", Doc: "HTTP clients are made by internal/outbound only", Run: runClient,
}

func runClient(pass *analysis.Pass) (any, error) {
	f := collect(pass)
	const say = "HTTP clients are made by outbound.NewClient, which looks where it connects to"
	for _, file := range pass.Files {
		if f.inTest(file) || f.isIn("internal/outbound", "bench", "bench/", "e2e", "internal/testkit", "internal/testkit/") {
			continue
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CompositeLit:
				if isHTTP(pass.TypesInfo.TypeOf(n), "Client", "Transport") {
					f.found(n, n.Pos(), say)
					return false // one is enough
				}
			case *ast.CallExpr:
				if id, ok := n.Fun.(*ast.Ident); ok && id.Name == "new" && len(n.Args) == 1 && isHTTP(pass.TypesInfo.TypeOf(n.Args[0]), "Client", "Transport") {
					f.found(n, n.Pos(), say)
				}
			case *ast.ValueSpec:
				if n.Type != nil && isHTTP(pass.TypesInfo.TypeOf(n.Type), "Client", "Transport") { // not a pointer: its zero value works
					f.found(n, n.Pos(), say)
				}
			case *ast.SelectorExpr:
				obj := pass.TypesInfo.Uses[n.Sel]
				if obj == nil || obj.Pkg() == nil || obj.Pkg().Path() != "net/http" || obj.Parent() != obj.Pkg().Scope() {
					return true
				}
				switch obj.Name() {
				case "Get", "Head", "Post", "PostForm", "DefaultClient", "DefaultTransport":
					f.found(n, n.Pos(), say)
				}
			}
			return true
		})
	}
	f.done()
	return nil, nil //nolint:nilnil // as analysis.Analyzer has it
}

// isHTTP tells whether a type is one of net/http's.
func isHTTP(t types.Type, names ...string) bool {
	named, ok := types.Unalias(t).(*types.Named)
	if !ok || named.Obj().Pkg() == nil || named.Obj().Pkg().Path() != "net/http" {
		return false
	}
	for _, name := range names {
		if named.Obj().Name() == name {
			return true
		}
	}
	return false
}
