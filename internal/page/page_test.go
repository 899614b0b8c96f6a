package page_test

import (
	"encoding/base64"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/page"
)

func place(n int) (string, string) { return "k" + strconv.Itoa(n), "id" + strconv.Itoa(n) }

// cursor makes a real one, by reading a page of one row.
func cursor(t *testing.T, order string, n int) *string {
	t.Helper()
	c := page.Of([]int{n}, page.Window{Size: 1}, order, nil, place)
	return c.PageInfo.StartCursor
}

func raw(s string) *string {
	s = base64.RawURLEncoding.EncodeToString([]byte(s))
	return &s
}

func TestWindow_Size(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		first, last *int
		size        int
		backward    bool
		fields      []string
	}{
		"nothing given":      {nil, nil, page.DefaultSize, false, nil},
		"first, least":       {new(1), nil, 1, false, nil},
		"first, most":        {new(page.MaxSize), nil, page.MaxSize, false, nil},
		"first, zero":        {new(0), nil, 0, false, []string{"first"}},
		"first, negative":    {new(-1), nil, 0, false, []string{"first"}},
		"first, one too big": {new(page.MaxSize + 1), nil, 0, false, []string{"first"}},
		"last, least":        {nil, new(1), 1, true, nil},
		"last, most":         {nil, new(page.MaxSize), page.MaxSize, true, nil},
		"last, zero":         {nil, new(0), 0, true, []string{"last"}},
		"last, one too big":  {nil, new(page.MaxSize + 1), 0, true, []string{"last"}},
		"both":               {new(1), new(1), 0, false, []string{"last"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, err := page.Args{First: tc.first, Last: tc.last, WithTotal: true}.Window("o")
			require.Equal(t, tc.fields, fields(t, err))
			if err == nil {
				require.Equal(t, page.Window{Size: tc.size, Backward: tc.backward, WithTotal: true}, w)
			}
		})
	}
}

// fields are those of the faults in err, all INVALID.
func fields(t *testing.T, err error) (list []string) {
	t.Helper()
	for _, e := range fault.All(err) {
		f, ok := errors.AsType[*fault.Error](e)
		require.True(t, ok)
		require.Equal(t, fault.Invalid, f.Code)
		list = append(list, f.Field)
	}
	return list
}

func TestWindow_Cursors(t *testing.T) {
	t.Parallel()
	good := cursor(t, "o", 7)
	w, err := page.Args{After: good, Before: cursor(t, "o", 9)}.Window("o")
	require.NoError(t, err)
	require.Equal(t, &page.Cursor{Order: "o", Key: "k7", ID: "id7"}, w.After)
	require.Equal(t, &page.Cursor{Order: "o", Key: "k9", ID: "id9"}, w.Before)

	for name, bad := range map[string]*string{
		"empty":            new(""),
		"no base64":        new("!"),
		"padded":           new(*good + "="),
		"no JSON":          raw("o,k,id"),
		"an object":        raw(`{"Order":"o"}`),
		"numbers":          raw(`["o",1,2]`),
		"null":             raw(`null`),
		"of another order": cursor(t, "o.DESC", 7),
		"NUL":              raw("[\"o\\u0000\",\"k\",\"id\"]"),
	} {
		_, err := page.Args{After: bad}.Window("o")
		require.Equal(t, []string{"after"}, fields(t, err), name)
		_, err = page.Args{Before: bad}.Window("o")
		require.Equal(t, []string{"before"}, fields(t, err), name)
		_, err = page.Args{First: new(0), After: bad, Before: bad}.Window("o")
		require.Equal(t, []string{"first", "after", "before"}, fields(t, err), "%s: all that is wrong comes together", name)
		require.NotContains(t, err.Error(), *bad+"!", "nothing is echoed")
	}
}

