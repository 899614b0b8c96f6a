package devstack

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/mpanel/mpanel/internal/secret"
)

// canary is the superuser's password in every test; no log may contain it.
const canary = `c4n'ary \pass"word`

// childVar makes the test binary run a cluster in that folder until it is killed.
const childVar = "DEVSTACK_TEST_CHILD"

// patience is how long a test waits for what takes a second at most.
const patience = 30 * time.Second

var (
	// base holds all folders of the tests. t.TempDir will not do: as root it is
	// below a folder of mode 0700, which PostgreSQL's user cannot enter.
	base string
	// prepared is a folder with data in it, for one test at a time: initdb
	// takes 20 times as long as a start.
	prepared func() (string, error)
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childVar); dir != "" {
		runChild(dir)
	}
	var err error
	if base, err = os.MkdirTemp("", "devstack"); err == nil {
		err = os.Chmod(base, 0o755)
	}
	if err != nil {
		panic(err)
	}
	prepared = sync.OnceValues(func() (string, error) {
		dir := filepath.Join(base, "prepared")
		c, err := Start(context.Background(), Config{Dir: dir, Superuser: "boss", Password: secret.New(canary)})
		if err != nil {
			return "", err
		}
		return dir, c.Stop(context.Background())
	})
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(base)
		os.Exit(code)
	}))
}

// runChild is the process that gets killed. It tells "up" when it is.
func runChild(dir string) {
	c, err := Start(context.Background(), Config{Dir: dir, Superuser: "boss", Password: secret.New(canary)})
	if err != nil {
		fmt.Println("start:", err)
		os.Exit(1)
	}
	fmt.Println("up")
	<-c.Done()
}

// A journal is a log to look into.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.String()
}

func (j *journal) count(text string) int { return strings.Count(j.String(), text) }

// newConfig is for a folder of the test's own, or the prepared one. Whatever
// the test does, its log must not contain the password.
func newConfig(t *testing.T, dir string) (Config, *journal) {
	t.Helper()
	j := new(journal)
	t.Cleanup(func() {
		for _, form := range []string{canary, `c4n`, `pass\"word`} {
			if strings.Contains(j.String(), form) {
				t.Errorf("the log contains the password (%s):\n%s", form, j)
			}
		}
		if t.Failed() {
			t.Logf("log of the cluster:\n%s", j)
		}
	})
	return Config{
		Name: "panel", Dir: dir, Superuser: "boss", Password: secret.New(canary),
		Log: slog.New(slog.NewTextHandler(j, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}, j
}

func preparedConfig(t *testing.T) (Config, *journal) {
	t.Helper()
	dir, err := prepared()
	require.NoError(t, err)
	return newConfig(t, dir)
}

// newFolder returns the name of a folder that does not exist yet.
func newFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp(base, "case")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o755))
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return filepath.Join(dir, "cluster")
}

func start(t *testing.T, cfg Config) *Cluster {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, err := Start(ctx, cfg)
	require.NoError(t, err)
	t.Cleanup(func() { stop(t, c) })
	return c
}

func stop(t *testing.T, c *Cluster) {
	t.Helper()
	require.NoError(t, c.Stop(context.Background()))
	require.Zero(t, atWork(t, c), "processes after Stop")
	require.Empty(t, zombies(t), "zombies after Stop")
}

// startError starts a cluster that must not come up.
func startError(t *testing.T, cfg Config) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, err := Start(ctx, cfg)
	if err == nil {
		stop(t, c)
	}
	require.Error(t, err)
	require.NoError(t, ctx.Err(), "it must not take until the deadline")
	require.NotContains(t, err.Error(), canary)
	return err.Error()
}

func connect(t *testing.T, c *Cluster) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), c.ConnString("postgres").Reveal())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func query(t *testing.T, c *Cluster, sql string) string {
	t.Helper()
	var got string
	require.NoError(t, connect(t, c).QueryRow(t.Context(), sql).Scan(&got))
	return got
}

func exec1(t *testing.T, c *Cluster, sql string) {
	t.Helper()
	_, err := connect(t, c).Exec(t.Context(), sql)
	require.NoError(t, err)
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	require.Eventually(t, ok, patience, 10*time.Millisecond, what)
}

// atWork counts the cluster's processes, also after its folder is closed.
func atWork(t *testing.T, c *Cluster) int {
	t.Helper()
	root, err := os.OpenRoot(c.folder.dir)
	require.NoError(t, err)
	defer func() { _ = root.Close() }()
	all := (&folder{dir: c.folder.dir, owner: c.folder.owner, root: root}).leftovers(0)
	for _, l := range all {
		require.NoError(t, l.proc.Release())
	}
	return len(all)
}

// zombies lists children of this process that nobody waited for.
func zombies(t *testing.T) []string {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	require.NoError(t, err)
	var found []string
	for _, name := range stats {
		text, _ := os.ReadFile(name) // gone in the meantime
		_, after, _ := strings.Cut(string(text), ") ")
		if f := strings.Fields(after); len(f) > 1 && f[0] == "Z" && f[1] == strconv.Itoa(os.Getpid()) {
			found = append(found, string(text))
		}
	}
	return found
}

func postmaster(t *testing.T, c *Cluster) int {
	t.Helper()
	pid := c.folder.postmasterPID()
	require.Positive(t, pid)
	return pid
}

func kill(t *testing.T, pid int, sig syscall.Signal) {
	t.Helper()
	require.NoError(t, syscall.Kill(pid, sig))
}
