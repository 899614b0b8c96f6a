// Package secret keeps values out of logs, errors and JSON, and encrypts what
// must be stored. It does not decide who may read a secret.
package secret

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"unique"

	"github.com/mpanel/mpanel/internal/fault"
)

const hidden = "[secret]"

// A Text prints as [secret] under every verb, in slog and in JSON; Reveal is the
// only way to the value, so "grep Reveal" lists every place a secret is used.
// Texts are equal when their values are.
type Text struct {
	// A handle is a pointer: where fmt cannot call our methods, as within an
	// unexported field, it prints an address.
	v unique.Handle[string]
}

// New returns a Text that holds v; of an empty one the zero Text.
func New(v string) Text {
	if v == "" {
		return Text{}
	}
	return Text{unique.Make(v)}
}

// Reveal returns the value itself.
func (t Text) Reveal() string {
	if t.IsZero() {
		return ""
	}
	return t.v.Value()
}

// IsZero tells whether there is no value.
func (t Text) IsZero() bool { return t == Text{} }

func (Text) String() string { return hidden }

// GoString hides the value from %#v.
func (Text) GoString() string { return hidden }

// Format hides the value from every verb of fmt, also %x and %d.
func (Text) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(hidden)) }

// LogValue hides the value from slog.
func (Text) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalJSON hides the value from encoding/json.
func (Text) MarshalJSON() ([]byte, error) { return json.Marshal(hidden) }

// MarshalText hides the value from every other text encoder.
func (Text) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// UnmarshalText takes the value from a flag, a variable or a file.
func (t *Text) UnmarshalText(b []byte) error {
	*t = New(string(b))
	return nil
}

// UnmarshalGQL takes the value from a GraphQL input.
func (t *Text) UnmarshalGQL(v any) error {
	s, ok := v.(string)
	if !ok {
		return fault.Invalid.New("", "A string is needed here.")
	}
	*t = New(s)
	return nil
}

// MarshalGQL hides the value from the graph, where a type in between says otherwise.
func (Text) MarshalGQL(w io.Writer) { _, _ = io.WriteString(w, `"`+hidden+`"`) }

// passwordAlphabet has 64 letters, digits and two signs that need no quoting
// in a URI, a shell, an .env file or SQL.
const passwordAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// NewPassword returns n characters of 6 random bits each; 24 give 144 bits.
// They are ASCII, so that SASLprep leaves them alone.
func NewPassword(n int) Text {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails since Go 1.24
	for i := range b {
		b[i] = passwordAlphabet[b[i]&63]
	}
	return New(string(b))
}
