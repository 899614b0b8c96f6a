// Package command starts other programs: from an absolute path, with arguments that no
// shell reads, and with no environment but what it is given. Nothing else starts one;
// the analyzer command of internal/analyzers sees to it.
package command

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
)

// What callers need of os/exec.
type (
	// Cmd is a command that is about to run, or runs.
	Cmd = exec.Cmd
	// ExitError is how a program ended that did not end well.
	ExitError = exec.ExitError
)

// ErrRefused is the error of a command that is not to run.
var ErrRefused = errors.New("command: refused")

// readers read what they are given as a language, or run what it names.
var readers = []string{
	"sh", "bash", "dash", "ash", "zsh", "ksh", "fish", "csh", "tcsh", "busybox", "env", "xargs", "sudo", "su", "doas", "nice", "nohup", "timeout",
	"perl", "python", "python3", "ruby", "awk", "gawk", "mawk", "sed", "find", "ssh", "eval",
}

// IsShell tells whether a program reads what it is given as commands.
func IsShell(path string) bool { return slices.Contains(readers, filepath.Base(path)) }

// environment is what a program sees that is given nothing else.
func environment() []string {
	return []string{"LC_ALL=C", "TZ=UTC", "HOME=/nonexistent", "PATH=/usr/bin:/bin"}
}

// New is the command of a program at an absolute path with its arguments, which ends with ctx. Its
// environment has no secret and nothing of ours; Env may be set to another one. Running
// a program that is a shell, or one whose path is relative, fails with ErrRefused.
func New(ctx context.Context, path string, args ...string) *Cmd {
	cmd := exec.CommandContext(ctx, path, args...) // #nosec G204 -- this is the place that looks at it
	cmd.Env = environment()
	switch {
	case !filepath.IsAbs(path):
		cmd.Err = fmt.Errorf("%w: the path %q is not absolute", ErrRefused, path)
	case IsShell(path):
		cmd.Err = fmt.Errorf("%w: %s reads what it is given as commands", ErrRefused, path)
	}
	return cmd
}
