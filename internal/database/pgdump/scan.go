package pgdump

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"regexp"
	"strings"

	"github.com/mpanel/mpanel/internal/fault"
)

const (
	// maxStatement bounds what is kept of a dump at once, in bytes: one statement.
	// Rows of COPY are not kept at all.
	maxStatement = 32 << 20
	// maxWords are kept of a statement; what it is shows in fewer.
	maxWords = 24
	// readAhead is the buffer before the scanner, in bytes.
	readAhead = 128 << 10
)

// Marks that pg_dump writes as comments.
const (
	markBegin    = "-- PostgreSQL database dump"
	markComplete = "-- PostgreSQL database dump complete"
)

// A statement is one SQL statement of a dump, without the semicolon.
type statement struct {
	line  int // where it begins, from 1
	sql   string
	words []string // those outside quotes, comments and parentheses, in capitals; a quoted one is `"` or `'`
	text  string   // of its first string constant: what SET client_encoding names
}

// A scanner cuts a plain dump into statements and rows as psql does. It runs
// nothing: a command of psql, which begins with a backslash, is an error, but
// for the two that pg_dump itself writes to lock psql.
type scanner struct {
	in       *bufio.Reader
	line     int
	begun    bool // the mark of the beginning was seen
	complete bool // the mark of the end was seen, and nothing after it
	version  string

	buf    []byte
	words  []string
	text   string
	start  int
	parens int
	blocks int // BEGIN ATOMIC and CASE that are open
}

func newScanner(r io.Reader) *scanner {
	return &scanner{in: bufio.NewReaderSize(r, readAhead), line: 1}
}

func (s *scanner) refuse(format string, args ...any) error {
	return fault.Invalid.Permanent("", "Line %d: "+format, append([]any{s.line}, args...)...)
}

func (s *scanner) read() (byte, error) {
	c, err := s.in.ReadByte()
	if err != nil {
		return 0, err
	}
	switch c {
	case '\n':
		s.line++
	case 0:
		return 0, s.refuse("there is a zero byte; this is not a plain dump.")
	}
	return c, nil
}

// peek is the next byte without taking it, 0 at the end.
func (s *scanner) peek() byte {
	b, err := s.in.Peek(1)
	if err != nil {
		return 0
	}
	return b[0]
}

func (s *scanner) keep(c byte) error {
	if len(s.buf) >= maxStatement {
		return s.refuse("a statement has more than %d MiB.", maxStatement>>20)
	}
	s.buf = append(s.buf, c)
	return nil
}

func (s *scanner) empty() bool { return len(s.buf) == 0 }

// next is the next statement, io.EOF after the last one.
func (s *scanner) next() (statement, error) {
	s.buf, s.words, s.text, s.parens, s.blocks = s.buf[:0], nil, "", 0, 0
	for {
		c, err := s.read()
		if errors.Is(err, io.EOF) {
			if !s.empty() {
				return statement{}, s.refuse("the dump ends in the middle of a statement; it is truncated.")
			}
			return statement{}, io.EOF
		}
		if err != nil {
			return statement{}, err
		}
		done, err := s.take(c)
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = s.refuse("the dump ends in the middle of a statement; it is truncated.")
			}
			return statement{}, err
		}
		if done {
			s.complete = false
			return statement{line: s.start, sql: string(s.buf), words: s.words, text: s.text}, nil
		}
	}
}

// take handles what begins with c; done is the end of a statement.
func (s *scanner) take(c byte) (done bool, err error) {
	switch {
	case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v':
		if s.empty() {
			return false, s.blanks()
		}
		return false, s.keep(c)
	case c == 0xEF && s.line == 1 && s.empty() && !s.begun: // a byte order mark
		if b, err := s.in.Peek(2); err == nil && b[0] == 0xBB && b[1] == 0xBF {
			_, err = s.in.Discard(2)
			return false, err
		}
	case c == '-' && s.peek() == '-':
		return false, s.lineComment()
	case c == '/' && s.peek() == '*':
		return false, s.blockComment()
	case c == '\\':
		return false, s.command()
	case c == ';' && s.parens == 0 && s.blocks == 0:
		return !s.empty(), nil
	}
	if s.empty() {
		s.start = s.line
	}
	switch {
	case c == '\'':
		return false, s.quoted(c, false)
	case c == '"':
		return false, s.quoted(c, false)
	case c == '$':
		return false, s.dollar()
	case isLetter(c):
		return false, s.word(c)
	case c == '(' || c == '[':
		s.parens++
	case (c == ')' || c == ']') && s.parens > 0:
		s.parens--
	}
	return false, s.keep(c)
}

