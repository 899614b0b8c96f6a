package transport_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/httpapi"
	"github.com/mpanel/mpanel/internal/live"
	"github.com/mpanel/mpanel/internal/transport"
	"github.com/mpanel/mpanel/internal/transport/document"
)

// grouped is a number as people write it, such as 20,000.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// The limits that hold without any setting are those that docs/api.md promises: a
// change of one is one of the other.
func TestLimits_AsDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/api.md")
	require.NoError(t, err)
	rows := map[string]string{} // of all tables, by their first column
	for line := range strings.Lines(string(text)) {
		if cells := strings.Split(line, " | "); strings.HasPrefix(line, "| ") && len(cells) > 1 {
			rows[strings.TrimPrefix(cells[0], "| ")] = strings.TrimSuffix(strings.TrimSpace(cells[1]), " |")
		}
	}
	quiet := slog.New(slog.DiscardHandler)
	l := live.NewHub(live.Config{Log: quiet}).Limits()
	kib := func(bytes int) string { return fmt.Sprintf("%d KiB", bytes>>10) }
	seconds := func(d time.Duration) string { return fmt.Sprintf("%d s", int(d.Seconds())) }
	nobody, user := document.Anonymous, document.SignedIn
	for what, want := range map[string]string{
		"sockets of one user": grouped(l.PerUser),
		"sockets of nobody from one address, or from one /64 of IPv6":    grouped(l.PerAddress),
		"sockets from one address that have not said yet whose they are": grouped(l.PerAddress),
		"sockets of a node": grouped(l.Connections),
		"operations at once on one socket, and executions that were completed and are not over": grouped(l.Operations),
		"a message":                            kib(transport.MaxFrameBytes),
		"what waits to be read: of one stream": fmt.Sprintf("%d events or %s", l.StreamEvents, kib(l.StreamBytes)),
		"of one socket":                        fmt.Sprintf("%d MiB", l.QueueBytes>>20),
		"answers and events of one socket that are made and wait for that": fmt.Sprintf("%d MiB, or one that is larger", l.ParkedBytes>>20),
		"a write": seconds(l.WriteTimeout),

		"the request, or the message on a socket":                       kib(transport.MaxBodyBytes),
		"the header of a request, with what a GET asks for":             kib(httpapi.NewServer(t.Context(), nil, quiet).MaxHeaderBytes) + "; beyond it the answer is 431, without a code",
		"tokens of the document":                                        fmt.Sprintf("%s; %s of callers who are not signed in", grouped(user.Tokens), grouped(nobody.Tokens)),
		"fields within each other":                                      fmt.Sprintf("%d; of the introspection %d", user.Depth, user.IntrospectionDepth),
		"aliases; directives; fragments; operations":                    fmt.Sprintf("%d; %d; %d; %d", user.Aliases, user.Directives, user.Fragments, user.Operations),
		"selections in one place; fields when all fragments are put in": fmt.Sprintf("%d; %s", user.Fields, grouped(user.Reach)),
		"items of a list, in the document or in a variable":             grouped(user.ListItems),
		"errors in an answer":                                           fmt.Sprintf("the first %d; `extensions.errorsOmitted` tells how many there were more", document.MaxErrors),
	} {
		require.Equal(t, want, rows[what], "%s: docs/api.md and the code differ", what)
	}
	nobody.Tokens = user.Tokens
	require.Equal(t, user, nobody, "nothing else depends on who calls")
	require.Equal(t, transport.MaxBodyBytes, transport.MaxFrameBytes)

	words := map[int]string{5: "five", 10: "ten", 20: "twenty"}
	inWords := func(d time.Duration) string { return words[int(d.Seconds())] + " seconds" }
	for _, sentence := range []string{
		"no `connection_init` within " + inWords(l.InitTimeout),
		"a write took " + inWords(l.WriteTimeout),
		fmt.Sprintf("nothing was heard for %d seconds", int(2*l.PingEvery.Seconds())),
		"A comment comes when nothing else has for " + inWords(l.PingEvery),
		fmt.Sprintf("The limits are those of sockets: %d of one user, of both kinds together", l.PerUser),
		fmt.Sprintf("One operation has at most %s points", grouped(transport.MaxComplexity)),
		fmt.Sprintf("Queries of more than %d points wait for each other", transport.SmallQuery),
		fmt.Sprintf("%d of one and %s in all may wait", transport.MaxAdmissionLine, grouped(transport.MaxAdmissionQueue)),
		"has waited\nfor " + inWords(transport.AdmissionWait) + " gets `UNAVAILABLE`",
	} {
		require.Contains(t, string(text), sentence)
	}
}

// The caps that nobody has set: of a user over all that stays open, of nobody's address,
// and of operations on each kind of connection.
func TestLimits_ByDefault(t *testing.T) {
	t.Parallel()
	p := newPanel(t)
	l := p.live.Limits()
	a := p.addTenant("a", zeroCustomer, p.addServer())
	p.running(a, 0, 0)
	stays := `subscription ($id: ID!) { jobProgress(id: $id) { __typename } }`

	socket := p.open(t, a.token)
	stream, _ := p.single(t, a.token)
	for i := range l.Operations {
		id := strconv.Itoa(i)
		send(t, socket, frame{Type: "subscribe", ID: id, Payload: operation(stays, vars{"id": a.job.Opaque()})})
		require.Equal(t, http.StatusAccepted, p.onSingle(t, a.token, stream, id, stays, vars{"id": a.job.Opaque()}).status)
	}
	require.Eventually(t, func() bool { return metric(t, p.live, "mpanel_live_streams") == 2*l.Operations }, soon, 10e6)
	r := p.onSingle(t, a.token, stream, "one more", `{ __typename }`, nil)
	require.Equal(t, http.StatusTooManyRequests, r.status)
	require.Equal(t, []string{"RATE_LIMITED"}, r.codes())
	require.Equal(t, 1, metric(t, p.live, "mpanel_live_refused_total", "operations"))
	send(t, socket, frame{Type: "subscribe", ID: "one more", Payload: operation(`{ __typename }`, nil)})
	f := receive(t, socket)
	for f.ID != "one more" {
		f = receive(t, socket)
	}
	require.Equal(t, "error", f.Type)
	require.Contains(t, string(f.Payload), `"RATE_LIMITED"`)
	require.Equal(t, http.StatusOK, p.do(http.MethodDelete, "/graphql?operationId=7", a.token, "", nil, streamToken, stream).status)
	require.Eventually(t, func() bool {
		return p.onSingle(t, a.token, stream, "one more", `{ __typename }`, nil).status == http.StatusAccepted
	}, soon, 10e6, "there is room again")

	for range l.PerUser - 2 { // those above are the others
		p.open(t, a.token)
	}
	last := p.dial(t, nil)
	send(t, last, frame{Type: "connection_init", Payload: initPayload(a.token)})
	require.Equal(t, live.TooMany.Code, closing(t, last))
	for over, kind := range map[string]string{"SSE": acceptEvents, "multipart": acceptParts} {
		r := p.post(a.token, `{ __typename }`, nil, accept, kind)
		require.Equal(t, http.StatusTooManyRequests, r.status, over)
		require.Equal(t, []string{"RATE_LIMITED"}, r.codes(), over)
		require.NotEmpty(t, r.header.Get("Retry-After"), over)
	}
	for range l.PerAddress {
		p.open(t, "")
	}
	last = p.dial(t, nil)
	send(t, last, frame{Type: "connection_init"})
	require.Equal(t, live.TooMany.Code, closing(t, last))
	p.open(t, p.staff()) // whom nobody keeps out
}
