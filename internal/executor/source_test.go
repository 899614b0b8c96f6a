package executor_test

import (
	"testing"

	"github.com/99designs/gqlgen/graphql"
	gqlexecutor "github.com/99designs/gqlgen/graphql/executor"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/executor"
	"github.com/mpanel/mpanel/internal/executor/testdata/torture"
	"github.com/mpanel/mpanel/internal/executor/testdata/torture/graph"
	"github.com/mpanel/mpanel/internal/executor/testdata/torture/model"
)

// reading begins an execution that reads from a source, and gives what it is to open.
func reading(t *testing.T, s *executor.Source, query string) (*executor.Reader, chan *model.User, func() *graphql.Response) {
	t.Helper()
	c := torture.Config()
	events := make(chan *model.User, 1)
	c.Resolvers = endless{ResolverRoot: c.Resolvers, events: events}
	schema, err := graph.NewExecutor(c, executor.Options{})
	require.NoError(t, err)
	e, r := gqlexecutor.New(schema), s.Reader()
	next, ctx := e.DispatchOperation(executor.WithReader(t.Context(), r), operation(t, e, query, nil))
	return r, events, func() *graphql.Response { return next(ctx) }
}

func TestSource_OneStreamForSelectionsThatDiffer(t *testing.T) {
	t.Parallel()
	s := new(executor.Source)
	first, events, answer := reading(t, s, `subscription { ticks(id: "1") { id } }`)
	second, unread, other := reading(t, s, `subscription { t: ticks(id: "1") { __typename createdAt id } }`)
	require.True(t, first.Reads())
	require.True(t, second.Reads())
	u := &model.User{ID: "7"}
	events <- u
	event, ok := s.Next(t.Context())
	require.True(t, ok)
	require.Same(t, u, event)
	first.Give(event)
	second.Give(event)
	for step := range executor.NearSteps {
		first.Near(step) // changes nothing
		second.Near(step)
	}
	require.JSONEq(t, `{"ticks":{"id":"7"}}`, string(answer().Data))
	wrong := other() // there is no time
	require.Equal(t, "null", string(wrong.Data))
	require.Len(t, wrong.Errors, 1, "an error is that of whoever asks")
	first.Give(nil)
	require.NotEmpty(t, answer().Errors, "nothing, where something must be")
	close(events)
	_, ok = s.Next(t.Context())
	require.False(t, ok)
	unread <- u // which it never opened
	require.Len(t, unread, 1)
}

// What waits for something would hold the others up: it has a stream of its own.
func TestSource_NotForWhatTakesResolvers(t *testing.T) {
	t.Parallel()
	s := new(executor.Source)
	r, events, answer := reading(t, s, `subscription { ticks(id: "1") { id best { id } } }`)
	require.False(t, r.Reads())
	require.Zero(t, r.Near(0), "there is nothing to look at")
	events <- &model.User{ID: "7"}
	require.Contains(t, string(answer().Data), `"id":"7"`)
	r, _, _ = reading(t, s, `subscription { ticks(id: "1") { id } }`)
	require.True(t, r.Reads(), "the source is still to be opened")
}
