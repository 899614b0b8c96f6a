package app

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Packages whose every sentence is one that pages show: reasons to wait, problems of
// servers, what is wrong with an object, besides refusals.
var spoken = []string{
	"internal/customer", "internal/database", "internal/database/pgdump", "internal/database/pgprov",
	"internal/engine", "internal/quota", "internal/store",
}

// Functions and constants of which every text is one that pages show, if only as a part of
// a sentence, such as a reason.
var parts = map[string][]string{
	"internal/auth":            {"tooOften", "try"},
	"internal/database":        {"summary", "progressText"},
	"internal/database/pgdump": {"at", "judge", "judgeCopy", "judgeSet", "pgDump", "wholeServer"},
	"internal/database/pgprov": {"coded", "meaning", "noAnswer", "notLetIn", "unreachable"},
}

// What is refused by its form only, which pages do not send: values that are no such
// scalar, positions, cursors, pages, headers, documents, and inputs that contradict
// themselves. Those who write clients read them, in English.
var forClients = map[string][]string{
	"scalars": {
		"A BigInt is a whole number of 64 bits, as a decimal string or an integer.", "A Cursor is a string.", "A JSON is a value of JSON.",
		"A kind of notification is no input.", "A StreamPosition is a string.", "A string is needed here.",
		"A time is as in RFC 3339, such as 2026-11-26T00:00:00Z.", "It is true or false.", "The format is csv or json.",
	},
	"pages of lists and streams": {
		"This position does not belong to this stream.", "This cursor does not belong to this list in this order.", "The total was not counted.",
		"Give first or last, not both.", "A page has 1 to %d rows.", "Ask for 1 to %d points.", "It must be before the other end.", "The interval is 1 to 60 seconds.",
		"At most %d ids at once.", "At most %d actions can be left out.",
	},
	"inputs that contradict themselves, and enums": {
		"Give either providerRole, or customerId and customerRole.", "Give the id of one session, or all: true.", "Give the ids of notifications, or all: true.",
		"Say which databases: by `ids` or by `filter`, one of the two.", "One of SUSPEND, RESUME and DELETE.", "One of READ_ONLY, READ_WRITE and OWNER.", "There is no such format.",
	},
	"headers and transports": {
		"A session is refreshed by a plain HTTP POST: nothing else has cookies.", "Send the file as it is, without Content-Encoding.",
		"Repr-Digest is not a SHA-256.", "X-Checksum-Sha256 is not a SHA-256.",
		"This idempotency key was used for another mutation or input within the last 24 hours; use a new one.",
		"An idempotency key has 1 to %d characters.", "An idempotency key has printable ASCII characters only.",
		"The header Idempotency-Key goes with exactly one mutation other than those that sign in; use @idempotent on each field.",
		"@idempotent is for mutations other than those that sign in or have to do with codes.",
		"A subscription needs a WebSocket with graphql-transport-ws, or Accept: text/event-stream.",
		"Only queries can be sent by GET.", "Only queries and subscriptions can be sent by GET.",
	},
	"persisted documents": {
		"A documentId is sha256: and 64 hexadecimal digits.", "A persistedQuery has version 1 and a sha256Hash of 64 hexadecimal digits.",
		"The document has another SHA-256 than the request says.", "PersistedQueryNotFound",
	},
}

var (
	placeholder = regexp.MustCompile(`%(?:\.\d)?[sdqvf]`)
	slot        = regexp.MustCompile(`\{(\d)[!?]?\}|%(?:\.\d)?[sdqvf]`)
	aSentence   = regexp.MustCompile(`^ ?(%[sd] ?[A-Za-z]|[A-Z])[^\n]* [^\n]*[.;]$`)
	aPart       = regexp.MustCompile(`^[^\n]*[A-Za-z][^\n]* [^\n]*$`)
	anEntry     = regexp.MustCompile(`(?m)^  ("(?:[^"\\]|\\.)*"): ("(?:[^"\\]|\\.)*"),$`)
)

// templates are the sentences of the Go sources with their placeholders, and where each is.
func templates(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, root := range []string{"internal", "resolvers", "models", "graph/scalar"} {
		require.NoError(t, filepath.WalkDir(filepath.Join("..", "..", root), func(dir string, d fs.DirEntry, err error) error {
			if err != nil || !d.IsDir() {
				return err
			}
			if d.Name() == "testdata" || d.Name() == "testkit" || d.Name() == "faulttest" {
				return fs.SkipDir
			}
			return templatesOf(dir, found)
		}))
	}
	return found
}

