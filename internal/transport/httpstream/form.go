package httpstream

import (
	"bytes"
	"encoding/json"
	"mime"
	"net/http"
	"strings"

	"github.com/mpanel/mpanel/internal/live"
)

// A form is how answers look.
type form struct {
	contentType string
	sign        []byte // of life, which clients overlook
	complete    func(b []byte, o *live.Op) []byte
	next        func(b []byte, m live.Message) []byte
	refused     func(b []byte, o *live.Op, errors []byte) []byte // an answer without data, and the end
	// broken is the end of a stream that is not over: clients are to begin it again.
	broken func(b []byte, r live.Reason) []byte
}

// formOf is the form that a request accepts before all other answers that there are;
// nil for none. Clients that can read streams name them in every request.
func formOf(r *http.Request) *form {
	accept := r.Header.Get("Accept")
	if accept == "" || accept == "*/*" || accept == "application/json" { // as nearly everybody writes it
		return nil
	}
	for part := range strings.SplitSeq(accept, ",") {
		kind, parameters, err := mime.ParseMediaType(strings.TrimSpace(part))
		switch {
		case err != nil:
		case kind == "text/event-stream":
			return &events
		case kind == "multipart/mixed" && parameters["subscriptionspec"] != "":
			return &parts
		case kind == "application/json", kind == "application/graphql-response+json", kind == "application/*", kind == "*/*":
			return nil
		}
	}
	return nil
}

const eventsComplete = "event: complete\ndata:\n\n"

var events = form{
	contentType: "text/event-stream",
	sign:        []byte(":\n\n"),
	complete:    func(b []byte, _ *live.Op) []byte { return append(b, eventsComplete...) },
	next: func(b []byte, m live.Message) []byte {
		if id := position(m); id != "" {
			b = append(append(append(b, "id: "...), id...), '\n')
		}
		return append(m.Answer(append(b, "event: next\ndata: "...)), "\n\n"...)
	},
	refused: func(b []byte, _ *live.Op, errors []byte) []byte {
		return append(append(append(b, `event: next`+"\n"+`data: {"errors":`...), errors...), "}\n\n"+eventsComplete...)
	},
	broken: func(b []byte, _ live.Reason) []byte { return b }, // without a complete
}

// shared is events of a single connection, each of which says whose it is.
var shared = form{
	contentType: events.contentType,
	sign:        events.sign,
	complete: func(b []byte, o *live.Op) []byte {
		return append(append(append(b, "event: complete\ndata: {\"id\":"...), o.Envelope...), "}\n\n"...)
	},
	next: func(b []byte, m live.Message) []byte {
		b = append(append(append(b, "event: next\ndata: {\"id\":"...), m.Op.Envelope...), `,"payload":`...)
		return append(m.Answer(b), "}\n\n"...)
	},
	refused: func(b []byte, o *live.Op, errors []byte) []byte {
		b = append(append(append(b, "event: next\ndata: {\"id\":"...), o.Envelope...), `,"payload":{"errors":`...)
		b = append(append(b, errors...), "}}\n\nevent: complete\ndata: {\"id\":"...)
		return append(append(b, o.Envelope...), "}\n\n"...)
	},
	broken: events.broken,
}

// Each part begins with the boundary and ends before the next one.
const (
	partHead = "\r\n--graphql\r\nContent-Type: application/json\r\n\r\n"
	partsEnd = "\r\n--graphql--\r\n"
)

var parts = form{
	contentType: `multipart/mixed;boundary="graphql";subscriptionSpec=1.0`,
	sign:        []byte(partHead + "{}"),
	complete:    func(b []byte, _ *live.Op) []byte { return append(b, partsEnd...) },
	next: func(b []byte, m live.Message) []byte {
		return append(m.Answer(append(b, partHead+`{"payload":`...)), '}')
	},
	refused: func(b []byte, _ *live.Op, errors []byte) []byte {
		return append(append(append(b, partHead+`{"payload":{"errors":`...), errors...), "}}"+partsEnd...)
	},
	broken: func(b []byte, r live.Reason) []byte {
		text, _ := json.Marshal(r.Text) // strings always can be
		return append(append(append(b, partHead+`{"payload":null,"errors":[{"message":`...), text...), "}]}"+partsEnd...)
	},
}

// position is an event's place in its stream, if the selection has it: the member
// position of the one field.
func position(m live.Message) string {
	if !bytes.Contains(m.Body, []byte(`"position":"`)) {
		return ""
	}
	type data map[string]struct {
		Position string `json:"position"`
	}
	var read struct{ Data data }
	into := any(&read)
	if m.Kind == live.Data {
		into = &read.Data
	}
	if json.Unmarshal(m.Body, into) != nil || len(read.Data) != 1 {
		return ""
	}
	for _, field := range read.Data {
		if !strings.ContainsAny(field.Position, "\r\n\x00") {
			return field.Position
		}
	}
	return ""
}
