package devstack

import (
	"context"
	"log/slog"
	"regexp"
	"strings"
	"sync"
)

// linePrefix puts SQLSTATE and pid before each message, for output.line.
const linePrefix = "%e [%p] "

// fatalLine matches the start of a message that ends a session or the server.
var fatalLine = regexp.MustCompile(`^([0-9A-Z]{5}) \[[0-9]+\] (?:FATAL|PANIC):  (.*)`)

// An output is what one program says; its lines go to the log.
type output struct {
	log *slog.Logger

	mu    sync.Mutex
	fatal string   // the first message of level FATAL or PANIC
	last  []string // the last lines, oldest first
}

// keptLines are enough for initdb's error with its detail and hint.
const keptLines = 4

func newOutput(log *slog.Logger) *output { return &output{log: log} }

// line takes one line without its end.
func (o *output) line(line string) {
	if line == "" {
		return
	}
	level := slog.LevelDebug
	m := fatalLine.FindStringSubmatch(line)
	if m != nil && !routine(m[1]) {
		level = slog.LevelWarn
	}
	o.log.Log(context.Background(), level, "postgres says", "line", line)

	o.mu.Lock()
	defer o.mu.Unlock()
	if level == slog.LevelWarn && o.fatal == "" {
		o.fatal = m[2]
	}
	if len(o.last) == keptLines {
		o.last = o.last[1:]
	}
	o.last = append(o.last, strings.TrimSpace(line))
}

// routine tells which fatal messages are no news: "the database system is
// starting up" (57P03), which our own logins provoke, and "terminating
// connection due to administrator command" (57P01), one for each session at
// every stop and forced drop.
func routine(sqlState string) bool { return sqlState == "57P03" || sqlState == "57P01" }

// reason is why the program ended, as far as it said.
func (o *output) reason() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.fatal != "" {
		return o.fatal
	}
	return strings.Join(o.last, "; ")
}
