//go:build e2e

package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// jobTime is how long a job may take here, with two busy processors.
const jobTime = 30 * time.Second

const progress = `subscription ($id: ID!, $after: StreamPosition) {
	jobProgress(id: $id, after: $after) { __typename ... on JobEvent { ` + eventFields + ` } ... on StreamGap { position } } }`

// events reads a stream as server-sent events, until each says no or it is over.
func (c *client) events(ctx context.Context, query string, v vars, each func(event) (goOn bool)) error {
	body, err := json.Marshal(map[string]any{"query": query, "variables": v})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+"/graphql", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "text/event-stream")
	req.Header.Set("Authorization", "Bearer "+c.token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	kind := ""
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ":")
		switch name {
		case "event":
			kind = strings.TrimSpace(value)
		case "data":
			if kind != "next" {
				continue
			}
			c.in.tell([]byte(value))
			var next struct {
				Data   map[string]*event // of the one field
				Errors []gqlError
			}
			if err := json.Unmarshal([]byte(value), &next); err != nil {
				return err
			}
			for _, ev := range next.Data {
				if len(next.Errors) == 0 && ev != nil {
					if !each(*ev) {
						return nil
					}
					continue
				}
				return fmt.Errorf("the stream has errors: %s", value)
			}
			if len(next.Data) == 0 {
				return fmt.Errorf("the stream has errors: %s", value)
			}
		}
		if kind == "complete" {
			return nil
		}
	}
	return errors.Join(lines.Err(), errors.New("the stream broke off"))
}

// follow reads a job's stream until the job is over.
func (c *client) follow(ctx context.Context, job, after string) (list []event, err error) {
	v := vars{"id": job}
	if after != "" {
		v["after"] = after
	}
	err = c.events(ctx, progress, v, func(ev event) bool { list = append(list, ev); return true })
	return list, err
}

// await follows a job until it is over and returns it.
func (c *client) await(t *testing.T, id string) *job {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), jobTime)
	defer cancel()
	events, err := c.follow(ctx, id, "")
	require.NoError(t, err, "events: %v", events)
	j := c.job(t, id)
	requireWholeStream(t, j, events)
	return j
}

func (c *client) awaitSuccess(t *testing.T, id string) *job {
	t.Helper()
	j := c.await(t, id)
	require.Equal(t, "SUCCEEDED", j.State, "error %+v, events %v", j.Error, j.Events)
	return j
}

// requireWholeStream compares what a stream brought with the journal: every
// event once and in order, and the job's end last.
func requireWholeStream(t *testing.T, j *job, got []event) {
	t.Helper()
	require.True(t, j.over(), "the stream ended, but the job is %s", j.State)
	require.Less(t, len(j.Events), 100, "read further pages")
	require.Equal(t, positions(j.Events), positions(got), "stream: %v\njournal: %v", got, j.Events)
	for i, ev := range got {
		require.Equal(t, j.ID, ev.JobID)
		require.Equal(t, "JobEvent", ev.Typename)
		if i > 0 && ev.State != "COMPENSATING" {
			require.GreaterOrEqual(t, ev.Percent, got[i-1].Percent, "percent goes back at %v", ev)
		}
		if i > 0 {
			require.False(t, ev.At.Before(got[i-1].At), "time goes back at %v", ev)
		}
	}
	require.Equal(t, "job.created", got[0].Kind)
	require.Equal(t, j.State, got[len(got)-1].State)
}

func positions(events []event) []string {
	out := make([]string, len(events))
	for i, ev := range events {
		out[i] = ev.Position
	}
	return out
}
