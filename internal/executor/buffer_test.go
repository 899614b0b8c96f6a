package executor_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	gqlexecutor "github.com/99designs/gqlgen/graphql/executor"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/executor"
)

// into executes nested for n users with the buffer.
func into(t testing.TB, e *gqlexecutor.Executor, b *executor.Buffer, n int) *graphql.Response {
	op, errs := e.CreateOperationContext(graphql.StartOperationTrace(t.Context()), &graphql.RawParams{Query: nested, Variables: map[string]any{"n": n}})
	if errs != nil {
		t.Fatal(errs)
	}
	next, ctx := e.DispatchOperation(context.WithValue(t.Context(), executor.BufferKey{}, b), op)
	return next(ctx)
}

// Who comes first writes into the buffer, behind its head; all others have memory of their own.
func TestBuffer_IsForOneAnswer(t *testing.T) {
	t.Parallel()
	_, ours := newInMemoryExecutors(t)
	b := &executor.Buffer{Head: `{"data":`}
	first, second := into(t, ours, b, 50), into(t, ours, b, 50)
	require.Equal(t, string(first.Data), string(second.Data))
	kept := bytes.Clone(first.Data)
	whole := b.Complete(first.Data, []byte("}"))
	require.Equal(t, `{"data":`+string(kept)+"}", string(whole))
	require.Same(t, &first.Data[0], &whole[len(`{"data":`)], "not copied")
	require.NotSame(t, &first.Data[0], &second.Data[0])
	require.Equal(t, string(whole), string(b.Complete(second.Data, []byte("}"))), "what was written elsewhere is copied")
	first.Data = append(first.Data, "more"...)
	require.Equal(t, `{"data":`+string(kept)+"}", string(b.Complete(kept, []byte("}"))))
	b.Release()
	b.Release()
	after := into(t, ours, b, 50)
	require.Equal(t, string(kept), string(after.Data), "a buffer that was released is nobody's memory")
	require.Equal(t, string(kept), string(second.Data))
}

func TestBuffer_Empty(t *testing.T) {
	t.Parallel()
	b := &executor.Buffer{Head: ""}
	require.Equal(t, "}", string(b.Complete(nil, []byte("}"))))
	require.Equal(t, "null}", string(b.Complete([]byte("null"), []byte("}"))))
	b.Release()
}

// An answer in pooled memory takes next to none of its own beyond what is loaded.
func BenchmarkNested_Pooled(b *testing.B) {
	_, ours := newInMemoryExecutors(b)
	b.ReportAllocs()
	for b.Loop() {
		buffer := &executor.Buffer{Head: `{"data":`}
		if whole := buffer.Complete(into(b, ours, buffer, 50).Data, []byte("}")); len(whole) < 50_000 {
			b.Fatal(len(whole))
		}
		buffer.Release()
	}
}
