package devstack

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"syscall"
)

// programs returns the programs that fit the folder's data, or the newest ones
// for an empty folder.
func (f *folder) programs(s Search) (Binaries, error) {
	newest, err := s.Newest()
	if err != nil {
		return Binaries{}, err
	}
	major, err := f.dataMajor()
	switch {
	case err != nil:
		return Binaries{}, err
	case major == 0 || major == newest.Major:
		return newest, nil
	}
	if bin, ok := s.of(major); ok {
		return bin, nil
	}
	return Binaries{}, fmt.Errorf("the data in %s was made by PostgreSQL %d, but this machine has only PostgreSQL %d: run: %sapt-get install -y postgresql-%d (or choose another folder with MPANEL_DATA_DIR)",
		f.path(dataName), major, newest.Major, sudo(), major)
}

// dataMajor is the major version that made the folder's data; 0 for none.
func (f *folder) dataMajor() (int, error) {
	// Data gets its name only when it is complete, so an empty folder is
	// somebody's mkdir, and anything else is not PostgreSQL's.
	_ = f.root.Remove(dataName)
	if _, err := f.root.Lstat(dataName); errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	text, err := f.root.ReadFile(versionName)
	if err != nil {
		return 0, fmt.Errorf("folder %s is not a PostgreSQL data folder: %w", f.path(dataName), err)
	}
	number, _, _ := strings.Cut(strings.TrimSpace(string(text)), ".")
	major, err := strconv.Atoi(number)
	if err != nil || major <= 0 {
		return 0, fmt.Errorf("folder %s is not a PostgreSQL data folder: PG_VERSION says %q", f.path(dataName), text)
	}
	return major, nil
}

// hasData tells whether initdb has been done.
func (f *folder) hasData() bool {
	_, err := f.root.Lstat(versionName)
	return err == nil
}

// initialize makes the data folder. It may be killed at any point: only the
// rename at its end counts, and the next run starts over.
func (f *folder) initialize(ctx context.Context, bin Binaries, cfg Config) error {
	// A left-over of an interrupted run; both names go before and after.
	if err := f.discard(); err != nil {
		return err
	}
	if f.hasData() {
		return nil
	}
	if err := f.writeFile(passwordName, cfg.Password.Reveal()+"\n"); err != nil {
		return err
	}
	err := f.initdb(ctx, bin, cfg, "C.UTF-8")
	if err != nil && strings.Contains(err.Error(), "locale") {
		// Systems other than Debian may lack it; text then sorts the same way,
		// only upper and lower case work for ASCII alone.
		err = f.initdb(ctx, bin, cfg, "C")
	}
	if err == nil {
		err = f.root.Rename(newDataName, dataName)
	}
	if err == nil && cfg.Durable {
		err = f.sync(".") // the rename, too
	}
	return errors.Join(err, f.discard())
}

// discard removes what initdb leaves when it is interrupted.
func (f *folder) discard() error {
	if err := f.remove(passwordName); err != nil {
		return err
	}
	if err := f.remove(passwordName + ".draft"); err != nil {
		return err
	}
	if err := f.root.RemoveAll(newDataName); err != nil {
		return fmt.Errorf("remove %s: %w", f.path(newDataName), err)
	}
	return nil
}

// initdb runs the program once, into an empty data.new.
func (f *folder) initdb(ctx context.Context, bin Binaries, cfg Config, locale string) error {
	if err := f.root.RemoveAll(newDataName); err != nil {
		return fmt.Errorf("remove %s: %w", f.path(newDataName), err)
	}
	args := []string{
		"--pgdata=" + f.path(newDataName), "--username=" + cfg.Superuser, "--auth=scram-sha-256",
		"--pwfile=" + f.path(passwordName), "--encoding=UTF8", "--locale=" + locale,
	}
	if cfg.Durable {
		args = append(args, "--data-checksums")
	} else {
		args = append(args, "--no-sync")
	}
	out := newOutput(cfg.Log)
	p, err := launch(program{
		path: bin.program("initdb"), args: args, dir: f.dir, env: environment(bin), account: f.owner,
		// Nothing of a half-made folder is worth an orderly end.
		deathSignal: syscall.SIGKILL,
	}, out.line)
	if err != nil {
		return fmt.Errorf("run initdb: %w", err)
	}
	select {
	case <-p.exited:
	case <-ctx.Done():
		p.killGroup()
		<-p.exited
		return fmt.Errorf("initdb in %s: %w", f.dir, ctx.Err())
	}
	if p.err != nil {
		return fmt.Errorf("initdb in %s: %w: %s", f.dir, p.err, out.reason())
	}
	return nil
}
