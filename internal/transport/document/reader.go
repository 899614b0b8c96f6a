package document

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"

	lru "github.com/hashicorp/golang-lru/v2/simplelru"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/lexer"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/core"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"github.com/mpanel/mpanel/internal/fault"
)

// MaxErrors is how many errors of one document are told.
const MaxErrors = 20

// maxMessage is how many bytes of an error's message are told.
const maxMessage = 300

// cachedBytes bounds the documents that are kept. A token takes about 150 bytes, and
// the text is kept, too.
const (
	cachedBytes = 16 << 20
	tokenBytes  = 150
)

// suggestion begins names of the schema in an error's message, which strangers
// need not learn.
const suggestion = " Did you mean"

// A Reader reads documents of one schema. It is safe for concurrent use.
type Reader struct {
	schema *ast.Schema

	mu    sync.Mutex
	cache *lru.LRU[string, *entry]
	bytes int // of all that is kept
}

type entry struct {
	doc   *ast.QueryDocument
	size  size
	bytes int
}

// NewReader returns a reader for a schema.
func NewReader(schema *ast.Schema) *Reader {
	r := &Reader{schema: schema}
	r.cache, _ = lru.NewLRU(cachedBytes/tokenBytes, func(_ string, e *entry) { r.bytes -= e.bytes }) // which fails for sizes below 1 only
	return r
}

// Read gives the validated document of a text. It is shared and must not be
// changed. The errors are at most MaxErrors: of the code fault.TooComplex
// for what is beyond the limits, fault.Forbidden for introspection that is switched
// off, and fault.Invalid for all else.
func (r *Reader) Read(text string, limits Limits) (*ast.QueryDocument, gqlerror.List) {
	if e := r.cached(text); e != nil {
		if errs := limits.refuse(e.size); errs != nil {
			return nil, errs
		}
		return e.doc, nil
	}
	doc, s, errs := parse(text, limits)
	if errs == nil {
		errs = r.validate(doc, newMerge())
	}
	if len(errs) > 0 {
		return nil, errs
	}
	r.keep(text, &entry{doc, s, len(text) + tokenBytes*s.tokens})
	return doc, nil
}

// parse gives the document of a text that is within the limits, and its size.
func parse(text string, limits Limits) (*ast.QueryDocument, size, gqlerror.List) {
	if strings.ContainsRune(text, 0) {
		return nil, size{}, refused("The document has a NUL byte.")
	}
	tokens := countTokens(text, limits.Tokens)
	if errs := limits.refuse(size{tokens: tokens}); errs != nil {
		return nil, size{}, errs
	}
	doc, err := parser.ParseQuery(&ast.Source{Input: text})
	if err != nil {
		return nil, size{}, gqlerror.List{invalid(err)}
	}
	if doc == nil || len(doc.Operations) == 0 {
		return nil, size{}, refused("The document has no operation.")
	}
	if errs := limits.refuse(size{operations: len(doc.Operations), fragments: len(doc.Fragments)}); errs != nil {
		return nil, size{}, errs
	}
	s, cyclic := measure(doc)
	if cyclic != "" {
		return nil, size{}, refused(`Cannot spread fragment "` + cyclic + `" within itself.`)
	}
	s.tokens = tokens
	return doc, s, limits.refuse(s)
}

func (r *Reader) cached(text string) *entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	e, _ := r.cache.Get(text)
	return e
}

func (r *Reader) keep(text string, e *entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cache.Contains(text) { // somebody was faster
		return
	}
	r.cache.Add(text, e)
	for r.bytes += e.bytes; r.bytes > cachedBytes; {
		r.cache.RemoveOldest()
	}
}

func (r *Reader) validate(doc *ast.QueryDocument, m *merge) gqlerror.List {
	set := rules.NewDefaultRules()
	set.ReplaceRule(rules.OverlappingFieldsCanBeMergedRule.Name, m.rule)
	replace(set, rules.FieldsOnCorrectTypeRule, rules.FieldsOnCorrectTypeRuleWithoutSuggestions)
	replace(set, rules.ScalarLeafsRule, rules.ScalarLeafsRuleWithoutSuggestions)
	errs := firstErrors(r.schema, doc, set)
	if m.left < 0 {
		return tooMuch(ReasonMerging, "The document puts too many fields of one name together.")
	}
	for i, err := range errs {
		errs[i] = invalid(err)
	}
	return errs
}

// firstErrors stops at MaxErrors: there can be as many as tokens, and each is made
// of text.
func firstErrors(schema *ast.Schema, doc *ast.QueryDocument, set *rules.Rules) (errs gqlerror.List) {
	type enough struct{}
	defer func() {
		if p := recover(); p != nil && p != (enough{}) {
			panic(p)
		}
	}()
	observers := &core.Events{}
	all := set.GetInner()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		all[name](observers, func(options ...core.ErrorOption) {
			err := &gqlerror.Error{Rule: name}
			for _, option := range options {
				option(err)
			}
			if errs = append(errs, err); len(errs) == MaxErrors {
				panic(enough{}) // a rule cannot be told to stop
			}
		})
	}
	validator.Walk(schema, doc, observers)
	return errs
}

func replace(set *rules.Rules, one, by core.Rule) {
	set.RemoveRule(one.Name)
	set.AddRule(by.Name, by.RuleFunc)
}

// refuse says what of a document of that size is not taken.
func (l Limits) refuse(s size) gqlerror.List {
	if errs := l.exceeded(s); errs != nil {
		return errs
	}
	if l.NoIntrospection && s.introspectionDepth > 0 {
		return gqlerror.List{because(fault.Forbidden, ReasonIntrospection, "Asking for the schema is switched off.")}
	}
	return nil
}

// countTokens stops behind most.
func countTokens(text string, most int) (n int) {
	l := lexer.New(&ast.Source{Input: text})
	for n <= most {
		token, err := l.ReadToken()
		if err != nil || token.Kind == lexer.EOF {
			return n // the parser says what is wrong
		}
		n++
	}
	return n
}

// Brief cuts what is made of names that a client sent, which can be as long as the
// request, and of the schema, which strangers need not learn.
func Brief(text string) string {
	text, _, _ = strings.Cut(text, suggestion)
	if len(text) <= maxMessage {
		return text
	}
	return strings.ToValidUTF8(text[:maxMessage], "") + "…"
}

func tooMuch(reason, what string) gqlerror.List {
	return gqlerror.List{because(fault.TooComplex, reason, what)}
}

func refused(why string) gqlerror.List {
	return gqlerror.List{because(fault.Invalid, ReasonInvalid, why)}
}

func because(code fault.Code, reason, why string) *gqlerror.Error {
	return &gqlerror.Error{Message: why, Err: &refusal{code.New("", "%s", why), reason}}
}

// invalid is an error of the parser's or of validation, without a word of the
// schema that the text did not have.
func invalid(err error) *gqlerror.Error {
	out := new(gqlerror.Error)
	if known, ok := errors.AsType[*gqlerror.Error](err); ok {
		*out = *known
	} else {
		out.Message = err.Error()
	}
	out.Message = Brief(out.Message)
	code, reason := fault.Invalid, ReasonInvalid
	if out.Rule == rules.MaxIntrospectionDepth.Name {
		code, reason = fault.TooComplex, ReasonIntrospectionDepth
	}
	out.Err = &refusal{code.New("", "%s", out.Message), reason}
	return out
}
