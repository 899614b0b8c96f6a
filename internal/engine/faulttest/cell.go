package faulttest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/mpanel/mpanel/internal/engine"
	"github.com/mpanel/mpanel/internal/fault"
)

// A Mode is what happens at a point.
type Mode string

// The modes.
const (
	// Kill ends the process with SIGKILL.
	Kill Mode = "kill"
	// Fail makes the step fail once with an error that is worth another try,
	// after the effect where the point comes after it.
	Fail Mode = "fail"
	// LoseAck lets the next commit of the journal happen and breaks the
	// connection before its answer arrives.
	LoseAck Mode = "lose-ack"
	// Terminate ends every session that the panel has, with the journal's database
	// and with the server that it works on.
	Terminate Mode = "terminate"
)

// Modes lists all modes.
func Modes() []Mode { return []Mode{Kill, Fail, LoseAck, Terminate} }

// A Cell is one run of the matrix: at the point something happens, and the job
// is one that succeeds, or one that a permanent failure at a point ends.
type Cell struct {
	Point string
	Mode  Mode
	// Doom is the point at which the job fails for good; "" when it is to succeed.
	Doom string
}

func (c Cell) String() string {
	s := string(c.Mode) + " at " + c.Point
	if c.Doom != "" {
		s += ", doomed at " + c.Doom
	}
	return s
}

// Env is the cell for a child process.
func (c Cell) Env() []string {
	return []string{"FAULTTEST_POINT=" + c.Point, "FAULTTEST_MODE=" + string(c.Mode), "FAULTTEST_DOOM=" + c.Doom}
}

// FromEnv is the cell that a parent process chose.
func FromEnv() Cell {
	return Cell{Point: os.Getenv("FAULTTEST_POINT"), Mode: Mode(os.Getenv("FAULTTEST_MODE")), Doom: os.Getenv("FAULTTEST_DOOM")}
}

// Doomed is the permanent failure.
func Doomed() error { return fault.Invalid.Permanent("", "This job is meant to fail.") }

// errInjected is what a step that fails once returns.
var errInjected = errors.New("injected failure")

// A Trap is a probe that makes a cell come true, and remembers which points it saw.
type Trap struct {
	Cell Cell
	// LoseAck arms the journal's connections.
	LoseAck func()
	// Terminate ends the panel's sessions.
	Terminate func(context.Context) error

	mu     sync.Mutex
	seen   []string
	sprung bool
}

// Seen lists the points in the order in which they first came.
func (t *Trap) Seen() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.seen)
}

// Sprung tells whether the cell's point was reached.
func (t *Trap) Sprung() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.sprung
}

// Probe implements engine.Probe.
func (t *Trap) Probe(ctx context.Context, point string) error {
	if t.note(point) {
		switch t.Cell.Mode {
		case Kill:
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // until the signal arrives
		case Fail:
			return errInjected
		case LoseAck:
			t.LoseAck()
		case Terminate:
			if err := t.Terminate(ctx); err != nil {
				return fmt.Errorf("terminate sessions: %w", err)
			}
		}
	}
	if point == t.Cell.Doom {
		return Doomed()
	}
	return nil
}

func (t *Trap) note(point string) (spring bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !slices.Contains(t.seen, point) {
		t.seen = append(t.seen, point)
	}
	spring = point == t.Cell.Point && !t.sprung
	t.sprung = t.sprung || spring
	return spring
}

// Counts tells how a matrix went.
type Counts struct {
	Cells, Kills, Failures, LostAcks, Terminations, Violations int
	mu                                                         sync.Mutex
}

// Add counts a cell.
func (c *Counts) Add(cell Cell, violations int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Cells++
	c.Violations += violations
	switch cell.Mode {
	case Kill:
		c.Kills++
	case Fail:
		c.Failures++
	case LoseAck:
		c.LostAcks++
	case Terminate:
		c.Terminations++
	}
}

func (c *Counts) String() string {
	var b strings.Builder
	for _, n := range []struct {
		what string
		n    int
	}{{"cells", c.Cells}, {"kill -9", c.Kills}, {"failures", c.Failures}, {"lost acknowledgements", c.LostAcks}, {"terminated sessions", c.Terminations}, {"violations", c.Violations}} {
		b.WriteString(strconv.Itoa(n.n) + " " + n.what + ", ")
	}
	return strings.TrimSuffix(b.String(), ", ")
}

var _ engine.Probe = (*Trap)(nil).Probe
