package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"github.com/mpanel/mpanel/graph"
	"github.com/mpanel/mpanel/internal/transport/document"
	"github.com/mpanel/mpanel/internal/transport/document/hostile"
)

// patience is how long gqlgen may read one document.
const patience = 20 * time.Second

// jobWords are words of the panel's own schema.
var jobWords = hostile.Words{
	Object: `job(id: "am9iOjE")`, Type: "Job", Scalars: [3]string{"state", "kind", "percent"}, Same: "parent", List: "children(first: 1) { nodes { %s } }",
	Any: `node(id: "am9iOjE")`, Types: [2]string{"Job", "Job"}, Third: "Database { name }",
	Arguments: `events(first: 1, after: "0-0") { __typename }`, Value: "children(first: %s) { totalCount }", Variable: "children(first: $v%d) { totalCount }", VariableOf: "Int",
	Wrong: `children(first: "x") { totalCount }`,
}

// A documentRow is what reading one document costs.
type documentRow struct {
	name    string
	bytes   int
	own     time.Duration // of CPU
	refusal string        // "" for what is taken
	stock   string        // the same by gqlparser's rules, in words
}

// measureDocuments compares what hostile documents of the panel's schema cost until they
// are refused, or are known to be valid: by the panel's reader, and by gqlparser as
// gqlgen uses it, in a process of its own that is given up after a while.
func measureDocuments(ctx context.Context, o options, stdout io.Writer) error {
	schema := graph.NewExecutableSchema(graph.Config{}).Schema()
	texts := hostile.Documents(jobWords, document.SignedIn.Tokens)
	if o.document != "" {
		if texts[o.document] == "" {
			return fmt.Errorf("there is no document %q", o.document)
		}
		return stockDocument(schema, texts[o.document], stdout)
	}
	runtime.GOMAXPROCS(1) // so that what the collector does is counted, and nothing else
	var rows []documentRow
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		row := documentRow{name: name, bytes: len(texts[name])}
		took := make([]time.Duration, o.rounds)
		for i := range took {
			const times = 20
			began := processCPU()
			for range times {
				_, errs := document.NewReader(schema).Read(texts[name], document.SignedIn)
				if row.refusal = ""; len(errs) > 0 {
					row.refusal = errs[0].Message
				}
			}
			took[i] = (processCPU() - began) / times
		}
		slices.Sort(took)
		row.own = took[len(took)/2]
		var err error
		if row.stock, err = askStock(ctx, name); err != nil {
			return err
		}
		rows = append(rows, row)
	}
	return printDocuments(stdout, machineNow(ctx), rows)
}

// askStock has another process read a document by gqlparser's rules.
func askStock(ctx context.Context, name string) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("look for the program: %w", err)
	}
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	out, err := exec.CommandContext(ctx, self, "documents", "-document", name).Output()
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return "over " + patience.String(), nil
	}
	if err != nil {
		return "", fmt.Errorf("read %q by gqlparser: %w", name, err)
	}
	return strings.TrimSpace(string(out)), nil
}

// stockDocument tells what a document costs by gqlparser's rules: as gqlgen's handler
// does, without the limit of tokens that it has when it is told to.
func stockDocument(schema *ast.Schema, text string, stdout io.Writer) error {
	runtime.GOMAXPROCS(1)
	began := processCPU()
	doc, err := parser.ParseQuery(&ast.Source{Input: text})
	if err == nil {
		_ = validator.ValidateWithRules(schema, doc, rules.NewDefaultRules())
	}
	_, err = fmt.Fprintln(stdout, rounded(processCPU()-began))
	return err
}

// processCPU is what this process has used.
func processCPU() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func rounded(d time.Duration) string {
	return strconv.FormatFloat(d.Seconds()*1000, 'f', 2, 64) + " ms"
}

func printDocuments(w io.Writer, m machine, rows []documentRow) error {
	slices.SortFunc(rows, func(a, b documentRow) int { return cmp.Compare(b.own, a.own) })
	var text strings.Builder
	fmt.Fprintf(&text, "# What hostile documents cost\n\n%s, %s, %d cores, Go %s; CPU of reading and validating one, of the panel's schema, for somebody who is signed in\n\n| | KB | panel | gqlparser's rules | |\n|---|---|---|---|---|\n",
		time.Now().UTC().Format(time.RFC3339), m.CPU, m.Cores, runtime.Version())
	for _, r := range rows {
		end := "taken"
		if r.refusal != "" {
			end = r.refusal[:min(len(r.refusal), 80)]
		}
		fmt.Fprintf(&text, "| %s | %d | **%s** | %s | %s |\n", r.name, r.bytes>>10, rounded(r.own), r.stock, end)
	}
	for _, refused := range []bool{true, false} {
		i := slices.IndexFunc(rows, func(r documentRow) bool { return (r.refusal != "") == refused })
		if i < 0 {
			continue
		}
		fmt.Fprintf(&text, "\nthe worst that is %s: %s (%s)\n", map[bool]string{true: "refused", false: "taken"}[refused], rounded(rows[i].own), rows[i].name)
	}
	_, err := io.WriteString(w, text.String())
	return err
}
