package devstack

import (
	"context"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/mpanel/mpanel/internal/secret"
)

func TestStart_EmptyFolder(t *testing.T) {
	cfg, j := newConfig(t, newFolder(t))
	cfg.Listen, cfg.Durable = "127.0.0.1", true
	c := start(t, cfg)

	require.Equal(t, "on", query(t, c, "SHOW data_checksums"))
	require.Equal(t, "on", query(t, c, "SHOW fsync"))
	require.Equal(t, "UTF8", query(t, c, "SHOW server_encoding"))
	require.Equal(t, "0700", query(t, c, "SHOW unix_socket_permissions"))
	require.Equal(t, c.Version(), strings.Fields(query(t, c, "SHOW server_version"))[0])
	require.Equal(t, "boss", c.Superuser())
	require.Equal(t, "127.0.0.1", c.Host())
	require.Equal(t, filepath.Join(cfg.Dir, "run"), c.SocketDir())

	exec1(t, c, `CREATE DATABASE "o'dd \na""me"`)
	conn, err := pgx.Connect(t.Context(), c.ConnString(`o'dd \na"me`).Reveal())
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))

	tcp, err := pgx.ParseConfig(c.ConnString("postgres").Reveal())
	require.NoError(t, err)
	tcp.Host, tcp.Port = c.Host(), uint16(c.Port())
	conn, err = pgx.ConnectConfig(t.Context(), tcp)
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))
	tcp.Password = "wrong"
	_, err = pgx.ConnectConfig(t.Context(), tcp)
	require.ErrorContains(t, err, "28P01")
	eventually(t, "a FATAL line is a warning", func() bool {
		return j.count("level=WARN") == 1 && j.count("password authentication failed") > 0
	})

	for _, name := range []string{"", "data", "run"} {
		info, err := os.Stat(filepath.Join(cfg.Dir, name))
		require.NoError(t, err)
		require.Equal(t, fs.ModeDir|0o700, info.Mode(), name)
	}

	stop(t, c)
	stop(t, c) // once more
	<-c.Done()
	require.ErrorIs(t, c.Restart(t.Context(), false), ErrStopped)
	sockets, err := os.ReadDir(c.SocketDir())
	require.NoError(t, err)
	require.Empty(t, sockets)
	require.Zero(t, j.count("level=ERROR"))
	require.Equal(t, j.count("msg="), j.count("cluster=panel"))
}

func TestRestart_KeepsData(t *testing.T) {
	cfg, _ := preparedConfig(t)
	cfg.Listen = "127.0.0.1"
	c := start(t, cfg)
	port := c.Port()
	exec1(t, c, "CREATE TABLE kept AS SELECT 'here' AS v")
	for _, immediate := range []bool{false, true} {
		old := postmaster(t, c)
		require.NoError(t, c.Restart(t.Context(), immediate))
		require.NotEqual(t, old, postmaster(t, c))
		require.Equal(t, port, c.Port())
		require.Equal(t, "here", query(t, c, "SELECT v FROM kept"))
	}
	stop(t, c)
	c = start(t, cfg)
	require.Equal(t, "here", query(t, c, "SELECT v FROM kept"))
	exec1(t, c, "DROP TABLE kept")
}

func TestRestart_DeadlineTooShort(t *testing.T) {
	cfg, _ := preparedConfig(t)
	c := start(t, cfg)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	require.Error(t, c.Restart(over, false))
	eventually(t, "it comes back by itself", func() bool {
		conn, err := pgx.Connect(t.Context(), c.ConnString("postgres").Reveal())
		return err == nil && conn.Close(t.Context()) == nil
	})
}

func TestStart_PortIsTaken(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	taken := l.Addr().(*net.TCPAddr).Port

	cfg, j := preparedConfig(t)
	cfg.Listen, cfg.Port = "127.0.0.1", taken
	c := start(t, cfg)
	require.Greater(t, c.Port(), taken)
	require.Equal(t, strconv.Itoa(c.Port()), query(t, c, "SHOW port"))
	require.Equal(t, 1, j.count("port is in use, taking another one"))
}

func TestStop_OpenTransaction(t *testing.T) {
	cfg, j := preparedConfig(t)
	c := start(t, cfg)
	tx, err := connect(t, c).Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "CREATE TABLE never (v text)")
	require.NoError(t, err)

	began := time.Now()
	stop(t, c)
	require.Less(t, time.Since(began), 15*time.Second)
	require.Zero(t, j.count("the hard way"))
	require.Zero(t, j.count("level=WARN"), "ended sessions are no news")
}

