package fault_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/fault"
)

func TestCodeOf(t *testing.T) {
	t.Parallel()
	taken := fault.Conflict.New("name", "Taken.")
	for name, tc := range map[string]struct {
		in   error
		want fault.Code
	}{
		"no error":               {nil, ""},
		"a fault":                {taken, fault.Conflict},
		"a wrapped fault":        {fmt.Errorf("insert: %w", taken), fault.Conflict},
		"a fault with a cause":   {fault.Unavailable.Wrap(io.EOF, "", "Away."), fault.Unavailable},
		"a fault inside a fault": {fault.Invalid.Wrap(taken, "x", "Outer."), fault.Invalid},
		"several faults":         {fault.Join(fault.Invalid.New("a", "A."), taken), fault.Invalid},
		"any other error":        {io.EOF, fault.Internal},
		"joined with others":     {errors.Join(io.EOF, taken), fault.Conflict},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tc.want, fault.CodeOf(tc.in))
		})
	}
}

func TestError_SaysFieldCodeMessageAndCause(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		in   *fault.Error
		want string
	}{
		"request as a whole": {fault.NotFound.New("", "Gone."), "NOT_FOUND: Gone."},
		"a field":            {fault.Invalid.New("name", "At most %d.", 3), "name: INVALID: At most 3."},
		"a cause":            {fault.Internal.Wrap(io.EOF, "", "Oops."), "INTERNAL: Oops.: EOF"},
		"all of it":          {fault.Conflict.Wrap(io.EOF, "name", "%s", "Taken."), "name: CONFLICT: Taken.: EOF"},
	} {
		require.EqualError(t, tc.in, tc.want, name)
	}
	require.ErrorIs(t, fault.Internal.Wrap(io.EOF, "", "Oops."), io.EOF)
	require.NoError(t, fault.Internal.New("", "Oops.").Unwrap())
}

func TestIsPermanent(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		in   error
		want bool
	}{
		"no error":            {nil, false},
		"permanent":           {fault.Conflict.Permanent("name", "Taken by %s.", "others"), true},
		"permanent, wrapped":  {fmt.Errorf("step: %w", fault.Conflict.Permanent("", "Taken.")), true},
		"a fault":             {fault.Conflict.New("name", "Taken."), false},
		"any other error":     {io.EOF, false},
		"wrapped by a fault":  {fault.Unavailable.Wrap(fault.Conflict.Permanent("", "Taken."), "", "Away."), false},
		"permanent, no field": {fault.Invalid.Permanent("", "Never."), true},
	} {
		require.Equal(t, tc.want, fault.IsPermanent(tc.in), name)
	}
	f := fault.Conflict.Permanent("name", "Taken by %s.", "others")
	require.Equal(t, "Taken by others.", f.Message)
	require.Equal(t, "name", f.Field)
}

func TestJoin_DropsNilAndKeepsOrder(t *testing.T) {
	t.Parallel()
	a, b := fault.Invalid.New("a", "A."), fault.Invalid.New("b", "B.")
	require.NoError(t, fault.Join())
	// A typed nil in an error would be an error.
	require.True(t, fault.Join(nil, nil) == nil, "no fault at all must be a plain nil")
	require.Equal(t, []error{a, b}, fault.All(fault.Join(nil, a, nil, b)))
	require.Equal(t, []error{a, b}, fault.All(fmt.Errorf("check: %w", fault.Join(a, b))))
	require.Equal(t, []error{a}, fault.All(a))
	require.Nil(t, fault.All(nil))
	require.EqualError(t, fault.Join(a, b), "a: INVALID: A.\nb: INVALID: B.")
	require.ErrorIs(t, fault.Join(a, b), b)
}

func TestCodes_EachOnceAndRetryable(t *testing.T) {
	t.Parallel()
	seen := map[fault.Code]bool{}
	for _, c := range fault.Codes() {
		require.False(t, seen[c], "%s is listed twice", c)
		seen[c] = true
		require.Equal(t, c == fault.Unavailable || c == fault.RateLimited, c.Retryable(), c)
	}
	require.Len(t, seen, 13)
}
