package difftest

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// maxEvents is how many events of a stream are looked at.
const maxEvents = 5

// An Answer is one payload. Errors are JSON, sorted: the order of errors of
// siblings is nobody's promise.
type Answer struct {
	Data   string
	Errors []string
}

// A Result is what a Run found.
type Result struct {
	Answers []Answer
	Invalid gqlerror.List // why the operation was not executed
	// Operation is what was executed.
	Operation *ast.OperationDefinition
	Doc       *ast.QueryDocument
}

// Run executes an operation.
func Run(ctx context.Context, e *executor.Executor, document string, variables map[string]any) Result {
	ctx = graphql.StartOperationTrace(ctx)
	op, invalid := e.CreateOperationContext(ctx, &graphql.RawParams{Query: document, OperationName: OperationName(document), Variables: maps.Clone(variables)})
	if invalid != nil {
		return Result{Invalid: invalid}
	}
	res := Result{Operation: op.Operation, Doc: op.Doc}
	next, ctx := e.DispatchOperation(ctx, op)
	for range maxEvents {
		r := next(ctx)
		if r == nil {
			break
		}
		a := Answer{Data: string(bytes.Clone(r.Data))}
		for _, e := range r.Errors {
			text, err := json.Marshal(e)
			if err != nil {
				text = []byte(err.Error())
			}
			a.Errors = append(a.Errors, string(text))
		}
		slices.Sort(a.Errors)
		res.Answers = append(res.Answers, a)
		if op.Operation.Operation != ast.Subscription {
			break
		}
	}
	return res
}

// Figures are what a comparison came through, so that a test can tell that it
// compared something.
type Figures struct {
	Operations, Answers, Failed, WithNulls, Bytes int
}

// Note counts a result.
func (f *Figures) Note(r Result) {
	f.Operations++
	for _, a := range r.Answers {
		f.Answers++
		f.Bytes += len(a.Data)
		if len(a.Errors) > 0 {
			f.Failed++
		}
		if bytes.Contains([]byte(a.Data), []byte("null")) {
			f.WithNulls++
		}
	}
}

// Equal fails the test when two results differ, and tells how.
func Equal(t *testing.T, stock, ours Result, document string, variables map[string]any) bool {
	t.Helper()
	same := len(stock.Answers) == len(ours.Answers)
	for i := 0; same && i < len(stock.Answers); i++ {
		same = stock.Answers[i].Data == ours.Answers[i].Data && slices.Equal(stock.Answers[i].Errors, ours.Answers[i].Errors)
	}
	if same {
		return true
	}
	t.Errorf("the executors differ on\n%s\nvariables %v", document, variables)
	for i := range max(len(stock.Answers), len(ours.Answers)) {
		var a, b Answer
		if i < len(stock.Answers) {
			a = stock.Answers[i]
		}
		if i < len(ours.Answers) {
			b = ours.Answers[i]
		}
		if a.Data != b.Data {
			t.Errorf("answer %d\nstock %.3000s\nours  %.3000s", i, a.Data, b.Data)
		}
		for _, e := range without(a.Errors, b.Errors) {
			t.Errorf("answer %d, only stock: %s", i, e)
		}
		for _, e := range without(b.Errors, a.Errors) {
			t.Errorf("answer %d, only ours:  %s", i, e)
		}
	}
	return false
}

func without(list, other []string) (out []string) {
	n := map[string]int{}
	for _, e := range other {
		n[e]++
	}
	for _, e := range list {
		if n[e]--; n[e] < 0 {
			out = append(out, e)
		}
	}
	return out
}
