package pgdump

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/fault"
)

const (
	head = "--\n-- PostgreSQL database dump\n--\n"
	foot = "\n--\n-- PostgreSQL database dump complete\n--\n"
)

// cut is what a scanner makes of a text: statements, and rows behind COPY.
func cut(t *testing.T, in io.Reader) (list []string, err error) {
	t.Helper()
	s := newScanner(in)
	for {
		st, err := s.next()
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return list, err
		}
		list = append(list, st.sql)
		if v, _ := judge(st); v == rowsIn {
			r, err := s.rows()
			if err != nil {
				return list, err
			}
			data, err := io.ReadAll(r)
			if err != nil {
				return list, err
			}
			list = append(list, "rows:"+string(data))
		}
	}
}

func TestScanner_CutsAsPsqlDoes(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		in   string
		want []string
	}{
		"nothing":               {"", nil},
		"only blanks":           {" \n\t; ;;\n", nil},
		"two on a line":         {"SELECT 1;SELECT 2;", []string{"SELECT 1", "SELECT 2"}},
		"string":                {"SELECT 'a;''b;';", []string{"SELECT 'a;''b;'"}},
		"backslash in a string": {`SELECT 'a\';SELECT 2;`, []string{`SELECT 'a\'`, "SELECT 2"}},
		"escape string":         {`SELECT E'a\';b', e'\\';SELECT 2;`, []string{`SELECT E'a\';b', e'\\'`, "SELECT 2"}},
		"no escape string":      {`SELECT some'a\';SELECT 2;`, []string{`SELECT some'a\'`, "SELECT 2"}},
		"quoted name":           {`SELECT "a;""b;";`, []string{`SELECT "a;""b;"`}},
		"dollar quotes":         {"SELECT $$a;$b$;$$;SELECT $x$;$$;$x$;", []string{"SELECT $$a;$b$;$$", "SELECT $x$;$$;$x$"}},
		"nested dollar quotes":  {"SELECT $a$ $b$ ; $b$ ; $a$;", []string{"SELECT $a$ $b$ ; $b$ ; $a$"}},
		"no dollar quotes":      {"SELECT a$b$;SELECT $1;SELECT $1$;", []string{"SELECT a$b$", "SELECT $1", "SELECT $1$"}},
		"dollar at the end":     {"SELECT $;", []string{"SELECT $"}},
		"tag that overlaps":     {"SELECT $a$ $a $a$;", []string{"SELECT $a$ $a $a$"}},
		"empty body":            {"SELECT $$$$;SELECT $a$$a$;", []string{"SELECT $$$$", "SELECT $a$$a$"}},
		"comments":              {"-- a;\nSELECT /* ; /* ' */ ; */ 1 -- ;'\n;", []string{"SELECT   1 \n"}},
		"parentheses":           {"CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2);SELECT 3;", []string{"CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)", "SELECT 3"}},
		"atomic": {
			"CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END;SELECT 3;",
			[]string{"CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END", "SELECT 3"},
		},
		"begin elsewhere":   {"CREATE TABLE begin (a int);SELECT 2;", []string{"CREATE TABLE begin (a int)", "SELECT 2"}},
		"rows":              {"COPY t (a) FROM stdin;\na;b\n\\\\.\n'\n\\.\nSELECT 1;", []string{"COPY t (a) FROM stdin", "rows:a;b\n\\\\.\n'\n", "SELECT 1"}},
		"no rows":           {"COPY t FROM STDIN;\n\\.\nSELECT 1;", []string{"COPY t FROM STDIN", "rows:", "SELECT 1"}},
		"rows to the end":   {"COPY t FROM stdin;\n1\n\\.", []string{"COPY t FROM stdin", "rows:1\n"}},
		"rows with CR":      {"COPY t FROM stdin;\r\n1\r\n\\.\r\n", []string{"COPY t FROM stdin", "rows:1\r\n"}},
		"a name from stdin": {`COPY "FROM stdin" ("from", b) FROM stdin WITH (FORMAT csv);` + "\n1\n\\.\n", []string{`COPY "FROM stdin" ("from", b) FROM stdin WITH (FORMAT csv)`, "rows:1\n"}},
		"restrict":          {"\\restrict aB3\nSELECT 1;\n\\unrestrict aB3\n", []string{"SELECT 1"}},
		"byte order mark":   {"\xef\xbb\xbfSELECT 1;", []string{"SELECT 1"}},
		"other bytes":       {"SELECT 'ü', 日本;", []string{"SELECT 'ü', 日本"}},
	} {
		for how, in := range map[string]io.Reader{"at once": strings.NewReader(tc.in), "byte by byte": iotest.OneByteReader(strings.NewReader(tc.in))} {
			got, err := cut(t, in)
			require.NoError(t, err, "%s, %s", name, how)
			require.Equal(t, tc.want, got, "%s, %s", name, how)
		}
	}
}

