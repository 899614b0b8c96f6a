package analyzers

import (
	"go/ast"
	"go/constant"
	"go/types"
	"slices"
	"strconv"

	"golang.org/x/tools/go/analysis"

	"github.com/mpanel/mpanel/internal/command"
)

// Command finds where a program is started without package command, and where
// that is given a shell.
var Command = &analysis.Analyzer{
	Name: "command", Doc: "programs are started by internal/command only, and never a shell", Run: runCommand,
}

// starters are functions that start a program, beside all of os/exec.
var starters = map[string][]string{
	"os":                    {"StartProcess"},
	"syscall":               {"Exec", "ForkExec", "StartProcess"},
	"golang.org/x/sys/unix": {"Exec"},
}

func runCommand(pass *analysis.Pass) (any, error) {
	f := collect(pass)
	for _, file := range pass.Files {
		if f.inTest(file) || f.isIn("bench", "bench/", "e2e", "internal/testkit", "internal/testkit/") {
			continue
		}
		for _, spec := range file.Imports {
			if p, err := strconv.Unquote(spec.Path.Value); err == nil && p == "os/exec" && !f.isIn("internal/command") {
				f.found(spec, spec.Pos(), "os/exec is for internal/command only: use command.New, which starts no shell and inherits no environment")
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			fn := callee(pass.TypesInfo, call)
			if fn == nil {
				return true
			}
			if slices.Contains(starters[pathOf(fn)], fn.Name()) && fn.Type().(*types.Signature).Recv() == nil { //nolint:forcetypeassert // of a function
				f.found(call, call.Pos(), "programs are started by command.New only")
			}
			if pathOf(fn) == module+"internal/command" && fn.Name() == "New" && len(call.Args) > 1 {
				if v := pass.TypesInfo.Types[call.Args[1]].Value; v != nil && v.Kind() == constant.String && command.IsShell(constant.StringVal(v)) {
					f.found(call, call.Args[1].Pos(), "a shell is never started: give the program its arguments")
				}
			}
			return true
		})
	}
	f.done()
	return nil, nil //nolint:nilnil // as analysis.Analyzer has it
}
