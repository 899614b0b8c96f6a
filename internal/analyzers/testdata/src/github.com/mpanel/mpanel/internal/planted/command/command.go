package command

import (
	"context"
	"os"
	_ "os/exec" // want `os/exec is for internal/command only`
	"syscall"

	"github.com/mpanel/mpanel/internal/command"
)

func good(ctx context.Context, version string) { command.New(ctx, "/usr/bin/pg_dump", version) }

func bad(ctx context.Context) {
	command.New(ctx, "/bin/sh", "-c", "id")       // want `a shell is never started`
	command.New(ctx, "/usr/bin/"+"env", "id")     // want `a shell is never started`
	_, _ = os.StartProcess("/bin/true", nil, nil) // want `programs are started by command.New only`
	_ = syscall.Exec("/bin/true", nil, nil)       // want `programs are started by command.New only`
}

func excused() {
	//allow:command the process becomes the one that it was asked to be
	_ = syscall.Exec("/bin/true", nil, nil)
	//allow:command // want `this exception is not needed`
	_ = os.Getpid()
	/* want `this exception says no reason` */ _ = syscall.Exec("/bin/true", nil, nil) //allow:command short
}