func TestScanner_LongRowsAndTags(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 3*readAhead) + "\n"
	got, err := cut(t, strings.NewReader("COPY t FROM stdin;\n"+long+`\.`+strings.Repeat("y", readAhead)+"\n"+long+"\\.\nSELECT 1;"))
	require.NoError(t, err)
	require.Equal(t, []string{"COPY t FROM stdin", "rows:" + long + `\.` + strings.Repeat("y", readAhead) + "\n" + long, "SELECT 1"}, got)
	got, err = cut(t, strings.NewReader("SELECT $"+strings.Repeat("a", 70)+"$;"))
	require.NoError(t, err)
	require.Len(t, got, 1, "a tag is shorter than a name")
}

func TestScanner_Refuses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ in, want string }{
		"psql":                    {"SELECT 1;\n\\! id\n", `Line 2: there is a command of psql, \!;`},
		"psql in a statement":     {"SELECT 1 \\g |id\n", `Line 1: there is a command of psql, \g;`},
		"restrict in a statement": {"SELECT 1 \\restrict a\n;", `\restrict`},
		"restrict with more":      {"\\restrict a b\n", `\restrict`},
		"zero":                    {"SELECT 1;\n\x00", "Line 2: there is a zero byte"},
		"open string":             {"SELECT 'a", "truncated"},
		"open name":               {`SELECT "a`, "truncated"},
		"open dollar":             {"SELECT $$a", "truncated"},
		"open comment":            {"SELECT /* a", "truncated"},
		"open statement":          {"SELECT 1", "truncated"},
		"open rows":               {"COPY t FROM stdin;\n1\n", "rows of a table; it is truncated"},
		"no rows at all":          {"COPY t FROM stdin;", "truncated"},
		"behind COPY":             {"COPY t FROM stdin; SELECT 1;\n\\.\n", "behind a COPY"},
	} {
		_, err := cut(t, strings.NewReader(tc.in))
		require.ErrorContains(t, err, tc.want, name)
		require.True(t, fault.IsPermanent(err), name)
	}
	_, err := cut(t, io.MultiReader(strings.NewReader("SELECT '"), endless('x')))
	require.ErrorContains(t, err, "MiB")
	cause := errors.New("broken disk")
	_, err = cut(t, io.MultiReader(strings.NewReader("SELECT 1"), iotest.ErrReader(cause)))
	require.ErrorIs(t, err, cause, "what is not the dump's fault stays what it is")
}

type endless byte

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

func TestInspect_MemoryIsFlat(t *testing.T) {
	// Not parallel: it counts what the whole process allocates.
	row := []byte(strings.Repeat("0123456789\tabcdef\n", 4000))
	allocated := func(times int) uint64 {
		dump := append([]byte(head+"CREATE TABLE t (a int, b text);\nCOPY t FROM stdin;\n"), bytes.Repeat(row, times)...)
		dump = append(dump, ("\\.\n" + foot)...)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		info, err := New().Inspect(t.Context(), bytes.NewReader(dump), database.DumpLimit{}, new(atomic.Int64))
		runtime.ReadMemStats(&after)
		require.NoError(t, err)
		require.EqualValues(t, len(dump), info.RawBytes)
		return after.TotalAlloc - before.TotalAlloc
	}
	allocated(1)
	small, large := allocated(1), allocated(300) // 72 kB and 21 MB
	require.Less(t, large, small+64<<10, "what is read is not kept")
}

func FuzzScanner(f *testing.F) {
	for _, s := range []string{"SELECT 'a';", "COPY t FROM stdin;\n1\n\\.\n", "$a$;$a$", "/*", `E'\'`, "\\restrict a\n", "CREATE FUNCTION f() BEGIN ATOMIC END;"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		whole, err := cut(t, strings.NewReader(in))
		pieces, pieceErr := cut(t, iotest.OneByteReader(strings.NewReader(in)))
		require.Equal(t, whole, pieces)
		require.Equal(t, err, pieceErr)
	})
}
