package executor_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/executor"
)

func TestConstant_IsDecodedOnceUnlessThatFails(t *testing.T) {
	var c executor.Constant[[]string]
	decoded, broken := 0, errors.New("broken")
	decode := func() ([]string, error) {
		if decoded++; decoded == 1 {
			return nil, broken
		}
		return []string{"a"}, nil
	}
	_, err := c.Get(decode)
	require.ErrorIs(t, err, broken)
	for range 3 {
		v, err := c.Get(decode)
		require.NoError(t, err)
		require.Equal(t, []string{"a"}, v)
	}
	require.Equal(t, 2, decoded)
	require.Zero(t, testing.AllocsPerRun(10, func() { _, _ = c.Get(decode) }))
}
