// Package pgdump writes dumps with pg_dump and loads them. It trusts no dump:
// it reads SQL itself, as psql would, instead of giving it to psql, which
// carries out commands on the machine it runs on; and what a dump has is run by
// a role with the tenant's own rights. Where files lie and who may have them is
// package database's.
package pgdump

import (
	"cmp"
	"compress/flate"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/mpanel/mpanel/internal/command"
	"github.com/mpanel/mpanel/internal/database"
	"github.com/mpanel/mpanel/internal/fault"
)

// Tools are the PostgreSQL client programs of this machine. They are safe for
// concurrent use.
type Tools struct {
	root string // holds MAJOR/bin, as Debian and Ubuntu lay it out
	path string // folders divided by colons
}

var _ database.DumpTools = (*Tools)(nil)

// New returns the programs below /usr/lib/postgresql and in $PATH. It looks for
// them when they are needed, so that what is installed later is found.
func New() *Tools { return &Tools{root: "/usr/lib/postgresql", path: os.Getenv("PATH")} }

// NewIn looks in other places, for tests.
func NewIn(root, path string) *Tools { return &Tools{root: root, path: path} }

// A client is one program of one major version.
type client struct {
	path  string
	major int
}

// clients lists a program's versions, the newest first.
func (t *Tools) clients(name string) []client {
	var found []client
	entries, _ := os.ReadDir(t.root) // a missing folder has no entries
	for _, e := range entries {
		file := filepath.Join(t.root, e.Name(), "bin", name)
		if major, err := strconv.Atoi(e.Name()); err == nil && executable(file) {
			found = append(found, client{file, major})
		}
	}
	if len(found) == 0 {
		for _, dir := range filepath.SplitList(t.path) {
			if file := filepath.Join(dir, name); filepath.IsAbs(file) && executable(file) {
				if major, err := ask(file); err == nil {
					found = append(found, client{file, major})
					break
				}
			}
		}
	}
	slices.SortFunc(found, func(a, b client) int { return cmp.Compare(b.major, a.major) })
	return found
}

func executable(file string) bool {
	info, err := os.Stat(file)
	return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0
}

var versionText = regexp.MustCompile(`\(PostgreSQL\) ([0-9]{1,4})`)

func ask(file string) (int, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	out, err := command.New(ctx, file, "--version").Output()
	if err != nil {
		return 0, fmt.Errorf("run %s --version: %w", file, err)
	}
	m := versionText.FindSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("no version in the answer of %s", file)
	}
	return strconv.Atoi(string(m[1]))
}

// pgDump is the oldest pg_dump that can read the server: one of its own version
// if there is one.
func (t *Tools) pgDump(serverVersion string) (string, error) {
	digits := strings.IndexFunc(serverVersion+".", func(r rune) bool { return r < '0' || r > '9' })
	major, err := strconv.Atoi(serverVersion[:digits])
	if err != nil {
		return "", fault.Unavailable.New("", "The version of the database server is not known yet; check the server first.")
	}
	all := t.clients("pg_dump")
	for _, c := range slices.Backward(all) {
		if c.major >= major {
			return c.path, nil
		}
	}
	have := "none is installed"
	if len(all) > 0 {
		have = fmt.Sprintf("version %d is installed", all[0].major)
	}
	return "", fault.Unavailable.New("", "Dumps of PostgreSQL %d need pg_dump %d or newer on the panel's machine, and %s: run: apt-get update && apt-get install -y postgresql-client-%d", major, major, have, major)
}

// Check implements database.DumpTools.
func (t *Tools) Check(serverVersion string) error {
	_, err := t.pgDump(serverVersion)
	return err
}

func (t *Tools) newest(name string) (string, error) {
	all := t.clients(name)
	if len(all) == 0 {
		return "", fault.Unavailable.New("", "Dumps in pg_dump's custom format need %s on the panel's machine: run: apt-get update && apt-get install -y postgresql-client", name)
	}
	return all[0].path, nil
}

// dumping is pg_dump in plain format or its own. Owners and rights are those of
// roles that exist nowhere else.
func (t *Tools) dumping(ctx context.Context, from database.Endpoint, serverVersion string, format database.DumpFormat) (*program, error) {
	path, err := t.pgDump(serverVersion)
	if err != nil {
		return nil, err
	}
	args := []string{
		"--no-password", "--no-owner", "--no-acl", "--no-tablespaces", "--no-subscriptions", "--lock-wait-timeout=30000",
		"--role=" + from.Role, "--format=plain",
	}
	if format == database.DumpCustom {
		args[len(args)-1] = "--format=custom"
		args = append(args, "--compress=1")
	}
	cmd := command.New(ctx, path, args...)
	cmd.Env = environment(from)
	return start(cmd, "pg_dump")
}

