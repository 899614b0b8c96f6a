package transport

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/stretchr/testify/require"
)

// byStandard is what encoding/json makes of a value.
func byStandard(body []byte) (v any, err error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, io.ErrUnexpectedEOF // something is behind it
	}
	return v, nil
}

// requireAsStandard decodes a value in both ways, alone and as a variable.
func requireAsStandard(t *testing.T, body []byte) {
	t.Helper()
	want, wrong := byStandard(body)
	d := decoder{b: body}
	d.space()
	got, err := d.value()
	if err == nil && !d.atEnd() {
		err = errBody
	}
	require.Equal(t, wrong == nil, err == nil, "%q: %v, not %v", body, err, wrong)
	if err == nil {
		require.Equal(t, want, got, "%q", body)
	}
	var p graphql.RawParams
	err = decodeOperation([]byte(`{"query": "q\n\"", "variables": {"v": `+string(body)+`}, "operationName":"o"}`), &p)
	if wrong == nil {
		require.NoError(t, err, "%q", body)
		require.Equal(t, graphql.RawParams{Query: "q\n\"", OperationName: "o", Variables: map[string]any{"v": want}}, p)
	}
}

// Whatever is at the border of JSON is taken, or not, as by encoding/json.
func TestDecode_AsTheStandardLibrary(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		``, ` `, `null`, `nul`, `nullx`, `true`, `false`, `tru`, `True`, `"`, `""`, `"a"`, `"a`, `"\"`, `"\\"`, `"\/\b\f\n\r\t"`, `"\x"`, `"\u00e4"`, `"\u00E4\n"`,
		`"\ud83d\ude00"`, `"\ud83d"`, `"\ude00\ud83d"`, `"\u12"`, `"\u12g4"`, `"\u0000"`, "\"\x00\"", "\"\n\"", "\"\x7f\"", "\"\xff\"", "\"a\xc3\"", "\"ä€😀\"", "\"\\\xff\"", "\"\xed\xa0\x80\"",
		`0`, `-0`, `00`, `01`, `-`, `-a`, `1`, `-1`, `12345678901234567890123`, `1.`, `.1`, `1.0`, `1.50`, `1e5`, `1E+5`, `1e-05`, `1e`, `1e+`, `+1`, `0x1`, `1 2`, `1,`, `NaN`,
		`[]`, `[ ]`, `[1]`, `[1,]`, `[,1]`, `[1 2]`, `[1,2`, `[`, `]`, `[[],[[]]]`, `["a",null,{}]`,
		`{}`, `{ }`, `{"a":1}`, `{"a":1,}`, `{"a"}`, `{"a":}`, `{"a" : 1 , "b":[ ] }`, `{a:1}`, `{"a":1 "b":2}`, `{1:2}`, `{"a":1`, `{`, `}`, `{"a":1,"a":2}`, `{"":0}`, `{"a\n":"\n"}`,
		"\t\r\n 1 \t\r\n", "\u00a01", "\ufeff1", "/**/1", `{"a":{"b":{"c":[{"d":"e"}]}}}`,
		strings.Repeat("[", 9_000) + strings.Repeat("]", 9_000), strings.Repeat("[", 10_001) + strings.Repeat("]", 10_001), strings.Repeat(`{"a":`, 10_001) + "1" + strings.Repeat("}", 10_001),
	} {
		requireAsStandard(t, []byte(body))
	}
}

func TestDecode_Operations(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]*graphql.RawParams{
		`null`: {}, `{}`: {}, ` { "query" : "{ a }" } `: {Query: "{ a }"},
		`{"query":null,"operationName":null,"variables":null,"extensions":null}`: {},
		`{"query":"{a}","variables":{},"extensions":{"b":1}}`:                    {Query: "{a}", Variables: map[string]any{}, Extensions: map[string]any{"b": json.Number("1")}},
		`{"more":[{"query":"no"}],"query":"yes","headers":{"A":["b"]}}`:          {Query: "yes"},
		`{"query":"first","query":"last"}`:                                       {Query: "last"},
		`{"query":5}`:                                                            nil, `{"variables":[]}`: nil, `{"variables":"x"}`: nil, `{"operationName":{}}`: nil, `{"extensions":1}`: nil,
		`[{}]`: nil, `"x"`: nil, `{} {}`: nil, `null null`: nil, ``: nil, `{"query":"x"`: nil, `{"more":nope}`: nil,
	} {
		var p graphql.RawParams
		err := decodeOperation([]byte(body), &p)
		if want == nil {
			require.Error(t, err, body)
			continue
		}
		require.NoError(t, err, body)
		require.Equal(t, *want, p, body)
	}
}

// What was decoded has nothing of the body, whose memory is used again.
func TestDecode_KeepsNothingOfTheBody(t *testing.T) {
	t.Parallel()
	body := []byte(`{"query":"{ a }","operationName":"o","variables":{"number":12.5,"text":"t","escaped":"\n","list":["x"]},"extensions":{"e":"x"}}`)
	var p, want graphql.RawParams
	require.NoError(t, decodeOperation(body, &p))
	require.NoError(t, decodeOperation(bytes.Clone(body), &want))
	for i := range body {
		body[i] = '!'
	}
	require.Equal(t, want, p)
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{`{"query":"{ a }","variables":{"a":[1,-2.5e3,"\u00e4\n",null,true]}}`, `"\ud83d\ude00"`, "\"\xff\\t\""} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) { requireAsStandard(t, body) })
}