func TestStop_DeadlineIsOver(t *testing.T) {
	cfg, _ := preparedConfig(t)
	c := start(t, cfg)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, c.Stop(over))
	<-c.Done()
	require.Zero(t, atWork(t, c))
}

func TestStop_PostmasterHangs(t *testing.T) {
	cfg, j := preparedConfig(t)
	c := start(t, cfg)
	connect(t, c) // a session that is left to itself
	kill(t, postmaster(t, c), syscall.SIGSTOP)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, c.Stop(over))
	require.Zero(t, atWork(t, c))
	require.Equal(t, 1, j.count("stopped the hard way"))
	start(t, cfg)
}

func TestStart_DeadlineIsOver(t *testing.T) {
	cfg, _ := preparedConfig(t)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Start(over, cfg)
	require.ErrorIs(t, err, context.Canceled)
	start(t, cfg)
}

func TestStart_WhilePostgresRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"a parameter that does not exist": {
			func(c *Config) { c.Settings = map[string]string{"no_such_thing": "1"} }, `unrecognized configuration parameter "no_such_thing"`,
		},
		"another password than before": {
			func(c *Config) { c.Password = secret.New("other") }, "the password of boss is not the one",
		},
		"an address of another machine": {
			func(c *Config) { c.Listen = "192.0.2.1" }, "find a free port on 192.0.2.1",
		},
		"a pg_hba.conf with nonsense": {
			func(c *Config) { c.HBA = []string{"nonsense"} }, "could not load",
		},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, _ := preparedConfig(t)
			tc.change(&cfg)
			require.Contains(t, startError(t, cfg), tc.want)
		})
	}
}

func TestConfig_Refused(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"no folder":                 {func(c *Config) { c.Dir = "" }, "needs a folder"},
		"no password":               {func(c *Config) { c.Password = secret.Text{} }, "needs a superuser's password"},
		"password of two lines":     {func(c *Config) { c.Password = secret.New("a\nb") }, "of one line"},
		"longest superuser":         {func(c *Config) { c.Superuser = strings.Repeat("a", 63) }, ""},
		"superuser one too long":    {func(c *Config) { c.Superuser = strings.Repeat("a", 64) }, "at most 63 bytes"},
		"listen on a name":          {func(c *Config) { c.Listen = "localhost" }, "give an IP address"},
		"highest port":              {func(c *Config) { c.Port = 65535 }, ""},
		"port one too high":         {func(c *Config) { c.Port = 65536 }, "is not between 0 and 65535"},
		"negative port":             {func(c *Config) { c.Port = -1 }, "is not between 0 and 65535"},
		"setting with an argument":  {func(c *Config) { c.Settings = map[string]string{"a=b -c x": "1"} }, "is not a parameter"},
		"setting of this package":   {func(c *Config) { c.Settings = map[string]string{"Port": "1"} }, "is not free"},
		"setting of an extension":   {func(c *Config) { c.Settings = map[string]string{"auto_explain.log_min_duration": "0"} }, ""},
		"setting with a NUL inside": {func(c *Config) { c.Settings = map[string]string{"work_mem": "1\x00"} }, "is not a parameter"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := Config{Dir: "/nowhere", Password: secret.New("p")}
			tc.change(&cfg)
			_, err := cfg.validated()
			if tc.want == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, tc.want)
			}
		})
	}
}

func TestCluster_PasswordStaysInside(t *testing.T) {
	cfg, j := preparedConfig(t)
	c := start(t, cfg)
	_, err := connect(t, c).Exec(t.Context(), "CREATE ROLE boss PASSWORD '"+strings.ReplaceAll(canary, "'", "''")+"'")
	require.ErrorContains(t, err, "already exists")
	eventually(t, "the error is in the log", func() bool { return j.count("already exists") > 0 })

	require.NotContains(t, fmt.Sprintf("%v %+v %#v", cfg, cfg, c.ConnString("postgres")), canary)
	for _, name := range []string{"cmdline", "environ"} {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", postmaster(t, c), name))
		require.NoError(t, err)
		require.NotContains(t, string(text), canary, name)
		require.NotContains(t, string(text), os.Getenv("HOME")+"\x00", name)
	}
	stop(t, c)
	require.NoError(t, filepath.WalkDir(cfg.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		if err == nil && strings.Contains(string(text), canary) {
			t.Errorf("%s contains the password", path)
		}
		return err
	}))
}
