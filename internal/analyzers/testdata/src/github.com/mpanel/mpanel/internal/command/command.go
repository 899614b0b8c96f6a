// Package command is the one that may start programs.
package command

import (
	"context"
	"os/exec"
)

func New(ctx context.Context, path string, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, path, args...)
}
