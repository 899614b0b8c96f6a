package scalar

import (
	"encoding/json"
	"io"

	"github.com/99designs/gqlgen/graphql"

	"github.com/mpanel/mpanel/internal/fault"
)

// MarshalJSON writes a value of any form as it is; none is null.
func MarshalJSON(b json.RawMessage) graphql.Marshaler {
	if len(b) == 0 {
		return graphql.Null
	}
	return graphql.WriterFunc(func(w io.Writer) { _, _ = w.Write(b) })
}

// UnmarshalJSON takes a value of any form.
func UnmarshalJSON(v any) (json.RawMessage, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fault.Invalid.New("", "A JSON is a value of JSON.")
	}
	return b, nil
}
