package transport

import (
	"bytes"
	"encoding/json"
	"errors"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
)

// maxNesting is how deep values may be within each other, as in encoding/json.
const maxNesting = 10_000

var errBody = errors.New("the body is not a JSON object with query, variables and operationName")

// decodeOperation reads the body of a POST in one pass: what encoding/json would
// make of it with UseNumber, except that names of members are taken as they are
// written. What it gives has nothing of the body's memory.
func decodeOperation(body []byte, to *graphql.RawParams) error {
	d := decoder{b: body}
	d.space()
	if d.peek() != '{' {
		if !d.literal("null") || !d.atEnd() {
			return errBody
		}
		return nil
	}
	id := ""
	err := d.members(func(name string) error {
		switch name {
		case "query":
			return d.text(&to.Query)
		case "operationName":
			return d.text(&to.OperationName)
		case "variables":
			return d.object(&to.Variables)
		case "extensions":
			return d.object(&to.Extensions)
		case documentID:
			return d.text(&id)
		}
		_, err := d.value()
		return err
	})
	if err != nil || !d.atEnd() {
		return errBody
	}
	if id != "" {
		withDocumentID(to, id)
	}
	return nil
}

// decodeObject reads a JSON object and nothing else.
func decodeObject(text []byte, to *map[string]any) error {
	d := decoder{b: text}
	d.space()
	if err := d.object(to); err != nil || !d.atEnd() {
		return errBody
	}
	return nil
}

func withDocumentID(to *graphql.RawParams, id string) {
	if to.Extensions == nil {
		to.Extensions = map[string]any{}
	}
	to.Extensions[documentID] = id
}

// A decoder reads JSON from where it is.
type decoder struct {
	b     []byte
	i     int
	depth int
}

func (d *decoder) peek() byte {
	if d.i < len(d.b) {
		return d.b[d.i]
	}
	return 0
}

func (d *decoder) space() {
	for d.i < len(d.b) {
		switch d.b[d.i] {
		case ' ', '\t', '\n', '\r':
			d.i++
		default:
			return
		}
	}
}

func (d *decoder) atEnd() bool {
	d.space()
	return d.i == len(d.b)
}

// literal passes a word by, if it is next.
func (d *decoder) literal(word string) bool {
	if len(d.b)-d.i < len(word) || string(d.b[d.i:d.i+len(word)]) != word {
		return false
	}
	d.i += len(word)
	return true
}

// text reads a string; null leaves what there is.
func (d *decoder) text(to *string) (err error) {
	if d.literal("null") {
		return nil
	}
	*to, err = d.string()
	return err
}

// object reads an object; null takes what there was.
func (d *decoder) object(to *map[string]any) error {
	if d.literal("null") {
		*to = nil
		return nil
	}
	if d.peek() != '{' {
		return errBody
	}
	v, err := d.value()
	if err != nil {
		return err
	}
	*to, _ = v.(map[string]any)
	return nil
}

func (d *decoder) value() (any, error) {
	switch c := d.peek(); {
	case c == '"':
		return d.string()
	case c == '{':
		object := map[string]any{}
		err := d.members(func(name string) (err error) {
			object[name], err = d.value()
			return err
		})
		return object, err
	case c == '[':
		return d.list()
	case c == '-' || c >= '0' && c <= '9':
		return d.number()
	case d.literal("null"):
		return nil, nil //nolint:nilnil // the value null
	case d.literal("true"):
		return true, nil
	case d.literal("false"):
		return false, nil
	}
	return nil, errBody
}

// members reads an object, of which each reads the values.
func (d *decoder) members(each func(name string) error) error {
	if err := d.enter(); err != nil {
		return err
	}
	if d.peek() == '}' {
		return d.leave()
	}
	for {
		name, err := d.string()
		if err != nil {
			return err
		}
		if d.space(); d.peek() != ':' {
			return errBody
		}
		d.i++
		d.space()
		if err := each(name); err != nil {
			return err
		}
		if more, err := d.more('}'); !more {
			return err
		}
	}
}

func (d *decoder) list() ([]any, error) {
	list := []any{}
	if err := d.enter(); err != nil {
		return nil, err
	}
	if d.peek() == ']' {
		return list, d.leave()
	}
	for {
		v, err := d.value()
		if err != nil {
			return nil, err
		}
		list = append(list, v)
		if more, err := d.more(']'); !more {
			return list, err
		}
	}
}

// enter passes an opening bracket by.
func (d *decoder) enter() error {
	d.i++
	if d.depth++; d.depth > maxNesting {
		return errBody
	}
	d.space()
	return nil
}

func (d *decoder) leave() error {
	d.i++
	d.depth--
	return nil
}

// more passes a comma by, or the closing bracket.
func (d *decoder) more(end byte) (bool, error) {
	d.space()
	switch d.peek() {
	case ',':
		d.i++
		d.space()
		return true, nil
	case end:
		return false, d.leave()
	}
	return false, errBody
}

// escapes are what stands for one byte behind a backslash.
var escapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// string reads a string. Those with \u or with bytes that are no UTF-8 are rare, and
// left to encoding/json.
func (d *decoder) string() (string, error) {
	if d.peek() != '"' {
		return "", errBody
	}
	start, escaped, rare := d.i+1, 0, false
	for i := start; i < len(d.b); i++ {
		switch c := d.b[i]; {
		case c == '"':
			token, raw := d.b[d.i:i+1], d.b[start:i]
			d.i = i + 1
			switch {
			case rare || !utf8.Valid(raw):
				var s string
				if json.Unmarshal(token, &s) != nil {
					return "", errBody
				}
				return s, nil
			case escaped > 0:
				return unescaped(raw, escaped), nil
			}
			return string(raw), nil
		case c < ' ':
			return "", errBody
		case c == '\\':
			if i++; i == len(d.b) {
				return "", errBody
			}
			switch {
			case d.b[i] == 'u':
				rare = true
			case escapes[d.b[i]] == 0:
				return "", errBody
			}
			escaped++
		}
	}
	return "", errBody
}

// unescaped is a string with n escapes, each for one byte.
func unescaped(raw []byte, n int) string {
	out := make([]byte, 0, len(raw)-n)
	for {
		i := bytes.IndexByte(raw, '\\')
		if i < 0 {
			return string(append(out, raw...))
		}
		out = append(append(out, raw[:i]...), escapes[raw[i+1]])
		raw = raw[i+2:]
	}
}

// number reads a number as it is written.
func (d *decoder) number() (json.Number, error) {
	start := d.i
	if d.peek() == '-' {
		d.i++
	}
	if d.peek() == '0' {
		d.i++
	} else if !d.digits() {
		return "", errBody
	}
	if d.peek() == '.' {
		d.i++
		if !d.digits() {
			return "", errBody
		}
	}
	if c := d.peek(); c == 'e' || c == 'E' {
		d.i++
		if c := d.peek(); c == '+' || c == '-' {
			d.i++
		}
		if !d.digits() {
			return "", errBody
		}
	}
	return json.Number(d.b[start:d.i]), nil
}

// digits passes one or more by.
func (d *decoder) digits() bool {
	start := d.i
	for c := d.peek(); c >= '0' && c <= '9'; c = d.peek() {
		d.i++
	}
	return d.i > start
}
