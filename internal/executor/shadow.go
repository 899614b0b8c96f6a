package executor

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// A Shadow lets one executable schema answer, and asks another the same for a
// sample of the queries, to see whether it would have answered alike. It is safe
// for concurrent use.
type Shadow struct {
	graphql.ExecutableSchema // the one that answers

	other  graphql.ExecutableSchema
	every  int64
	report func(context.Context, Difference)

	queries, compared, different atomic.Int64
}

// A Difference is between two answers to one query. It has nothing of the
// query's variables or of the answers, which may be anybody's data.
type Difference struct {
	Query  string // SHA-256 of the document, in hex
	Name   string // of the operation, as the client calls it
	Data   bool   // the data differs
	Errors bool   // the errors do
	Panic  bool   // one of the executors panicked, beside its resolvers
}

// NewShadow compares one of every so many queries, after it was answered; such a
// query takes as long again. report is told of what differed twice in a row: once
// may be somebody who changed the data in between.
func NewShadow(answers, other graphql.ExecutableSchema, every int, report func(context.Context, Difference)) *Shadow {
	return &Shadow{ExecutableSchema: answers, other: other, every: int64(max(1, every)), report: report}
}

// Counts tells how many queries were compared, and how many of them differed.
func (s *Shadow) Counts() (compared, different int64) {
	return s.compared.Load(), s.different.Load()
}

// Exec executes an operation.
func (s *Shadow) Exec(ctx context.Context) graphql.ResponseHandler {
	op := graphql.GetOperationContext(ctx)
	next := s.ExecutableSchema.Exec(ctx)
	if op.Operation.Operation != ast.Query || s.queries.Add(1)%s.every != 0 {
		return next
	}
	first := true
	return func(ctx context.Context) *graphql.Response {
		r := next(ctx)
		if first && r != nil && r.HasNext == nil {
			s.compare(ctx, op, fingerprint(r.Data, append(slices.Clone(r.Errors), graphql.GetErrors(ctx)...)))
		}
		first = false
		return r
	}
}

// A shadowAnswer is what is compared; its errors are sorted.
type shadowAnswer struct {
	data   []byte
	errors []string
}

func fingerprint(data []byte, errs gqlerror.List) shadowAnswer {
	a := shadowAnswer{data: data}
	for _, e := range errs {
		text, err := json.Marshal(e)
		if err != nil {
			text = []byte(e.Error())
		}
		a.errors = append(a.errors, string(text))
	}
	slices.Sort(a.errors)
	return a
}

func execute(ctx context.Context, s graphql.ExecutableSchema) shadowAnswer {
	ctx = graphql.WithFreshResponseContext(ctx)
	r := s.Exec(ctx)(ctx)
	if r == nil {
		return shadowAnswer{}
	}
	return fingerprint(r.Data, append(r.Errors, graphql.GetErrors(ctx)...))
}

func (s *Shadow) compare(ctx context.Context, op *graphql.OperationContext, answered shadowAnswer) {
	differ := func(d Difference) {
		sum := sha256.Sum256([]byte(op.RawQuery))
		d.Query, d.Name = hex.EncodeToString(sum[:]), op.Operation.Name
		s.different.Add(1)
		s.report(ctx, d)
	}
	defer func() {
		if recover() != nil { // the client has its answer; this is only about ours
			differ(Difference{Panic: true})
		}
	}()
	s.compared.Add(1)
	other := execute(ctx, s.other)
	if answered.equal(other) {
		return
	}
	answered, other = execute(ctx, s.ExecutableSchema), execute(ctx, s.other)
	if answered.equal(other) || ctx.Err() != nil {
		return
	}
	differ(Difference{Data: !bytes.Equal(answered.data, other.data), Errors: !slices.Equal(answered.errors, other.errors)})
}

func (a shadowAnswer) equal(b shadowAnswer) bool {
	return bytes.Equal(a.data, b.data) && slices.Equal(a.errors, b.errors)
}
