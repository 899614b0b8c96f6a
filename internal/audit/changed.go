package audit

import (
	"bytes"
	"encoding/json"
)

// Changed are those of a row's values, by name, that are not the same before and after.
// Both have the same names.
func Changed(before, after map[string]any) (was, is map[string]any) {
	was, is = map[string]any{}, map[string]any{}
	for name, b := range before {
		a := after[name]
		x, errX := json.Marshal(b)
		y, errY := json.Marshal(a)
		if errX != nil || errY != nil || !bytes.Equal(x, y) {
			was[name], is[name] = b, a
		}
	}
	return was, is
}
