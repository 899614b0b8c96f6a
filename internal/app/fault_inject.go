//go:build faultinject

package app

import (
	"context"
	"os"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/mpanel/mpanel/internal/engine"
)

// faultProbe kills the process, as kill -9 does, when a job comes for the n-th
// time to a point of MPANEL_FAULT_POINT, which has the form <n>@<point>; a point
// "*" is any. Only binaries built for torture have it.
func faultProbe() engine.Probe {
	count, point, ok := strings.Cut(os.Getenv("MPANEL_FAULT_POINT"), "@")
	if !ok {
		return nil
	}
	var left atomic.Int64
	for _, c := range count {
		left.Store(left.Load()*10 + int64(c-'0'))
	}
	return func(_ context.Context, at string) error {
		if (point == "*" || at == point) && left.Add(-1) == 0 {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
		return nil
	}
}
