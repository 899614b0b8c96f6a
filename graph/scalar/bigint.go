// Package scalar has the graph's own scalars that belong to no other package.
package scalar

import (
	"encoding/json"
	"io"
	"strconv"

	"github.com/99designs/gqlgen/graphql"

	"github.com/mpanel/mpanel/internal/fault"
)

var errBigInt = fault.Invalid.New("", "A BigInt is a whole number of 64 bits, as a decimal string or an integer.")

// MarshalBigInt writes a 64-bit integer as a decimal string, since JavaScript's
// numbers end at 53 bits.
func MarshalBigInt(n int64) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) {
		_, _ = io.WriteString(w, `"`+strconv.FormatInt(n, 10)+`"`)
	})
}

// UnmarshalBigInt takes a decimal string or an integer.
func UnmarshalBigInt(v any) (int64, error) {
	var s string
	switch v := v.(type) {
	case string:
		s = v
	case json.Number:
		s = v.String()
	case int64:
		return v, nil
	case int:
		return int64(v), nil
	default:
		return 0, errBigInt
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, errBigInt
	}
	return n, nil
}
