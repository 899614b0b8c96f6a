package pgdump

import (
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/mpanel/mpanel/internal/command"
	"github.com/mpanel/mpanel/internal/fault"
)

// maxErrors is what is kept of what a program says, in bytes.
const maxErrors = 4 << 10

// nobody is who runs programs when the panel is root.
const nobody = 65534

// A program is pg_dump or pg_restore at work. It is a process group of its own,
// which is killed as a whole.
type program struct {
	name string
	cmd  *command.Cmd
	out  io.ReadCloser
	errs *bounded
	over bool
	err  error
}

// start runs a command whose output is read from out.
func start(cmd *command.Cmd, name string) (*program, error) {
	p := &program{name: name, cmd: cmd, errs: &bounded{}}
	cmd.Dir, cmd.Stderr = "/", p.errs
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if os.Geteuid() == 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	var err error
	if p.out, err = cmd.StdoutPipe(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return p, nil
}

// wait tells how the program ended, after its output was read to the end or is
// not wanted any more.
func (p *program) wait() error {
	if !p.over {
		p.over = true
		_ = p.out.Close() // who still writes gets a broken pipe
		p.err = p.explain(p.cmd.Wait())
	}
	return p.err
}

// stop kills what still runs.
func (p *program) stop() {
	if !p.over {
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) // it may have ended by itself
		_ = p.wait()
	}
}

// explain turns what a program said into what a customer may read.
func (p *program) explain(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if exit, ok := errors.AsType[*command.ExitError](err); !ok || !exit.Exited() {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	text := p.errs.String()
	why := firstError(text)
	cause := errors.New(p.name + ": " + why)
	switch {
	case strings.Contains(text, "server version mismatch"):
		return fault.Unavailable.Wrap(cause, "", "pg_dump on the panel's machine is older than the server: install postgresql-client of the server's version.")
	case strings.Contains(text, "unsupported version"):
		return permanent(cause, "The dump was made by a newer pg_dump than the panel's pg_restore reads: %s.", why)
	case p.name == "pg_restore":
		return permanent(cause, "The dump is damaged or truncated: %s.", why)
	case strings.Contains(text, "connection to server"), strings.Contains(text, "server closed the connection"), strings.Contains(text, "terminating connection"):
		return fault.Unavailable.Wrap(cause, "", "The database server went away while it was read.")
	case strings.Contains(text, "permission denied"), strings.Contains(text, "row-level security"):
		return permanent(cause, "The database's own login may not read all of it: %s.", why)
	}
	return fault.Unavailable.Wrap(cause, "", "The database could not be read: %s.", why)
}

// firstError is the first line of an error, without the program's name.
func firstError(text string) string {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if _, after, ok := strings.Cut(line, "error: "); ok {
			line = after
		}
		line = strings.TrimPrefix(line, "query failed: ")
		line = strings.TrimPrefix(line, "ERROR:  ")
		if line != "" {
			return strings.TrimSuffix(strings.ToValidUTF8(line[:min(len(line), 200)], ""), ".")
		}
	}
	return "it said nothing"
}

// bounded keeps the beginning of what is written to it.
type bounded struct {
	mu sync.Mutex
	b  []byte
}

func (b *bounded) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.b = append(b.b, p[:min(len(p), maxErrors-len(b.b))]...)
	return len(p), nil
}

func (b *bounded) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return string(b.b)
}

func isCorrupt(err error) bool {
	_, ok := errors.AsType[flate.CorruptInputError](err)
	return ok
}
