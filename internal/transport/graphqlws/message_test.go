package graphqlws

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/live"
)

func TestParse_Taken(t *testing.T) {
	t.Parallel()
	m, err := parse([]byte(` {"type":"subscribe","id":"1","more":1,"payload":{"query":"{a}","variables":{"n":12345678901234567890},"operationName":null,"extensions":{}}}`))
	require.NoError(t, err)
	require.Equal(t, "1", m.id)
	require.Equal(t, "{a}", m.params.Query)
	require.Equal(t, map[string]any{"n": json.Number("12345678901234567890")}, m.params.Variables)
	m, err = parse([]byte(`{"type":"connection_init","payload":{"authorization":"Bearer x"}}`))
	require.NoError(t, err)
	require.Equal(t, "Bearer x", m.auth)
	m, err = parse([]byte(`{"type":"ping","payload":{"a":[1, 2]}}`))
	require.NoError(t, err)
	require.JSONEq(t, `{"a":[1,2]}`, string(m.payload))
}

func TestParse_Refused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", " ", "{", "null", "[]", `"ping"`, `{"type":"ping"}x`, `{"Type":"ping"}`, `{"type":["ping"]}`, `{"type":"Ping"}`,
		`{"type":"next","id":"1","payload":{}}`, `{"type":"ping","payload":1}`, `{"type":"connection_init","payload":[]}`,
		`{"type":"subscribe","ID":"1","payload":{"query":"{a}"}}`, `{"type":"subscribe","id":"1","payload":{"Query":"{a}"}}`,
		`{"type":"subscribe","id":"` + strings.Repeat("x", maxID+1) + `","payload":{"query":"{a}"}}`,
		`{"type":"subscribe","id":"1","payload":{"query":"{a}","variables":[]}}`, `{"type":"subscribe","id":"1","payload":{"query":"{a}","variables":0}}`,
		`{"type":"complete"}`, `{"type":"complete","id":null}`,
	} {
		_, err := parse([]byte(text))
		require.Error(t, err, text)
	}
}

// FuzzParse: whatever comes, a message that is taken is one of the protocol, has
// nothing of the input's memory, and goes into frames that are JSON.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		`{"type":"connection_init","payload":{"Authorization":"Bearer x"}}`, `{"type":"ping","payload":{"a":1}}`, `{"type":"pong"}`, `{"type":"complete","id":"1"}`,
		`{"type":"subscribe","id":"\u0000\ud800","payload":{"query":"{a}","variables":{"a":1e999},"operationName":"x","extensions":null}}`, `{"type":1}`, "{\"type\":\"\xff\"}",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := parse(data)
		if err != nil {
			require.Equal(t, message{}.kind, m.kind)
			return
		}
		require.True(t, json.Valid(data))
		before := string(m.payload) + m.id + m.auth
		clear(data)
		require.Equal(t, before, string(m.payload)+m.id+m.auth)
		switch m.kind {
		case typeSubscribe:
			require.NotNil(t, m.params)
			fallthrough
		case typeComplete:
			require.NotEmpty(t, m.id)
			envelope := append(appendEnvelope(nil, live.Quoted(m.id), typeComplete, false), '}')
			require.True(t, json.Valid(envelope), "%s", envelope)
			require.Len(t, envelope, envelopeSize(live.Quoted(m.id), typeComplete, false))
		case typePing:
			require.True(t, m.payload == nil || json.Valid(bytes.TrimSpace(m.payload)))
		case typeInit, typePong:
		default:
			t.Fatalf("a message of type %q", m.kind)
		}
	})
}
