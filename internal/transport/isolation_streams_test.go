package transport_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/actor"
)

// watched are the streams without an end of which a caller may see a part, and with
// which permission.
var watched = map[string]struct {
	needs actor.Permission
	query string
}{
	"jobFeed":   {actor.JobsRead, `subscription { jobFeed { __typename ... on JobEvent { jobId kind message step } } }`},
	"auditFeed": {actor.AuditRead, `subscription { auditFeed { __typename ... on AuditEntry { event { id action actor { id name } customer { id name } object { id } objectId ip userAgent before after sessionId apiTokenId } } } }`},
}

// streams has everybody watch what they may, over both wires that have streams, while things
// happen to every tenant, twice. Who has come to the second time has come past the first
// of all others.
func (w *world) streams(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 6*soon)
	defer cancel()
	var began, all sync.WaitGroup
	open := 0
	for _, c := range w.callers {
		for name, s := range watched {
			if c.nobody || !c.holds(s.needs) || c.closed {
				continue
			}
			var own []string
			for mark := range below {
				if mark != "beside" && c.holdsIn(s.needs, mark) {
					own = append(own, mark)
				}
			}
			for _, by := range []wire{overWS, overSSE} {
				open++
				began.Add(1)
				all.Go(func() { w.watches(ctx, t, c, by, name, s.query, own, began.Done) })
			}
		}
	}
	began.Wait()
	for round := range 2 {
		for mark, s := range w.tenants {
			require.NoError(t, w.happen(s.job, fmt.Sprintf("canary-%s round %d", mark, round)))
			w.exec(`INSERT INTO audit_entries (user_id, action, object_kind, object_id, customer_id, ip, user_agent, detail) VALUES (?0, 'x.y', 'customer', ?1, ?1, ?2, ?2, jsonb_build_object('name', ?2::text))`,
				s.user, w.customerOf(mark), fmt.Sprintf("canary-%s round %d", mark, round))
		}
	}
	all.Wait()
	require.Greater(t, open, 50)
}

// watches follows a stream until it has told the last of all that the caller is to be told.
func (w *world) watches(ctx context.Context, t *testing.T, c *caller, by wire, name, query string, own []string, began func()) {
	var once sync.Once
	defer once.Do(began)
	w.operations.Add(1)
	waits := map[string]bool{}
	for _, mark := range own {
		waits["canary-"+mark+" round 1"] = true
	}
	each := func(event string) (more bool) {
		once.Do(began)
		w.search(t, c, event, name+" over "+string(by))
		for text := range waits {
			if strings.Contains(event, text) {
				delete(waits, text)
			}
		}
		return len(waits) > 0
	}
	if by == overWS {
		conn := w.open(t, c.token)
		defer func() { _ = conn.Close() }()
		deadline, _ := ctx.Deadline()
		_ = conn.SetReadDeadline(deadline)
		send(t, conn, frame{Type: "subscribe", ID: "1", Payload: operation(query, nil)})
		for more := true; more; {
			var f frame
			if err := conn.ReadJSON(&f); err != nil {
				t.Errorf("%s: %s, waiting for %v: %v", c.name, name, waits, err)
				return
			}
			if f.Type == "next" {
				more = each(string(f.Payload))
			}
		}
		return
	}
	b, _ := json.Marshal(map[string]any{"query": query})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL+"/graphql", strings.NewReader(string(b)))
	if err != nil {
		t.Error(err)
		return
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "text/event-stream")
	req.Header.Set("Authorization", "Bearer "+c.token)
	res, err := w.Client().Do(req)
	if err != nil {
		t.Error(err)
		return
	}
	defer func() { _ = res.Body.Close() }()
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		if data, ok := strings.CutPrefix(lines.Text(), "data:"); ok && !each(data) {
			return
		}
	}
	assert.Empty(t, waits, "%s: %s ended", c.name, name)
}

// customerOf is the customer to which what hangs on a tenant's database belongs.
func (w *world) customerOf(mark string) fmt.Stringer {
	if mark == "beside" {
		mark = "alpha"
	}
	return w.tenants[mark].customer
}