func templatesOf(dir string, found map[string]string) error {
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return err
	}
	rel, err := filepath.Rel(filepath.Join("..", ".."), dir)
	if err != nil {
		return err
	}
	set, files, consts := token.NewFileSet(), []*ast.File{}, map[string]ast.Expr{}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, ".generated.go") {
			continue
		}
		file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		files = append(files, file)
		ast.Inspect(file, func(n ast.Node) bool {
			if v, ok := n.(*ast.ValueSpec); ok && len(v.Values) == len(v.Names) {
				for i, name := range v.Names {
					consts[name.Name] = v.Values[i]
				}
			}
			return true
		})
	}
	all := slices.Contains(spoken, rel)
	for _, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			note := func(e ast.Expr) {
				text := strings.TrimLeft(textOf(e, consts, 0), " ")
				if strings.Trim(placeholder.ReplaceAllString(text, ""), " .:") != "" {
					found[text] = rel
				}
			}
			switch n := n.(type) {
			case *ast.Field, *ast.ImportSpec:
				_, isTagged := n.(*ast.Field)
				return isTagged && n.(*ast.Field).Tag == nil
			case *ast.FuncDecl:
				if slices.Contains(parts[rel], n.Name.Name) {
					partsOf(n.Body, consts, note)
				}
			case *ast.ValueSpec:
				for i, name := range n.Names {
					if slices.Contains(parts[rel], name.Name) {
						note(n.Values[i])
					}
				}
			case *ast.CallExpr:
				if at := formatOf(n); at >= 0 && at < len(n.Args) {
					note(n.Args[at])
				}
			case *ast.BinaryExpr, *ast.BasicLit:
				if text := textOf(n.(ast.Expr), consts, 0); all && aSentence.MatchString(text) {
					note(n.(ast.Expr))
					return false
				}
			}
			return true
		})
	}
	return nil
}

// partsOf notes the parts of sentences in a function.
func partsOf(body *ast.BlockStmt, consts map[string]ast.Expr, note func(ast.Expr)) {
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BinaryExpr, *ast.BasicLit:
			if aPart.MatchString(textOf(n.(ast.Expr), consts, 0)) {
				note(n.(ast.Expr))
				return false
			}
		}
		return true
	})
}

// formatOf is which argument of a call is the template of a fault, or -1.
func formatOf(call *ast.CallExpr) int {
	switch fun := call.Fun.(type) {
	case *ast.Ident: // what makes faults of one kind
		if (fun.Name == "refuse" || fun.Name == "add") && len(call.Args) > 1 || fun.Name == "permanent" {
			return 1
		}
	case *ast.SelectorExpr:
		if of, ok := fun.X.(*ast.Ident); ok && of.Name == "s" && fun.Sel.Name == "refuse" {
			return 0 // of a dump's scanner
		}
		code, ok := fun.X.(*ast.SelectorExpr)
		if !ok {
			return -1
		}
		if of, ok := code.X.(*ast.Ident); !ok || of.Name != "fault" {
			return -1
		}
		if at, ok := map[string]int{"New": 1, "Permanent": 1, "Wrap": 2}[fun.Sel.Name]; ok {
			return at
		}
	}
	return -1
}

// textOf is an expression's text, with a placeholder for what is only known at run time.
func textOf(e ast.Expr, consts map[string]ast.Expr, depth int) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind == token.STRING {
			return constant.StringVal(constant.MakeFromLiteral(e.Value, token.STRING, 0))
		}
	case *ast.ParenExpr:
		return textOf(e.X, consts, depth)
	case *ast.BinaryExpr:
		if e.Op == token.ADD {
			return textOf(e.X, consts, depth) + textOf(e.Y, consts, depth)
		}
	case *ast.Ident:
		if of, ok := consts[e.Name]; ok && depth == 0 {
			if _, ok := of.(*ast.BasicLit); ok {
				return textOf(of, consts, 1)
			}
		}
	}
	return "%s"
}

// Every sentence of the panel's that pages show is there in German, with the same
// placeholders, and none that the panel does not say any more.
func TestSentences_AreThereInGerman(t *testing.T) {
	t.Parallel()
	found := templates(t)
	for _, list := range forClients {
		for _, text := range list {
			require.Contains(t, found, text, "it is not said any more, and need not be left out")
			delete(found, text)
		}
	}
	files, err := filepath.Glob(filepath.Join("..", "..", "web", "src", "sentences", "german-*.ts"))
	require.NoError(t, err)
	german := map[string]string{}
	for _, file := range files {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, m := range anEntry.FindAllStringSubmatch(string(source), -1) {
			var english, said string
			require.NoError(t, json.Unmarshal([]byte(m[1]), &english))
			require.NoError(t, json.Unmarshal([]byte(m[2]), &said))
			require.NotContains(t, german, english, "it is there twice")
			german[english] = said
		}
	}
	var wrong []string
	for english, from := range found {
		said, ok := german[english]
		switch {
		case !ok:
			wrong = append(wrong, fmt.Sprintf("%s: not in German: %q", from, english))
		case !slices.Equal(asked(english), given(said)):
			wrong = append(wrong, fmt.Sprintf("%s: other placeholders in German: %q", from, english))
		}
	}
	for english := range german {
		if _, ok := found[english]; !ok {
			wrong = append(wrong, fmt.Sprintf("the panel does not say any more: %q", english))
		}
	}
	slices.Sort(wrong)
	require.Empty(t, wrong, strings.Join(wrong, "\n"))
}

// asked are the numbers of a template's placeholders, given those that stand in for it.
func asked(english string) (numbers []int) {
	for i := range placeholder.FindAllString(english, -1) {
		numbers = append(numbers, i)
	}
	return numbers
}

func given(german string) (numbers []int) {
	turn := 0
	for _, m := range slot.FindAllStringSubmatch(german, -1) {
		number := turn
		if m[1] != "" {
			number = int(m[1][0] - '0')
		} else {
			turn++
		}
		numbers = append(numbers, number)
	}
	slices.Sort(numbers)
	return numbers
}