func TestWindow_CursorOfAnotherShape(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]*string{
		"an empty list": raw(`[]`),
		"too short":     raw(`["o"]`),
		"too long":      raw(`["o","k","id","more"]`),
		"NUL in key":    raw("[\"o\",\"k\\u0000\",\"id\"]"),
	} {
		_, err := page.Args{After: bad}.Window("o")
		require.Equal(t, []string{"after"}, fields(t, err), name)
	}
}

func TestOf_PageInfo(t *testing.T) {
	t.Parallel()
	at := &page.Cursor{Order: "o"}
	for name, tc := range map[string]struct {
		rows       []int // in the order of reading
		w          page.Window
		want       []int
		prev, next bool
	}{
		"empty":                         {nil, page.Window{Size: 2}, []int{}, false, false},
		"empty beyond a cursor":         {nil, page.Window{Size: 2, After: at}, []int{}, true, false},
		"all of it":                     {[]int{1, 2}, page.Window{Size: 2}, []int{1, 2}, false, false},
		"more behind":                   {[]int{1, 2, 3}, page.Window{Size: 2}, []int{1, 2}, false, true},
		"in the middle":                 {[]int{2, 3, 4}, page.Window{Size: 2, After: at}, []int{2, 3}, true, true},
		"from the back, all":            {[]int{2, 1}, page.Window{Size: 2, Backward: true}, []int{1, 2}, false, false},
		"from the back, more":           {[]int{3, 2, 1}, page.Window{Size: 2, Backward: true}, []int{2, 3}, true, false},
		"from the back, before":         {[]int{2, 1}, page.Window{Size: 2, Backward: true, Before: at}, []int{1, 2}, false, true},
		"from the back, before, more":   {[]int{3, 2, 1}, page.Window{Size: 2, Backward: true, Before: at}, []int{2, 3}, true, true},
		"between two cursors":           {[]int{3, 4}, page.Window{Size: 2, After: at, Before: at}, []int{3, 4}, true, false},
		"from the back between cursors": {[]int{4, 3}, page.Window{Size: 2, Backward: true, After: at, Before: at}, []int{3, 4}, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := page.Of(slices.Clone(tc.rows), tc.w, "o", nil, place)
			require.Equal(t, tc.want, c.Nodes())
			require.Equal(t, tc.prev, c.PageInfo.HasPreviousPage, "hasPreviousPage")
			require.Equal(t, tc.next, c.PageInfo.HasNextPage, "hasNextPage")
			if len(tc.want) == 0 {
				require.Nil(t, c.PageInfo.StartCursor)
				require.Nil(t, c.PageInfo.EndCursor)
				return
			}
			require.Equal(t, *cursor(t, "o", tc.want[0]), *c.PageInfo.StartCursor)
			require.Equal(t, *cursor(t, "o", tc.want[len(tc.want)-1]), *c.PageInfo.EndCursor)
			for i, e := range c.Edges {
				require.Equal(t, tc.want[i], e.Node)
				require.Equal(t, *cursor(t, "o", tc.want[i]), e.Cursor)
			}
		})
	}
}

func TestOf_HostileKeysSurviveTheCursor(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"", `"],["`, "\u2028", "日本", strings.Repeat("x", 1000), `\`, "<&>"} {
		c := page.Of([]string{key}, page.Window{Size: 1}, "o", nil, func(s string) (string, string) { return s, s })
		w, err := page.Args{After: c.PageInfo.EndCursor}.Window("o")
		require.NoError(t, err)
		require.Equal(t, key, w.After.Key)
		require.Equal(t, key, w.After.ID)
		require.NotContains(t, *c.PageInfo.EndCursor, "=", "opaque and fit for a URL")
	}
}

func TestConnection_TotalCount(t *testing.T) {
	t.Parallel()
	n, err := page.Of([]int{1}, page.Window{Size: 1}, "o", new(42), place).TotalCount(t.Context())
	require.NoError(t, err)
	require.Equal(t, 42, n)
	_, err = page.Of([]int{1}, page.Window{Size: 1}, "o", nil, place).TotalCount(t.Context())
	require.Equal(t, fault.Internal, fault.CodeOf(err), "it was not counted")
}
