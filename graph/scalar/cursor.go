package scalar

import (
	"github.com/99designs/gqlgen/graphql"

	"github.com/mpanel/mpanel/internal/fault"
)

// MarshalCursor writes a cursor as it is.
func MarshalCursor(s string) graphql.Marshaler { return graphql.MarshalString(s) }

// UnmarshalCursor takes a string; whether it is a cursor of that list is the list's to say.
func UnmarshalCursor(v any) (string, error) {
	s, ok := v.(string)
	if !ok {
		return "", fault.Invalid.New("", "A Cursor is a string.")
	}
	return s, nil
}
