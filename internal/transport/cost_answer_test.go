package transport

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/budget"
)

// What is written by hand is what encoding/json would write.
func TestAppendCost(t *testing.T) {
	t.Parallel()
	require.Empty(t, appendCost(nil, nil))
	for _, s := range []budget.State{
		{},
		{Cost: 1, Limit: 6_000_000, Remaining: 5_999_999, ResetAt: time.Date(2026, 11, 26, 8, 0, 1, 0, time.UTC)},
		{Cost: -1, Limit: 1 << 40, ResetAt: time.Date(2026, 11, 26, 8, 0, 1, 5, time.FixedZone("", 3600))},
	} {
		want, err := json.Marshal(map[string]any{"cost": s})
		require.NoError(t, err)
		require.JSONEq(t, string(want), string(appendCost(nil, &s)[len(`,"extensions":`):]))
		require.Equal(t, `,"extensions":`+string(want), string(appendCost(nil, &s)))
	}
}
