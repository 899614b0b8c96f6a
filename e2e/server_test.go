//go:build e2e

package e2e

import (
	"cmp"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Bounds of what a process does. They are liveness, not speed.
const (
	startTime = time.Minute // two clusters are made at the first start
	stopTime  = 10 * time.Second
)

// A launch is how to start a server; the zero value is `mpanel serve` on the
// installation's embedded default.
type launch struct {
	binary string
	env    []string
	as     *syscall.Credential
}

// A server is one running process of an installation.
type server struct {
	*installation
	cmd        *exec.Cmd
	out        *output // stdout and stderr
	url        string
	setupToken string // only at the first start
	exited     chan struct{}
	waitErr    error // to be read after exited
}

var (
	readyLine = regexp.MustCompile(`^MPanel is ready: (https?://\S+) \(GraphQL at \S+/graphql\)$`)
	setupLine = regexp.MustCompile(`^Create the first administrator, once, at: \S+/setup#(\S+)$`)
)

// environment is all that a process of ours gets from the tests' own.
func environment(more ...string) []string {
	env := []string{"PATH=" + os.Getenv("PATH"), "TMPDIR=" + os.TempDir(), "HOME=" + os.TempDir()}
	if dir := os.Getenv("GOCOVERDIR"); dir != "" {
		env = append(env, "GOCOVERDIR="+dir)
	}
	return append(env, more...)
}

// begin starts a process without waiting for anything.
func (in *installation) begin(t *testing.T, l launch) (s *server, ready chan string) {
	t.Helper()
	s = &server{installation: in, out: in.newOutput(), exited: make(chan struct{})}
	ready = make(chan string, 1)
	link := make(chan string, 1)
	s.out.lines = func(line string) {
		if m := readyLine.FindStringSubmatch(line); m != nil {
			s.url = m[1]
			if in.begun() {
				ready <- ""
			}
		}
		if m := setupLine.FindStringSubmatch(line); m != nil {
			select {
			case link <- m[1]:
			default:
			}
			in.keepSecret(m[1])
			if !in.begun() {
				ready <- m[1]
			}
		}
	}
	s.cmd = exec.Command(cmp.Or(l.binary, built.mpanel), "serve")
	s.cmd.Env = environment(append([]string{
		"MPANEL_DATA_DIR=" + in.data(), "MPANEL_LISTEN=127.0.0.1:0", "MPANEL_LOG_LEVEL=debug",
	}, l.env...)...)
	s.cmd.Stdout, s.cmd.Stderr = s.out, s.out
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL, Credential: l.as}
	require.NoError(t, s.cmd.Start())
	go func() {
		s.waitErr = s.cmd.Wait()
		close(s.exited)
	}()
	in.add(s)
	return s, ready
}

// start starts a server and returns when it says that it is ready.
func (in *installation) start(t *testing.T, l launch) *server {
	t.Helper()
	s, ok := in.tryStart(t, l)
	if !ok {
		require.FailNow(t, "the server ended instead of getting ready", "%v\n%s", s.waitErr, s.out.tail(30))
	}
	return s
}

// tryStart is start for a server that may die before it is ready; ok tells
// whether it got so far.
func (in *installation) tryStart(t *testing.T, l launch) (s *server, ok bool) {
	t.Helper()
	s, ready := in.begin(t, l)
	select {
	case s.setupToken = <-ready:
		return s, true
	case <-s.exited:
		return s, false
	case <-time.After(startTime):
		s.signal(syscall.SIGKILL)
		require.FailNow(t, "the server did not get ready", "%s", s.out.tail(30))
		return s, false
	}
}

func (s *server) signal(sig syscall.Signal) { _ = s.cmd.Process.Signal(sig) }

// wait returns the exit code, -1 for a signal.
func (s *server) wait(t *testing.T, limit time.Duration) int {
	t.Helper()
	select {
	case <-s.exited:
	case <-time.After(limit):
		s.signal(syscall.SIGQUIT) // for the goroutines
		<-s.exited
		require.FailNow(t, "the server did not end", "within %v\n%s", limit, s.out.tail(200))
	}
	return s.cmd.ProcessState.ExitCode()
}

// stop ends the server as systemd does: it must be gone with all of its
// clusters in time.
func (s *server) stop(t *testing.T) {
	t.Helper()
	select {
	case <-s.exited:
		return
	default:
	}
	family := descendants(s.cmd.Process.Pid)
	began := time.Now()
	s.signal(syscall.SIGTERM)
	require.Zero(t, s.wait(t, stopTime), "exit code after SIGTERM\n%s", s.out.tail(30))
	require.Empty(t, alive(family), "processes left %v after SIGTERM", time.Since(began))
}

// kill ends the server without a chance to say goodbye, and returns when its
// clusters have noticed.
func (s *server) kill(t *testing.T) {
	t.Helper()
	family := descendants(s.cmd.Process.Pid)
	s.signal(syscall.SIGKILL)
	<-s.exited
	awaitGone(t, family)
}

// runs tells whether the process has not ended.
func (s *server) runs() bool {
	select {
	case <-s.exited:
		return false
	default:
		return true
	}
}

// peakRSS is the most memory that the process itself had, in bytes, once it is over.
func (s *server) peakRSS() int64 {
	usage, ok := s.cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	return usage.Maxrss << 10
}

// refused runs a server that must not start, and gives its exit code and what it
// says at its end, without the log before.
func (in *installation) refused(t *testing.T, env ...string) (int, string) {
	t.Helper()
	s, ready := in.begin(t, launch{env: env})
	select {
	case <-s.exited:
	case <-ready:
		s.stop(t)
		require.FailNow(t, "the server started")
	case <-time.After(startTime):
		s.signal(syscall.SIGKILL)
		require.FailNow(t, "the server neither started nor gave up", "%s", s.out.tail(30))
	}
	return s.cmd.ProcessState.ExitCode(), withoutLog(s.out.String())
}

// withoutLog leaves out the lines of JSON.
func withoutLog(s string) string {
	var kept []string
	for line := range strings.Lines(s) {
		if !strings.HasPrefix(line, `{"time":`) {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}

// runCommand runs a sub-command to its end, with stdin.
func (in *installation) runCommand(t *testing.T, stdin string, args ...string) (code int, said string) {
	t.Helper()
	out := in.newOutput()
	cmd := exec.CommandContext(t.Context(), built.mpanel, args...)
	cmd.Env = environment("MPANEL_DATA_DIR="+in.data(), "MPANEL_LOG_LEVEL=debug")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), out, out
	err := cmd.Run()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	return cmd.ProcessState.ExitCode(), withoutLog(out.String())
}

// data is the data dir.
func (in *installation) data() string { return filepath.Join(in.dir, "data") }
