package devstack

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A leftover is a PostgreSQL process that works in the folder without being
// ours: its parent was killed.
type leftover struct {
	proc       *os.Process // by pidfd, so never a later process of that pid
	postmaster bool        // the one that ends the others in order
	worthless  bool        // part of an interrupted initdb
}

// leftoverPoll is how often to look whether they are gone. They are nobody's
// children of ours, so there is nothing to wait on.
const leftoverPoll = 10 * time.Millisecond

// sweep ends what an earlier run left at work in the folder and removes its
// pid and socket files, which make postgres refuse to start when their pid has
// been given to another process. To be called with the lock held and without a
// running child.
func (f *folder) sweep(ctx context.Context, socketDir string, log *slog.Logger) error {
	tick := time.NewTicker(leftoverPoll)
	defer tick.Stop()
	began, sent := time.Now(), syscall.Signal(0)
	// Read once: a postmaster removes the file shortly before it is gone.
	main := f.postmasterPID()
	for {
		n, sig := f.endLeftovers(main, time.Since(began), sent)
		if n == 0 {
			break
		}
		if sig != sent {
			log.WarnContext(ctx, "ending postgres processes of an earlier run", "processes", n, "signal", sig.String())
			sent = sig
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("end %d postgres processes of an earlier run in %s: %w", n, f.dir, ctx.Err())
		}
	}
	if err := f.remove(pidName); err != nil {
		return err
	}
	return removeSockets(socketDir)
}

// endLeftovers counts the leftovers and signals them as fits the time that has
// passed: with main, the postmaster, alive it gets a chance to end the others.
// Nobody gets twice what sent says. It returns the signal of this round.
func (f *folder) endLeftovers(main int, passed time.Duration, sent syscall.Signal) (int, syscall.Signal) {
	all := f.leftovers(main)
	grace := time.Duration(0)
	for _, l := range all {
		defer func() { _ = l.proc.Release() }()
		if l.postmaster {
			grace = fastGrace
		}
	}
	sig := syscall.SIGINT
	switch {
	case passed >= grace+immediateGrace:
		sig = syscall.SIGKILL
	case passed >= grace:
		sig = syscall.SIGQUIT
	}
	for _, l := range all {
		switch {
		case l.worthless:
			_ = l.proc.Signal(syscall.SIGKILL)
		case sig == sent && sig != syscall.SIGKILL:
		case sig == syscall.SIGINT && !l.postmaster:
			// To a session it means: cancel the query. The postmaster ends it.
		default:
			_ = l.proc.Signal(sig)
		}
	}
	return len(all), sig
}

// leftovers finds the live PostgreSQL processes whose working folder is ours.
// A pid file alone proves nothing: pids come back, above all in containers.
// main is the pid in that file.
func (f *folder) leftovers(main int) []leftover {
	home, _ := f.root.Stat(".")
	data, _ := f.root.Stat(dataName)
	newData, _ := f.root.Stat(newDataName)

	var found []leftover
	f.owner.do(func() {
		entries, _ := os.ReadDir("/proc")
		for _, e := range entries {
			pid, err := strconv.Atoi(e.Name())
			if err != nil {
				continue
			}
			comm, err := os.ReadFile(filepath.Join("/proc", e.Name(), "comm"))
			if name := strings.TrimSpace(string(comm)); err != nil || (name != "postgres" && name != "initdb") {
				continue
			}
			// First the handle, then the proof that it is the right process.
			proc, err := os.FindProcess(pid)
			if err != nil {
				continue
			}
			// The link is followed to the folder itself; a zombie has none.
			cwd, err := os.Stat(filepath.Join("/proc", e.Name(), "cwd"))
			switch {
			case err != nil:
			case data != nil && os.SameFile(cwd, data):
				found = append(found, leftover{proc: proc, postmaster: pid == main})
				continue
			case newData != nil && os.SameFile(cwd, newData), home != nil && os.SameFile(cwd, home):
				found = append(found, leftover{proc: proc, worthless: true})
				continue
			}
			_ = proc.Release()
		}
	})
	return found
}

// postmasterPID is the pid in the folder's pid file; 0 for none.
func (f *folder) postmasterPID() int {
	text, err := f.root.ReadFile(pidName)
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil {
		return 0
	}
	return max(pid, -pid) // a single-user postgres writes its own as negative
}

// removeSockets removes the socket files of postgres, and their lock files,
// from a folder that only this cluster uses.
func removeSockets(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read socket folder: %w", err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".s.PGSQL.") {
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove stale socket: %w", err)
		}
	}
	return nil
}
