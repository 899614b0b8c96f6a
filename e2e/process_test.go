//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A process is one of the machine's; the start time tells it from a later one
// of the same pid.
type process struct {
	pid, parent int
	name        string
	started     string
}

// processes reads /proc; zombies are left out.
func processes() map[int]process {
	found := map[int]process{}
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		stat, err := os.ReadFile(filepath.Join("/proc", e.Name(), "stat"))
		if err != nil {
			continue // it has just ended
		}
		// pid (name) state ppid ...: the name may have spaces and brackets.
		open, end := strings.IndexByte(string(stat), '('), strings.LastIndexByte(string(stat), ')')
		fields := strings.Fields(string(stat)[end+1:])
		if fields[0] == "Z" {
			continue
		}
		parent, _ := strconv.Atoi(fields[1])
		found[pid] = process{pid: pid, parent: parent, name: string(stat)[open+1 : end], started: fields[19]}
	}
	return found
}

// descendants are the children of a process and theirs.
func descendants(pid int) []process {
	all := processes()
	var found []process
	for _, p := range all {
		for up := p.parent; up > 1; up = all[up].parent {
			if up == pid {
				found = append(found, p)
				break
			}
		}
	}
	return found
}

// alive are those of the processes that still run.
func alive(family []process) []process {
	all := processes()
	var left []process
	for _, p := range family {
		if now, ok := all[p.pid]; ok && now.started == p.started {
			left = append(left, p)
		}
	}
	return left
}

// awaitGone waits for processes that are nobody's children any more.
func awaitGone(t *testing.T, family []process) {
	t.Helper()
	eventually(t, stopTime, func() error {
		if left := alive(family); len(left) > 0 {
			return fmt.Errorf("still there: %v", left)
		}
		return nil
	})
}

// eventually tries until there is no error; for what tells nobody when it is done.
func eventually(t *testing.T, limit time.Duration, try func() error) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(limit)
	for {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			require.FailNow(t, "did not come true", "within %v: %v", limit, err)
		case <-t.Context().Done():
			require.NoError(t, err)
		}
	}
}
