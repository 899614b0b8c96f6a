package executor_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mpanel/mpanel/internal/executor/difftest"
	"github.com/mpanel/mpanel/internal/executor/testdata/torture/model"
)

// judgeRoom has the torture schema on graphql-js; scripts/install-packages
// installs what it needs.
const judgeRoom = "testdata/torture/judge"

// A judge is graphql-js, the specification's reference implementation, with the
// torture schema's resolvers: one process for many operations.
type judge struct {
	t   *testing.T
	in  io.WriteCloser
	out *bufio.Reader
}

// A verdict is what the judge says of an operation.
type verdict struct {
	Invalid []string
	Answers []judgedAnswer
}

type judgedAnswer struct {
	Data   json.RawMessage
	Errors []judgedError
}

type judgedError struct {
	Message    string
	Path       []any
	Locations  []location
	Extensions map[string]any
}

type location struct{ Line, Column int }

func newJudge(t *testing.T) *judge {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "node", judgeRoom+"/judge.mjs", "testdata/torture/schema.graphqls")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start(), "this test needs Node.js; scripts/install-packages installs the packages")
	t.Cleanup(func() {
		_ = in.Close()
		_, _ = io.Copy(io.Discard, out)
		if err := cmd.Wait(); t.Context().Err() == nil || errs.Len() > 0 {
			require.NoError(t, err, errs.String())
		}
	})
	return &judge{t: t, in: in, out: bufio.NewReader(out)}
}

// ask executes an operation. What deviates from graphql-js on purpose does not
// with pure.
func (j *judge) ask(document string, variables map[string]any, role model.Role, pure bool) (v verdict) {
	j.t.Helper()
	line, err := json.Marshal(map[string]any{"document": document, "operation": difftest.OperationName(document), "variables": variables, "role": role, "pure": pure})
	require.NoError(j.t, err)
	_, err = j.in.Write(append(line, '\n'))
	require.NoError(j.t, err)
	line, err = j.out.ReadBytes('\n')
	require.NoError(j.t, err)
	require.NoError(j.t, json.Unmarshal(line, &v))
	return v
}

// errorsOf reads an answer's errors.
func errorsOf(t *testing.T, a difftest.Answer) []judgedError {
	t.Helper()
	out := make([]judgedError, len(a.Errors))
	for i, text := range a.Errors {
		require.NoError(t, json.Unmarshal([]byte(text), &out[i]))
	}
	return out
}

// spelt writes JSON with one spelling of strings and numbers, and keys in their order.
func spelt(t *testing.T, data []byte) string {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	var b strings.Builder
	for {
		token, err := d.Token()
		if err == io.EOF { //nolint:errorlint // of a decoder, never wrapped
			return b.String()
		}
		require.NoError(t, err, "%s", data)
		if delimiter, ok := token.(json.Delim); ok {
			fmt.Fprintf(&b, "%v ", delimiter)
			continue
		}
		text, err := json.Marshal(token)
		require.NoError(t, err)
		b.Write(append(text, ' '))
	}
}

// kinds are messages that executors have words of their own for.
var kinds = []struct {
	kind string
	is   *regexp.Regexp
}{
	{"null", regexp.MustCompile(`^(cannot return null for non-null .*|Cannot return null for non-nullable field .*)$`)},
	{"no type", regexp.MustCompile(`^(internal system error|batch resolver \S+ returned unexpected result type .*|Abstract type "\w+" must resolve to an Object type at runtime for field "User.odds?".*)$`)},
	{"count", regexp.MustCompile(`^(index \d+: )?batch resolver \S+ returned .*$`)},
}

func kindOf(message string) string {
	for _, k := range kinds {
		if k.is.MatchString(message) {
			return k.kind
		}
	}
	return message
}