// blanks skips those between statements, of which a hostile dump may have gigabytes.
func (s *scanner) blanks() error {
	for {
		ahead, err := s.in.Peek(max(1, s.in.Buffered()))
		if len(ahead) == 0 {
			if errors.Is(err, io.EOF) {
				return nil // next finds it
			}
			return err
		}
		n := len(ahead) - len(bytes.TrimLeft(ahead, " \t\n\r\f\v"))
		s.line += bytes.Count(ahead[:n], []byte{'\n'})
		if _, err := s.in.Discard(n); err != nil || n < len(ahead) {
			return err
		}
	}
}

func isLetter(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= 0x80
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// word reads an identifier or keyword, and the string constant that may hang on it.
func (s *scanner) word(c byte) error {
	from := len(s.buf)
	if err := s.keep(c); err != nil {
		return err
	}
	for c = s.peek(); isLetter(c) || isDigit(c) || c == '$'; c = s.peek() {
		if _, err := s.read(); err != nil {
			return err
		}
		if err := s.keep(c); err != nil {
			return err
		}
	}
	w := strings.ToUpper(string(s.buf[from:]))
	if c == '\'' && w == "E" {
		if _, err := s.read(); err != nil {
			return err
		}
		return s.quoted('\'', true)
	}
	if s.parens == 0 {
		s.note(w)
		s.block(w)
	}
	return nil
}

func (s *scanner) note(w string) {
	if s.parens == 0 && len(s.words) < maxWords {
		s.words = append(s.words, w)
	}
}

// block counts what BEGIN ATOMIC opens: within it, a semicolon ends nothing.
func (s *scanner) block(w string) {
	routine := false
	if len(s.words) > 1 && s.words[0] == "CREATE" {
		kind := s.words[1]
		if kind == "OR" && len(s.words) > 3 {
			kind = s.words[3]
		}
		routine = kind == "FUNCTION" || kind == "PROCEDURE"
	}
	switch {
	case !routine:
	case w == "BEGIN":
		s.blocks++
	case w == "CASE" && s.blocks > 0:
		s.blocks++
	case w == "END" && s.blocks > 0:
		s.blocks--
	}
}

// quoted reads up to the closing quote, which doubled is a part of the text.
func (s *scanner) quoted(q byte, escapes bool) error {
	if err := s.keep(q); err != nil {
		return err
	}
	s.note(string(q))
	from := len(s.buf)
	for {
		c, err := s.read()
		if err != nil {
			return err
		}
		if err := s.keep(c); err != nil {
			return err
		}
		switch {
		case escapes && c == '\\':
			if c, err = s.read(); err != nil {
				return err
			}
			if err := s.keep(c); err != nil {
				return err
			}
		case c == q && s.peek() == q:
			if c, err = s.read(); err != nil {
				return err
			}
			if err := s.keep(c); err != nil {
				return err
			}
		case c == q:
			if q == '\'' && s.text == "" && len(s.buf)-from < 64 {
				s.text = string(s.buf[from : len(s.buf)-1])
			}
			return nil
		}
	}
}

// dollar reads $tag$...$tag$, or a dollar that is none.
func (s *scanner) dollar() error {
	ahead, err := s.in.Peek(1)
	n := 0 // of the tag
	for err == nil && n < 64 {
		c := ahead[n]
		if c == '$' {
			break
		}
		if !isLetter(c) && (n == 0 || !isDigit(c)) {
			return s.keep('$')
		}
		n++
		ahead, err = s.in.Peek(n + 1)
	}
	if err != nil || n == 64 {
		return s.keep('$')
	}
	tag := append([]byte{'$'}, ahead[:n+1]...)
	if _, err := s.in.Discard(n + 1); err != nil {
		return err
	}
	s.buf = append(s.buf, tag...)
	s.note("'")
	from := len(s.buf)
	for {
		c, err := s.read()
		if err != nil {
			return err
		}
		if err := s.keep(c); err != nil {
			return err
		}
		if c == '$' && len(s.buf)-len(tag) >= from && bytes.HasSuffix(s.buf, tag) {
			return nil
		}
	}
}

// lineComment drops a comment, and looks whether it is one of pg_dump's marks.
func (s *scanner) lineComment() error {
	const longest = 128
	text := []byte{'-'}
	for {
		c, err := s.read()
		if errors.Is(err, io.EOF) || err == nil && c == '\n' {
			break
		}
		if err != nil {
			return err
		}
		if len(text) < longest {
			text = append(text, c)
		}
	}
	if !s.empty() {
		return s.keep('\n')
	}
	switch line := strings.TrimRight(string(text), "\r "); {
	case line == markBegin:
		s.begun = true
	case line == markComplete:
		s.complete = true
	case strings.HasPrefix(line, "-- Dumped from database version ") && s.version == "":
		s.version = strings.TrimPrefix(line, "-- Dumped from database version ")
	}
	return nil
}

func (s *scanner) blockComment() error {
	if _, err := s.read(); err != nil { // the star
		return err
	}
	for depth := 1; depth > 0; {
		c, err := s.read()
		if err != nil {
			return err
		}
		switch next := s.peek(); {
		case c == '/' && next == '*':
			depth++
		case c == '*' && next == '/':
			depth--
		default:
			continue
		}
		if _, err := s.read(); err != nil {
			return err
		}
	}
	if s.empty() {
		return nil
	}
	return s.keep(' ')
}

// restrict is how pg_dump since November 2025 locks psql against commands in data.
var restrict = regexp.MustCompile(`^(un)?restrict [A-Za-z0-9]+$`)

// command refuses what psql would carry out on this machine.
func (s *scanner) command() error {
	line := s.line
	var text []byte
	for len(text) < 128 {
		c, err := s.read()
		if errors.Is(err, io.EOF) || err == nil && c == '\n' {
			break
		}
		if err != nil {
			return err
		}
		text = append(text, c)
	}
	if s.empty() && restrict.Match(bytes.TrimRight(text, "\r ")) {
		return nil
	}
	s.line = line
	name := commandName.Find(text)
	return s.refuse(`there is a command of psql, \%s; the panel runs SQL only. A dump made with --create or by pg_dumpall has such commands: make it without.`, name)
}

var commandName = regexp.MustCompile(`^([a-z]{1,20}|[!?.;])?`)

// rows are the data lines after a COPY ... FROM stdin, without the closing \.
type rows struct {
	s    *scanner
	rest []byte // of the reader's buffer, not given yet
	mid  bool   // within a line
	err  error  // io.EOF after the closing line
}

func (r *rows) Read(p []byte) (n int, err error) {
	for n < len(p) {
		if len(r.rest) == 0 {
			if r.err != nil {
				break
			}
			// What was given is copied already, so the buffer may move on; a full
			// buffer of other lines goes out before it is read again.
			if n > 0 && r.s.in.Buffered() == 0 {
				break
			}
			r.more()
			continue
		}
		c := copy(p[n:], r.rest)
		r.rest = r.rest[c:]
		n += c
	}
	if n == 0 && r.err != nil {
		return 0, r.err
	}
	return n, nil
}

// more takes the next line, or a part of a long one.
func (r *rows) more() {
	line, err := r.s.in.ReadSlice('\n')
	whole := err == nil
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
	case errors.Is(err, io.EOF):
		if !r.mid && string(line) == `\.` { // the last line of the file, without its end
			r.err = io.EOF
			return
		}
		r.err = r.s.refuse("the dump ends in the middle of the rows of a table; it is truncated.")
		return
	case err != nil:
		r.err = err
		return
	}
	if !r.mid && len(line) <= 4 && string(bytes.TrimRight(line, "\r\n")) == `\.` {
		r.s.line++
		r.err = io.EOF
		return
	}
	if whole {
		r.s.line++
	}
	r.rest, r.mid = line, !whole
}

// rows are those that follow the COPY statement that next gave.
func (s *scanner) rows() (*rows, error) {
	for {
		c, err := s.read()
		switch {
		case errors.Is(err, io.EOF):
			return nil, s.refuse("the dump ends in the middle of the rows of a table; it is truncated.")
		case err != nil:
			return nil, err
		case c == '\n':
			return &rows{s: s}, nil
		case c != ' ' && c != '\t' && c != '\r':
			return nil, s.refuse("there is something behind a COPY statement.")
		}
	}
}

// drain reads rows to their end.
func (r *rows) drain() error {
	for r.err == nil {
		r.more()
	}
	if errors.Is(r.err, io.EOF) {
		return nil
	}
	return r.err
}
