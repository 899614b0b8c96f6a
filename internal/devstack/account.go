package devstack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/mpanel/mpanel/internal/command"
)

// An account is the operating system's user that runs a cluster and owns its
// files. PostgreSQL refuses to run as root.
type account struct {
	name     string
	uid, gid int
	groups   []int
	// cred is nil when programs run as the caller.
	cred *syscall.Credential
}

// clusterAccount is the caller, or for root the first of postgres and nobody.
func clusterAccount() (account, error) {
	if os.Geteuid() != 0 {
		a := account{name: strconv.Itoa(os.Geteuid()), uid: os.Geteuid(), gid: os.Getegid()}
		if u, err := user.Current(); err == nil {
			a.name = u.Username // an account without a name, as in a container, keeps its number
		}
		return a, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		return privateAccount(u)
	}
	return account{}, errors.New("PostgreSQL does not run as root and there is no user postgres: run: useradd --system postgres")
}

func privateAccount(u *user.User) (account, error) {
	names, err := u.GroupIds()
	if err != nil {
		return account{}, fmt.Errorf("groups of user %s: %w", u.Username, err)
	}
	a := account{name: u.Username, cred: &syscall.Credential{}}
	for _, field := range []struct {
		text string
		into *int
	}{{u.Uid, &a.uid}, {u.Gid, &a.gid}} {
		if *field.into, err = strconv.Atoi(field.text); err != nil {
			return account{}, fmt.Errorf("ids of user %s: %w", u.Username, err)
		}
	}
	for _, name := range names {
		gid, err := strconv.ParseUint(name, 10, 32)
		if err != nil {
			return account{}, fmt.Errorf("groups of user %s: %w", u.Username, err)
		}
		a.groups = append(a.groups, int(gid))
		a.cred.Groups = append(a.cred.Groups, uint32(gid))
	}
	a.cred.Uid, a.cred.Gid = uint32(a.uid), uint32(a.gid) //nolint:gosec // ids are 32 bits wide in the kernel
	return a, nil
}

// do runs f with the file access of the account. Reading where another user's
// process works needs that user's rights or a capability which root lacks in
// most containers.
func (a account) do(f func()) {
	if a.cred == nil {
		f()
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		// Never unlocked: the thread ends with the goroutine instead of
		// serving others with these rights.
		runtime.LockOSThread()
		if err := syscall.Setfsgid(a.gid); err != nil {
			return
		}
		if err := syscall.Setfsuid(a.uid); err != nil {
			return
		}
		f()
	}()
	<-done
}

// environment is all that PostgreSQL's programs get to see of ours.
func environment(bin Binaries) []string {
	return []string{"PATH=" + bin.Dir + ":/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"}
}

// tryIn runs `postgres --version` as the account with dir as working folder.
func (a account) tryIn(ctx context.Context, bin Binaries, dir string) error {
	cmd := command.New(ctx, bin.program("postgres"), "--version")
	cmd.Dir = dir
	cmd.Env = environment(bin)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: a.cred}
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		return ctx.Err() // it was killed for that
	}
	if err != nil && len(out) > 0 {
		return fmt.Errorf("%w: %s", err, bytes.TrimSpace(out))
	}
	return err
}

// An unreachableError says that the account cannot enter a folder.
type unreachableError struct {
	dir     string   // the first closed folder on the way, or the target itself
	closed  []string // every closed one, empty when the modes do not tell why
	account string
	instead string // how to choose another folder
}

func (e *unreachableError) Error() string {
	s := fmt.Sprintf("folder %s cannot be entered by user %s: choose another folder with %s", e.dir, e.account, e.instead)
	if len(e.closed) == 0 {
		return s
	}
	return s + ", or run: chmod o+x " + strings.Join(e.closed, " ")
}

// reach makes sure that the account can work in dir and run the programs, by
// doing it. Error: an unreachableError, which names instead as the way out.
func (a account) reach(ctx context.Context, bin Binaries, dir, instead string) error {
	err := a.tryIn(ctx, bin, dir)
	if err == nil {
		return nil
	}
	// The error does not tell a closed folder from a closed program.
	if !errors.Is(err, fs.ErrPermission) || a.tryIn(ctx, bin, "/") != nil {
		return fmt.Errorf("run %s as user %s: %w", bin.program("postgres"), a.name, err)
	}
	e := &unreachableError{dir: dir, account: a.name, instead: instead}
	for parent := filepath.Dir(dir); ; parent = filepath.Dir(parent) {
		if info, err := os.Stat(parent); err == nil && !a.mayEnter(info) {
			e.closed = append(e.closed, parent)
		}
		if parent == filepath.Dir(parent) {
			break
		}
	}
	slices.Reverse(e.closed)
	if len(e.closed) > 0 {
		e.dir = e.closed[0]
	}
	return e
}

// mayEnter reads the mode's x bit that applies to the account.
func (a account) mayEnter(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	switch mode := info.Mode().Perm(); {
	case !ok:
		return false
	case int(st.Uid) == a.uid:
		return mode&0o100 != 0
	case int(st.Gid) == a.gid || slices.Contains(a.groups, int(st.Gid)):
		return mode&0o010 != 0
	default:
		return mode&0o001 != 0
	}
}