// compareWithJudge tells how an answer differs from the judge's. Errors of what
// is in the data must be the same. Of what was cut with an object or list that
// became null, ours tells every error and the judge mostly the first: there it
// is enough that both have one, and that the judge's is one of ours.
func compareWithJudge(t *testing.T, doc *ast.QueryDocument, ours difftest.Answer, judged judgedAnswer) (differences []string) {
	t.Helper()
	differ := func(format string, args ...any) { differences = append(differences, fmt.Sprintf(format, args...)) }
	data := ours.Data
	if data == "" {
		data = "null" // a stream that did not start
	}
	if judged.Data == nil {
		judged.Data = []byte("null")
	}
	if a, b := spelt(t, []byte(data)), spelt(t, judged.Data); a != b {
		differ("data\nours  %.3000s\njudge %.3000s", data, judged.Data)
		return differences
	}
	var tree any
	require.NoError(t, json.Unmarshal([]byte(data), &tree))
	type place struct {
		errors []judgedError
		cut    bool
	}
	group := func(list []judgedError) map[string]*place {
		out := map[string]*place{}
		for _, e := range list {
			at, cut := nullAbove(tree, e.Path)
			if out[at] == nil {
				out[at] = &place{}
			}
			out[at].errors = append(out[at].errors, e)
			out[at].cut = out[at].cut || cut
		}
		return out
	}
	mine, theirs := group(errorsOf(t, ours)), group(judged.Errors)
	for at, p := range theirs {
		if mine[at] == nil {
			differ("only the judge has errors at %s: %+v", at, p.errors)
			continue
		}
		for _, e := range p.errors {
			if late.MatchString(e.Message) && p.cut {
				continue // ours forgets those with what is cut
			}
			if !slices.ContainsFunc(mine[at].errors, func(m judgedError) bool { return sameError(doc, m, e) }) {
				differ("at %s the judge has %+v\nours %+v", at, e, mine[at].errors)
			}
		}
	}
	for at, p := range mine {
		if theirs[at] == nil {
			differ("only ours has errors at %s: %+v", at, p.errors)
			continue
		}
		for _, m := range p.errors {
			if !p.cut && !slices.ContainsFunc(theirs[at].errors, func(e judgedError) bool { return sameError(doc, m, e) }) && m.Message != "second" {
				differ("at %s ours has %+v\nthe judge %+v", at, m, theirs[at].errors)
			}
		}
	}
	return differences
}

// late are messages of scalars that fail while they are written.
var late = regexp.MustCompile(`^(not a good string|cannot marshal infinite no NaN float values)$`)

// nullAbove gives the path as far as there are data, and whether an object or
// list was cut there that had more of it.
func nullAbove(tree any, path []any) (at string, cut bool) {
	for i, key := range path {
		next, ok := tree, false
		switch v := tree.(type) {
		case map[string]any:
			name, _ := key.(string)
			next, ok = v[name]
		case []any:
			if k, is := key.(float64); is && int(k) < len(v) {
				next, ok = v[int(k)], true
			}
		}
		if !ok {
			return fmt.Sprint(path[:i]), true
		}
		tree = next
	}
	return fmt.Sprint(path), false
}

// sameError compares an error of ours with the judge's.
func sameError(doc *ast.QueryDocument, ours, judged judgedError) bool {
	if kindOf(ours.Message) != kindOf(judged.Message) || fmt.Sprint(ours.Extensions) != fmt.Sprint(judged.Extensions) {
		return false
	}
	path := ours.Path
	switch {
	case strings.HasPrefix(ours.Message, "at most "): // ends with the argument
		if len(path) < len(judged.Path) {
			return false
		}
		path = path[:len(judged.Path)]
	case kindOf(ours.Message) == "null" && len(judged.Path) == len(path)+1: // of a scalar in a list
		if _, ok := judged.Path[len(path)].(float64); !ok {
			return false
		}
		path = judged.Path[:len(path):len(path)]
		return fmt.Sprint(ours.Path) == fmt.Sprint(path)
	}
	if fmt.Sprint(path) != fmt.Sprint(judged.Path) {
		return false
	}
	switch {
	case len(judged.Locations) == 0:
		return len(ours.Locations) == 0
	case len(ours.Locations) == 0:
		return placeless.MatchString(ours.Message) || kindOf(ours.Message) != ours.Message || batched[fieldAt(doc, judged.Locations[0])]
	}
	// The judge has the places of all fields that were merged, ours that of the first.
	return len(ours.Locations) == 1 && ours.Locations[0] == judged.Locations[0]
}

// placeless are messages that are the executor's own, or an argument's or scalar's.
var placeless = regexp.MustCompile(`^(at most \d+|unexpected type .*|not a good string)$`)

// batched are the fields with batch resolvers, whose errors have no places.
var batched = map[string]bool{
	"posts": true, "maybePosts": true, "guarded": true, "best": true, "bestReq": true, "slowReq": true, "twice": true, "feed": true, "odds": true,
	"sealed": true, "author": true, "related": true,
}

// fieldAt is the name of the field that is at a place of a document.
func fieldAt(doc *ast.QueryDocument, at location) (name string) {
	var walk func(ast.SelectionSet)
	walk = func(set ast.SelectionSet) {
		for _, s := range set {
			switch s := s.(type) {
			case *ast.Field:
				if s.Position.Line == at.Line && s.Position.Column == at.Column {
					name = s.Name
				}
				walk(s.SelectionSet)
			case *ast.InlineFragment:
				walk(s.SelectionSet)
			}
		}
	}
	for _, o := range doc.Operations {
		walk(o.SelectionSet)
	}
	for _, f := range doc.Fragments {
		walk(f.SelectionSet)
	}
	return name
}
