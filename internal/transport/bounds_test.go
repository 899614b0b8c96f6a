package transport

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// However small the documents are that clients have kept, what they take is bounded.
func TestPersisted_SmallOnes(t *testing.T) {
	t.Parallel()
	d, err := NewDocuments(false)
	require.NoError(t, err)
	const many = 100_000
	for i := range many {
		text := fmt.Sprintf("{a%d:__typename}", i)
		d.keep(hashOf(text), text)
	}
	require.LessOrEqual(t, d.kept.Len()*250, persistedBytes, "an entry takes 250 bytes in truth")
	require.Greater(t, d.kept.Len(), 10_000)
	for range many {
		d.kept.RemoveOldest()
	}
	require.Zero(t, d.bytes)
}

// A request that goes on, as a stream does, holds nothing of what its body was read into.
func TestBody_MemoryIsGivenBack(t *testing.T) { //nolint:paralleltest // the memory is everybody's
	made, before := 0, bodies.New
	bodies.New = func() any { made++; return new(bytes.Buffer) }
	defer func() { bodies.New = before }()
	const many = 200
	c := &core{Config: Config{Refusals: NewRefusals()}}
	held := make([]*received, 0, many)
	for i := range many {
		text := fmt.Sprintf("{ a%d: __typename }", i)
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/graphql", strings.NewReader(`{"query":"`+text+`"}`))
		r.Header.Set("Content-Type", "application/json")
		p, ok := c.readOperation(httptest.NewRecorder(), r)
		require.True(t, ok)
		held = append(held, p)
	}
	for i, p := range held {
		require.Equal(t, fmt.Sprintf("{ a%d: __typename }", i), p.params.Query)
	}
	require.Less(t, made, many*3/4, "the race detector has some thrown away")
}
