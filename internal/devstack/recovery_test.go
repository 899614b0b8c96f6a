package devstack

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestCluster_PostmasterKilled(t *testing.T) {
	cfg, j := preparedConfig(t)
	cfg.Listen = "127.0.0.1"
	// Without it, what was committed in the last moments may be lost.
	cfg.Settings = map[string]string{"synchronous_commit": "on"}
	c := start(t, cfg)
	port, old := c.Port(), postmaster(t, c)
	exec1(t, c, "CREATE TABLE IF NOT EXISTS survivor AS SELECT 'here' AS v")

	// A session at work does not notice that its postmaster is gone; postgres
	// does not start beside it.
	busy := connect(t, c)
	ended := make(chan error, 1)
	began := make(chan struct{})
	go func() {
		close(began)
		_, err := busy.Exec(context.Background(), "SELECT count(*) FROM generate_series(1, 1000000000000)")
		ended <- err
	}()
	<-began
	eventually(t, "the query runs", func() bool {
		return query(t, c, "SELECT count(*)::text FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%generate_series(1, 1000%' AND pid <> pg_backend_pid()") == "1"
	})
	kill(t, old, syscall.SIGKILL)
	require.Error(t, <-ended)
	eventually(t, "it comes back", func() bool { return j.count("postgres is up") == 2 })

	require.NotEqual(t, old, postmaster(t, c))
	require.Equal(t, port, c.Port())
	require.Equal(t, "here", query(t, c, "SELECT v FROM survivor"))
	require.Equal(t, 1, j.count("level=ERROR"))
	require.Equal(t, 1, j.count("postgres ended without being asked to"))
}

func TestStop_WhilePostgresDoesNotComeBack(t *testing.T) {
	cfg, j := preparedConfig(t)
	c := start(t, cfg)
	conf := filepath.Join(c.DataDir(), "postgresql.auto.conf")
	good, err := os.ReadFile(conf)
	require.NoError(t, err)
	defer func() { require.NoError(t, os.WriteFile(conf, good, 0o600)) }()
	require.NoError(t, os.WriteFile(conf, []byte("nonsense = 1\n"), 0o600))

	kill(t, postmaster(t, c), syscall.SIGKILL)
	eventually(t, "it is tried twice", func() bool { return j.count("postgres did not come back") >= 2 })
	began := time.Now()
	stop(t, c)
	require.Less(t, time.Since(began), 10*time.Second)
}

func TestStart_StalePIDFile(t *testing.T) {
	gone := exec.CommandContext(t.Context(), os.Args[0], "-test.list=^$")
	require.NoError(t, gone.Run())
	for name, pid := range map[string]int{
		"no such process":              gone.Process.Pid,
		"pid of another program":       os.Getpid(),
		"pid of a parent, also not us": os.Getppid(),
	} {
		t.Run(name, func(t *testing.T) {
			cfg, j := preparedConfig(t)
			pidFile := filepath.Join(cfg.Dir, pidName)
			socketLock := filepath.Join(cfg.Dir, runName, ".s.PGSQL.5432.lock")
			for _, file := range []string{pidFile, socketLock} {
				text := strconv.Itoa(pid) + "\n" + cfg.Dir + "/data\n1700000000\n5432\n" + cfg.Dir + "/run\n\n  1 2\nready   \n"
				require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
			}
			c := start(t, cfg)
			require.NotEqual(t, pid, postmaster(t, c))
			require.Zero(t, j.count("level=WARN"), "nobody was ended")
		})
	}
}

func TestStart_PostgresOfKilledParentRuns(t *testing.T) {
	cfg, j := preparedConfig(t)
	c := start(t, cfg)
	stop(t, c)

	// Without a death signal it lives on, as after a crash of the parent that
	// the kernel did not report.
	prog := c.program()
	orphan := exec.Command(prog.path, prog.args...)
	orphan.Dir, orphan.Env = prog.dir, prog.env
	orphan.SysProcAttr = &syscall.SysProcAttr{Credential: prog.account.cred, Setpgid: true}
	require.NoError(t, orphan.Start())
	ended := make(chan error, 1)
	go func() { ended <- orphan.Wait() }()
	eventually(t, "the old postgres answers", func() bool { return c.login(t.Context(), true) == nil })

	start(t, cfg)
	require.NoError(t, <-ended, "it must be stopped in order")
	require.Equal(t, 1, j.count("ending postgres processes of an earlier run"))
}

func TestStart_ParentKilled(t *testing.T) {
	cfg, _ := preparedConfig(t)
	child, out := startChild(t, cfg.Dir)
	require.True(t, out.Scan())
	require.Equal(t, "up", out.Text())
	require.Contains(t, startError(t, cfg), "is already in use by process "+strconv.Itoa(child.Process.Pid))

	require.NoError(t, child.Process.Kill())
	_ = child.Wait()
	c := start(t, cfg)
	exec1(t, c, "CREATE TABLE IF NOT EXISTS from_before (v text)")
	require.Positive(t, atWork(t, c))
	stop(t, c)

	child, out = startChild(t, cfg.Dir)
	require.True(t, out.Scan())
	require.NoError(t, child.Process.Kill())
	_ = child.Wait()
	eventually(t, "the kernel's signal is enough", func() bool { return atWork(t, c) == 0 })
	c = start(t, cfg)
	require.Equal(t, "0", query(t, c, "SELECT count(*)::text FROM from_before"))
}

func TestStart_SecondOnTheSameFolder(t *testing.T) {
	cfg, _ := preparedConfig(t)
	c := start(t, cfg)
	require.Equal(t, "folder "+cfg.Dir+" is already in use by process "+strconv.Itoa(os.Getpid())+": stop that one first", startError(t, cfg))
	require.Equal(t, "1", query(t, c, "SELECT '1'"), "the first one is unharmed")
}

func TestStart_InitdbInterrupted(t *testing.T) {
	cfg, _ := newConfig(t, newFolder(t))
	atWork := func() bool {
		_, err := os.Stat(filepath.Join(cfg.Dir, newDataName, "base"))
		return err == nil
	}

	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error, 1)
	go func() {
		_, err := Start(ctx, cfg)
		failed <- err
	}()
	eventually(t, "initdb is at work", atWork)
	cancel()
	require.ErrorIs(t, <-failed, context.Canceled)
	left, err := os.ReadDir(cfg.Dir)
	require.NoError(t, err)
	require.Len(t, left, 1, "only the lock remains: %v", left)

	child, _ := startChild(t, cfg.Dir)
	eventually(t, "initdb of the child is at work", atWork)
	require.NoError(t, child.Process.Kill())
	_ = child.Wait()
	require.DirExists(t, filepath.Join(cfg.Dir, newDataName))

	start(t, cfg)
	require.NoDirExists(t, filepath.Join(cfg.Dir, newDataName))
	require.NoFileExists(t, filepath.Join(cfg.Dir, passwordName))
}

// startChild runs this test binary as another process with a cluster in dir.
func startChild(t *testing.T, dir string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childVar+"="+dir)
	r, w, err := os.Pipe()
	require.NoError(t, err)
	t.Cleanup(func() { _ = r.Close() })
	child.Stdout = w
	require.NoError(t, child.Start())
	require.NoError(t, w.Close())
	t.Cleanup(func() { _ = child.Process.Kill() }) // when the test has not come that far
	return child, bufio.NewScanner(r)
}
