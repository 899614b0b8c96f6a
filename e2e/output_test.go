//go:build e2e

package e2e

import (
	"bytes"
	"strings"
	"sync"
)

// An output keeps what a process writes and passes its lines on.
type output struct {
	mu    sync.Mutex
	all   bytes.Buffer
	part  []byte       // of a line that has not ended
	lines func(string) // may be nil
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all.Write(b)
	o.part = append(o.part, b...)
	for {
		line, rest, ok := bytes.Cut(o.part, []byte("\n"))
		if !ok {
			return len(b), nil
		}
		if o.lines != nil {
			o.lines(string(line))
		}
		o.part = rest
	}
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.all.String()
}

// tail is what to show when a test fails: the last lines, without what the
// clusters tell in the ordinary course of things.
func (o *output) tail(n int) string {
	var lines []string
	for line := range strings.Lines(o.String()) {
		if !strings.Contains(line, `"level":"DEBUG","msg":"postgres says"`) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines[max(0, len(lines)-n):], "")
}
