package database

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/google/uuid"

	"github.com/mpanel/mpanel/internal/fault"
	"github.com/mpanel/mpanel/internal/ident"
)

const (
	partSuffix = ".part"
	// reserveBytes of the disk are not for dumps.
	reserveBytes = 256 << 20
	// lookEvery is how much is written between two looks at the disk, in bytes.
	lookEvery = 64 << 20
)

// dumpFiles are the dumps on this node. A file has its final name only when it
// is complete and on disk; each attempt writes a file of its own, so that one
// that was paused and goes on later harms nobody.
type dumpFiles struct {
	dir  string
	born time.Time // what is older was left by another process

	mu   sync.Mutex
	root *os.Root // nil before the first use
}

func newDumpFiles(dir string) *dumpFiles { return &dumpFiles{dir: dir, born: time.Now()} }

func (f *dumpFiles) open() (*os.Root, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.root != nil {
		return f.root, nil
	}
	if err := os.MkdirAll(f.dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of dumps: %w", err)
	}
	root, err := os.OpenRoot(f.dir)
	if err != nil {
		return nil, fmt.Errorf("open the folder of dumps: %w", err)
	}
	f.root = root
	return root, nil
}

// A draft is a file that is being written.
type draft struct {
	file  *os.File
	root  *os.Root
	name  string // the final one
	hash  hash.Hash
	size  int64
	look  int64 // when to look at the disk next
	limit int64 // 0: none
}

// create begins a file of a dump.
func (f *dumpFiles) create(id ident.DatabaseDumpID, limit int64) (*draft, error) {
	root, err := f.open()
	if err != nil {
		return nil, err
	}
	salt := make([]byte, 8)
	_, _ = rand.Read(salt) // never fails since Go 1.24
	name := id.String() + "-" + hex.EncodeToString(salt)
	file, err := root.OpenFile(name+partSuffix, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("create dump file: %w", err)
	}
	return &draft{file: file, root: root, name: name, hash: sha256.New(), limit: limit}, nil
}

var errTooLarge = errors.New("database: the file is larger than it may be")

func (d *draft) Write(p []byte) (int, error) {
	if d.limit > 0 && d.size+int64(len(p)) > d.limit {
		return 0, errTooLarge
	}
	if d.size >= d.look {
		if err := room(d.file, 0); err != nil {
			return 0, err
		}
		d.look = d.size + lookEvery
	}
	n, err := d.file.Write(p)
	d.size += int64(n)
	_, _ = d.hash.Write(p[:n]) // never fails
	if errors.Is(err, syscall.ENOSPC) {
		err = noRoom()
	}
	return n, err
}

func noRoom() error {
	return fault.Unavailable.New("", "There is no room for dumps on this node of the panel.")
}

// room refuses to fill the disk.
func room(file *os.File, bytes int64) error {
	var fs syscall.Statfs_t
	if err := syscall.Fstatfs(int(file.Fd()), &fs); err != nil {
		return fmt.Errorf("look at the disk: %w", err)
	}
	if int64(fs.Bavail)*fs.Bsize < bytes+reserveBytes { //nolint:gosec // less than 2^63 bytes
		return noRoom()
	}
	return nil
}

// keep gives the file its final name once it is on disk.
func (d *draft) keep() error {
	if err := d.file.Sync(); err != nil {
		return fmt.Errorf("write dump file: %w", err)
	}
	if err := d.root.Rename(d.name+partSuffix, d.name); err != nil {
		return fmt.Errorf("name dump file: %w", err)
	}
	folder, err := d.root.Open(".")
	if err != nil {
		return fmt.Errorf("name dump file: %w", err)
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// drop closes the file and removes it unless it was kept.
func (d *draft) drop() {
	_ = d.file.Close()
	_ = d.root.Remove(d.name + partSuffix) // gone when it was kept
}

func (d *draft) sum() []byte { return d.hash.Sum(nil) }

// read opens a finished file.
func (f *dumpFiles) read(name string) (*os.File, error) {
	root, err := f.open()
	if err != nil {
		return nil, err
	}
	file, err := root.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.NotFound.Permanent("", "The file of this dump is gone; make another one.")
	}
	if err != nil {
		return nil, fmt.Errorf("open dump file: %w", err)
	}
	return file, nil
}

// remove removes every file of a dump, finished or not.
func (f *dumpFiles) remove(id ident.DatabaseDumpID) {
	root, err := f.open()
	if err != nil {
		return
	}
	for _, e := range f.list() {
		if strings.HasPrefix(e.Name(), id.String()+"-") {
			_ = root.Remove(e.Name()) // the next look finds what is left
		}
	}
}

func (f *dumpFiles) list() []fs.DirEntry {
	entries, _ := os.ReadDir(f.dir) // nothing before the first dump
	return entries
}

// sweep removes what no row knows: files of an earlier process at once, since
// nobody will enter them any more, others after a while.
func (f *dumpFiles) sweep(known map[string]bool, age time.Duration) (removed int, err error) {
	root, err := f.open()
	if err != nil {
		return 0, err
	}
	for _, e := range f.list() {
		info, err := e.Info()
		if err != nil || known[e.Name()] || !ours(e.Name()) {
			continue
		}
		if info.ModTime().Before(f.born) || time.Since(info.ModTime()) > age {
			if err := root.Remove(e.Name()); err == nil {
				removed++
			}
		}
	}
	return removed, nil
}

// ours tells whether a name is one that create gives.
func ours(name string) bool {
	const length = 36 + 1 + 16
	name = strings.TrimSuffix(name, partSuffix)
	return len(name) == length && uuid.Validate(name[:36]) == nil
}

// digest reads a whole file.
func digest(r io.ReadSeeker) (sum []byte, size int64, err error) {
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return nil, 0, err
	}
	h := sha256.New()
	size, err = io.Copy(h, r)
	return h.Sum(nil), size, err
}