// environment is all that a program knows of this machine.
func environment(e database.Endpoint) []string {
	return []string{
		"LC_ALL=C", "TZ=UTC", "HOME=/nonexistent", "PATH=/usr/bin:/bin",
		"PGHOST=" + e.Host, "PGPORT=" + strconv.Itoa(e.Port), "PGUSER=" + e.User, "PGDATABASE=" + e.Database,
		"PGPASSWORD=" + e.Password.Reveal(), "PGPASSFILE=/dev/null", "PGSYSCONFDIR=/nonexistent",
		"PGSSLMODE=" + sslMode(e), "PGSSLROOTCERT=/etc/ssl/certs/ca-certificates.crt", "PGAPPNAME=" + e.Session, "PGCONNECT_TIMEOUT=10",
	}
}

// Dump implements database.DumpTools.
func (t *Tools) Dump(ctx context.Context, from database.Endpoint, serverVersion string, format database.DumpFormat, to io.Writer, read *atomic.Int64) error {
	run, err := t.dumping(ctx, from, serverVersion, format)
	if err != nil {
		return err
	}
	defer run.stop()
	out := to
	var z *gzip.Writer
	if format == database.DumpPlainGzip {
		if z, err = gzip.NewWriterLevel(to, flate.BestSpeed); err != nil {
			return fmt.Errorf("compress dump: %w", err)
		}
		out = z
	}
	var last tail
	buf := make([]byte, 256<<10)
	for {
		n, err := run.out.Read(buf)
		if n > 0 {
			last.note(buf[:n])
			read.Add(int64(n))
			if _, err := out.Write(buf[:n]); err != nil {
				return fmt.Errorf("write dump: %w", err)
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("read from pg_dump: %w", err)
		}
	}
	// A dump that ends too early looks like any other: the program's own word counts.
	if err := run.wait(); err != nil {
		return err
	}
	if format != database.DumpCustom && !strings.Contains(last.text(), markComplete) {
		return errors.New("pg_dump ended well without its last line")
	}
	if z != nil {
		if err := z.Close(); err != nil {
			return fmt.Errorf("write dump: %w", err)
		}
	}
	return nil
}

// A tail keeps the last bytes of what passes.
type tail struct{ b []byte }

func (t *tail) note(p []byte) {
	const keep = 512
	t.b = append(t.b, p[max(0, len(p)-keep):]...)
	t.b = slices.Delete(t.b, 0, max(0, len(t.b)-keep))
}

func (t *tail) text() string { return string(t.b) }

// Inspect implements database.DumpTools.
func (t *Tools) Inspect(ctx context.Context, dump io.ReadSeeker, limit database.DumpLimit, read *atomic.Int64) (database.DumpInfo, error) {
	s, format, err := t.unfold(ctx, dump, limit, read)
	if err != nil {
		return database.DumpInfo{}, err
	}
	defer s.end()
	version, err := inspect(ctx, s)
	return database.DumpInfo{Format: format, RawBytes: s.n, Version: version}, err
}

// Load implements database.DumpTools.
func (t *Tools) Load(ctx context.Context, dump io.ReadSeeker, limit database.DumpLimit, l database.Loading) (database.LoadReport, error) {
	s, _, err := t.unfold(ctx, dump, limit, l.Read)
	if err != nil {
		return database.LoadReport{}, err
	}
	defer s.end()
	return load(ctx, s, l)
}

// Empty implements database.DumpTools.
func (t *Tools) Empty(ctx context.Context, to database.Endpoint) error {
	s, err := open(ctx, to)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.clean(ctx); err != nil {
		return err
	}
	return told(s.one(ctx, "COMMIT"), "")
}

// Copy implements database.DumpTools.
func (t *Tools) Copy(ctx context.Context, from database.Endpoint, serverVersion string, limit database.DumpLimit, l database.Loading) (database.LoadReport, error) {
	run, err := t.dumping(ctx, from, serverVersion, database.DumpPlain)
	if err != nil {
		return database.LoadReport{}, err
	}
	s := &stream{Reader: run.out, limit: limit.RawBytes, read: l.Read, run: run}
	defer s.end()
	return load(ctx, s, l)
}
