package devstack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mpanel/mpanel/internal/command"
)

// Binaries are the PostgreSQL programs of one major version.
type Binaries struct {
	Dir   string // absolute; holds at least postgres and initdb
	Major int    // 15, not 15.18
}

// A Search says where PostgreSQL's programs may be. The zero value finds none.
type Search struct {
	Root string // holds MAJOR/bin, as Debian and Ubuntu lay it out
	Path string // folders divided by colons, as in $PATH; `postgres` may be a link
}

// Machine is the Search of FindBinaries: /usr/lib/postgresql, then $PATH.
func Machine() Search {
	return Search{Root: "/usr/lib/postgresql", Path: os.Getenv("PATH")}
}

// FindBinaries returns the newest PostgreSQL below /usr/lib/postgresql, or else
// the one in $PATH. The error is one sentence with the command that installs it.
func FindBinaries() (Binaries, error) { return Machine().Newest() }

// Newest returns the newest major version below Root, or else the one in Path.
// The error is one sentence with the command that installs it.
func (s Search) Newest() (Binaries, error) {
	all := s.all()
	if len(all) == 0 {
		// The package without a number exists on every Debian and Ubuntu.
		return Binaries{}, fmt.Errorf("PostgreSQL is not installed: run: %sapt-get update && %[1]sapt-get install -y postgresql (or put a folder with its programs postgres and initdb into PATH)", sudo())
	}
	return all[0], nil
}

// of returns the programs of one major version.
func (s Search) of(major int) (Binaries, bool) {
	all := s.all()
	i := slices.IndexFunc(all, func(b Binaries) bool { return b.Major == major })
	if i < 0 {
		return Binaries{}, false
	}
	return all[i], true
}

// all lists what is installed in order of preference.
func (s Search) all() []Binaries {
	var found []Binaries
	entries, _ := os.ReadDir(s.Root) // a missing folder has no entries
	for _, e := range entries {
		dir := filepath.Join(s.Root, e.Name(), "bin")
		// The folder stays behind with the client programs when only the
		// server's package was removed.
		if major, err := strconv.Atoi(e.Name()); err == nil && complete(dir) {
			found = append(found, Binaries{Dir: dir, Major: major})
		}
	}
	slices.SortFunc(found, func(a, b Binaries) int { return cmp.Compare(b.Major, a.Major) })
	for _, dir := range filepath.SplitList(s.Path) {
		if b, err := inPath(dir); err == nil {
			return append(found, b) // like a shell: the first folder wins
		}
	}
	return found
}

// inPath returns the programs that a folder of $PATH has or links to.
func inPath(dir string) (Binaries, error) {
	program, err := filepath.EvalSymlinks(filepath.Join(dir, "postgres"))
	if err != nil {
		return Binaries{}, err
	}
	program, err = filepath.Abs(program)
	if err != nil {
		return Binaries{}, err
	}
	b := Binaries{Dir: filepath.Dir(program)}
	if !complete(b.Dir) {
		return Binaries{}, errors.New("no initdb beside postgres")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	out, err := command.New(ctx, program, "--version").Output()
	if err != nil {
		return Binaries{}, fmt.Errorf("run %s --version: %w", program, err)
	}
	b.Major, err = parseVersion(string(out))
	return b, err
}

// versionText is how `postgres --version` answers: "postgres (PostgreSQL) 15.18
// (Debian 15.18-0+deb12u1)", or "17beta1" before a release.
var versionText = regexp.MustCompile(`^postgres \(PostgreSQL\) ([0-9]{1,4})`)

func parseVersion(answer string) (int, error) {
	m := versionText.FindStringSubmatch(answer)
	if m == nil {
		return 0, fmt.Errorf("no PostgreSQL version in %q", strings.TrimSpace(answer))
	}
	return strconv.Atoi(m[1])
}

// complete tells whether a folder has the two programs that this package runs.
func complete(dir string) bool {
	for _, program := range []string{"postgres", "initdb"} {
		info, err := os.Stat(filepath.Join(dir, program))
		if err != nil || !info.Mode().IsRegular() || info.Mode().Perm()&0o111 == 0 {
			return false
		}
	}
	return true
}

// sudo is what a command of the administrator must begin with.
func sudo() string {
	if os.Geteuid() == 0 {
		return ""
	}
	return "sudo "
}

// program returns the path of one program.
func (b Binaries) program(name string) string { return filepath.Join(b.Dir, name) }
