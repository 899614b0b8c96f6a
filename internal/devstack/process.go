package devstack

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"syscall"
	"time"

	"github.com/mpanel/mpanel/internal/command"
)

// A program is what to run, as whom and where.
type program struct {
	path        string
	args        []string
	dir         string
	env         []string
	account     account
	deathSignal syscall.Signal // what it gets when we die
}

// A process is a running program: our own child.
type process struct {
	cmd    *command.Cmd
	exited chan struct{} // closed when it is reaped and its output read
	err    error         // how it ended; to be read after exited
}

// How long the ways to end postgres get before the next, harsher one.
const (
	fastGrace      = 8 * time.Second // SIGINT: sessions are ended, data is written
	immediateGrace = 2 * time.Second // SIGQUIT: the next start recovers from the WAL
)

// outputGrace is how long to read on after a process has ended: its own
// children may hold the pipe for longer than anyone wants to wait.
const outputGrace = 500 * time.Millisecond

// launch starts a program in a process group of its own, so that the
// terminal's Ctrl-C reaches only us. Each line of its output goes to line.
func launch(prog program, line func(string)) (*process, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("make pipe: %w", err)
	}
	cmd := command.New(context.Background(), prog.path, prog.args...) // halt ends it, in PostgreSQL's own way
	cmd.Dir, cmd.Env = prog.dir, prog.env
	cmd.Stdout, cmd.Stderr = w, w
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Credential: prog.account.cred, Setpgid: true, Pdeathsig: prog.deathSignal,
	}
	p := &process{cmd: cmd, exited: make(chan struct{})}
	started := make(chan error)
	go func() {
		// The kernel sends the death signal when the thread that forked ends,
		// so that thread stays with the child.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		_ = w.Close()
		if err != nil {
			_ = r.Close()
			started <- err
			return
		}
		read := make(chan struct{})
		go func() {
			defer close(read)
			readLines(r, line)
		}()
		started <- nil
		p.err = cmd.Wait()
		_ = r.SetReadDeadline(time.Now().Add(outputGrace))
		<-read
		_ = r.Close()
		close(p.exited)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", prog.path, err)
	}
	return p, nil
}

// maxLine is where longer lines are cut in two, in bytes. Nothing is dropped,
// because a pipe that nobody reads stops postgres.
const maxLine = 8 << 10

func readLines(r io.Reader, line func(string)) {
	br := bufio.NewReaderSize(r, maxLine)
	for {
		text, _, err := br.ReadLine()
		if err != nil {
			return
		}
		line(string(text))
	}
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// signal does nothing when the process has ended.
func (p *process) signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) }

// killGroup ends the process and its children at once.
func (p *process) killGroup() { _ = syscall.Kill(-p.pid(), syscall.SIGKILL) }

// halt ends postgres and returns when it is gone: first with SIGINT unless
// immediate, then, after a grace or when hurry is over, with SIGQUIT, then with
// SIGKILL. It tells whether it had to go further than asked.
func (p *process) halt(hurry context.Context, immediate bool) (forced bool) {
	if !immediate {
		p.signal(fastStop)
		select {
		case <-p.exited:
			return false
		case <-hurry.Done():
		case <-time.After(fastGrace):
		}
	}
	p.signal(immediateStop)
	select {
	case <-p.exited:
		return !immediate
	case <-time.After(immediateGrace):
	}
	p.signal(syscall.SIGKILL)
	<-p.exited
	return true
}
