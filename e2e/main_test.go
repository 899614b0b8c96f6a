//go:build e2e

package e2e

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
)

// built are the programs under test, made once per run.
var built struct {
	dir    string
	mpanel string // as it is shipped
	fault  string // dies where MPANEL_FAULT_POINT says
}

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	// Not t.TempDir: the clusters' own user must pass through.
	if built.dir, err = os.MkdirTemp("", "mpanel-e2e-"); err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(built.dir)) }()
	if err := os.Chmod(built.dir, 0o755); err != nil {
		return 1, err
	}
	if err := command("..", "scripts/build-web"); err != nil { // before what embeds it
		return 1, err
	}
	built.mpanel, built.fault = filepath.Join(built.dir, "mpanel"), filepath.Join(built.dir, "mpanel-fault")
	if err := build(built.mpanel); err != nil {
		return 1, err
	}
	if err := build(built.fault, "-tags", "faultinject"); err != nil {
		return 1, err
	}
	// npm writes its own copy last, so a broken-off installation is done again, as is one of other versions.
	wanted, err := os.Stat("client/package-lock.json")
	if err != nil {
		return 1, err
	}
	if there, err := os.Stat("client/node_modules/.package-lock.json"); errors.Is(err, fs.ErrNotExist) || err == nil && wanted.ModTime().After(there.ModTime()) {
		if err := command("client", "npm", "ci", "--no-audit", "--no-fund"); err != nil {
			return 1, err
		}
	}
	if tr, ok := http.DefaultTransport.(*http.Transport); ok {
		tr.MaxIdleConnsPerHost = 64 // for many requests at once
	}
	// Most of a test's time is waiting for disks and grace periods.
	flag.Parse()
	if n := flag.Lookup("test.parallel"); n.Value.String() == strconv.Itoa(runtime.GOMAXPROCS(0)) {
		if err := flag.Set("test.parallel", strconv.Itoa(2*runtime.GOMAXPROCS(0))); err != nil {
			return 1, err
		}
	}
	code = m.Run()
	return code, closeShared()
}

// build builds the server; with GOCOVERDIR it writes there what it runs through of the
// packages in MPANEL_COVERPKG, by default all.
func build(program string, flags ...string) error {
	if os.Getenv("GOCOVERDIR") != "" {
		flags = append(flags, "-cover", "-coverpkg="+cmp.Or(os.Getenv("MPANEL_COVERPKG"), "./..."))
	}
	return command("..", "go", append(append([]string{"build", "-o", program}, flags...), ".")...)
}

func command(dir, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %v: %w\n%s", name, args, err, out)
	}
	return nil
}
