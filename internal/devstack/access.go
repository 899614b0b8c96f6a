package devstack

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mpanel/mpanel/internal/secret"
)

// accessName holds the lines that come after those of Config.HBA. It is apart
// from pg_hba.conf, which each start writes anew from both.
const accessName = "access.hba"

// How long to wait until a server has read its files again, and how often to look.
const (
	reloadLimit = 5 * time.Second
	reloadPoll  = 10 * time.Millisecond
)

// An Access changes who may connect to a cluster that runs. It is safe for
// concurrent use.
type Access struct {
	folder *folder
	hba    []string // Config.HBA
	admin  secret.Text

	mu sync.Mutex // whoever writes the two files
}

// NewAccess returns the Access of a cluster that another process runs: of its
// folder, its Config.HBA and its superuser's DSN.
func NewAccess(dir string, hba []string, admin secret.Text) (*Access, error) {
	owner, err := clusterAccount()
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open the cluster's folder: %w", err)
	}
	return &Access{folder: &folder{dir: dir, owner: owner, root: root}, hba: hba, admin: admin}, nil
}

// Access is how to change who may connect. It holds for later starts, too.
func (c *Cluster) Access() *Access { return c.access }

// A Rule is a line of pg_hba.conf as the server reads it.
type Rule struct {
	Type, Method     string
	Databases, Users []string
	Network          netip.Prefix // the zero prefix for what is not a network of addresses
}

// Rules reads the lines of the file. Error: a line that the server cannot read.
func (a *Access) Rules(ctx context.Context) ([]Rule, error) {
	conn, err := pgx.Connect(ctx, a.admin.Reveal())
	if err != nil {
		return nil, fmt.Errorf("read the rules of pg_hba.conf: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	return readRules(ctx, conn)
}

func readRules(ctx context.Context, conn *pgx.Conn) ([]Rule, error) {
	rows, err := conn.Query(ctx, `SELECT line_number, coalesce(error, ''), coalesce(type, ''), coalesce(auth_method, ''), coalesce(database, '{}'), coalesce(user_name, '{}'),
		coalesce(address, ''), coalesce(netmask, '') FROM pg_hba_file_rules ORDER BY line_number`)
	if err != nil {
		return nil, fmt.Errorf("read the rules of pg_hba.conf: %w", err)
	}
	var rules []Rule
	var r Rule
	var line int
	var problem, address, mask string
	_, err = pgx.ForEachRow(rows, []any{&line, &problem, &r.Type, &r.Method, &r.Databases, &r.Users, &address, &mask}, func() error {
		if problem != "" {
			return fmt.Errorf("line %d: %s", line, problem)
		}
		r.Network = network(address, mask)
		rules = append(rules, r)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the rules of pg_hba.conf: %w", err)
	}
	return rules, nil
}

func network(address, mask string) netip.Prefix {
	ip, err := netip.ParseAddr(address)
	m, err2 := netip.ParseAddr(mask)
	if err != nil || err2 != nil {
		return netip.Prefix{}
	}
	ones, _ := net.IPMask(m.AsSlice()).Size()
	return netip.PrefixFrom(ip, ones)
}

// Set replaces the lines after those of Config.HBA and returns when the server
// goes by them. When the server cannot read one of them, everything stays as it was.
func (a *Access) Set(ctx context.Context, lines []string) error {
	for _, l := range lines {
		if strings.ContainsAny(l, "\x00\r\n") {
			return fmt.Errorf("line %q of pg_hba.conf is not one line", l)
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	before, err := a.lines()
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, a.admin.Reveal())
	if err != nil {
		return fmt.Errorf("change pg_hba.conf: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if err := a.write(lines); err != nil {
		return errors.Join(err, a.write(before))
	}
	if _, err := readRules(ctx, conn); err != nil {
		return errors.Join(err, a.write(before))
	}
	return a.reload(ctx, conn)
}

// lines are those of the last Set.
func (a *Access) lines() ([]string, error) {
	text, err := a.folder.root.ReadFile(accessName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", a.folder.path(accessName), err)
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n"), nil
}

// write writes both files, each as a whole, so that they survive a crash of the machine.
func (a *Access) write(lines []string) error {
	if err := a.folder.writeFile(accessName, strings.Join(lines, "\n")+"\n"); err != nil {
		return err
	}
	if err := a.compose(lines); err != nil {
		return err
	}
	for _, dir := range []string{".", dataName} {
		if err := a.folder.sync(dir); err != nil {
			return err
		}
	}
	return nil
}

func (a *Access) compose(lines []string) error {
	all := append(append([]string{}, a.hba...), lines...)
	return a.folder.writeFile(hbaName, strings.Join(all, "\n")+"\n")
}

// prepare writes pg_hba.conf for a start.
func (a *Access) prepare() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	lines, err := a.lines()
	if err != nil {
		return err
	}
	return a.compose(lines)
}

// reload has the server read its files, and waits until new sessions come from a
// postmaster that has: a signal alone says nothing about when.
func (a *Access) reload(ctx context.Context, conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, reloadLimit)
	defer cancel()
	var asked time.Time
	err := conn.QueryRow(ctx, "SELECT clock_timestamp()").Scan(&asked)
	if err == nil { // on its own: the server may be faster than the rest of the statement
		_, err = conn.Exec(ctx, "SELECT pg_reload_conf()")
	}
	if err != nil {
		return fmt.Errorf("reload pg_hba.conf: %w", err)
	}
	poll := time.NewTicker(reloadPoll)
	defer poll.Stop()
	for {
		loaded, err := a.loaded(ctx)
		if err != nil {
			return fmt.Errorf("reload pg_hba.conf: %w", err)
		}
		if !loaded.Before(asked) {
			return nil
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return fmt.Errorf("reload pg_hba.conf: the server has not within %s", reloadLimit)
		}
	}
}

func (a *Access) loaded(ctx context.Context) (at time.Time, err error) {
	conn, err := pgx.Connect(ctx, a.admin.Reveal())
	if err != nil {
		return at, err
	}
	err = conn.QueryRow(ctx, "SELECT pg_conf_load_time()").Scan(&at)
	return at, errors.Join(err, conn.Close(context.WithoutCancel(ctx)))
}
