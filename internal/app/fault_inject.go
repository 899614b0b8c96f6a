//go:build faultinject

package app

import (
	"context"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/mpanel/mpanel/internal/engine"
)

// faultProbe kills the process, as kill -9 does, when a job comes for the n-th
// time to a point of MPANEL_FAULT_POINT, which has the form <n>@<point>; a point
// "*" is any. With MPANEL_FAULT_SIGNAL=STOP the process is paused there until it
// gets a SIGCONT. Only binaries built for torture have it.
func faultProbe() engine.Probe {
	count, point, ok := strings.Cut(os.Getenv("MPANEL_FAULT_POINT"), "@")
	if !ok {
		return nil
	}
	n, err := strconv.ParseInt(count, 10, 64)
	if err != nil {
		return nil
	}
	var left atomic.Int64
	left.Store(n)
	paused := os.Getenv("MPANEL_FAULT_SIGNAL") == "STOP"
	return func(_ context.Context, at string) error {
		if point != "*" && at != point || left.Add(-1) != 0 {
			return nil
		}
		if paused {
			return syscall.Kill(os.Getpid(), syscall.SIGSTOP)
		}
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}
