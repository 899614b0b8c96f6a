package devstack

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

const (
	maxPort = 65535
	// portTries is how many ports are tried, from the preferred one upwards.
	portTries = 100
	// maxSocketPath is the longest path of a unix socket, in bytes, that every
	// client takes. Linux has room for 107, others for 103.
	maxSocketPath = 103
)

// freePort returns a port on which ip can listen: the preferred one, or the
// next free one, or any for 0. Another process may still be faster.
func freePort(ctx context.Context, ip string, preferred int) (int, error) {
	if preferred == 0 {
		port, err := tryPort(ctx, ip, 0)
		if err != nil {
			return 0, fmt.Errorf("find a free port on %s: %w", ip, err)
		}
		return port, nil
	}
	var last error
	for port := preferred; port <= min(preferred+portTries-1, maxPort); port++ {
		if _, last = tryPort(ctx, ip, port); last == nil {
			return port, nil
		}
		if !errors.Is(last, syscall.EADDRINUSE) {
			break // no address of this machine, or a port below 1024: no other one helps
		}
	}
	return 0, fmt.Errorf("find a free port on %s from %d on: %w", ip, preferred, last)
}

// tryPort listens for a moment.
func tryPort(ctx context.Context, ip string, port int) (int, error) {
	// By family: "tcp" on :: would also claim the port for IPv4.
	network := "tcp4"
	if a, err := netip.ParseAddr(ip); err == nil && a.Is6() {
		network = "tcp6"
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, network, net.JoinHostPort(ip, strconv.Itoa(port)))
	if err != nil {
		return 0, err
	}
	addr, _ := l.Addr().(*net.TCPAddr)
	if err := l.Close(); err != nil || addr == nil {
		return 0, fmt.Errorf("close listener: %w", err)
	}
	return addr.Port, nil
}

// socketDir returns where the socket goes: a folder in the cluster's own, or,
// when that path is too long for a socket, one below the temporary folder.
func (f *folder) socketDir(port int) (string, error) {
	inside := f.path(runName)
	if fits(inside, port) {
		return inside, nil
	}
	sum := sha256.Sum256([]byte(f.dir))
	outside := filepath.Join(os.TempDir(), "mpanel-"+hex.EncodeToString(sum[:8]))
	if fits(outside, port) {
		return outside, nil
	}
	return "", fmt.Errorf("socket folder %s is too long for a unix socket: set TMPDIR to a folder with a shorter path", outside)
}

func fits(dir string, port int) bool {
	return len(filepath.Join(dir, ".s.PGSQL."+strconv.Itoa(port))) <= maxSocketPath
}

// makeSocketDir makes the folder of the socket, for the cluster's user alone.
// Others can write to the temporary folder, so one that is there already must
// be what we would have made.
func (f *folder) makeSocketDir(dir string) error {
	err := os.Mkdir(dir, 0o700)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make socket folder: %w", err)
	}
	made := err == nil
	info, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("make socket folder: %w", err)
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !info.IsDir() || !ok:
		return fmt.Errorf("socket folder %s is not a folder: remove it", dir)
	case made:
	case int(st.Uid) != f.owner.uid && !(int(st.Uid) == os.Geteuid() && f.dir == filepath.Dir(dir)):
		return fmt.Errorf("socket folder %s belongs to user id %d instead of %s: remove it", dir, st.Uid, f.owner.name)
	case info.Mode().Perm()&0o077 != 0:
		return fmt.Errorf("socket folder %s is open to others: remove it", dir)
	}
	if f.owner.cred == nil {
		return nil
	}
	if err := os.Lchown(dir, f.owner.uid, f.owner.gid); err != nil {
		return fmt.Errorf("give the socket folder to user %s: %w", f.owner.name, err)
	}
	return nil
}
