package devstack

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// What a cluster's folder holds.
const (
	dataName     = "data"
	newDataName  = "data.new"        // initdb's work, until it is complete
	runName      = "run"             // the unix socket
	lockName     = "lock"            // flock of the process that runs the cluster
	passwordName = "initdb-password" // exists while initdb runs
	pidName      = "data/postmaster.pid"
	versionName  = "data/PG_VERSION"
	hbaName      = "data/pg_hba.conf"
)

// A folder is a cluster's Dir, locked for this process. What is done in it as
// root goes through os.Root, because its owner could place links.
type folder struct {
	dir   string // absolute
	owner account
	root  *os.Root
	lock  *os.File
}

// openFolder makes the folder, hands it to its owner and locks it. Errors: a
// sentence when it holds something else, belongs to another user, or is in use.
func openFolder(dir string, owner account) (_ *folder, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // the parents must let the cluster's user pass
		return nil, fmt.Errorf("make the cluster's folder: %w", err)
	}
	// /proc and the sockets show real paths.
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return nil, fmt.Errorf("open the cluster's folder: %w", err)
	}
	if err := mayTake(dir, owner); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open the cluster's folder: %w", err)
	}
	f := &folder{dir: dir, owner: owner, root: root}
	defer func() {
		if err != nil {
			f.close()
		}
	}()
	// Locked before anything changes: the folder may be at work.
	if err := f.takeLock(); err != nil {
		return nil, err
	}
	if err := f.give("."); err != nil {
		return nil, err
	}
	if err := root.Chmod(".", 0o700); err != nil {
		return nil, fmt.Errorf("close the cluster's folder to others: %w", err)
	}
	return f, nil
}

// mayTake refuses a folder that is not a cluster's: taking it over would lock
// everyone else out of it, and a wrong setting may well say /var.
func mayTake(dir string, owner account) error {
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("open the cluster's folder: %w", err)
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && owner.cred == nil && int(st.Uid) != owner.uid {
		return fmt.Errorf("folder %s belongs to another user than %s: choose another folder with MPANEL_DATA_DIR, or start as that user or as root", dir, owner.name)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("read the cluster's folder: %w", err)
	}
	if len(entries) == 0 {
		return nil
	}
	for _, e := range entries {
		if e.Name() == lockName || e.Name() == dataName {
			return nil
		}
	}
	return fmt.Errorf("folder %s has other files in it: choose an empty one with MPANEL_DATA_DIR", dir)
}

// takeLock keeps a second process off the folder. The kernel drops the lock
// with the process, however that ends; children do not inherit it.
func (f *folder) takeLock() error {
	file, err := f.root.OpenFile(lockName, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("open the cluster's lock: %w", err)
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		holder := make([]byte, 20)
		n, _ := file.Read(holder) // nothing: it has not written its pid yet
		_ = file.Close()
		return fmt.Errorf("folder %s is already in use by process %s: stop that one first", f.dir, holderText(holder[:n]))
	}
	if err == nil {
		err = writeAt(file, strconv.Itoa(os.Getpid())+"\n")
	}
	if err != nil {
		_ = file.Close()
		return fmt.Errorf("lock the cluster's folder: %w", err)
	}
	f.lock = file
	return f.give(lockName)
}

func holderText(b []byte) string {
	if pid, err := strconv.Atoi(strings.TrimSpace(string(b))); err == nil {
		return strconv.Itoa(pid)
	}
	return "(just started)"
}

func writeAt(file *os.File, text string) error {
	if err := file.Truncate(0); err != nil {
		return err
	}
	_, err := file.WriteAt([]byte(text), 0)
	return err
}

// close gives the folder free for another process. The lock's file stays:
// removing it would let two processes lock two files of the same name.
func (f *folder) close() {
	if f.lock != nil {
		_ = f.lock.Close()
	}
	_ = f.root.Close()
}

// path returns the absolute path of one of the folder's names.
func (f *folder) path(name string) string { return filepath.Join(f.dir, name) }

// give makes the cluster's user the owner of one name.
func (f *folder) give(name string) error {
	if f.owner.cred == nil {
		return nil
	}
	if err := f.root.Lchown(name, f.owner.uid, f.owner.gid); err != nil {
		return fmt.Errorf("give %s to user %s: %w", f.path(name), f.owner.name, err)
	}
	return nil
}

// writeFile writes a file of mode 0600 for the cluster's user, in place of an
// older one and never half.
func (f *folder) writeFile(name, text string) error {
	draft := name + ".draft"
	if err := f.remove(draft); err != nil {
		return err
	}
	file, err := f.root.OpenFile(draft, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("write %s: %w", f.path(name), err)
	}
	_, err = file.WriteString(text)
	if err == nil {
		err = file.Sync() // before the rename, or a crash of the machine leaves it empty
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("write %s: %w", f.path(name), err)
	}
	if err := f.give(draft); err != nil {
		return err
	}
	if err := f.root.Rename(draft, name); err != nil {
		return fmt.Errorf("write %s: %w", f.path(name), err)
	}
	return nil
}

// sync makes renames in one of the folder's directories survive a crash of the machine.
func (f *folder) sync(dir string) error {
	d, err := f.root.Open(dir)
	if err == nil {
		err = errors.Join(d.Sync(), d.Close())
	}
	if err != nil {
		return fmt.Errorf("sync %s: %w", f.path(dir), err)
	}
	return nil
}

// remove deletes a file or an empty folder; a missing one is success.
func (f *folder) remove(name string) error {
	if err := f.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove %s: %w", f.path(name), err)
	}
	return nil
}
