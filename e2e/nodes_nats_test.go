//go:build e2e

package e2e

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/testkit/natsd"
)

// overBus is how many messages of other nodes a node has delivered.
func (s *server) overBus(t *testing.T) int {
	t.Helper()
	res, err := http.Get(s.url + "/metrics")
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	found := regexp.MustCompile(`(?m)^mpanel_bus_received_messages_total (\d+)$`).FindSubmatch(text)
	require.NotNil(t, found, "%s", text)
	n, err := strconv.Atoi(string(found[1]))
	require.NoError(t, err)
	return n
}

// TestTwoNodes_NATSRestarts follows jobs on both nodes while NATS goes away and comes
// back; each event arrives once and in order, over NATS or from the tables.
func TestTwoNodes_NATSRestarts(t *testing.T) {
	t.Parallel()
	nats := natsd.Start(t)
	url := "MPANEL_NATS_URL=" + nats.URL().Reveal()
	a, admin := fresh(t, launch{env: []string{"MPANEL_NODE_ID=a", url}})
	b := a.start(t, launch{env: append(a.nodeEnv(t, "b"), url)})
	customer := admin.createCustomer(t, "Two nodes and NATS", -1, "")
	at := map[string]*client{"a": admin, "b": admin.at(b)}
	for round, between := range []func(){func() {}, nats.Stop, nats.Start} {
		jobs := map[string]string{}
		watches := map[string][]watch{}
		for i := range 4 {
			if i == 2 {
				between() // in the middle
			}
			for ordered, c := range at {
				name := fmt.Sprintf("%s_%d_%d", ordered, round, i)
				jobs[name] = c.createDatabase(t, customer, name).Job.ID
				for node := range at {
					watches[node] = append(watches[node], watch{Name: name, Job: jobs[name]})
				}
			}
		}
		scripts := map[string]*script{"a": at["a"].watch(t, watches["a"]...), "b": at["b"].watch(t, watches["b"]...)}
		for _, script := range scripts {
			seen := all[sighting](t, script)
			for name, id := range jobs {
				j := admin.job(t, id)
				require.Equal(t, "SUCCEEDED", j.State)
				requireWholeStream(t, j, items(seen, name))
			}
		}
	}
	eventually(t, jobTime, func() error { // whichever node it is that runs the job
		before := a.overBus(t) + b.overBus(t)
		d := at["a"].makeDatabase(t, customer, fmt.Sprintf("over_%d", before))
		script := at["b"].watch(t, watch{Name: "over", Job: d.Job.ID})
		requireWholeStream(t, admin.job(t, d.Job.ID), items(all[sighting](t, script), "over"))
		if a.overBus(t)+b.overBus(t) == before {
			return fmt.Errorf("nothing came over NATS")
		}
		return nil
	})

	code, said := b.runCommand(t, "", "doctor", "--nats-url="+nats.URL().Reveal())
	require.Zero(t, code, said)
	nats.Stop()
	code, said = b.runCommand(t, "", "doctor", "--nats-url="+nats.URL().Reveal())
	require.Equal(t, 1, code)
	require.Contains(t, said, "NATS does not answer")
	require.NotContains(t, said, nats.URL().Reveal())
	b.stop(t) // and that it is away holds nobody up
}

// TestNATS_BadURL ends the start with a sentence, and tells no credentials.
func TestNATS_BadURL(t *testing.T) {
	t.Parallel()
	s, _ := fresh(t, launch{})
	code, said := s.runCommand(t, "", "doctor", "--nats-url=http://panel:hunter2@nats.example.com")
	require.Equal(t, 1, code)
	require.Contains(t, said, "MPANEL_NATS_URL: the 1st NATS server is not usable: its scheme is neither nats nor tls")
	require.NotContains(t, said, "hunter2")
}
