package graphqlws

import (
	"bytes"
	"encoding/json"
	"errors"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
)

// The types of messages.
const (
	typeInit      = "connection_init"
	typeAck       = "connection_ack"
	typePing      = "ping"
	typePong      = "pong"
	typeSubscribe = "subscribe"
	typeNext      = "next"
	typeError     = "error"
	typeComplete  = "complete"
)

// maxID is how long an operation's id may be, in bytes: it goes out with each event.
const maxID = 255

var errMessage = errors.New("not a message of the protocol")

// A message is one of those that a client may send.
type message struct {
	kind    string
	id      string             // of subscribe and complete
	payload json.RawMessage    // an object, or nil; of ping
	auth    string             // the member Authorization of an init's payload
	params  *graphql.RawParams // of subscribe
}

// parse reads a message. Names of members are taken as they are written, and what
// the protocol does not know is overlooked. What it gives has nothing of data's memory.
func parse(data []byte) (m message, err error) {
	members, ok := object(data)
	if !ok || !text(members["type"], &m.kind) {
		return m, errMessage
	}
	payload := members["payload"]
	switch m.kind {
	case typeInit:
		var in map[string]json.RawMessage
		if in, ok = optional(payload); ok && !text(in["Authorization"], &m.auth) {
			text(in["authorization"], &m.auth)
		}
	case typePing:
		if _, ok = optional(payload); ok && payload != nil && !isNull(payload) {
			m.payload = bytes.Clone(payload)
		}
	case typePong:
		_, ok = optional(payload)
	case typeComplete:
		ok = identifier(members["id"], &m.id)
	case typeSubscribe:
		if ok = identifier(members["id"], &m.id); ok {
			m.params, ok = operation(payload)
		}
	default:
		ok = false
	}
	if !ok {
		return message{}, errMessage
	}
	return m, nil
}

// operation reads the payload of a subscribe.
func operation(payload []byte) (*graphql.RawParams, bool) {
	members, ok := object(payload)
	p := &graphql.RawParams{}
	if !ok {
		return nil, false
	}
	var id string // of a document, in the place of its text
	if raw := members["documentId"]; !isNull(raw) && !text(raw, &id) {
		return nil, false
	}
	if raw := members["query"]; !(isNull(raw) && id != "") && !text(raw, &p.Query) {
		return nil, false
	}
	if name := members["operationName"]; !isNull(name) && !text(name, &p.OperationName) {
		return nil, false
	}
	for name, to := range map[string]*map[string]any{"variables": &p.Variables, "extensions": &p.Extensions} {
		raw := members[name]
		if isNull(raw) {
			continue
		}
		if raw[0] != '{' {
			return nil, false
		}
		d := json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber()
		if d.Decode(to) != nil {
			return nil, false
		}
	}
	if id != "" {
		if p.Extensions == nil {
			p.Extensions = map[string]any{}
		}
		p.Extensions["documentId"] = id
	}
	return p, true
}

// object reads a JSON object, and nothing else.
func object(raw []byte) (members map[string]json.RawMessage, ok bool) {
	if raw = bytes.TrimLeft(raw, " \t\r\n"); len(raw) == 0 || raw[0] != '{' {
		return nil, false
	}
	return members, json.Unmarshal(raw, &members) == nil
}

// optional is object for what may be null or left out.
func optional(raw []byte) (map[string]json.RawMessage, bool) {
	if isNull(raw) {
		return nil, true
	}
	return object(raw)
}

func isNull(raw []byte) bool { return len(raw) == 0 || string(raw) == "null" }

// text reads a string, and nothing else.
func text(raw []byte, to *string) bool {
	return len(raw) > 0 && raw[0] == '"' && json.Unmarshal(raw, to) == nil
}

// identifier reads an operation's id.
func identifier(raw []byte, to *string) bool {
	return text(raw, to) && *to != "" && len(*to) <= maxID && utf8.ValidString(*to)
}
